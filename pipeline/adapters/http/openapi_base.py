"""What both OpenAPI documents have: the problem that an answer may be, and nothing of FastAPI's own."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from pipeline.adapters.http.problem import MEDIA_TYPE

Responses = dict[int | str, dict[str, Any]]

_PROBLEM: Final = "#/components/schemas/Problem"


def problem_answer(text: str) -> dict[str, Any]:
    """An answer of which the text says when it comes."""
    return {"description": text, "content": {MEDIA_TYPE: {"schema": {"$ref": _PROBLEM}}}}


def problem_schema(description: str, **more: dict[str, Any]) -> dict[str, Any]:
    """Of a problem; `more` replaces or adds properties."""
    told: dict[str, Any] = {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What to mend."},
        "code": {"type": "string"},
        "path": {"type": "string", "description": "The field that is wrong."},
    }
    return {
        "title": "Problem",
        "description": description,
        "type": "object",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {**told, **more},
    }


def base_document(app: FastAPI, where: str) -> dict[str, Any]:
    """OpenAPI 3.1; `where` says what listens there. FastAPI's own word for a wrong parameter is never given."""
    made = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        license_info=app.license_info,
        routes=app.routes,
        servers=[{"url": "/", "description": where}],
    )
    for name in ("HTTPValidationError", "ValidationError"):
        made["components"]["schemas"].pop(name, None)
    return made
