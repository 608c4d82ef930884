"""The audit of access by HTTP, for auditors alone."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from pipeline.adapters.http.desk_room import In, as_json, asked, who_may
from pipeline.adapters.postgres.people_desk import Row
from pipeline.adapters.postgres.sessions import Seat
from pipeline.domain.permissions import Act

EVENTS_MAX = 1000

api = APIRouter(prefix="/v1", tags=["audit"])
Audits = Annotated[Seat, who_may(Act.READ_AUDIT)]


@api.get("/audit", name="audit")
async def get_audit(
    seat: Audits,
    room: In,
    *,
    stream: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] = None,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=EVENTS_MAX)] = 100,
) -> Response:
    """The streams and their heads; with `stream`, its events after this number. It is told to the audit, too."""
    if stream is None:
        found = await asked(room.people.streams(seat.token))
        return as_json({"streams": [{"stream": row["stream"], "number": row["number"]} for row in found]})
    events = await asked(room.people.events(seat.token, stream, after, limit))
    return as_json({"events": [_told(row) for row in events]})


def _told(row: Row) -> dict[str, Any]:
    return {
        "number": row["number"],
        "at": row["at"].isoformat(),
        "kind": row["kind"],
        "actor": row["actor"],
        "body": row["body"],
        "hash": row["hash"].hex(),
    }
