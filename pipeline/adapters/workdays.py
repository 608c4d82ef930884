"""Taiwan's days off, and the weekend days that are worked for them, as the library `holidays` knows them."""

from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from typing import NamedTuple

import holidays
from holidays.countries.taiwan import Taiwan

from pipeline.errors import AnwangError

ANNOUNCED_UNTIL = 2026
"""Up to this year the government had announced the days when the library was last looked at; it computes later ones."""

_SATURDAY = 5

FIRST_YEAR, LAST_YEAR = Taiwan.start_year, Taiwan.end_year


class YearRefusedError(AnwangError):
    """A year of which the library does not know the days off."""


class DaysOff(NamedTuple):
    """By year: weekdays that are not worked, and weekend days that are."""

    off: Mapping[int, Sequence[date]]
    worked: Mapping[int, Sequence[date]]
    library: str


def days_off(years: Sequence[int]) -> DaysOff:
    """Raises YearRefusedError."""
    off, worked = {}, {}
    for year in sorted(set(years)):
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise YearRefusedError(f"the days off of {year} are not known, only those of {FIRST_YEAR} to {LAST_YEAR}")
        known = holidays.country_holidays("TW", years=year)
        off[year] = sorted(day for day in known if day.year == year and day.weekday() < _SATURDAY)
        if made_up := sorted(day for day in known.weekend_workdays if day.year == year):
            worked[year] = made_up
    return DaysOff(off, worked, f"python-holidays {version('holidays')}")
