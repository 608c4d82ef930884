"""Who shows which credential at the door, and what became of a report that came through it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from pipeline.adapters.credentials import Credential, Purpose, digest_of, drawn
from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.enrolment import SQL as ENROLMENT
from pipeline.adapters.postgres.enrolment import add_credentials
from pipeline.adapters.postgres.register import NEVER_LOOKED, Register
from pipeline.adapters.postgres.sql import Queries
from pipeline.domain.directory import Directory, Source
from pipeline.domain.intake import MonthCount, ReceiptState, Sees
from pipeline.errors import UnavailableError

SQL = Queries.of("door")
LOOK_AGAIN_S = 0.5
LOOK_FOR_S = 2.0
"""A source that waits for an answer is told soon that there is none."""
WAIT_MAX_S = 3.0
ASKING_MAX = 400

T = TypeVar("T")


class Doorkeeper:
    """Who shows which credential, as of the last look, so that the door opens while the database is away."""

    def __init__(self, pool: Pool, from_file: Directory) -> None:
        self._pool = pool
        self._register = Register(pool, from_file)
        self._version = NEVER_LOOKED
        self._credentials: dict[bytes, Credential] = {}
        self._asked_at = float("-inf")
        self._asking: set[asyncio.Task[Any]] = set()

    @property
    def sources(self) -> Directory:
        return self._register.now

    async def look(self) -> None:
        """Raises UnavailableError; what was known stays known."""
        await self._answered(self._look)

    async def look_again(self) -> None:
        """For a credential that is not known: it may be a minute old. Not more than twice a second, whoever asks; what
        was known stays where the database is away.
        """
        if time.monotonic() - self._asked_at < LOOK_AGAIN_S:
            return
        self._asked_at = time.monotonic()
        with suppress(UnavailableError):
            await self.look()

    async def _look(self) -> None:
        await self._register.read()
        version = self._register.version
        if version < self._version:  # the database was restored
            self._version, self._credentials = NEVER_LOOKED, {}
        if version != self._version:
            shown = await self._pool.fetch(SQL["credentials_since"], self._version)
            self._credentials |= {
                row["digest"]: Credential(row["source"], Purpose(row["purpose"]), row["expires_at"]) for row in shown
            }
            self._version = version

    def find(self, secret: str, purpose: Purpose, at: datetime) -> Source | None:
        """The source that this opens the door to, None where it opens none."""
        credential = self._credentials.get(digest_of(secret))
        if credential is None or not credential.opens(purpose, at):
            return None
        source = self.sources.find(credential.source)
        return source if source and not source.is_revoked(at) else None

    async def redeem(self, code: str) -> tuple[str, str] | None:
        """The source's code and its new token for a one-time code, which is spent by it. Raises UnavailableError."""
        token, digest = drawn(Purpose.TOKEN), digest_of(code)

        async def act() -> str | None:
            async with self._pool.acquire() as db:
                if not await db.fetchval(SQL["is_good"], digest):
                    return None
                async with db.transaction():
                    number = await db.fetchval(ENROLMENT["next_version"])
                    source: str | None = await db.fetchval(SQL["spend"], digest, number)
                    if source is not None:
                        await add_credentials(db, number, {token: Credential(source, Purpose.TOKEN, None)})
            return source

        source = await self._answered(act, for_s=0.0)
        if source is None:
            return None
        with suppress(UnavailableError):  # the code is spent: its token is told, whatever comes now
            await self.look()
        return source, token

    async def receipt(self, event_key: UUID, sees: Sees) -> ReceiptState:
        return ReceiptState(await self._answered(lambda: self._pool.fetchval(SQL["receipt"], event_key, sees)))

    async def own_counts(self, code: str) -> list[MonthCount]:
        """Of whole months that are over, the oldest first. Raises UnavailableError."""
        rows = await self._answered(lambda: self._pool.fetch(SQL["own_counts"], code))
        return [MonthCount(row["month"], row["accepted"], row["taken_over"]) for row in rows]

    async def tell_spool(self, gateway: str, waiting: int, oldest_at: datetime | None) -> None:
        """Raises UnavailableError."""
        await self._answered(lambda: self._pool.execute(SQL["tell_spool"], gateway, waiting, oldest_at))

    async def _answered(self, act: Callable[[], Awaitable[T]], *, for_s: float = LOOK_FOR_S) -> T:
        """Waits for no place in the queue, and for no connection that is being given back, beyond `WAIT_MAX_S`: else
        those who ask while the database hangs would hold up the gateway's own turn.
        """
        if len(self._asking) >= ASKING_MAX:
            raise UnavailableError("too many wait for the database")
        asking = asyncio.create_task(_tried(act, for_s))
        self._asking.add(asking)
        asking.add_done_callback(self._forget)
        await asyncio.wait({asking}, timeout=WAIT_MAX_S)
        if not asking.done():
            asking.cancel()
            raise UnavailableError(f"the database did not answer within {WAIT_MAX_S:.0f} s")
        return asking.result()

    def _forget(self, asking: "asyncio.Task[Any]") -> None:
        self._asking.discard(asking)
        if not asking.cancelled():
            asking.exception()  # whoever asked may have gone


async def _tried(act: Callable[[], Awaitable[T]], for_s: float) -> T:
    return await with_retries(act, for_s=for_s)
