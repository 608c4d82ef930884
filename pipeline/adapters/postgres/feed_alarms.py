"""Where the feeds ring."""

from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.sql import Queries

SQL = Queries.of("feeds")


class FeedAlarms:
    """Every call tries again while the database is away, then raises UnavailableError."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def raise_alarm(self, code: str, subject: str) -> bool:
        """Something new happened. Whether it rings anew."""
        return bool(await with_retries(lambda: self._pool.fetchval(SQL["raise_alarm"], code, subject)))

    async def keep_ringing(self, code: str, subject: str) -> bool:
        """Something lasts. Whether it rings anew."""
        return bool(await with_retries(lambda: self._pool.fetchval(SQL["keep_ringing"], code, subject)))

    async def silence_alarm(self, code: str, subject: str) -> None:
        await with_retries(lambda: self._pool.execute(SQL["silence_alarm"], code, subject))
