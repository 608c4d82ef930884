"""When each of the law's clocks is due. A clock that has started stays, and never moves later."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from pipeline.contracts.decision import ChildGrade
from pipeline.contracts.policy import ClockRow, Length
from pipeline.domain.dangers import IncidentView, gather
from pipeline.domain.policy.calendar import WorkCalendar, due
from pipeline.domain.policy.conditions import Situation
from pipeline.domain.policy.policy import Policy
from pipeline.domain.score import by_queue_and_grade, grade_of

V = TypeVar("V")


def start_clocks(policy: Policy, incident: IncidentView, grade: ChildGrade | None = None) -> Mapping[str, datetime]:
    """The clocks of one incident, judged by its own reports, from their earliest start; in the policy's order. `grade`
    is one that a person gave.
    """
    starts = sorted({facts.clock_start for facts in incident.versions})
    dues = {
        clock: _first_due(starts, row.due, policy.calendar) for clock, row in rows_of(policy, incident, grade).items()
    }
    for clock, at in incident.clocks.items():
        dues[clock] = min(dues.get(clock, at), at)
    return in_order(policy, dues)


def _first_due(starts: Sequence[datetime], length: Length, calendar: WorkCalendar) -> datetime:
    """The earliest that any start gives: a working day keeps the time of day, so that one from Saturday morning is over
    before one from Friday night.
    """
    counted = starts if length.working_days else starts[:1]
    return min(due(start, length, calendar) for start in counted)


def rows_of(policy: Policy, incident: IncidentView, grade: ChildGrade | None = None) -> Mapping[str, ClockRow]:
    """The row of the policy that each clock of an incident goes by. One that has started and that nothing asks for any
    more goes by the last row of its name.
    """
    asked = {clock: met.row for clock, met in policy.clocks(_own(policy, incident, grade)).items()}
    started = {clock: row for clock in incident.clocks if clock not in asked and (row := policy.slowest(clock))}
    return asked | started


def in_order(policy: Policy, clocks: Mapping[str, V]) -> Mapping[str, V]:
    """As the policy lists them; those that it does not know the last, by name."""
    order = policy.clock_order
    return {clock: clocks[clock] for clock in sorted(clocks, key=lambda c: (order.get(c, len(order)), c))}


def _own(policy: Policy, incident: IncidentView, given: ChildGrade | None) -> Situation:
    """What the incident's own reports say. A grade that its clocks already go by does not sink."""
    dangers = gather((incident,), policy.stand_in)
    queue, grade = by_queue_and_grade(policy, dangers)
    grades = [g for g in (grade_of(grade.row), given, _grade_by_clocks(policy, incident)) if g]
    return Situation(dangers, queue.row.queue, min(grades, default=None))


def _grade_by_clocks(policy: Policy, incident: IncidentView) -> ChildGrade | None:
    return min((g for clock in incident.clocks if (g := policy.grade_of_clock.get(clock))), default=None)
