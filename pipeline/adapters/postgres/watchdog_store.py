"""The desk's timers as the auditor sees them, by statements of its own."""

from pipeline.adapters.postgres.alarms import Alarms
from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.sql import Queries
from pipeline.domain.timekeeping import CODES, Ringing, Timekeeping

SQL = Queries.of("watchdog")


class WatchdogStore:
    """Every call tries again while the database is away, then raises UnavailableError."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._alarms = Alarms(pool, "auditor")

    async def timekeeping(self, found_max: int) -> Timekeeping:
        async def act() -> Timekeeping:
            async with self._pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
                cases = await db.fetch(SQL["cases_unarmed"], found_max)
                clocks = await db.fetch(SQL["clocks_unarmed"], found_max)
                late = await db.fetchrow(SQL["lateness"])
            unarmed_cases, unarmed_clocks = ([row["subject"] for row in rows] for rows in (cases, clocks))
            return Timekeeping(unarmed_cases, unarmed_clocks, max(0.0, late["oldest_s"]), late["p99_s"])

        return await with_retries(act)

    async def ringing(self) -> frozenset[Ringing]:
        """What an auditor, this one or one before it, has rung of timers and nobody has settled."""
        rows = await with_retries(lambda: self._pool.fetch(SQL["ringing"], list(CODES)))
        return frozenset(Ringing(row["code"], row["subject"]) for row in rows)

    async def raise_alarm(self, code: str, subject: str) -> bool:
        return await self._alarms.keep_ringing(code, subject)

    async def silence_alarm(self, code: str, subject: str) -> None:
        await self._alarms.silence_alarm(code, subject)
