"""Call-outs at the desk by HTTP: every call, message, letter and visit to a person is bound by the rules of safe
contact.
"""

from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from pipeline.adapters.http.desk_room import In, Room, Second, as_json, asked, who_may
from pipeline.adapters.http.problem import ProblemError
from pipeline.adapters.postgres.call_outs import CallOut
from pipeline.adapters.postgres.sessions import Seat
from pipeline.domain.cards import Asked
from pipeline.domain.intake import DeskRefusal, Problem, Refusal
from pipeline.domain.permissions import Act
from pipeline.domain.safe_contact import WayKind
from pipeline.domain.sides import PEOPLE_MAX, Side

BEFORE_MAX, AHEAD_MAX = timedelta(days=1), timedelta(days=31)
"""A call-out is noted so long after it was made, or before it is."""

CONTACTS_MAX = 1000

api = APIRouter(prefix="/v1", tags=["cards"])
Calls = Annotated[Seat, who_may(Act.CALL_OUT)]


class CallOutReason(StrEnum):
    """Why somebody is reached against the rules of safe contact; the audit keeps it."""

    DANGER_NOW = "danger_now"
    ASKED_BY_PERSON = "asked_by_person"
    NO_OTHER_WAY = "no_other_way"
    COURT = "court"


class CallOutAsked(BaseModel):
    """Whom to reach of a card that was opened, how and when. One that comes again, by its id, changes nothing."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)

    call_out_id: UUID | None = None
    """Give one: what is sent again after a lost answer then counts once."""
    side: Side
    """That of the card."""
    person: Annotated[int, Field(ge=1, le=PEOPLE_MAX)]
    """The number of the person on the card."""
    contact: Annotated[int, Field(ge=1, le=CONTACTS_MAX)]
    """Which of this person's contacts on the card, counted from 1."""
    way: WayKind
    at: AwareDatetime | None = None
    """When; now if it is left out. At most a day ago or 31 days ahead."""
    reason: CallOutReason | None = None
    """Against the rules alone, with a supervisor's Second-Authorization."""


@api.post("/cases/{case_id}/call-outs", status_code=201, name="call_out")
async def post_call_outs(seat: Calls, room: In, case_id: UUID, wanted: CallOutAsked, second: Second = None) -> Response:
    """Asks whether the rules allow it, and notes it where they do; for whoever holds the case and has opened it. Where
    they do not, `code` says why, and it is noted only for a coded reason with a supervisor of the case. Nobody is
    called from here.
    """
    token = second.removeprefix("Bearer ") if second else None
    wish = _wish(room, case_id, wanted)
    said = await asked(room.call_outs.note(seat.token, token, wish))
    if said["code"] != "done":
        raise ProblemError(Problem(_CODES[said["code"]]))
    told = {"call_out_id": str(wish.call_out_id), "case_id": str(case_id), "rule": said["rule"]}
    return as_json(told, HTTPStatus.CREATED if said["is_new"] else HTTPStatus.OK)


def _wish(room: Room, case_id: UUID, wanted: CallOutAsked) -> CallOut:
    now = room.call_outs.cards.now()
    at = wanted.at or now
    if not now - BEFORE_MAX <= at <= now + AHEAD_MAX:
        raise ProblemError(Problem(Refusal.PARAMETER_WRONG, "at"))
    means = Asked(wanted.person, wanted.contact, wanted.way)
    return CallOut(wanted.call_out_id or uuid4(), case_id, wanted.side, means, at, wanted.reason)


_CODES: dict[str, Any] = {
    "unknown_case": DeskRefusal.CASE_UNKNOWN,
    "unknown_contact": DeskRefusal.CONTACT_UNKNOWN,
    "id_taken": DeskRefusal.ID_TAKEN,
    "not_held": DeskRefusal.NOT_HELD,
    "not_opened": DeskRefusal.NOT_OPENED,
    "withheld": DeskRefusal.CONTACT_WITHHELD,
    "ask_a_person": DeskRefusal.CONTACT_ASK_A_PERSON,
    "through_another": DeskRefusal.CONTACT_THROUGH_ANOTHER,
    "not_this_way": DeskRefusal.CONTACT_NOT_THIS_WAY,
    "not_now": DeskRefusal.CONTACT_NOT_NOW,
    "second_missing": DeskRefusal.SECOND_MISSING,
    "second_is_first": DeskRefusal.SECOND_REFUSED,
    "second_is_no_supervisor": DeskRefusal.SECOND_REFUSED,
}
