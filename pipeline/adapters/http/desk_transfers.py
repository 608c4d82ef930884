"""Transfers of cases at the desk by HTTP: a centre proposes, the other one answers."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict

from pipeline.adapters.http.desk_room import In, Name, as_json, asked, case_told, require_sight, who_may
from pipeline.adapters.http.problem import ProblemError
from pipeline.adapters.postgres.people_desk import Row
from pipeline.adapters.postgres.sessions import Seat
from pipeline.contracts.case import TransferReason, TransferRefusalReason
from pipeline.domain.intake import DeskRefusal, Problem
from pipeline.domain.permissions import Act
from pipeline.domain.refusals import RulingRefusal, refused
from pipeline.domain.transfer import Answer, Handed, Proposal

TRANSFERS_MAX = 1000

api = APIRouter(prefix="/v1", tags=["transfers"])
HandsOn = Annotated[Seat, who_may(Act.TRANSFER)]


class TransferAsked(BaseModel):
    """To which centre, and why. One that comes again, by its id, changes nothing."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)

    transfer_id: UUID | None = None
    """Give one: what is sent again after a lost answer then counts once."""
    to: Name
    reason: TransferReason


class AnswerGiven(BaseModel):
    """Without `refused_for` the case is accepted."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)

    refused_for: TransferRefusalReason | None = None


@api.post("/cases/{case}/transfers", status_code=201, name="propose_transfer")
async def post_transfers(seat: HandsOn, room: In, case: Name, wanted: TransferAsked) -> Response:
    """Proposes a case to another centre; until that one accepts, it stays and its clocks run."""
    await require_sight(room, Act.TRANSFER, [seat], case)
    transfer_id = wanted.transfer_id or uuid4()
    done = await asked(room.transfers.propose(case, Proposal(transfer_id, wanted.to, wanted.reason, seat.staff)))
    return _handed(transfer_id, done)


@api.post("/transfers/{transfer_id}/answer", status_code=201, name="answer_transfer")
async def post_answer(seat: HandsOn, room: In, transfer_id: UUID, given: AnswerGiven) -> Response:
    """Accepts or refuses what is proposed to the centre of this post."""
    may_answer = await asked(room.people.may_answer(seat.token, transfer_id))
    if not may_answer:
        await asked(room.people.refuse(seat.token, Act.TRANSFER, None, "not_yours"))
        raise refused(RulingRefusal.UNKNOWN) if may_answer is None else ProblemError(Problem(DeskRefusal.NOT_YOUR_WORK))
    done = await asked(room.transfers.answer(str(transfer_id), Answer(seat.staff, given.refused_for)))
    return _handed(transfer_id, done)


@api.get("/transfers", name="transfers")
async def get_transfers(
    seat: HandsOn, room: In, limit: Annotated[int, Query(ge=1, le=TRANSFERS_MAX)] = 100
) -> Response:
    """Those that wait for an answer: of cases of this post, and proposed to its centres."""
    return as_json({"transfers": [_told(row) for row in await asked(room.people.transfers(seat.token, limit))]})


def _handed(transfer_id: UUID, done: Handed | None) -> Response:
    told = {"transfer_id": str(transfer_id), "state": done.transfer.state if done else None}
    told["case"] = case_told(done.change.after) if done else None  # type: ignore[assignment]
    return as_json(told, HTTPStatus.OK if done is None else HTTPStatus.CREATED)


def _told(row: Row) -> dict[str, Any]:
    words = ("from_centre", "to_centre", "to_county", "reason", "state", "proposed_by", "is_yours_to_answer")
    return {
        "transfer_id": str(row["transfer_id"]),
        "case_id": str(row["case_id"]),
        "proposed_at": row["proposed_at"].isoformat(),
        **{word: row[word] for word in words},
    }
