"""The queue at the desk by HTTP: which cases wait for this post, who holds them, and the records of a centre."""

import asyncio
import base64
import time
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Response

from pipeline.adapters.http.desk_room import In, Room, as_json, asked, who_may
from pipeline.adapters.http.problem import ProblemError
from pipeline.adapters.postgres.people_desk import Place, QueueWanted, Row, Said
from pipeline.adapters.postgres.sessions import Seat
from pipeline.contracts.vocabulary import Priority, Queue
from pipeline.domain.desk import DeskAct
from pipeline.domain.intake import DeskRefusal, Problem, Refusal
from pipeline.domain.permissions import Act

CASES_MAX, RECORDS_MAX = 200, 500
REASONS_MAX = 50
WAIT_MAX_S, LOOK_EVERY_S = 20.0, 0.5

api = APIRouter(prefix="/v1", tags=["cases"])
Sees = Annotated[Seat, who_may(Act.SEE_CASES)]
Claims = Annotated[Seat, who_may(Act.CLAIM)]
Reads = Annotated[Seat, who_may(Act.READ_RECORDS)]


class Held(StrEnum):
    ANYONE = "anyone"
    NOBODY = "nobody"
    ME = "me"


@api.get("/cases", name="cases")
async def get_cases(  # noqa: PLR0913 - each is a filter
    seat: Sees,
    room: In,
    *,
    queue: Queue | None = None,
    priority: Priority | None = None,
    centre: Annotated[str | None, Query(max_length=64)] = None,
    held: Held = Held.ANYONE,
    after: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=CASES_MAX)] = 100,
) -> Response:
    """The open cases of this post, the gravest first, then the longest open; `next` is the `after` of the next page."""
    place = _place(after) if after else None
    wanted = QueueWanted(queue=queue, priority=priority, centre=centre, held=held, after=place, cases_max=limit)
    rows = await asked(room.people.queue(seat.token, wanted))
    following = _mark(rows[-1]) if len(rows) == limit else None
    return as_json({"cases": [_told(room, row) for row in rows], "next": following})


@api.get("/cases/{case_id}", name="case")
async def get_case(seat: Sees, room: In, case_id: UUID) -> Response:
    """One case, with the clocks and the reports of each incident; nobody is named."""
    found = await asked(room.people.case(seat.token, case_id))
    if found is None:
        await asked(room.people.refuse(seat.token, Act.SEE_CASES, case_id, "not_yours"))
        raise ProblemError(Problem(DeskRefusal.CASE_UNKNOWN))
    row, incidents = found
    return as_json({**_told(room, row), "incidents": [_incident(one) for one in incidents]})


@api.post("/cases/{case_id}/claim", status_code=200, name="claim")
async def post_claim(seat: Claims, room: In, case_id: UUID) -> Response:
    """Takes the case in hand. Said again by the same person it changes nothing."""
    _require_done((await asked(room.people.act(seat.token, case_id, DeskAct.CLAIM, Said())))["code"])
    return as_json({"case_id": str(case_id), "held_by": seat.staff})


@api.delete("/cases/{case_id}/claim", status_code=204, name="give_back")
async def delete_claim(seat: Claims, room: In, case_id: UUID) -> Response:
    """Gives the case back; a supervisor may do it for another. What was opened by the claim is closed at once."""
    said = Said(fence=None)
    _require_done((await asked(room.people.act(seat.token, case_id, DeskAct.GIVE_BACK, said)))["code"])
    return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Cache-Control": "no-store"})


_CODES = {
    "unknown_case": DeskRefusal.CASE_UNKNOWN,
    "held_by_another": DeskRefusal.HELD_BY_ANOTHER,
    "not_held": DeskRefusal.NOT_HELD,
    "not_your_work": DeskRefusal.NOT_YOUR_WORK,
}


def _require_done(said: str) -> None:
    if said != "done":
        raise ProblemError(Problem(_CODES[said]))


@api.get("/records", name="records")
async def get_records(
    seat: Reads,
    room: In,
    *,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=RECORDS_MAX)] = 100,
    wait_s: Annotated[float, Query(ge=0, le=WAIT_MAX_S)] = 0,
) -> Response:
    """The queue records of the one centre of this post, in the order in which they were written. Ask with `after` as
    the last answer's `last`; where there is nothing new the answer comes after `wait_s` seconds at most.
    """
    found = await _records(room, seat, after, limit, wait_s)
    records = [{"number": one.number, "record": orjson.Fragment(one.message)} for one in found]
    return as_json({"records": records, "last": found[-1].number if found else after})


async def _records(room: Room, seat: Seat, after: int, limit: int, wait_s: float) -> list[Any]:
    until = time.monotonic() + wait_s
    while True:
        found = await asked(room.people.records(seat.token, after, limit))
        left = until - time.monotonic()
        if found or left <= 0:
            return found
        await asyncio.sleep(min(LOOK_EVERY_S, left))


def _told(room: Room, row: Row) -> dict[str, Any]:
    standing: Mapping[str, Any] = row["standing"]
    reasons = standing["reasons"]
    return {
        "case_id": str(row["case_id"]),
        "version": row["version"],
        "state": row["state"],
        "queue": row["queue"],
        "priority": row["priority"],
        "child_grade": standing["child_grade"],
        "county": row["county"],
        "centre": row["centre"],
        "categories": row["categories"],
        "tags": sorted(standing["tags"]),
        "linked_case_id": str(row["linked_case_id"]) if row["linked_case_id"] else None,
        "opened_at": row["opened_at"].isoformat(),
        "next_deadline": row["next_deadline"].isoformat() if row["next_deadline"] else None,
        "score": sum(reason["points"] for reason in reasons),
        "reasons": [_reason(room, reason) for reason in reasons[:REASONS_MAX]],
        "reasons_left_out": max(0, len(reasons) - REASONS_MAX),
        "held_by": row["held_by"],
        "claimed_at": row["claimed_at"].isoformat() if row["claimed_at"] else None,
    }


def _reason(room: Room, reason: Mapping[str, Any]) -> dict[str, Any]:
    zh, en = room.labels(reason["code"])
    return {"code": reason["code"], "points": reason["points"], "zh": zh, "en": en}


def _incident(row: Row) -> dict[str, Any]:
    return {
        "incident_id": str(row["incident_id"]),
        "clocks": row["clocks"],
        "reports": [str(report_id) for report_id in row["reports"]],
    }


def _mark(row: Row) -> str:
    text = f"{row['rank']} {row['opened_at'].isoformat()} {row['case_id']}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place(mark: str) -> Place:
    try:
        rank, opened_at, case_id = base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)).decode().split(" ")
        return Place(int(rank), datetime.fromisoformat(opened_at), UUID(case_id))
    except ValueError:
        raise ProblemError(Problem(Refusal.PARAMETER_WRONG, "after")) from None
