from collections import Counter
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from following import Desk, after, filed, looked_up
from hypothesis import given, settings
from hypothesis import strategies as st
from telling import CHILD, FATHER, MOTHER, NOON, STREAMS, TERMS, any_event, at, event, hours, known, victim

from pipeline.contracts.vocabulary import Category, CrisisFlag, Indicator, LinkClass, Outcome, Priority, Queue, Role
from pipeline.domain.assess import Settlement, assess
from pipeline.domain.casefile import CaseState
from pipeline.domain.facts import Facts
from pipeline.domain.filing import CROWDED, IN_HAND
from pipeline.domain.regroup import CASE_REPORTS_MAX

CLINIC, PARTNER = "clinic-0007", "partner-01"
QUEUES, PRIORITIES = list(Queue), list(Priority)

MOTHERS = event("mothers", persons=victim(national_id=MOTHER), occurred_at=NOON)
CHILDS = event("childs", CLINIC, persons=victim(national_id=CHILD), occurred_at=NOON)
BOTHS = event(
    "boths",
    PARTNER,
    persons=(known(0, national_id=MOTHER), known(1, national_id=CHILD)),
    occurred_at=NOON,
    clock_start=NOON - hours(3),
)
LATER = {"occurred_at": NOON + hours(300), "clock_start": NOON + hours(301)}


def what(settlement: Settlement) -> tuple[Outcome, LinkClass | None]:
    return settlement.decision.outcome, settlement.decision.link_class


# Redelivery, reused ids, reused numbers


def test_the_same_event_again_repeats_the_stored_decision_and_changes_nothing() -> None:
    desk = after(MOTHERS)
    first = desk.settled[0].decision
    desk.take(event("more", report_no=MOTHERS.report_no, crisis_flags=(CrisisFlag.CHILD_URGENT,)))
    cases = dict(desk.docket.cases)
    again = desk.take(MOTHERS)
    assert what(again) == (Outcome.REDELIVERY, LinkClass.REDELIVERY)
    assert again.decision == first.model_copy(
        update={"outcome": Outcome.REDELIVERY, "link_class": LinkClass.REDELIVERY}
    )
    assert again.after is None
    assert desk.docket.cases == cases


def test_an_event_of_a_case_that_has_become_an_alias_is_still_known() -> None:
    desk = after(MOTHERS, CHILDS, BOTHS)
    again = desk.take(CHILDS)
    assert again.decision.outcome is Outcome.REDELIVERY
    assert again.decision.case_id == desk.settled[1].decision.case_id
    assert desk.incident_of(again) == desk.incident_of(desk.settled[0])


def test_the_same_id_with_other_content_is_an_amendment_and_a_fault() -> None:
    desk = after(MOTHERS)
    changed = replace(MOTHERS, content_key=b"other", report_no="another")
    second = desk.take(changed)
    assert what(second) == (Outcome.AMENDMENT, LinkClass.AMENDMENT)
    assert second.decision.faults == ("id_reused",)
    assert desk.take(changed).decision.outcome is Outcome.REDELIVERY
    assert desk.take(changed).decision.faults == ("id_reused",)
    assert desk.take(MOTHERS).decision.faults == ()


def test_the_same_id_of_another_source_is_another_event() -> None:
    desk = after(MOTHERS)
    assert desk.take(event("mothers", CLINIC)).decision.link_class is LinkClass.INITIAL


def test_a_reused_id_whose_victims_contradict_is_a_report_of_its_own() -> None:
    desk = after(MOTHERS)
    other = desk.take(event("mothers", persons=victim(national_id=CHILD, name="陳志明")))
    assert what(other) == (Outcome.CASE, LinkClass.INITIAL)
    assert other.decision.faults == ("report_no_reused",)
    assert other.facts.event_key != desk.settled[0].facts.event_key
    assert len(desk.docket.cases) == 2


def test_a_reused_number_whose_victims_contradict_is_a_report_of_its_own() -> None:
    desk = after(event("a", report_no="7", persons=victim(name="林怡君")))
    own = desk.take(event("b", report_no="7", persons=victim(name="陳志明")))
    assert what(own) == (Outcome.CASE, LinkClass.INITIAL)
    assert own.decision.faults == ("report_no_reused",)


def test_an_amendment_goes_to_the_bearer_of_a_reused_number_whose_victims_agree() -> None:
    desk = after(
        event("a", report_no="7", persons=victim(name="林怡君")),
        event("b", report_no="7", persons=victim(name="陳志明")),
    )
    assert desk.take(event("c", report_no="7", persons=victim(name="林怡君"))).report_id == desk.settled[0].report_id
    assert desk.take(event("d", report_no="7", persons=victim(name="陳志明"))).report_id == desk.settled[1].report_id
    nameless = desk.take(event("e", report_no="7", persons=victim()))
    assert nameless.report_id == desk.settled[1].report_id, "the one that arrived last is the likelier"


def test_victims_are_compared_with_those_of_every_version() -> None:
    desk = after(
        event("a", report_no="7", persons=victim(name="林怡君")),
        event("b", report_no="7", persons=(known(name="林怡君"), known(1, name="林小寶"))),
        event("c", report_no="7", persons=victim(name="林小寶"), sent_at=NOON + hours(9)),
    )
    assert desk.take(event("d", report_no="7", persons=victim(name="林怡君"))).decision.faults == ()


def test_reports_whose_number_could_not_be_read_are_not_versions_of_one_another() -> None:
    desk = after(event("a", report_no=""), event("b", report_no=""))
    assert [s.decision.link_class for s in desk.settled] == [LinkClass.INITIAL] * 2


# Amendments


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_versions_order_by_time_then_id_however_they_arrive(order: tuple[int, ...]) -> None:
    versions = [
        event("b", report_no="7", sent_at=NOON),
        event("a", report_no="7", sent_at=NOON + hours(1)),
        event("c", report_no="7", sent_at=NOON + hours(1)),
    ]
    desk = after(*(versions[i] for i in order))
    report = desk.docket.report(desk.settled[0].report_id)
    assert [v.event_id for v in report.versions] == ["b", "a", "c"]


def test_places_come_from_the_newest_version_and_dangers_from_all() -> None:
    newest = event("b", report_no="7", sent_at=NOON + hours(2), occurred_place=at("新北市"))
    older = event(
        "a", report_no="7", sent_at=NOON, occurred_place=at("臺北市"), crisis_flags=(CrisisFlag.LIFE_THREATENED,)
    )
    for events in ((older, newest), (newest, older)):
        decision = after(*events).settled[-1].decision
        assert (decision.county, decision.priority) == ("新北市", Priority.IMMEDIATE)


def test_county_tags_follow_the_present_county() -> None:
    desk = after(event("a", report_no="7"))
    assert "county_unknown" in desk.settled[0].decision.tags
    found = desk.take(event("b", report_no="7", sent_at=NOON + hours(1), occurred_place=at("臺北市")))
    assert found.decision.tags == ()


def test_an_amendment_never_lowers_and_never_moves_a_clock_later() -> None:
    first = event(
        "a",
        categories=(Category.CHILD_PROTECTION,),
        persons=victim(name="林小寶"),
        indicators=(Indicator.INJURY_VISIBLE, Indicator.AGE_UNDER_6),
    )
    desk = after(first)
    second = desk.take(event("b", report_no=first.report_no, clock_start=NOON + hours(20)))
    one, two = desk.settled[0].decision, second.decision
    assert (two.queue, two.priority, two.child_grade, two.clocks) == (one.queue, one.priority, 1, one.clocks)
    assert two.score == one.score


def test_a_known_at_that_an_amendment_brings_starts_the_clocks_earlier() -> None:
    desk = after(event("a", report_no="7"))
    earlier = desk.take(event("b", report_no="7", clock_start=NOON - hours(5), sent_at=NOON + hours(1)))
    assert earlier.decision.clocks["dispatch"] == NOON + hours(19)


def test_an_amendment_of_a_closed_case_stays_with_its_report() -> None:
    desk = after(MOTHERS, CHILDS)
    case = desk.settled[0].after
    assert case
    desk.set_state(case, CaseState.CLOSED)
    told = desk.take(
        event("more", report_no=MOTHERS.report_no, persons=BOTHS.persons, occurred_at=NOON, sent_at=NOON + hours(1))
    )
    assert told.decision.case_id == case.case_id
    assert told.decision.link_class is LinkClass.AMENDMENT
    assert [ask.reasons[-1] for ask in told.asks] == [IN_HAND]


@pytest.mark.parametrize(
    "news",
    [
        {"occurred_place": at("高雄市")},
        {"categories": (Category.CHILD_PROTECTION,), "indicators": (Indicator.INJURY_VISIBLE,)},
    ],
    ids=["another county", "another queue"],
)
@pytest.mark.parametrize("is_closed", [True, False])
def test_a_closed_case_stays_where_it_was_closed_whatever_comes_and_an_open_one_moves(
    *, news: dict[str, Any], is_closed: bool
) -> None:
    told = {"report_no": "7", "categories": (Category.VULNERABLE_FAMILY,), "occurred_place": at("臺北市")}
    desk = after(event("a", **told))
    case = desk.settled[0].after
    assert case
    assert case.routing
    desk.set_state(case, CaseState.CLOSED if is_closed else CaseState.CLAIMED)
    moved = desk.take(event("b", **told | {"sent_at": NOON + hours(1)} | news)).after
    assert moved
    assert moved.routing
    assert (moved.routing.centre == case.routing.centre) is is_closed
    assert moved.case_id == case.case_id


# Quotes


@pytest.mark.parametrize("quoter_first", [True, False])
def test_a_quoted_number_links_in_either_order_of_arrival(*, quoter_first: bool) -> None:
    bearer = event("bearer", report_no="H-1", clock_start=NOON - hours(9000))
    quoter = event("quoter", CLINIC, related_report_nos=("H-1",), occurred_at=NOON)
    desk = after(*((quoter, bearer) if quoter_first else (bearer, quoter)))
    assert what(desk.settled[1]) == (Outcome.DUPLICATE, LinkClass.DUPLICATE)
    assert filed(desk.settled[1]).reasons[0] == "report_no_quoted:clear"
    assert desk.settled[0].decision.incident_id == desk.settled[1].decision.incident_id
    assert desk.settled[1].decision.clocks["dispatch"] == NOON - hours(8976)


def test_a_quote_may_be_written_in_other_letters_and_spaces() -> None:
    desk = after(event("a", report_no="H-001a"), event("b", CLINIC, related_report_nos=(" Ｈ - 001A",)))
    assert desk.settled[1].decision.link_class is LinkClass.DUPLICATE


def test_a_number_of_the_own_source_links_nothing() -> None:
    desk = after(event("a", report_no="1"), event("b", report_no="2", related_report_nos=("1", "2")))
    assert desk.settled[1].decision.link_class is LinkClass.INITIAL


def test_a_report_may_quote_a_number_that_is_also_its_own() -> None:
    desk = after(event("a", report_no="1"), event("b", CLINIC, report_no="1", related_report_nos=("1",)))
    assert desk.settled[1].decision.link_class is LinkClass.DUPLICATE


def test_a_number_that_an_older_version_bears_is_still_quoted() -> None:
    renumbered = replace(event("a", report_no="new", sent_at=NOON + hours(1)), content_key=b"renumbered")
    desk = after(event("a", report_no="old"), renumbered, event("b", CLINIC, related_report_nos=("old",)))
    assert desk.settled[2].decision.link_class is LinkClass.DUPLICATE


def test_a_quote_that_an_amendment_brings_joins_two_cases_and_the_older_id_stays() -> None:
    bearer = event("bearer", report_no="H-1", clock_start=NOON - hours(9))
    plain, quoting = event("plain", CLINIC), event("quoting", CLINIC, report_no="no-plain", related_report_nos=("H-1",))
    for first, second in ((bearer, plain), (plain, bearer)):
        desk = after(first, second, quoting)
        last = desk.settled[2]
        assert last.decision.link_class is LinkClass.AMENDMENT
        assert last.decision.case_id == desk.settled[0].decision.case_id
        assert [gone.case.case_id for gone in filed(last).absorbed] == [desk.settled[1].decision.case_id]
        assert len({desk.incident_of(s) for s in desk.settled}) == 1
        assert last.decision.clocks["dispatch"] == NOON + hours(15)


def test_a_person_is_asked_when_several_reports_bear_the_quoted_number() -> None:
    bearers = event("a", report_no="H-1"), event("b", PARTNER, report_no="H-1")
    quoter = event("quoter", CLINIC, related_report_nos=("H-1",))
    desk = after(*bearers, quoter)
    assert desk.settled[2].decision.link_class is LinkClass.INITIAL
    assert {ask.other_report_id for ask in desk.settled[2].asks} == {s.report_id for s in desk.settled[:2]}
    assert desk.settled[2].asks[0].reasons == ("report_no_quoted", "report_no_borne_by_several")
    later = after(quoter, *bearers)
    assert [s.decision.link_class for s in later.settled] == [
        LinkClass.INITIAL,
        LinkClass.DUPLICATE,
        LinkClass.INITIAL,
    ]
    assert [ask.other_report_id for ask in later.settled[2].asks] == [later.settled[0].report_id]


def test_a_report_of_the_quoting_source_that_bears_the_number_makes_it_no_less_clear() -> None:
    desk = after(
        event("own", CLINIC, report_no="H-1"),
        event("meant", report_no="H-1"),
        event("quoter", CLINIC, related_report_nos=("H-1",)),
    )
    assert desk.settled[2].decision.incident_id == desk.settled[1].decision.incident_id
    assert not desk.settled[2].asks


def test_of_several_bearers_the_one_with_the_same_victim_is_linked_and_the_other_asked_about() -> None:
    desk = after(
        event("a", report_no="H-1", persons=victim(national_id=MOTHER)),
        event("b", PARTNER, report_no="H-1"),
        event("quoter", CLINIC, related_report_nos=("H-1",), persons=victim(national_id=MOTHER)),
    )
    last = desk.settled[2]
    assert last.decision.incident_id == desk.settled[0].decision.incident_id
    assert [ask.other_report_id for ask in last.asks] == [desk.settled[1].report_id]


def test_a_person_is_asked_when_the_victims_of_a_quoted_report_contradict() -> None:
    desk = after(
        event("a", report_no="H-1", persons=victim(name="林怡君")),
        event("b", CLINIC, related_report_nos=("H-1",), persons=victim(name="陳志明")),
    )
    assert desk.settled[1].decision.link_class is LinkClass.INITIAL
    assert [ask.reasons for ask in desk.settled[1].asks] == [("report_no_quoted", "victims_contradict")]


# Households


def test_another_victim_of_a_household_at_another_time_makes_a_new_incident_with_clocks_of_its_own() -> None:
    mother = known(1, Role.CAREGIVER, national_id=MOTHER)
    desk = after(
        event("a", persons=(known(0, name="林大寶"), mother), occurred_at=NOON),
        event("b", CLINIC, persons=(known(0, name="林小寶"), mother), **LATER),
    )
    one, two = (s.decision for s in desk.settled)
    assert (two.outcome, two.link_class) == (Outcome.CASE, LinkClass.NEW_INCIDENT)
    assert one.case_id == two.case_id
    assert one.household_id == two.household_id
    assert one.incident_id != two.incident_id
    assert two.clocks["dispatch"] == NOON + hours(325)


def test_a_perpetrator_alone_makes_no_new_incident() -> None:
    desk = after(
        event("a", persons=(known(0, name="林怡君"), known(1, Role.ALLEGED_PERPETRATOR, national_id=FATHER))),
        event("b", persons=(known(0, name="周玉蘭"), known(1, Role.ALLEGED_PERPETRATOR, national_id=FATHER))),
    )
    assert desk.settled[1].decision.link_class is LinkClass.INITIAL
    assert not desk.settled[1].asks


def test_the_kind_of_danger_does_not_part_two_reports_of_one_incident() -> None:
    desk = after(
        replace(MOTHERS, categories=(Category.INTIMATE_PARTNER_VIOLENCE,)),
        event("b", CLINIC, categories=(Category.SUICIDE_RISK,), persons=victim(national_id=MOTHER), occurred_at=NOON),
    )
    assert desk.settled[1].decision.link_class is LinkClass.DUPLICATE


def test_of_two_incidents_within_reach_the_nearer_one_is_told_of() -> None:
    desk = after(
        MOTHERS,
        event("b", CLINIC, persons=victim(national_id=MOTHER), occurred_at=NOON + hours(90)),
        event("c", PARTNER, persons=victim(national_id=MOTHER), occurred_at=NOON + hours(89)),
    )
    first, second, third = (s.decision.incident_id for s in desk.settled)
    assert third == second != first
    assert len(next(iter(desk.docket.cases.values())).incidents) == 2


def test_a_bridge_between_two_waiting_cases_joins_them_and_what_is_one_happening() -> None:
    desk = after(replace(MOTHERS, crisis_flags=(CrisisFlag.CHILD_URGENT,)), CHILDS, BOTHS)
    last = desk.settled[2]
    assert last.decision.link_class is LinkClass.DUPLICATE
    assert last.decision.case_id == desk.settled[0].decision.case_id
    assert [gone.case.case_id for gone in filed(last).absorbed] == [desk.settled[1].decision.case_id]
    assert len({desk.incident_of(s) for s in desk.settled}) == 1
    assert last.decision.clocks["dispatch"] == NOON + hours(21)
    assert last.decision.priority is Priority.IMMEDIATE


def test_a_bridge_leaves_happenings_apart_that_time_sets_apart() -> None:
    desk = after(MOTHERS, replace(CHILDS, **LATER), replace(BOTHS, occurred_at=NOON + hours(2)))
    assert len(desk.docket.cases) == 1
    assert desk.incident_of(desk.settled[2]) == desk.incident_of(desk.settled[0])
    assert desk.incident_of(desk.settled[1]) != desk.incident_of(desk.settled[0])


def test_a_new_incident_that_an_amendment_dates_anew_joins_the_incident_it_tells_of() -> None:
    again = event("b", CLINIC, persons=victim(national_id=MOTHER), **LATER)
    desk = after(MOTHERS, again)
    assert desk.settled[1].decision.link_class is LinkClass.NEW_INCIDENT
    dated = event("c", CLINIC, report_no="no-b", persons=again.persons, occurred_at=NOON, sent_at=NOON + hours(999))
    assert desk.take(dated).decision.incident_id == desk.settled[0].decision.incident_id


def test_a_claimed_case_is_never_joined_without_a_person() -> None:
    desk = after(MOTHERS, CHILDS)
    case = desk.settled[1].after
    assert case
    desk.set_state(case, CaseState.CLAIMED)
    last = desk.take(BOTHS)
    assert filed(last).absorbed == ()
    assert len(desk.docket.cases) == 2
    (elsewhere,) = {s.report_id for s in desk.settled[:2] if s.decision.case_id != last.decision.case_id}
    assert [(ask.other_report_id, ask.reasons[-1]) for ask in last.asks] == [(elsewhere, IN_HAND)]


def test_a_claimed_case_takes_in_a_report_of_its_own_household() -> None:
    desk = after(MOTHERS)
    case = desk.settled[0].after
    assert case
    desk.set_state(case, CaseState.CLAIMED)
    last = desk.take(event("b", CLINIC, persons=victim(national_id=MOTHER), **LATER))
    assert last.decision.link_class is LinkClass.NEW_INCIDENT
    assert last.after
    assert (last.after.case_id, last.after.state) == (case.case_id, CaseState.CLAIMED)


def test_a_report_on_a_closed_case_is_a_re_report_that_keeps_the_household() -> None:
    desk = after(MOTHERS)
    case = desk.settled[0].after
    assert case
    desk.set_state(case, CaseState.CLOSED)
    last = desk.take(event("b", CLINIC, persons=victim(national_id=MOTHER), occurred_at=NOON))
    assert what(last) == (Outcome.CASE, LinkClass.RE_REPORT)
    assert last.after
    assert last.after.linked_case_id == case.case_id
    assert last.after.household_id == case.household_id
    assert last.decision.case_id != case.case_id
    third = desk.take(event("c", PARTNER, persons=victim(national_id=MOTHER), occurred_at=NOON))
    assert (third.decision.case_id, third.decision.link_class) == (last.decision.case_id, LinkClass.DUPLICATE)


def test_a_case_that_takes_in_a_re_report_stays_linked_with_the_closed_one() -> None:
    desk = after(MOTHERS)
    closed = desk.settled[0].after
    assert closed
    desk.set_state(closed, CaseState.CLOSED)
    desk.take(CHILDS)
    desk.take(event("again", PARTNER, persons=victim(national_id=MOTHER), **LATER))
    joined = desk.take(event("boths", PARTNER, persons=BOTHS.persons, **LATER)).after
    assert joined
    assert joined.case_id == desk.settled[1].decision.case_id
    assert (joined.linked_case_id, joined.household_id) == (closed.case_id, closed.household_id)


# Whatever comes, in whatever order


@given(STREAMS)
def test_every_event_is_settled_once(events: list[Facts]) -> None:
    desk = after(*events)
    kept = [v.event_key for c in desk.docket.cases.values() for r in c.reports for v in r.versions]
    written = [s.facts.event_key for s in desk.settled if s.after]
    assert Counter(kept) == Counter(written)
    assert len(set(kept)) == len(kept)
    assert len(written) == len({(f.source, f.event_id, f.content_key) for f in events})


@given(STREAMS, st.data())
def test_a_redelivery_anywhere_changes_nothing(events: list[Facts], data: st.DataObject) -> None:
    plain = after(*events)
    position = data.draw(st.integers(1, len(events)))
    again = data.draw(st.sampled_from(events[:position]))
    desk = after(*events[:position])
    cases = dict(desk.docket.cases)
    repeated = desk.take(again)
    assert repeated.after is None
    assert desk.docket.cases == cases
    desk.take_all(events[position:])
    del desk.settled[position]
    assert [s.decision for s in desk.settled] == [s.decision for s in plain.settled]


@given(st.lists(any_event(), min_size=2, max_size=4, unique_by=lambda f: f.event_id), st.data())
def test_the_order_of_amendments_does_not_change_the_newest_view(events: list[Facts], data: st.DataObject) -> None:
    versions = [replace(f, source="hotline-113", report_no="7", persons=victim(name="林怡君")) for f in events]
    mixed = data.draw(st.permutations(versions))
    one, other = after(*versions), after(*mixed)
    assert one.docket.report(one.settled[0].report_id).newest == other.docket.report(other.settled[0].report_id).newest


@given(STREAMS)
def test_a_case_never_stands_lower_than_before(events: list[Facts]) -> None:
    desk = Desk()
    for facts in events:
        homes = {r.report_id: c for c in desk.docket.cases.values() for r in c.reports}
        desk.take(facts)
        for report_id, before in homes.items():
            (then, _), (now, _) = before.judged, desk.docket.case_of(report_id).judged
            assert QUEUES.index(now.queue) >= QUEUES.index(then.queue)
            assert PRIORITIES.index(now.priority) >= PRIORITIES.index(then.priority)
            assert (now.child_grade or 3) <= (then.child_grade or 3)
            assert now.also >= then.also
            assert now.tags >= then.tags
            assert now.score >= then.score


@given(STREAMS)
def test_the_clocks_over_a_report_never_move_later_and_never_stop(events: list[Facts]) -> None:
    desk = Desk()
    due: dict[object, dict[str, object]] = {}
    for facts in events:
        desk.take(facts)
        for case in desk.docket.cases.values():
            for incident in case.incidents:
                for report in incident.reports:
                    before = due.get(report.report_id, {})
                    assert all(incident.clocks[clock] <= then for clock, then in before.items())  # type: ignore[operator]
                    due[report.report_id] = dict(incident.clocks)


@given(STREAMS)
def test_every_report_stands_in_one_incident_of_one_live_case(events: list[Facts]) -> None:
    desk = after(*events)
    filed = Counter(r.report_id for c in desk.docket.cases.values() for i in c.incidents for r in i.reports)
    assert set(filed) == {s.report_id for s in desk.settled}
    assert set(filed.values()) == {1}
    incidents = Counter(i.incident_id for c in desk.docket.cases.values() for i in c.incidents)
    assert set(incidents.values()) == {1}


@given(STREAMS, st.data())
def test_a_case_in_hand_is_never_absorbed_and_a_closed_one_takes_no_other_report(
    events: list[Facts], data: st.DataObject
) -> None:
    desk = Desk()
    states = st.sampled_from([CaseState.WAITING, CaseState.CLAIMED, CaseState.CLOSED])
    for facts in events:
        held = dict(desk.docket.cases)
        settled = desk.take(facts)
        gone = settled.filed.absorbed if settled.filed else ()
        assert all(c.case.state is CaseState.WAITING for c in gone)
        case = settled.after
        if case and held.get(case.case_id, case).state is CaseState.CLOSED:
            assert {r.report_id for r in case.reports} == {r.report_id for r in held[case.case_id].reports}
        desk.set_state(desk.docket.case_of(settled.report_id), data.draw(states))


@given(STREAMS)
def test_nobody_is_asked_about_reports_of_one_incident_nor_twice_at_once(events: list[Facts]) -> None:
    desk = Desk()
    for facts in events:
        settled = desk.take(facts)
        others = [ask.other_report_id for ask in settled.asks]
        assert len(set(others)) == len(others)
        for other in others:
            case = desk.docket.case_of(other)
            assert case.incident_of(other).incident_id != settled.decision.incident_id


@settings(max_examples=300)
@given(STREAMS)
def test_what_the_keys_of_an_event_lead_to_is_all_that_its_decision_needs(events: list[Facts]) -> None:
    desk = Desk()
    for facts in events:
        narrow = assess(facts, looked_up(desk.docket, facts), TERMS)
        whole = desk.take(facts)
        assert narrow.decision == whole.decision
        assert [f.report.report_id for f in narrow.found] == [f.report.report_id for f in whole.found]
        if narrow.filed or whole.filed:
            one, other = filed(narrow), filed(whole)
            assert (one.asks, one.reasons) == (other.asks, other.reasons)
            assert [(gone.case.case_id, gone.into) for gone in one.absorbed] == [
                (gone.case.case_id, gone.into) for gone in other.absorbed
            ]
            assert [c.after.case_id for c in one.changes] == [c.after.case_id for c in other.changes]


def test_reports_with_nothing_in_common_make_cases_of_their_own() -> None:
    desk = after(*(event(f"e{n}") for n in range(5)))
    assert len({s.decision.case_id for s in desk.settled}) == 5


# Crowds


def test_a_case_never_grows_into_a_crowd_by_itself_and_a_person_is_asked() -> None:
    told = [
        event(f"default-id-{n}", persons=victim(national_id=MOTHER), occurred_at=NOON)
        for n in range(CASE_REPORTS_MAX + 5)
    ]
    desk = after(*told)
    assert max(len(case.reports) for case in desk.docket.cases.values()) == CASE_REPORTS_MAX
    assert sum(len(case.reports) for case in desk.docket.cases.values()) == len(told)
    first_over = desk.settled[CASE_REPORTS_MAX]
    assert what(first_over) == (Outcome.CASE, LinkClass.INITIAL)
    assert [ask.reasons[-1] for ask in first_over.asks] == [CROWDED]
    assert first_over.decision.priority is desk.settled[0].decision.priority


def test_a_bridge_never_joins_two_cases_into_a_crowd() -> None:
    half = CASE_REPORTS_MAX // 2 + 1
    mothers = [event(f"m{n}", persons=victim(national_id=MOTHER), occurred_at=NOON) for n in range(half)]
    childs = [event(f"c{n}", persons=victim(national_id=CHILD), occurred_at=NOON) for n in range(half)]
    desk = after(*mothers, *childs)
    bridge = desk.take(BOTHS)
    assert filed(bridge).absorbed == ()
    assert len(desk.docket.cases) == 2
