"""Notifications at the desk by HTTP: what a person was told of their cases, and that they acknowledge it."""

import base64
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from pipeline.adapters.http.desk_room import In, as_json, asked, who_may
from pipeline.adapters.http.problem import ProblemError
from pipeline.adapters.postgres.noticeboard import Row, Shown, Since
from pipeline.adapters.postgres.sessions import Seat
from pipeline.domain.intake import DeskRefusal, Problem, Refusal
from pipeline.domain.permissions import Act

NOTIFICATIONS_MAX = 200

api = APIRouter(prefix="/v1", tags=["notifications"])
Hears = Annotated[Seat, who_may(Act.ACKNOWLEDGE)]


@api.get("/notifications", name="notifications")
async def get_notifications(
    seat: Hears,
    room: In,
    *,
    unacknowledged: bool = False,
    after: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=NOTIFICATIONS_MAX)] = 100,
) -> Response:
    """What this post was told of cases that it sees, the latest first: as their holder, as whoever is on duty at their
    centre, or as a supervisor; by which targets, and whether it arrived. `next` is the `after` of the next page.
    """
    since = _since(after) if after else None
    found = await asked(room.noticeboard.mine(seat.token, since, limit, unacknowledged=unacknowledged))
    following = _mark(found[-1].row) if len(found) == limit else None
    return as_json({"notifications": [_told(one) for one in found], "next": following})


@api.post("/notifications/{notification_id}/acknowledge", name="acknowledge")
async def post_acknowledge(seat: Hears, room: In, notification_id: UUID) -> Response:
    """Says that it was seen: the next rung stays quiet for as long as the policy says. The first who does so stays;
    said again it changes nothing.
    """
    said = await asked(room.noticeboard.acknowledge(seat.token, notification_id))
    if said["code"] != "done":
        raise ProblemError(Problem(DeskRefusal.NOTIFICATION_UNKNOWN))
    return as_json({name: said[name] for name in ("notification_id", "case_id", "acked_at", "acked_by")})


_WORDS = ("kind", "subject", "code", "rung", "audience", "staff", "centre", "county", "priority", "needs_ack", "state")


def _told(shown: Shown) -> dict[str, Any]:
    row = shown.row
    return {
        "notification_id": str(row["notification_id"]),
        "case_id": str(row["case_id"]),
        **{word: row[word] for word in _WORDS},
        "due_at": row["due_at"].isoformat(),
        "made_at": row["made_at"].isoformat(),
        "acked_at": row["acked_at"].isoformat() if row["acked_at"] else None,
        "acked_by": row["acked_by"],
        "deliveries": [_delivery(one) for one in shown.deliveries],
    }


def _delivery(row: Row) -> dict[str, Any]:
    return {
        "target": row["target"],
        "channel": row["channel"],
        "state": row["state"],
        "tries": row["attempts"],
        "ended_at": row["ended_at"].isoformat() if row["ended_at"] else None,
    }


def _mark(row: Row) -> str:
    text = f"{row['made_at'].isoformat()} {row['notification_id']}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _since(mark: str) -> Since:
    try:
        made_at, notification_id = base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)).decode().split(" ")
        since = Since(datetime.fromisoformat(made_at), UUID(notification_id))
    except ValueError:
        raise ProblemError(Problem(Refusal.PARAMETER_WRONG, "after")) from None
    if since.made_at.tzinfo is None:
        raise ProblemError(Problem(Refusal.PARAMETER_WRONG, "after"))
    return since
