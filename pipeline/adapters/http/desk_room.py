"""What the desk by HTTP stands on: who asks, what is asked of whom, and how an answer is given."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Protocol, TypeVar
from uuid import UUID

import orjson
from fastapi import Depends, Header, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import Field

from pipeline.adapters.http.problem import ProblemError
from pipeline.domain.casefile import CaseFile
from pipeline.domain.explain import Explanation
from pipeline.domain.intake import Problem, Refusal
from pipeline.domain.overrides import Overridden, OverrideWish
from pipeline.domain.questions import Question
from pipeline.domain.rulings import Ruled
from pipeline.domain.wishes import Wish
from pipeline.errors import UnavailableError

RETRY_AFTER_S = 5

T = TypeVar("T")


class Book(Protocol):
    """Every call raises RulingRefusedError where it cannot be done, UnavailableError while the database is away."""

    async def decide(self, wish: Wish) -> Ruled | None: ...
    async def report(self, name: str) -> UUID: ...
    async def questions(self, questions_max: int) -> list[Question]: ...


class Explains(Protocol):
    async def explain(self, report_id: UUID) -> Explanation: ...


class Puts(Protocol):
    """As a Book."""

    async def put(self, name: str, wish: OverrideWish) -> Overridden | None: ...


@dataclass(frozen=True, slots=True)
class Room:
    """All that the desk stands on. `find_staff` gives the staff code whose token is shown."""

    book: Book
    explains: Explains
    overrides: Puts
    find_staff: Callable[[str], str | None]


Name = Annotated[str, Field(min_length=1, max_length=200)]

Second = Annotated[
    str | None,
    Header(
        alias="Second-Authorization", description="`Bearer` and the token of the second person, where one must agree."
    ),
]
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


def seconded(room: Room, second: str | None) -> str | None:
    return _of_token(room, second.removeprefix("Bearer ")) if second else None


async def asked(question: Awaitable[T]) -> T:
    try:
        return await question
    except UnavailableError as error:
        raise ProblemError(Problem(Refusal.DATABASE_AWAY), {"Retry-After": str(RETRY_AFTER_S)}) from error


def case_told(case: CaseFile) -> dict[str, Any]:
    standing, routing = case.judged
    return {
        "case_id": str(case.case_id),
        "version": case.version,
        "reports": [str(r.report_id) for r in case.reports],
        "incidents": len(case.incidents),
        "queue": standing.queue,
        "priority": standing.priority,
        "child_grade": standing.child_grade,
        "centre": routing.centre,
    }


def as_json(value: Mapping[str, Any], status: int = HTTPStatus.OK) -> Response:
    return Response(orjson.dumps(value), status, {"Cache-Control": "no-store"}, "application/json")
