"""What the OpenAPI document says beyond what FastAPI reads off the code: bodies in three modes, and the problems."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI

from pipeline.adapters.http.openapi_base import Responses, base_document, problem_answer, problem_schema
from pipeline.adapters.http.problem import MEANINGS
from pipeline.contracts.report import ReportSubmitted
from pipeline.contracts.report_examples import EXAMPLES
from pipeline.domain.intake import BATCH_MAX
from pipeline.domain.normalise.notes import ITEMS_MAX
from pipeline.domain.normalise.reading import REQUIRED

DESCRIPTION: Final = (
    "Reports of the social safety net by HTTP. Send an event again with the same `id` as often as you like, until you "
    "have a 202: it counts once. An answer never repeats what you sent."
)

_STAMPED: Final = {"$ref": "#/components/schemas/ReportToStamp"}
_PATIENT: Final = {"$ref": "#/components/schemas/ReportAsTaken"}
_EVENT: Final = {"anyOf": [_STAMPED, _PATIENT]}


def _problem(text: str, *headers: str) -> dict[str, Any]:
    return problem_answer(text) | ({"headers": {name: _HEADERS[name] for name in headers}} if headers else {})


_HEADERS: Final[Mapping[str, Any]] = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
    "WWW-Authenticate": {"description": "RFC 6750.", "schema": {"type": "string"}},
    "Location": {"description": "Where the receipt's state is told.", "schema": {"type": "string"}},
}

COMMON: Final[Responses] = {
    500: _problem("Our fault; it is not certain that anything was taken."),
    429: _problem("Too many requests of this source.", "Retry-After"),
    503: _problem("Not now: nothing was taken, or it is not certain.", "Retry-After"),
}
_TOKEN: Final[Responses] = {401: _problem("No token, or one that opens nothing.", "WWW-Authenticate")}

TAKEN: Final[Responses] = {
    202: {
        "description": "Taken: all replicas of the broker have it.",
        "headers": {"Location": _HEADERS["Location"] | {"required": False}},
        "content": {
            "application/json": {
                "schema": {
                    "oneOf": [
                        {"$ref": "#/components/schemas/TakenReceipt"},
                        {"$ref": "#/components/schemas/TakenReceipts"},
                    ]
                }
            }
        },
    },
    400: _problem("The body cannot be read."),
    403: _problem("The event names another source, its signature or the client certificate will not do."),
    408: _problem("The body did not come in time."),
    413: _problem("Too large."),
    415: _problem("A content type that is not for events."),
    422: _problem("An event that cannot become a report; `code` and `path` say why, `event` which one of a batch."),
    **_TOKEN,
}
RECEIPT: Final[Responses] = {404: _problem("No receipt of this source."), 422: _problem("No receipt."), **_TOKEN}
COUNTS: Final[Responses] = {**_TOKEN}
CREDENTIALS: Final[Responses] = {
    400: _problem("The body is not JSON."),
    403: _problem("The code is wrong, too old or was used."),
    422: _problem("No code."),
}

_SHOWN: Final = {f"example {number}": {"value": event} for number, event in enumerate(EXAMPLES, 1)}
REPORTS: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "One event in structured mode, one in binary mode (attributes in `ce-` headers, the body is "
        "`data`, application/json), or a batch. `source` may be left out; `id`, too, outside a batch, where the header "
        "Idempotency-Key stands for it. A signed event is one in structured mode with `id` and `source` of its own.",
        "content": {
            "application/cloudevents+json": {"schema": _EVENT, "examples": _SHOWN},
            "application/cloudevents-batch+json": {
                "schema": {"type": "array", "items": _EVENT, "minItems": 1, "maxItems": BATCH_MAX},
                "examples": {"both": {"value": list(EXAMPLES[:2])}},
            },
            "application/json": {
                "schema": _EVENT,
                "examples": {"structured": {"value": EXAMPLES[0]}},
            },
        },
    },
}

_TEXT: Final = {"type": "string", "pattern": "\\S"}

_PROBLEM_SCHEMA: Final = problem_schema(
    "RFC 9457. Says what to mend and repeats nothing of what was sent.",
    status={"type": "integer", "enum": sorted({m.status.value for m in MEANINGS.values()})},
    code={"type": "string", "enum": sorted(MEANINGS)},
    event={"type": "integer", "minimum": 0, "description": "Its position in a batch, from 0."},
)
_NOT_NULL: Final = {"type": ["string", "number", "boolean", "object", "array"]}
_FILLED: Final = {"anyOf": [_TEXT, {"type": ["number", "boolean", "object", "array"]}]}
_SOMEBODY: Final = {"type": "object", "required": ["role"], "properties": {"role": _FILLED}}

_AS_TAKEN: Final[dict[str, Any]] = {
    "title": "ReportAsTaken",
    "description": "What is taken: a field of another form than it should have costs no report; `faults` notes it.",
    "type": "object",
    "required": ["specversion", "id", "type", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": _TEXT,
        "source": {"anyOf": [_TEXT, {"type": "null"}]},
        "type": {"const": "report.submitted.v1"},
        "data": {
            "type": "object",
            "required": list(REQUIRED),
            "properties": {
                **dict.fromkeys(REQUIRED, _NOT_NULL),
                "report_no": _FILLED,
                "persons": {"anyOf": [_SOMEBODY, {"type": "array", "contains": _SOMEBODY, "maxItems": ITEMS_MAX}]},
            },
        },
    },
}


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document, with the report's own schema."""
    if app.openapi_schema is None:
        made = base_document(app, "Where the gateway listens.")
        app.openapi_schema = _with_schemas(made)
    return app.openapi_schema


def _with_schemas(made: dict[str, Any]) -> dict[str, Any]:
    from pipeline.adapters.http.intake import TakenReceipts  # noqa: PLC0415 - it imports this module

    schemas = made["components"]["schemas"]
    for model in (ReportSubmitted, TakenReceipts):
        told = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= told.pop("$defs", {})
        schemas[model.__name__] = told
    schemas["ReportToStamp"] = {
        **schemas["ReportSubmitted"],
        "title": "ReportToStamp",
        "description": "What you should send: ReportSubmitted, where the gateway adds `source`.",
        "required": [*(n for n in schemas["ReportSubmitted"]["required"] if n != "source"), "specversion", "type"],
    }
    schemas["ReportAsTaken"] = _AS_TAKEN
    schemas["Problem"] = _PROBLEM_SCHEMA
    return made
