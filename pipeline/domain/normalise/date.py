"""Dates and instants, in every spelling that forms and people use."""

import re
from datetime import date, datetime, timedelta
from typing import NamedTuple

from pipeline.contracts.decision import TAIPEI
from pipeline.domain.normalise.text import CHINESE_NUMERAL, chinese_number, plain

AGE_MAX_YEARS = 130
YEAR_MIN, YEAR_MAX = 1900, 9997
"""Of an instant: clock arithmetic adds up to 400 days and must stay inside the calendar."""

_REPUBLIC = 1911
_SOUTHERN_YEAR_MIN = 1850
_ERA = re.compile(r"^(?:(中華民國|民國前|民前|民國|民|r\.?o\.?c\.?)|(西元|公元|a\.?d\.?))", re.IGNORECASE)
_NUMERAL = re.compile(rf"{CHINESE_NUMERAL}|元(?=年)")
_PARTS = re.compile(r"(\d{1,4})(?:[-/.、,年 ]+)(\d{1,2})(?:[-/.、,月 ]+)(\d{1,2})\s*日?", re.ASCII)
_BACKWARDS = re.compile(r"(\d{1,2})[-/. ]+(\d{1,2})[-/. ]+(\d{4})", re.ASCII)
_COMPACT = re.compile(r"(\d{2,4})(\d{2})(\d{2})", re.ASCII)
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: month for month, name in enumerate(_MONTH_NAMES, 1)}
_ENGLISH = re.compile(r"(?ai)(?P<day>\d{1,2})[-/. ]*(?P<month>[a-z]{3})[a-z]*[-/., ]*(?P<year>\d{4})")
_MONTH_FIRST = re.compile(r"(?ai)(?P<month>[a-z]{3})[a-z]*[-/. ]*(?P<day>\d{1,2})[-/., ]+(?P<year>\d{4})")
_TENS = str.maketrans({"廿": "二十", "卅": "三十"})
_CALENDAR = re.compile(r"^[國陽新]曆")
_BORN = re.compile(r"\s*[出]?生$")
_TIME_OF_DAY = re.compile(r"[T ]\d{1,2}:\d{2}", re.IGNORECASE)
_MIDNIGHT = re.compile(r"(?:T| +)0{1,2}:00(?::00(?:\.0+)?)?$", re.IGNORECASE)
_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?\s?([Zz]|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_LEAP_SECOND = 60


class ReadDate(NamedTuple):
    """`doubtful`: another reading was possible, the plausible one was taken."""

    date: date | None
    doubtful: bool = False


class ReadInstant(NamedTuple):
    """`assumed`: no offset was written, Taiwan's was taken."""

    instant: datetime | None
    assumed: bool = False


def read_date(text: str, today: date) -> ReadDate:
    """The day of a birth. `date` is None where nobody can read it, where it lies after `today`, or more than 130
    years before.
    """
    written = plain(text).translate(_TENS)
    if _TIME_OF_DAY.search(written) and not _MIDNIGHT.search(written):
        instant = read_instant(written).instant
        return _bounded(ReadDate(instant.date()) if instant else ReadDate(None), today)
    written = _NUMERAL.sub(_digits, _BORN.sub("", _MIDNIGHT.sub("", _CALENDAR.sub("", written))))
    era = _ERA.match(written)
    return _bounded(_in_era(written[era.end() :].strip(), era, today) if era else _bare(written, today), today)


def read_instant(text: str) -> ReadInstant:
    """RFC 3339, also with a space for T, without seconds, or without a time of day (then midnight); without offset in
    Taiwan's. A leap second is the next second. `instant` is in Taiwan's offset, None outside the years 1900 to 9997.
    """
    parts = _INSTANT.fullmatch(plain(text))
    if not parts or not YEAR_MIN <= int(parts[1][:4]) <= YEAR_MAX:
        return ReadInstant(None)
    day, minute, second, fraction, offset = parts.groups()
    leap = second is not None and int(second) == _LEAP_SECOND
    clock = f"{minute or '00:00'}:{'59' if leap else second or '00'}.{(fraction or '0')[:6]:0<6}"
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{offset.upper() if offset else '+08:00'}")
    except ValueError:
        return ReadInstant(None)
    return ReadInstant((moment + timedelta(seconds=leap)).astimezone(TAIPEI), assumed=offset is None)


def _digits(numeral: re.Match[str]) -> str:
    return str(chinese_number(numeral.group()))


def _in_era(written: str, era: re.Match[str], today: date) -> ReadDate:
    parts = _PARTS.fullmatch(written) or _COMPACT.fullmatch(written)
    if not parts:
        return ReadDate(None)
    year, month, day = map(int, parts.groups())
    if (era[1] or "").endswith("前"):
        return ReadDate(_calendar(_REPUBLIC + 1 - year, month, day))
    if era[1]:
        misnamed = year > _SOUTHERN_YEAR_MIN
        return ReadDate(_calendar(year if misnamed else year + _REPUBLIC, month, day), doubtful=misnamed)
    misnamed = year <= today.year - _REPUBLIC
    return ReadDate(_calendar(year + _REPUBLIC if misnamed else year, month, day), doubtful=misnamed)


def _bare(written: str, today: date) -> ReadDate:
    parts = _PARTS.fullmatch(written) or _COMPACT.fullmatch(written)
    if parts:
        return _by_year(parts, today)
    backwards = _BACKWARDS.fullmatch(written)
    return _day_and_month(backwards) if backwards else ReadDate(_english(written))


def _by_year(parts: re.Match[str], today: date) -> ReadDate:
    year, month, day = map(int, parts.groups())
    if year <= today.year - _REPUBLIC:
        padded_to_four = len(parts[1]) == len("0113")
        return ReadDate(_calendar(year + _REPUBLIC, month, day), doubtful=padded_to_four)
    if year > today.year and year - _REPUBLIC > _SOUTHERN_YEAR_MIN:
        return ReadDate(_calendar(year - _REPUBLIC, month, day), doubtful=True)
    return ReadDate(_calendar(year, month, day))


def _day_and_month(parts: re.Match[str]) -> ReadDate:
    """The year stands last: readable where day and month cannot be mistaken for each other."""
    first, second, year = map(int, parts.groups())
    readings = {_calendar(year, first, second), _calendar(year, second, first)} - {None}
    return ReadDate(readings.pop(), doubtful=True) if len(readings) == 1 else ReadDate(None)


def _english(written: str) -> date | None:
    """04 JUN 1988, June 4, 1988."""
    found = _ENGLISH.fullmatch(written) or _MONTH_FIRST.fullmatch(written)
    if not found:
        return None
    month = _MONTHS.get(found["month"].lower(), 0)
    return _calendar(int(found["year"]), month, int(found["day"]))


def _calendar(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _bounded(read: ReadDate, today: date) -> ReadDate:
    day = read.date
    return read if day and day <= today and today.year - day.year <= AGE_MAX_YEARS else ReadDate(None)
