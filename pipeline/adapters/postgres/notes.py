"""What staff write of a case: sealed before it is stored, opened for those alone who may read the case's story."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pipeline.adapters.postgres.acting import acting_as
from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.key_versions import look_at_keys
from pipeline.adapters.postgres.keys import CaseKeys, KeyName, Purpose
from pipeline.adapters.postgres.sql import Queries
from pipeline.adapters.vault import KeyPurpose, KeyRing, KeySet, Slot, new_key, seal, unseal
from pipeline.domain.notes import NoteKind

SQL = Queries.of("notes")
ASK_FOR_S = 3.0
"""Somebody waits for the answer."""

DONE = "done"

Row = Mapping[str, Any]


class NewNote(NamedTuple):
    """Said again with the same id it is written once; another text is refused. `fence` is that of one's claim; a
    supervisor needs none.
    """

    note_id: UUID
    kind: NoteKind
    text: str
    fence: int | None = None


class Note(NamedTuple):
    """`text` is None where this role may not read it: of sexual violence a screener reads none without breaking the
    glass.
    """

    note_id: UUID
    kind: str
    staff: str
    role: str
    written_at: datetime
    text: str | None


@dataclass(frozen=True, slots=True)
class NoteRefused:
    """Why nothing was written or read; the audit has been told."""

    code: str


@dataclass(frozen=True, slots=True)
class Notes:
    """Every call raises NobodyActsError where the session is over, UnavailableError while a database is away, and
    KeysRefusedError where a note does not open. `pool` is that of the people; by `versions` it is read which
    versions of keys are live.
    """

    pool: Pool
    versions: Pool
    keys: CaseKeys
    ring: KeyRing

    async def write(self, token: str, case_id: UUID, note: NewNote) -> datetime | NoteRefused:
        """When it was written. Nothing is sealed, and no key is made, for whoever may not write."""
        return await with_retries(lambda: self._write(token, case_id, note), for_s=ASK_FOR_S)

    async def _write(self, token: str, case_id: UUID, note: NewNote) -> datetime | NoteRefused:
        await look_at_keys(self.versions, self.ring)
        async with acting_as(self.pool, token) as acting:
            said = await acting.db.fetchval(SQL["may_note"], case_id, note.fence)
            if said == DONE:
                name = KeyName(case_id, Purpose.NOTE)
                case_key = (await self.keys.make([name]))[name]
                sealed, wrapped = self._sealed(case_key, note)
                asked = self.ring.digest(note.note_id.bytes + note.text.encode())
                told = await acting.db.fetchval(
                    SQL["add"], case_id, note.note_id, note.fence, note.kind.value, sealed, wrapped, asked
                )
                said = told["code"]
            return datetime.fromisoformat(told["written_at"]) if said == DONE else NoteRefused(said)

    def _sealed(self, case_key: KeySet, note: NewNote) -> tuple[bytes, bytes]:
        data_key = KeySet.of(new_key(), self.ring.current(KeyPurpose.DATA))
        sealed = seal(data_key, note.text.encode(), Slot("case_note", "sealed", note.note_id))
        return sealed, seal(case_key, data_key.newest, Slot("case_note", "wrapped_key", note.note_id))

    async def read(self, token: str, case_id: UUID) -> list[Note] | NoteRefused:
        """Those of an opened case, also of what went up in it, in the order in which they were written."""
        return await with_retries(lambda: self._read(token, case_id), for_s=ASK_FOR_S)

    async def _read(self, token: str, case_id: UUID) -> list[Note] | NoteRefused:
        async with acting_as(self.pool, token) as acting:
            said = await acting.db.fetchval(SQL["may_read"], case_id)
            if said != DONE:
                return NoteRefused(said)
            rows = await acting.db.fetch(SQL["read"], case_id)
            readable = [row for row in rows if row["sealed"] is not None]
            keys = await self.keys.opening((_key_of(row), row["wrapped_key"]) for row in readable)
            opened = {row["note_id"]: _opened(row, keys[_key_of(row)]) for row in readable if _key_of(row) in keys}
            await acting.db.execute(SQL["tell_read"], case_id, "notes", len(opened))
            return [_note(row, opened.get(row["note_id"])) for row in rows]


def _key_of(row: Row) -> KeyName:
    """A note lies under the key of the case that it was written of, wherever that case went."""
    return KeyName(row["owner_id"], Purpose.NOTE)


def _opened(row: Row, case_key: KeySet) -> str:
    note_id = row["note_id"]
    data_key = unseal(case_key, row["wrapped_key"], Slot("case_note", "wrapped_key", note_id))
    return unseal(data_key, row["sealed"], Slot("case_note", "sealed", note_id)).decode()


def _note(row: Row, text: str | None) -> Note:
    return Note(row["note_id"], row["kind"], row["staff"], row["role"], row["written_at"], text)
