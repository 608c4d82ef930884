"""What was done with a case step by step, and who works along on it, by whoever acts."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from pipeline.adapters.postgres.acting import Acting, acting_as
from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.sql import Queries
from pipeline.domain.steps import INTENSIVE_VISIT

SQL = Queries.of("along")
ASK_FOR_S = 3.0
"""Somebody waits for the answer."""

T = TypeVar("T")
Row = Mapping[str, Any]
Answer = Mapping[str, Any]
"""`code`: `done`, or why not; of what was done also the co-work as it stands now."""


class CoWorkAsked(NamedTuple):
    """Said again with the same id it is asked once. `county` is that of the centre, `queue` whose work it is there."""

    co_work_id: UUID
    service: str
    centre: str
    county: str | None
    queue: str
    fence: int | None = None


class After(NamedTuple):
    """Where a page of co-work ended."""

    asked_at: datetime
    co_work_id: UUID


@dataclass(frozen=True, slots=True)
class Along:
    """Every call raises NobodyActsError where the session is over, UnavailableError while the database is away."""

    pool: Pool

    async def steps(self, token: str, case_id: UUID) -> tuple[list[Row], list[Row]] | None:
        """What was done, and the visits that are planned; None where there is no such case for this person."""

        async def read(acting: Acting) -> tuple[list[Row], list[Row]] | None:
            if not await acting.db.fetchval(SQL["is_seen"], case_id):
                await acting.db.execute(SQL["refuse"], "steps", case_id, "not_yours")
                return None
            steps = await acting.db.fetch(SQL["steps"], case_id)
            return steps, await acting.db.fetch(SQL["planned"], case_id, INTENSIVE_VISIT)

        return await self._as(token, read)

    async def co_work(self, token: str, limit: int, after: After | None = None) -> list[Row]:
        """What this post's centres are asked for or work along on, the longest asked first."""
        place = after or (None, None)
        return await self._fetch(token, "co_work_of_mine", limit, *place)

    async def co_work_of(self, token: str, case_id: UUID) -> list[Row]:
        """Of one case; nothing where there is no such case for this person."""
        return await self._fetch(token, "co_work_of_case", case_id)

    async def ask(self, token: str, case_id: UUID, wanted: CoWorkAsked) -> Answer:
        said = {name: value for name, value in wanted._asdict().items() if name != "fence"}
        said["co_work_id"] = str(wanted.co_work_id)
        return await self._answer(token, "ask", case_id, wanted.fence, said)

    async def answer(self, token: str, co_work_id: UUID, refused_for: str | None) -> Answer:
        """Without `refused_for` the centre of this post works along."""
        return await self._answer(token, "answer", co_work_id, refused_for is None, refused_for)

    async def done(self, token: str, co_work_id: UUID) -> Answer:
        return await self._answer(token, "done", co_work_id)

    async def _fetch(self, token: str, name: str, *values: object) -> list[Row]:
        async def read(acting: Acting) -> list[Row]:
            return [row["told"] for row in await acting.db.fetch(SQL[name], *values)]

        return await self._as(token, read)

    async def _answer(self, token: str, name: str, *values: object) -> Answer:
        async def act(acting: Acting) -> Answer:
            said: Answer = await acting.db.fetchval(SQL[name], *values)
            return said

        return await self._as(token, act)

    async def _as(self, token: str, act: Callable[[Acting], Awaitable[T]]) -> T:
        async def once() -> T:
            async with acting_as(self.pool, token) as acting:
                return await act(acting)

        return await with_retries(once, for_s=ASK_FOR_S)
