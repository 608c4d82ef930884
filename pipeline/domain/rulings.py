"""What people decide of links: confirm, part, split, merge. Each becomes ties, and the cases are put together anew."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, product
from typing import assert_never
from uuid import UUID

from pipeline.contracts.case import Ruling, RulingKind
from pipeline.contracts.vocabulary import Priority, Queue
from pipeline.domain.bonds import Scope, Tie
from pipeline.domain.casefile import CaseFile, CaseState
from pipeline.domain.docket import Docket
from pipeline.domain.partition import Pair, chain_of, pair
from pipeline.domain.refusals import RulingRefusal, refused
from pipeline.domain.regroup import CASE_REPORTS_MAX, Absorbed, Change, Regrouped, regroup
from pipeline.domain.score import Standing
from pipeline.domain.terms import Terms

_STAFF_CODE = re.compile(r"(?=.{2,24}\Z)(?=.*\d)(?!.*\d{8})[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*")
"""Letters and digits with at least one digit, and never so many digits in a row as an ID, a telephone or a birth date
has.
"""


@dataclass(frozen=True, slots=True)
class Ruled:
    """What a ruling changes."""

    ruling: Ruling
    ties: tuple[Tie, ...]
    changes: tuple[Change, ...]
    absorbed: tuple[Absorbed, ...]


def is_staff_code(text: str) -> bool:
    return _STAFF_CODE.fullmatch(text) is not None


def rule(ruling: Ruling, docket: Docket, terms: Terms) -> Ruled:
    """Applies a person's word and takes what it changed into the docket.

    A split rebuilds what it changes from the reports of each side alone; where something sinks or a clock moves later
    by it, a second person must have agreed. A merge takes the gravest standing and the earliest clocks. Raises
    RulingRefusedError, and then the docket may no longer be used.
    """
    require_people(ruling.ruled_by, ruling.seconded_by)
    told = _known(ruling, docket)
    before = dict(docket.cases)
    ties = tuple(dict.fromkeys(_ties(ruling, told, docket)))
    for tie in ties:
        docket.bonds.tie(tie)
    afresh = ruling.kind in (RulingKind.SPLIT, RulingKind.PART)
    grouped = regroup(docket, tuple({r for tie in ties for r in tie.pair} | set(told)), terms, afresh=afresh)
    if afresh and ruling.seconded_by is None and _sinks(grouped.changes, before.values()):
        raise refused(RulingRefusal.NEEDS_A_SECOND)
    changes = (*grouped.changes, *_left_as_they_were(told, grouped, docket))
    for gone in grouped.absorbed:
        docket.merge_away(gone.case)
    for change in changes:
        docket.file(change.after)
    if not all(_is_kept(tie, docket) for tie in ties):
        raise refused(RulingRefusal.OTHERS_STAND_AGAINST_IT)
    return Ruled(ruling, ties, changes, grouped.absorbed)


def require_people(first: str, second: str | None) -> None:
    """Raises RulingRefusedError unless they are staff codes, and of two people where there are two."""
    people = [p for p in (first, second) if p is not None]
    if not all(map(is_staff_code, people)):
        raise refused(RulingRefusal.NOT_A_STAFF_CODE)
    if len({p.casefold() for p in people}) != len(people):
        raise refused(RulingRefusal.SECOND_IS_FIRST)


def _known(ruling: Ruling, docket: Docket) -> tuple[UUID, ...]:
    """The reports that are decided of, each once."""
    told = tuple(dict.fromkeys(ruling.reports))
    if not told or not all(map(docket.holds, told)):
        raise refused(RulingRefusal.UNKNOWN_REPORT)
    if any(docket.case_of(r).state is CaseState.CLOSED for r in told):
        raise refused(RulingRefusal.CASE_CLOSED)
    return told


def _left_as_they_were(told: Iterable[UUID], grouped: Regrouped, docket: Docket) -> Iterator[Change]:
    """The word stands in the history of each case that it is about, whether or not it changed the case."""
    changed = {r.report_id for c in grouped.changes for r in c.after.reports}
    cases = {c.case_id: c for c in (docket.case_of(r) for r in told if r not in changed)}
    return (Change(case, case.next) for case in cases.values())


def _ties(ruling: Ruling, told: Sequence[UUID], docket: Docket) -> Iterator[Tie]:
    scope = Scope(ruling.scope)
    match ruling.kind:
        case RulingKind.CONFIRM:
            return _confirmed(told, scope, docket)
        case RulingKind.MERGE:
            return _merged(told, scope, docket)
        case RulingKind.PART:
            return _parted(told, scope, docket)
        case RulingKind.SPLIT:
            return _split(told, scope, docket)
        case _:
            assert_never(ruling.kind)


Whole = tuple[UUID, ...]
"""The reports of a case or of an incident, the oldest first."""


def _wholes(told: Iterable[UUID], scope: Scope, docket: Docket) -> list[Whole]:
    """The cases, or the incidents, in which these stand."""
    found: dict[UUID, Whole] = {}
    for report_id in told:
        case = docket.case_of(report_id)
        if scope is Scope.HOUSEHOLD:
            in_order = sorted(case.reports, key=lambda r: (r.arrival_no, r.report_id))
            found[case.case_id] = tuple(r.report_id for r in in_order)
        else:
            incident = case.incident_of(report_id)
            found[incident.incident_id] = tuple(r.report_id for r in incident.reports)
    return list(found.values())


def _confirmed(told: Sequence[UUID], scope: Scope, docket: Docket) -> Iterator[Tie]:
    """Of reports that stand together already it says that they stay so; others bring the whole of where they stand, as
    a merge does. What people parted elsewhere in it stays parted.
    """
    if len(told) < 2:  # noqa: PLR2004 - of two or more
        raise refused(RulingRefusal.TOO_FEW_REPORTS)
    if len(_wholes(told, scope, docket)) == 1:
        return _all(chain_of(told), scope, together=True)
    members = [r for whole in _wholes(told, Scope.HOUSEHOLD, docket) for r in whole]
    if docket.bonds.ties_among(members, Scope.HOUSEHOLD).apart - set(_pairs(told)):
        raise refused(RulingRefusal.PARTED_BY_PEOPLE)
    return _merged(told, scope, docket)


def _merged(told: Sequence[UUID], scope: Scope, docket: Docket) -> Iterator[Tie]:
    """Whole cases, or whole incidents with the cases that they stand in. What was said against it before ends."""
    wholes = _wholes(told, scope, docket)
    if len(wholes) == 1:
        raise refused(RulingRefusal.ALREADY_ONE)
    if sum(map(len, wholes)) > CASE_REPORTS_MAX:
        raise refused(RulingRefusal.TOO_LARGE)
    cases = _wholes(told, Scope.HOUSEHOLD, docket)
    if scope is Scope.INCIDENT and len(cases) > 1:
        return chain(_merged(told, Scope.HOUSEHOLD, docket), _one(wholes, scope, docket))
    return _one(wholes, scope, docket)


def _one(wholes: Sequence[Whole], scope: Scope, docket: Docket) -> Iterator[Tie]:
    members = [r for whole in wholes for r in whole]
    oldest = _pairs([whole[0] for whole in wholes])
    said_against = sorted(docket.bonds.ties_among(members, scope).apart)
    return _all((*chain_of(members), *oldest, *said_against), scope, together=True)


def _parted(told: Sequence[UUID], scope: Scope, docket: Docket) -> Iterator[Tie]:
    """Whom the others that stood with the two go with, the evidence decides; but not where a case is in hand."""
    if len(told) != 2:  # noqa: PLR2004 - of two
        raise refused(RulingRefusal.NOT_TWO_REPORTS)
    wholes = _wholes(told, scope, docket)
    in_hand = docket.case_of(told[0]).state is CaseState.CLAIMED
    if in_hand and len(wholes) == 1 and len(wholes[0]) > len(told):
        raise refused(RulingRefusal.SAY_A_SPLIT)
    return _all([pair(*told)], scope, together=False)


def _split(told: Sequence[UUID], scope: Scope, docket: Docket) -> Iterator[Tie]:
    """Both sides stay whole, and each incident as far as it stands on one side: a person has seen them."""
    case, *others = {docket.case_of(r).case_id: docket.case_of(r) for r in told}.values()
    if others:
        raise refused(RulingRefusal.NOT_ONE_CASE)
    (whole, *more) = _wholes(told, scope, docket)
    if more:
        raise refused(RulingRefusal.NOT_ONE_INCIDENT)
    stay = tuple(r for r in whole if r not in told)
    if not stay:
        raise refused(RulingRefusal.NOTHING_STAYS)
    sides = (told, stay)
    incidents = [[r.report_id for r in i.reports] for i in case.incidents]
    mates = chain.from_iterable(chain_of(r for r in ids if r in side) for ids in incidents for side in sides)
    return chain(
        _all((pair(a, b) for a, b in product(*sides)), scope, together=False),
        _all(chain.from_iterable(map(chain_of, sides)), scope, together=True),
        _all(mates, Scope.INCIDENT, together=True),
    )


def _pairs(reports: Iterable[UUID]) -> Iterator[Pair]:
    return (pair(a, b) for a, b in combinations(reports, 2))


def _all(pairs: Iterable[Pair], scope: Scope, *, together: bool) -> Iterator[Tie]:
    return (Tie(two, scope, together) for two in pairs)


def _is_kept(tie: Tie, docket: Docket) -> bool:
    one, other = tie.pair
    case = docket.case_of(one)
    is_one = any(r.report_id == other for r in case.reports)
    if is_one and tie.scope is Scope.INCIDENT:
        is_one = case.incident_of(one).incident_id == case.incident_of(other).incident_id
    return is_one is tie.together


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
