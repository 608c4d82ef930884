"""The cases of a post at the desk by HTTP: in lists and one by one, what happened to them, what is to be done, and a
centre's records.
"""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Response

from pipeline.adapters.http.desk_acts import refusal_of
from pipeline.adapters.http.desk_room import In, Room, as_json, asked, who_may
from pipeline.adapters.http.desk_shapes import (
    ETAG,
    CasePage,
    CaseShown,
    Centre,
    History,
    Queues,
    TaskDone,
    TaskPage,
    answers,
)
from pipeline.adapters.http.problem import ProblemError
from pipeline.adapters.postgres.people_desk import CasesWanted, Due, Place, Row
from pipeline.adapters.postgres.sessions import Seat
from pipeline.contracts.vocabulary import Priority, Queue
from pipeline.domain.desk import Stage
from pipeline.domain.intake import DeskRefusal, Problem
from pipeline.domain.permissions import Act

CASES_MAX, TASKS_MAX, EVENTS_MAX, RECORDS_MAX = 200, 200, 500, 500
REASONS_MAX = 50
WAIT_MAX_S, LOOK_EVERY_S = 20.0, 0.5
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

api = APIRouter(prefix="/v1", tags=["cases"])
Sees = Annotated[Seat, who_may(Act.SEE_CASES)]
Works = Annotated[Seat, who_may(Act.WORK)]
Reads = Annotated[Seat, who_may(Act.READ_RECORDS)]


class Held(StrEnum):
    ANYONE = "anyone"
    NOBODY = "nobody"
    ME = "me"


class TasksOf(StrEnum):
    ANYONE = "anyone"
    ME = "me"


class Listed(StrEnum):
    """The stages in which a case is listed: what was merged away or erased is not."""

    WAITING = Stage.WAITING
    CLAIMED = Stage.CLAIMED
    NOT_OPENING = Stage.NOT_OPENING
    SCREENED = Stage.SCREENED
    ACCEPTED = Stage.ACCEPTED
    IN_SERVICE = Stage.IN_SERVICE
    WITH_SUPERVISOR = Stage.WITH_SUPERVISOR
    DISPUTED = Stage.DISPUTED
    CLOSED = Stage.CLOSED


CASE_MARK = r"^[0-9]{1,9}\.[0-9]{1,16}\.[0-9a-f]{32}$"
TASK_MARK = r"^([0-9]{1,16}|-)\.[0-9a-f]{32}$"


@api.get("/cases", name="cases", responses=answers(CasePage))
async def get_cases(  # noqa: PLR0913 - each is a filter
    seat: Sees,
    room: In,
    *,
    stage: Listed | None = None,
    queue: Queue | None = None,
    priority: Priority | None = None,
    centre: Annotated[Centre | None, Query()] = None,
    held: Held = Held.ANYONE,
    after: Annotated[str | None, Query(pattern=CASE_MARK)] = None,
    limit: Annotated[int, Query(ge=1, le=CASES_MAX)] = 100,
) -> Response:
    """The open cases of this post, the gravest first, then the longest open; with `stage=closed` the closed ones, the
    last closed first. `next` is the `after` of the next page.
    """
    wanted = CasesWanted(stage, queue, priority, centre, held, _place(after) if after else None, limit)
    rows = await asked(room.people.cases(seat.token, wanted))
    following = _mark(rows[-1]) if len(rows) == limit else None
    return as_json({"cases": [_told(room, row) for row in rows], "next": following})


@api.get("/queues", name="queues", responses=answers(Queues))
async def get_queues(seat: Sees, room: In) -> Response:
    """How many open cases of this post are in which queue and stage, and since when the oldest is."""
    rows = await asked(room.people.queues(seat.token))
    return as_json({"queues": [dict(row) for row in rows]})


@api.get("/cases/{case_id}", name="case", responses=answers(CaseShown, ETag=ETAG))
async def get_case(seat: Sees, room: In, case_id: UUID) -> Response:
    """One case, with the clocks and the reports of each incident and with what is to be done; nobody is named."""
    found = await asked(room.people.case(seat.token, case_id))
    if found is None:
        raise await _unseen(room, seat, case_id)
    more = {word: found.case[word] for word in ("proposed_by", "disputed_by", "dispute_level")}
    told = {
        **_told(room, found.case),
        **more,
        "incidents": [_incident(one) for one in found.incidents],
        "tasks": [dict(task) for task in found.tasks],
    }
    answer = as_json(told)
    answer.headers["ETag"] = f'"{found.case["version"]}"'
    return answer


@api.get("/cases/{case_id}/history", name="history", responses=answers(History))
async def get_history(
    seat: Sees,
    room: In,
    case_id: UUID,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=EVENTS_MAX)] = 100,
) -> Response:
    """What happened to this case, in order, by whom and for which coded reason; of other cases nothing. `last` is the
    `after` of the next page, where there is more.
    """
    rows = await asked(room.people.history(seat.token, case_id, after, limit))
    if not rows and await asked(room.people.case(seat.token, case_id)) is None:
        raise await _unseen(room, seat, case_id)
    return as_json({"events": [dict(row) for row in rows], "last": rows[-1]["version"] if rows else after})


async def _unseen(room: Room, seat: Seat, case_id: UUID) -> ProblemError:
    await asked(room.people.refuse(seat.token, Act.SEE_CASES, case_id, "not_yours"))
    return ProblemError(Problem(DeskRefusal.CASE_UNKNOWN))


@api.get("/tasks", name="tasks", responses=answers(TaskPage))
async def get_tasks(  # noqa: PLR0913 - each is a filter
    seat: Sees,
    room: In,
    *,
    centre: Annotated[Centre | None, Query()] = None,
    held: TasksOf = TasksOf.ANYONE,
    after: Annotated[str | None, Query(pattern=TASK_MARK)] = None,
    limit: Annotated[int, Query(ge=1, le=TASKS_MAX)] = 100,
) -> Response:
    """What is to be done in the cases of this post, or, with `held=me`, in those that one holds: what is due first
    first, then what has no due time. `next` is the `after` of the next page.
    """
    rows = await asked(room.people.tasks(seat.token, centre, held, _due(after) if after else None, limit))
    following = _task_mark(rows[-1]) if len(rows) == limit else None
    return as_json({"tasks": [dict(row) for row in rows], "next": following})


@api.post("/tasks/{task_id}/done", name="task_done", responses=answers(TaskDone))
async def post_task_done(seat: Works, room: In, task_id: UUID) -> Response:
    """Acknowledges what came or was raised; said again it changes nothing. What asks for a step is done by that step: a
    supervisor alone can put it aside.
    """
    code = await asked(room.people.task_done(seat.token, task_id))
    if code != "done":
        raise ProblemError(Problem(refusal_of(code)))
    return as_json({"task_id": str(task_id)})


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
        **{word: row[word] for word in ("stage", "fence", "since", "returns", "screening", "result", "reason")},
        "queue": row["queue"],
        "priority": row["priority"],
        "child_grade": standing["child_grade"],
        "county": row["county"],
        "centre": row["centre"],
        "categories": row["categories"],
        "tags": sorted(standing["tags"]),
        "linked_case_id": str(row["linked_case_id"]) if row["linked_case_id"] else None,
        "opened_at": row["opened_at"],
        "next_deadline": row["next_deadline"],
        "score": sum(reason["points"] for reason in reasons),
        "reasons": [_reason(room, reason) for reason in reasons[:REASONS_MAX]],
        "reasons_left_out": max(0, len(reasons) - REASONS_MAX),
        **{word: row[word] for word in ("held_by", "claimed_at", "lease_until")},
    }


def _reason(room: Room, reason: Mapping[str, Any]) -> dict[str, Any]:
    zh, en = room.labels(reason["code"])
    return {"code": reason["code"], "points": reason["points"], "zh": zh, "en": en}


def _incident(row: Row) -> dict[str, Any]:
    return {
        "incident_id": str(row["incident_id"]),
        "clocks": row["clocks"],
        "met": row["met"],
        "reports": [str(report_id) for report_id in row["reports"]],
    }


def _micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def _mark(row: Row) -> str:
    is_closed = row["stage"] == Stage.CLOSED
    return f"{row['place']}.{_micros(row['since'] if is_closed else row['opened_at'])}.{row['case_id'].hex}"


def _place(mark: str) -> Place:
    place, micros, case_id = mark.split(".")
    return Place(int(place), EPOCH + timedelta(microseconds=int(micros)), UUID(hex=case_id))


def _task_mark(row: Row) -> str:
    return f"{_micros(row['due_at']) if row['due_at'] else '-'}.{row['task_id'].hex}"


def _due(mark: str) -> Due:
    micros, task_id = mark.split(".")
    return Due(None if micros == "-" else EPOCH + timedelta(microseconds=int(micros)), UUID(hex=task_id))
