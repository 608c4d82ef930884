"""Puts what is sealed under newer keys: wrapped keys of reports under newer case keys, reports under newer data keys.

Whoever moves a report to another case holds the row of that case's file, and so does whoever works here: a wrapped key
and what lies under it always change together.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from pipeline.adapters.documents import to_bytes
from pipeline.adapters.postgres.database import Connection
from pipeline.adapters.postgres.docket_reader import CONTENT_KEY_BYTES, story_slot
from pipeline.adapters.postgres.docket_reader import SQL as ASSESS
from pipeline.adapters.postgres.key_turns import SQL
from pipeline.adapters.postgres.keys import CaseKeys, KeyName, Keys, Purpose
from pipeline.adapters.vault import KeySet, Slot, new_key, seal, unseal
from pipeline.domain.privacy import parted

Row = Mapping[str, Any]


class Kind(NamedTuple):
    """A table whose rows have a data key of their own. `under` finds those whose key is wrapped under an older case
    key, `wrap` writes it wrapped anew.
    """

    purpose: Purpose
    table: str
    under: str
    wrap: str


KINDS = (
    Kind(Purpose.REPORT, "report_version", "versions_under", "wrap_versions"),
    Kind(Purpose.ORIGINAL, "report_original", "originals_under", "wrap_originals"),
    Kind(Purpose.UNREAD, "unread_report", "unread_under", "wrap_unread"),
    Kind(Purpose.NOTE, "case_note", "notes_under", "wrap_notes"),
)


async def lock_cases(db: Connection, owners: Sequence[UUID]) -> None:
    await db.fetch(ASSESS["lock_cases"], sorted(owners))


async def wrap_anew(db: Connection, keys: CaseKeys, owners: Sequence[UUID], generation: int) -> int:
    """Wraps what lies under an older key of these owners under their newest one, in the caller's transaction; how many
    rows. What nobody holds a key of was erased, and is left.
    """
    done = 0
    await lock_cases(db, owners)
    for kind in KINDS:
        rows = await db.fetch(SQL[kind.under], owners, generation)
        known = await _keys_of(keys, kind.purpose, rows)
        told = [(r["event_key"], _wrapped_anew(r, kind, known)) for r in rows if _name(kind.purpose, r) in known]
        done += await _write(db, kind.wrap, told)
    return done


async def _keys_of(keys: CaseKeys, purpose: Purpose, rows: Iterable[Row]) -> Keys:
    return await keys.opening([(_name(purpose, row), row["wrapped_key"]) for row in rows])


def _name(purpose: Purpose, row: Row) -> KeyName:
    return KeyName(row["case_id"], purpose)


def _wrapped_anew(row: Row, kind: Kind, keys: Keys) -> bytes:
    slot, key = Slot(kind.table, "wrapped_key", row["event_key"]), keys[_name(kind.purpose, row)]
    return seal(key, unseal(key, row["wrapped_key"], slot), slot)


async def _write(db: Connection, name: str, rows: Sequence[tuple[object, ...]]) -> int:
    if rows:
        await db.execute(SQL[name], *(list(column) for column in zip(*rows, strict=True)))
    return len(rows)


async def seal_cases_anew(db: Connection, keys: CaseKeys, cases: Sequence[UUID], version: int) -> int:
    """Draws new data keys for what these cases hold under older ones, in the caller's transaction; how many rows. A
    narrative that lay in the event is parted from it.
    """
    await lock_cases(db, cases)
    versions = await db.fetch(SQL["sealed_versions"], cases, version)
    known = await _keys_of(keys, Purpose.REPORT, versions)
    rows = [r for r in versions if _name(Purpose.REPORT, r) in known]
    made = [_Version.made(row, known[_name(Purpose.REPORT, row)], version) for row in rows]
    await _write(db, "seal_versions", [(m.event_key, m.wrapped, m.sealed, m.story) for m in made])
    await _write(db, "seal_inputs", [(m.event_key, m.inputs) for m in made if m.inputs])
    others = [await _seal(db, keys, kind, cases, version) for kind in (KINDS[1], KINDS[3])]
    return len(made) + sum(others)


async def seal_unread_anew(db: Connection, keys: CaseKeys, unread: Sequence[UUID], version: int) -> int:
    """As `seal_cases_anew`, of reports that nobody could read."""
    return await _seal(db, keys, KINDS[2], unread, version)


async def _seal(db: Connection, keys: CaseKeys, kind: Kind, owners: Sequence[UUID], version: int) -> int:
    found = await db.fetch(SQL[f"sealed_{kind.purpose}"], owners, version)
    known = await _keys_of(keys, kind.purpose, found)
    told = []
    for row in found:
        if (name := _name(kind.purpose, row)) in known:
            wrapped, opened, sealing = _new_data_key(row, known[name], kind.table, version)
            slot = Slot(kind.table, "sealed", row["event_key"])
            told.append((row["event_key"], wrapped, sealing(unseal(opened, row["sealed"], slot), slot)))
    return await _write(db, f"seal_{kind.purpose}", told)


Sealing = Callable[[bytes, Slot], bytes]


def _new_data_key(row: Row, case_key: KeySet, table: str, version: int) -> tuple[bytes, bytes, Sealing]:
    """A new data key wrapped, the old one open, and how to seal under the new one."""
    slot = Slot(table, "wrapped_key", row["event_key"])
    data_key = KeySet.of(new_key(), version)
    opened = unseal(case_key, row["wrapped_key"], slot)
    return seal(case_key, data_key.newest, slot), opened, lambda plain, at: seal(data_key, plain, at)


class _Version(NamedTuple):
    event_key: UUID
    wrapped: bytes
    sealed: bytes
    story: bytes | None
    inputs: bytes | None

    @classmethod
    def made(cls, row: Row, case_key: KeySet, version: int) -> "_Version":
        key = row["event_key"]
        wrapped, opened, sealing = _new_data_key(row, case_key, "report_version", version)
        slot, of_inputs = Slot("report_version", "sealed", key), Slot("decision", "sealed_inputs", key)
        plain = unseal(opened, row["sealed"], slot)
        story = unseal(opened, row["sealed_story"], story_slot(key)) if row["sealed_story"] else None
        if story is None:
            plain, story = _parted(plain)
        inputs = unseal(opened, row["sealed_inputs"], of_inputs) if row["sealed_inputs"] else None
        return cls(
            key,
            wrapped,
            sealing(plain, slot),
            None if story is None else sealing(story, story_slot(key)),
            None if inputs is None else sealing(inputs, of_inputs),
        )


def _parted(plain: bytes) -> tuple[bytes, bytes | None]:
    """The event without its narrative, and the narrative."""
    content_key, document = plain[:CONTENT_KEY_BYTES], json.loads(plain[CONTENT_KEY_BYTES:])
    told, story = parted(document)
    return (plain, None) if story is None else (content_key + to_bytes(told), to_bytes(story))
