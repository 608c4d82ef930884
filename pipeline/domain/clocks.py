"""When each of the law's clocks is due. A clock that has started stays, and never moves later."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, assert_never

from pipeline.contracts.decision import ChildGrade, in_taipei
from pipeline.contracts.vocabulary import Category, Clock, Queue
from pipeline.domain.dangers import IncidentView, gather
from pipeline.domain.rules import grade_row, queue_row

_SATURDAY = 5


class Unit(StrEnum):
    HOURS = "hours"
    CALENDAR_DAYS = "calendar_days"
    WORKING_DAYS = "working_days"


class Length(NamedTuple):
    amount: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Which days are worked: Monday to Friday but for the `holidays`, and the weekend days that are `made_up`."""

    holidays: frozenset[date] = frozenset()
    made_up: frozenset[date] = frozenset()

    def is_worked(self, day: date) -> bool:
        return day in self.made_up or (day.weekday() < _SATURDAY and day not in self.holidays)


WEEKDAYS = WorkCalendar()


def due(start: datetime, length: Length, calendar: WorkCalendar = WEEKDAYS) -> datetime:
    """The instant, in Taipei's time, at which a clock of this length runs out.

    Days keep the start's time of day; working days count from the day after the start.
    """
    local = in_taipei(start)
    match length.unit:
        case Unit.HOURS:
            return local + timedelta(hours=length.amount)
        case Unit.CALENDAR_DAYS:
            return local + timedelta(days=length.amount)
        case Unit.WORKING_DAYS:
            left = length.amount
            while left:
                local += timedelta(days=1)
                left -= calendar.is_worked(local.date())
            return local
        case _:
            assert_never(length.unit)


@dataclass(frozen=True, slots=True)
class Own:
    """What an incident's own reports say of the clocks that it needs."""

    queue: Queue
    child_grade: ChildGrade | None
    categories: frozenset[Category]


class ClockRow(NamedTuple):
    name: str
    clock: Clock
    length: Length
    applies: Callable[[Own], bool]


def _vulnerable_family(own: Own) -> bool:
    return own.queue is Queue.FAMILY and Category.VULNERABLE_FAMILY in own.categories


def _disability(own: Own) -> bool:
    return Category.DISABILITY_PROTECTION in own.categories


_HOURS_24 = Length(24, Unit.HOURS)

CLOCK_ROWS = (
    ClockRow("every_incident", Clock.DISPATCH, _HOURS_24, lambda _: True),
    ClockRow("a_child", Clock.CHILD_GRADING, _HOURS_24, lambda own: own.child_grade is not None),
    ClockRow("grade_1_visit", Clock.CHILD_VISIT, _HOURS_24, lambda own: own.child_grade == 1),
    ClockRow("grade_1_report", Clock.CHILD_REPORT, Length(4, Unit.CALENDAR_DAYS), lambda own: own.child_grade == 1),
    ClockRow("grade_2_report", Clock.CHILD_REPORT, Length(30, Unit.CALENDAR_DAYS), lambda own: own.child_grade == 2),  # noqa: PLR2004 - the law's second grade
    ClockRow("disability_visit", Clock.DISABILITY_VISIT, _HOURS_24, _disability),
    ClockRow("disability_report", Clock.DISABILITY_REPORT, Length(4, Unit.CALENDAR_DAYS), _disability),
    ClockRow("family_visit", Clock.FAMILY_VISIT, Length(10, Unit.CALENDAR_DAYS), _vulnerable_family),
    ClockRow("family_report", Clock.FAMILY_REPORT, Length(30, Unit.CALENDAR_DAYS), _vulnerable_family),
)
"""The days of `child_report` are those of the law's 2019 text; a bureau must check them."""

_LENGTH_IF_STARTED = {row.clock: row.length for row in CLOCK_ROWS}


def start_clocks(incident: IncidentView) -> Mapping[Clock, datetime]:
    """The clocks of one incident, judged by its own reports, from their earliest start; in the order they are shown."""
    start = min(facts.clock_start for facts in incident.versions)
    own = _own(incident)
    lengths = {row.clock: row.length for row in reversed(CLOCK_ROWS) if row.applies(own)}
    running = incident.clocks
    dues = {clock: due(start, lengths.get(clock, _LENGTH_IF_STARTED[clock])) for clock in {*lengths, *running}}
    return {clock: min(dues[clock], running.get(clock, dues[clock])) for clock in Clock if clock in dues}


def _own(incident: IncidentView) -> Own:
    dangers = gather((incident,))
    grade = grade_row(dangers).grade
    if Clock.CHILD_VISIT in incident.clocks:
        grade = 1
    elif Clock.CHILD_REPORT in incident.clocks:
        grade = grade or 2
    return Own(queue_row(dangers).queue, grade, frozenset(dangers.categories))
