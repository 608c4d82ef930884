"""The desk by HTTP: what people make of a case, against its reports."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from pipeline.adapters.http.desk_room import (
    In,
    Name,
    Second,
    as_json,
    asked,
    case_told,
    require_sight,
    seconded,
    who_may,
)
from pipeline.adapters.postgres.sessions import Seat
from pipeline.contracts.case import GradeWanted, OverrideKind, OverrideReason
from pipeline.contracts.vocabulary import Priority, Queue
from pipeline.domain.overrides import Overridden, OverrideWish
from pipeline.domain.parts import Wanted
from pipeline.domain.permissions import Act

api = APIRouter(prefix="/v1", tags=["cases"])
Says = Annotated[Seat, who_may(Act.OVERRIDE)]


class OverrideAsked(BaseModel):
    """Where a case should stand. One that comes again, by its id, changes nothing. What is not named stays."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)

    override_id: UUID | None = None
    """Give one: what is sent again after a lost answer then counts once."""
    kind: OverrideKind
    queue: Queue | None = None
    priority: Priority | None = None
    child_grade: GradeWanted | None = None
    reason: OverrideReason


@api.post("/cases/{case}/overrides", status_code=201, name="override")
async def post_overrides(seat: Says, room: In, case: Name, wanted: OverrideAsked, second: Second = None) -> Response:
    """Raises a case at once, or lowers it by two people, and tells how it stands; 200 where it was done before."""
    other = await seconded(room, second, Act.OVERRIDE)
    await require_sight(room, Act.OVERRIDE, [seat, other], case)
    wish = OverrideWish(
        override_id=wanted.override_id or uuid4(),
        kind=wanted.kind,
        wanted=Wanted(wanted.queue, wanted.priority, wanted.child_grade),
        reason=wanted.reason,
        said_by=seat.staff,
        seconded_by=other and other.staff,
    )
    done = await asked(room.overrides.put(case, wish))
    told = {"override_id": str(wish.override_id), "parts": [], "case": None} if done is None else _overridden(done)
    return as_json(told, HTTPStatus.OK if done is None else HTTPStatus.CREATED)


def _overridden(done: Overridden) -> dict[str, Any]:
    told = done.override
    return {
        "override_id": str(told.override_id),
        "parts": [part.model_dump(mode="json") for part in told.parts],
        "case": case_told(done.change.after),
    }
