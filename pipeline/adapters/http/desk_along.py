"""What was done with a case step by step, and who works along on it, by HTTP."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from pipeline.adapters.http.desk_acts import Sent, refusal_of
from pipeline.adapters.http.desk_room import In, as_json, asked, who_may
from pipeline.adapters.http.desk_shapes import Centre, Fence
from pipeline.adapters.http.problem import ProblemError
from pipeline.adapters.postgres.along import After, Answer, CoWorkAsked, Row
from pipeline.adapters.postgres.sessions import Seat
from pipeline.adapters.telemetry import utc_now
from pipeline.contracts.ids import derived
from pipeline.contracts.vocabulary import Queue
from pipeline.domain.co_work import CoWorkRefusal
from pipeline.domain.intake import DeskRefusal, Problem, Refusal
from pipeline.domain.permissions import Act
from pipeline.domain.steps import planned

CO_WORK_MAX = 200

api = APIRouter(prefix="/v1", tags=["steps"])
Works = Annotated[Seat, who_may(Act.WORK)]
Accepts = Annotated[Seat, who_may(Act.ACCEPT)]


class CoWorkWanted(BaseModel):
    """Another centre is asked to work along: which service of it, and in which queue that work waits there."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)

    fence: Fence | None = None
    """A supervisor needs none."""
    service: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
    centre: Centre
    queue: Queue


class CoWorkAnswer(BaseModel):
    """Without `refused_for` the centre of this post works along."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)

    refused_for: CoWorkRefusal | None = None


@api.get("/cases/{case_id}/steps", name="steps")
async def get_steps(seat: Works, room: In, case_id: UUID) -> Response:
    """What was done, in the order of the work, and the visits that are planned."""
    found = await asked(room.along.steps(seat.token, case_id))
    if found is None:
        raise ProblemError(Problem(DeskRefusal.CASE_UNKNOWN))
    steps, visits = found
    now = utc_now()
    told = [{**row, "state": planned(row["due_at"], row["done_at"], now, dropped=row["dropped"])} for row in visits]
    return as_json({"steps": [dict(row) for row in steps], "planned": told})


@api.get("/cases/{case_id}/co-work", name="co_work_of_case")
async def get_co_work_of_case(seat: Works, room: In, case_id: UUID) -> Response:
    """Who is asked to work along on this case, and what they said."""
    return as_json({"co_work": await asked(room.along.co_work_of(seat.token, case_id))})


@api.post("/cases/{case_id}/co-work", status_code=201, name="ask_co_work")
async def post_co_work(seat: Accepts, room: In, sent: Sent, case_id: UUID, wanted: CoWorkWanted) -> Response:
    """Asks another centre to work along. It learns of a protective case only that there is one, and whom to call."""
    centre = room.centre_of(wanted.centre)
    if centre is None:
        raise ProblemError(Problem(Refusal.PARAMETER_WRONG, "centre"))
    co_work_id = derived("co_work", seat.staff, sent.key) if sent.key else uuid4()
    said = CoWorkAsked(co_work_id, wanted.service, centre.code, centre.county, wanted.queue, wanted.fence)
    return _done(await asked(room.along.ask(seat.token, case_id, said)), 201)


@api.get("/co-work", name="co_work")
async def get_co_work(
    seat: Works,
    room: In,
    *,
    after_at: datetime | None = None,
    after_id: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=CO_WORK_MAX)] = 100,
) -> Response:
    """What the centres of this post are asked for or work along on, the longest asked first; the next page begins
    after `asked_at` and `co_work_id` of the last.
    """
    place = After(after_at, after_id) if after_at and after_id else None
    found: list[Row] = await asked(room.along.co_work(seat.token, limit, place))
    return as_json({"co_work": found})


@api.post("/co-work/{co_work_id}/answer", name="answer_co_work")
async def post_answer(seat: Accepts, room: In, co_work_id: UUID, said: CoWorkAnswer) -> Response:
    """Says for one's centre whether it works along."""
    return _done(await asked(room.along.answer(seat.token, co_work_id, said.refused_for)))


@api.post("/co-work/{co_work_id}/done", name="done_co_work")
async def post_done(seat: Accepts, room: In, co_work_id: UUID) -> Response:
    """What the centre was asked for is done."""
    return _done(await asked(room.along.done(seat.token, co_work_id)))


def _done(answer: Answer, status: int = 200) -> Response:
    if answer["code"] != "done":
        raise ProblemError(Problem(refusal_of(answer["code"])))
    told: dict[str, Any] = {word: value for word, value in answer.items() if word != "code"}
    return as_json(told, status)
