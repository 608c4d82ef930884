"""What staff write of a case in their own words, by HTTP: for those alone who may read its story."""

from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from pipeline.adapters.http.desk_acts import Sent, refusal_of
from pipeline.adapters.http.desk_room import In, as_json, asked, who_may
from pipeline.adapters.http.desk_shapes import Fence
from pipeline.adapters.http.problem import ProblemError
from pipeline.adapters.postgres.notes import NewNote, Note, NoteRefused
from pipeline.adapters.postgres.sessions import Seat
from pipeline.contracts.ids import derived
from pipeline.domain.intake import Problem
from pipeline.domain.notes import TEXT_CHARACTERS_MAX, NoteKind
from pipeline.domain.permissions import Act

api = APIRouter(prefix="/v1", tags=["notes"])
Works = Annotated[Seat, who_may(Act.WORK)]


class NoteWritten(BaseModel):
    """A supervisor needs no fence."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)

    fence: Fence | None = None
    kind: NoteKind
    text: Annotated[str, Field(min_length=1, max_length=TEXT_CHARACTERS_MAX)]


@api.post("/cases/{case_id}/notes", status_code=201, name="write_note")
async def post_note(seat: Works, room: In, sent: Sent, case_id: UUID, note: NoteWritten) -> Response:
    """Written by who holds the case, or a supervisor; never changed. It is sealed before it is stored."""
    note_id = derived("note", seat.staff, sent.key) if sent.key else uuid4()
    written = await asked(room.notes.write(seat.token, case_id, NewNote(note_id, note.kind, note.text, note.fence)))
    if isinstance(written, NoteRefused):
        raise ProblemError(Problem(refusal_of(written.code)))
    return as_json({"note_id": str(note_id), "written_at": written.isoformat()}, 201)


@api.get("/cases/{case_id}/notes", name="notes")
async def get_notes(seat: Works, room: In, case_id: UUID) -> Response:
    """Of a case that one has opened, the oldest first; `text` is null where this post may not read it."""
    found = await asked(room.notes.read(seat.token, case_id))
    if isinstance(found, NoteRefused):
        raise ProblemError(Problem(refusal_of(found.code)))
    return as_json({"notes": [_told(note) for note in found]})


def _told(note: Note) -> dict[str, Any]:
    return {**note._asdict(), "note_id": str(note.note_id), "written_at": note.written_at.isoformat()}
