"""What is opened at the desk by HTTP: the card of a case, who reported, and the counts that may leave."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from pipeline.adapters.http.desk_room import In, Second, as_json, asked, who_may
from pipeline.adapters.http.problem import ProblemError
from pipeline.adapters.postgres.cards import Refusal as CardRefusal
from pipeline.adapters.postgres.cards import Wish
from pipeline.adapters.postgres.sessions import Seat
from pipeline.domain.intake import DeskRefusal, Problem
from pipeline.domain.permissions import Act
from pipeline.domain.sides import PEOPLE_MAX, Side
from pipeline.domain.small_cells import SHOWN_FROM

CLAIMS_MAX = 100

api = APIRouter(prefix="/v1", tags=["cards"])
Opens = Annotated[Seat, who_may(Act.OPEN_CASE)]
OpensReporter = Annotated[Seat, who_may(Act.OPEN_REPORTER)]
Counts = Annotated[Seat, who_may(Act.COUNT)]
Supervises = Annotated[Seat, who_may(Act.SEE_ENDED_CLAIMS)]


class How(StrEnum):
    CLAIM = "claim"
    BREAK_GLASS = "break_glass"


class OpeningReason(StrEnum):
    """Why a case is opened; the audit keeps it."""

    HANDLING = "handling"
    SAFETY_CONTACT = "safety_contact"
    ON_SITE_VISIT = "on_site_visit"
    COURT = "court"
    DANGER_NOW = "danger_now"
    HOLDER_AWAY = "holder_away"
    SUPERVISION = "supervision"


class ReporterReason(StrEnum):
    """Why it is asked who reported; the audit keeps it."""

    CALL_BACK = "call_back"
    PROTECT_REPORTER = "protect_reporter"
    COURT = "court"
    FALSE_REPORT = "false_report"


class Table(StrEnum):
    """The tables of counts that there are. There are no others: what two of them have in common is rounded in both."""

    COUNTY = "county"
    CATEGORY = "category"
    QUEUE = "queue"
    PRIORITY = "priority"
    MONTH = "month"
    COUNTY_MONTH = "county,month"
    COUNTY_QUEUE = "county,queue"
    COUNTY_CATEGORY = "county,category"
    CATEGORY_MONTH = "category,month"
    QUEUE_MONTH = "queue,month"
    QUEUE_PRIORITY = "queue,priority"
    PRIORITY_MONTH = "priority,month"


class RevealAsked(BaseModel):
    """Opens a case: by one's claim, or without one for a quarter of an hour."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)

    how: How
    reason: OpeningReason
    side: Side
    """Whose contacts stand on the card: never those of both."""
    person: Annotated[int, Field(ge=1, le=PEOPLE_MAX)] | None = None
    """With `own`: the number of the person on the card, of somebody who stands on both sides."""


class ReporterAsked(BaseModel):
    """Opens who reported, by two people."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)

    reason: ReporterReason


@api.post("/cases/{case_id}/reveal", name="reveal")
async def post_reveal(seat: Opens, room: In, case_id: UUID, wanted: RevealAsked) -> Response:
    """The card of this case: names and parts of all, contacts of one side, each with whether its rules allow it now."""
    wish = Wish(case_id, wanted.how, wanted.reason, wanted.side, wanted.person)
    return as_json({"case_id": str(case_id), **_opened(await asked(room.cards.reveal(seat.token, wish)))})


@api.post("/cases/{case_id}/reporter", name="reporter")
async def post_reporter(
    seat: OpensReporter, room: In, case_id: UUID, wanted: ReporterAsked, second: Second = None
) -> Response:
    """Who reported, of each report; a supervisor of this case agrees by a session of their own."""
    token = second.removeprefix("Bearer ") if second else None
    found = _opened(await asked(room.cards.reporters(seat.token, token, case_id, wanted.reason)))
    return as_json({"case_id": str(case_id), "reporters": found})


@api.get("/claims/ended", name="ended_claims")
async def get_ended_claims(
    seat: Supervises, room: In, *, limit: Annotated[int, Query(ge=1, le=CLAIMS_MAX)] = CLAIMS_MAX
) -> Response:
    """Claims that ended by themselves since their holder is a party to the case; it waits for another."""
    rows = await asked(room.cards.ended_claims(seat.token, limit))
    told = [{"case_id": str(r["case_id"]), "staff": r["staff"], "ended_at": r["ended_at"].isoformat()} for r in rows]
    return as_json({"claims": told})


@api.get("/counts", name="counts")
async def get_counts(seat: Counts, room: In, *, by: Table) -> Response:
    """Cases of whole months in steps of five; a cell of fewer than five is left out."""
    names = by.value.split(",")
    rows = await asked(room.cards.counts(seat.token, names))
    cells = [{**dict(zip(names, row["cell"], strict=True)), "cases": row["cases"]} for row in rows]
    return as_json({"by": names, "shown_from": SHOWN_FROM, "in_steps_of": SHOWN_FROM, "cells": cells})


_CODES = {
    "unknown_case": DeskRefusal.CASE_UNKNOWN,
    "not_held": DeskRefusal.NOT_HELD,
    "not_your_work": DeskRefusal.NOT_YOUR_WORK,
    "second_missing": DeskRefusal.SECOND_MISSING,
    "second_is_first": DeskRefusal.SECOND_REFUSED,
    "second_is_no_supervisor": DeskRefusal.SECOND_REFUSED,
}


def _opened(said: Any) -> Any:  # noqa: ANN401 - what was asked for
    if isinstance(said, CardRefusal):
        raise ProblemError(Problem(_CODES[said.code]))
    return said
