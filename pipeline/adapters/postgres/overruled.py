"""Counts which rows of the policy people override. It opens no report."""

from datetime import datetime

from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.sql import Queries
from pipeline.contracts.case import OverrideKind
from pipeline.domain.overruled import Overruled, RowOf, Times, overruled

SQL = Queries.of("overruled")


async def read_overruled(pool: Pool, first: datetime, after: datetime) -> list[Overruled]:
    """What people said from `first` on and before `after`, and what was decided then. Raises UnavailableError."""
    return await with_retries(lambda: _read(pool, first, after))


async def _read(pool: Pool, first: datetime, after: datetime) -> list[Overruled]:
    async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
        said = await db.fetch(SQL["said"], first, after)
        decided = await db.fetch(SQL["decided"], first, after) if said else []
    told = (Times(RowOf(*row[:3]), OverrideKind(row["kind"]), row["reason"], row["times"]) for row in said)
    return overruled(told, {RowOf(*row[:3]): row["cases"] for row in decided})
