"""A policy's point tables to a spreadsheet, and back."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipeline.adapters.policy_toml import changed
from pipeline.adapters.policy_workbook import read_workbook, write_workbook
from pipeline.commands.policy_file import PolicyRefusedError, policy_of, text_of
from pipeline.domain.policy.inspection import inspect
from pipeline.domain.policy.located import Fault, spoken
from pipeline.domain.policy.sheet_edits import CellFault, Edit, Edits, Put, edits_of
from pipeline.domain.policy.sheets import SHEETS


@dataclass(frozen=True, slots=True)
class Heads:
    """What the changed file is called and from when it may be in force; None leaves it."""

    version: str | None
    effective_from: date | None

    def edits(self) -> Iterator[Edit]:
        if self.version:
            yield Put(("version",), self.version)
        if self.effective_from:
            yield Put(("effective_from",), self.effective_from)


def to_excel(file: Path, out: Path) -> None:
    """Raises PolicyRefusedError for a file with faults, WorkbookRefusedError where OUT cannot be written."""
    write_workbook(policy_of(file).tables, out)
    sys.stdout.write(f"{out}: {len(SHEETS)} sheets\n")


def from_excel(book: Path, into: Path, out: Path | None, heads: Heads) -> int:
    """Writes the changed file, to standard output without OUT; 1 where a cell will not do: then nothing is written."""
    policy, text = policy_of(into), text_of(into)
    found = edits_of(policy.tables, read_workbook(book))
    new = changed(text, [*found.edits, *heads.edits()])
    faults, examples = _looked_through(new, found)
    for told in sorted([*found.faults, *faults], key=_place):
        sys.stderr.write(f"{book}, {told}\n")
    if found.faults or faults:
        return 1
    _write(new, out)
    say = sys.stdout if out else sys.stderr
    say.write(f"{out or 'standard output'}: {len(found.edits)} {'change' if len(found.edits) == 1 else 'changes'}\n")
    for fault in examples:
        say.write(f"{out or into}, {fault}\n")
    if found.edits and not heads.version:
        say.write(f"its version is still {policy.version}: give it another by --version\n")
    return 0


def _looked_through(new: str, found: Edits) -> tuple[list[CellFault], list[Fault]]:
    """Faults by the cells that make them, and examples that come out otherwise now. Beside cells that cannot be read,
    a fault of no cell may only follow from these.
    """
    cells = {spoken(path): cell for path, cell in found.cells.items()}
    faults, examples = [], []
    for fault in inspect(new).faults:
        if fault.where.startswith("example "):
            examples.append(fault)
        elif cell := _cell(fault, cells):
            faults.append(CellFault(*cell, fault.text))
        elif not found.faults:
            faults.append(CellFault("the new file", f"line {fault.line}", f"{fault.where}: {fault.text}"))
    return faults, examples


def _place(fault: CellFault) -> tuple[int, int]:
    titles = [sheet.title for sheet in SHEETS]
    row = int("".join(filter(str.isdecimal, fault.cell)) or "0")
    return titles.index(fault.sheet) if fault.sheet in titles else len(titles), row


def _cell(fault: Fault, cells: Mapping[str, tuple[str, str]]) -> tuple[str, str] | None:
    parts = fault.where.split(" ")
    known = (" ".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((cells[where] for where in known if where in cells), None)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        sys.stdout.write(text)
        return
    try:
        with out.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise PolicyRefusedError(f"{out} cannot be written: {error.strerror}") from None
