"""How many open cases each centre has, counted anew when the last count is no longer fresh."""

import time
from collections.abc import Callable

from pipeline.adapters.postgres.database import Connection
from pipeline.adapters.postgres.sql import Queries
from pipeline.domain.centres import Load

SQL = Queries.of("load")

FRESH_S = 5.0
"""A count as old as this may overfill a centre by the cases of so many seconds."""


class CentreLoad:
    """`clock` tells seconds that only ever rise."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counted_at = float("-inf")
        self._load: Load = {}

    async def look(self, db: Connection) -> Load:
        """The snapshot that a decision rests on: at most `FRESH_S` old, and never changed afterwards."""
        if self._clock() - self._counted_at >= FRESH_S:
            begun_at = self._clock()
            self._load = {row["centre"]: row["open_cases"] for row in await db.fetch(SQL["open_cases"])}
            self._counted_at = begun_at
        return self._load
