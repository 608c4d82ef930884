"""The truth: claims partitions, remembers what was taken up, and settles a batch in one transaction."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from pipeline.adapters.postgres.access_log import note
from pipeline.adapters.postgres.centre_load import CentreLoad
from pipeline.adapters.postgres.database import RETRY_FOR_S, TRANSIENT, Connection, Pool, with_retries
from pipeline.adapters.postgres.docket_reader import SQL, DocketReader, Loaded, Sought
from pipeline.adapters.postgres.key_versions import look_at_keys
from pipeline.adapters.postgres.keys import CaseKeys, KeyName, Keys
from pipeline.adapters.postgres.live_terms import LiveTerms
from pipeline.adapters.postgres.policies import Policies
from pipeline.adapters.postgres.settlement_writer import SettlementWriter
from pipeline.adapters.postgres.shadow_writer import Under, judge_beside, write_shadowed
from pipeline.adapters.postgres.work import Work, unread_ids_of
from pipeline.adapters.vault import KeyPurpose, KeyRing
from pipeline.contracts.messages import Coordinate, Message, Stream
from pipeline.domain.assess import assess
from pipeline.domain.batch import Batch, Claim, Release, Settled, Span
from pipeline.domain.centres import CentreBook, Load
from pipeline.domain.receipt import receipt_of
from pipeline.ports import Sources

RETRY_AT_LEAST_S = 1.0

T = TypeVar("T")


class _KeysReplaced(Exception):  # noqa: N818 - as below
    """Versions of keys are others than when it was looked for candidates."""


class _KeysMissing(Exception):  # noqa: N818 - a turn in the control flow of one function, never seen outside
    def __init__(self, names: frozenset[KeyName]) -> None:
        self.names = names


class AssessStore:
    """`marks` is a pool whose commits may be lost in a crash of the database: it serves the attempts alone, and a
    crash of the database counts for no attempt.
    """

    def __init__(  # noqa: PLR0913 - each is a different thing that settling needs
        self,
        pool: Pool,
        marks: Pool,
        keys: CaseKeys,
        ring: KeyRing,
        *,
        sources: Sources,
        policies: Policies,
        centres: CentreBook,
        worker: str,
    ) -> None:
        self._pool = pool
        self._marks = marks
        self._keys = keys
        self._ring = ring
        self._reader = DocketReader(ring, keys, sources)
        self._terms = LiveTerms(policies, centres)
        self._load = CentreLoad()
        self._worker = worker
        self._history = 0
        self._turn_ends_at = float("-inf")

    def begin_turn(self) -> None:
        """All that a turn asks of the database shares one deadline, below Kafka's max.poll.interval."""
        self._turn_ends_at = time.monotonic() + RETRY_FOR_S

    async def _in_turn(self, act: Callable[[], Awaitable[T]]) -> T:
        return await with_retries(act, for_s=max(RETRY_AT_LEAST_S, self._turn_ends_at - time.monotonic()))

    async def claim(self, stream: Stream, beginning: int) -> Claim:
        """Raises the partition's epoch. One that has no cursor starts at `beginning`, the first offset of its log."""

        async def act() -> Claim:
            async with self._pool.acquire() as db, db.transaction():
                held = await db.fetchrow(SQL["claim"], *stream, beginning, self._worker)
                last = await db.fetchval(SQL["last_settled"], *stream)
                until = await db.fetchval(SQL["unfinished"], *stream, held["next_offset"], self._worker)
                at = held["next_offset"]
                return Claim(held["epoch"], at, last, careful_until=0 if until is None else until + 1, read_from=at)

        return await with_retries(act)

    async def take_up(self, spans: Sequence[Span], *, deaths: int) -> Mapping[Stream, int]:
        """Writes that these offsets are taken up now, and says how many workers have died over each span so far."""
        rows = [(*s.stream, s.first, s.after - 1, self._worker, deaths) for s in spans]

        async def act() -> Mapping[Stream, int]:
            found = await self._marks.fetch(SQL["take_up"], *(list(column) for column in zip(*rows, strict=True)))
            return {Stream(row["topic"], row["partition"]): row["deaths"] for row in found}

        return await self._in_turn(act)

    async def give_up(self, spans: Sequence[Span]) -> None:
        """Says that this worker ends over a server or a fence, not over a report."""
        with contextlib.suppress(*TRANSIENT):
            columns = zip(*((*s.stream, s.first) for s in spans), strict=True)
            await self._marks.execute(SQL["give_up"], *(list(c) for c in columns), self._worker)

    async def digests(self, coordinates: Sequence[Coordinate]) -> Mapping[Coordinate, bytes]:
        """The digests of those of these messages that are settled."""

        async def act() -> Mapping[Coordinate, bytes]:
            rows = await self._pool.fetch(SQL["settled_digests"], *(list(c) for c in zip(*coordinates, strict=True)))
            return {Coordinate(r["topic"], r["partition"], r["kafka_offset"]): r["digest"] for r in rows}

        return await self._in_turn(act)

    async def releases(self, messages: Sequence[Message]) -> Mapping[Coordinate, Release]:
        """Those of these messages whose very bytes two people believe after all."""
        keyed = [(digest, m.at) for m in messages for digest in self._ring.all_keyed(m.wire)]

        async def act() -> Mapping[Coordinate, Release]:
            rows = await self._pool.fetch(SQL["releases"], [digest for digest, _ in keyed])
            found = {row["digest"]: Release(row["unread_id"], row["received_at"], row["code"]) for row in rows}
            return {at: found[digest] for digest, at in keyed if digest in found}

        return await self._in_turn(act)

    async def raise_alarm(self, code: str, subject: str) -> None:
        async def act() -> None:
            await self._pool.execute(SQL["raise_alarm"], code, subject, "assess")

        await self._in_turn(act)

    async def settle(self, batch: Batch) -> Settled:
        """Settles the batch once, whatever it takes, and says how many messages became what and how long it held
        locks. Raises FencedError when another worker holds a partition, UnavailableError when the database stays
        away.
        """
        tried = False

        async def act() -> Settled:
            nonlocal tried
            if tried and await self._is_settled(batch):
                return Settled({}, 0.0)
            tried = True
            return await self._settle(batch)

        return await self._in_turn(act)

    async def _is_settled(self, batch: Batch) -> bool:
        """Whether an earlier try was committed though its answer was lost."""
        streams = [s.stream for s in batch.spans]
        rows = await self._pool.fetch(SQL["cursors"], [s.topic for s in streams], [s.partition for s in streams])
        now = {Stream(r["topic"], r["partition"]): (r["next_offset"], r["epoch"]) for r in rows}
        return all(now.get(s.stream) == (s.after, s.epoch) for s in batch.spans)

    async def _settle(self, batch: Batch) -> Settled:
        while True:
            try:
                return await self._settle_under(batch)
            except _KeysReplaced:
                continue

    async def _settle_under(self, batch: Batch) -> Settled:
        """Raises _KeysReplaced, and then nothing is written."""
        await look_at_keys(self._pool, self._ring)
        sought = Sought.of(batch, self._ring)
        async with self._pool.acquire() as db:
            known_unread = await self._known_unread(db, batch)
            self._history = self._history or await db.fetchval(SQL["history"])
            loaded = await self._reader.load(db, sought, await self._reader.look(db, sought))
            load = await self._load.look(db)
        under = await self._under(load)
        work = await _decide(batch, loaded, under)
        work.known_unread = known_unread
        keys = await self._keys.make(work.key_names(self._ring))
        while True:
            try:
                return await self._write(work, sought, keys, under)
            except _KeysMissing as missing:
                keys = await self._keys.make(missing.names)

    async def _known_unread(self, db: Connection, batch: Batch) -> frozenset[UUID]:
        """Asked only where they may be stored under an older version of the digesting key."""
        if not batch.unread or len(self._ring.live(KeyPurpose.DIGESTING).versions) == 1:
            return frozenset()
        ids = [i for item in batch.unread for i in unread_ids_of(self._ring, item.message)]
        return frozenset(row["unread_id"] for row in await db.fetch(SQL["known_unread"], ids))

    async def _under(self, load: Load) -> Under:
        policies = await self._terms.look()
        return Under(self._terms.now, policies.shadow, load)

    async def _write(self, work: Work, sought: Sought, keys: Keys, under: Under) -> Settled:
        async with self._pool.acquire() as db, db.transaction():
            await db.execute(SQL["lock_linking"])
            locked_at = time.monotonic()
            sight = await self._reader.look(db, sought, lock=True)
            if sought.edition != self._ring.edition:
                raise _KeysReplaced
            if sight != work.loaded.sight:
                known_unread = work.known_unread
                work = await _decide(work.batch, await self._reader.load(db, sought, sight), under)
                work.known_unread = known_unread
            names = work.key_names(self._ring)
            if not names <= keys.keys():
                raise _KeysMissing(names)
            await SettlementWriter(db, self._ring, keys, datetime.now(UTC), self._history).write(work)
            await write_shadowed(db, work.shadowed)
            await note(db, self._keys)
        return Settled(work.counts(), time.monotonic() - locked_at)


async def _decide(batch: Batch, loaded: Loaded, under: Under) -> Work:
    """Between two decisions the group's heartbeat may go out: a crowd takes its time."""
    settled, receipts, shadowed = [], {}, []
    for item in batch.accepted:
        facts, terms = item.reading.facts, under.book.at(item.message.arrived_at, under.load)
        settlement = assess(facts, loaded.docket, terms)
        settled.append((item, settlement))
        if settlement.filed:
            receipts[settlement.facts.event_key] = receipt_of(settlement, facts, loaded.docket, terms)
            if told := judge_beside(settlement, terms, under):
                shadowed.append(told)
        await asyncio.sleep(0)
    return Work(batch, loaded, tuple(settled), receipts, tuple(shadowed))
