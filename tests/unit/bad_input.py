"""Messages that no sender should send. Each becomes one dead letter or one accepted report, never a crash, a stall or a
silence; the same list goes through the pure reader and through the real broker.
"""

import base64
import json
from typing import Literal, NamedTuple

from pipeline.contracts.jsontext import Json

Expectation = Literal["accepted", "dead_letter"]
Headers = tuple[tuple[str, bytes], ...]

MEGABYTES_10 = 10 * 1024 * 1024


class BadInput(NamedTuple):
    name: str
    value: bytes
    headers: Headers
    expectation: Expectation


def good_data(name: str) -> dict[str, Json]:
    return {
        "report_no": f"bad-input {name}",
        "channel": "hotline",
        "received_at": "2026-03-02T10:00:00+08:00",
        "categories": ["vulnerable_family"],
        "persons": [{"role": "victim"}],
    }


def good_event(name: str) -> dict[str, Json]:
    return {
        "specversion": "1.0",
        "id": f"bad-input {name}",
        "source": "/sources/hotline-113",
        "type": "report.submitted.v1",
        "time": "2026-03-02T10:00:00+08:00",
        "data": good_data(name),
    }


def _raw(name: str, value: bytes, expectation: Expectation = "dead_letter", headers: Headers = ()) -> BadInput:
    return BadInput(name, value, headers, expectation)


def _event(name: str, expectation: Expectation, **changes: Json) -> BadInput:
    return BadInput(name, json.dumps({**good_event(name), **changes}, ensure_ascii=False).encode(), (), expectation)


def _data(name: str, expectation: Expectation, **changes: Json) -> BadInput:
    return _event(name, expectation, data={**good_data(name), **changes})


def _victims(name: str, *victims: dict[str, Json]) -> BadInput:
    return _data(name, "accepted", persons=[{"role": "victim", **victim} for victim in victims])


def _without(name: str, *, field: str) -> BadInput:
    event = good_event(name)
    del event[field]
    return BadInput(name, json.dumps(event).encode(), (), "dead_letter")


def _lacking(name: str, *, field: str) -> BadInput:
    data = good_data(name)
    del data[field]
    return _event(name, "dead_letter", data=data)


def _spliced(name: str, extra: str, expectation: Expectation = "accepted") -> BadInput:
    """A good event with raw JSON text behind the first brace of its data."""
    text = json.dumps(good_event(name)).replace('"data": {', '"data": {' + extra + ", ", 1)
    return BadInput(name, text.encode("utf-8"), (), expectation)


def _binary(name: str, expectation: Expectation, value: bytes | None = None, **changes: bytes | None) -> BadInput:
    attributes: dict[str, bytes | None] = {
        "ce_specversion": b"1.0",
        "ce_id": f"bad-input {name}".encode(),
        "ce_source": b"/sources/hotline-113",
        "ce_type": b"report.submitted.v1",
        "content-type": b"application/json",
        **changes,
    }
    headers = tuple((key, text) for key, text in attributes.items() if text is not None)
    return BadInput(name, json.dumps(good_data(name)).encode() if value is None else value, headers, expectation)


def _encoded(name: str, data: bytes, expectation: Expectation) -> BadInput:
    event = good_event(name)
    del event["data"]
    return BadInput(name, json.dumps({**event, "data_base64": data.decode("ascii")}).encode(), (), expectation)


def _nested(levels: int) -> str:
    return "[" * levels + "]" * levels


BYTES = (
    _raw("empty value", b""),
    _raw("blank value", b" \n\t "),
    _raw("invalid utf-8", b'{"specversion": "1.0", "id": "\xff\xfe"}'),
    _raw("utf-16", json.dumps(good_event("utf-16")).encode("utf-16")),
    _raw("overlong utf-8", b"\xc0\xaf\xe0\x80\xaf"),
    _raw("encoded surrogate", b'"\xed\xa0\x80"'),
    _raw("random bytes", bytes(range(256)) * 16),
    _raw("ten megabytes of nothing", b"\x00" * MEGABYTES_10),
    _raw("not json", b"hello"),
    _raw("xml", b"<report/>"),
    _raw("half an event", json.dumps(good_event("half an event")).encode()[:-40]),
    _raw("trailing garbage", json.dumps(good_event("trailing garbage")).encode() + b" garbage"),
    _raw("two events in one", json.dumps(good_event("two events in one")).encode() * 2),
    _raw("raw newline in a text", b'{"specversion": "1\n0"}'),
    _raw("list", b"[]"),
    _raw("batch", json.dumps([good_event("batch")]).encode()),
    _raw("null", b"null"),
    _raw("number", b"12"),
    _raw("text", b'"report"'),
    _raw("byte order mark", b"\xef\xbb\xbf" + json.dumps(good_event("byte order mark")).encode(), "accepted"),
)

BOMBS = (
    _raw("depth bomb of lists", b"[" * 1_000_000),
    _raw("depth bomb, closed", _nested(100_000).encode()),
    _raw("depth bomb of objects", b'{"a":' * 200_000 + b"1" + b"}" * 200_000),
    _spliced("depth bomb inside data", f'"x": {_nested(5_000)}', "dead_letter"),
    _spliced("brackets inside a text", '"x": "' + "[" * 5_000 + '"'),
    _spliced("many siblings", '"x": [' + ",".join(["[]"] * 50_000) + "]"),
    _spliced("escapes only", '"x": "' + r"\"" * 200_000 + '"'),
    _spliced("huge integer", '"x": ' + "9" * 100_000),
    _spliced("huge negative integer", '"x": -' + "9" * 5_000),
    _spliced("huge exponent", '"x": 1e999999999'),
    _spliced("tiny exponent", '"x": 1e-999999999'),
    _spliced("long fraction", '"x": 0.' + "1" * 100_000),
    _spliced("nan", '"x": NaN', "dead_letter"),
    _spliced("infinity", '"x": -Infinity', "dead_letter"),
    _spliced("duplicate key", '"report_no": "first", "channel": "clinic"'),
    _spliced("many keys", ",".join(f'"k{number}": {number}' for number in range(20_000))),
    _spliced("lone surrogate", r'"related_report_nos": ["\ud800", "\udfff\ud83d"], "narrative": "\udc00"'),
    _spliced("lone surrogate in a key", r'"\ud800": "\ud800"'),
    _spliced("nul in texts", r'"related_report_nos": ["a\u0000b"], "indicators": ["\u0000"], "\u0000": 1'),
    _data("narrative of ten megabytes", "accepted", narrative="長" * (MEGABYTES_10 // 3)),
    _data("narrative of ten megabytes of escapes", "accepted", narrative="\x01" * (MEGABYTES_10 // 6)),
    _data("address of one megabyte", "accepted", occurred_place="台" * 300_000),
    _victims("name and phone of a megabyte", {"name": "王" * 300_000, "phones": ["0" * 300_000]}),
    _data(
        "a thousand persons", "accepted", persons=[{"role": "household_member", "name": f"人{n}"} for n in range(1_000)]
    ),
)

ENVELOPES = (
    _without("no specversion", field="specversion"),
    _without("no id", field="id"),
    _without("no source", field="source"),
    _without("no type", field="type"),
    _without("no data", field="data"),
    _event("specversion 0.3", "dead_letter", specversion="0.3"),
    _event("specversion as a number", "dead_letter", specversion=1.0),
    _event("empty id", "dead_letter", id=""),
    _event("id as a number", "dead_letter", id=17),
    _event("source as a list", "dead_letter", source=["/sources/hotline-113"]),
    _event("null type", "dead_letter", type=None),
    _event("unknown version", "dead_letter", type="report.submitted.v2"),
    _event("another type", "dead_letter", type="case.opened.v1"),
    _event("data is null", "dead_letter", data=None),
    _event("data is a list", "dead_letter", data=[good_data("data is a list")]),
    _event("data is a number", "dead_letter", data=3),
    _event("data is a text, not json", "dead_letter", data="report"),
    _event("data is a json text", "accepted", data=json.dumps(good_data("data is a json text"))),
    _event("data is an empty object", "dead_letter", data={}),
    _event("time is a number", "accepted", time=1_772_416_800),
    _event("time is gone", "accepted", time=None),
    _event("time of the year 9999", "accepted", time="9999-12-31T23:59:59+08:00"),
    _event("unregistered source", "accepted", source="/sources/nobody"),
    _event("source of another form", "accepted", source="urn:hotline"),
    _event("id of ten thousand characters", "accepted", id="i" * 10_000),
    _event("unknown attributes", "accepted", traceparent="00-0", wirefaults=["x", {}], data_x={"a": []}),
    _encoded("data in base64", base64.b64encode(json.dumps(good_data("data in base64")).encode()), "accepted"),
    _encoded("data in broken base64", b"####", "dead_letter"),
    _encoded("data in base64, not json", base64.b64encode(b"\xff\xfe"), "dead_letter"),
    _event("data twice", "accepted", data_base64="e30="),
    _binary("binary mode", "accepted"),
    _binary("binary mode, empty value", "dead_letter", b""),
    _binary("binary mode, not json", "dead_letter", b"{"),
    _binary("binary mode without id", "dead_letter", ce_id=None),
    _binary("binary mode, unreadable id", "dead_letter", ce_id=b"\xff"),
    _binary("binary mode, unreadable extension", "accepted", ce_subject=b"\xff"),
    _binary("binary mode, other version", "dead_letter", ce_specversion=b"2.0"),
    _binary("binary mode, depth bomb", "dead_letter", _nested(64).encode()),
    _raw(
        "headers of nobody",
        b"hello",
        headers=(("", b""), ("ce_", b"x"), ("content-type", b"application/cloudevents+json")),
    ),
)

FIELDS = (
    _lacking("no report_no", field="report_no"),
    _lacking("no channel", field="channel"),
    _lacking("no received_at", field="received_at"),
    _lacking("no categories", field="categories"),
    _lacking("no persons", field="persons"),
    _data("null report_no", "dead_letter", report_no=None),
    _data("blank report_no", "dead_letter", report_no=" \u3000"),
    _data("null channel", "dead_letter", channel=None),
    _data("null received_at", "dead_letter", received_at=None),
    _data("null categories", "dead_letter", categories=None),
    _data("null persons", "dead_letter", persons=None),
    _data("no person", "dead_letter", persons=[]),
    _data(
        "persons without role", "dead_letter", persons=[{"name": "王小明"}, {"role": None}, {"role": " "}, "victim", 3]
    ),
    _data("one person without role", "accepted", persons=[{"name": "王小明"}, {"role": "victim"}]),
    _data("a person instead of a list", "accepted", persons={"role": "victim"}),
    _data("unknown role", "accepted", persons=[{"role": "neighbour"}, {"role": 7}]),
    _data("empty categories", "accepted", categories=[]),
    _data("category instead of a list", "accepted", categories="child_protection"),
    _data("categories of every type", "accepted", categories=[None, 1, [], {}, True, "vulnerable_family"]),
    _data("report_no as a number", "accepted", report_no=20260302),
    _data("report_no too long", "accepted", report_no="n" * 10_000),
    _data("unknown channel", "accepted", channel="fax"),
    _data("channel as a list", "accepted", channel=[[["hotline"]]]),
    _data("unreadable received_at", "accepted", received_at="yesterday"),
    _data("received_at as a number", "accepted", received_at=1_772_416_800),
    _data("received_at of the year 9999", "accepted", received_at="9999-12-31T23:59:60Z"),
    _data("received_at of the year 1", "accepted", received_at="0001-01-01T00:00:00+14:00"),
    _data(
        "dates of the year 9999", "accepted", known_at="9999-12-31T23:59:59-12:00", occurred_at="9999-01-01T00:00:00Z"
    ),
    _data("offset beyond the world", "accepted", known_at="2026-03-02T10:00:00+99:99"),
    _data("leap second", "accepted", known_at="2016-12-31T23:59:60Z"),
    _data("known after received", "accepted", known_at="2027-03-02T10:00:00+08:00"),
    _victims(
        "birth dates", *({"birth_date": text} for text in ("9999/12/31", "民國999年1月1日", "113/2/30", 7, [], "0"))
    ),
    _victims("phones of every type", {"phones": [None, 912345678, {}, "113", "+" * 99]}, {"phones": "0912345678"}),
    _victims("person of wrong types", {"name": 7, "code_name": [], "national_id": {}, "sex": "x", "address": 9}),
    _victims("more wrong types", {"conditions": "pregnant", "safe_contact": 1, "birth_date": True, "school": [[]]}),
    _victims("ten thousand wrong phones", {"phones": ["?"] * 10_000}),
    _data("tipvda of wrong types", "accepted", instruments={"tipvda": {"items": {"0": True, "16": 1, "1": "yes"}}}),
    _data("verdicts of wrong types", "accepted", instruments={"tipvda": {"items": {"²": True}, "judged_high": "true"}}),
    _data("scales out of range", "accepted", instruments={"bsrs5": {"suicide_idea": 9}, "sdm_safety": {"result": "?"}}),
    _data("instruments as texts", "accepted", instruments={"tipvda": "high", "bsrs5": 3, "sdm_safety": []}),
    _data("instruments as a list", "accepted", instruments=[1, 2]),
    _data("texts of wrong types", "accepted", reporter="me", narrative=["a"], report_type=0, occurred_place=[]),
    _data(
        "lists of wrong types", "accepted", crisis_flags={"a": 1}, indicators=5, related_report_nos=[None, 1, "", " x "]
    ),
)

BAD_INPUTS: tuple[BadInput, ...] = (*BYTES, *BOMBS, *ENVELOPES, *FIELDS)
