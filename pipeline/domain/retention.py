"""How long the law has us keep a closed case: at least 7 years after the last thing that happened; of minors until 7
years after they came of age (LAW D0050073 a11). Days are Taipei's. What is not known is taken the most careful way.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final

from pipeline.domain.casefile import CaseFile, CaseState
from pipeline.domain.facts import Person
from pipeline.domain.normalise.birth import Birth

KEPT_YEARS: Final = 7
OF_AGE_YEARS: Final = 18
OF_AGE_YEARS_BEFORE: Final = 20
OF_AGE_AT_18_FROM: Final = date(2023, 1, 1)
"""Civil Code a12 as in force since then: whoever was 18 or 19 came of age on that day."""

_DAY: Final = timedelta(days=1)
_DECEMBER: Final = 12


def years_later(day: date, years: int) -> date:
    """The same day of that year; 1 March where 29 February is not there. A day beyond the calendar is its last."""
    if day.year + years > date.max.year:
        return date.max
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def comes_of_age(birth: date) -> date:
    """The first day on which a person born then is of age."""
    before = years_later(birth, OF_AGE_YEARS_BEFORE)
    if before <= OF_AGE_AT_18_FROM:
        return before
    return max(years_later(birth, OF_AGE_YEARS), OF_AGE_AT_18_FROM)


def may_go_from(last_day: date, births: Iterable[date | None]) -> date:
    """The first day on which a case may be erased: `last_day` is that of the last thing that happened. A birth that is
    not known may have been on that day.
    """
    known = (birth if birth and birth <= last_day else last_day for birth in births)
    ends = (last_day, *map(comes_of_age, known))
    return max(years_later(_next(day), KEPT_YEARS) for day in ends)


def is_due(state: CaseState, from_day: date, on: date) -> bool:
    """A case that is not closed is never due."""
    return state is CaseState.CLOSED and from_day <= on


def births_of(case: CaseFile) -> tuple[date | None, ...]:
    """Of everybody whom a report tells of, the latest day that it may mean; None for a victim's that is not known, and
    for a case of which nobody is known.
    """
    return tuple(_births(case)) or (None,)


def _births(case: CaseFile) -> Iterator[date | None]:
    for facts in (version for report in case.reports for version in report.versions):
        yield from (latest_day(p.birth) for p in facts.persons if _is_known(p))
        if not facts.victims:
            yield None
        yield from (None for person in facts.victims if not _is_known(person))


def _is_known(person: Person) -> bool:
    return person.birth is not None and latest_day(person.birth) is not None


def latest_day(birth: Birth | None) -> date | None:
    """The latest day that this may mean; None for what says too little."""
    if birth is None or birth.year is None or birth.is_filler:
        return None
    if birth.about:
        return date(min(birth.year + 1, date.max.year), _DECEMBER, 31)
    if birth.month is None:
        whole = date(birth.year, _DECEMBER, 31)
    else:
        whole = date(birth.year, birth.month, birth.day or monthrange(birth.year, birth.month)[1])
    return max((whole, *birth.alternatives))


def _next(day: date) -> date:
    return day if day == date.max else day + _DAY
