import json
from datetime import UTC, date, datetime

from following import STAMP, Desk, after
from hypothesis import given
from hypothesis import strategies as st
from telling import CHILD, MOTHER, NOON, STREAMS, TERMS, at, event, hours, known, victim

from pipeline.contracts.case import CaseEvent, QueueRecord, RecordKind
from pipeline.contracts.topics import CASE_EVENTS
from pipeline.contracts.vocabulary import Category, CrisisFlag, Priority, Queue, ReporterRole, Role
from pipeline.domain.assess import assess
from pipeline.domain.casefile import CaseState
from pipeline.domain.directory import Directory, Source
from pipeline.domain.docket import Docket
from pipeline.domain.facts import Facts
from pipeline.domain.normalise.reading import Reading, read_event
from pipeline.domain.notices import REASONS_MAX, Notice, notices

SOURCES = Directory({"hotline-113": Source("hotline-113", "hotline", ReporterRole.HOTLINE_WORKER, own_topic=True)})


def records(told: list[Notice]) -> list[QueueRecord]:
    return [QueueRecord.model_validate_json(n.body) for n in told if n.topic != CASE_EVENTS]


def case_events(told: list[Notice]) -> list[CaseEvent]:
    return [CaseEvent.model_validate_json(n.body) for n in told if n.topic == CASE_EVENTS]


def test_a_new_case_is_told_as_an_event_and_assigned_to_its_queue() -> None:
    told = after(event("a", persons=victim(current_place=at("臺北市", town="大安區")))).told
    assert [n.topic for n in told] == [CASE_EVENTS, "queue.family.v1"]
    (record,) = records(told)
    assert (record.kind, record.queue, record.case_version) == (RecordKind.ASSIGNED, Queue.FAMILY, 1)
    assert record.town is None, "routine cases are routed by residence; this one has none in this county"


def test_the_town_is_one_of_the_cases_county() -> None:
    (record,) = records(after(event("a", persons=victim(address=at("臺北市", town="大安區")))).told)
    assert (record.county, record.town) == ("臺北市", "大安區")


def test_who_works_along_and_who_must_be_told_stands_in_the_record() -> None:
    elder = victim(address=at("臺北市", town="松山區"), birth_date=date(1940, 1, 1))
    ipv = (Category.INTIMATE_PARTNER_VIOLENCE, Category.VULNERABLE_FAMILY)
    (record,) = records(after(event("a", categories=ipv, persons=elder, source_county="高雄市")).told)
    assert (record.centre, record.also_tell) == ("63000-protective", ("64000-protective",))
    assert record.sub_dispatch == ("63000010-family", "63000010-elder", "63000010-women-family")


def test_a_redelivery_tells_nothing() -> None:
    desk = after(event("a"), event("a"))
    assert notices(desk.settled[1], STAMP) == ()


def test_a_case_that_rises_is_withdrawn_from_the_queue_it_leaves_before_it_is_assigned_anew() -> None:
    desk = after(event("a"), event("b", report_no="no-a", crisis_flags=(CrisisFlag.CHILD_URGENT,)))
    told = notices(desk.settled[1], STAMP)
    assert [n.topic for n in told] == [CASE_EVENTS, "queue.family.v1", "queue.protective.v1"]
    gone, here = records(list(told))
    assert (gone.kind, gone.merged_into) == (RecordKind.WITHDRAWN, None)
    assert (here.kind, here.priority) == (RecordKind.ASSIGNED, Priority.IMMEDIATE)
    assert gone.case_version == here.case_version == 2


def test_a_case_that_becomes_an_alias_is_withdrawn_and_says_where_it_went() -> None:
    both = (known(0, national_id=MOTHER), known(1, national_id=CHILD))
    desk = after(
        event("a", persons=victim(national_id=MOTHER)),
        event("b", persons=victim(national_id=CHILD)),
        event("c", persons=both),
    )
    first, second, _ = (s.decision.case_id for s in desk.settled)
    told = list(notices(desk.settled[2], STAMP))
    gone, here = records(told)
    assert (gone.kind, gone.case_id, gone.merged_into) == (RecordKind.WITHDRAWN, second, first)
    assert (here.kind, here.case_id, here.reports) == (RecordKind.ASSIGNED, first, 3)
    merged, assessed = case_events(told)
    assert (merged.type, merged.case_id, merged.merged_into) == ("case.merged.v1", second, first)
    assert (assessed.type, assessed.absorbed) == ("case.assessed.v1", (second,))
    assert merged.absorbed == ()


def test_what_comes_for_a_closed_case_puts_it_on_nobodys_list_again() -> None:
    desk = after(event("a"))
    case = desk.settled[0].after
    assert case
    desk.set_state(case, CaseState.CLOSED)
    told = notices(desk.take(event("b", report_no="no-a", crisis_flags=(CrisisFlag.CHILD_URGENT,))), STAMP)
    assert {record.kind for record in records(list(told))} == {RecordKind.WITHDRAWN}
    assert [e.case_id for e in case_events(list(told))] == [case.case_id]


def test_the_next_deadline_is_the_earliest_of_all_incidents() -> None:
    mother = known(1, Role.CAREGIVER, national_id=MOTHER)
    desk = after(
        event("a", persons=(known(0, name="林大寶"), mother)),
        event("b", persons=(known(0, name="林小寶"), mother), clock_start=NOON - hours(200)),
    )
    record = records(desk.told)[-1]
    assert record.incidents == 2
    assert record.next_deadline == NOON - hours(176)


@given(STREAMS)
def test_every_place_that_a_case_leaves_is_told_and_only_its_present_one_is_left(events: list[Facts]) -> None:
    desk = after(*events)
    waiting: set[tuple[object, str, str]] = set()
    for record in records(desk.told):
        where = (record.case_id, record.queue.value, record.centre)
        if record.kind is RecordKind.ASSIGNED:
            waiting.add(where)
        else:
            assert where in waiting, "only what was assigned is withdrawn"
            waiting.remove(where)
    judged = {case.case_id: case.judged for case in desk.docket.cases.values()}
    assert waiting == {(c, standing.queue.value, routing.centre) for c, (standing, routing) in judged.items()}


@given(STREAMS)
def test_no_two_messages_share_an_id_and_versions_only_rise(events: list[Facts]) -> None:
    told = after(*events).told
    assert len({n.message_id for n in told}) == len(told)
    newest: dict[object, int] = {}
    for notice in told:
        assert notice.case_version >= newest.get(notice.case_id, 1)
        newest[notice.case_id] = notice.case_version


@given(STREAMS)
def test_the_same_events_are_told_in_the_same_bytes(events: list[Facts]) -> None:
    assert after(*events).told == after(*events).told


CANARY = "CANARY"
TEXTS = st.sampled_from([f"{CANARY}王小明", f"{CANARY} A123456789", f"0912{CANARY}", f"臺北市大安區{CANARY}路1號", ""])
PERSON_TEXTS = (
    *("name", "code_name", "national_id", "birth_date", "sex", "address", "registered_address"),
    *("current_place", "relationship_to_victim", "school"),
)
PERSON = st.fixed_dictionaries(
    {"role": st.sampled_from(["victim", "caregiver", f"{CANARY}"])},
    optional=dict.fromkeys(PERSON_TEXTS, TEXTS)
    | {
        "phones": st.lists(TEXTS, max_size=2),
        "conditions": st.lists(TEXTS, max_size=2),
        "safe_contact": st.fixed_dictionaries({"time": TEXTS, "way": TEXTS, "person": TEXTS}),
    },
)
DATA = st.fixed_dictionaries(
    {
        "report_no": TEXTS.map(lambda t: f"n{t}"),
        "channel": TEXTS.filter(bool),
        "received_at": st.sampled_from(["2026-03-02T12:00:00+08:00", CANARY]),
        "categories": st.lists(st.sampled_from(["child_protection", CANARY]), max_size=2),
        "persons": st.lists(PERSON, min_size=1, max_size=2),
        "narrative": TEXTS,
        "occurred_place": TEXTS,
        "occurred_at": TEXTS,
        "indicators": st.lists(st.sampled_from(["neglect", f"{CANARY}_seen"]), max_size=2),
        "crisis_flags": st.lists(st.sampled_from(["insists_now", CANARY]), max_size=2),
        "related_report_nos": st.lists(TEXTS, max_size=2),
        "reporter": st.dictionaries(st.sampled_from(["role", "name", "phone", "organisation"]), TEXTS),
        CANARY: TEXTS,
    }
)
IDS = st.sampled_from([f"{CANARY} 1", f"{CANARY}王", f"{CANARY}-A123456789", f"{CANARY}-0912345678", "plain-1"])


@given(st.lists(st.tuples(IDS, DATA), min_size=1, max_size=4))
def test_no_word_of_a_sender_is_ever_told(sent: list[tuple[str, dict[str, object]]]) -> None:
    desk = Desk()
    for event_id, data in sent:
        document = {
            "specversion": "1.0",
            "id": event_id,
            "source": "/sources/hotline-113",
            "type": "report.submitted.v1",
            "time": "2026-03-02T12:00:00+08:00",
            "extension": CANARY,
            "data": data,
        }
        reading = read_event(json.dumps(document).encode(), (), datetime(2026, 3, 2, tzinfo=UTC), SOURCES)
        assert isinstance(reading, Reading)
        desk.take(reading.facts)
    for notice in desk.told:
        told = json.dumps(json.loads(notice.body), ensure_ascii=False) + notice.event_id + notice.topic
        assert CANARY not in told
        assert "大安區" not in told or '"town": "大安區"' in told
        assert not {"A123456789", "0912345678", "王小明"} & set(told.split('"'))


def test_a_queue_record_holds_no_more_than_its_published_fields() -> None:
    desk = after(event("a", categories=(Category.CHILD_PROTECTION,), persons=victim(name="林小寶", national_id=CHILD)))
    for notice in desk.told:
        assert "林小寶" not in notice.body.decode()
        assert CHILD not in notice.body.decode()
        assert "no-a" not in notice.body.decode()


def test_a_settlement_that_changed_nothing_needs_no_docket_of_its_own() -> None:
    docket = Docket()
    assert assess(event("a"), docket, TERMS).after
    assert assess(event("a"), docket, TERMS).after is None


def test_a_record_names_the_gravest_reasons_and_counts_the_rest() -> None:
    desk = after(event("many", indicators=("injury_visible", *(f"unheard-of-{n}" for n in range(200)))))
    record = json.loads(next(n for n in desk.told if n.topic.startswith("queue.")).body)
    assert len(record["reasons"]) == REASONS_MAX
    assert "injury_visible" in {reason["code"] for reason in record["reasons"]}
    assert record["reasons_left_out"] == len(desk.settled[0].decision.reasons) - REASONS_MAX > 0
