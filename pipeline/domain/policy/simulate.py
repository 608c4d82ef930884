"""What another policy would have made of a case: it is judged under both from nothing, report by report, and the two
ends are compared.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from pipeline.domain.casefile import Incident, Report
from pipeline.domain.clocks import start_clocks
from pipeline.domain.facts import Facts
from pipeline.domain.parts import QUEUE_RANK
from pipeline.domain.policy.conditions import PRIORITY_RANK
from pipeline.domain.policy.policy import Policy
from pipeline.domain.route import Routing, place
from pipeline.domain.score import Standing, judge
from pipeline.domain.terms import Terms

Course = Callable[[datetime], Terms]
"""Under which policy and directory what arrives at an instant is judged."""


class Told(NamedTuple):
    """One version of a report and the incident it is filed in. `name` is what a person finds it by; it holds nothing
    personal.
    """

    arrived_at: datetime
    report_id: UUID
    incident_id: UUID
    facts: Facts
    name: str


@dataclass(frozen=True, slots=True)
class History:
    """All that was told of one case, at least one report, in order of arrival. A case that nobody has given an id has
    none.
    """

    told: tuple[Told, ...]
    case_id: str | None = None


@dataclass(frozen=True, slots=True)
class End:
    """Where a case stands after its last report."""

    standing: Standing
    routing: Routing
    clocks: Mapping[UUID, Mapping[str, datetime]]

    @property
    def tags(self) -> frozenset[str]:
        return self.standing.tags | self.routing.tags


def replay(told: Sequence[Told], course: Course) -> End:
    """Judges a case as each of its reports would have been judged on arrival, linked as they are now. What people did
    with the case does not count.
    """
    case = _Case(course)
    for one in told:
        case.take(one)
    return case.end


class _Case:
    def __init__(self, course: Course) -> None:
        self._course = course
        self._policy: Policy | None = None
        self._end: End | None = None
        self._incidents: dict[UUID, Incident] = {}
        self._taken = 0

    @property
    def end(self) -> End:
        if self._end is None:
            raise ValueError("nothing was told of this case")
        return self._end

    def take(self, told: Told) -> None:
        own = self._incidents.get(told.incident_id)
        reports = {r.report_id: r for r in own.reports} if own else {}
        report = reports.get(told.report_id) or Report(told.report_id, self._taken, ())
        if own and _is_again(report, told.facts):
            return
        self._taken += 1
        reports[told.report_id] = report.with_version(told.facts)
        clocks = own.clocks if own else {}
        self._incidents[told.incident_id] = Incident(told.incident_id, tuple(reports.values()), clocks)
        terms = self._course(told.arrived_at)
        self._start_clocks(told.incident_id, terms.policy)
        self._end = self._judged(told.incident_id, terms)

    def _start_clocks(self, told_of: UUID, policy: Policy) -> None:
        """Those of the other incidents would come out as they are, unless the policy is another one by now."""
        for incident_id in [told_of] if policy is self._policy else list(self._incidents):
            incident = self._incidents[incident_id]
            self._incidents[incident_id] = replace(incident, clocks=start_clocks(policy, incident.view))
        self._policy = policy

    def _judged(self, told_of: UUID, terms: Terms) -> End:
        before = self._end
        views = {i.incident_id: i.view for i in self._incidents.values()}
        standing = judge(terms.policy, tuple(views.values()), before.standing if before else None)
        own = views.pop(told_of)
        routing = place(terms, own, tuple(views.values()), standing, before.routing.assigned if before else None)
        return End(standing, routing, {i.incident_id: i.clocks for i in self._incidents.values()})


def _is_again(report: Report, facts: Facts) -> bool:
    """Whether the same event has come before."""
    return any(v.event_id == facts.event_id and v.content_key == facts.content_key for v in report.versions)


@dataclass(frozen=True, slots=True)
class Trial:
    """The new policy is in force from `begin` until before `end`. What came before is judged by the old one in both
    runs; what came later is left out.
    """

    old: Course
    new: Course
    begin: datetime | None = None
    end: datetime | None = None

    def ends(self, history: History) -> tuple[History, End, End] | None:
        """The part of a case that counts, and its ends under the old policy and the new; None where nothing was told of
        it in that time.
        """
        told = tuple(one for one in history.told if self.end is None or one.arrived_at < self.end)
        if all(self._is_before(one.arrived_at) for one in told):
            return None
        return replace(history, told=told), replay(told, self.old), replay(told, self._course)

    def _course(self, at: datetime) -> Terms:
        return self.old(at) if self._is_before(at) else self.new(at)

    def _is_before(self, at: datetime) -> bool:
        return self.begin is not None and at < self.begin


# --- what differs


class Aspect(StrEnum):
    """What may be otherwise under another policy."""

    QUEUE = "queue"
    PRIORITY = "priority"
    CHILD_GRADE = "child_grade"
    COUNTY = "county"
    CENTRE = "centre"
    CLOCK = "clock"
    TAG = "tag"
    SERVICE = "also"
    SCORE = "score"


class Turn(StrEnum):
    """Graver or sooner, lighter or later, or only elsewhere."""

    UP = "up"
    DOWN = "down"
    ASIDE = "aside"


class Move(NamedTuple):
    """One thing that differs: `code` is the clock, tag or service; `change` is in words that a person reads."""

    aspect: Aspect
    code: str
    change: str
    turn: Turn = Turn.ASIDE


def moves(old: End, new: End) -> Iterator[Move]:
    """All that differs, each thing once."""
    yield from _stands(old.standing, new.standing)
    yield from _lies(old.routing, new.routing)
    yield from dict.fromkeys(_clocks(old.clocks, new.clocks))
    yield from _words(Aspect.TAG, old.tags, new.tags)
    yield from _words(Aspect.SERVICE, old.standing.also, new.standing.also)


def _stands(old: Standing, new: Standing) -> Iterator[Move]:
    if old.queue is not new.queue:
        turn = _turn(QUEUE_RANK[old.queue], QUEUE_RANK[new.queue])
        yield Move(Aspect.QUEUE, "", f"{old.queue} → {new.queue}", turn)
    if old.priority is not new.priority:
        turn = _turn(PRIORITY_RANK[old.priority], PRIORITY_RANK[new.priority])
        yield Move(Aspect.PRIORITY, "", f"{old.priority} → {new.priority}", turn)
    if old.child_grade != new.child_grade:
        turn = _turn(-(old.child_grade or _NO_GRADE), -(new.child_grade or _NO_GRADE))
        yield Move(Aspect.CHILD_GRADE, "", f"{old.child_grade or 'none'} → {new.child_grade or 'none'}", turn)
    if old.score != new.score:
        turn = _turn(old.score, new.score)
        yield Move(Aspect.SCORE, "", "higher" if turn is Turn.UP else "lower", turn)


_NO_GRADE = 9
"""Lighter than the lightest grade."""


def _lies(old: Routing, new: Routing) -> Iterator[Move]:
    if old.county != new.county:
        yield Move(Aspect.COUNTY, "", f"{old.county or 'unknown'} → {new.county or 'unknown'}")
    if old.centre != new.centre:
        yield Move(Aspect.CENTRE, "", "another")


def _clocks(old: Mapping[UUID, Mapping[str, datetime]], new: Mapping[UUID, Mapping[str, datetime]]) -> Iterator[Move]:
    for incident_id, before in old.items():
        after = new[incident_id]
        for clock in (*before, *(c for c in after if c not in before)):
            was, now = before.get(clock), after.get(clock)
            if now is None:
                yield Move(Aspect.CLOCK, clock, "gone", Turn.DOWN)
            elif was is None:
                yield Move(Aspect.CLOCK, clock, "new", Turn.UP)
            elif was != now:
                sooner = now < was
                yield Move(Aspect.CLOCK, clock, "sooner" if sooner else "later", Turn.UP if sooner else Turn.DOWN)


def _words(aspect: Aspect, old: Iterable[str], new: Iterable[str]) -> Iterator[Move]:
    before, after = frozenset(old), frozenset(new)
    yield from (Move(aspect, word, "gained") for word in sorted(after - before))
    yield from (Move(aspect, word, "lost") for word in sorted(before - after))


def _turn(before: int, after: int) -> Turn:
    return Turn.UP if after > before else Turn.DOWN
