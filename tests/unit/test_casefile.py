import pytest
from following import after
from telling import MOTHER, NOON, event, hours, victim

from pipeline.contracts.ids import derived
from pipeline.domain.casefile import CaseFile, Incident, Report

FIRST = Report(derived("report", "1"), 1, (event("a"),))
SECOND = Report(derived("report", "2"), 2, (event("b"),))
INCIDENT = Incident(derived("incident", "1"), (FIRST, SECOND))
CASE = CaseFile(derived("case", "1"), derived("household", "1"), (INCIDENT,))


def test_a_case_is_as_old_as_its_first_report() -> None:
    late = Incident(derived("incident", "3"), (Report(derived("report", "3"), 3, (event("c"),)),))
    assert CaseFile(CASE.case_id, CASE.household_id, (late, INCIDENT)).arrival_no == 1


def test_a_case_that_nothing_was_decided_of_stands_nowhere() -> None:
    with pytest.raises(ValueError, match="not been judged"):
        _ = CASE.judged


def test_a_case_finds_its_incidents_by_id_and_by_report() -> None:
    assert CASE.incident(INCIDENT.incident_id) is INCIDENT
    assert CASE.incident_of(SECOND.report_id) is INCIDENT


def test_two_contents_of_one_id_and_time_keep_one_order_whichever_came_first() -> None:
    one, other = event("a", persons=victim(national_id=MOTHER)), event("a")
    empty = Report(FIRST.report_id, 1, ())
    assert empty.with_version(one).with_version(other) == empty.with_version(other).with_version(one)
    swapped = [after(*order).docket for order in ((one, other), (other, one))]
    newest = [r.newest.content_key for d in swapped for c in d.cases.values() for r in c.reports]
    assert newest[0] == newest[1]


def test_the_newest_version_is_the_one_that_was_sent_last() -> None:
    early, late = event("z", sent_at=NOON), event("a", sent_at=NOON + hours(1))
    assert Report(FIRST.report_id, 1, ()).with_version(late).with_version(early).newest is late


def test_an_incident_shows_its_reports_in_order_of_arrival() -> None:
    assert [r.arrival_no for r in INCIDENT.view.reports] == [1, 2]
    assert CASE.next.version == 1
