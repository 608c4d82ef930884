"""Where a case stands: queue, priority, child grade, services, tags and reasons, over all that was ever told of it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.contracts.decision import ChildGrade, Reason
from pipeline.contracts.vocabulary import Priority, Queue, Service, Tag
from pipeline.domain.dangers import IncidentView, gather
from pipeline.domain.points import UNKNOWN_INDICATOR, reasons
from pipeline.domain.rules import SERVICE_ROWS, TAG_ROWS, Situation, grade_row, priority_row, queue_row

_QUEUE_RANK = {queue: rank for rank, queue in enumerate(Queue)}
_PRIORITY_RANK = {priority: rank for rank, priority in enumerate(Priority)}


@dataclass(frozen=True, slots=True)
class Standing:
    """What a case has risen to. `reasons` stand in their order: most points first, then code, then field."""

    queue: Queue
    also: frozenset[Service]
    priority: Priority
    child_grade: ChildGrade | None
    tags: frozenset[Tag]
    reasons: tuple[Reason, ...]

    @property
    def score(self) -> int:
        return sum(reason.points for reason in self.reasons)


def judge(incidents: Sequence[IncidentView], before: Standing | None = None) -> Standing:
    """Where a case with these open incidents stands, all reports and versions together; never lower than `before`."""
    dangers = gather(incidents)
    queue, grade = queue_row(dangers).queue, grade_row(dangers).grade
    if before:
        queue, grade = _graver_queue(before.queue, queue), _graver_grade(before.child_grade, grade)
    situation = Situation(dangers, queue, grade)
    now = Standing(
        queue=queue,
        also=frozenset(row.service for row in SERVICE_ROWS if row.holds(situation)),
        priority=priority_row(situation).priority,
        child_grade=grade,
        tags=frozenset(row.tag for row in TAG_ROWS if row.holds(situation)),
        reasons=_in_order(reasons(dangers)),
    )
    return rise(before, now)


def rise(old: Standing | None, new: Standing) -> Standing:
    """The graver of both in every part. Of a reason that both have, the one with more points stays, else the older."""
    if old is None:
        return new
    return Standing(
        queue=_graver_queue(old.queue, new.queue),
        also=old.also | new.also,
        priority=max(old.priority, new.priority, key=_PRIORITY_RANK.__getitem__),
        child_grade=_graver_grade(old.child_grade, new.child_grade),
        tags=old.tags | new.tags,
        reasons=old.reasons if old.reasons == new.reasons else _joined(old.reasons, new.reasons),
    )


def _graver_queue(one: Queue, other: Queue) -> Queue:
    return max(one, other, key=_QUEUE_RANK.__getitem__)


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
