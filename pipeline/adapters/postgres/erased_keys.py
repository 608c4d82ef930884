"""What the keys database knows of erasures, and the destruction of keys."""

from collections.abc import Collection, Mapping
from uuid import UUID

from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.keys import ERASED as SQL
from pipeline.domain.erasure import RECORD, ErasureRecord


class ErasedKeys:
    """Every call tries again while the database is away, then raises UnavailableError."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def destroy(self, record: ErasureRecord) -> None:
        """All keys of its owners are gone, and none is made again, when this returns. Said again it changes nothing."""
        await with_retries(lambda: self._destroy(record))

    async def _destroy(self, record: ErasureRecord) -> None:
        async with self._pool.acquire() as db, db.transaction():
            await db.execute(SQL["lock_keys"])
            await db.execute(SQL["add_record"], record.erasure_id, RECORD.dump_python(record, mode="json"))
            await db.execute(SQL["add_owners"], list(record.owners), record.erasure_id)
            await db.execute(SQL["destroy"], list(record.owners))

    async def records(self) -> Mapping[UUID, ErasureRecord]:
        """By id."""
        rows = await with_retries(lambda: self._pool.fetch(SQL["records"]))
        found = (RECORD.validate_python(row["record"]) for row in rows)
        return {record.erasure_id: record for record in found}

    async def back(self) -> Collection[UUID]:
        """Erased owners whose keys are there again."""
        rows = await with_retries(lambda: self._pool.fetch(SQL["back"]))
        return {row["owner_id"] for row in rows}
