"""Where a case stands: queue, priority, child grade, services, tags and reasons, over all that was ever told of it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from pipeline.contracts.decision import ChildGrade, Reason
from pipeline.contracts.policy import GradeRow, PriorityRow, QueueRow, ServiceRow, TagRow
from pipeline.contracts.vocabulary import Priority, Queue
from pipeline.domain.dangers import Dangers, IncidentView, gather
from pipeline.domain.points import reasons
from pipeline.domain.policy.conditions import PRIORITY_RANK, Situation
from pipeline.domain.policy.policy import UNKNOWN_INDICATOR, Met, Policy

QUEUE_RANK = {queue: rank for rank, queue in enumerate(Queue)}


@dataclass(frozen=True, slots=True)
class Standing:
    """What a case has risen to. `reasons` stand in their order: most points first, then code, then field.
    `policy_version` is that of the policy that judged it last.
    """

    queue: Queue
    also: frozenset[str]
    priority: Priority
    child_grade: ChildGrade | None
    tags: frozenset[str]
    reasons: tuple[Reason, ...]
    policy_version: str | None = None

    @property
    def score(self) -> int:
        return sum(reason.points for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Where a case stands, and the rows of the policy that put it there by what is told now."""

    standing: Standing
    queue: Met[QueueRow]
    child_grade: Met[GradeRow]
    priority: Met[PriorityRow]
    tags: tuple[Met[TagRow], ...]
    services: tuple[Met[ServiceRow], ...]


def judge(policy: Policy, incidents: Sequence[IncidentView], before: Standing | None = None) -> Standing:
    """Where a case with these open incidents stands, all reports and versions together; never lower than `before`."""
    return judgement(policy, incidents, before).standing


def judgement(policy: Policy, incidents: Sequence[IncidentView], before: Standing | None = None) -> Judgement:
    """The same with the rows that decided."""
    dangers = gather(incidents, policy.stand_in)
    queue, grade = by_queue_and_grade(policy, dangers)
    situation = Situation(dangers, queue.row.queue, grade_of(grade.row))
    if before:
        situation = Situation(
            dangers,
            _graver_queue(before.queue, queue.row.queue),
            _graver_grade(before.child_grade, grade_of(grade.row)),
        )
    priority = policy.priority(situation)
    situation = Situation(dangers, situation.queue, situation.child_grade, priority.row.priority)
    services, tags = policy.services(situation), policy.tags(situation)
    now = Standing(
        queue=situation.queue or queue.row.queue,
        also=frozenset(met.row.code for met in services),
        priority=priority.row.priority,
        child_grade=cast("ChildGrade | None", situation.child_grade),
        tags=frozenset(met.row.code for met in tags) | ({RAISED} if queue.row.raised else set()),
        reasons=_in_order(reasons(policy, dangers)),
        policy_version=policy.version,
    )
    return Judgement(rise(before, now), queue, grade, priority, tuple(tags), tuple(services))


RAISED = "raised_to_protective"
"""The tag of a case whose categories alone would not have led to its queue."""


def by_queue_and_grade(policy: Policy, dangers: Dangers) -> tuple[Met[QueueRow], Met[GradeRow]]:
    return policy.queue(Situation(dangers)), policy.grade(Situation(dangers))


def grade_of(row: GradeRow) -> ChildGrade | None:
    return None if row.grade == "none" else row.grade


def rise(old: Standing | None, new: Standing) -> Standing:
    """The graver of both in every part. Of a reason that both have, the one with more points stays, else the older."""
    if old is None:
        return new
    return Standing(
        queue=_graver_queue(old.queue, new.queue),
        also=old.also | new.also,
        priority=max(old.priority, new.priority, key=PRIORITY_RANK.__getitem__),
        child_grade=_graver_grade(old.child_grade, new.child_grade),
        tags=old.tags | new.tags,
        reasons=old.reasons if old.reasons == new.reasons else _joined(old.reasons, new.reasons),
        policy_version=new.policy_version,
    )


def _graver_queue(one: Queue, other: Queue) -> Queue:
    return max(one, other, key=QUEUE_RANK.__getitem__)


def _graver_grade(one: ChildGrade | None, other: ChildGrade | None) -> ChildGrade | None:
    if one is None or other is None:
        return one or other
    return min(one, other)


def _joined(old: Iterable[Reason], new: Iterable[Reason]) -> tuple[Reason, ...]:
    old_unknown, old_known = _parted(old)
    new_unknown, new_known = _parted(new)
    for code, reason in new_known.items():
        known = old_known.get(code)
        if known is None or reason.points > known.points:
            old_known[code] = reason
    return _in_order((*old_known.values(), *(old_unknown | new_unknown).elements()))


def _parted(told: Iterable[Reason]) -> tuple[Counter[Reason], dict[str, Reason]]:
    unknown: Counter[Reason] = Counter()
    known: dict[str, Reason] = {}
    for reason in told:
        if reason.code == UNKNOWN_INDICATOR:
            unknown[reason] += 1
        else:
            known[reason.code] = reason
    return unknown, known


def _in_order(told: Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple(sorted(told, key=lambda reason: (-reason.points, reason.code, reason.field)))
