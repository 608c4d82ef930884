"""Reads TOML and says on which line a value stands, so that a fault can be found by whoever edits the file."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.contracts.policy import ROW_TABLES
from pipeline.domain.policy.toml_breaks import mended
from pipeline.domain.policy.toml_places import Path, places_in

__all__ = ["Fault", "Located", "Path", "read_toml", "spoken"]


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Something that will not do. `line` counts from 1; `where` is the path of the value, such as `clock 3 due`."""

    line: int
    where: str
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.where + ': ' if self.where else ''}{self.text}"


@dataclass(frozen=True, slots=True)
class Located:
    """The values of a file, the lines where they stand, and the lines that are no TOML, which were passed over.
    `lost_words` are the codes and names of rows that are gone with them, `lost_keys` single keys.
    """

    values: Mapping[str, Any]
    lines: Mapping[Path, int]
    broken: tuple[Fault, ...]
    lost_words: frozenset[str] = frozenset()
    lost_keys: frozenset[Path] = frozenset()

    def fault(self, path: Sequence[str | int], text: str) -> Fault:
        """A fault at this path; where the value is missing, at the table that should hold it."""
        return Fault(self.line_of(path), spoken(path), text)

    def line_of(self, path: Sequence[str | int]) -> int:
        """Where this path stands, else what holds it."""
        shorter = (tuple(path[:end]) for end in range(len(path), 0, -1))
        return next((self.lines[p] for p in shorter if p in self.lines), 1)


def spoken(path: Sequence[str | int]) -> str:
    """A path as a person says it: rows count from 1."""
    return " ".join(str(part + 1) if isinstance(part, int) else part for part in path)


def read_toml(text: str) -> Located:
    """A line that is no TOML is told and passed over, so that the other faults are found, too."""
    mend = mended(text, ROW_TABLES)
    lines = places_in(mend.text)
    tables = sorted((line, path) for path, line in lines.items() if _is_table(path))
    lost = frozenset(
        (*max((path for at, path in tables if at < line), key=lambda p: lines[p], default=()), key)
        for line, key in mend.lost_keys()
    )
    broken = tuple(Fault(line, "", words) for line, words in mend.breaks)
    return Located(tomllib.loads(mend.text), lines, broken, mend.lost_words, lost)


def _is_table(path: Path) -> bool:
    """A row of a table that has a header of its own."""
    return len(path) == 2 and isinstance(path[1], int)  # noqa: PLR2004 - the table and the row
