"""What happened to cases of late, read once for all streams of this desk."""

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.sql import Queries
from pipeline.contracts.topics import CASE_EVENTS
from pipeline.domain.horizon import Horizon, Seen

SQL = Queries.of("nudges")
KEPT = 20_000
"""Numbers of the outbox of which this process remembers whom they touch."""
ASK_FOR_S = 3.0


class Touched(NamedTuple):
    """Something happened to this case; `number` rises."""

    number: int
    case_id: UUID
    centre: str
    county: str | None


@dataclass(slots=True)
class Nudges:
    """`pool` is the desk's own. Somebody calls `look` about twice a second, and `close` before the desk ends."""

    pool: Pool
    is_closed: bool = False
    _horizon: Horizon = field(default_factory=Horizon)
    _since: int = 0
    _upto: int | None = None
    _last: int = 0
    _kept: deque[Touched] = field(default_factory=deque)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_ready(self) -> bool:
        return self._upto is not None

    @property
    def upto(self) -> int:
        """Up to here everything has been read: a stream that has told of it may be taken up again from here."""
        return self._upto or 0

    async def look(self) -> None:
        """Raises UnavailableError."""
        seen = Seen(*await with_retries(lambda: self.pool.fetchrow(SQL["mark"]), for_s=ASK_FOR_S))
        self._horizon, self._last = self._horizon.after(seen), seen.last
        safe = self._horizon.safe
        if safe == self._upto or (self._upto is None and self._horizon.waits_for and not safe):
            return
        is_another = self._upto is None or safe < self._upto
        start = max(safe - KEPT, 0, 0 if is_another else self.upto)
        rows = await with_retries(lambda: self.pool.fetch(SQL["between"], start, safe, CASE_EVENTS), for_s=ASK_FOR_S)
        self._take([Touched(*row) for row in rows], start, safe)

    def _take(self, found: list[Touched], start: int, safe: int) -> None:
        if start != self._upto:
            self._kept.clear()
            self._since = start
        self._kept.extend(found)
        self._upto, self._since = safe, max(self._since, safe - KEPT)
        while self._kept and self._kept[0].number <= self._since:
            self._kept.popleft()
        self._wake()

    def after(self, number: int) -> list[Touched] | None:
        """What came after this number, in order; None where that is no longer, or never was, known here."""
        if number < self._since or number > max(self._last, self.upto):
            return None
        found: list[Touched] = []
        for one in reversed(self._kept):
            if one.number <= number:
                break
            found.append(one)
        return found[::-1]

    async def wait_beyond(self, number: int, for_s: float) -> None:
        """Until more than up to this number is known here, this has ended, or for so long."""
        news = self._news
        if self.upto != number or self.is_closed:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(for_s):
                await news.wait()

    def close(self) -> None:
        """All who wait go on, and see that this has ended."""
        self.is_closed = True
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
