"""Server-sent events at the desk: a hint that something happened to a case. The list is the truth."""

import time
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from starlette.types import Receive, Scope, Send

from pipeline.adapters.http.desk_room import In, Room, asked, who_may
from pipeline.adapters.postgres.nudges import Touched
from pipeline.adapters.postgres.people_desk import Row
from pipeline.adapters.postgres.sessions import Seat
from pipeline.domain.permissions import Act
from pipeline.domain.posts import EVERYWHERE, Post
from pipeline.errors import NobodyActsError, UnavailableError

BEAT_S = 15.0
"""At least so often a line comes, and the session is looked at."""
AGAIN_MS = 3000
"""After how long a browser that lost the stream comes back."""

api = APIRouter(prefix="/v1", tags=["nudges"])
Sees = Annotated[Seat, who_may(Act.SEE_CASES)]


class _Stream(StreamingResponse):
    """Counts as open until it is left, however it ends."""

    def __init__(self, content: AsyncIterator[bytes], left: Callable[[], None]) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(content, headers=headers, media_type="text/event-stream")
        self._left = left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._left()


STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events `case` (something happened: the case, its centre and its version now) and `reread` "
        "(more happened than is remembered here: read the list anew). Comments come at least every 15 seconds.",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'event: case\ndata: {"case_id":"018f4a52-6c1e-5d7b-9a3c-5b1f0f6c2d11",'
                '"centre":"63000-protective","version":7}\nid: 4711\n\n',
            }
        },
    }
}


@api.get("/nudges", name="nudges", responses=STREAM, response_class=StreamingResponse)
async def get_nudges(
    seat: Sees,
    room: In,
    last_event_id: Annotated[
        str | None,
        Header(pattern=r"^[0-9]{1,18}$", description="The `id` of the last event that came: it goes on from there."),
    ] = None,
) -> StreamingResponse:
    """Says of cases of this post that something happened to them, and nothing else; ends with the session. What happens
    while nobody listens is told to whoever comes back with Last-Event-ID.
    """
    if not room.nudges.is_ready:
        await asked(room.nudges.look())
    room.streams.enter(seat.staff)
    start = room.nudges.upto if last_event_id is None else int(last_event_id)
    return _Stream(_told(room, seat, start), lambda: room.streams.leave(seat.staff))


async def _told(room: Room, seat: Seat, start: int) -> AsyncIterator[bytes]:
    """From this number on. A stream that cannot be served any more just ends: whoever comes back is told why."""
    at, beat = start, 0.0
    yield format_sse_event(id=str(at), retry=AGAIN_MS, comment="here are hints; the list is the truth")
    while not room.nudges.is_closed:
        upto, came = room.nudges.upto, room.nudges.after(at)
        if came is None:
            at = upto
            yield format_sse_event(event="reread", data_str="{}", id=str(at))
            continue
        of_post = _latest(came, seat.post)
        is_due = time.monotonic() - beat >= BEAT_S
        if of_post or is_due:
            try:
                found = await room.people.nudged(seat.token, list(of_post))
            except (NobodyActsError, UnavailableError):
                return
            for line in _lines(of_post, found):
                yield line
            if is_due:  # without a number: what is hidden from a listener may not be counted by it, either
                beat = time.monotonic()
                yield format_sse_event(comment="")
        at = max(at, upto)
        await room.nudges.wait_beyond(upto, BEAT_S)


def _latest(came: list[Touched], post: Post) -> dict[UUID, int]:
    """The last number of each case of the post's centres."""
    return {one.case_id: one.number for one in came if post.scope in (EVERYWHERE, one.centre, one.county)}


def _lines(numbers: dict[UUID, int], found: list[Row]) -> list[bytes]:
    rows = sorted(found, key=lambda row: numbers[row["case_id"]])
    told = [({**row, "case_id": str(row["case_id"])}, str(numbers[row["case_id"]])) for row in rows]
    return [format_sse_event(event="case", data_str=orjson.dumps(one).decode(), id=number) for one, number in told]
