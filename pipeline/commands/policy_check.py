"""Checks policy files: every fault with its line, or what was proved of them."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.commands.policy_file import bytes_of
from pipeline.contracts.policy import PolicyFile
from pipeline.data import deployed_files
from pipeline.domain.policy.inspection import Inspection, inspect
from pipeline.domain.policy.located import Fault

TABLES = (
    ("category", "categories"),
    ("crisis_flag", "crisis flags"),
    ("indicator", "indicators"),
    ("role", "roles"),
    ("person", "conditions of persons"),
    ("age", "ages"),
    ("instrument", "instruments"),
    ("danger", "dangers"),
    ("rule", "named conditions"),
    ("queue", "rows of queue"),
    ("child_grade", "of child grade"),
    ("priority", "of priority"),
    ("tag", "tags"),
    ("also", "services"),
    ("county", "rows of county"),
    ("clock", "of clocks"),
    ("example", "examples"),
)
PROVED = (
    "every word that a condition names is known, and every condition can be read",
    "queue, child grade, priority and county end with a row that always holds: every report gets each of them",
    "one clock runs for every report",
    "the gravest row comes first, and one more danger undoes no condition: it never lowers a case",
    "no points are negative, each danger has one worth, none that can be undone bears any: it never lowers the score",
    "of each clock the shortest time comes first: one more report never moves it later",
)
"""What a sound file has been shown to keep."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that cannot be read at all has faults and nothing found."""

    file: str
    faults: tuple[Fault, ...]
    found: Inspection | None = None


def check_files(files: Sequence[Path], *, as_json: bool) -> int:
    """Prints what was found; 0 when every file is sound, else 1. Without files: those that are shipped."""
    told = ((str(file), bytes_of(file)) for file in files) if files else deployed_files("policy", ".toml")
    is_sound = True
    for name, data in told:
        checked = _checked(name, data)
        is_sound &= not checked.faults
        sys.stdout.write("".join(f"{line}\n" for line in (_as_json(checked) if as_json else _in_words(checked))))
    return 0 if is_sound else 1


def _checked(file: str, data: bytes) -> Checked:
    try:
        found = inspect(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Checked(file, (Fault(line, "", "this is not UTF-8: save the file as UTF-8"),))
    return Checked(file, found.faults, found)


def _in_words(checked: Checked) -> Iterator[str]:
    for fault in checked.faults:
        yield f"{checked.file}, {fault}"
    if checked.faults:
        count = len(checked.faults)
        not_run = checked.found is None or not checked.found.examples
        yield f"{checked.file}: {count} {'fault' if count == 1 else 'faults'}" + (
            "; its examples were not run: mend these first" if not_run else ""
        )
    elif checked.found:
        yield from _sound(checked.file, checked.found)


def _sound(file: str, found: Inspection) -> Iterator[str]:
    tables = found.tables
    until = f" to {tables.effective_to}" if tables.effective_to else " on"
    yield f"{file}: {tables.version}, from {tables.effective_from}{until}: {tables.zh} / {tables.en}"
    yield "  " + ", ".join(f"{count} {words}" for words, count in _counts(tables) if count)
    yield f"  sound; {found.examples} of {found.examples} examples come out as they say"
    for proved in PROVED:
        yield f"  - {proved}"


def _counts(tables: PolicyFile) -> Iterator[tuple[str, int]]:
    for table, words in TABLES:
        count = len(getattr(tables, table))
        yield words.removesuffix("s") if count == 1 else words, count


def _as_json(checked: Checked) -> Iterator[str]:
    found = checked.found
    tables = found.tables if found and not checked.faults else None
    yield json.dumps(
        {
            "file": checked.file,
            "sound": not checked.faults,
            "version": tables and tables.version,
            "effective_from": tables and str(tables.effective_from),
            "effective_to": str(tables.effective_to) if tables and tables.effective_to else None,
            "rows": tables and {table: len(getattr(tables, table)) for table, _ in TABLES},
            "examples_run": found.examples if found else 0,
            "faults": [{"line": f.line, "where": f.where, "text": f.text} for f in checked.faults],
        },
        ensure_ascii=False,
    )
