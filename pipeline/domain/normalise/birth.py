"""Dates of birth as far as they can be believed."""

import re
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from pipeline.domain.normalise.date import AGE_MAX_YEARS, read_date
from pipeline.domain.normalise.text import CHINESE_NUMERAL, LENGTH_MAX, chinese_number, plain

REPUBLIC = 1911
"""Years between the two calendars: year 1 of the Republic is 1912."""

FILLERS = frozenset({date(1900, 1, 1), date(1911, 1, 1), date(1912, 1, 1), date(1970, 1, 1), date(1899, 12, 30)})
"""What forms and spreadsheets write where nothing was filled in; says little."""

_NUMERAL = re.compile(rf"{CHINESE_NUMERAL}|元(?=年)")
_TENS = str.maketrans({"廿": "二十", "卅": "三十"})
_NOISE = re.compile(
    r"(?:[?○×XxOo*]+|不詳|不明)[月日]|約|出?生|年次|不詳|不明|未知|[?○×]|(?<=\d)[XxOo*]+|[Xx*]+(?=[年月日\d]|$)|\s"
)
_LUNAR = re.compile(r"^[農舊陰]曆")
_ERA = re.compile(r"^(?:(民國前|民前)|(中華民國|民國|民|r\.?o\.?c\.?)|(西元|公元|a\.?d\.?))", re.IGNORECASE)
_PARTS = re.compile(r"(\d{1,4})[-/.、,年]*(?:(\d{1,2})[-/.、,月]*(?:(\d{1,2})[日號]?)?)?", re.ASCII)
_COMPACT = re.compile(r"(\d{2,4})(\d{2})(\d{2})", re.ASCII)
_YEAR_FIRST_OF_TWO = re.compile(r"(\d{4})[-/.年](\d{1,2})月?", re.ASCII)
_NO_MONTH_OR_DAY_FROM = 32
_NAMED_YEAR = re.compile(r"[年民]|R\.?O\.?C|西元|公元|^\s*(?:19|20)\d\d|農曆|舊曆", re.IGNORECASE)
_AGE = re.compile(r"(?:年?約)?(\d{1,3})(?:多|餘|幾|來)?歲(?:左右|上下|許)?", re.ASCII)
_TWO_DIGIT_YEAR = re.compile(r"\d\d[-/. ]+\d{1,2}[-/. ]+\d{1,2}|\d{6}", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})[-/. ]+(\d{1,2})[-/. ]+(\d{4})", re.ASCII)
_DECEMBER = 12
_NINES = frozenset({99, 999, 9999})


class Birth(NamedTuple):
    """The parts that could be read. `about`: the year comes of an age, or of the lunar calendar. `doubtful`: another
    reading was possible. `alternatives`: what was written may also mean one of these days.
    """

    year: int | None
    month: int | None = None
    day: int | None = None
    doubtful: bool = False
    about: bool = False
    alternatives: tuple[date, ...] = ()

    @property
    def date(self) -> date | None:
        """The whole day, None where a part is unknown."""
        return date(self.year, self.month, self.day) if self.year and self.month and self.day else None

    @property
    def is_filler(self) -> bool:
        return self.date in FILLERS


def read_birth(text: str, today: date) -> Birth | None:
    """As much of a date of birth as is written: a day, a month or a year alone, or the year by an age. What reads as 0
    or 99 is unknown. None where nothing is told, where it lies after `today`, or more than 130 years before.
    """
    return _birth(text[:LENGTH_MAX], today)


@lru_cache(maxsize=16_384)
def _birth(text: str, today: date) -> Birth | None:
    whole, doubtful = read_date(text, today)
    written = _NUMERAL.sub(_digits, plain(text).translate(_TENS))
    if whole:
        others = tuple(day for day in _other_readings(written, today) if day != whole)
        return Birth(whole.year, whole.month, whole.day, doubtful, alternatives=others)
    age = _AGE.fullmatch(written)
    if age:
        return Birth(today.year - int(age[1]), about=True) if int(age[1]) <= AGE_MAX_YEARS else None
    turned = _YEAR_LAST.fullmatch(written)
    if turned:
        first, second, year = map(int, turned.groups())
        days = tuple(dict.fromkeys(_days((year, first, second), (year, second, first), today=today)))
        return Birth(year, doubtful=True, alternatives=days) if days else None
    return _in_part(written, today)


def _digits(numeral: re.Match[str]) -> str:
    return str(chinese_number(numeral.group()))


def _in_part(written: str, today: date) -> Birth | None:
    lunar = _LUNAR.match(written)
    bare = _NOISE.sub("", _LUNAR.sub("", written))
    era = _ERA.match(bare)
    parts = _parts(bare[era.end() :] if era else bare)
    if not parts or {*parts} <= _NINES or not (_NAMED_YEAR.search(written) or _can_begin_with_a_year(*parts)):
        return None
    number, month, day = parts
    year = _year(number, era, today)
    if year is None or not today.year - AGE_MAX_YEARS <= year <= today.year:
        return None
    if lunar:
        return Birth(year, doubtful=True, about=True)
    return _known_parts(year, month, day, today)


def _parts(bare: str) -> tuple[int, int | None, int | None] | None:
    found = _YEAR_FIRST_OF_TWO.fullmatch(bare) or _COMPACT.fullmatch(bare) or _PARTS.fullmatch(bare)
    if not found:
        return None
    month, day = (*found.groups()[1:], None)[:2]
    return int(found[1]), int(month) if month else None, int(day) if day else None


def _can_begin_with_a_year(number: int, month: int | None, day: int | None) -> bool:
    """Of two numbers that nothing names, the first is a year only where it is neither a month nor a day."""
    return day is not None or (month is not None and number >= _NO_MONTH_OR_DAY_FROM)


def _year(number: int, era: re.Match[str] | None, today: date) -> int | None:
    if era and era[1]:
        return REPUBLIC + 1 - number
    if 0 < number <= today.year - REPUBLIC:
        return number + REPUBLIC
    return number or None


def _known_parts(year: int, month: int | None, day: int | None, today: date) -> Birth | None:
    """Without what no calendar has. A month beyond December may be the day."""
    swapped = tuple(_days((year, day or 0, month or 0), today=today)) if month and month > _DECEMBER else ()
    if month is None or not 1 <= month <= _DECEMBER:
        return Birth(year, doubtful=bool(swapped), alternatives=swapped)
    return Birth(year, month) if (year, month) <= (today.year, today.month) else None


def _other_readings(written: str, today: date) -> tuple[date, ...]:
    """A year of two digits is the Republic's; it may be the nineteen-hundreds'."""
    found = _TWO_DIGIT_YEAR.fullmatch(written)
    if not found:
        return ()
    compact = _COMPACT.fullmatch(written)
    year, month, day = map(int, compact.groups() if compact else re.findall(r"\d+", written))
    return tuple(_days((1900 + year, month, day), today=today))


def _days(*readings: tuple[int, int, int], today: date) -> list[date]:
    days = []
    for reading in readings:
        try:
            day = date(*reading)
        except ValueError:
            continue
        if day <= today and today.year - day.year <= AGE_MAX_YEARS:
            days.append(day)
    return days
