"""When what waits for people rings, and for whom: the rungs of a ladder, one after the other, until it is over."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count
from typing import NamedTuple, assert_never
from uuid import UUID

from pipeline.contracts.decision import ChildGrade
from pipeline.contracts.ids import derived
from pipeline.contracts.policy_desk import Audience, DeskRules, Ladder, Ring, StepRow
from pipeline.domain.desk import OPEN, Stage

AGAIN = timedelta(seconds=1)
"""What another must write first is looked at again so soon."""
AT_ONCE = timedelta(0)
UNSCREENED = frozenset({Stage.WAITING, Stage.CLAIMED})
SERVED = frozenset({Stage.ACCEPTED, Stage.IN_SERVICE})
"""Stages of a case that somebody has accepted: steps are planned there."""


class TimerKind(StrEnum):
    """What a timer watches: a clock of the law, a case's stage, a claim's lease, a task."""

    CLOCK = "clock"
    STAGE = "stage"
    LEASE = "lease"
    TASK = "task"


class Told(StrEnum):
    """What a notification tells."""

    UNCLAIMED = "unclaimed"
    STAGE_OVERDUE = "stage_overdue"
    CLOCK_WARNING = "clock_warning"
    CLOCK_BREACHED = "clock_breached"
    TASK_WARNING = "task_due"
    TASK_OVERDUE = "task_overdue"


@dataclass(frozen=True, slots=True)
class Timer:
    """`begun_at`: since when it runs. `rung`: how many have rung. `next_at`: when it was to be looked at. `held`: for
    how long, in all, somebody held the case and gave it back as it was; `held_since`: since when somebody does now.
    """

    kind: TimerKind
    subject: str
    begun_at: datetime
    next_at: datetime
    rung: int = 0
    held: timedelta = timedelta(0)
    held_since: datetime | None = None


class KnownTask(NamedTuple):
    """`is_lost`: its case was closed before anybody did it, so that it is asked for anew once that is open again."""

    kind: str
    done_at: datetime | None
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What a timer stands for, as it is now. `name` is the clock's or the task's kind; `due_at` its due time, a lease's
    end, None where no one has set it yet. `rang_at`, `acked_at`: the last rung, and the last acknowledgement, since the
    timer began. `reasons`: the codes that stand among the case's reasons, and its categories.
    """

    case_id: UUID
    stage: Stage
    priority: str
    name: str = ""
    due_at: datetime | None = None
    is_over: bool = False
    rang_at: datetime | None = None
    acked_at: datetime | None = None
    tags: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    child_grade: ChildGrade | None = None
    tasks: tuple[KnownTask, ...] = ()


@dataclass(frozen=True, slots=True)
class Rung:
    """One ring: its number from 0, when it was to ring, for whom."""

    notification_id: UUID
    number: int
    planned_at: datetime
    code: Told
    audience: Audience
    needs_ack: bool


class Firing(NamedTuple):
    """One rung that rang; `late` is by how much, counted from when it was to ring or, if that was past already when the
    timer was set, from then.
    """

    kind: TimerKind
    code: Told
    late: timedelta


class Turned(NamedTuple):
    """What one turn did: how many timers were looked at, what rang, and whose claims are to be given back."""

    looked: int
    firings: tuple[Firing, ...]
    lapsing: tuple[UUID, ...]


class PlannedTask(NamedTuple):
    task_id: UUID
    kind: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look says: what rings, how many have rung then, when to look again (None: what it watched is over), when
    it is due, which tasks are to be opened, whether the claim is to be given back.
    """

    rung: int
    next_at: datetime | None
    due_at: datetime | None = None
    rings: tuple[Rung, ...] = ()
    tasks: tuple[PlannedTask, ...] = ()
    lapses: bool = False


class _Planned(NamedTuple):
    at: datetime
    code: Told
    audience: Audience
    silence: timedelta | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """The times of a ladder from a base on; past its last rung it rings again and again. Nothing rings before
    `not_before`.
    """

    rungs: Sequence[_Planned]
    repeat: timedelta
    quiet: timedelta
    due_at: datetime
    not_before: datetime | None = None


OVER = Looked(rung=0, next_at=None)


def look(timer: Timer, facts: Facts | None, rules: DeskRules, now: datetime) -> Looked:
    """Rings every rung whose time has come. While what it watches goes on there is always a next look."""
    if facts is None or facts.is_over:
        return OVER
    if facts.stage not in OPEN and not (timer.kind is TimerKind.TASK and facts.stage is Stage.CLOSED):
        return OVER
    match timer.kind:
        case TimerKind.LEASE:
            return _lease(timer, facts, now)
        case TimerKind.STAGE:
            return _stage(timer, facts, rules, now)
        case TimerKind.CLOCK:
            return _due(timer, facts, rules, facts.due_at or timer.begun_at, now)
        case TimerKind.TASK:
            return _due(timer, facts, rules, facts.due_at or _within(timer, facts, rules), now)
        case _:
            assert_never(timer.kind)


def _lease(timer: Timer, facts: Facts, now: datetime) -> Looked:
    """It does not ring: the case waits again, and that rings."""
    if facts.stage is not Stage.CLAIMED or facts.due_at is None:
        return OVER
    is_out = facts.due_at <= now
    return Looked(timer.rung, now + AGAIN if is_out else facts.due_at, facts.due_at, lapses=is_out)


def _stage(timer: Timer, facts: Facts, rules: DeskRules, now: datetime) -> Looked:
    if facts.stage in UNSCREENED:
        code = Told.UNCLAIMED if facts.stage is Stage.WAITING else Told.STAGE_OVERDUE
        plan = _plan(rules.unclaimed_ladder(facts.priority), timer.begun_at + _stood_still(timer, rules), code)
        plan = replace(plan, not_before=_held_until(timer, rules))
    else:
        plan = _plan(rules.stage_ladder(facts.stage), timer.begun_at, Told.STAGE_OVERDUE)
    tasks = planned_steps(facts, rules, timer.begun_at) if facts.stage in SERVED else ()
    return _climbed(timer, facts, plan, now, tasks)


def _stood_still(timer: Timer, rules: DeskRules) -> timedelta:
    """Whoever claims a case stops its ladder for one lease in all: claims that screen nothing do not silence it."""
    lease = _minutes(rules.lease_min)
    return lease if timer.held_since else min(timer.held, lease)


def _held_until(timer: Timer, rules: DeskRules) -> datetime | None:
    left = _minutes(rules.lease_min) - timer.held
    return timer.held_since + max(left, AT_ONCE) if timer.held_since else None


def _due(timer: Timer, facts: Facts, rules: DeskRules, due_at: datetime, now: datetime) -> Looked:
    row = rules.escalation_of(facts.name)
    is_clock = timer.kind is TimerKind.CLOCK
    after = _plan(row, due_at, Told.CLOCK_BREACHED if is_clock else Told.TASK_OVERDUE)
    warning = Told.CLOCK_WARNING if is_clock else Told.TASK_WARNING
    before = [_Planned(due_at - _minutes(w.before_min), warning, w.tell, None) for w in row.warn]
    return _climbed(timer, facts, _Plan([*before, *after.rungs], after.repeat, after.quiet, due_at), now)


def _within(timer: Timer, facts: Facts, rules: DeskRules) -> datetime:
    """A task that the policy does not know is due at once."""
    row = rules.step_of(facts.name)
    return timer.begun_at + (_minutes(row.within_min) if row else AT_ONCE)


def _plan(ladder: Ladder, base: datetime, code: Told) -> _Plan:
    rungs = [_of(ring, base, code) for ring in ladder.ring]
    return _Plan(rungs, _minutes(ladder.repeat_min), _minutes(ladder.quiet_min), rungs[0].at)


def _of(ring: Ring, base: datetime, code: Told) -> _Planned:
    silence = _minutes(ring.acknowledge_min) if ring.acknowledge_min else None
    return _Planned(base + _minutes(ring.after_min), code, ring.tell, silence)


def _climbed(timer: Timer, facts: Facts, plan: _Plan, now: datetime, tasks: tuple[PlannedTask, ...] = ()) -> Looked:
    rings: list[Rung] = []
    rang_at = facts.rang_at
    for number in count(timer.rung):
        planned_at, rung = _next(plan, number, rang_at, facts.acked_at)
        planned_at = max(planned_at, plan.not_before or planned_at)
        if planned_at > now:
            return Looked(number, planned_at, plan.due_at, tuple(rings), tasks)
        rings.append(_ring(timer, plan.due_at, number, planned_at, rung))
        rang_at = now
    raise AssertionError("the last rung rings again later than now")


def _next(plan: _Plan, number: int, rang_at: datetime | None, acked_at: datetime | None) -> tuple[datetime, _Planned]:
    """When this rung rings, and what it is. Silence brings it forward; an acknowledgement stops the ladder."""
    rung = plan.rungs[min(number, len(plan.rungs) - 1)]
    if number == 0 or rang_at is None:
        return rung.at, rung
    at = rung.at if number < len(plan.rungs) else rang_at + plan.repeat
    if acked_at is not None and acked_at < at:
        at += plan.quiet
    if acked_at is not None and acked_at >= rang_at:
        return max(at, acked_at + plan.quiet), rung
    silence = plan.rungs[min(number, len(plan.rungs)) - 1].silence
    return (min(at, rang_at + silence) if silence else at), rung


def _ring(timer: Timer, due_at: datetime, number: int, planned_at: datetime, rung: _Planned) -> Rung:
    """Its id follows from what rings, when and for whom: rung twice, it is one."""
    times = (due_at.isoformat(), planned_at.isoformat())
    told = derived("notification", timer.kind, timer.subject, *times, str(number), rung.audience)
    return Rung(told, number, planned_at, rung.code, rung.audience, rung.silence is not None)


def planned_steps(facts: Facts, rules: DeskRules, since: datetime) -> tuple[PlannedTask, ...]:
    """The steps that the policy asks for in this case and that are not there yet."""
    return tuple(_planned(facts, rules, since))


def _planned(facts: Facts, rules: DeskRules, since: datetime) -> Iterator[PlannedTask]:
    for row in rules.step:
        there = [task for task in facts.tasks if task.kind == row.kind]
        if not _is_asked(row, facts) or any(task.done_at is None for task in there):
            continue
        last = max((task.done_at for task in there if task.done_at and not task.is_lost), default=None)
        if last is None:
            due_at = since + _minutes(row.within_min)
        elif row.every_days:
            due_at = last + timedelta(days=row.every_days)
        else:
            continue
        yield PlannedTask(derived("task", str(facts.case_id), row.kind, str(len(there))), row.kind, due_at)


def _is_asked(row: StepRow, facts: Facts) -> bool:
    """The child grade of the row, or a graver one."""
    grade = row.child_grade is not None and facts.child_grade is not None and facts.child_grade <= row.child_grade
    return grade or not facts.tags.isdisjoint(row.tags) or not facts.reasons.isdisjoint(row.reasons)


def _minutes(minutes: int) -> timedelta:
    return timedelta(minutes=minutes)
