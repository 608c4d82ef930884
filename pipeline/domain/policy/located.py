"""Reads TOML and says on which line a value stands, so that a fault can be found by whoever edits the file."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.-]+)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_.-]+)\s*=\s*(.*)$")
_WHERE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
BROKEN_LINES_MAX = 30

Path = tuple[str | int, ...]


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
    """The values of a file, the lines where they stand, and the lines that are no TOML, which were passed over."""

    values: Mapping[str, Any]
    lines: Mapping[Path, int]
    broken: tuple[Fault, ...]

    def fault(self, path: Sequence[str | int], text: str) -> Fault:
        """A fault at this path; where the value is missing, at the table that should hold it."""
        known = next((p for p in _shorter(tuple(path)) if p in self.lines), ())
        return Fault(self.lines.get(known, 1), spoken(path), text)


def spoken(path: Sequence[str | int]) -> str:
    """A path as a person says it: rows count from 1."""
    return " ".join(str(part + 1) if isinstance(part, int) else part for part in path)


def _shorter(path: Path) -> list[Path]:
    return [path[:end] for end in range(len(path), 0, -1)]


def read_toml(text: str) -> Located:
    """A line that is no TOML is told and passed over, so that the other faults are found, too."""
    lines = text.splitlines()
    broken: list[Fault] = []
    while len(broken) < BROKEN_LINES_MAX:
        try:
            return Located(tomllib.loads("\n".join(lines)), _lines_of(lines), tuple(broken))
        except tomllib.TOMLDecodeError as error:
            number, words = _broken_line(str(error), len(lines))
            broken.append(Fault(number, "", words))
            if not lines or not lines[number - 1].strip():
                break
            lines[number - 1] = ""
    return Located({}, {}, tuple(broken))


def _broken_line(told: str, last: int) -> tuple[int, str]:
    found = _WHERE.search(told)
    number = int(found[1]) if found and found[1] else max(last, 1)
    return min(number, max(last, 1)), f"this is not TOML: {told[: found.start()] if found else told}"


def _lines_of(lines: Sequence[str]) -> Mapping[Path, int]:
    """Where each table, each key, and each row of a list that has lines of its own begins."""
    scan = _Scan()
    for number, line in enumerate(lines, 1):
        scan.line(number, line)
    return scan.found


class _Scan:
    def __init__(self) -> None:
        self.found: dict[Path, int] = {}
        self._table: Path = ()
        self._rows: dict[Path, int] = {}
        self._open = 0
        self._list: Path = ()
        self._row = 0

    def line(self, number: int, line: str) -> None:
        bare = _without_texts(line)
        if self._open:
            if self._open == 1 and bare.strip().startswith(("{", '"', "'")):
                self.found[(*self._list, self._row)] = number
                self._row += 1
            self._open += _depth(bare)
        elif header := _HEADER.match(bare):
            self._table = self._resolved(header[2].split("."), is_row=header[1] == "[[")
            self.found[self._table] = number
        elif key := _KEY.match(bare):
            self._list = (*self._table, *key[1].split("."))
            self.found[self._list] = number
            self._open, self._row = _depth(bare), 0

    def _resolved(self, names: Sequence[str], *, is_row: bool) -> Path:
        path: Path = ()
        for place, name in enumerate(names, 1):
            path = (*path, name)
            if place == len(names) and is_row:
                self._rows[path] = self._rows.get(path, -1) + 1
            if path in self._rows:
                path = (*path, self._rows[path])
        return path


def _without_texts(line: str) -> str:
    """Brackets and signs inside texts say nothing of the file's shape."""
    return re.sub(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'', '""', line).partition("#")[0]


def _depth(bare: str) -> int:
    return sum(bare.count(c) for c in "[{") - sum(bare.count(c) for c in "]}")
