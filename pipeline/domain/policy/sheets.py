"""The point tables of a policy as sheets of rows: what a bureau may change in a spreadsheet."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from pipeline.contracts.policy import Calendar, ClockRow, PolicyFile
from pipeline.domain.policy.toml_places import Path

Value = str | int | None


class Holding(StrEnum):
    """What the cells of a column hold."""

    WORD = "word"
    TEXT = "text"
    NUMBER = "number"
    NUMBER_OR_NOTHING = "number or nothing"
    UNIT = "unit"
    DAY = "day"
    WORKED = "worked"


class Column(NamedTuple):
    """`is_key`: the column names the row, and is not changed."""

    key: str
    zh: str
    en: str
    holds: Holding
    is_key: bool = False

    @property
    def header(self) -> str:
        return f"{self.zh} {self.en}" + ("（唯讀 read only）" if self.is_key else "")


class Sheet(NamedTuple):
    """`may_grow`: rows may be added and taken away."""

    name: str
    zh: str
    en: str
    columns: tuple[Column, ...]
    may_grow: bool = False

    @property
    def title(self) -> str:
        return f"{self.zh} {self.name}"


class Row(NamedTuple):
    """A row of a sheet, and where it stands in the file."""

    path: Path
    values: Mapping[str, Value]


UNITS = ("hours", "calendar_days", "working_days")
OFF, WORKED = "off", "worked"

_CODE = Column("code", "代碼", "code", Holding.WORD, is_key=True)
_POINTS = Column("points", "分數", "points", Holding.NUMBER)
_LABELS = (Column("zh", "中文", "Chinese", Holding.TEXT), Column("en", "英文", "English", Holding.TEXT))
_PLAIN = (_CODE, _POINTS, *_LABELS)

SHEETS: Sequence[Sheet] = (
    Sheet("category", "案件類別", "Categories", _PLAIN),
    Sheet("crisis_flag", "危機註記", "Flags of crisis", _PLAIN),
    Sheet("indicator", "指標", "Indicators", _PLAIN, may_grow=True),
    Sheet("role", "角色", "Roles", _PLAIN),
    Sheet(
        "person",
        "人員狀況",
        "Conditions of persons",
        (_CODE, Column("person", "對象", "whose", Holding.WORD, is_key=True), _POINTS, *_LABELS),
        may_grow=True,
    ),
    Sheet(
        "age",
        "年齡",
        "Ages",
        (
            _CODE,
            Column("below", "未滿", "below", Holding.NUMBER_OR_NOTHING),
            Column("at_least", "滿", "at least", Holding.NUMBER_OR_NOTHING),
            _POINTS,
            *_LABELS,
        ),
        may_grow=True,
    ),
    Sheet(
        "item",
        "量表題目",
        "Questions of instruments",
        (
            Column("instrument", "量表", "instrument", Holding.WORD, is_key=True),
            Column("field", "題號", "field", Holding.WORD, is_key=True),
            _POINTS,
            *_LABELS,
        ),
    ),
    Sheet(
        "band",
        "量表分級",
        "Bands of instruments",
        (
            Column("instrument", "量表", "instrument", Holding.WORD, is_key=True),
            _CODE,
            Column("at_least", "分數下限", "from", Holding.NUMBER),
            *_LABELS,
        ),
    ),
    Sheet("danger", "危險", "Dangers", _PLAIN),
    Sheet(
        "clock",
        "時限",
        "Clocks",
        (
            _CODE,
            Column("name", "名稱", "name", Holding.WORD, is_key=True),
            Column("length", "長度", "length", Holding.NUMBER),
            Column("unit", "單位", "unit", Holding.UNIT),
            Column("pause_days_max", "最多暫停日數", "pause at most, days", Holding.NUMBER_OR_NOTHING),
            Column("law", "依據", "law", Holding.TEXT),
            *_LABELS,
        ),
    ),
    Sheet(
        "calendar",
        "日曆",
        "Calendar",
        (
            Column("day", "日期", "day", Holding.DAY, is_key=True),
            Column("kind", "放假或上班", "off or worked", Holding.WORKED),
        ),
        may_grow=True,
    ),
)


def rows_of(sheet: Sheet, tables: PolicyFile) -> Iterator[Row]:
    """The rows of a sheet, in the order of the file."""
    for path, values in _found(sheet.name, tables):
        yield Row(path, {column.key: values.get(column.key) for column in sheet.columns})


def _found(name: str, tables: PolicyFile) -> Iterator[tuple[Path, Mapping[str, Value]]]:
    match name:
        case "item" | "band":
            for i, instrument in enumerate(tables.instrument):
                for j, row in enumerate(getattr(instrument, name)):
                    yield ("instrument", i, name, j), {**_plain(row), "instrument": instrument.code}
        case "calendar":
            yield from _days(tables.calendar)
        case _:
            for i, row in enumerate(getattr(tables, name)):
                yield (name, i), {**_plain(row), **(length_of(row) if isinstance(row, ClockRow) else {})}


def _days(calendar: Calendar) -> Iterator[tuple[Path, Mapping[str, Value]]]:
    for kind, years in ((OFF, calendar.off), (WORKED, calendar.worked)):
        for year, days in years.items():
            for place, day in enumerate(days):
                yield ("calendar", kind, str(year), place), {"day": f"{year}-{day}", "kind": kind}


def length_of(clock: ClockRow) -> Mapping[str, Value]:
    unit = next(unit for unit in UNITS if getattr(clock.due, unit))
    return {"length": getattr(clock.due, unit), "unit": unit}


def _plain(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row of any table
    dumped: dict[str, Any] = row.model_dump(mode="json", by_alias=True)
    if isinstance(dumped.get("person"), list):
        dumped["person"] = ", ".join(dumped["person"])
    return dumped
