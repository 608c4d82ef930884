import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
from bad_input import BAD_INPUTS, BadInput, good_data, good_event
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from telling import TERMS, answer_to, form, safety, tipvda
from test_envelope import HEADERS, JSON

from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.envelope import Unreadable, UnreadableCode
from pipeline.contracts.jsontext import Json, canonical
from pipeline.contracts.limits import FORM_FIELDS_MAX, FORMS_MAX
from pipeline.contracts.report_examples import EXAMPLES
from pipeline.contracts.vocabulary import Category, CrisisFlag, Role, SafetyResult, Sex
from pipeline.domain.assess import assess
from pipeline.domain.directory import load_directory
from pipeline.domain.docket import Docket
from pipeline.domain.facts import Facts, Person, Place
from pipeline.domain.link import sought_keys, stored_keys
from pipeline.domain.normalise.notes import FAULTS_MAX, ITEMS_MAX
from pipeline.domain.normalise.reading import EARLIEST, Reading, read_event

DIRECTORY = load_directory(
    "source,kind,role,county\nhotline-113,hotline,hotline_worker,\nclinic-0005,clinic,medical,臺南市\n"
)
ARRIVED = datetime(2026, 3, 5, 12, tzinfo=UTC)
TEN = datetime(2026, 3, 2, 10, tzinfo=TAIPEI)
BSRS5 = {"items.1": 2, "items.2": 1, "items.3": 3, "items.4": 0, "items.5": 2, "suicide_idea": 1}


def read(value: bytes, arrived_at: datetime = ARRIVED) -> Reading:
    reading = read_event(value, (), arrived_at, DIRECTORY)
    assert isinstance(reading, Reading)
    return reading


def facts(**data: Json) -> Facts:
    event = good_event("x")
    return read(json.dumps({**event, "data": {**good_data("x"), **data}}).encode()).facts


def facts_of(**attributes: Json) -> Facts:
    return read(json.dumps({**good_event("x"), **attributes}).encode()).facts


def person(**fields: Json) -> Person:
    return facts(persons=[{"role": "victim", **fields}]).persons[0]


def test_a_report_is_read_whole() -> None:
    read_facts = read(json.dumps(EXAMPLES[1]).encode()).facts
    assert isinstance(read_facts.event_key, UUID)
    assert read_facts.source == "clinic-0005"
    assert read_facts.source_county == "臺南市"
    assert read_facts.report_no == "C5-2026-88"
    assert read_facts.related_report_nos == ("113-20260302-0417",)
    assert read_facts.sent_at == read_facts.received_at == datetime(2026, 3, 3, 9, 30, tzinfo=TAIPEI)
    assert read_facts.clock_start == datetime(2026, 3, 3, 8, 50, tzinfo=TAIPEI)
    assert read_facts.occurred_at is None
    assert read_facts.categories == (Category.INTIMATE_PARTNER_VIOLENCE, Category.MENTAL_HEALTH)
    assert read_facts.indicators == ("injury_visible", "medical_evidence_needed")
    assert read_facts.forms == (*tipvda(1, 2, judged_high=True), *form("bsrs5", BSRS5))
    assert read_facts.persons == (
        Person(
            index=0,
            role=Role.VICTIM,
            name="王詠晴",
            national_id="A234567893",
            birth_date=date(1988, 6, 4),
            registered_address=Place(("臺南市",), "永康區", "中山路1號"),
            current_place=Place(("臺中市",), "北區", "某醫院"),
        ),
    )
    assert read_facts.faults == ()


def test_the_other_example_is_read_whole() -> None:
    read_facts = read(json.dumps(EXAMPLES[0]).encode()).facts
    assert read_facts.source_county is None
    assert read_facts.crisis_flags == (CrisisFlag.LIFE_THREATENED,)
    assert read_facts.occurred_place == Place(("臺中市",), "西屯區", "福星路100號5樓")
    victim, perpetrator, child = read_facts.persons
    assert (victim.name, victim.masked, victim.sex, victim.conditions) == ("王○晴", True, Sex.FEMALE, ("pregnant",))
    assert victim.phones == ("0900123450",)
    assert (perpetrator.name, perpetrator.masked) == ("陳", True)
    assert (child.role, child.birth_date) == (Role.CHILD_WITNESS, date(2021, 5, 9))
    assert read_facts.faults == ()


@pytest.mark.parametrize("bad", BAD_INPUTS, ids=[bad.name for bad in BAD_INPUTS])
def test_every_bad_input_ends_as_expected_and_soon(bad: BadInput) -> None:
    began = time.monotonic()
    reading = read_event(bad.value, bad.headers, ARRIVED, DIRECTORY)
    assert time.monotonic() - began < 5
    assert isinstance(reading, Reading) == (bad.expectation == "accepted")
    if isinstance(reading, Reading):
        assert read(canonical(dict(reading.document))).facts == reading.facts
        assert len(reading.facts.faults) <= FAULTS_MAX + 10


def test_every_bad_input_has_a_name_of_its_own() -> None:
    assert len({bad.name for bad in BAD_INPUTS}) == len(BAD_INPUTS)


@pytest.mark.parametrize("field", ["report_no", "channel", "received_at", "categories", "persons"])
@pytest.mark.parametrize("absent", [True, False])
def test_a_required_field_that_is_missing_or_null_is_named(field: str, *, absent: bool) -> None:
    data = good_data("x")
    data[field] = None
    if absent:
        del data[field]
    value = json.dumps({**good_event("x"), "data": data}).encode()
    assert read_event(value, (), ARRIVED, DIRECTORY) == Unreadable(UnreadableCode.FIELD_MISSING, field, "bad-input x")


def test_a_report_without_any_person_is_unreadable() -> None:
    value = json.dumps({**good_event("x"), "data": {**good_data("x"), "persons": [{"name": "王小明"}]}}).encode()
    assert read_event(value, (), ARRIVED, DIRECTORY) == Unreadable(UnreadableCode.NO_PERSON, "persons", "bad-input x")


def test_a_person_without_role_is_left_out_and_the_others_keep_their_positions() -> None:
    read_facts = facts(persons=[{"name": "王小明"}, {"role": "victim"}])
    assert [p.index for p in read_facts.persons] == [1]
    assert read_facts.faults == ("person_without_role:persons[0]",)


def test_unknown_words_keep_their_positions_as_other() -> None:
    read_facts = facts(
        categories=["x", "mental_health", None], crisis_flags=["assessed_need", 3], indicators=["x", "neglect", 5]
    )
    assert read_facts.categories == (Category.OTHER, Category.MENTAL_HEALTH, Category.OTHER)
    assert read_facts.crisis_flags == (CrisisFlag.ASSESSED_NEED, CrisisFlag.OTHER)
    assert read_facts.indicators == ("x", "neglect", "5")
    assert "word_unknown:categories[0]" in read_facts.faults
    assert "word_unknown:crisis_flags[1]" in read_facts.faults
    assert "text_expected:indicators[2]" in read_facts.faults


def test_an_unknown_role_counts_as_other() -> None:
    assert facts(persons=[{"role": "neighbour"}]).persons == (Person(0, Role.OTHER),)


def test_times_that_cannot_be_read_are_replaced_in_their_order() -> None:
    assert facts(received_at="?").received_at == TEN
    assert facts(received_at="?").faults == ("time_unreadable:received_at",)
    assert facts_of(time=None).sent_at == TEN
    nothing = facts_of(time="?", data={**good_data("x"), "received_at": "?"})
    assert nothing.received_at == nothing.sent_at == nothing.clock_start == ARRIVED


def test_the_clock_starts_when_the_reporter_knew() -> None:
    assert facts(known_at="2026-03-02T08:00:00+08:00").clock_start == TEN - timedelta(hours=2)
    assert facts(known_at=None).clock_start == TEN
    assert facts(known_at="?").clock_start == TEN


def test_what_was_known_after_it_was_received_starts_the_clock_at_receipt() -> None:
    read_facts = facts(known_at="2026-03-02T10:00:01+08:00")
    assert read_facts.clock_start == TEN
    assert read_facts.faults == ("known_after_received:known_at",)
    assert facts(known_at="2026-03-02T02:00:00Z").faults == ()


def test_a_time_without_offset_or_far_ahead_is_noted_and_used() -> None:
    read_facts = facts(received_at="2026-03-02T10:00:00", occurred_at="2027-03-02T10:00:00+08:00")
    assert read_facts.received_at == TEN
    assert read_facts.occurred_at == datetime(2027, 3, 2, 10, tzinfo=TAIPEI)
    assert read_facts.faults == ("offset_missing:received_at", "time_in_future:occurred_at")


def test_a_birth_date_is_judged_by_the_day_of_receipt_in_taipei() -> None:
    late = {"received_at": "2026-03-01T16:30:00Z", "persons": [{"role": "victim", "birth_date": "2026-03-02"}]}
    assert facts(**late).persons[0].birth_date == date(2026, 3, 2)
    early = facts(**{**late, "received_at": "2026-03-01T15:30:00Z"})
    assert early.persons[0].birth_date is None
    assert early.faults == ("birth_date_unreadable:persons[0].birth_date",)


def test_a_doubtful_birth_date_is_used_and_noted() -> None:
    read_facts = facts(persons=[{"role": "victim", "birth_date": "民國1988年6月4日"}])
    assert read_facts.persons[0].birth_date == date(1988, 6, 4)
    assert read_facts.faults == ("birth_date_doubtful:persons[0].birth_date",)


def test_a_code_name_is_no_name() -> None:
    assert person(code_name="A-31").name is None
    assert person(name="A-31", code_name="A-31").name is None
    assert person(name="ａ-31", code_name="A-31 ").name is None
    assert person(name="王小明", code_name="A-31").name == "王小明"
    assert person(name="王小明", code_name=" ").name == "王小明"


def test_what_is_not_known_of_a_person_is_no_fault() -> None:
    empty = {
        "role": "victim",
        "name": "",
        "national_id": " ",
        "birth_date": "",
        "phones": [],
        "address": " ",
        "sex": None,
    }
    read_facts = facts(persons=[empty])
    assert read_facts.persons == (Person(0, Role.VICTIM),)
    assert read_facts.faults == ()


def test_a_wrong_identity_number_or_phone_is_noted_and_left_out() -> None:
    read_facts = facts(
        persons=[{"role": "victim", "national_id": "A123456788", "phones": ["113", "0912-345-678", "+886912345678"]}]
    )
    assert read_facts.persons[0].national_id is None
    assert read_facts.persons[0].phones == ("0912345678",)
    assert read_facts.faults == ("national_id_invalid:persons[0].national_id", "phone_unreadable:persons[0].phones[0]")


def test_only_true_and_only_the_fifteen_items_count() -> None:
    items = {"1": True, "2": "true", "3": 1, "4": False, "16": True, "01": True, "15": True}
    read_facts = facts(instruments={"tipvda": {"items": items, "judged_high": 1}})
    assert read_facts.forms == tipvda(1, 15)
    assert read_facts.faults == (
        "out_of_range:instruments.tipvda.items",
        "boolean_expected:instruments.tipvda.items.2",
        "boolean_expected:instruments.tipvda.items.3",
        "boolean_expected:instruments.tipvda.judged_high",
    )


@pytest.mark.parametrize(
    ("idea", "expected"), [(0, 0), (4, 4), (5, None), (-1, None), ("2", None), (True, None), (2.0, None), (None, None)]
)
def test_a_suicide_idea_is_zero_to_four(idea: Json, expected: int | None) -> None:
    read_facts = facts(instruments={"bsrs5": {"suicide_idea": idea}})
    assert answer_to(read_facts, "bsrs5", "suicide_idea") == expected
    assert len(read_facts.forms) == (expected is not None)


def test_a_safety_result_is_one_of_three() -> None:
    assert facts(instruments={"sdm_safety": {"result": "unsafe"}}).forms == safety(SafetyResult.UNSAFE)
    assert facts(instruments={"sdm_safety": {"result": "?"}}).forms == ()


def test_a_scale_that_only_the_policy_knows_is_kept_with_every_answer_that_could_be_one() -> None:
    told = {"fear": 3, "alone": True, "home": "rented_room", "items": {"2": False, "1": -4}}
    noise = {"name": "王詠晴", "phone": 912345678, "half": 0.5, "nobody": None, "deep": {"a": 1}, "a b": 1, "x" * 41: 1}
    read_facts = facts(instruments={"elder_screen": {**noise, **told}, "empty": {}, "text": "high", "a.b": {"c": 1}})
    answers = {"alone": True, "fear": 3, "home": "rented_room", "items.1": -4, "items.2": False}
    assert read_facts.forms == form("elder_screen", answers)
    assert read_facts.faults == ()


def test_no_known_instrument_is_passed_over_however_many_others_there_are() -> None:
    many: dict[str, Json] = {f"form_{n}": {"a": 1} for n in range(FORMS_MAX + 50)}
    read_facts = facts(instruments={**many, "tipvda": {"items": {"4": True}}})
    assert read_facts.forms[0] == tipvda(4)[0]
    assert len(read_facts.forms) == FORMS_MAX + 1
    assert read_facts.faults == ("too_many:instruments",)


def test_of_a_scale_that_only_the_policy_knows_so_many_answers_are_looked_at() -> None:
    read_facts = facts(instruments={"long": {f"q{n}": n for n in range(FORM_FIELDS_MAX + 1)}})
    assert len(read_facts.forms[0].answers) == FORM_FIELDS_MAX
    assert read_facts.faults == ("too_many:instruments",)


def test_quoted_numbers_are_trimmed_and_each_counts_once() -> None:
    assert facts(related_report_nos=[" a ", "", "a", None, 7]).related_report_nos == ("a", "7")


def test_a_text_where_a_list_is_due_is_its_only_item() -> None:
    read_facts = facts(categories="mental_health", related_report_nos="a")
    assert read_facts.categories == (Category.MENTAL_HEALTH,)
    assert read_facts.related_report_nos == ("a",)
    assert read_facts.faults == ("list_expected:related_report_nos", "list_expected:categories")


def test_a_text_beyond_its_limit_is_accepted_and_noted() -> None:
    read_facts = facts(report_no="n" * 65, narrative="長" * 20_001)
    assert read_facts.report_no == "n" * 65
    assert read_facts.faults == ("too_long:narrative", "too_long:report_no")
    assert facts(report_no="n" * 64, narrative="長" * 20_000).faults == ()


@pytest.mark.parametrize("source", ["/sources/nobody", "hotline-113", "urn:x", "/sources/"])
def test_a_source_that_is_not_registered_is_noted(source: str) -> None:
    read_facts = facts_of(source=source)
    assert read_facts.source == (source.removeprefix("/sources/") or source)
    assert read_facts.source_county is None
    assert read_facts.faults == ("source_unregistered:source",)


BORN = {"role": "victim", "birth_date": "1990-05-05"}
MANY: dict[str, tuple[str, Callable[[int], dict[str, Json]]]] = {
    "persons": ("persons", lambda n: {"persons": [{"role": "victim", "name": "林怡君"}] * n}),
    "phones": (
        "persons[0].phones",
        lambda n: {"persons": [BORN | {"phones": [f"09{i:08}" for i in range(12_345_678, 12_345_678 + n)]}]},
    ),
    "conditions": (
        "persons[0].conditions",
        lambda n: {"persons": [BORN | {"conditions": [f"c{i}" for i in range(n)]}]},
    ),
    "quotes": ("related_report_nos", lambda n: {"related_report_nos": [f"q{i}" for i in range(n)]}),
    "categories": ("categories", lambda n: {"categories": ["unheard-of"] * n}),
    "flags": ("crisis_flags", lambda n: {"crisis_flags": ["unheard-of"] * n}),
    "indicators": ("indicators", lambda n: {"indicators": [f"i{i}" for i in range(n)]}),
}


@pytest.mark.parametrize("kind", MANY)
def test_of_a_list_only_the_first_are_looked_at_and_the_rest_is_noted(kind: str) -> None:
    path, data_of = MANY[kind]
    assert f"too_many:{path}" not in facts(**data_of(ITEMS_MAX)).faults
    endless = facts(**data_of(ITEMS_MAX + 1))
    assert f"too_many:{path}" in endless.faults
    assert replace(endless, content_key=b"", faults=()) == replace(
        facts(**data_of(ITEMS_MAX)), content_key=b"", faults=()
    )


@pytest.mark.parametrize("field", ["phones", "conditions"])
def test_all_persons_together_bear_no_more_than_one_list_may_hold(field: str) -> None:
    told: list[Json] = [BORN | {field: [f"09{10 * n + i:08}" for i in range(10)]} for n in range(1, 31)]
    read_facts = facts(persons=told)
    assert [len(getattr(p, field)) for p in read_facts.persons] == [10] * 20 + [0] * 10
    assert read_facts.faults[0] == f"too_many:persons[20].{field}"


def test_no_report_can_be_found_by_more_than_a_few_hundred_keys() -> None:
    phones: list[Json] = [f"09{i:08}" for i in range(12_345_678, 12_355_678)]
    quotes: list[Json] = [f"q{i}" for i in range(10_000)]
    read_facts = facts(related_report_nos=quotes, persons=[BORN | {"phones": phones}] * 300)
    assert len(stored_keys(read_facts)) <= 3 * ITEMS_MAX + 3
    assert len(sought_keys(read_facts)) <= 3 * ITEMS_MAX + 4


TEN_MEGABYTES = 10_000_000
FILLINGS: dict[str, Callable[[int], dict[str, Json]]] = {
    **{kind: data_of for kind, (_, data_of) in MANY.items()},
    "one number": lambda n: {
        "persons": [BORN | {"national_id": "A123456789", "name": f"林{chr(0x4E00 + i % 20_000)}"} for i in range(n)]
    },
    "one telephone": lambda n: {"persons": [BORN | {"phones": ["0912345678"], "name": f"p{i}"} for i in range(n)]},
    "hidden names": lambda n: {
        "persons": [{"role": "victim", "name": f"林○{chr(0x4E00 + i % 20_000)}"} for i in range(n)]
    },
    "brackets": lambda n: {"unknown": [[]] * n},
}


@pytest.mark.parametrize("filling", FILLINGS)
def test_ten_megabytes_are_read_and_assessed_against_as_many_in_a_few_seconds(filling: str) -> None:
    data_of = FILLINGS[filling]
    size = len(json.dumps(data_of(1000), ensure_ascii=False, separators=(",", ":")).encode())
    data = {**good_data("x"), **data_of(1000 * TEN_MEGABYTES // size)}
    values = [
        json.dumps({**good_event("x"), "id": str(n), "data": {**data, "report_no": no}}, ensure_ascii=False).encode()
        for n, no in enumerate(("1", "2", "1"))
    ]
    docket = Docket()
    took_s = []
    for value in values:
        began = time.process_time()
        assess(read(value).facts, docket, TERMS)
        took_s.append(time.process_time() - began)
    assert max(took_s) < 5.0, "about two seconds of a processor"


def test_a_text_that_never_ends_is_judged_soon() -> None:
    began = time.process_time()
    found = read_event(b"{}" * 100 + b'"' + b'\\"' * 1_000_000, (), ARRIVED, DIRECTORY)
    assert isinstance(found, Unreadable)
    assert found.code is UnreadableCode.NOT_JSON
    assert time.process_time() - began < 5.0


OFFSETS = st.integers(-24 * 60 + 1, 24 * 60 - 1).map(lambda minutes: timezone(timedelta(minutes=minutes)))
ANY_ARRIVAL = st.datetimes(timezones=OFFSETS) | st.sampled_from(
    [edge.replace(tzinfo=tz) for edge in (datetime.min, datetime.max) for tz in (UTC, TAIPEI)]  # noqa: DTZ901 - given one here
)


@given(ANY_ARRIVAL, st.booleans())
def test_whenever_a_message_arrived_it_is_read_and_its_clocks_start(arrived_at: datetime, timed: bool) -> None:  # noqa: FBT001 - drawn
    told = (
        good_event("x") if timed else {**good_event("x"), "time": "?", "data": {**good_data("x"), "received_at": "?"}}
    )
    reading = read(json.dumps(told).encode(), arrived_at)
    decision = assess(reading.facts, Docket(), TERMS).decision
    assert decision.clocks["dispatch"] > reading.facts.clock_start
    assert reading.facts.received_at + timedelta(days=400)
    assert read(json.dumps(reading.document).encode(), arrived_at).facts == reading.facts


@pytest.mark.parametrize("year", [1, 1899, 9998, 9999])
def test_an_arrival_in_a_year_that_no_clock_reaches_makes_what_hangs_on_it_due_at_once(year: int) -> None:
    told = {**good_event("x"), "time": "?", "data": {**good_data("x"), "received_at": "?"}}
    assert read(json.dumps(told).encode(), datetime(year, 7, 1, tzinfo=UTC)).facts.clock_start == EARLIEST


def test_an_endless_list_of_faults_is_cut() -> None:
    read_facts = facts(persons=[{"role": "victim", "phones": ["?"] * ITEMS_MAX}])
    assert len(read_facts.faults) == FAULTS_MAX + 1
    assert read_facts.faults[-1] == "more_faults"


def test_the_same_content_has_the_same_key_whatever_its_spelling() -> None:
    event = good_event("x")
    spaced = json.dumps(dict(reversed(event.items())), indent=3, ensure_ascii=False).encode()
    assert read(spaced).facts.content_key == read(json.dumps(event).encode()).facts.content_key
    assert facts(narrative="a").content_key != facts(narrative="b").content_key
    assert facts_of(time="2026-03-03T10:00:00+08:00").content_key == facts().content_key


def test_the_same_event_has_the_same_key_whatever_its_content() -> None:
    assert facts(narrative="a").event_key == facts(narrative="b").event_key
    assert facts_of(id="other").event_key != facts().event_key
    assert facts_of(source="/sources/clinic-0005").event_key != facts().event_key


@given(st.binary(), HEADERS)
def test_any_bytes_become_exactly_one_reading_or_dead_letter(
    value: bytes, headers: list[tuple[str, bytes | None]]
) -> None:
    assert isinstance(read_event(value, headers, ARRIVED, DIRECTORY), Reading | Unreadable)


PERSON_FIELDS = (
    "name",
    "code_name",
    "national_id",
    "birth_date",
    "sex",
    "phones",
    "address",
    "registered_address",
    "current_place",
    "relationship_to_victim",
    "school",
    "conditions",
    "safe_contact",
)
DATA_FIELDS = (
    "related_report_nos",
    "report_type",
    "known_at",
    "occurred_at",
    "occurred_place",
    "reporter",
    "narrative",
    "crisis_flags",
    "indicators",
    "instruments",
)
PLAUSIBLE = ["2026-03-02T10:00:00Z", "9999-12-31T23:59:59Z", "台北", "A123456789", "77/6/4", "王○明"]
JUNK = JSON | st.lists(JSON) | st.sampled_from(PLAUSIBLE)
FILLED_JUNK = JUNK.filter(lambda value: value is not None)
UNKNOWN_KEY = "秘密"
FORM = JUNK | st.dictionaries(st.sampled_from(["items", "judged_high", "suicide_idea", "result"]), JUNK)
INSTRUMENTS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("tipvda", "bsrs5", "sdm_safety", "screen", "burden"), FORM)
)
ROLE = {"role": st.sampled_from(Role) | st.integers(-9, 9)}
PERSON = st.fixed_dictionaries(ROLE, optional=dict.fromkeys(PERSON_FIELDS, JUNK))
DATA = st.fixed_dictionaries(
    {
        "report_no": st.text(min_size=1).filter(str.strip) | st.integers(0, 9) | st.lists(JSON),
        "channel": FILLED_JUNK,
        "received_at": FILLED_JUNK,
        "categories": FILLED_JUNK,
        "persons": st.lists(PERSON, min_size=1, max_size=3),
    },
    optional={**dict.fromkeys(DATA_FIELDS, JUNK), "instruments": INSTRUMENTS, UNKNOWN_KEY: JUNK},
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(DATA, JUNK)
def test_no_wrong_value_costs_a_report_and_none_shows_in_its_faults(data: dict[str, Json], sent: Json) -> None:
    reading = read(json.dumps({**good_event("x"), "time": sent, "data": data}).encode())
    for written in (canonical(dict(reading.document)), json.dumps(reading.document, ensure_ascii=False).encode()):
        assert read(written).facts == reading.facts
    assert reading.facts.clock_start <= reading.facts.received_at
    assert reading.facts.clock_start + timedelta(days=400) > reading.facts.clock_start
    assert all(fault.isascii() for fault in reading.facts.faults)
    assert UNKNOWN_KEY not in "".join(reading.facts.faults)
    assert reading.document["data"] == data or "nul_character" in reading.facts.faults


def test_no_known_danger_is_passed_over_however_long_the_list() -> None:
    many: list[Json] = [f"unheard-of-{n}" for n in range(ITEMS_MAX + 50)]
    found = facts(
        indicators=[*many, "injury_visible", "more"],
        crisis_flags=[*many, "child_urgent"],
        categories=[*many, "elder_protection"],
    )
    assert found.indicators[ITEMS_MAX + 50 :] == ("injury_visible",)
    assert found.crisis_flags[ITEMS_MAX + 50] is CrisisFlag.CHILD_URGENT
    assert found.categories[ITEMS_MAX + 50] is Category.ELDER_PROTECTION
