"""The desk by HTTP: why reports stand together, the open questions, and what people decide. For staff alone."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Protocol, TypeVar
from uuid import UUID, uuid4

import orjson
from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

import pipeline
from pipeline.adapters.http.problem import HOME, MEDIA_TYPE, ProblemError, answer, http_error
from pipeline.adapters.http.server import Bounded
from pipeline.contracts.case import RulingKind
from pipeline.contracts.envelope import UnreadableCode
from pipeline.domain.bonds import Scope
from pipeline.domain.casefile import CaseFile
from pipeline.domain.explain import Explanation
from pipeline.domain.explain import as_told as explained_as_told
from pipeline.domain.intake import Problem, Refusal
from pipeline.domain.questions import Question
from pipeline.domain.questions import as_told as question_as_told
from pipeline.domain.refusals import RulingRefusal
from pipeline.domain.rulings import Ruled
from pipeline.domain.wishes import Wish
from pipeline.errors import RulingRefusedError, UnavailableError

BODY_BYTES_MAX, BODY_WITHIN_S = 100_000, 10.0
NAMES_MAX, QUESTIONS_MAX = 200, 1000
RETRY_AFTER_S = 5

T = TypeVar("T")


class Book(Protocol):
    """Every call raises RulingRefusedError where it cannot be done, UnavailableError while the database is away."""

    async def decide(self, wish: Wish) -> Ruled | None: ...
    async def report(self, name: str) -> UUID: ...
    async def questions(self, questions_max: int) -> list[Question]: ...


class Explains(Protocol):
    async def explain(self, report_id: UUID) -> Explanation: ...


@dataclass(frozen=True, slots=True)
class Room:
    """All that the desk stands on. `find_staff` gives the staff code whose token is shown."""

    book: Book
    explains: Explains
    find_staff: Callable[[str], str | None]


Name = Annotated[str, Field(min_length=1, max_length=200)]


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


Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]


def _room(request: Request) -> Room:
    room: Room = request.app.state.room
    return room


In = Annotated[Room, Depends(_room)]


async def _staff(bearer: Bearer, room: In) -> str:
    if bearer is None:
        raise ProblemError(Problem(Refusal.TOKEN_MISSING), {"WWW-Authenticate": "Bearer"})
    return _of_token(room, bearer.credentials)


def _of_token(room: Room, token: str) -> str:
    code = room.find_staff(token)
    if code is None:
        raise ProblemError(Problem(Refusal.TOKEN_UNKNOWN), {"WWW-Authenticate": 'Bearer error="invalid_token"'})
    return code


Person = Annotated[str, Depends(_staff)]
api = APIRouter(prefix="/v1")


@api.get("/links/{event_id}", name="links")
async def get_links(_person: Person, room: In, event_id: Name) -> Response:
    """Why this event's report stands where it stands: field by field, in Chinese and English, and nobody named."""
    return _json(explained_as_told(await _asked(_explained(room, event_id))))


async def _explained(room: Room, event_id: str) -> Explanation:
    return await room.explains.explain(await room.book.report(event_id))


@api.get("/reviews", name="reviews")
async def get_reviews(
    _person: Person, room: In, limit: Annotated[int, Query(ge=1, le=QUESTIONS_MAX)] = 100
) -> Response:
    """The questions that wait for a person, the oldest first."""
    return _json({"reviews": [question_as_told(q) for q in await _asked(room.book.questions(limit))]})


@api.post("/rulings", status_code=201, name="rule")
async def post_rulings(
    person: Person,
    room: In,
    wanted: RulingAsked,
    second: Annotated[
        str | None,
        Header(
            alias="Second-Authorization",
            description="`Bearer` and the token of the second person, where one must agree.",
        ),
    ] = None,
) -> Response:
    """Does what a person decides, and tells which cases stand otherwise now; 200 where it was done before."""
    wish = Wish(
        kind=wanted.kind,
        scope=wanted.scope,
        names=wanted.names,
        ruled_by=person,
        seconded_by=_of_token(room, second.removeprefix("Bearer ")) if second else None,
        case=wanted.case,
        is_answer=wanted.is_answer,
        ruling_id=wanted.ruling_id or uuid4(),
    )
    ruled = await _asked(room.book.decide(wish))
    told = {"ruling_id": str(wish.ruling_id), "cases": [], "aliases": []} if ruled is None else _told(ruled)
    return _json(told, HTTPStatus.OK if ruled is None else HTTPStatus.CREATED)


def _told(ruled: Ruled) -> dict[str, Any]:
    return {
        "ruling_id": str(ruled.ruling.ruling_id),
        "cases": [_case(change.after) for change in ruled.changes],
        "aliases": [{"alias_id": str(g.case.case_id), "case_id": str(g.into)} for g in ruled.absorbed],
    }


def _case(case: CaseFile) -> dict[str, Any]:
    standing, routing = case.judged
    return {
        "case_id": str(case.case_id),
        "version": case.version,
        "reports": [str(r.report_id) for r in case.reports],
        "incidents": len(case.incidents),
        "queue": standing.queue,
        "priority": standing.priority,
        "centre": routing.centre,
    }


async def _asked(question: Awaitable[T]) -> T:
    try:
        return await question
    except UnavailableError as error:
        raise ProblemError(Problem(Refusal.DATABASE_AWAY), {"Retry-After": str(RETRY_AFTER_S)}) from error


def _json(value: Mapping[str, Any], status: int = HTTPStatus.OK) -> Response:
    return Response(orjson.dumps(value), status, {"Cache-Control": "no-store"}, "application/json")


def desk_app(room: Room) -> FastAPI:
    app = _bare()
    app.state.room = room
    app.add_middleware(Bounded, bytes_max=BODY_BYTES_MAX, within_s=BODY_WITHIN_S)
    return app


def _bare() -> FastAPI:
    app = FastAPI(
        title="Anwang desk",
        version=pipeline.__version__,
        description="What staff ask and decide of links. An answer never names a person, an address or a source.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        openapi_url=None,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    app.include_router(api)
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(RulingRefusedError, _refused)
    app.add_exception_handler(RequestValidationError, _wrong_parameter)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, _our_fault)
    return app


_UNKNOWN = frozenset({RulingRefusal.UNKNOWN, RulingRefusal.UNKNOWN_REPORT})


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RulingRefusedError)  # noqa: S101 - registered for it alone
    status = HTTPStatus.NOT_FOUND if error.code in _UNKNOWN else HTTPStatus.CONFLICT
    return _as_problem(status, error.code, str(error))


async def _our_fault(_request: Request, _error: Exception) -> Response:
    return _as_problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        Refusal.INTERNAL,
        "This is our fault, and it is not certain that anything was done. Send it again with the same ruling_id.",
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
    known = {"limit", "event_id", *RulingAsked.model_fields}
    return answer(Problem(Refusal.PARAMETER_WRONG, next((str(p) for p in first["loc"][1:2] if p in known), None)))
