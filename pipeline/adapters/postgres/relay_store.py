"""The outbox as the relay sees it: what waits, who may send it, and where it ended."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg

from pipeline.adapters.postgres.database import TRANSIENT, Pool, Role, connect, with_retries
from pipeline.adapters.postgres.sql import Queries
from pipeline.contracts.messages import Coordinate, Stream
from pipeline.domain.outgoing import Outgoing, Published
from pipeline.errors import FencedError

SQL = Queries.of("relay")
LEASE_SILENT_MAX_S = 20.0


class RelayStore:
    def __init__(self, pool: Pool, dsn: str, owner: str) -> None:
        self._pool = pool
        self._dsn = dsn
        self._owner = owner
        self._woken = asyncio.Event()
        self._ear: asyncpg.Connection | None = None

    async def take_lease(self) -> int | None:
        """The epoch to send under, or None while another relay has the lease."""

        async def act() -> int | None:
            epoch: int | None = await self._pool.fetchval(SQL["take_lease"], self._owner, LEASE_SILENT_MAX_S)
            return epoch

        return await with_retries(act)

    async def give_back(self, epoch: int) -> None:
        with contextlib.suppress(*TRANSIENT):
            await self._pool.execute(SQL["give_back"], epoch)

    async def beat(self, epoch: int) -> None:
        """Keeps the lease. Raises FencedError when another relay has taken it."""

        async def act() -> None:
            if not await self._pool.fetchval(SQL["beat"], epoch):
                raise FencedError("another relay has taken the lease")

        await with_retries(act)

    async def raise_alarm(self, code: str, subject: str) -> None:
        await with_retries(lambda: self._pool.execute(SQL["raise_alarm"], code, subject))

    async def waiting(self, messages_max: int) -> list[Outgoing]:
        """The oldest messages that are not published yet, in the order in which they were written."""

        async def act() -> list[Outgoing]:
            rows = await self._pool.fetch(SQL["waiting"], messages_max)
            return [
                Outgoing(r["outbox_id"], r["message_id"], r["topic"], r["message_key"], r["message"], r["written_at"])
                for r in rows
            ]

        return await with_retries(act)

    async def mark(self, epoch: int, sent: Sequence[Published]) -> None:
        """Writes where these messages stand. Raises FencedError, and writes nothing, when the lease is gone."""

        async def act() -> None:
            async with self._pool.acquire() as db, db.transaction():
                if not await db.fetchval(SQL["beat"], epoch):
                    raise FencedError("another relay has taken the lease")
                columns = (
                    [p.outgoing.outbox_id for p in sent],
                    [p.at.partition for p in sent],
                    [p.at.offset for p in sent],
                )
                await db.execute(SQL["mark"], *columns)
                ends = {p.at.stream: p.at.offset + 1 for p in sorted(sent, key=lambda p: p.at.offset)}
                await db.executemany(SQL["move_mark"], [(*stream, after) for stream, after in ends.items()])

        await with_retries(act)

    async def marks(self) -> Mapping[Stream, int]:
        async def act() -> Mapping[Stream, int]:
            return {Stream(r["topic"], r["partition"]): r["next_offset"] for r in await self._pool.fetch(SQL["marks"])}

        return await with_retries(act)

    async def mark_found(self, epoch: int, found: Sequence[tuple[UUID, Coordinate]], stream: Stream, after: int) -> int:
        """Marks messages that a relay before this one had sent; how many there were."""

        async def act() -> int:
            async with self._pool.acquire() as db, db.transaction():
                if not await db.fetchval(SQL["beat"], epoch):
                    raise FencedError("another relay has taken the lease")
                columns = [m for m, _ in found], [at.partition for _, at in found], [at.offset for _, at in found]
                marked = await db.fetch(SQL["mark_found"], *columns)
                await db.execute(SQL["move_mark"], *stream, after)
                return len(marked)

        return await with_retries(act)

    async def listen(self) -> None:
        """Hears of new messages as they are committed. Losing this connection costs only haste."""
        if self._ear is None or self._ear.is_closed():
            self._ear = await connect(self._dsn, name=self._owner, role=Role.RELAY)
            await self._ear.add_listener("outbox", lambda *_: self._woken.set())

    async def wait(self, timeout_s: float) -> None:
        """Returns when something was written, or after the time."""
        try:
            await self.listen()
            async with asyncio.timeout(timeout_s):
                await self._woken.wait()
        except TimeoutError:
            return
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await asyncio.sleep(timeout_s)
        self._woken.clear()

    async def close(self) -> None:
        if self._ear:
            await self._ear.close()
