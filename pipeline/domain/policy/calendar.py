"""Which days are worked, and when a length of time from a start is over."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pipeline.contracts.decision import in_taipei
from pipeline.contracts.policy import Calendar, Length

_SATURDAY = 5
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Monday to Friday but for the days that are `off`, and the weekend days that are `worked`. Of the years that it
    does not tell only weekends are off: a due time then comes out too early, never too late.
    """

    off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()

    @classmethod
    def of(cls, told: Calendar) -> "WorkCalendar":
        off, worked = (
            frozenset(date.fromisoformat(f"{year}-{day}") for year, days in years.items() for day in days)
            for years in (told.off, told.worked)
        )
        return cls(off, worked)

    def is_worked(self, day: date) -> bool:
        return day in self.worked or (day.weekday() < _SATURDAY and day not in self.off)


WEEKDAYS = WorkCalendar()


@dataclass(frozen=True, slots=True)
class Pause:
    """A time for which a person has stopped a clock, from its begin to before its end."""

    begin: datetime
    end: datetime


def due(start: datetime, length: Length, calendar: WorkCalendar = WEEKDAYS, pauses: Iterable[Pause] = ()) -> datetime:
    """The instant, in Taipei's time, at which a clock of this length runs out.

    Days keep the start's time of day; working days count from the day after the start. A clock that is stopped does
    not run: hours and calendar days go on by as much as it stood still, a working day on which it stood still for any
    time is not counted.
    """
    local, held = in_taipei(start), _joined(pauses)
    if length.working_days is None:
        return _after_pauses(local, timedelta(hours=length.hours or 0, days=length.calendar_days or 0), held)
    left = length.working_days
    while left:
        local += _DAY
        left -= calendar.is_worked(local.date()) and not any(_touches(pause, local) for pause in held)
    return local


def _joined(pauses: Iterable[Pause]) -> list[Pause]:
    """In order of time; those that overlap as one."""
    joined: list[Pause] = []
    for pause in sorted((p for p in pauses if p.begin < p.end), key=lambda p: p.begin):
        if joined and pause.begin <= joined[-1].end:
            joined[-1] = Pause(joined[-1].begin, max(joined[-1].end, pause.end))
        else:
            joined.append(pause)
    return joined


def _after_pauses(start: datetime, runs: timedelta, held: list[Pause]) -> datetime:
    end = start + runs
    for pause in held:
        if start < pause.end and pause.begin < end:
            end += pause.end - max(pause.begin, start)
    return end


def _touches(pause: Pause, day: datetime) -> bool:
    """Whether the clock stood still for any time of the working day that ends here."""
    return pause.begin < day and day - _DAY < pause.end


def is_not_shorter(one: Length, other: Length) -> bool:
    """Whether a clock of the first length never runs out before one of the second, wherever both start. Lengths of
    working days and others are not compared.
    """
    if (one.working_days is None) != (other.working_days is None):
        return False
    if one.working_days is not None and other.working_days is not None:
        return one.working_days >= other.working_days
    return _plain(one) >= _plain(other)


def _plain(length: Length) -> timedelta:
    return timedelta(hours=length.hours or 0, days=length.calendar_days or 0)
