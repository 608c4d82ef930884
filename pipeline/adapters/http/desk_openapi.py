"""What the desk's OpenAPI document says beyond what FastAPI reads off the code."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from pipeline.adapters.http.problem import MEDIA_TYPE

DESCRIPTION: Final = (
    "What staff ask and decide of cases. Sign in by POST /v1/session; an answer holds what the post of the session "
    "covers, and never names a person, an address or a source."
)

_PROBLEM: Final = "#/components/schemas/Problem"


def _problem(text: str) -> dict[str, Any]:
    return {"description": text, "content": {MEDIA_TYPE: {"schema": {"$ref": _PROBLEM}}}}


ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    401: _problem("No session, or one that is over."),
    403: _problem("The post does not do this."),
    404: _problem("There is no such thing for this post; why is told to the audit alone."),
    409: _problem("It cannot be done as things stand; `code` says why."),
    412: _problem("Something happened to the case since the version in If-Match."),
    422: _problem("A parameter or a field will not do; `path` names it."),
    429: _problem("Too many requests of this session; Retry-After says when to go on."),
    500: _problem("Our fault; it is not certain that anything was done."),
    503: _problem("Not now."),
}

_PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "RFC 9457. Repeats nothing of what was sent.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What to mend."},
        "code": {"type": "string"},
        "zh": {"type": "string", "description": "What to mend, in Chinese."},
        "path": {"type": "string", "description": "The field that is wrong."},
        "posts": {
            "type": "array",
            "description": "After signing in without saying which: the posts that there are.",
            "items": {
                "type": "object",
                "required": ["role", "scope"],
                "properties": {"role": {"type": "string"}, "scope": {"type": "string"}},
            },
        },
    },
}


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    made = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        license_info=app.license_info,
        routes=app.routes,
        servers=[{"url": "/", "description": "Where the desk listens."}],
    )
    schemas = made["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM_SCHEMA
    return made
