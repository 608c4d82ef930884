"""The desk by HTTP: why reports stand together, the open questions, and what people decide of links and of how grave a
case is. For staff alone.
"""

from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID, uuid4

import orjson
from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

import pipeline
from pipeline.adapters.http import (
    desk_acts,
    desk_along,
    desk_audit,
    desk_call_outs,
    desk_cards,
    desk_cases,
    desk_notes,
    desk_notifications,
    desk_nudges,
    desk_overrides,
    desk_session,
    desk_told,
    desk_transfers,
)
from pipeline.adapters.http.desk_openapi import ANSWERS, DESCRIPTION, document
from pipeline.adapters.http.desk_room import (
    In,
    Name,
    Room,
    Second,
    as_json,
    asked,
    case_told,
    require_sight,
    seconded,
    who_may,
)
from pipeline.adapters.http.problem import HOME, MEDIA_TYPE, ProblemError, answer, http_error, meaning_of
from pipeline.adapters.http.server import Bounded
from pipeline.adapters.postgres.sessions import Seat
from pipeline.contracts.case import RulingKind
from pipeline.contracts.envelope import UnreadableCode
from pipeline.domain.bonds import Scope
from pipeline.domain.explain import as_told as explained_as_told
from pipeline.domain.intake import Problem, Refusal
from pipeline.domain.permissions import Act
from pipeline.domain.questions import as_told as question_as_told
from pipeline.domain.refusals import RulingRefusal
from pipeline.domain.rulings import Ruled
from pipeline.domain.wishes import Wish
from pipeline.errors import RulingRefusedError, StaffRefusedError

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


api = APIRouter(prefix="/v1", tags=["links"])
Sighted = Annotated[Seat, who_may(Act.SEE_LINKS)]
Ruler = Annotated[Seat, who_may(Act.RULE)]


@api.get("/links/{event_id}", name="links")
async def get_links(seat: Sighted, room: In, event_id: Name) -> Response:
    """Why this event's report stands where it stands: field by field, in Chinese and English, and nobody named. Of
    other cases only those that this post covers are told.
    """
    await require_sight(room, Act.SEE_LINKS, [seat], event_id)
    report_id = await asked(room.book.report(event_id))
    return as_json(explained_as_told(await asked(room.people.explain(seat.token, report_id))))


@api.get("/reviews", name="reviews")
async def get_reviews(seat: Sighted, room: In, limit: Annotated[int, Query(ge=1, le=QUESTIONS_MAX)] = 100) -> Response:
    """The questions that wait for a person of this post, the oldest first."""
    found = await asked(room.people.questions(seat.token, limit))
    return as_json({"reviews": [question_as_told(q) for q in found]})


@api.post("/rulings", status_code=201, name="rule")
async def post_rulings(
    seat: Ruler,
    room: In,
    wanted: RulingAsked,
    second: Second = None,
) -> Response:
    """Does what a person decides, and tells which cases of this post stand otherwise now; 200 where it was done
    before.
    """
    other = await seconded(room, second, Act.RULE)
    meant = (*wanted.names, *([wanted.case] if wanted.case else []))
    await require_sight(room, Act.RULE, [seat, other], *meant)
    wish = Wish(
        kind=wanted.kind,
        scope=wanted.scope,
        names=wanted.names,
        ruled_by=seat.staff,
        seconded_by=other and other.staff,
        case=wanted.case,
        is_answer=wanted.is_answer,
        ruling_id=wanted.ruling_id or uuid4(),
    )
    ruled = await asked(room.book.decide(wish))
    if ruled is None:
        return as_json({"ruling_id": str(wish.ruling_id), "cases": [], "aliases": []})
    changed = [change.after.case_id for change in ruled.changes]
    return as_json(_told(ruled, await asked(room.people.seen_cases(seat.token, changed))), HTTPStatus.CREATED)


def _told(ruled: Ruled, seen: Collection[UUID]) -> dict[str, Any]:
    """Of the cases that are `seen`, as they stand now: a part may be another centre's by it."""
    return {
        "ruling_id": str(ruled.ruling.ruling_id),
        "cases": [case_told(change.after) for change in ruled.changes if change.after.case_id in seen],
        "aliases": [
            {"alias_id": str(g.case.case_id), "case_id": str(g.into)} for g in ruled.absorbed if g.into in seen
        ],
    }


def desk_app(room: Room) -> FastAPI:
    app = bare_app()
    app.state.room = room
    app.add_middleware(Bounded, bytes_max=BODY_BYTES_MAX, within_s=BODY_WITHIN_S)
    return app


ROUTERS = (
    desk_session.api,
    desk_cases.api,
    desk_acts.api,
    desk_along.api,
    desk_notes.api,
    desk_nudges.api,
    desk_cards.api,
    desk_call_outs.api,
    desk_notifications.api,
    api,
    desk_overrides.api,
    desk_transfers.api,
    desk_told.api,
    desk_audit.api,
)


def bare_app() -> FastAPI:
    """The desk's routes, without anything behind them."""
    app = FastAPI(
        title="Anwang desk",
        version=pipeline.__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        openapi_url=None,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    for router in ROUTERS:
        app.include_router(router, responses=ANSWERS)
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(StaffRefusedError, _not_signed_in)
    app.add_exception_handler(RulingRefusedError, _refused)
    app.add_exception_handler(RequestValidationError, _wrong_parameter)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, _our_fault)
    return app


def desk_document() -> dict[str, Any]:
    """The OpenAPI document of the desk."""
    return document(bare_app())


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


def _as_problem(status: HTTPStatus, code: str, detail: str, more: Mapping[str, Any] | None = None) -> Response:
    told = {"type": f"{HOME}{code}", "title": status.phrase, "status": status.value, "detail": detail, "code": code}
    return Response(orjson.dumps({**told, **(more or {})}), status, {"Cache-Control": "no-store"}, MEDIA_TYPE)


async def _not_signed_in(_request: Request, error: Exception) -> Response:
    assert isinstance(error, StaffRefusedError)  # noqa: S101 - registered for it alone
    problem = desk_session.as_problem(error)
    meaning = meaning_of(problem.code)
    return _as_problem(meaning.status, problem.code, meaning.mend, desk_session.posts_told(error))


async def _problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - registered for it alone
    return answer(error.problem, error.headers)


PARAMETERS = frozenset(
    {
        "limit",
        "event_id",
        "case",
        "case_id",
        "after",
        "wait_s",
        "stream",
        "queue",
        "priority",
        "centre",
        "held",
        "role",
        "scope",
        "transfer_id",
        "by",
        "notification_id",
        "co_work_id",
        "after_at",
        "after_id",
        "unacknowledged",
        "told_id",
        "before",
        "idempotency-key",
        "Idempotency-Key",
        "stage",
        "task_id",
        "fence",
        "if-match",
        "last-event-id",
    }
)
BODIES: tuple[type[BaseModel], ...] = (
    RulingAsked,
    desk_overrides.OverrideAsked,
    desk_session.SignIn,
    desk_transfers.TransferAsked,
    desk_transfers.AnswerGiven,
    desk_cards.RevealAsked,
    desk_cards.ReporterAsked,
    desk_call_outs.CallOutAsked,
    desk_told.ToldReport,
    *desk_acts.BODIES,
    desk_along.CoWorkWanted,
    desk_along.CoWorkAnswer,
    desk_notes.NoteWritten,
)
"""What an answer may name of what was wrong: words of ours alone."""


async def _wrong_parameter(_request: Request, error: Exception) -> Response:
    """Names the parameter, never its value."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it alone
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return answer(Problem(UnreadableCode.NOT_JSON))
    known = {*PARAMETERS, *(name for model in BODIES for name in model.model_fields)}
    return answer(Problem(Refusal.PARAMETER_WRONG, next((str(p) for p in first["loc"][1:] if p in known), None)))
