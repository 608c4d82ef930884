"""What an event becomes whose first telling was erased."""

from uuid import UUID

from telling import TERMS, event, victim

from pipeline.contracts.vocabulary import LinkClass, Outcome
from pipeline.domain.assess import assess, report_begun_by, reused_key
from pipeline.domain.docket import Docket, Gone
from pipeline.domain.facts import Facts

FIRST = event("a")
OTHER = event("a", persons=victim(name="林大寶"))


def erased(*, contents: frozenset[bytes] = frozenset(), facts: Facts = FIRST) -> Docket:
    """A docket that knows a decision of this event and can open nothing of it."""
    there = Docket()
    settled = assess(facts, there, TERMS)
    gone = Docket()
    gone.decisions[settled.facts.event_key] = settled.decision
    gone.gone[facts.event_key] = Gone(facts.event_key, report_begun_by(facts.event_key), contents)
    return gone


def test_the_same_message_repeats_its_decision_and_opens_nothing() -> None:
    docket = erased(contents=frozenset({FIRST.content_key}))
    again = assess(FIRST, docket, TERMS)
    assert (again.filed, again.decision.outcome) == (None, Outcome.REDELIVERY)
    assert again.decision.link_class is LinkClass.REDELIVERY
    assert again.decision.case_id == docket.decisions[FIRST.event_key].case_id
    assert (again.facts.event_key, again.report_id) == (FIRST.event_key, report_begun_by(FIRST.event_key))
    assert docket.cases == {}


def test_another_content_under_its_id_is_a_report_of_its_own_and_noted() -> None:
    docket = erased(contents=frozenset({FIRST.content_key}))
    new = assess(OTHER, docket, TERMS)
    assert (new.decision.outcome, new.facts.faults) == (Outcome.CASE, ("id_reused",))
    assert new.facts.event_key == reused_key(OTHER) != FIRST.event_key
    again = assess(OTHER, docket, TERMS)
    assert again.decision.outcome is Outcome.REDELIVERY


def test_what_cannot_be_compared_is_not_passed_over() -> None:
    new = assess(FIRST, erased(), TERMS)
    assert (new.decision.outcome, new.facts.event_key) == (Outcome.CASE, reused_key(FIRST))


def test_a_later_content_that_was_erased_too_is_known_by_its_key() -> None:
    docket = erased(contents=frozenset({FIRST.content_key}))
    key = reused_key(OTHER)
    docket.gone[key] = Gone(key, UUID(int=9))
    docket.decisions[key] = docket.decisions[FIRST.event_key]
    again = assess(OTHER, docket, TERMS)
    assert (again.decision.outcome, again.facts.event_key, again.report_id) == (Outcome.REDELIVERY, key, UUID(int=9))


def test_an_erased_event_that_a_restored_database_has_not_settled_is_filed_alone() -> None:
    docket = erased(contents=frozenset({FIRST.content_key}))
    docket.decisions.clear()
    assess(event("b", "clinic-0001"), docket, TERMS)
    alone = assess(FIRST, docket, TERMS)
    assert alone.decision.outcome is Outcome.CASE
    assert len(docket.cases) == 2
    assert alone.facts.event_key == FIRST.event_key
