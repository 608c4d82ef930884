"""The door's pure part: what is taken in, under which id, and what is refused."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from bad_input import BAD_INPUTS
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.http.problem import MEANINGS
from pipeline.contracts.envelope import Headers, Unreadable, UnreadableCode
from pipeline.contracts.report_examples import EXAMPLES
from pipeline.contracts.vocabulary import ReporterRole
from pipeline.domain.directory import Directory, Source
from pipeline.domain.intake import (
    EVENT_BYTES_MAX,
    Admitted,
    Problem,
    Refusal,
    Told,
    admit,
    admit_all,
    batch_of,
    posts,
)
from pipeline.domain.normalise.reading import Reading, read_event
from pipeline.domain.signed import SignatureFault

NOW = datetime(2026, 3, 5, tzinfo=UTC)
CLINIC = Source("clinic-1", "clinic", ReporterRole.MEDICAL, "臺北市")
DIRECTORY = Directory({CLINIC.code: CLINIC})
EVENT = {**EXAMPLES[0], "source": "/sources/clinic-1"}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def told(event: Any, key: str | None = None) -> Told:  # noqa: ANN401 - any JSON
    return Told(json.dumps(event).encode(), (), key)


def admitted(one: Told) -> Admitted | Problem:
    return admit(one, CLINIC, NOW, DIRECTORY)


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in EVENT.items() if name not in names}


def test_an_event_without_a_source_is_stamped_with_the_one_that_was_authenticated() -> None:
    stamped, whole = admitted(told(without("source"))), admitted(told(EVENT))
    assert isinstance(stamped, Admitted)
    assert stamped == whole
    assert json.loads(stamped.value)["source"] == "/sources/clinic-1"


@pytest.mark.parametrize("source", ["/sources/clinic-2", "clinic-1", "/sources/CLINIC-1", "/sources/clinic-1/", " "])
def test_an_event_of_another_source_is_refused(source: str) -> None:
    refused = admitted(told({**EVENT, "source": source}))
    assert isinstance(refused, Problem)
    assert refused.code in {Refusal.SOURCE_NOT_YOURS, UnreadableCode.NOT_A_CLOUDEVENT}


def test_a_source_that_stands_twice_cannot_pass_for_another() -> None:
    twice = json.dumps(without("source"))[:-1] + ', "source": "/sources/clinic-1", "source": "/sources/clinic-2"}'
    assert admitted(Told(twice.encode())) == Problem(Refusal.SOURCE_NOT_YOURS, "source")


def test_a_key_stands_for_an_id_and_never_above_one() -> None:
    keyed, own = admitted(told(without("id"), "k-1")), admitted(told(EVENT, "k-1"))
    assert isinstance(keyed, Admitted)
    assert isinstance(own, Admitted)
    assert keyed.event_key != own.event_key
    assert own == admitted(told(EVENT))
    assert admitted(told(without("id"))) == Problem(Refusal.ID_MISSING, "id")


def test_one_bad_event_refuses_its_batch_and_is_named_by_its_place() -> None:
    batch = [told(EVENT), told(without("data")), told(EVENT)]
    assert admit_all(batch, CLINIC, NOW, DIRECTORY) == Problem(UnreadableCode.DATA_MISSING, event=1)
    assert admit_all(batch[1:2], CLINIC, NOW, DIRECTORY) == Problem(UnreadableCode.DATA_MISSING)


def test_a_batch_reaches_the_reader_byte_by_byte() -> None:
    texts = ['{"a": 12345678901234567890123, "a": 1}', '"\\ud800"', " 1e400 ".strip(), "[]", '{"b":"],["}']
    batch = "\ufeff [\n" + " ,\t".join(texts) + "\r ] "
    found = batch_of(batch.encode())
    assert isinstance(found, list)
    assert [one.value.decode() for one in found] == texts


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("[" * 300 + "]" * 300, UnreadableCode.TOO_DEEP),
        ("[" * 100_000, UnreadableCode.TOO_DEEP),
        ("[1,", UnreadableCode.NOT_JSON),
        ("[NaN]", UnreadableCode.NOT_JSON),
        ("", UnreadableCode.NOT_JSON),
        ("{}", Refusal.NO_EVENTS),
        ("[]", Refusal.NO_EVENTS),
        ("[" + "1," * 500 + "1]", Refusal.TOO_MANY_EVENTS),
    ],
)
def test_what_is_no_batch_is_refused(body: str, code: str) -> None:
    assert batch_of(body.encode()) == Problem(code)  # type: ignore[arg-type] # either enum


def test_a_batch_that_is_no_text_is_refused() -> None:
    assert batch_of(b"[\xff]") == Problem(UnreadableCode.NOT_UTF8)


def test_an_event_that_grows_beyond_a_message_is_refused() -> None:
    numbers = "[" + ",".join(["9e15"] * 700_000) + "]"
    grown = json.dumps(EVENT)[:-1] + f', "more": {numbers}}}'
    assert len(grown) < EVENT_BYTES_MAX
    assert admitted(Told(grown.encode())) == Problem(Refusal.TOO_LARGE)


def test_what_is_admitted_goes_to_the_topic_of_its_source_under_its_code() -> None:
    found = admit_all([told(EVENT)], CLINIC, NOW, DIRECTORY)
    assert isinstance(found, list)
    (post,) = posts(CLINIC, found, NOW)
    assert (post.topic, post.key, post.value) == ("intake.clinic.v1", b"clinic-1", found[0].value)
    assert post.arrived_at == NOW


@given(st.dictionaries(st.sampled_from([*EVENT, "data_base64", "x"]), json_values), st.none() | st.text(min_size=1))
def test_whatever_is_admitted_the_pipeline_can_read_and_attributes_to_its_source(
    changed: dict[str, Any], key: str | None
) -> None:
    found = admitted(told({**EVENT, **changed}, key))
    if isinstance(found, Admitted):
        reading = read_event(found.value, (), NOW, DIRECTORY)
        assert isinstance(reading, Reading)
        assert (reading.facts.source, reading.facts.event_key) == (CLINIC.code, found.event_key)


@pytest.mark.parametrize(("name", "value", "headers", "outcome"), BAD_INPUTS, ids=[name for name, *_ in BAD_INPUTS])
def test_bad_input_never_raises_and_is_taken_where_the_pipeline_would(
    name: str, value: bytes, headers: Headers, outcome: str
) -> None:
    assert name
    found = admit(Told(value, headers), Source("hotline-113", "hotline", ReporterRole.HOTLINE_WORKER), NOW, DIRECTORY)
    unreadable = isinstance(read_event(value, headers, NOW, DIRECTORY), Unreadable)
    assert unreadable == (outcome == "dead_letter")
    if isinstance(found, Admitted):
        assert not isinstance(read_event(found.value, (), NOW, DIRECTORY), Unreadable)
    elif not unreadable:
        assert found.code is Refusal.SOURCE_NOT_YOURS


def test_every_refusal_says_what_to_mend() -> None:
    assert set(MEANINGS) == {*Refusal, *UnreadableCode, *SignatureFault}
    assert all(meaning.status >= 400 and meaning.mend.endswith(".") for meaning in MEANINGS.values())
