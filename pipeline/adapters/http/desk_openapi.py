"""What the desk's OpenAPI document says beyond what FastAPI reads off the code."""

from typing import Any, Final

from fastapi import FastAPI

from pipeline.adapters.http.openapi_base import Responses, base_document, problem_answer, problem_schema

DESCRIPTION: Final = (
    "What staff ask and decide of cases. Sign in by POST /v1/session; an answer holds what the post of the session "
    "covers, and never names a person, an address or a source."
)

ANSWERS: Final[Responses] = {
    401: problem_answer("No session, or one that is over."),
    403: problem_answer("The post does not do this."),
    404: problem_answer("There is no such thing for this post; why is told to the audit alone."),
    409: problem_answer("It cannot be done as things stand; `code` says why."),
    412: problem_answer("Something happened to the case since the version in If-Match."),
    422: problem_answer("A parameter or a field will not do; `path` names it."),
    429: problem_answer("Too many requests of this session; Retry-After says when to go on."),
    500: problem_answer("Our fault; it is not certain that anything was done."),
    503: problem_answer("Not now."),
}

_POSTS: Final[dict[str, Any]] = {
    "type": "array",
    "description": "After signing in without saying which: the posts that there are.",
    "items": {
        "type": "object",
        "required": ["role", "scope"],
        "properties": {"role": {"type": "string"}, "scope": {"type": "string"}},
    },
}


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    made = base_document(app, "Where the desk listens.")
    made["components"]["schemas"]["Problem"] = problem_schema(
        "RFC 9457. Repeats nothing of what was sent.", posts=_POSTS
    )
    return made
