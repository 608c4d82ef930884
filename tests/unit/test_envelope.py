import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.envelope import Envelope, Unreadable, UnreadableCode, open_envelope
from pipeline.contracts.jsontext import DEPTH_MAX, Json, WireFault, canonical

EVENT: dict[str, Json] = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "/sources/hotline-113",
    "type": "report.submitted.v1",
    "time": "2026-03-02T10:00:00+08:00",
    "data": {"report_no": "r-1"},
}
ATTRIBUTES = (
    ("ce_specversion", b"1.0"),
    ("ce_id", b"e-1"),
    ("ce_source", b"/sources/hotline-113"),
    ("ce_type", b"report.submitted.v1"),
    ("ce_time", b"2026-03-02T10:00:00+08:00"),
)
NUMBERS = st.integers(-(10**17), 10**17) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
HEADER_NAMES = ["content-type", "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_data", "CE_ID"]
HEADER_VALUES = [b"1.0", b"report.submitted.v1", b"application/cloudevents+json"]
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(HEADER_NAMES) | st.text(st.characters()),
        st.none() | st.binary() | st.sampled_from(HEADER_VALUES),
    ),
    max_size=8,
)


def opened(value: bytes, headers: tuple[tuple[str, bytes | None], ...] = ()) -> Envelope:
    envelope = open_envelope(value, headers)
    assert isinstance(envelope, Envelope)
    return envelope


def structured(**changes: Json) -> bytes:
    return json.dumps({**EVENT, **changes}).encode()


def code(value: bytes | None, headers: tuple[tuple[str, bytes | None], ...] = ()) -> UnreadableCode:
    unreadable = open_envelope(value, headers)
    assert isinstance(unreadable, Unreadable)
    return unreadable.code


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("content-type", b"application/cloudevents+json; charset=UTF-8"),),
        (("Content-Type", b"application/json"),),
        (("content-type", b"application/cloudevents+json"), *ATTRIBUTES),
        (("traceparent", b"00-1"),),
    ],
)
def test_structured_mode_is_read(headers: tuple[tuple[str, bytes | None], ...]) -> None:
    envelope = opened(structured(subject="s"), headers)
    assert (envelope.id, envelope.source, envelope.time) == ("e-1", "/sources/hotline-113", EVENT["time"])
    assert envelope.data == {"report_no": "r-1"}
    assert envelope.extensions == {"subject": "s"}
    assert envelope.faults == ()


def test_both_modes_give_the_same_event() -> None:
    assert opened(b'{"report_no": "r-1"}', ATTRIBUTES) == opened(structured())


def test_binary_mode_keeps_extensions_and_the_content_type() -> None:
    envelope = opened(
        b"{}", (*ATTRIBUTES, ("ce_subject", b"s"), ("content-type", b"application/json"), ("other", b"x"))
    )
    assert envelope.extensions == {"subject": "s", "datacontenttype": "application/json"}


def test_in_binary_mode_the_headers_say_who_sends_not_the_value() -> None:
    envelope = opened(structured(source="/sources/somebody-else"), ATTRIBUTES)
    assert envelope.source == "/sources/hotline-113"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, UnreadableCode.NO_VALUE),
        (b"", UnreadableCode.NOT_JSON),
        (b"\xff", UnreadableCode.NOT_UTF8),
        (b"{} {}", UnreadableCode.NOT_JSON),
        (b'{"a": NaN}', UnreadableCode.NOT_JSON),
        (b"[" * 100_000, UnreadableCode.TOO_DEEP),
        (b"[]", UnreadableCode.NOT_AN_OBJECT),
        (b"{}", UnreadableCode.NOT_A_CLOUDEVENT),
        (structured(specversion="1.1"), UnreadableCode.NOT_A_CLOUDEVENT),
        (structured(id=" "), UnreadableCode.NOT_A_CLOUDEVENT),
        (structured(source=None), UnreadableCode.NOT_A_CLOUDEVENT),
        (structured(type=1), UnreadableCode.NOT_A_CLOUDEVENT),
        (structured(type="report.submitted.v2"), UnreadableCode.OTHER_TYPE),
        (structured(data=None), UnreadableCode.DATA_MISSING),
        (structured(data=None, data_base64="?"), UnreadableCode.DATA_MISSING),
        (structured(data=[]), UnreadableCode.DATA_NOT_AN_OBJECT),
        (structured(data="[]"), UnreadableCode.DATA_NOT_AN_OBJECT),
        (structured(data="{"), UnreadableCode.NOT_JSON),
    ],
)
def test_what_is_no_event_says_why(value: bytes | None, expected: UnreadableCode) -> None:
    assert code(value) is expected


def test_an_unreadable_event_tells_its_id_where_it_can_be_read() -> None:
    assert open_envelope(structured(data=None), ()) == Unreadable(UnreadableCode.DATA_MISSING, None, "e-1")
    assert open_envelope(structured(type="x"), ()) == Unreadable(UnreadableCode.OTHER_TYPE, None, "e-1")
    assert open_envelope(b"{", ATTRIBUTES) == Unreadable(UnreadableCode.NOT_JSON, None, "e-1")
    assert "e-1" not in repr(open_envelope(structured(data=None), ()))


@pytest.mark.parametrize(
    ("value", "fault", "data"),
    [
        (b"\xef\xbb\xbf" + structured(), WireFault.BYTE_ORDER_MARK, EVENT["data"]),
        (structured()[:-1] + b', "data": {"a": 1}}', WireFault.DUPLICATE_KEY, {"a": 1}),
        (structured(data={"n": 10**30}), WireFault.NUMBER_OUT_OF_RANGE, {"n": str(10**30)}),
        (structured(data={"n": 10**18}), WireFault.NUMBER_OUT_OF_RANGE, {"n": str(10**18)}),
        (structured()[:-2] + b', "n": -1e999}}', WireFault.NUMBER_OUT_OF_RANGE, {"report_no": "r-1", "n": "-1e999"}),
        (structured(data={"a\x00": ["\x00"]}), WireFault.NUL_CHARACTER, {"a␀": ["␀"]}),
        (structured(data={"a": "\ud800"}), WireFault.LONE_SURROGATE, {"a": "\\ud800"}),
        (structured(data='{"report_no": "r-1"}'), WireFault.DATA_AS_TEXT, {"report_no": "r-1"}),
        (structured(data_base64="e30="), WireFault.DATA_TWICE, {"report_no": "r-1"}),
    ],
)
def test_odd_bytes_are_read_and_noted(value: bytes, fault: WireFault, data: Json) -> None:
    envelope = opened(value)
    assert envelope.data == data
    assert envelope.faults == (fault,)


def test_data_in_base64_is_read_without_a_fault() -> None:
    envelope = opened(structured(data=None, data_base64=base64.b64encode(b'{"a": 1}').decode()))
    assert (envelope.data, envelope.faults) == ({"a": 1}, ())


def test_a_whole_character_outside_the_basic_plane_is_left_alone() -> None:
    envelope = opened(structured(data={"a": "𠮷"}))
    assert (envelope.data, envelope.faults) == ({"a": "𠮷"}, ())


def test_a_header_that_cannot_be_read_is_passed_over_and_noted() -> None:
    envelope = opened(b"{}", (*ATTRIBUTES, ("ce_subject", b"\xff"), ("ce_other", None)))
    assert envelope.faults == (WireFault.HEADER_UNREADABLE,)
    assert envelope.extensions == {}


@pytest.mark.parametrize("depth", [2, DEPTH_MAX - 1, DEPTH_MAX, DEPTH_MAX + 1])
def test_nesting_is_bounded_exactly_in_every_mode(depth: int) -> None:
    data = '{"a": ' + "[" * (depth - 1) + "]" * (depth - 1) + "}"
    fits = depth <= DEPTH_MAX - 1
    assert isinstance(open_envelope(data.encode(), ATTRIBUTES), Envelope) == fits
    assert isinstance(open_envelope(structured(data=data), ()), Envelope) == fits
    assert isinstance(open_envelope(structured(data=json.loads(data)), ()), Envelope) == fits


def test_brackets_in_a_text_are_no_nesting() -> None:
    assert opened(structured(data={"a": '[{"' * 1_000})).data == {"a": '[{"' * 1_000}


@given(st.none() | st.binary() | JSON.map(lambda value: json.dumps(value).encode()), HEADERS)
def test_any_bytes_and_headers_are_an_event_or_unreadable(
    value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    assert isinstance(open_envelope(value, headers), Envelope | Unreadable)


@given(st.dictionaries(st.text(), JSON), st.dictionaries(st.text(), JSON), st.sets(st.sampled_from(WireFault)))
def test_an_event_is_read_from_its_document_as_it_was(
    data: dict[str, Json], more: dict[str, Json], faults: set[WireFault]
) -> None:
    envelope = opened(json.dumps({**more, **EVENT, "data": data, "wirefaults": " ".join(faults)}).encode())
    document = envelope.document()
    assert opened(canonical(document)) == envelope
    assert opened(json.dumps(document, ensure_ascii=False).encode()) == envelope


@given(st.binary(max_size=200), st.lists(st.tuples(st.text(), st.binary()), max_size=3))
def test_an_event_of_binary_mode_is_read_from_its_document_as_it_was(
    text: bytes, more: list[tuple[str, bytes]]
) -> None:
    value = json.dumps({"a": text.decode("utf-8", "surrogateescape"), "b": text.decode("latin-1")}).encode()
    envelope = opened(value, (*((f"ce_{name}", raw) for name, raw in more), *ATTRIBUTES))
    assert opened(canonical(envelope.document())) == envelope
