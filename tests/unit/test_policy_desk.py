"""What a policy says of the desk: sound where every wait has its row, and the shipped one's where it says nothing."""

from collections.abc import Mapping
from typing import get_args

import pytest

from pipeline.contracts.policy_desk import AttendedStage, Audience, CaseRole
from pipeline.contracts.vocabulary import Priority
from pipeline.domain.policy.desk_rules import desk_of, desk_rules
from pipeline.domain.policy.difference import Change, Kind, changes
from pipeline.domain.policy.policy import Policy
from pipeline.domain.policy.reading import PolicyFaultsError, read_policy, shipped, shipped_text

SHIPPED = desk_rules(shipped())


def without_desk() -> str:
    before, after = shipped_text().split("# --- The desk", 1)
    return before + "# --- Worked examples" + after.split("# --- Worked examples", 1)[1]


def faults(*changed: tuple[str, str]) -> list[str]:
    text = shipped_text()
    for old, new in changed:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    with pytest.raises(PolicyFaultsError) as refused:
        read_policy(text)
    return [f"{fault.where}: {fault.text}" for fault in refused.value.faults]


def test_a_release_without_a_desk_is_sound_and_goes_by_the_shipped_one() -> None:
    old = read_policy(without_desk())
    assert old.tables.desk is None
    assert desk_rules(old) is shipped().tables.desk
    assert list(changes(old.tables, shipped().tables)) == []


def test_an_immediate_case_rings_at_two_five_and_ten_minutes_and_asks_to_be_acknowledged() -> None:
    ladder = SHIPPED.unclaimed_ladder("immediate")
    assert [ring.after_min for ring in ladder.ring][:3] == [2, 5, 10]
    assert all(ring.acknowledge_min for ring in ladder.ring)
    assert [ring.tell for ring in ladder.ring] == list(Audience)


def test_every_wait_has_its_row() -> None:
    assert {row.priority for row in SHIPPED.unclaimed} == set(Priority)
    assert {row.stage for row in SHIPPED.stage} == set(get_args(AttendedStage))
    for priority in Priority:
        assert SHIPPED.unclaimed_ladder(priority) is next(r for r in SHIPPED.unclaimed if r.priority == priority)
    for stage in get_args(AttendedStage):
        assert SHIPPED.stage_ladder(stage) is next(r for r in SHIPPED.stage if r.stage == stage)


def test_a_priority_that_is_not_known_waits_as_the_gravest() -> None:
    assert SHIPPED.unclaimed_ladder("worse") is SHIPPED.unclaimed_ladder("immediate")


def test_a_clock_that_no_row_names_goes_by_the_last_one() -> None:
    assert SHIPPED.escalation_of("dispatch") is SHIPPED.escalation[0]
    assert SHIPPED.escalation_of("a_clock_of_a_bureau") is SHIPPED.escalation[-1]


def test_how_many_cases_a_role_may_hold_and_a_role_without_a_row_has_no_bound() -> None:
    assert {row.role for row in SHIPPED.capacity} == set(get_args(CaseRole))
    assert SHIPPED.capacity_of("protective_worker") == 30
    assert SHIPPED.capacity_of("visitor") is None


def test_the_steps_that_the_order_names_are_asked_for() -> None:
    kinds = {row.kind: row for row in SHIPPED.step}
    assert kinds["joint_call_out"].child_grade == 1
    assert kinds["integrated_team"].reasons == ("sexual_assault", "child_sexual_exploitation")
    assert (kinds["intensive_visit"].tags, kinds["intensive_visit"].every_days) == (("high_danger",), 7)
    assert not kinds["raised"].is_planned
    assert SHIPPED.step_of("raised") is kinds["raised"]
    assert SHIPPED.step_of("dance") is None


PLANTS: Mapping[str, tuple[tuple[str, str], str]] = {
    "a priority without a row": (
        ('[[desk.unclaimed]]\npriority = "routine"', '[[desk.unclaimed]]\npriority = "standard"'),
        "there is no row for routine",
    ),
    "a stage without a row": (('stage = "disputed"', 'stage = "screened"'), "there is no row for disputed"),
    "a clock that nobody knows": (('of = ["dispatch"', 'of = ["dispach"'), "is dispatch meant?"),
    "a last row that names something": (
        ('zh = "其餘時限"', 'of = ["family_visit"]\nzh = "其餘時限"'),
        "the last row names nothing",
    ),
    "a row for all the rest before the last": (
        ('of = ["joint_call_out", "integrated_team", "raised"]\n', ""),
        "only the last row may",
    ),
    "a clock that two rows name": (('"integrated_team", "raised"', '"integrated_team", "dispatch"'), "twice"),
    "a tag that nobody bears": (('tags = ["high_danger"]\n', 'tags = ["hot_danger"]\n'), "no tag hot_danger"),
    "a reason without points": (('reasons = ["life_dan', 'reasons = ["wife_dan'), "no reason that bears points"),
    "a step every week that nothing asks for": (('tags = ["high_danger"]\nevery', "every"), "every_days goes with"),
    "a rung that does not climb": (
        ('{ after_min = 10, tell = "centre_head", acknowledge_min = 10 }', '{ after_min = 10, tell = "holder" }'),
        "or higher ones",
    ),
    "a rung before the one before": (
        ('{ after_min = 10, tell = "centre_head", acknowledge_min = 10 }', '{ after_min = 4, tell = "centre_head" }'),
        "rings later",
    ),
    "warnings in the wrong order": (
        ("{ before_min = 4320, tell", "{ before_min = 14, tell"),
        "comes nearer",
    ),
    "a lease of no time": (("lease_min = 30", "lease_min = 0"), "at least 1"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "words"), PLANTS.values(), ids=list(PLANTS))
def test_what_would_leave_a_wait_unseen_is_a_fault(change: tuple[str, str], words: str) -> None:
    found = faults(change)
    assert any(words in fault for fault in found), found
    assert all(fault.startswith("desk") for fault in found)


def test_each_mistake_of_the_desk_is_told() -> None:
    found = faults(("lease_min = 30", 'lease_min = "30"'), ('stage = "disputed"', 'stage = "quarrel"'))
    assert len(found) == 2, found


def test_a_difference_names_the_row_and_the_field() -> None:
    text = shipped_text().replace("lease_min = 30", "lease_min = 20").replace("within_min = 120", "within_min = 60")
    new = read_policy(text)
    assert isinstance(new, Policy)
    assert list(changes(shipped().tables, new.tables)) == [
        Change("desk", Kind.CHANGED, field="lease_min", old=30, new=20),
        Change("desk step", Kind.CHANGED, "joint_call_out", "within_min", 120, 60),
    ]
    assert desk_of(new.tables).lease_min == 20
