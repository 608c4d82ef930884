"""Signing in and out at the desk by HTTP. The token is in the answer, for programs, and in a cookie, for browsers."""

import secrets
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from pipeline.adapters.http.desk_room import COOKIE, In, Person, Room, as_json, asked, is_same_site
from pipeline.adapters.http.problem import ProblemError
from pipeline.adapters.postgres.sessions import Flow, PostsOpenError, PostWanted, Seat
from pipeline.domain.intake import DeskRefusal, Problem, Refusal
from pipeline.domain.posts import WORK_ON_CASES, PostRole
from pipeline.errors import OidcRefusedError, StaffRefusedError

FLOW_COOKIE = "__Host-anwang-sign-in"
FLOW_S = 600
UNKNOWN_ADDRESS = "unknown"

ScopeName = Annotated[str, Field(min_length=1, max_length=64)]

api = APIRouter(prefix="/v1/session", tags=["session"])


class SignIn(BaseModel):
    """Who, by what, and in which post: what is left out is the only one that there is."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)

    staff: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[str, Field(min_length=1, max_length=1000)]
    role: PostRole | None = None
    scope: ScopeName | None = None


@api.post("", status_code=201, name="sign_in")
async def post_session(request: Request, room: In, wanted: SignIn) -> Response:
    """A new session, always under a new token, for whoever has a local account."""
    if not room.has_local_accounts:
        raise ProblemError(Problem(DeskRefusal.NO_SUCH_SIGN_IN))
    if not is_same_site(request, must_say=False):
        raise ProblemError(Problem(DeskRefusal.CROSS_SITE))
    _slow_down(request, room)
    meant = PostWanted(wanted.role, wanted.scope)
    seat = await asked(room.sessions.by_password(wanted.staff, wanted.password, meant))
    return seated(seat)


def _slow_down(request: Request, room: Room) -> None:
    """By address; it is counted in memory and written nowhere."""
    wait_s = room.rates.wait_s(request.client.host if request.client else UNKNOWN_ADDRESS)
    if wait_s is not None:
        raise ProblemError(Problem(Refusal.TOO_MANY_REQUESTS), {"Retry-After": str(wait_s)})


def seated(seat: Seat) -> Response:
    answered = as_json({"token": seat.token, **_told(seat)}, HTTPStatus.CREATED)
    answered.set_cookie(COOKIE, seat.token, path="/", secure=True, httponly=True, samesite="strict")
    return answered


def _told(seat: Seat) -> dict[str, Any]:
    return {
        "staff": seat.staff,
        "role": seat.post.role,
        "scope": seat.post.scope,
        "ends_at": seat.ends_at.isoformat(),
        "idle_s": int(seat.idle_for.total_seconds()),
    }


@api.get("", name="session")
async def get_session(seat: Person) -> Response:
    """Who is signed in, in which post, and until when."""
    return as_json(_told(seat))


@api.delete("", status_code=204, name="sign_out")
async def delete_session(seat: Person, room: In) -> Response:
    """The session ends at once; what one was screening in it is given back."""
    if seat.post.role in WORK_ON_CASES:
        await asked(room.people.end_shift(seat.token))
    await asked(room.sessions.end(seat.token))
    answered = Response(status_code=HTTPStatus.NO_CONTENT, headers={"Cache-Control": "no-store"})
    answered.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return answered


@api.get("/oidc", status_code=303, name="sign_in_elsewhere")
async def get_oidc(
    request: Request,
    room: In,
    role: PostRole | None = None,
    scope: Annotated[ScopeName | None, Query()] = None,
) -> Response:
    """To the provider, from where people come back to the next one."""
    if room.provider is None:
        raise ProblemError(Problem(DeskRefusal.NO_SUCH_SIGN_IN))
    _slow_down(request, room)
    state = secrets.token_urlsafe(32)
    try:
        asking = await asked(room.provider.ask(state))
    except OidcRefusedError as error:
        await asked(room.sessions.refuse_subject(error.code))
    await asked(room.sessions.begin_flow(state, Flow(asking.nonce, asking.verifier, PostWanted(role, scope))))
    answered = Response(status_code=HTTPStatus.SEE_OTHER, headers={"Cache-Control": "no-store"})
    answered.headers["Location"] = asking.url
    answered.set_cookie(FLOW_COOKIE, state, FLOW_S, path="/", secure=True, httponly=True, samesite="lax")
    return answered


Given = Annotated[str, Query(max_length=4000)]


@api.get("/oidc/callback", status_code=201, name="signed_in_elsewhere")
async def get_oidc_callback(request: Request, room: In, code: Given = "", state: Given = "") -> Response:
    """Back from the provider: once for each `state`, and only in the browser that went."""
    if room.provider is None:
        raise ProblemError(Problem(DeskRefusal.NO_SUCH_SIGN_IN))
    _slow_down(request, room)
    went_with = request.cookies.get(FLOW_COOKIE, "")
    is_ours = bool(state) and secrets.compare_digest(went_with.encode(), state.encode())
    flow = await asked(room.sessions.take_flow(state)) if is_ours else None
    if flow is None:
        await asked(room.sessions.refuse_subject("state_unknown"))
        raise AssertionError("a refusal is raised")
    try:
        vouched = await asked(room.provider.vouch(code, flow.verifier, flow.nonce))
    except OidcRefusedError as error:
        await asked(room.sessions.refuse_subject(error.code))
    answered = seated(await asked(room.sessions.by_subject(vouched.issuer, vouched.subject, flow.wanted)))
    answered.delete_cookie(FLOW_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return answered


_CODES = {
    "sign_in_locked": DeskRefusal.SIGN_IN_LOCKED,
    "no_post": DeskRefusal.NO_POST,
    "post_ambiguous": DeskRefusal.POST_AMBIGUOUS,
}


def as_problem(error: StaffRefusedError) -> Problem:
    """Whatever else is wrong of a sign-in has one answer."""
    return Problem(_CODES.get(error.code, DeskRefusal.SIGN_IN_REFUSED))


def posts_told(error: StaffRefusedError) -> dict[str, Any]:
    if not isinstance(error, PostsOpenError):
        return {}
    return {"posts": [{"role": post.role, "scope": post.scope} for post in error.posts]}
