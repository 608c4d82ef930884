"""Puts the cases of a neighbourhood together anew: households by what is known of their reports, incidents within.

What somebody has in hand is not put together anew: a claimed case takes new reports in, and only a person joins or
parts it; a closed one takes nothing in.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from itertools import combinations
from uuid import UUID

from pipeline.contracts.ids import derived
from pipeline.domain.bonds import Scope
from pipeline.domain.casefile import CaseFile, CaseState, Incident, Report
from pipeline.domain.clocks import start_clocks
from pipeline.domain.docket import Docket
from pipeline.domain.partition import Group, Rule, Ties, chain_of, pair, partition
from pipeline.domain.parts import Wanted
from pipeline.domain.pinning import Judged, kept
from pipeline.domain.route import place
from pipeline.domain.score import Standing, judge, raise_to, raised_in, rise
from pipeline.domain.terms import Terms
from pipeline.domain.weights import weights

CASE_REPORTS_MAX = 200
"""A case never grows beyond this by itself. It bounds the time of a decision, too: all reports of a case are judged."""

CROWD_FROM = 40
"""Reports from which on a waiting case is left as it is, though it takes more in: so many cannot all be compared, and
to put them together anew with each that comes would cost more with each.
"""

NEIGHBOURS_MAX = 400
"""Reports that are put together anew at once. What lies beyond is left as it stands, and a person is asked."""


def case_begun_by(report_id: UUID) -> UUID:
    """The id of the case whose oldest report this is."""
    return derived("case", report_id.hex)


def _rule(join_at: float) -> Rule:
    return Rule(join_at, weights().unseen, CASE_REPORTS_MAX)


@dataclass(frozen=True, slots=True)
class Change:
    """A case that was put together anew, judged and with its clocks. None before: it is new, or was an alias."""

    before: CaseFile | None
    after: CaseFile


@dataclass(frozen=True, slots=True)
class Absorbed:
    """A case whose reports stand in others now, and the one that took its oldest report in."""

    case: CaseFile
    into: UUID


@dataclass(frozen=True, slots=True)
class Regrouped:
    changes: tuple[Change, ...]
    absorbed: tuple[Absorbed, ...]

    def of(self, report_id: UUID) -> Change | None:
        """The change of the case where this report stands now."""
        return next((c for c in self.changes if any(r.report_id == report_id for r in c.after.reports)), None)


@dataclass(frozen=True, slots=True)
class _Area:
    """What is put together anew: the cases as they stand and, of each report in them, its present state."""

    cases: tuple[CaseFile, ...]
    reports: Mapping[UUID, Report]
    home: Mapping[UUID, CaseFile]


def regroup(
    docket: Docket, start: Collection[UUID], terms: Terms, told: Report | None = None, *, afresh: bool = False
) -> Regrouped:
    """Puts together anew what these reports lead to. `told` is the report that has come, with its newest version; its
    case is changed in any case. Nothing sinks below where it stood, and no clock moves later, unless `afresh`: then
    every case that changes is judged by its own reports alone.
    """
    area = _area(docket, start, told)
    grouping = _Grouping(docket, area, terms, told, afresh=afresh)
    changes = tuple(grouping.changes())
    there = {c.after.case_id for c in changes}
    home = {r.report_id: c.after.case_id for c in changes for r in c.after.reports}
    gone = (case for case in area.cases if case.case_id not in there and _oldest(case.reports).report_id in home)
    return Regrouped(changes, tuple(Absorbed(case, home[_oldest(case.reports).report_id]) for case in gone))


def _area(docket: Docket, start: Collection[UUID], told: Report | None) -> _Area:
    cases = {c.case_id: c for c in _neighbours(docket, start)}
    reports = {r.report_id: r for c in cases.values() for r in c.reports}
    if told:
        reports[told.report_id] = told
    home = {r.report_id: c for c in cases.values() for r in c.reports}
    return _Area(tuple(cases.values()), reports, home)


def _neighbours(docket: Docket, start: Collection[UUID]) -> Iterator[CaseFile]:
    """The open cases that strong bonds and people's words lead to, case by case; the case of a start even if it is
    closed, and then nothing beyond it.
    """
    waiting, seen = deque(start), set(start)
    taken: dict[UUID, CaseFile] = {}
    while waiting:
        report_id = waiting.popleft()
        led_to = [
            other for other, bond in docket.bonds.of(report_id).items() if bond.household >= weights().household_join
        ]
        if docket.holds(report_id):
            case = docket.case_of(report_id)
            if case.state is CaseState.CLOSED:
                if report_id in start:
                    yield case
                continue
            if case.case_id not in taken:
                taken[case.case_id] = case
                yield case
                led_to += [r.report_id for r in case.reports]
        if sum(len(c.reports) for c in taken.values()) <= NEIGHBOURS_MAX:
            fresh = sorted({*led_to, *docket.bonds.tied_to(report_id)} - seen)
            seen.update(fresh)
            waiting.extend(fresh)


def _oldest(reports: Iterable[Report]) -> Report:
    return min(reports, key=lambda r: (r.arrival_no, r.report_id))


class _Grouping:
    def __init__(self, docket: Docket, area: _Area, terms: Terms, told: Report | None, *, afresh: bool) -> None:
        self._docket = docket
        self._area = area
        self._terms = terms
        self._told = told
        self._afresh = afresh
        self._held = [c for c in area.cases if c.state is not CaseState.WAITING or len(c.reports) >= CROWD_FROM]

    def changes(self) -> Iterator[Change]:
        for group in self._households():
            if change := self._change(group):
                yield change

    def _households(self) -> tuple[Group, ...]:
        members = self._area.reports.keys()
        probabilities = {two: bond.household for two, bond in self._docket.bonds.among(members).items()}
        said = self._docket.bonds.ties_among(members, Scope.HOUSEHOLD)
        return partition(members, probabilities, _rule(weights().household_join), _with(said, self._in_hand(said)))

    def _in_hand(self, said: Ties) -> Ties:
        """Cases in hand stay whole, and apart from all that stood elsewhere, as far as nobody said otherwise."""
        home = self._area.home
        united = {frozenset(home[r].case_id for r in two if r in home) for two in said.together}
        apart = {
            pair(held.reports[0].report_id, other)
            for held in self._held
            for other, case in home.items()
            if case is not held and frozenset((held.case_id, case.case_id)) not in united
        }
        whole = {two for held in self._held for two in chain_of(r.report_id for r in held.reports)}
        return Ties(frozenset(whole), frozenset(apart))

    def _change(self, group: Group) -> Change | None:
        """None where nothing has changed."""
        oldest = _oldest(self._area.reports[r] for r in group).report_id
        case_id = case_begun_by(oldest)
        before = self._docket.case(case_id)
        origins = self._origins(group)
        incidents = self._incidents(group, origins)
        is_told = self._told is not None and self._told.report_id in group
        if before and not is_told and _membership(incidents) == _membership(before.incidents):
            return None
        base = before or self._docket.alias(case_id)
        joined = (c for c in origins if c.linked_case_id and _oldest(c.reports).report_id in group)
        linked = base if base and base.linked_case_id else next(joined, base)
        drafted = CaseFile(
            case_id=case_id,
            household_id=linked.household_id if linked else derived("household", oldest.hex),
            incidents=incidents,
            version=base.version + 1 if base else 1,
            state=next((c.state for c in self._held if _oldest(c.reports).report_id in group), CaseState.WAITING),
            linked_case_id=linked.linked_case_id if linked else None,
        )
        return Change(before, self._judged(drafted, origins))

    def _origins(self, group: Group) -> list[CaseFile]:
        """The cases that these reports come from, the oldest first."""
        cases = {case.case_id: case for r in group if (case := self._area.home.get(r))}
        return sorted(cases.values(), key=lambda c: (c.arrival_no, c.case_id))

    def _judged(self, case: CaseFile, origins: Sequence[CaseFile]) -> CaseFile:
        views, policy = tuple(i.view for i in case.incidents), self._terms.policy
        standings = [c.standing for c in origins if c.standing]
        if not self._afresh:
            standing = judge(policy, views, reduce(rise, standings) if standings else None)
        else:
            standing = judge(policy, views)
            if (raised := raised_in(standings)) != Wanted():
                standing = raise_to(policy, views, standing, raised)
        is_told = self._told is not None and any(r.report_id == self._told.report_id for r in case.reports)
        own = case.incident_of(self._told.report_id) if self._told and is_told else told_last(case)
        return routed(case, standing, own, self._terms, origins, afresh=self._afresh)

    def _incidents(self, group: Group, origins: Sequence[CaseFile]) -> tuple[Incident, ...]:
        bonds = self._docket.bonds.among(group)
        probabilities = {two: bond.incident_in_household for two, bond in bonds.items()}
        said = self._docket.bonds.ties_among(group, Scope.INCIDENT)
        groups = partition(
            group, probabilities, _rule(weights().incident_join), _with(said, self._incidents_in_hand(origins))
        )
        made = (self._incident([self._area.reports[r] for r in told]) for told in groups)
        return tuple(sorted(made, key=lambda i: (i.arrival_no, i.incident_id)))

    def _incidents_in_hand(self, origins: Sequence[CaseFile]) -> Ties:
        """The incidents of a case in hand stay as they are."""
        incidents = [[r.report_id for r in i.reports] for c in origins if c in self._held for i in c.incidents]
        whole = {two for ids in incidents for two in chain_of(ids)}
        return Ties(frozenset(whole), frozenset(pair(a[0], b[0]) for a, b in combinations(incidents, 2)))

    def _incident(self, reports: Sequence[Report]) -> Incident:
        in_order = tuple(sorted(reports, key=lambda r: (r.arrival_no, r.report_id)))
        stood = [(case, r.report_id) for r in in_order if (case := self._area.home.get(r.report_id))]
        running = {} if self._afresh else _earliest(case.incident_of(report_id) for case, report_id in stood)
        incident = Incident(derived("incident", in_order[0].report_id.hex), in_order, running)
        raised = raised_in([case.standing for case, _ in stood if case.standing]) if self._afresh else Wanted()
        return replace(incident, clocks=start_clocks(self._terms.policy, incident.view, raised.grade))


def told_last(case: CaseFile) -> Incident:
    """The incident of a case whose newest report came last."""
    return max(case.incidents, key=lambda i: (max(r.arrival_no for r in i.reports), i.incident_id))


def routed(  # noqa: PLR0913 - the case, how it stands, and all that says where that is
    case: CaseFile,
    standing: Standing,
    own: Incident,
    terms: Terms,
    origins: Sequence[CaseFile],
    *,
    afresh: bool = False,
) -> CaseFile:
    """The case as it stands so, where it waits then. `own` is the incident whose places count first, `origins` are the
    cases that it comes from. A closed case stays at the centre that closed it, where a task tells what came.
    """
    if case.state is CaseState.CLOSED and (closed_at := next((c.routing for c in origins if c.routing), None)):
        return replace(case, standing=standing, routing=closed_at)
    others = tuple(i.view for i in case.incidents if i.incident_id != own.incident_id)
    before = next((c.routing.assigned for c in origins if c.routing), None)
    decided = place(terms, own.view, others, standing, None if afresh else before)
    judged = Judged((own.view, *others), standing, terms)
    return replace(case, standing=standing, routing=kept(decided, origins, judged))


def _with(said: Ties, held: Ties) -> Ties:
    """What people said, and what lies in their hands as far as they said nothing else of it."""
    return Ties(said.together | (held.together - said.apart), said.apart | (held.apart - said.together))


def _membership(incidents: Iterable[Incident]) -> frozenset[tuple[UUID, frozenset[UUID]]]:
    return frozenset((i.incident_id, frozenset(r.report_id for r in i.reports)) for i in incidents)


def _earliest(incidents: Iterable[Incident]) -> Mapping[str, datetime]:
    running: dict[str, datetime] = {}
    for incident in incidents:
        for clock, due in incident.clocks.items():
            running[clock] = min(due, running.get(clock, due))
    return running
