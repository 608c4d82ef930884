"""A decision that is made again from its receipt is the same, to the byte."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from hypothesis import given, settings
from telling import NOON, STREAMS, TERMS, at, event, victim

from pipeline.contracts.vocabulary import Category
from pipeline.domain.assess import Settlement, assess
from pipeline.domain.decided_again import Kept, Verdict, decided_again
from pipeline.domain.docket import Docket
from pipeline.domain.facts import Facts
from pipeline.domain.policy.book import PolicyBook
from pipeline.domain.policy.policy import Policy
from pipeline.domain.policy.reading import read_policy, shipped, shipped_text
from pipeline.domain.receipt import Receipt, again, digest_of, packed, receipt_of, unpacked
from pipeline.domain.terms import TermsBook, shipped_terms
from pipeline.domain.weights import choose, weights


def decided(told: Sequence[Facts]) -> list[tuple[Settlement, Receipt]]:
    """Each event with its receipt as it comes back from where it was stored; redeliveries have none."""
    docket, found = Docket(), []
    for facts in told:
        settlement = assess(facts, docket, TERMS)
        if settlement.filed:
            stored = unpacked(packed(receipt_of(settlement, facts, docket, TERMS)))
            assert stored
            found.append((settlement, stored))
    return found


def facts_of(found: Sequence[tuple[Settlement, Receipt]]) -> dict[UUID, Facts]:
    return {receipt.decided.event_key: receipt.decided for _, receipt in found}


def kept(settlement: Settlement, receipt: Receipt | None) -> Kept:
    return Kept(settlement.facts.event_key, settlement.decision, NOON, receipt)


def other_policy() -> Policy:
    text = shipped_text().replace('version = "default-2026.1"', 'version = "other-1"')
    return read_policy(text.replace('code = "neglect", points = 5', 'code = "neglect", points = 7'))


@given(STREAMS)
@settings(max_examples=60, deadline=None)
def test_every_decision_of_any_stream_comes_out_the_same_from_what_it_read(told: list[Facts]) -> None:
    found = decided(told)
    facts = facts_of(found)
    for settlement, receipt in found:
        made = again(receipt, facts, shipped(), shipped_terms())
        assert made.decision.model_dump_json() == settlement.decision.model_dump_json()
        assert digest_of(made.decision) == receipt.digest


@given(STREAMS)
@settings(max_examples=30, deadline=None)
def test_a_receipt_comes_back_as_it_was_stored(told: list[Facts]) -> None:
    for settlement, receipt in decided(told):
        assert receipt.decided == settlement.facts
        assert receipt.versions.policy_digest == shipped().digest


def test_a_receipt_names_the_versions_that_were_read_and_not_their_words() -> None:
    mother = victim(name="林怡君", national_id="F252907845")
    found = decided([event("a", persons=mother), event("b", "clinic-0007", persons=mother)])
    first, second = (receipt for _, receipt in found)
    assert first.reads == frozenset()
    assert second.reads == {found[0][0].facts.event_key}


def test_of_how_full_centres_are_a_receipt_holds_the_case_s_own_county_and_that_is_enough() -> None:
    full = replace(TERMS.centres.centres["63000010-family"], capacity=1)
    centres = replace(TERMS.centres, centres={**TERMS.centres.centres, full.code: full})
    load = {full.code: 7, "63000020-family": 2, "65000010-family": 9, "gone": 1}
    terms = replace(TERMS, centres=centres, load=load)
    docket, told = (
        Docket(),
        event("a", categories=(Category.VULNERABLE_FAMILY,), persons=victim(address=at("臺北市", town="松山區"))),
    )
    settlement = assess(told, docket, terms)
    receipt = receipt_of(settlement, told, docket, terms)
    assert receipt.load == {full.code: 7, "63000020-family": 2}
    assert settlement.decision.centre == "63000020-family"
    made = again(receipt, {}, shipped(), TermsBook(PolicyBook(), centres))
    assert digest_of(made.decision) == receipt.digest


def test_the_decision_before_it_is_among_what_was_read() -> None:
    found = decided([event("a", categories=(Category.ELDER_PROTECTION,)), event("a2", report_no="no-a")])
    (case,) = found[1][1].cases
    assert case.standing
    assert case.standing.queue == found[0][0].decision.queue == "protective"
    assert case.version == 1


def test_another_policy_shows_what_it_would_have_decided() -> None:
    ((settlement, receipt),) = decided([event("a", indicators=("neglect",))])
    made = decided_again(kept(settlement, receipt), {}, other_policy(), shipped_terms())
    assert made.verdict is Verdict.OTHER
    assert {name for name, _, _ in made.differences} == {"score", "reasons", "policy_version"}


def test_the_same_policy_shows_no_difference() -> None:
    ((settlement, receipt),) = decided([event("a", indicators=("neglect",))])
    made = decided_again(kept(settlement, receipt), {}, shipped(), shipped_terms())
    assert (made.verdict, made.differences) == (Verdict.SAME, ())


def test_a_decision_that_was_changed_where_it_is_stored_comes_out_otherwise() -> None:
    ((settlement, receipt),) = decided([event("a")])
    forged = replace(kept(settlement, receipt), decision=settlement.decision.model_copy(update={"score": 99}))
    made = decided_again(forged, {}, shipped(), shipped_terms())
    assert made.verdict is Verdict.OTHER
    assert made.differences == (("score", 99, 0),)


def test_what_read_a_report_that_was_erased_since_says_so() -> None:
    mother = victim(name="林怡君", national_id="F252907845")
    found = decided([event("a", persons=mother), event("b", "clinic-0007", persons=mother)])
    made = decided_again(kept(*found[1]), {}, shipped(), shipped_terms())
    assert made.verdict is Verdict.READ_ERASED


def test_what_an_earlier_release_stored_cannot_be_made_again() -> None:
    ((settlement, _),) = decided([event("a")])
    assert unpacked(b'{"looked_at": []}') is None
    assert decided_again(kept(settlement, None), {}, shipped(), shipped_terms()).verdict is Verdict.NO_RECEIPT


def test_without_the_policy_weights_or_directory_it_was_made_by_it_is_not_made() -> None:
    ((settlement, receipt),) = decided([event("a")])
    one = kept(settlement, receipt)
    assert decided_again(one, {}, None, shipped_terms()).verdict is Verdict.POLICY_MISSING
    elsewhere = TermsBook(shipped_terms().policies, replace(shipped_terms().centres, version="other"))
    assert decided_again(one, {}, shipped(), elsewhere).verdict is Verdict.OTHER_DIRECTORY
    known = weights()
    try:
        choose(replace(known, version="other"))
        assert decided_again(one, {}, shipped(), shipped_terms()).verdict is Verdict.OTHER_WEIGHTS
    finally:
        choose(known)
