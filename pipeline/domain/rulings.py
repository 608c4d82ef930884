"""What people decide of links: confirm, part, split, merge. Each becomes ties, and the cases are put together anew."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import assert_never
from uuid import UUID

from pipeline.contracts.case import Ruling, RulingKind
from pipeline.contracts.vocabulary import Priority, Queue
from pipeline.domain.bonds import Scope, Tie
from pipeline.domain.casefile import CaseFile, CaseState
from pipeline.domain.docket import Docket
from pipeline.domain.partition import chain_of, pair
from pipeline.domain.regroup import Absorbed, Change, Regrouped, regroup
from pipeline.domain.score import Standing
from pipeline.errors import RulingRefusedError


@dataclass(frozen=True, slots=True)
class Ruled:
    """What a ruling changes."""

    ruling: Ruling
    ties: tuple[Tie, ...]
    changes: tuple[Change, ...]
    absorbed: tuple[Absorbed, ...]


def rule(ruling: Ruling, docket: Docket) -> Ruled:
    """Applies a person's word and takes what it changed into the docket.

    A split rebuilds what it changes from the reports of each side alone; where something sinks or a clock moves later
    by it, a second person must have agreed. Raises RulingRefusedError, and then the docket may no longer be used.
    """
    if ruling.seconded_by == ruling.ruled_by:
        raise RulingRefusedError("second_is_first", "the second person must be another one")
    known = [r for r in ruling.reports if docket.holds(r)]
    if len(known) != len(ruling.reports) or not known:
        raise RulingRefusedError("unknown_report", "a report that is decided of is not known")
    before = dict(docket.cases)
    ties = tuple(_ties(ruling, docket))
    for tie in ties:
        docket.bonds.tie(tie)
    afresh = ruling.kind in (RulingKind.SPLIT, RulingKind.PART)
    grouped = regroup(docket, tuple({r for tie in ties for r in tie.pair} | set(known)), afresh=afresh)
    if afresh and ruling.seconded_by is None and _sinks(grouped.changes, before.values()):
        raise RulingRefusedError(
            "needs_a_second", "a priority sinks or a clock moves later: a second person must agree"
        )
    changes = (*grouped.changes, *_left_as_they_were(known, grouped, docket))
    for gone in grouped.absorbed:
        docket.merge_away(gone.case)
    for change in changes:
        docket.file(change.after)
    return Ruled(ruling, ties, changes, grouped.absorbed)


def _left_as_they_were(told: Iterable[UUID], grouped: Regrouped, docket: Docket) -> Iterator[Change]:
    """The word stands in the history of each case that it is about, whether or not it changed the case."""
    changed = {r.report_id for c in grouped.changes for r in c.after.reports}
    cases = {c.case_id: c for c in (docket.case_of(r) for r in told if r not in changed)}
    return (Change(case, case.next) for case in cases.values())


def _ties(ruling: Ruling, docket: Docket) -> Iterator[Tie]:
    scope, told = Scope(ruling.scope), ruling.reports
    cases = {c.case_id: c for c in map(docket.case_of, told)}
    if any(c.state is CaseState.CLOSED for c in cases.values()):
        raise RulingRefusedError("case_closed", "a closed case is reopened first")
    match ruling.kind:
        case RulingKind.CONFIRM:
            yield from _all(chain_of(told), scope, together=True)
        case RulingKind.MERGE:
            yield from _all(chain_of(_wholes(told, scope, docket)), scope, together=True)
        case RulingKind.PART:
            if len(told) != 2:  # noqa: PLR2004 - of two
                raise RulingRefusedError("not_two_reports", "two reports are parted")
            yield Tie(pair(*told), scope, together=False)
        case RulingKind.SPLIT:
            yield from _split(told, scope, list(cases.values()))
        case _:
            assert_never(ruling.kind)


def _wholes(told: Iterable[UUID], scope: Scope, docket: Docket) -> set[UUID]:
    """All reports of the cases, or of the incidents, in which these stand."""
    cases = [(r, docket.case_of(r)) for r in told]
    if scope is Scope.HOUSEHOLD:
        return {report.report_id for _, case in cases for report in case.reports}
    return {report.report_id for r, case in cases for report in case.incident_of(r).reports}


def _split(told: Sequence[UUID], scope: Scope, cases: Sequence[CaseFile]) -> Iterator[Tie]:
    """Both sides stay whole: a person has seen them."""
    if len(cases) != 1:
        raise RulingRefusedError("not_one_case", "the reports that leave stand in more than one case")
    whole = cases[0].reports
    if scope is Scope.INCIDENT:
        incidents = {i.incident_id: i for i in (cases[0].incident_of(r) for r in told)}
        if len(incidents) != 1:
            raise RulingRefusedError("not_one_incident", "the reports that leave stand in more than one incident")
        whole = next(iter(incidents.values())).reports
    stay = [r.report_id for r in whole if r.report_id not in told]
    if not stay:
        raise RulingRefusedError("nothing_stays", "at least one report stays where it is")
    yield from _all((pair(a, b) for a, b in product(told, stay)), scope, together=False)
    yield from _all((*chain_of(told), *chain_of(stay)), scope, together=True)


def _all(pairs: Iterable[tuple[UUID, UUID]], scope: Scope, *, together: bool) -> Iterator[Tie]:
    return (Tie(two, scope, together) for two in pairs)


_PRIORITIES, _QUEUES = list(Priority), list(Queue)


def _sinks(changes: Iterable[Change], before: Iterable[CaseFile]) -> bool:
    """Whether any report stands lower, or in an incident with a later or a missing clock, than it did."""
    homes = {r.report_id: c for c in before for r in c.reports}
    return any(
        _is_lower(homes[r.report_id], change.after, r.report_id)
        for change in changes
        for r in change.after.reports
        if r.report_id in homes
    )


def _is_lower(old: CaseFile, new: CaseFile, report_id: UUID) -> bool:
    if _rank(old.judged[0]) > _rank(new.judged[0]):
        return True
    clocks = new.incident_of(report_id).clocks
    return any(clock not in clocks or clocks[clock] > due for clock, due in old.incident_of(report_id).clocks.items())


def _rank(standing: Standing) -> tuple[int, int, int]:
    return _PRIORITIES.index(standing.priority), _QUEUES.index(standing.queue), -(standing.child_grade or 9)
