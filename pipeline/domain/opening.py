"""When a centre is open: days of the week and hours, in Taipei's time."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple

from pipeline.contracts.decision import TAIPEI

ALL_HOURS = "24h"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LOOK_AHEAD_DAYS = 400
"""A centre that opens on no day within them counts as never opening."""

_DAY_MINUTES = 24 * 60
_SPAN = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")


class Span(NamedTuple):
    """From the first minute of a day to the last, which is no longer open; 1440 is midnight at its end."""

    from_minute: int
    to_minute: int


@dataclass(frozen=True, slots=True)
class Hours:
    """The spans of each day of the week, Monday first; None is open at all times, also on days when others close."""

    week: tuple[tuple[Span, ...], ...] | None = None

    def is_open(self, at: datetime, closed_days: Collection[date] = ()) -> bool:
        if self.week is None:
            return True
        here = at.astimezone(TAIPEI)
        minute = here.hour * 60 + here.minute
        return here.date() not in closed_days and any(s.from_minute <= minute < s.to_minute for s in self._on(here))

    def opens(self, at: datetime, closed_days: Collection[date] = ()) -> datetime | None:
        """When it opens next: `at` itself where it is open; None where no such moment comes."""
        if self.is_open(at, closed_days):
            return at
        here = at.astimezone(TAIPEI)
        days = (here.date() + timedelta(days=n) for n in range(LOOK_AHEAD_DAYS))
        begins = (_moment(day, s.from_minute) for day in days if day not in closed_days for s in self._on(day))
        return next((moment for moment in begins if moment > here), None)

    def _on(self, day: date) -> tuple[Span, ...]:
        return self.week[day.weekday()] if self.week else ()


ALWAYS = Hours()


def read_hours(text: str) -> Hours:
    """Reads `24h`, or days and hours such as `Mon-Fri 08:30-12:00 13:00-17:30; Sat 09:00-12:00`. Raises ValueError,
    which says what will not do.
    """
    if text.strip() == ALL_HOURS:
        return ALWAYS
    week: list[list[Span]] = [[] for _ in DAYS]
    for part in text.split(";"):
        days, *spans = part.split()[:1] or [""], *part.split()[1:]
        if not spans:
            raise ValueError(f"hours are {ALL_HOURS}, or days and hours such as Mon-Fri 08:30-17:30")
        for day in _days(days[0]):
            week[day] += [_span(span) for span in spans]
    if any(b.from_minute < a.to_minute for day in map(sorted, week) for a, b in pairwise(day)):
        raise ValueError("two spans of one day overlap")
    return Hours(tuple(tuple(sorted(day)) for day in week))


def _days(text: str) -> range:
    first, _, last = text.partition("-")
    if first not in DAYS or (last or first) not in DAYS:
        raise ValueError(f"{text!r} is no day: days are {', '.join(DAYS)}, or two with a hyphen")
    begin, end = DAYS.index(first), DAYS.index(last or first)
    if end < begin:
        raise ValueError(f"{text} goes backwards: the week begins on Monday")
    return range(begin, end + 1)


def _span(text: str) -> Span:
    found = _SPAN.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no span of hours such as 08:30-17:30")
    begin_h, begin_m, end_h, end_m = map(int, found.groups())
    span = Span(begin_h * 60 + begin_m, end_h * 60 + end_m)
    if max(begin_m, end_m) > 59 or not 0 <= span.from_minute < span.to_minute <= _DAY_MINUTES:  # noqa: PLR2004 - of an hour
        raise ValueError(f"{text} does not lie within one day; what goes past midnight is told of both days")
    return span


def _moment(day: date, minute: int) -> datetime:
    return datetime.combine(day, time(), TAIPEI) + timedelta(minutes=minute)
