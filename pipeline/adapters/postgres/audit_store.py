"""What the auditor and the ledger read of the database, and the auditor's own book."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from pipeline.adapters.postgres.access_log import AccessLog
from pipeline.adapters.postgres.alarms import Alarms
from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.quiet import talkative_settings
from pipeline.adapters.postgres.sql import Queries
from pipeline.contracts.messages import Coordinate, Stream
from pipeline.contracts.vocabulary import Outcome
from pipeline.domain.access import AccessKind, Deed, actor_of
from pipeline.domain.batch import Hole
from pipeline.domain.ledger import AlarmRow, Book, Cursor, Settlements, Spooled, Unpublished, UnreadCount, UnreadRow

SQL = Queries.of("audit")

Row = Mapping[str, Any]


class AuditStore:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._alarms = Alarms(pool, "auditor")

    async def settlements(self) -> Settlements:
        """Cursors, holes and counts of one moment, so that nothing that settles meanwhile counts twice."""

        async def act() -> Settlements:
            async with self._pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
                cursors, holes = await db.fetch(SQL["cursors"]), await db.fetch(SQL["holes"])
                settled = await db.fetch(SQL["settled"])
            return Settlements(_cursors(cursors), _holes(holes), _counts(settled))

        return await with_retries(act)

    async def cursors(self) -> Mapping[Stream, Cursor]:
        return _cursors(await with_retries(lambda: self._pool.fetch(SQL["cursors"])))

    async def unpublished(self) -> Unpublished:
        row = await with_retries(lambda: self._pool.fetchrow(SQL["unpublished"]))
        return Unpublished(row["messages"], row["oldest_s"])

    async def unread(self) -> UnreadCount:
        row = await with_retries(lambda: self._pool.fetchrow(SQL["unread"]))
        return UnreadCount(row["open"], row["overdue"])

    async def spooled(self) -> Spooled:
        rows = await with_retries(lambda: self._pool.fetch(SQL["spooled"]))
        return Spooled(sum(r["waiting"] for r in rows), {r["gateway"]: r["oldest_s"] for r in rows})

    async def unread_list(self) -> list[UnreadRow]:
        return [UnreadRow(**dict(r)) for r in await with_retries(lambda: self._pool.fetch(SQL["unread_list"]))]

    async def findings(self) -> Mapping[str, int]:
        return {r["code"]: r["alarms"] for r in await with_retries(lambda: self._pool.fetch(SQL["findings"]))}

    async def marks(self, book: Book) -> Mapping[Stream, int]:
        rows = await with_retries(lambda: self._pool.fetch(SQL["marks"], book))
        return {Stream(r["topic"], r["partition"]): r["next_offset"] for r in rows}

    async def move_mark(self, book: Book, stream: Stream, next_offset: int) -> None:
        await with_retries(lambda: self._pool.execute(SQL["move_mark"], book, *stream, next_offset))

    async def inbox_between(self, stream: Stream, first: int, after: int) -> Mapping[int, bytes]:
        """The digests of what is settled in [first, after), by offset."""
        rows = await with_retries(lambda: self._pool.fetch(SQL["inbox_between"], *stream, first, after))
        return {r["kafka_offset"]: r["digest"] for r in rows}

    async def last_settled(self) -> Mapping[Coordinate, bytes]:
        """The newest settled message of each partition, with its digest."""
        rows = await with_retries(lambda: self._pool.fetch(SQL["last_settled"]))
        return {Coordinate(r["topic"], r["partition"], r["kafka_offset"]): r["digest"] for r in rows}

    async def half_settled(self, stream: Stream, first: int, after: int) -> list[int]:
        """Offsets in [first, after) that are settled without all that belongs to it."""
        rows = await with_retries(lambda: self._pool.fetch(SQL["half_settled"], *stream, first, after))
        return [r["kafka_offset"] for r in rows]

    async def relay_marks(self) -> Mapping[Stream, int]:
        rows = await with_retries(lambda: self._pool.fetch(SQL["relay_marks"]))
        return {Stream(r["topic"], r["partition"]): r["next_offset"] for r in rows}

    async def published_between(self, stream: Stream, first: int, after: int) -> Mapping[int, UUID]:
        """The messages that the outbox says to stand in [first, after), by offset."""
        rows = await with_retries(lambda: self._pool.fetch(SQL["published_between"], *stream, first, after))
        return {r["published_offset"]: r["message_id"] for r in rows}

    async def known_messages(self, message_ids: Sequence[UUID]) -> set[UUID]:
        rows = await with_retries(lambda: self._pool.fetch(SQL["known_messages"], list(message_ids)))
        return {r["message_id"] for r in rows}

    async def add_hole(self, stream: Stream, hole: Hole) -> None:
        await with_retries(lambda: self._pool.execute(SQL["add_hole"], *stream, *hole))

    async def raise_alarm(self, code: str, subject: str) -> bool:
        """Whether it rings anew."""
        return await self._alarms.keep_ringing(code, subject)

    async def silence_alarm(self, code: str, subject: str) -> None:
        await self._alarms.silence_alarm(code, subject)

    async def talkative_settings(self) -> tuple[str, ...]:
        """The server's settings by which personal data would stand in its log."""

        async def act() -> tuple[str, ...]:
            async with self._pool.acquire() as db:
                return await talkative_settings(db)

        return await with_retries(act)

    async def unfinished_erasure_s(self) -> float:
        """Since when the oldest erasure that was approved is not finished, in seconds; 0 where none is."""
        return float(await with_retries(lambda: self._pool.fetchval(SQL["unfinished_erasures"])))

    async def open_alarms(self) -> list[AlarmRow]:
        return [AlarmRow(**dict(r)) for r in await with_retries(lambda: self._pool.fetch(SQL["open_alarms"]))]

    async def settle_alarm(self, alarm_id: int, by: str) -> bool:
        """Whether there was such an open alarm."""
        deed = Deed(AccessKind.ALARM_SETTLED, actor_of(by), {"alarm": alarm_id})
        return await self._did("settle_alarm", alarm_id, by, deed)

    async def mark_read(self, unread_id: UUID, by: str) -> bool:
        """Whether there was such an unread report."""
        deed = Deed(AccessKind.UNREAD_READ, actor_of(by), {"unread": unread_id})
        return await self._did("mark_read", unread_id, by, deed)

    async def _did(self, statement: str, what: UUID | int, by: str, deed: Deed) -> bool:
        """Whether it did anything; then the audit of access says so."""

        async def act() -> bool:
            async with self._pool.acquire() as db, db.transaction():
                found = bool(await db.fetchval(SQL[statement], what, by))
                if found:
                    await AccessLog.append_many(db, "operate", [deed])
                return found

        return await with_retries(act)


def _cursors(rows: Iterable[Row]) -> Mapping[Stream, Cursor]:
    return {Stream(r["topic"], r["partition"]): Cursor(r["first_offset"], r["next_offset"]) for r in rows}


def _holes(rows: Iterable[Row]) -> Mapping[Stream, list[Hole]]:
    found: dict[Stream, list[Hole]] = {}
    for r in rows:
        found.setdefault(Stream(r["topic"], r["partition"]), []).append(Hole(r["from_offset"], r["to_offset"]))
    return found


def _counts(rows: Iterable[Row]) -> Mapping[Stream, Mapping[Outcome, int]]:
    found: dict[Stream, dict[Outcome, int]] = {}
    for r in rows:
        found.setdefault(Stream(r["topic"], r["partition"]), {})[Outcome(r["outcome"])] = r["messages"]
    return found
