"""The desk by HTTP: why reports stand together, the open questions, and what people decide of links and of how grave a
case is. For staff alone.
"""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID, uuid4

import orjson
from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

import pipeline
from pipeline.adapters.http import desk_overrides
from pipeline.adapters.http.desk_room import In, Name, Person, Room, Second, as_json, asked, case_told, seconded
from pipeline.adapters.http.problem import HOME, MEDIA_TYPE, ProblemError, answer, http_error
from pipeline.adapters.http.server import Bounded
from pipeline.contracts.case import RulingKind
from pipeline.contracts.envelope import UnreadableCode
from pipeline.domain.bonds import Scope
from pipeline.domain.explain import Explanation
from pipeline.domain.explain import as_told as explained_as_told
from pipeline.domain.intake import Problem, Refusal
from pipeline.domain.questions import as_told as question_as_told
from pipeline.domain.refusals import RulingRefusal
from pipeline.domain.rulings import Ruled
from pipeline.domain.wishes import Wish
from pipeline.errors import RulingRefusedError

BODY_BYTES_MAX, BODY_WITHIN_S = 100_000, 10.0
NAMES_MAX, QUESTIONS_MAX = 200, 1000


class RulingAsked(BaseModel):
    """What a person decides. A ruling that comes again, by its id, changes nothing."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)

    ruling_id: UUID | None = None
    """Give one: what is sent again after a lost answer then counts once."""
    kind: RulingKind
    scope: Scope = Scope.HOUSEHOLD
    names: Annotated[tuple[Name, ...], Field(min_length=1, max_length=NAMES_MAX)]
    """Ids of reports or of events of them; for a merge of cases, of incidents, or of reports in them."""
    case: Name | None = None
    """For a split: the case that the reports leave."""
    is_answer: bool = False
    """A confirm or a part of two reports that ends an open question about them."""


api = APIRouter(prefix="/v1")


@api.get("/links/{event_id}", name="links")
async def get_links(_person: Person, room: In, event_id: Name) -> Response:
    """Why this event's report stands where it stands: field by field, in Chinese and English, and nobody named."""
    return as_json(explained_as_told(await asked(_explained(room, event_id))))


async def _explained(room: Room, event_id: str) -> Explanation:
    return await room.explains.explain(await room.book.report(event_id))


@api.get("/reviews", name="reviews")
async def get_reviews(
    _person: Person, room: In, limit: Annotated[int, Query(ge=1, le=QUESTIONS_MAX)] = 100
) -> Response:
    """The questions that wait for a person, the oldest first."""
    return as_json({"reviews": [question_as_told(q) for q in await asked(room.book.questions(limit))]})


@api.post("/rulings", status_code=201, name="rule")
async def post_rulings(
    person: Person,
    room: In,
    wanted: RulingAsked,
    second: Second = None,
) -> Response:
    """Does what a person decides, and tells which cases stand otherwise now; 200 where it was done before."""
    wish = Wish(
        kind=wanted.kind,
        scope=wanted.scope,
        names=wanted.names,
        ruled_by=person,
        seconded_by=seconded(room, second),
        case=wanted.case,
        is_answer=wanted.is_answer,
        ruling_id=wanted.ruling_id or uuid4(),
    )
    ruled = await asked(room.book.decide(wish))
    told = {"ruling_id": str(wish.ruling_id), "cases": [], "aliases": []} if ruled is None else _told(ruled)
    return as_json(told, HTTPStatus.OK if ruled is None else HTTPStatus.CREATED)


def _told(ruled: Ruled) -> dict[str, Any]:
    return {
        "ruling_id": str(ruled.ruling.ruling_id),
        "cases": [case_told(change.after) for change in ruled.changes],
        "aliases": [{"alias_id": str(g.case.case_id), "case_id": str(g.into)} for g in ruled.absorbed],
    }


def desk_app(room: Room) -> FastAPI:
    app = _bare()
    app.state.room = room
    app.add_middleware(Bounded, bytes_max=BODY_BYTES_MAX, within_s=BODY_WITHIN_S)
    return app


def _bare() -> FastAPI:
    app = FastAPI(
        title="Anwang desk",
        version=pipeline.__version__,
        description="What staff ask and decide of cases. An answer never names a person, an address or a source.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        openapi_url=None,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    app.include_router(api)
    app.include_router(desk_overrides.api)
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(RulingRefusedError, _refused)
    app.add_exception_handler(RequestValidationError, _wrong_parameter)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, _our_fault)
    return app


_UNKNOWN = frozenset({RulingRefusal.UNKNOWN, RulingRefusal.UNKNOWN_REPORT, RulingRefusal.UNKNOWN_CASE})


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RulingRefusedError)  # noqa: S101 - registered for it alone
    status = HTTPStatus.NOT_FOUND if error.code in _UNKNOWN else HTTPStatus.CONFLICT
    return _as_problem(status, error.code, str(error))


async def _our_fault(_request: Request, _error: Exception) -> Response:
    return _as_problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        Refusal.INTERNAL,
        "This is our fault, and it is not certain that anything was done. Send it again with the same id.",
    )


def _as_problem(status: HTTPStatus, code: str, detail: str) -> Response:
    told = {"type": f"{HOME}{code}", "title": status.phrase, "status": status.value, "detail": detail, "code": code}
    return Response(orjson.dumps(told), status, {"Cache-Control": "no-store"}, MEDIA_TYPE)


async def _problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - registered for it alone
    return answer(error.problem, error.headers)


async def _wrong_parameter(_request: Request, error: Exception) -> Response:
    """Names the parameter, never its value."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it alone
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return answer(Problem(UnreadableCode.NOT_JSON))
    known = {"limit", "event_id", "case", *RulingAsked.model_fields, *desk_overrides.OverrideAsked.model_fields}
    return answer(Problem(Refusal.PARAMETER_WRONG, next((str(p) for p in first["loc"][1:2] if p in known), None)))
