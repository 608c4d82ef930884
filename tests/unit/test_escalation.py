"""What waits for people rings: rung by rung, never silent while it waits, the same however often it is looked at."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.policy_desk import RANK, Audience
from pipeline.contracts.vocabulary import Priority
from pipeline.domain.desk import OPEN, Stage
from pipeline.domain.escalation import Facts, KnownTask, Looked, Timer, TimerKind, Told, look, planned_steps
from pipeline.domain.policy.desk_rules import desk_rules
from pipeline.domain.policy.reading import shipped

RULES = desk_rules(shipped())
CASE = UUID(int=7)
BEGUN = datetime(2026, 3, 2, 4, tzinfo=UTC)
WAITING = Facts(CASE, Stage.WAITING, "immediate")
STAGE = Timer(TimerKind.STAGE, str(CASE), BEGUN, BEGUN)
CLOCK = Timer(TimerKind.CLOCK, f"{CASE}/dispatch", BEGUN, BEGUN)
DISPATCH = Facts(CASE, Stage.WAITING, "immediate", "dispatch", BEGUN + timedelta(hours=24))


def after(minutes: float) -> datetime:
    return BEGUN + timedelta(minutes=minutes)


def audiences(looked: Looked) -> list[Audience]:
    return [ring.audience for ring in looked.rings]


def at(timer: Timer, facts: Facts, minutes: float) -> tuple[Looked, Timer, Facts]:
    """A look, and timer and facts as they are written after it."""
    now = after(minutes)
    looked = look(timer, facts, RULES, now)
    assert looked.next_at is not None
    timer = replace(timer, rung=looked.rung, next_at=looked.next_at)
    return looked, timer, replace(facts, rang_at=now) if looked.rings else facts


def test_an_immediate_case_that_nobody_claims_rings_at_two_five_and_ten_minutes_and_goes_on() -> None:
    timer, facts, found = STAGE, WAITING, []
    for tenth in range(500):
        looked, timer, facts = at(timer, facts, tenth / 10)
        found += [(tenth / 10, ring.audience, ring.needs_ack) for ring in looked.rings]
    assert found == [
        (2, Audience.HOLDER, True),
        (5, Audience.SUPERVISOR, True),
        (10, Audience.CENTRE_HEAD, True),
        (20, Audience.BUREAU, True),
        (30, Audience.BUREAU, True),
        (40, Audience.BUREAU, True),
    ]


def test_an_acknowledgement_keeps_the_ladder_quiet_for_a_while_and_not_for_good() -> None:
    _, timer, facts = at(STAGE, WAITING, 2)
    facts = replace(facts, acked_at=after(3))
    looked, timer, facts = at(timer, facts, 5)
    assert (looked.rings, looked.next_at) == ((), after(15))
    looked, timer, facts = at(timer, facts, 15)
    assert (audiences(looked), looked.next_at) == ([Audience.SUPERVISOR], after(20))
    looked, timer, facts = at(timer, facts, 20)
    assert audiences(looked) == [Audience.CENTRE_HEAD]


def test_an_acknowledgement_of_what_rang_before_does_not_quiet_what_rang_since() -> None:
    _, timer, facts = at(STAGE, replace(WAITING, acked_at=after(1)), 2)
    looked, *_ = at(timer, facts, 5)
    assert audiences(looked) == [Audience.SUPERVISOR]


def test_silence_rings_the_next_rung_before_its_own_time() -> None:
    timer = replace(CLOCK, rung=2)
    breached = replace(DISPATCH, due_at=after(0))
    looked, timer, facts = at(timer, breached, 0)
    assert (audiences(looked), looked.rings[0].code) == ([Audience.SUPERVISOR], Told.CLOCK_BREACHED)
    assert looked.next_at == after(60)
    looked, *_ = at(timer, facts, 60)
    assert audiences(looked) == [Audience.CENTRE_HEAD]


def test_a_clock_warns_before_its_due_time_and_climbs_after_it() -> None:
    timer, facts, found = CLOCK, DISPATCH, []
    for quarter in range(4 * 24 * 3):
        looked, timer, facts = at(timer, facts, quarter * 15)
        found += [(quarter / 4, ring.code, ring.audience) for ring in looked.rings]
    assert found[:5] == [
        (18, Told.CLOCK_WARNING, Audience.HOLDER),
        (22, Told.CLOCK_WARNING, Audience.SUPERVISOR),
        (24, Told.CLOCK_BREACHED, Audience.SUPERVISOR),
        (25, Told.CLOCK_BREACHED, Audience.CENTRE_HEAD),
        (27, Told.CLOCK_BREACHED, Audience.BUREAU),
    ]
    assert {told[1:] for told in found[5:]} == {(Told.CLOCK_BREACHED, Audience.BUREAU)}


@pytest.mark.parametrize("kind", list(TimerKind))
def test_what_is_over_is_not_looked_at_again(kind: TimerKind) -> None:
    timer = replace(STAGE, kind=kind)
    assert look(timer, None, RULES, after(9)).next_at is None
    assert look(timer, replace(WAITING, is_over=True), RULES, after(9)).next_at is None
    assert look(timer, replace(WAITING, stage=Stage.ERASED), RULES, after(9)).next_at is None


def test_only_a_task_outlives_the_closing_of_its_case() -> None:
    closed = replace(WAITING, stage=Stage.CLOSED, name="arrived_on_closed")
    assert look(STAGE, closed, RULES, after(9)).next_at is None
    assert look(replace(CLOCK, kind=TimerKind.TASK), closed, RULES, after(9)).next_at is not None


def test_a_task_is_due_as_the_policy_says_and_one_that_it_does_not_know_at_once() -> None:
    timer = Timer(TimerKind.TASK, str(CASE), BEGUN, BEGUN)
    raised = replace(WAITING, stage=Stage.IN_SERVICE, name="raised")
    looked = look(timer, raised, RULES, after(0))
    assert (looked.due_at, looked.next_at) == (after(30), after(20))
    unknown = look(timer, replace(raised, name="dance"), RULES, after(0))
    assert (unknown.due_at, unknown.rings[-1].code) == (after(0), Told.TASK_OVERDUE)
    told = look(timer, replace(raised, due_at=after(90)), RULES, after(0))
    assert told.due_at == after(90)


def test_a_lease_is_given_back_when_it_is_over_and_not_before() -> None:
    timer = replace(STAGE, kind=TimerKind.LEASE)
    held = replace(WAITING, stage=Stage.CLAIMED, due_at=after(30))
    assert look(timer, held, RULES, after(29)) == Looked(0, after(30), after(30))
    assert look(timer, held, RULES, after(30)).lapses
    assert look(timer, replace(held, stage=Stage.ACCEPTED), RULES, after(30)).next_at is None


def test_steps_are_asked_for_where_the_policy_says_so_and_once() -> None:
    grave = replace(
        WAITING,
        stage=Stage.ACCEPTED,
        child_grade=1,
        tags=frozenset({"high_danger"}),
        reasons=frozenset({"sexual_assault"}),
    )
    looked = look(STAGE, grave, RULES, after(0))
    assert {(t.kind, t.due_at) for t in looked.tasks} == {
        ("joint_call_out", after(120)),
        ("integrated_team", after(240)),
        ("intensive_visit", after(7 * 24 * 60)),
    }
    known = tuple(KnownTask(task.kind, None) for task in looked.tasks)
    assert look(STAGE, replace(grave, tasks=known), RULES, after(0)).tasks == ()
    assert look(STAGE, replace(grave, stage=Stage.WAITING), RULES, after(0)).tasks == ()
    assert planned_steps(replace(grave, child_grade=2, tags=frozenset(), reasons=frozenset()), RULES, BEGUN) == ()


def test_an_intensive_visit_is_asked_for_again_a_week_after_the_last() -> None:
    danger = replace(WAITING, stage=Stage.IN_SERVICE, tags=frozenset({"high_danger"}))
    first = planned_steps(danger, RULES, BEGUN)
    done = replace(danger, tasks=(KnownTask("intensive_visit", after(100)),))
    [again] = planned_steps(done, RULES, BEGUN)
    assert again.due_at == after(100) + timedelta(days=7)
    assert again.task_id not in {task.task_id for task in first}


@pytest.mark.parametrize(("is_lost", "asked"), [(True, {"joint_call_out"}), (False, set())])
def test_a_step_that_nobody_did_before_its_case_was_closed_is_asked_for_anew(*, is_lost: bool, asked: set[str]) -> None:
    danger = replace(WAITING, stage=Stage.ACCEPTED, child_grade=1)
    first = planned_steps(danger, RULES, BEGUN)
    ended = tuple(KnownTask(task.kind, after(100), is_lost) for task in first)
    again = planned_steps(replace(danger, tasks=ended), RULES, after(200))
    assert {task.kind for task in again} == asked
    assert all(task.due_at == after(200 + 120) for task in again)
    assert not {task.task_id for task in again} & {task.task_id for task in first}


# --- laws

MINUTES = st.integers(0, 60 * 24 * 120)
FACTS = st.builds(
    Facts,
    case_id=st.just(CASE),
    stage=st.sampled_from(sorted(OPEN - {Stage.CLAIMED})),
    priority=st.sampled_from(list(Priority)),
    name=st.sampled_from(["dispatch", "child_report", "raised", "a_bureau_s_own"]),
    due_at=MINUTES.map(after),
    rang_at=st.none() | MINUTES.map(after),
    acked_at=st.none() | MINUTES.map(after),
)
TIMERS = st.builds(
    Timer,
    kind=st.sampled_from([TimerKind.CLOCK, TimerKind.STAGE, TimerKind.TASK]),
    subject=st.just("subject"),
    begun_at=st.just(BEGUN),
    next_at=st.just(BEGUN),
    rung=st.integers(0, 12),
)


@given(TIMERS, FACTS, MINUTES)
def test_what_waits_is_never_silent_for_good_and_its_rungs_only_climb(timer: Timer, facts: Facts, minutes: int) -> None:
    now = after(minutes)
    looked = look(timer, facts, RULES, now)
    assert looked.next_at is not None
    assert now < looked.next_at
    assert looked.rung == timer.rung + len(looked.rings)
    assert [ring.number for ring in looked.rings] == list(range(timer.rung, looked.rung))
    breaches = [RANK[r.audience] for r in looked.rings if r.code not in {Told.CLOCK_WARNING, Told.TASK_WARNING}]
    assert breaches == sorted(breaches)
    assert all(ring.planned_at <= now for ring in looked.rings)


@given(TIMERS, FACTS, MINUTES, MINUTES)
def test_who_looks_again_or_later_rings_the_same_under_the_same_ids(
    timer: Timer, facts: Facts, minutes: int, more: int
) -> None:
    first, again = (look(timer, facts, RULES, after(m)) for m in (minutes, minutes))
    assert first == again
    later = look(timer, facts, RULES, after(minutes + more))
    assert {ring.notification_id for ring in first.rings} <= {ring.notification_id for ring in later.rings}
    assert len({ring.notification_id for ring in later.rings}) == len(later.rings)


@given(TIMERS.filter(lambda t: t.kind is not TimerKind.STAGE), FACTS, MINUTES, st.integers(1, 60 * 24 * 30))
def test_a_due_time_that_moves_earlier_rings_no_later(timer: Timer, facts: Facts, minutes: int, by: int) -> None:
    assert facts.due_at is not None
    earlier = replace(facts, due_at=facts.due_at - timedelta(minutes=by))
    now = after(minutes)
    one, other = look(timer, facts, RULES, now), look(timer, earlier, RULES, now)
    assert other.rung >= one.rung
    if other.rung == one.rung:
        assert one.next_at is not None
        assert other.next_at is not None
        assert other.next_at <= one.next_at


@given(FACTS, st.lists(st.integers(1, 600), min_size=1, max_size=40))
def test_however_seldom_a_waiting_case_is_looked_at_somebody_higher_hears_of_it(facts: Facts, steps: list[int]) -> None:
    timer, facts = STAGE, replace(facts, stage=Stage.WAITING, rang_at=None, acked_at=None)
    minutes, told = 0, []
    for step in steps:
        minutes += step
        looked, timer, facts = at(timer, facts, minutes)
        told += audiences(looked)
    ladder = RULES.unclaimed_ladder(facts.priority).ring
    assert set(told) >= {ring.tell for ring in ladder if ring.after_min <= minutes}
