"""The messages of the AsyncAPI document: headers, keys, payloads, and the examples that our own code makes."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic.json_schema import models_json_schema

from pipeline.adapters.kafka.records import MESSAGE_ID_HEADER
from pipeline.contracts.case import CaseEvent, QueueRecord, UnreadNotice
from pipeline.contracts.envelope import REPORT_TYPE, SPEC_VERSION
from pipeline.contracts.messages import SIGNATURE_HEADER
from pipeline.contracts.report import ReportData, ReportSubmitted
from pipeline.schemas.contracts import examples

Node = dict[str, Any]

BINDING: Final = {"bindingVersion": "0.5.0"}
SCHEMAS: Final = "#/components/schemas/"
STRUCTURED, BINARY = "application/cloudevents+json", "application/json"
SIGNED: Final = "A detached JWS (RFC 7515 appendix F, RFC 7797) over the value; some sources must sign."
REPORTS: Final = ("reportStructured", "reportBinary")


def messages() -> dict[str, Node]:
    shown = examples()
    reports = shown["report.submitted.v1"]
    sender = _key("The code under which the source is registered, such as hotline-113.", "^[a-z0-9-]+$")
    case = _key(
        "The case's id as 32 hexadecimal digits, so that the messages of one case stay in order.", "^[0-9a-f]{32}$"
    )
    unread = _key("The unread report's id as 32 hexadecimal digits.", "^[0-9a-f]{32}$")
    return {
        "reportStructured": {
            "name": REPORT_TYPE,
            "title": "A report, in structured mode",
            "summary": "The whole CloudEvent stands in the message's value.",
            "contentType": STRUCTURED,
            "headers": _headers(
                {
                    "content-type": {"type": "string", "pattern": "^application/cloudevents\\+json"},
                    SIGNATURE_HEADER: {"type": "string", "pattern": r"^[\w-]+\.\.[\w-]+$", "description": SIGNED},
                },
                (),
            ),
            "payload": {"$ref": f"{SCHEMAS}ReportSubmitted"},
            "bindings": sender,
            "examples": [{"name": f"report{n}", "payload": e} for n, e in enumerate(reports, 1)],
        },
        "reportBinary": {
            "name": REPORT_TYPE,
            "title": "A report, in binary mode",
            "summary": "The CloudEvent's attributes stand in headers, its data in the message's value.",
            "contentType": BINARY,
            "headers": _binary_headers(),
            "payload": {"$ref": f"{SCHEMAS}ReportData"},
            "bindings": sender,
            "examples": [
                {"name": f"report{n}", "headers": _binary_example(e), "payload": e["data"]}
                for n, e in enumerate(reports, 1)
            ],
        },
        "queueRecord": {
            "name": "queue.record.v1",
            "title": "The state of one case for one centre",
            "summary": "`assigned`: it waits there. `withdrawn`: take it off the list.",
            **_outgoing("QueueRecord", case, shown["queue.record.v1"], "record"),
        },
        "caseEvent": {
            "name": "case.event.v1",
            "title": "One thing that happened to a case",
            "summary": "Versions of a case count up by one.",
            **_outgoing("CaseEvent", case, shown["case.event.v1"], "event"),
        },
        "unreadNotice": {
            "name": "report.unread.v1",
            "title": "A report that waits for a person",
            "summary": "Nobody could read it, or it may not be believed; a person must have looked by `due_at`.",
            **_outgoing("UnreadNotice", unread, shown["report.unread.v1"], "notice"),
        },
    }


def _outgoing(schema: str, key: Node, shown: list[Any], name: str) -> Node:
    about = "The message's id as 32 hexadecimal digits: one that comes twice has one id."
    return {
        "contentType": BINARY,
        "headers": _headers({MESSAGE_ID_HEADER: {"type": "string", "description": about}}, (MESSAGE_ID_HEADER,)),
        "payload": {"$ref": f"{SCHEMAS}{schema}"},
        "bindings": key,
        "examples": [{"name": f"{name}{n}", "payload": e} for n, e in enumerate(shown, 1)],
    }


def _key(description: str, pattern: str) -> Node:
    return {"kafka": {"key": {"type": "string", "pattern": pattern, "description": description}, **BINDING}}


def _headers(properties: Mapping[str, Node], required: tuple[str, ...]) -> Node:
    return {"type": "object", "properties": dict(properties), **({"required": list(required)} if required else {})}


def _binary_headers() -> Node:
    needed: dict[str, Node] = {
        "ce_specversion": {"type": "string", "const": SPEC_VERSION},
        "ce_type": {"type": "string", "const": REPORT_TYPE},
        "ce_id": {
            "type": "string",
            "minLength": 1,
            "description": "The same `ce_source` and `ce_id` is the same event.",
        },
        "ce_source": {"type": "string", "pattern": r"^/sources/[^/\s]+$"},
    }
    more = {
        "ce_time": {"type": "string", "format": "date-time", "description": "When the event was made."},
        "content-type": {"type": "string", "pattern": "^application/json"},
    }
    return _headers({**needed, **more}, tuple(needed))


def _binary_example(event: Mapping[str, Any]) -> Node:
    return {f"ce_{name}": event[name] for name in ("specversion", "type", "id", "source", "time")} | {
        "content-type": BINARY
    }


def schemas() -> dict[str, Node]:
    """Every contract and what it is made of. The document is whole in itself: all references point inside it."""
    taken: list[tuple[type[Any], Literal["validation"]]] = [(ReportSubmitted, "validation"), (ReportData, "validation")]
    told: list[tuple[type[Any], Literal["serialization"]]] = [
        (m, "serialization") for m in (QueueRecord, CaseEvent, UnreadNotice)
    ]
    _, made = models_json_schema([*taken, *told], ref_template=SCHEMAS + "{model}")
    return {
        name: {word: value for word, value in schema.items() if word != "examples"}
        for name, schema in made["$defs"].items()
    }
