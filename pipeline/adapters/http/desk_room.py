"""What the desk by HTTP stands on: who asks, what is asked of whom, and how an answer is given."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Protocol, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import orjson
from fastapi import Depends, Header, Request, Response
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from pydantic import Field

from pipeline.adapters.http.problem import ProblemError
from pipeline.adapters.http.rate import Rates
from pipeline.adapters.http.streams import Streams
from pipeline.adapters.oidc import Provider
from pipeline.adapters.postgres.along import Along
from pipeline.adapters.postgres.call_outs import CallOuts
from pipeline.adapters.postgres.cards import Cards
from pipeline.adapters.postgres.notes import Notes
from pipeline.adapters.postgres.noticeboard import Noticeboard
from pipeline.adapters.postgres.nudges import Nudges
from pipeline.adapters.postgres.people_desk import PeopleDesk
from pipeline.adapters.postgres.rulings import Named
from pipeline.adapters.postgres.sessions import Seat, Sessions, digest
from pipeline.domain.casefile import CaseFile
from pipeline.domain.centres import Centre
from pipeline.domain.intake import DeskRefusal, Problem, Refusal
from pipeline.domain.overrides import Overridden, OverrideWish
from pipeline.domain.permissions import Act, may
from pipeline.domain.posts import PostRole
from pipeline.domain.refusals import RulingRefusal, refused
from pipeline.domain.rulings import Ruled
from pipeline.domain.transfer import Answer, Handed, Proposal
from pipeline.domain.wishes import Wish
from pipeline.errors import NobodyActsError, RulingRefusedError, UnavailableError

if TYPE_CHECKING:
    from pipeline.adapters.http.desk_told import ToldHere

RETRY_AFTER_S = 5
COOKIE = "__Host-anwang"
SIGN_IN_RATE = "60/minute"
"""Of one address."""
CALL_RATE = "1200/minute"
"""Of one session."""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

T = TypeVar("T")


class Limits(NamedTuple):
    """For how many seconds a claim lasts without presence, and how many cases one person may hold; None is any."""

    lease_s: float
    capacity: int | None


class Book(Protocol):
    """Every call raises RulingRefusedError where it cannot be done, UnavailableError while the database is away."""

    async def decide(self, wish: Wish) -> Ruled | None: ...
    async def report(self, name: str) -> UUID: ...
    async def named(self, name: str) -> Named: ...


class Puts(Protocol):
    """As a Book."""

    async def put(self, name: str, wish: OverrideWish) -> Overridden | None: ...


class HandsOn(Protocol):
    """As a Book."""

    async def propose(self, name: str, wish: Proposal) -> Handed | None: ...
    async def answer(self, transfer_or_case: str, said: Answer) -> Handed | None: ...


@dataclass(frozen=True, slots=True)
class Room:
    """All that the desk stands on. What a person reads comes by `people`, which sees what their post covers; `book`,
    `overrides` and `transfers` see everything, so nothing is asked of them before `people` has said that this person
    sees it. `labels` gives what a code of a reason says, in Chinese and English, `limits` what the policy allows
    a role, `centre_of` which centre of the directory has a code.
    """

    book: Book
    overrides: Puts
    transfers: HandsOn
    people: PeopleDesk
    sessions: Sessions
    labels: Callable[[str], tuple[str, str]]
    cards: Cards
    call_outs: CallOuts
    noticeboard: Noticeboard
    notes: Notes
    along: Along
    nudges: Nudges
    limits: Callable[[PostRole], Limits]
    centre_of: Callable[[str], Centre | None]
    has_local_accounts: bool = False
    provider: Provider | None = None
    told_here: "ToldHere | None" = None
    rates: Rates = field(default_factory=lambda: Rates(SIGN_IN_RATE))
    call_rates: Rates = field(default_factory=lambda: Rates(CALL_RATE))
    streams: Streams = field(default_factory=Streams)


Name = Annotated[str, Field(min_length=1, max_length=200)]

Second = Annotated[
    str | None,
    Header(
        alias="Second-Authorization",
        description="`Bearer` and the token of a session of the second person, where one must agree.",
    ),
]
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]
Cookie = Annotated[str | None, Depends(APIKeyCookie(name=COOKIE, auto_error=False))]


def _room(request: Request) -> Room:
    room: Room = request.app.state.room
    return room


In = Annotated[Room, Depends(_room)]


async def _seat(request: Request, bearer: Bearer, cookie: Cookie, room: In) -> Seat:
    """A cookie goes along by itself, also with what another site makes a browser send; a token does not."""
    if bearer is not None:
        return await _of_token(room, bearer.credentials)
    if cookie is None:
        raise ProblemError(Problem(Refusal.TOKEN_MISSING), {"WWW-Authenticate": "Bearer"})
    if request.method not in _SAFE and not is_same_site(request, must_say=True):
        raise ProblemError(Problem(DeskRefusal.CROSS_SITE))
    return await _of_token(room, cookie)


def is_same_site(request: Request, *, must_say: bool) -> bool:
    """By what the browser says of where the request was made; `must_say` refuses one that says nothing."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    if origin is not None:
        return urlsplit(origin).netloc == request.headers.get("host")
    return not must_say


async def _of_token(room: Room, token: str) -> Seat:
    seat = await asked(room.sessions.find(token))
    if seat is None:
        raise ProblemError(Problem(Refusal.TOKEN_UNKNOWN), {"WWW-Authenticate": 'Bearer error="invalid_token"'})
    wait_s = room.call_rates.wait_s(digest(token).hex())
    if wait_s is not None:
        raise ProblemError(Problem(Refusal.TOO_MANY_REQUESTS), {"Retry-After": str(wait_s)})
    return seat


Person = Annotated[Seat, Depends(_seat)]


def who_may(act: Act) -> Any:  # noqa: ANN401 - what FastAPI takes as a dependency
    """The seat of whoever asks, whose role may do this; else 403, told to the audit."""

    async def allowed(seat: Person, room: In) -> Seat:
        await require_may(room, seat, act)
        return seat

    return Depends(allowed)


async def require_may(room: Room, seat: Seat, act: Act) -> None:
    if not may(seat.post.role, act):
        await asked(room.people.refuse(seat.token, act.value, None, "not_your_work"))
        raise ProblemError(Problem(DeskRefusal.NOT_YOUR_WORK))


async def seconded(room: Room, second: str | None, act: Act) -> Seat | None:
    """The second person, who must be of a role that may do this, too."""
    if not second:
        return None
    seat = await _of_token(room, second.removeprefix("Bearer "))
    await require_may(room, seat, act)
    return seat


async def require_sight(room: Room, act: Act, seats: list[Seat | None], *names: str) -> None:
    """Everybody here sees every case that these names stand for; else they stand for nothing, whatever the reason."""
    found = [await _named(room, name) for name in names]
    reports = [report for named in found if named for report in named.reports]
    for seat in seats:
        if seat and not (await asked(room.people.sees(seat.token, reports)) and all(found)):
            await asked(room.people.refuse(seat.token, act.value, None, "not_yours"))
            raise refused(RulingRefusal.UNKNOWN)


async def _named(room: Room, name: str) -> Named | None:
    """None for a word that stands for nothing, and for one that stands for several reports: who may not see them does
    not learn of them, and all of these are answered and told alike.
    """
    try:
        return await asked(room.book.named(name))
    except RulingRefusedError:
        return None


async def asked(question: Awaitable[T]) -> T:
    try:
        return await question
    except UnavailableError as error:
        raise ProblemError(Problem(Refusal.DATABASE_AWAY), {"Retry-After": str(RETRY_AFTER_S)}) from error
    except NobodyActsError as error:
        told = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        raise ProblemError(Problem(Refusal.TOKEN_UNKNOWN), told) from error


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
    return Response(orjson.dumps(value, default=_id_as_text), status, {"Cache-Control": "no-store"}, "application/json")


def _id_as_text(value: object) -> str:
    """The database's driver has a UUID of its own, which orjson does not know."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value).__name__)
