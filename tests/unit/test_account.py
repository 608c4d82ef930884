"""A case explains itself: why here, why now, by when, and what would change it."""

from dataclasses import replace
from datetime import date

import pytest
from following import Desk
from hypothesis import given, settings
from telling import STREAMS, TERMS, at, born, event, safety, tipvda

from pipeline.contracts.vocabulary import Category, CrisisFlag, Priority, Queue, SafetyResult
from pipeline.domain.account import Account, account_of
from pipeline.domain.casefile import CaseFile
from pipeline.domain.facts import Facts
from pipeline.domain.policy.conditions import PRIORITY_RANK


def case_of(*told: Facts) -> CaseFile:
    desk = Desk()
    for facts in told:
        desk.take(facts)
    (case,) = desk.docket.cases.values()
    return case


def account(*told: Facts) -> Account:
    return account_of(case_of(*told), TERMS.policy)


def row(of: Account, what: str) -> str:
    return next(b.row for b in of.because if b.what == what)


def test_each_part_names_the_row_that_decided_it_and_the_fields_that_met_it() -> None:
    found = account(event("a", categories=(Category.VULNERABLE_FAMILY,), indicators=("confinement",)))
    assert (row(found, "queue"), row(found, "priority")) == ("lethality_or_confinement", "confinement")
    assert next(b.fields for b in found.because if b.what == "queue") == ("indicators[0]",)
    assert {b.row for b in found.because if b.what == "also"} == {"family"}


def test_what_was_seen_and_what_was_assessed_stand_apart() -> None:
    found = account(
        event("a", indicators=("injury_visible",), crisis_flags=(CrisisFlag.INSISTS_NOW,), forms=tipvda(1, 7))
    )
    assert {r.code for r in found.observed} == {"injury_visible"}
    assert {r.code for r in found.assessed} == {"insists_now", "tipvda_strangulation", "tipvda_stalking"}


def test_every_clock_names_its_law_and_its_words() -> None:
    found = account(event("a", forms=safety(SafetyResult.UNSAFE)))
    assert [c.clock for c in found.clocks] == ["dispatch", "child_grading", "child_visit", "child_report"]
    assert all(c.law and c.words.zh and c.words.en for c in found.clocks)


def test_what_alone_keeps_a_case_high_is_named_with_where_it_would_stand_without_it() -> None:
    found = account(event("a", categories=(Category.VULNERABLE_FAMILY,), crisis_flags=(CrisisFlag.LIFE_THREATENED,)))
    (sinking,) = found.sinking
    assert sinking.field == "crisis_flags[0]"
    assert (sinking.to.queue, sinking.to.priority) == (Queue.FAMILY, Priority.ROUTINE)


def test_a_case_that_rests_on_an_age_says_so() -> None:
    found = account(
        event(
            "a",
            categories=(Category.VULNERABLE_FAMILY,),
            indicators=("injury_visible",),
            persons=born(date(2023, 1, 1)),
        )
    )
    assert "persons[0].birth_date" in {s.field for s in found.sinking}


def test_the_countys_why_is_that_of_the_source_where_no_place_names_one() -> None:
    assert row(account(event("a", source_county="屏東縣")), "county") == "county_assumed"
    assert row(account(event("a")), "county") == "county_unknown"
    assert row(account(event("a", occurred_place=at("屏東縣"))), "county") == "residence_first"


def test_of_two_dangers_of_one_weight_neither_alone_keeps_it() -> None:
    flags = (CrisisFlag.LIFE_THREATENED, CrisisFlag.LIFE_DANGER_REPEAT)
    assert account(event("a", crisis_flags=flags)).sinking == ()


def test_one_answer_of_eight_keeps_the_danger_high() -> None:
    found = account(event("a", forms=tipvda(2, 3, 7, 8, 9, 10, 11, 12)))
    assert {s.field for s in found.sinking} == {f"instruments.tipvda.items.{n}" for n in (2, 3, 7, 8, 9, 10, 11, 12)}


def test_only_graver_rows_would_raise_it() -> None:
    found = account(event("a", categories=(Category.SEXUAL_ASSAULT,)))
    assert {b.to for b in found.rising} == {"immediate"}
    assert account(event("a", crisis_flags=(CrisisFlag.CHILD_URGENT,), persons=born(None))).rising == ()


def test_a_case_that_stands_higher_than_what_is_told_now_shows_both() -> None:
    case = case_of(event("a"))
    standing, _ = case.judged
    found = account_of(replace(case, standing=replace(standing, priority=Priority.URGENT)), TERMS.policy)
    assert found.by_now.priority is Priority.ROUTINE


def test_a_case_that_nothing_was_decided_of_cannot_be_explained() -> None:
    with pytest.raises(ValueError, match="not been judged"):
        account_of(replace(case_of(event("a")), standing=None), TERMS.policy)


@given(STREAMS)
@settings(max_examples=40, deadline=None)
def test_any_case_explains_itself_and_what_is_left_out_only_lowers(told: list[Facts]) -> None:
    desk = Desk()
    for facts in told:
        desk.take(facts)
    for case in desk.docket.cases.values():
        found = account_of(case, TERMS.policy)
        assert {b.what for b in found.because} >= {"queue", "priority", "child_grade", "county"}
        assert len(found.observed) + len(found.assessed) == len(case.judged[0].reasons)
        assert all(PRIORITY_RANK[s.to.priority] <= PRIORITY_RANK[found.by_now.priority] for s in found.sinking)
