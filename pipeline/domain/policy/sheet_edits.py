"""What a filled-in spreadsheet changes in a policy, cell by cell."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from pipeline.contracts.policy import PolicyFile
from pipeline.domain.policy.guessing import guess
from pipeline.domain.policy.sheets import OFF, SHEETS, UNITS, WORKED, Column, Holding, Row, Sheet, Value, rows_of
from pipeline.domain.policy.toml_places import Path

Cell = str | int | float | bool | datetime | date | None


class GivenCell(NamedTuple):
    """`at` is what a spreadsheet calls the cell, such as B7. `fault`: why its value is not read."""

    at: str
    value: Cell
    fault: str | None = None


GivenRow = Mapping[str, GivenCell]
"""Cells by the key of their column."""


class GivenSheet(NamedTuple):
    """A sheet as it was filled in. `faults`: what is wrong with it as a whole, each with a cell."""

    rows: Sequence[GivenRow]
    faults: Sequence[tuple[str, str]] = ()


class CellFault(NamedTuple):
    sheet: str
    cell: str
    text: str

    def __str__(self) -> str:
        return f"{self.sheet}, {self.cell}: {self.text}"


class Put(NamedTuple):
    """This value stands there now; None takes it away."""

    path: Path
    value: Any


class Drop(NamedTuple):
    """This row goes."""

    path: Path


class Add(NamedTuple):
    """This row comes at the end of a table."""

    table: str
    row: Mapping[str, Any]


Edit = Put | Drop | Add


@dataclass(slots=True)
class Edits:
    """`edits` in an order in which paths stay true: puts, then drops from below, then adds. `cells`: which cell says
    what stands at a path of the changed file.
    """

    edits: list[Edit] = field(default_factory=list)
    faults: list[CellFault] = field(default_factory=list)
    cells: dict[Path, tuple[str, str]] = field(default_factory=dict)


def edits_of(tables: PolicyFile, given: Mapping[str, GivenSheet]) -> Edits:
    """By the names of sheets what was filled in; a sheet that is not there is a fault."""
    found = Edits()
    for sheet in SHEETS:
        if sheet.name not in given:
            found.faults.append(CellFault(sheet.title, "A1", "this sheet is missing"))
            continue
        found.faults += [CellFault(sheet.title, cell, text) for cell, text in given[sheet.name].faults]
        if not given[sheet.name].faults:
            _Comparison(sheet, list(rows_of(sheet, tables)), found).run(given[sheet.name].rows, tables)
    found.edits.sort(key=_turn)
    return found


def _turn(edit: Edit) -> tuple[int, int]:
    match edit:
        case Put():
            return 0, 0
        case Drop(path=path):
            return 1, -int(path[-1])
        case Add():
            return 2, 0


class _Comparison:
    """One sheet beside the rows of the file."""

    def __init__(self, sheet: Sheet, rows: Sequence[Row], found: Edits) -> None:
        self._sheet = sheet
        self._keys = [c for c in sheet.columns if c.is_key]
        self._known = {tuple(row.values[c.key] for c in self._keys): row for row in rows}
        self._found = found
        self._seen: set[tuple[Value, ...]] = set()
        self._fine: list[tuple[Row | None, Mapping[str, Value], GivenRow]] = []

    def run(self, given: Sequence[GivenRow], tables: PolicyFile) -> None:
        """Rows that can be read are taken over even beside others, so that all that is wrong is told at once."""
        before = len(self._found.faults)
        for row in given:
            self._read(row)
        has_faults = len(self._found.faults) > before
        gone = [] if has_faults else [key for key in self._known if key not in self._seen]
        if not self._sheet.may_grow:
            for key in gone:
                self._fault("A1", f"the row {_called(key)} is gone: put it back")
        elif self._sheet.name == "calendar":
            if not has_faults:
                self._found.edits += _calendar_edits([values for _, values, _ in self._fine], tables)
            return
        self._tell([self._known[key].path for key in gone if self._sheet.may_grow])

    def _read(self, given: GivenRow) -> None:
        values: dict[str, Value] = {}
        for column in self._sheet.columns:
            try:
                values[column.key] = read_cell(column, given[column.key])
            except ValueError as error:
                self._fault(given[column.key].at, str(error))
        key = tuple(values.get(c.key) for c in self._keys)
        row, first = self._known.get(key), given[self._keys[0].key].at
        if key in self._seen and None not in key:
            self._fault(first, f"the row {_called(key)} is there twice")
        elif row is None and None not in key and not self._sheet.may_grow:
            near = guess(str(key[-1]), [str(k[-1]) for k in self._known])
            self._fault(first, f"the file has no row {_called(key)}{near}; here rows cannot be added")
        elif len(values) == len(self._sheet.columns):
            self._fine.append((row, values, given))
        self._seen.add(key)

    def _tell(self, gone: Sequence[Path]) -> None:
        dropped = [int(path[-1]) for path in gone]
        self._found.edits += [Drop(path) for path in gone]
        added = len(self._known) - len(gone)
        for row, values, given in self._fine:
            if row is None:
                self._found.edits.append(Add(self._sheet.name, _as_row(values)))
                path: Path = (self._sheet.name, added)
                added += 1
            else:
                self._found.edits += _puts(self._sheet, row, values)
                place = int(row.path[-1])
                path = (*row.path[:-1], place - sum(d < place for d in dropped))
            for column in self._sheet.columns:
                name = "due" if column.key in {"length", "unit"} else column.key
                self._found.cells.setdefault((*path, name), (self._sheet.title, given[column.key].at))
            self._found.cells[path] = (self._sheet.title, given[self._keys[0].key].at)

    def _fault(self, cell: str, text: str) -> None:
        self._found.faults.append(CellFault(self._sheet.title, cell, text))


def _called(key: Sequence[Value]) -> str:
    return " ".join(map(str, key))


def _puts(sheet: Sheet, row: Row, values: Mapping[str, Value]) -> Iterator[Put]:
    changed = {key for key, value in values.items() if value != row.values[key]}
    if changed & {"length", "unit"}:
        yield Put((*row.path, "due"), {str(values["unit"]): values["length"]})
    for column in sheet.columns:
        if column.key in changed - {"length", "unit"}:
            yield Put((*row.path, column.key), values[column.key])


def _as_row(values: Mapping[str, Value]) -> Mapping[str, Any]:
    row: dict[str, Any] = {key: value for key, value in values.items() if value is not None}
    if "person" in row and row["person"] != "anyone":
        row["person"] = [role.strip() for role in str(row["person"]).split(",")]
    return row


def _calendar_edits(days: Sequence[Mapping[str, Value]], tables: PolicyFile) -> Iterator[Put]:
    for kind, known in ((OFF, tables.calendar.off), (WORKED, tables.calendar.worked)):
        years: dict[int, list[str]] = {}
        for day in sorted(str(row["day"]) for row in days if row["kind"] == kind):
            years.setdefault(int(day[:4]), []).append(day[5:])
        for year in sorted({*years, *known}):
            if sorted(years.get(year, ())) != sorted(known.get(year, ())):
                yield Put(("calendar", kind, str(year)), years.get(year))


# --- cells


def read_cell(column: Column, cell: GivenCell) -> Value:
    """Raises ValueError with the words for a person."""
    if cell.fault:
        raise ValueError(cell.fault)
    value = cell.value.strip() if isinstance(cell.value, str) else cell.value
    match column.holds:
        case Holding.NUMBER | Holding.NUMBER_OR_NOTHING:
            if value in {None, ""} and column.holds is Holding.NUMBER_OR_NOTHING:
                return None
            return _number(value)
        case Holding.TEXT | Holding.WORD:
            return _text(value)
        case Holding.UNIT:
            return _one_of(value, UNITS)
        case Holding.WORKED:
            return _one_of(value, (OFF, WORKED))
        case Holding.DAY:
            return _day(value)


def _number(value: Cell) -> int:
    if value is None or value == "":
        raise ValueError("this is empty: a whole number is wanted")
    if isinstance(value, str):
        plain = unicodedata.normalize("NFKC", value)
        if plain.removeprefix("-").isdecimal():
            return int(plain)
    elif not isinstance(value, bool | date) and value == int(value):
        return int(value)
    raise ValueError(f"{value} will not do: a whole number is wanted")


def _text(value: Cell) -> str:
    if value is None or value == "":
        raise ValueError("this is empty: a text is wanted")
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"{value} will not do: a text is wanted")


def _one_of(value: Cell, known: Sequence[str]) -> str:
    if value not in known:
        raise ValueError(f"{value or 'nothing'} will not do: one of {', '.join(known)} is wanted")
    return str(value)


def _day(value: Cell) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ValueError(f"{value or 'nothing'} will not do: a day such as 2027-01-01 is wanted") from None
