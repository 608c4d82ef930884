"""The quarantined reports, as those see them who release one."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pipeline.adapters.postgres.access_log import AccessLog
from pipeline.adapters.postgres.database import Pool
from pipeline.adapters.postgres.keys import CaseKeys, KeyName, Purpose
from pipeline.adapters.postgres.sql import Queries
from pipeline.adapters.vault import KeyRing, Slot, unseal
from pipeline.domain.access import AccessKind, Body
from pipeline.domain.unread import Quarantined, Released
from pipeline.errors import UnreadRefusedError

SQL = Queries.of("unread")
STREAM = "unread"


class UnreadBook:
    def __init__(self, pool: Pool, keys: CaseKeys, ring: KeyRing) -> None:
        self._pool = pool
        self._keys = keys
        self._ring = ring

    async def find(self, unread_id: UUID) -> Quarantined | None:
        row = await self._pool.fetchrow(SQL["quarantined"], unread_id)
        return _quarantined(row) if row else None

    async def wire(self, unread_id: UUID) -> bytes:
        """What its sender wrote. Raises UnreadRefusedError where its key is gone, KeysRefusedError."""
        row = await self._pool.fetchrow(SQL["quarantined"], unread_id)
        name = KeyName(unread_id, Purpose.UNREAD)
        keys = await self._keys.fetch([name])
        if name not in keys:
            raise UnreadRefusedError(f"{unread_id} was erased: its key is gone")
        data_key = unseal(keys[name], row["wrapped_key"], Slot("unread_report", "wrapped_key", unread_id))
        return unseal(data_key, row["sealed"], Slot("unread_report", "sealed", unread_id))

    async def release(self, found: Quarantined, wire: bytes, by: str, second: str) -> None:
        """From now on these bytes are believed. Whoever was first stays noted, and stands in the audit of access."""
        told = found.unread_id, found.code, by, second, found.received_at, self._ring.all_keyed(wire)[0]
        body: Body = {"unread_id": found.unread_id, "code": found.code, "second": second}
        async with self._pool.acquire() as db, db.transaction():
            if await db.fetchval(SQL["release"], *told):
                await AccessLog.append(db, STREAM, AccessKind.RELEASED, by, body)

    async def mark_sent(self, unread_id: UUID) -> None:
        await self._pool.execute(SQL["mark_sent"], unread_id)


def _quarantined(row: Mapping[str, Any]) -> Quarantined:
    told = {name: row[name] for name in ("unread_id", "kind", "code", "topic", "received_at", "receipt_key")}
    by, second = row["released_by"], row["seconded_by"]
    return Quarantined(**told, released=Released(by, second, row["sent_at"], row["settled_at"]) if by else None)
