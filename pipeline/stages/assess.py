"""Intake topics → Postgres: take a few messages of each partition, read them, settle them in one transaction."""

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby

from pipeline.contracts.envelope import Unreadable
from pipeline.contracts.messages import Message, Stream
from pipeline.contracts.vocabulary import Outcome
from pipeline.domain.batch import Accepted, Batch, Claim, Hole, Release, Settled, Span, Unread
from pipeline.domain.believing import RELEASABLE, Doubt, doubt
from pipeline.domain.facts import RELEASED
from pipeline.domain.normalise.reading import Reading, read_event
from pipeline.domain.privacy import guarded
from pipeline.errors import FencedError, GapError, LogWentBackError, UnavailableError
from pipeline.ports import Bounds, Digests, EndOf, Explain, Ledger, Source, Sources, Telling

MESSAGES_MAX = 200
MESSAGES_MIN = 10
LOCKED_MAX_S = 0.2
DEATHS_MAX = 3
HINT_EVERY_S = 5.0
LOG_END_PATIENCE_S = 10.0
"""A broker that has just come back may tell an older end of a log for a moment."""


def next_batch_max(messages_max: int, locked_s: float) -> int:
    """How many messages to take next: half as many after a transaction that held the lock for too long, else more
    again.
    """
    if locked_s > LOCKED_MAX_S:
        return max(MESSAGES_MIN, messages_max // 2)
    return min(MESSAGES_MAX, messages_max + MESSAGES_MIN)


class Claims:
    """The partitions that this worker holds. Listens to the group: what is given is claimed in the database, under a
    new epoch, and read on from the database's cursor; one settled message is read once more, so that other bytes in
    its place are noticed.
    """

    def __init__(self, ledger: Ledger, telling: Telling) -> None:
        self._ledger = ledger
        self._telling = telling
        self.lock = asyncio.Lock()
        self.held: dict[Stream, Claim] = {}
        self.changes = 0

    async def given(self, bounds: Mapping[Stream, Bounds], end_of: EndOf) -> Mapping[Stream, int]:
        """Where to read each of these partitions on from. Raises LogWentBackError when a log lost what was in it."""
        async with self.lock:
            self.changes += 1
            resumed = {stream: await self._claim(stream, at, end_of) for stream, at in bounds.items()}
            self.changes += 1
            return resumed

    async def taken(self, streams: Collection[Stream]) -> None:
        async with self.lock:
            self.changes += 1
            for stream in streams:
                self.held.pop(stream, None)

    async def _ring(self, code: str, subject: str) -> None:
        await self._ledger.raise_alarm(code, subject)
        self._telling.alarm(code, subject)

    async def _claim(self, stream: Stream, bounds: Bounds, end_of: EndOf) -> int:
        claim = await self._ledger.claim(stream, bounds.first)
        if claim.last_settled is not None:
            claim = replace(claim, read_from=max(claim.last_settled, bounds.first))
        await self._refuse_lost(stream, claim, bounds, end_of)
        self.held[stream] = claim
        self._telling.claimed(stream, claim)
        return claim.read_from

    async def _refuse_lost(self, stream: Stream, claim: Claim, bounds: Bounds, end_of: EndOf) -> None:
        where = f"{stream.topic}/{stream.partition}"
        if bounds.first > claim.next_offset:
            await self._ring("log_removed_unread", where)
            raise LogWentBackError(f"{where}: offsets {claim.next_offset} to {bounds.first - 1} were removed unread")
        until, end = time.monotonic() + LOG_END_PATIENCE_S, bounds.after
        while end < claim.next_offset and time.monotonic() < until:
            await asyncio.sleep(LOG_END_PATIENCE_S / 20)
            end = await end_of(stream)
        if end < claim.next_offset:
            await self._ring("log_went_back", where)
            raise LogWentBackError(f"{where}: the log ends at {end}, but all below {claim.next_offset} is settled")


class Assess:
    """One turn takes, reads and settles. Any error ends the process: what it took is read again from the database's
    cursor.
    """

    def __init__(  # noqa: PLR0913 - the stage's whole world, each part named
        self,
        source: Source,
        ledger: Ledger,
        claims: Claims,
        *,
        explain: Explain,
        digests: Digests,
        sources: Sources,
        telling: Telling,
    ) -> None:
        self._source = source
        self._ledger = ledger
        self._claims = claims
        self._explain = explain
        self._digests = digests
        self._sources = sources
        self._telling = telling
        self._messages_max = MESSAGES_MAX
        self._hinted_at = time.monotonic()

    async def turn(self) -> int:
        """Takes what is there and settles it; the number of messages taken. Waits up to half a second for the first."""
        changes = self._claims.changes
        messages = await self._source.take(self._messages_max)
        self._ledger.begin_turn()
        began = time.monotonic()
        async with self._claims.lock:
            if changes != self._claims.changes:
                # Taken while partitions changed hands, from wherever Kafka's own offset stood.
                self._source.rewind({stream: claim.read_from for stream, claim in self._claims.held.items()})
                return 0
            if messages:
                await self._sources.look()
            for chosen in await self._portions(messages):
                await self._settle(chosen)
        self._telling.turned(len(messages), time.monotonic() - began)
        if time.monotonic() - self._hinted_at >= HINT_EVERY_S:
            await self.hint()
        return len(messages)

    async def _portions(self, messages: Sequence[Message]) -> list[list[Message]]:
        """What is settled together: everything at once, but message by message where a worker has died over them."""
        together: list[Message] = []
        alone: list[list[Message]] = []
        for stream, told in groupby(messages, key=lambda m: m.at.stream):
            claim = self._claims.held.get(stream)
            new = await self._unsettled(list(told), claim) if claim else []
            for message in new:
                if claim and message.at.offset < claim.careful_until:
                    alone.append([message])
                else:
                    together.append(message)
        return [*alone, together] if together else alone

    async def _unsettled(self, messages: list[Message], claim: Claim) -> list[Message]:
        """Leaves out what is settled already, if it is the same; anything else at a settled offset means that the log
        went back.
        """
        old = [m for m in messages if m.at.offset < claim.next_offset]
        known = await self._ledger.digests([m.at for m in old]) if old else {}
        for message in old:
            if not self._digests.is_digest(known.get(message.at), message.wire):
                where = f"{message.at.topic}/{message.at.partition} offset {message.at.offset}"
                await self._ring("log_holds_other_bytes", where)
                raise LogWentBackError(f"{where}: these are not the bytes that were settled here")
        return messages[len(old) :]

    async def _settle(self, messages: Sequence[Message]) -> None:
        spans = [await self._span(stream, list(told)) for stream, told in groupby(messages, key=lambda m: m.at.stream)]
        careful = any(s.first < self._claims.held[s.stream].careful_until for s in spans)
        deaths = await self._ledger.take_up(spans, deaths=1 if careful else 0)
        items = tuple(self._read(m, deaths.get(m.at.stream, 0) if len(messages) == 1 else 0) for m in messages)
        items = await self._released(items)
        settled = await self._settle_or_give_up(Batch(items, tuple(spans)))
        self._messages_max = next_batch_max(self._messages_max, settled.locked_s)
        for span in spans:
            self._claims.held[span.stream] = replace(
                self._claims.held[span.stream], next_offset=span.after, read_from=span.after
            )
        self._telling.settled(settled.counts, items)

    async def _settle_or_give_up(self, batch: Batch) -> Settled:
        try:
            return await self._ledger.settle(batch)
        except FencedError:
            await self._ledger.give_up(batch.spans)
            raise
        except UnavailableError as error:
            if not error.is_overrun:
                await self._ledger.give_up(batch.spans)
            raise

    async def _ring(self, code: str, subject: str) -> None:
        await self._ledger.raise_alarm(code, subject)
        self._telling.alarm(code, subject)

    async def _span(self, stream: Stream, messages: Sequence[Message]) -> Span:
        claim = self._claims.held[stream]
        holes = tuple(await self._holes(stream, claim.next_offset, messages))
        return Span(stream, claim.next_offset, messages[-1].at.offset + 1, claim.epoch, holes)

    async def _holes(self, stream: Stream, expected: int, messages: Iterable[Message]) -> list[Hole]:
        holes = []
        for message in messages:
            found = message.at.offset
            if found > expected:
                await self._require_hole(stream, expected, found)
                holes.append(Hole(expected, found))
            expected = found + 1
        return holes

    async def _require_hole(self, stream: Stream, first: int, found: int) -> None:
        """Raises GapError where this reader passed messages over: it ends, and they are read again from the cursor."""
        where = f"{stream.topic}/{stream.partition}"
        try:
            is_hole = await self._explain(stream, first, found)
        except LogWentBackError:
            await self._ring("log_removed_unread", where)
            raise
        if not is_hole:
            raise GapError(f"{where}: offsets {first} to {found - 1} were passed over")

    def _read(self, message: Message, deaths: int) -> Accepted | Unread:
        if deaths >= DEATHS_MAX:
            return Unread(message, Outcome.QUARANTINE, Doubt.ENDED_ITS_WORKER)
        reading = read_event(message.value, message.headers, message.arrived_at, self._sources.now)
        if isinstance(reading, Unreadable):
            return Unread(message, Outcome.DEAD_LETTER, reading.code.value)
        why = doubt(message, reading.facts.source, self._sources.now, datetime.now(UTC))
        return Unread(message, Outcome.QUARANTINE, why) if why else self._accepted(message, reading)

    def _accepted(self, message: Message, reading: Reading, release: Release | None = None) -> Accepted:
        receipt_key = message.receipt_key if message.receipt_key == reading.facts.event_key else None
        return Accepted(message, replace(reading, facts=guarded(reading.facts, self._guard)), receipt_key, release)

    async def _released(self, items: Sequence[Accepted | Unread]) -> tuple[Accepted | Unread, ...]:
        """With those that people believe after all. Doubts are rare, so that hardly any batch asks for releases."""
        asked = [i.message for i in items if i.message.is_released or (isinstance(i, Unread) and i.code in RELEASABLE)]
        releases = await self._ledger.releases(asked) if asked else {}
        return tuple(self._believed(i, releases.get(i.message.at)) for i in items)

    def _believed(self, item: Accepted | Unread, release: Release | None) -> Accepted | Unread:
        """Read as of its first receipt."""
        if release is None or (isinstance(item, Unread) and item.code not in RELEASABLE):
            return item
        message = replace(item.message, arrived_at=release.received_at)
        reading = read_event(message.value, message.headers, message.arrived_at, self._sources.now)
        if isinstance(reading, Unreadable):
            return item
        faults = (*reading.facts.faults, f"{RELEASED}{release.code}")
        return self._accepted(message, replace(reading, facts=replace(reading.facts, faults=faults)), release)

    def _guard(self, value: bytes) -> bytes:
        return self._digests.all_keyed(value)[0]

    async def hint(self) -> None:
        """Tells Kafka how far the database has come, for those who watch the lag there."""
        self._hinted_at = time.monotonic()
        await self._source.hint({stream: claim.next_offset for stream, claim in self._claims.held.items()})
