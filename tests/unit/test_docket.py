from following import after
from telling import CHILD, MOTHER, event, known, victim

from pipeline.domain.docket import Docket
from pipeline.domain.link import Key, KeyKind, bears, event_key

MOTHERS = event("a", persons=victim(national_id=MOTHER))
CHILDS = event("b", persons=victim(national_id=CHILD))
BOTHS = event("c", persons=(known(0, national_id=MOTHER), known(1, national_id=CHILD)))


def test_an_empty_docket_knows_nobody() -> None:
    docket = Docket()
    assert docket.bearers(event_key(MOTHERS)) == {}
    assert docket.reports_with(event_key(MOTHERS)) == ()


def test_a_report_is_found_by_each_of_its_keys_with_its_source() -> None:
    desk = after(MOTHERS)
    report_id = desk.settled[0].report_id
    for key in (event_key(MOTHERS), bears("no-a"), Key(KeyKind.IDENTITY, MOTHER)):
        assert desk.docket.bearers(key) == {report_id: "hotline-113"}
    assert [r.report_id for r in desk.docket.reports_with(event_key(MOTHERS))] == [report_id]
    assert desk.docket.holds(report_id)


def test_an_absorbed_case_is_gone_and_its_reports_lead_to_the_case_that_stays() -> None:
    desk = after(MOTHERS, CHILDS, BOTHS)
    first, second, third = desk.settled
    assert set(desk.docket.cases) == {first.decision.case_id}
    assert desk.docket.case_of(second.report_id) is third.after


def test_the_decision_of_every_event_stays_as_it_was_made() -> None:
    desk = after(MOTHERS, CHILDS, BOTHS)
    assert {s.facts.event_key: s.decision for s in desk.settled} == desk.docket.decisions
