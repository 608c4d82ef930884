"""Prints days off as a policy's calendar holds them."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from pipeline.adapters.workdays import ANNOUNCED_UNTIL, DaysOff, days_off


def print_calendar(years: Sequence[int]) -> None:
    """Raises YearRefusedError."""
    sys.stdout.write("".join(f"{line}\n" for line in _lines(days_off(years))))


def _lines(days: DaysOff) -> Iterator[str]:
    yield f"# Days off of Taiwan as {days.library} knows them."
    if max(days.off) > ANNOUNCED_UNTIL:
        yield f"# Days after {ANNOUNCED_UNTIL} are computed by the law's rules: compare them with what is announced."
    yield "[calendar]"
    yield f'source = "{days.library}, Taiwan; announced days until {ANNOUNCED_UNTIL}, later ones computed"'
    yield from _table("off", days.off)
    if days.worked:
        yield from _table("worked", days.worked)


def _table(name: str, years: Mapping[int, Sequence[date]]) -> Iterator[str]:
    yield ""
    yield f"[calendar.{name}]"
    for year, of_year in years.items():
        days = ", ".join(day.strftime('"%m-%d"') for day in of_year)
        yield f"{year} = [{days}]"
