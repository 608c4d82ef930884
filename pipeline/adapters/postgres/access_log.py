"""The audit of access in Postgres: whoever does something adds to it in its own transaction, the auditor reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pipeline.adapters.postgres.acting import Acting, acting_as
from pipeline.adapters.postgres.alarms import Alarms
from pipeline.adapters.postgres.database import Connection, Pool, with_retries
from pipeline.adapters.postgres.keys import CaseKeys
from pipeline.adapters.postgres.sql import Queries
from pipeline.domain.access import AccessEvent, AccessKind, Body, Deed, keys_used, told
from pipeline.domain.access_check import ChainCheck, Finding, expected
from pipeline.domain.anchor_check import Holds, check_anchors
from pipeline.domain.anchors import Anchor, Head
from pipeline.domain.posts import PostRole
from pipeline.errors import NobodyActsError

SQL = Queries.of("access")
PORTION = 5000


class AccessLog:
    """Adds events to one stream. Its head stays locked until the caller's transaction ends, so a caller adds to one
    stream alone; two that added to two streams in another order would wait for each other. What triggers add to
    `claims` comes first: a caller tells of what it wrote after it wrote it.
    """

    @staticmethod
    async def append(db: Connection | Pool, stream: str, kind: AccessKind, actor: str, body: Body) -> int:
        """The event's number; on a pool it is a transaction of its own. Raises ValueError where the body could hold
        something personal.
        """
        return int(await db.fetchval(SQL["append"], stream, kind.value, actor, told(stream, actor, body)))

    @staticmethod
    async def append_many(db: Connection, stream: str, deeds: Sequence[Deed]) -> int:
        """The number of the last one. Raises ValueError as `append`."""
        rows = [{"kind": d.kind.value, "actor": d.actor, "body": told(stream, d.actor, d.body)} for d in deeds]
        return int(await db.fetchval(SQL["append_many"], stream, rows))


async def note(db: Connection, keys: CaseKeys, *deeds: Deed) -> None:
    """Adds what was done, and whose keys were used since this was last noted, to the stream of the process that uses
    these keys, in the caller's transaction. Raises ValueError as `append`.
    """
    used = {name.owner for name in keys.used()}
    of_keys = [Deed(AccessKind.KEYS_USED, keys.user, keys_used(used))] if used else []
    if events := [*deeds, *of_keys]:
        await AccessLog.append_many(db, keys.user, events)


async def note_rest(pool: Pool, keys: CaseKeys) -> None:
    """Adds whose keys were used and not noted with a deed: they were only read with, or what was wanted was refused.
    Raises UnavailableError.
    """

    async def act() -> None:
        async with pool.acquire() as db, db.transaction():
            await note(db, keys)

    if keys.are_used:
        await with_retries(act)


@dataclass(frozen=True, slots=True)
class Reading:
    """Notes what was opened to be read."""

    pool: Pool
    keys: CaseKeys

    async def tell(self, kind: AccessKind, case_id: UUID) -> None:
        """Raises UnavailableError."""

        async def act() -> None:
            async with self.pool.acquire() as db, db.transaction():
                await note(db, self.keys, Deed(kind, self.keys.user, {"case_id": case_id}))

        await with_retries(act)

    async def rest(self) -> None:
        """As `note_rest`."""
        await note_rest(self.pool, self.keys)


class Shown(NamedTuple):
    """An event as the auditor reads it."""

    stream: str
    number: int
    at: datetime
    kind: str
    actor: str
    body: Mapping[str, Any]


class Wanted(NamedTuple):
    """Which events; None is all. `case` is the id of a case."""

    stream: str | None = None
    actor: str | None = None
    since: datetime | None = None
    case: str | None = None
    events_max: int = 1000


class Verified(NamedTuple):
    """What a verifier read, and all that is wrong."""

    events: int
    streams: int
    anchors: int
    has_file: bool
    findings: list[Finding]


class AccessBook:
    """For the eyes of the auditor. Every call tries again while the database is away, then raises UnavailableError."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._alarms = Alarms(pool, "auditor")

    async def heads(self) -> dict[str, Head]:
        return _heads(await with_retries(lambda: self._pool.fetch(SQL["heads"])))

    async def anchors(self, after: int = 0) -> list[Anchor]:
        rows = await with_retries(lambda: self._pool.fetch(SQL["anchors_after"], after))
        return [Anchor(*row) for row in rows]

    async def stretch(self, stream: str, after: int, until: int, events_max: int) -> list[AccessEvent]:
        """The events of a stream behind number `after`, up to and with `until`."""
        rows = await with_retries(lambda: self._pool.fetch(SQL["stretch"], stream, after, until, events_max))
        return [AccessEvent(*row) for row in rows]

    async def add_anchor(self, anchor: Anchor) -> bool:
        """False where another auditor has taken its number."""
        return bool(await with_retries(lambda: self._pool.fetchval(SQL["add_anchor"], *anchor)))

    async def now(self) -> str:
        """The database's time as anchors tell it, in UTC to the microsecond."""
        return str(await with_retries(lambda: self._pool.fetchval(SQL["now"])))

    async def raise_alarm(self, code: str, subject: str) -> bool:
        """Whether it rings anew."""
        return await self._alarms.keep_ringing(code, subject)

    async def silence_alarm(self, code: str, subject: str) -> None:
        await self._alarms.silence_alarm(code, subject)

    async def verify(self, file: Sequence[Anchor] | None, *, is_signed: Holds, is_stamped: Holds) -> Verified:
        """Reads all streams in order, as they stood at one moment, and hashes every row anew. `file` was read before
        this is called.
        """
        async with self._pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            table = [Anchor(*row) for row in await db.fetch(SQL["anchors"])]
            findings, signed = check_anchors(table, file, is_signed=is_signed, is_stamped=is_stamped)
            check, heads = ChainCheck(expected(signed)), _heads(await db.fetch(SQL["heads"]))
            cursor = await db.cursor(SQL["events"])
            while rows := await cursor.fetch(PORTION):
                check.read(map(AccessEvent._make, rows))
            return Verified(check.events, len(heads), len(table), file is not None, [*findings, *check.end(heads)])


async def read_shown(people: Pool, token: str, wanted: Wanted) -> list[Shown]:
    """The newest of these, the oldest first, for a person in the post of an auditor: `people` logs in as Role.PEOPLE,
    `token` is that of their session. That they looked is an event itself, in the same transaction. Raises
    NobodyActsError for everyone else.
    """
    async with acting_as(people, token) as me:
        if me.post.role is not PostRole.AUDIT_READER:
            raise NobodyActsError
        await tell_audit_read(me, {"stream": wanted.stream, "of": wanted.actor, "case_id": wanted.case})
        return [Shown(*row) for row in await me.db.fetch(SQL["events_shown"], *wanted)]


async def tell_audit_read(me: Acting, said: Body) -> None:
    """Whoever reads the audit stands in it, too, in the stream `audit`. Raises ValueError as `append`."""
    await me.db.execute(SQL["tell_audit_read"], told("audit", me.staff, said))


def _heads(rows: Sequence[Mapping[str, Any]]) -> dict[str, Head]:
    return {row["stream"]: Head(row["number"], row["hash"]) for row in rows}
