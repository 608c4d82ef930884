"""What people do with cases at the desk by HTTP: each act is one call, answered with how the case stands afterwards."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from pipeline.adapters.http.desk_room import In, Room, as_json, asked, who_may
from pipeline.adapters.http.desk_shapes import (
    ETAG,
    Assigned,
    Centre,
    Done,
    Fence,
    Renewed,
    StaffCode,
    StepCode,
    answers,
    coded,
)
from pipeline.adapters.http.problem import ProblemError, meaning_of
from pipeline.adapters.postgres.people_desk import Answer, Said
from pipeline.adapters.postgres.sessions import Seat
from pipeline.contracts.ids import derived
from pipeline.contracts.vocabulary import Queue
from pipeline.domain.desk import (
    ASSIGN_REASONS,
    CLOSE_REASONS,
    DISPUTE_REASONS,
    NOT_OPEN_REASONS,
    REFUSE_REASONS,
    REOPEN_REASONS,
    RETURN_REASONS,
    SETTLE_REASONS,
    SHORT_REASONS,
    CloseResult,
    DeskAct,
)
from pipeline.domain.intake import DeskRefusal, Problem
from pipeline.domain.permissions import Act
from pipeline.domain.steps import Came, Method, Outcome, Why

ASSIGNED_MAX = 100

api = APIRouter(prefix="/v1", tags=["acts"])
Claims = Annotated[Seat, who_may(Act.CLAIM)]
Screens = Annotated[Seat, who_may(Act.SCREEN)]
Accepts = Annotated[Seat, who_may(Act.ACCEPT)]
Works = Annotated[Seat, who_may(Act.WORK)]
Supervises = Annotated[Seat, who_may(Act.SUPERVISE)]


class With(NamedTuple):
    """What the headers say of an act."""

    version: int | None
    key: str | None


def _with(
    if_match: Annotated[
        str | None,
        Header(
            pattern=r'^(\*|"[0-9]{1,9}")$',
            description="The ETag of the case as you read it: where it is another by now, nothing is done (412).",
        ),
    ] = None,
    idempotency_key: Annotated[
        str | None,
        Header(
            max_length=200,
            description="Any words of yours, new for each act: the same act sent again under them is done once and "
            "answered as it was; another one under them is refused (409, key_reused).",
        ),
    ] = None,
) -> With:
    version = if_match.strip('"') if if_match else "*"
    return With(None if version == "*" else int(version), idempotency_key or None)


Sent = Annotated[With, Depends(_with)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)


class Held(_Body):
    """`fence` is that of your claim, as the last answer told it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"fence": 3}]})

    fence: Fence


class OpenSaid(_Body):
    """開案: a case is opened."""

    fence: Fence
    outcome: Literal["open"]


class ShortSaid(_Body):
    """短期服務: advice or a short service is enough."""

    fence: Fence
    outcome: Literal["short_service"]
    reason: Annotated[str, coded(SHORT_REASONS)]


class NotOpenSaid(_Body):
    """不開案: proposed to a supervisor, who signs."""

    fence: Fence
    outcome: Literal["not_open"]
    reason: Annotated[str, coded(NOT_OPEN_REASONS)]


ScreeningSaid = Annotated[OpenSaid | ShortSaid | NotOpenSaid, Field(discriminator="outcome")]


class SignatureGiven(_Body):
    """Without `refused_for` it is signed, and the case ends without being opened."""

    refused_for: Annotated[str, coded(REFUSE_REASONS)] | None = None


class StepDone(_Body):
    """`step` is the name of a clock, such as child_visit, or of a task, such as joint_call_out; without `incident_id`
    it is done for all incidents of the case.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"fence": 4, "step": "child_visit", "method": "B", "outcome": "reached"}]}
    )

    fence: Fence
    step: StepCode
    incident_id: UUID | None = None
    method: Method | None = None
    """How somebody was visited or reached, by the letters of the field's own form; of visits and contacts."""
    outcome: Outcome | None = None
    why: Why | None = None
    """Why nobody was reached, or not face to face. A visit that reached nobody meets no clock."""
    came: tuple[Came, ...] = ()
    """Who came along to a joint call-out, or sat in an integrated team."""
    told_once: bool | None = None
    """Of an integrated team: an interview was held and kept, so that nobody need tell it twice."""


class Returned(_Body):
    """A screened case is nobody's: whoever may accept it may return it, and needs no fence."""

    fence: Fence | None = None
    reason: Annotated[str, coded(RETURN_REASONS)]


class Assignment(_Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"to": "S1024", "reason": "first_assignment"}]})

    to: StaffCode
    reason: Annotated[str, coded(ASSIGN_REASONS)]


class Assignments(Assignment):
    """Several cases to one person, each answered for itself."""

    model_config = ConfigDict(json_schema_extra={"examples": []})

    cases: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=ASSIGNED_MAX)]


class Disputed(_Body):
    """A supervisor needs no fence."""

    fence: Fence | None = None
    reason: Annotated[str, coded(DISPUTE_REASONS)]


class Settled(_Body):
    reason: Annotated[str, coded(SETTLE_REASONS)]


class Closed(_Body):
    fence: Fence
    result: Annotated[str, coded(set(CloseResult) - {CloseResult.NOT_OPENED})]
    reason: Annotated[str, coded(CLOSE_REASONS)]


class Reopened(_Body):
    reason: Annotated[str, coded(REOPEN_REASONS)]


DONE = answers(Done, ETag=ETAG)


@api.post("/queues/{centre}/{queue}/next", name="claim_next", responses=DONE)
async def post_next(seat: Claims, room: In, sent: Sent, centre: Centre, queue: Queue) -> Response:
    """Takes the gravest case that waits in this queue and that nobody else is taking at this moment."""
    said = Said(body=_said(room, seat, sent, "next", centre, queue))
    return _done(await asked(room.people.claim_next(seat.token, queue, centre, said)))


@api.post("/cases/{case_id}/claim", name="claim", responses=DONE)
async def post_claim(seat: Claims, room: In, sent: Sent, case_id: UUID) -> Response:
    """Takes the case in hand. Said again by the same person it changes nothing."""
    return await act(seat, room, sent, case_id, DeskAct.CLAIM)


@api.put("/cases/{case_id}/claim", name="renew", responses=answers(Renewed))
async def put_claim(seat: Claims, room: In, case_id: UUID, held: Held) -> Response:
    """Says that one is still there: the lease of one's claim goes on from now. A case that was accepted has none."""
    lease_s, _ = room.limits(seat.post.role)
    return _done(await asked(room.people.renew(seat.token, case_id, held.fence, lease_s)))


@api.delete("/cases/{case_id}/claim", name="give_back", responses=DONE)
async def delete_claim(
    seat: Claims, room: In, sent: Sent, case_id: UUID, fence: Annotated[Fence | None, Query()] = None
) -> Response:
    """Gives the case back; a supervisor may do it for another, and needs no `fence`. What was opened by the claim is
    closed at once.
    """
    return await act(seat, room, sent, case_id, DeskAct.GIVE_BACK, fence=fence)


@api.post("/cases/{case_id}/screening", name="screen", responses=DONE)
async def post_screening(seat: Screens, room: In, sent: Sent, case_id: UUID, said: ScreeningSaid) -> Response:
    """Says what becomes of the case: 開案, 短期服務, or 不開案, which a supervisor signs."""
    match said:
        case OpenSaid():
            return await act(seat, room, sent, case_id, DeskAct.SCREEN_OPEN, fence=said.fence)
        case ShortSaid():
            return await act(seat, room, sent, case_id, DeskAct.SCREEN_SHORT, fence=said.fence, reason=said.reason)
        case NotOpenSaid():
            return await act(seat, room, sent, case_id, DeskAct.PROPOSE_NOT_OPEN, fence=said.fence, reason=said.reason)


@api.post("/cases/{case_id}/screening/signature", name="sign", responses=DONE)
async def post_signature(seat: Supervises, room: In, sent: Sent, case_id: UUID, given: SignatureGiven) -> Response:
    """Signs that the case is not opened, or refuses; never by who proposed it."""
    if given.refused_for is None:
        return await act(seat, room, sent, case_id, DeskAct.SIGN_NOT_OPEN)
    return await act(seat, room, sent, case_id, DeskAct.REFUSE_NOT_OPEN, reason=given.refused_for)


@api.post("/cases/{case_id}/acceptance", name="accept", responses=DONE)
async def post_acceptance(seat: Accepts, room: In, sent: Sent, case_id: UUID) -> Response:
    """Takes a screened case on as its lead worker, who holds it without a lease."""
    return await act(seat, room, sent, case_id, DeskAct.ACCEPT)


@api.post("/cases/{case_id}/steps", name="step", responses=DONE)
async def post_steps(seat: Works, room: In, sent: Sent, case_id: UUID, step: StepDone) -> Response:
    """A step is done: it meets the clock of its name, and ends a task of its kind."""
    told = step.model_dump(mode="json", exclude={"fence"}, exclude_defaults=True)
    return await act(seat, room, sent, case_id, DeskAct.STEP, fence=step.fence, **told)


@api.post("/cases/{case_id}/return", name="return", responses=DONE)
async def post_return(seat: Works, room: In, sent: Sent, case_id: UUID, said: Returned) -> Response:
    """Puts the case back into its queue; the third time it goes to a supervisor."""
    return await act(seat, room, sent, case_id, DeskAct.RETURN, fence=said.fence, reason=said.reason)


@api.post("/cases/{case_id}/assignment", name="assign", responses=DONE)
async def post_assignment(seat: Supervises, room: In, sent: Sent, case_id: UUID, said: Assignment) -> Response:
    """Gives the case to a person whose post covers it, whoever held it before."""
    return await act(seat, room, sent, case_id, DeskAct.ASSIGN, to=said.to, reason=said.reason)


@api.post("/assignments", name="assign_many", responses=answers(Assigned))
async def post_assignments(seat: Supervises, room: In, sent: Sent, said: Assignments) -> Response:
    """As one assignment for each of these cases. If-Match says nothing here."""
    told = []
    for case_id in dict.fromkeys(said.cases):
        of_this = With(None, sent.key and f"{sent.key} {case_id}")
        body = _said(room, seat, of_this, DeskAct.ASSIGN, str(case_id), to=said.to, reason=said.reason)
        answer = await asked(room.people.act(seat.token, case_id, DeskAct.ASSIGN, Said(body=body)))
        told.append(_one(case_id, answer))
    return as_json({"cases": told})


@api.post("/cases/{case_id}/dispute", name="dispute", responses=DONE)
async def post_dispute(seat: Works, room: In, sent: Sent, case_id: UUID, said: Disputed) -> Response:
    """Two centres do not agree whose case it is: it goes to the district's platform list."""
    return await act(seat, room, sent, case_id, DeskAct.DISPUTE, fence=said.fence, reason=said.reason)


@api.post("/cases/{case_id}/dispute/escalation", name="escalate_dispute", responses=DONE)
async def post_escalation(seat: Supervises, room: In, sent: Sent, case_id: UUID) -> Response:
    """From the district's platform list to the city's, once."""
    return await act(seat, room, sent, case_id, DeskAct.ESCALATE_DISPUTE)


@api.post("/cases/{case_id}/dispute/settlement", name="settle_dispute", responses=DONE)
async def post_settlement(seat: Supervises, room: In, sent: Sent, case_id: UUID, said: Settled) -> Response:
    """What a supervisor above the centres decided; the case waits again. Where another centre takes it, propose a
    transfer then.
    """
    return await act(seat, room, sent, case_id, DeskAct.SETTLE_DISPUTE, reason=said.reason)


@api.post("/cases/{case_id}/closing", name="close", responses=DONE)
async def post_closing(seat: Works, room: In, sent: Sent, case_id: UUID, said: Closed) -> Response:
    """結案, as 成案 or 不成案."""
    return await act(seat, room, sent, case_id, DeskAct.CLOSE, fence=said.fence, result=said.result, reason=said.reason)


@api.post("/cases/{case_id}/reopening", name="reopen", responses=DONE)
async def post_reopening(seat: Supervises, room: In, sent: Sent, case_id: UUID, said: Reopened) -> Response:
    """A closed case waits again in the queue of its centre."""
    return await act(seat, room, sent, case_id, DeskAct.REOPEN, reason=said.reason)


async def act(  # noqa: PLR0913 - who, what, on which case, and what goes with it
    seat: Seat, room: Room, sent: With, case_id: UUID, name: DeskAct, *, fence: int | None = None, **codes: object
) -> Response:
    """Does it, or raises ProblemError with why not."""
    body = _said(room, seat, sent, name, str(case_id), str(fence), **codes)
    return _done(await asked(room.people.act(seat.token, case_id, name, Said(fence, body))))


def _said(room: Room, seat: Seat, sent: With, *about: str, **codes: object) -> dict[str, object]:
    """What goes with an act: its codes, what the policy allows this post, and by what it is known again."""
    lease_s, capacity = room.limits(seat.post.role)
    told: dict[str, object] = {word: code for word, code in codes.items() if code is not None}
    if sent.key:
        told["asked"] = sha256(orjson.dumps([about, told], option=orjson.OPT_SORT_KEYS)).hexdigest()
        told["act_id"] = str(derived("desk-act", seat.staff, sent.key))
    told |= {"lease_s": lease_s, "capacity": capacity, "version": sent.version}
    return {word: value for word, value in told.items() if value is not None}


RENAMED: Mapping[str, DeskRefusal] = {
    "unknown_case": DeskRefusal.CASE_UNKNOWN,
    "unknown_task": DeskRefusal.TASK_UNKNOWN,
    "unknown_co_work": DeskRefusal.CO_WORK_UNKNOWN,
}


def refusal_of(code: str) -> DeskRefusal:
    """What a code of the database is called by HTTP."""
    return RENAMED.get(code) or DeskRefusal(code)


def _done(answer: Answer) -> Response:
    if answer["code"] != "done":
        raise ProblemError(Problem(refusal_of(answer["code"])))
    response = as_json({word: value for word, value in answer.items() if word != "code"})
    if "version" in answer:
        response.headers["ETag"] = f'"{answer["version"]}"'
    return response


def _one(case_id: UUID, answer: Answer) -> dict[str, Any]:
    if answer["code"] == "done":
        return {word: value for word, value in answer.items() if word != "lease_until"}
    refusal = refusal_of(answer["code"])
    meaning = meaning_of(refusal)
    return {"case_id": str(case_id), "code": refusal, "zh": meaning.zh, "detail": meaning.mend}


BODIES: tuple[type[BaseModel], ...] = (
    *(Held, OpenSaid, ShortSaid, NotOpenSaid, SignatureGiven, StepDone, Returned),
    *(Assignment, Assignments, Disputed, Settled, Closed, Reopened),
)
