import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import ValidationError

from pipeline.contracts.decision import Decision, Reason
from pipeline.contracts.vocabulary import LinkClass, Outcome, Priority, Queue

ID = UUID("11111111-1111-5111-8111-111111111111")


def settled() -> Decision:
    return Decision(
        event_id="e-1",
        outcome=Outcome.CASE,
        link_class=LinkClass.INITIAL,
        incident_id=ID,
        case_id=ID,
        household_id=ID,
        queue=Queue.PROTECTIVE,
        also=("family",),
        priority=Priority.IMMEDIATE,
        child_grade=1,
        tags=("high_danger",),
        county="臺北市",
        centre="63000-protective",
        score=8,
        reasons=(Reason(code="injury_visible", points=8, field="indicators[0]", zh="可見傷勢", en="A visible injury"),),
        clocks={"dispatch": datetime(2026, 3, 2, 16, 30, tzinfo=UTC)},
        faults=("name_masked:persons[0].name",),
        policy_version="bureau-2026.2",
    )


def test_a_decision_is_written_in_the_order_of_its_fields_with_taipeis_offset() -> None:
    line = json.loads(settled().model_dump_json())

    assert list(line) == [
        "event_id",
        "outcome",
        "link_class",
        "incident_id",
        "case_id",
        "household_id",
        "queue",
        "also",
        "priority",
        "child_grade",
        "tags",
        "county",
        "centre",
        "score",
        "reasons",
        "clocks",
        "faults",
        "policy_version",
    ]
    assert line["clocks"] == {"dispatch": "2026-03-03T00:30:00+08:00"}
    assert line["reasons"] == [
        {"code": "injury_visible", "points": 8, "field": "indicators[0]", "zh": "可見傷勢", "en": "A visible injury"}
    ]
    assert line["policy_version"] == "bureau-2026.2"


def test_a_decision_that_was_written_is_read_as_the_same() -> None:
    assert Decision.model_validate_json(settled().model_dump_json()) == settled()


def test_a_dead_letter_has_only_its_outcome_and_faults_and_no_policy_judged_it() -> None:
    line = json.loads(Decision(event_id=None, outcome=Outcome.DEAD_LETTER, faults=("not_json",)).model_dump_json())

    assert {name for name, value in line.items() if value} == {"outcome", "faults"}
    assert line["policy_version"] is line["score"] is line["queue"] is line["link_class"] is None


def test_a_decision_cannot_be_changed_nor_bear_unknown_words() -> None:
    with pytest.raises(ValidationError):
        settled().__setattr__("queue", Queue.FAMILY)
    with pytest.raises(ValidationError):
        Decision.model_validate({"event_id": "e-1", "outcome": "case", "name": "x"})


def test_points_below_nothing_and_times_without_an_offset_are_refused() -> None:
    with pytest.raises(ValidationError):
        Reason(code="a", points=-1, field="x")
    with pytest.raises(ValidationError):
        Decision.model_validate({"event_id": "e", "outcome": "case", "clocks": {"dispatch": "2026-03-02T00:00:00"}})
