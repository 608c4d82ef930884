"""What a policy in shadow would say of a case, and how it is added up."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telling import any_facts, told

from pipeline.contracts.vocabulary import Category, Priority, Queue
from pipeline.data import deployed
from pipeline.domain.assess import Settlement, assess
from pipeline.domain.docket import Docket
from pipeline.domain.facts import Facts
from pipeline.domain.policy.reading import SHIPPED, read_policy
from pipeline.domain.policy.shadow import Differs, Tally, differences, said, way
from pipeline.domain.terms import shipped_terms

AT = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
TERMS = shipped_terms().at(AT)
TEXT = deployed("policy").joinpath(SHIPPED).read_text("utf-8")


def settled(facts: Facts) -> Settlement:
    return assess(facts, Docket(), TERMS)


def beside(facts: Facts, *changes: tuple[str, str]) -> Differs:
    """What the shipped policy with these changes says otherwise."""
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    settlement = settled(facts)
    assert settlement.after
    other = shipped_terms().under(read_policy(text), AT)
    return differences(TERMS, other, settlement.after, settlement.report_id)


@given(any_facts())
def test_the_policy_in_force_says_nothing_otherwise_than_itself_nor_than_the_decision_of_a_new_case(
    facts: Facts,
) -> None:
    settlement = settled(facts)
    assert settlement.after
    assert differences(TERMS, TERMS, settlement.after, settlement.report_id) == {}
    what, decision = said(TERMS, settlement.after, settlement.report_id), settlement.decision
    assert (what["queue"], what["priority"], what["child_grade"]) == (
        decision.queue,
        decision.priority,
        decision.child_grade,
    )
    assert (what["county"], what["centre"], what["score"]) == (decision.county, decision.centre, decision.score)
    clocks = {name.removeprefix("clock "): due for name, due in what.items() if name.startswith("clock ")}
    assert clocks == {name: due.isoformat() for name, due in decision.clocks.items()}


NEGLECTED = told(Category.INTIMATE_PARTNER_VIOLENCE, indicators=("neglect",))


def test_what_moves_is_told_from_and_to() -> None:
    assert beside(NEGLECTED) == {}
    assert beside(NEGLECTED, ('code = "neglect", points = 5', 'code = "neglect", points = 7')) == {"score": [15, 17]}
    faster = beside(
        NEGLECTED, ('name = "every_incident"\ndue = { hours = 24 }', 'name = "every_incident"\ndue = { hours = 12 }')
    )
    assert faster == {"clock dispatch": ["2026-03-03T12:00:00+08:00", "2026-03-03T00:00:00+08:00"]}


def test_a_policy_that_judges_lower_shows_it_though_cases_only_ever_rise() -> None:
    urgent = told(Category.OTHER, indicators=("confinement",))
    lower = beside(
        urgent,
        (
            'when = { told = "indicator", any_of = ["confinement"] }',
            'when = { told = "indicator", any_of = ["sold_or_forced"] }',
        ),
    )
    assert lower["priority"] == ["urgent", "standard"]


@pytest.mark.parametrize(
    ("name", "one", "other", "how"),
    [
        ("queue", "family", "protective", "family → protective"),
        ("child_grade", None, 1, "none → 1"),
        ("child_grade", 2, None, "2 → none"),
        ("county", None, "臺北市", "another"),
        ("centre", "A", "B", "another"),
        ("score", 10, 12, "higher"),
        ("score", 10, 0, "lower"),
        ("clock visit", None, "2026-03-03T12:00:00+08:00", "starts"),
        ("clock visit", "2026-03-03T12:00:00+08:00", None, "does not start"),
        ("clock visit", "2026-03-03T12:00:00+08:00", "2026-03-03T11:59:59+08:00", "earlier"),
        ("clock visit", "2026-03-03T12:00:00+08:00", "2026-03-03T12:00:00.5+08:00", "later"),
    ],
)
def test_how_it_moves_is_told_in_a_few_words(
    name: str, one: str | int | None, other: str | int | None, how: str
) -> None:
    assert way(name, one, other) == how


def test_the_gravest_sort_comes_first_and_of_one_sort_the_most_frequent_with_the_newest_to_open() -> None:
    tally = Tally()
    for n in range(7):
        tally.add(f"event-{n}", {"score": [1, 2], "priority": ["standard", "urgent"]})
    tally.add("event-7", {"priority": ["urgent", "standard"], "clock dispatch": [None, "x"], "queue": ["a", "b"]})
    tally.add("event-8", {})
    tally.add("event-9", {"failed": [None, "KeyError"]})
    assert (tally.judged, tally.otherwise, tally.failed) == (9, 8, {"KeyError": 1})
    assert [(what, how, m.reports) for what, how, m in tally.rows()] == [
        ("queue", "a → b", 1),
        ("priority", "standard → urgent", 7),
        ("priority", "urgent → standard", 1),
        ("clock dispatch", "starts", 1),
        ("score", "higher", 7),
    ]
    assert list(next(m for what, _, m in tally.rows() if what == "score").such_as) == [
        f"event-{n}" for n in range(2, 7)
    ]


@given(st.lists(st.tuples(st.sampled_from(list(Queue)), st.sampled_from(list(Priority)))))
def test_every_report_is_counted_once_for_each_thing_that_moves(moves: list[tuple[Queue, Priority]]) -> None:
    tally = Tally()
    for n, (queue, priority) in enumerate(moves):
        tally.add(str(n), {"queue": [Queue.FAMILY, queue], "priority": [Priority.ROUTINE, priority]})
    for sort in ("queue", "priority"):
        assert sum(m.reports for what, _, m in tally.rows() if what == sort) == len(moves)
