"""The laws of the desk's state machine, and the page that shows it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.desk import (
    HELD,
    MEETS,
    NOT_OPEN_REASONS,
    OPEN,
    RETURNS_MAX,
    SHORT_REASONS,
    TRANSITIONS,
    By,
    CloseResult,
    DeskAct,
    Holder,
    Stage,
    Transition,
    next_stage,
)
from pipeline.domain.desk_drawn import act_table, drawing, reason_table, stage_table
from pipeline.domain.desk_words import ACTS, REASONS, RESULTS, STAGES, SYSTEM_REASONS, WHO

PAGE = (Path(__file__).parents[2] / "docs" / "desk.md").read_text("utf-8")
BY_PEOPLE = [row for row in TRANSITIONS.values() if row.allowed is not By.SYSTEM]
BY_SUPERVISORS = {By.SUPERVISOR, By.OTHER_SUPERVISOR, By.PLATFORM}
ACTS_OF_SYSTEM = {DeskAct.LAPSE, DeskAct.MOVE, DeskAct.HOLDER_GONE}
open_stages = st.sampled_from(sorted(OPEN))


def reached(start: Stage, rows: list[Transition]) -> set[Stage]:
    seen, left = {start}, [start]
    while left:
        at = left.pop()
        new = {row.next_stage for row in rows if row.stage is at} - seen
        seen |= new
        left += new
    return seen


@pytest.mark.parametrize("stage", sorted(OPEN))
def test_from_every_open_stage_people_can_bring_a_case_to_its_close(stage: Stage) -> None:
    assert Stage.CLOSED in reached(stage, BY_PEOPLE)


@pytest.mark.parametrize("stage", sorted(OPEN))
def test_every_open_stage_is_left_by_an_act_of_people_that_needs_no_clock(stage: Stage) -> None:
    assert {row.next_stage for row in BY_PEOPLE if row.stage is stage} - {stage}


def test_a_waiting_case_can_come_to_every_stage_that_the_desk_knows() -> None:
    assert reached(Stage.WAITING, list(TRANSITIONS.values())) | {Stage.WITH_SUPERVISOR} == OPEN | {Stage.CLOSED}


@pytest.mark.parametrize("stage", sorted(OPEN))
def test_a_supervisor_can_go_on_with_any_open_case_whoever_holds_it(stage: Stage) -> None:
    able = {By.HOLDER_OR_SUPERVISOR, *BY_SUPERVISORS}
    assert any(row.stage is stage and row.allowed in able for row in BY_PEOPLE)


def test_nobody_opens_a_closed_case_again_but_a_supervisor_who_says_why() -> None:
    (row,) = [row for row in TRANSITIONS.values() if row.stage is Stage.CLOSED]
    assert (row.act, row.allowed, bool(row.reasons)) == (DeskAct.REOPEN, By.SUPERVISOR, True)


def test_a_case_is_not_opened_by_two_people_alone() -> None:
    to_closed = {row.act: row.allowed for row in TRANSITIONS.values() if row.next_stage is Stage.CLOSED}
    assert to_closed == {
        DeskAct.SIGN_NOT_OPEN: By.OTHER_SUPERVISOR,
        DeskAct.CLOSE: By.HOLDER,
    }
    assert {row.stage for row in TRANSITIONS.values() if row.act is DeskAct.SIGN_NOT_OPEN} == {Stage.NOT_OPENING}
    assert {row.act for row in TRANSITIONS.values() if row.next_stage is Stage.NOT_OPENING} == {
        DeskAct.PROPOSE_NOT_OPEN
    }
    closed_from = {row.stage for row in TRANSITIONS.values() if row.act is DeskAct.CLOSE}
    assert closed_from == {Stage.ACCEPTED, Stage.IN_SERVICE}, "only what somebody was responsible for is closed by one"


def test_the_system_never_closes_opens_or_gives_a_case_to_anybody() -> None:
    for row in TRANSITIONS.values():
        if row.allowed is By.SYSTEM:
            assert row.act in ACTS_OF_SYSTEM
            assert (row.holder, row.reasons) == (Holder.NOBODY, frozenset())
            assert row.next_stage in {Stage.WAITING, Stage.WITH_SUPERVISOR}
        else:
            assert row.act not in ACTS_OF_SYSTEM


@given(row=st.sampled_from(sorted(TRANSITIONS.values())))
def test_a_stage_is_held_after_an_act_just_where_the_act_leaves_a_holder(row: Transition) -> None:
    match row.holder:
        case Holder.ACTOR | Holder.NAMED:
            assert row.next_stage in HELD
        case Holder.NOBODY:
            assert row.next_stage not in HELD
        case Holder.AS_BEFORE:
            assert {row.stage, row.next_stage} <= HELD


@given(row=st.sampled_from(BY_PEOPLE))
def test_who_holds_no_case_any_more_was_its_holder_or_is_a_supervisor(row: Transition) -> None:
    if row.stage in HELD and row.holder is Holder.NOBODY:
        assert row.allowed in {By.HOLDER, By.HOLDER_OR_SUPERVISOR, By.OTHER_SUPERVISOR}


@given(stage=open_stages, returns=st.integers(0, 10))
def test_the_third_return_and_every_later_one_goes_to_a_supervisor(stage: Stage, returns: int) -> None:
    to = next_stage(DeskAct.RETURN, stage, returns)
    assert to in {None, Stage.WITH_SUPERVISOR if returns + 1 >= RETURNS_MAX else Stage.WAITING}
    assert (to is None) == ((DeskAct.RETURN, stage) not in TRANSITIONS)


@given(act=st.sampled_from(DeskAct), stage=st.sampled_from(Stage), returns=st.integers(0, 10))
def test_a_case_that_is_merged_or_erased_is_past_every_act(act: DeskAct, stage: Stage, returns: int) -> None:
    to = next_stage(act, stage, returns)
    assert to not in {Stage.MERGED, Stage.ERASED}
    assert to is None or stage not in {Stage.MERGED, Stage.ERASED}


def test_what_takes_a_case_from_somebody_or_ends_it_asks_why() -> None:
    needless = {DeskAct.GIVE_BACK, DeskAct.SCREEN_OPEN, DeskAct.SIGN_NOT_OPEN, DeskAct.ESCALATE_DISPUTE}
    for row in BY_PEOPLE:
        if row.holder is Holder.NOBODY:
            assert bool(row.reasons) != (row.act in needless), row


def test_only_acts_that_can_be_done_meet_a_clock() -> None:
    assert set(MEETS) <= {row.act for row in BY_PEOPLE}


def reasons_asked() -> Iterator[str]:
    for row in TRANSITIONS.values():
        yield from row.reasons


def test_every_code_has_its_words_and_no_word_is_without_a_code() -> None:
    assert set(REASONS) == set(reasons_asked())
    assert set(STAGES) == set(Stage)
    assert set(ACTS) == set(DeskAct)
    assert set(WHO) == set(By)
    assert set(RESULTS) == set(CloseResult)
    for words in (*REASONS.values(), *SYSTEM_REASONS.values(), *STAGES.values(), *ACTS.values(), *WHO.values()):
        assert re.search(r"[\u4e00-\u9fff]", words.zh)
        assert words.en.isascii()


def test_each_letter_of_the_national_dictionary_stands_for_one_reason() -> None:
    assert sorted(NOT_OPEN_REASONS.values()) == list("ABCDEFGHIJZ")
    assert sorted(SHORT_REASONS.values()) == list("ABCDEFZ")


@pytest.mark.parametrize("made", [drawing, act_table, stage_table, reason_table], ids=lambda made: made.__name__)
def test_the_page_shows_the_machine_that_the_desk_works_by(made: type[str]) -> None:
    assert made() in PAGE
