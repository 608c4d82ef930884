import json
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime

import pytest

from pipeline.data import table
from pipeline.domain.directory import load_directory
from pipeline.domain.normalise.reading import Reading, read_event
from pipeline.local.demo import garbage, invent, spelling, words
from pipeline.local.demo.invent import Invented, What
from pipeline.local.demo.sources import registered_sources

UNTIL = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
DIRECTORY = load_directory(table("sources.csv"))
LATER_KINDS = {source.kind for source in DIRECTORY.sources.values()} - words.TELL_ALL


def invented(seed: int = 1, count: int = 4_000) -> list[Invented]:
    return list(invent.events(seed, count, until=UNTIL, sources=registered_sources()))


@pytest.fixture(scope="module")
def stream() -> list[Invented]:
    return invented()


def read(message: Invented) -> Reading | None:
    reading = read_event(message.value, (), UNTIL, DIRECTORY)
    return reading if isinstance(reading, Reading) else None


def test_the_same_seed_gives_the_same_bytes_and_another_seed_gives_others() -> None:
    assert [m.value for m in invented(7, 300)] == [m.value for m in invented(7, 300)]
    assert [m.value for m in invented(7, 300)] != [m.value for m in invented(8, 300)]


def test_as_many_messages_are_invented_as_were_asked_for() -> None:
    assert [m.number for m in invented(count=50)] == list(range(50))
    assert invented(count=0) == []


def test_every_message_but_garbage_can_be_read(stream: list[Invented]) -> None:
    assert {m.what for m in stream if read(m) is None} == {What.GARBAGE}
    assert all(read(m) is None for m in stream if m.what is What.GARBAGE)


@pytest.mark.parametrize("spoil", garbage.GARBAGE)
def test_every_kind_of_garbage_is_a_dead_letter(spoil: "garbage.Spoil", stream: list[Invented]) -> None:
    value = spoil(json.loads(stream[0].value))
    assert not isinstance(read_event(value, (), UNTIL, DIRECTORY), Reading)


def test_everything_that_goes_wrong_in_real_traffic_is_there(stream: list[Invented]) -> None:
    shares = {what: count / len(stream) for what, count in Counter(m.what for m in stream).items()}
    assert set(shares) == set(What)
    assert 0.001 < shares[What.GARBAGE] < 0.01
    assert shares[What.RETOLD] > 0.2


def test_a_redelivery_has_the_bytes_of_an_earlier_message(stream: list[Invented]) -> None:
    seen: set[bytes] = set()
    for message in stream:
        if message.what is not What.GARBAGE:
            assert (message.value in seen) == (message.what is What.REDELIVERED)
        seen.add(message.value)


def test_an_amendment_has_the_report_number_of_an_earlier_message_and_an_id_of_its_own(stream: list[Invented]) -> None:
    numbers: dict[str, set[str | None]] = defaultdict(set)
    for message in stream:
        if message.what is What.AMENDED:
            assert numbers[message.key]
            assert message.event_id not in numbers[message.key]
        numbers[message.key].add(message.event_id)


def test_a_reused_id_comes_with_other_data(stream: list[Invented]) -> None:
    first: dict[str | None, bytes] = {}
    for message in stream:
        if message.what is What.ID_REUSED:
            assert first[message.event_id] != message.value
        first.setdefault(message.event_id, message.value)


def test_later_tellings_quote_report_numbers_that_were_sent_before(stream: list[Invented]) -> None:
    sent: set[str] = set()
    quoted = 0
    for message in stream:
        reading = read(message)
        for number in reading.facts.related_report_nos if reading else ():
            assert number in sent
            quoted += 1
        sent.add(message.key)
    assert quoted > 100


def test_registered_sources_of_every_kind_report_and_now_and_then_an_unregistered_one(stream: list[Invented]) -> None:
    sources = Counter(reading.facts.source for m in stream if (reading := read(m)))
    strangers = {source for source in sources if DIRECTORY.find(source) is None}
    kinds = {source.kind for code in sources if (source := DIRECTORY.find(code))}
    assert kinds == {source.kind for source in DIRECTORY.sources.values()}
    assert all(re.fullmatch(r"unknown-\d\d", source) for source in strangers)
    assert strangers


def test_the_kinds_that_came_later_have_a_small_share(stream: list[Invented]) -> None:
    shares = Counter(m.door.kind for m in stream)
    assert shares["partner"] > shares["clinic"] > max(n for kind, n in shares.items() if kind in LATER_KINDS)
    assert 0.05 < sum(shares[kind] for kind in LATER_KINDS) / len(stream) < 0.3


def test_a_machine_tells_no_story_and_no_name(stream: list[Invented]) -> None:
    told = [json.loads(m.value)["data"] for m in stream if m.what is What.TOLD and m.door.kind in words.MACHINES]
    assert told
    for data in told:
        assert {"narrative", "reporter"}.isdisjoint(data)
        assert [set(person) <= set(words.MACHINE_FIELDS) for person in data["persons"]] == [True]


def test_national_ids_have_valid_check_digits_unless_they_are_mistyped(stream: list[Invented]) -> None:
    readable = [(m, reading) for m in stream if (reading := read(m))]
    written = sum("national_id" in person for m, _ in readable for person in json.loads(m.value)["data"]["persons"])
    valid = sum(person.national_id is not None for _, reading in readable for person in reading.facts.persons)
    assert written > 1_000
    assert 0.9 * written < valid < written


def test_the_check_digit_is_the_one_of_known_numbers() -> None:
    assert spelling.check_digit("A", "12345678") == 9


def test_no_message_is_from_the_future(stream: list[Invented]) -> None:
    assert all(reading.facts.sent_at <= UNTIL for m in stream if (reading := read(m)))
