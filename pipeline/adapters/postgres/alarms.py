"""What rings until a person, or the end of its cause, settles it."""

from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.sql import Queries

SQL = Queries.of("alarms")


class Alarms:
    """Those that `raised_by` rings. Every call tries again while the database is away, then raises UnavailableError."""

    def __init__(self, pool: Pool, raised_by: str) -> None:
        self._pool = pool
        self._raised_by = raised_by

    async def raise_alarm(self, code: str, subject: str) -> bool:
        """Something new happened. Whether it rings anew."""
        return await self._rings_anew("raise_alarm", code, subject)

    async def keep_ringing(self, code: str, subject: str) -> bool:
        """Something lasts. Whether it rings anew."""
        return await self._rings_anew("keep_ringing", code, subject)

    async def _rings_anew(self, statement: str, code: str, subject: str) -> bool:
        return bool(await with_retries(lambda: self._pool.fetchval(SQL[statement], code, subject, self._raised_by)))

    async def silence_alarm(self, code: str, subject: str) -> None:
        await with_retries(lambda: self._pool.execute(SQL["silence_alarm"], code, subject))
