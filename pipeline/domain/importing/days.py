"""Days and times of day, only as a column declares that it spells them."""

import re
from collections.abc import Callable, Collection
from datetime import date, datetime, time, timedelta
from typing import Final, TypeAlias

from pipeline.contracts.mapping import Spelling
from pipeline.domain.normalise.text import plain

Cell: TypeAlias = str | int | float | bool | datetime | date | time | timedelta | None
"""What stands in a cell: text in CSV; in a workbook also numbers, days and times."""

REPUBLIC: Final = 1911
_EXCEL_DAY_0 = date(1899, 12, 30)
_EXCEL_DAY_MIN, _EXCEL_DAY_MAX = 61, 109574
"""From 1 March 1900, before which Excel counts a day that never was, to the end of 2199."""

_ROC = re.compile(
    r"(?P<era>中華民國|民國前|民前|民國|民)?\s*(\d{1,3})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?", re.ASCII
)
_ISO = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?", re.ASCII)
_ROC_COMPACT = re.compile(r"(\d{2,3})(\d{2})(\d{2})", re.ASCII)
_ISO_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_SERIAL = re.compile(r"(\d{2,6})(?:\.0+)?", re.ASCII)
_CLOCK = re.compile(
    r"(?P<half>上午|下午|am|pm)?\s*(\d{1,2})\s*[:時点點]\s*(\d{1,2})?(?:\s*[:分]\s*(\d{1,2}))?(?:\.\d+)?\s*[分秒]?"
    r"\s*(?P<last>am|pm)?",
    re.ASCII | re.IGNORECASE,
)
_COMPACT_CLOCK = re.compile(r"(\d{1,2})(\d{2})(\d{2})?", re.ASCII)
_HALF_DAY_H = 12


def read_day(cell: Cell, spellings: Collection[Spelling]) -> date | None:
    """The day, None where the cell holds none that is spelt so."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = plain(text_of(cell))
    return next((day for spelling in spellings if (day := _READERS[spelling](text))), None)


def read_time(cell: Cell) -> time | None:
    """The time of day: 14:30, 14:30:05, 1430, 下午2:30, 14時30分, or what Excel holds for it."""
    if isinstance(cell, datetime):
        return cell.time().replace(microsecond=0)
    if isinstance(cell, time):
        return cell.replace(microsecond=0, tzinfo=None)
    if isinstance(cell, timedelta):
        return _of_day(cell)
    if isinstance(cell, float) and 0 <= cell < 1:
        return _of_day(timedelta(seconds=round(cell * 86400)))
    text = plain(text_of(cell))
    return _spoken(text) or _compact(text)


def split_moment(cell: Cell) -> tuple[Cell, Cell]:
    """The part of a cell that tells the day and the one that tells the time, None where it tells none."""
    if isinstance(cell, datetime):
        return cell.date(), cell.time()
    if not isinstance(cell, str):
        return cell, None
    written = plain(cell)
    parts = re.split(r"(?<=[\d日])(?:\s*T\s*|\s+)(?=[\d上下apAP])", written, maxsplit=1)
    return (parts[0], parts[1]) if len(parts) > 1 else (written, None)


def text_of(cell: Cell) -> str:
    """What a person would type for this cell; a whole number has no fraction."""
    match cell:
        case None:
            return ""
        case str():
            return cell
        case float() if cell.is_integer():
            return str(int(cell))
        case date() | time():
            return cell.isoformat()
        case _:
            return str(cell)


def _roc(text: str) -> date | None:
    parts = _ROC.fullmatch(text)
    if not parts:
        return None
    era, year, month, day = parts.groups()
    before = era is not None and era.endswith("前")
    return _calendar(REPUBLIC + 1 - int(year) if before else REPUBLIC + int(year), month, day)


def _iso(text: str) -> date | None:
    parts = _ISO.fullmatch(text)
    return _calendar(int(parts[1]), parts[2], parts[3]) if parts else None


def _roc_compact(text: str) -> date | None:
    parts = _ROC_COMPACT.fullmatch(text)
    return _calendar(REPUBLIC + int(parts[1]), parts[2], parts[3]) if parts else None


def _iso_compact(text: str) -> date | None:
    parts = _ISO_COMPACT.fullmatch(text)
    return _calendar(int(parts[1]), parts[2], parts[3]) if parts else None


def _excel(text: str) -> date | None:
    parts = _SERIAL.fullmatch(text)
    days = int(parts[1]) if parts else 0
    return _EXCEL_DAY_0 + timedelta(days=days) if _EXCEL_DAY_MIN <= days <= _EXCEL_DAY_MAX else None


_READERS: dict[Spelling, Callable[[str], date | None]] = {
    Spelling.ROC: _roc,
    Spelling.ROC_COMPACT: _roc_compact,
    Spelling.ISO: _iso,
    Spelling.ISO_COMPACT: _iso_compact,
    Spelling.EXCEL: _excel,
}


def _calendar(year: int, month: str, day: str) -> date | None:
    try:
        return date(year, int(month), int(day))
    except ValueError:
        return None


def _of_day(since_midnight: timedelta) -> time | None:
    if not timedelta(0) <= since_midnight < timedelta(days=1):
        return None
    seconds = int(since_midnight.total_seconds())
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60)


def _spoken(text: str) -> time | None:
    parts = _CLOCK.fullmatch(text)
    if not parts:
        return None
    half = (parts["half"] or parts["last"] or "").lower()
    hour = int(parts[2])
    if half and hour > _HALF_DAY_H:
        return None
    if half in {"下午", "pm"} and hour < _HALF_DAY_H:
        hour += _HALF_DAY_H
    if half in {"上午", "am"} and hour == _HALF_DAY_H:
        hour = 0
    return _clock(hour, parts[3], parts[4])


def _compact(text: str) -> time | None:
    parts = _COMPACT_CLOCK.fullmatch(text)
    return _clock(int(parts[1]), parts[2], parts[3]) if parts else None


def _clock(hour: int, minute: str | None, second: str | None) -> time | None:
    try:
        return time(hour, int(minute or 0), int(second or 0))
    except ValueError:
        return None
