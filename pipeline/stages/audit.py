"""What came in = what was settled + what is in flight. Reads both ends for itself, message by message, and rings where
they differ.
"""

import time
from collections.abc import Mapping

from pipeline.contracts.messages import Stream
from pipeline.domain.batch import Hole
from pipeline.domain.ledger import Book, Cursor, LedgerState
from pipeline.ports import AuditBook, Bounds, Digests, Onlooking, Telling
from pipeline.stages.ledger import ledger_state

TAIL_SILENT_MAX_S = 5.0
INTAKE_STILL_MAX_S = 60.0
PATIENCE_S = 10.0
STRETCHES_MAX = 50
COUNT_FREE_S = 0.05
COUNT_REST_MAX_S = 30.0
UNPUBLISHED_MAX_S = 60.0
SPOOLED_MAX_S = 120.0
UNFINISHED_MAX_S = 60.0
ENDS_EVERY_S = 10.0
SETTINGS_EVERY_S = 10.0


class Auditor:
    def __init__(
        self, store: AuditBook, topics: Onlooking, digests: Digests, telling: Telling, *, patience_s: float = PATIENCE_S
    ) -> None:
        self._store = store
        self._topics = topics
        self._digests = digests
        self._telling = telling
        self._patience_s = patience_s
        self._quiet: set[tuple[str, str]] = set()
        self._suspected_at: dict[tuple[str, str], float] = {}
        self._still_since: dict[Stream, tuple[int, float]] = {}
        self._ends_read_at = float("-inf")
        self._settings_read_at = float("-inf")
        self._counted: tuple[float, LedgerState] | None = None
        self._stretches_left = 0

    async def turn(self) -> LedgerState:
        """Reads on from where it stopped, rings what it finds, and gives the ledger as it stands."""
        self._stretches_left = STRETCHES_MAX
        cursors = await self._store.cursors()
        bounds = await self._topics.intake()
        await self._vanished(bounds, cursors)
        await self._ends(bounds)
        await self._intake(cursors, bounds)
        await self._tails(cursors, bounds)
        await self._outgoing()
        state = await self._count()
        await self._late(state)
        await self._talk()
        return state

    async def _count(self) -> LedgerState:
        """The ledger, told when it was counted anew. After a count that took time it rests for twenty times as long, at
        most for half a minute.
        """
        began = time.monotonic()
        if self._counted and began < self._counted[0]:
            return self._counted[1]
        state = await ledger_state(self._store, self._topics)
        rest_s = min(COUNT_REST_MAX_S, 20 * (time.monotonic() - began - COUNT_FREE_S))
        self._counted = time.monotonic() + rest_s, state
        self._telling.audited(state)
        return state

    async def _ring(self, code: str, subject: str) -> None:
        if await self._store.raise_alarm(code, subject):
            self._telling.alarm(code, subject)

    async def _ring_or_silence(self, code: str, subject: str, *, rings: bool) -> None:
        if rings:
            self._quiet.discard((code, subject))
            await self._ring(code, subject)
        elif (code, subject) not in self._quiet:
            await self._store.silence_alarm(code, subject)
            self._quiet.add((code, subject))

    async def _suspect(self, code: str, subject: str, *, holds: bool) -> None:
        """Rings what still holds after a while: a server that has just come back may say less than it has."""
        now = time.monotonic()
        if not holds:
            self._suspected_at.pop((code, subject), None)
        elif now - self._suspected_at.setdefault((code, subject), now) >= self._patience_s:
            await self._ring(code, subject)

    async def _vanished(self, bounds: Mapping[Stream, Bounds], cursors: Mapping[Stream, Cursor]) -> None:
        for stream, cursor in cursors.items():
            where = f"{stream.topic}/{stream.partition}"
            log = bounds.get(stream)
            gone = log is not None and (log.first > cursor.next_offset or log.after < cursor.next_offset)
            await self._suspect("topic_vanished", where, holds=log is None)
            await self._suspect("log_went_back", where, holds=gone)

    async def _ends(self, bounds: Mapping[Stream, Bounds]) -> None:
        """Reads the newest settled message of each log once more: a topic that was made anew holds another there,
        though its worker noticed nothing.
        """
        if time.monotonic() - self._ends_read_at < ENDS_EVERY_S:
            return
        self._ends_read_at = time.monotonic()
        for at, digest in (await self._store.last_settled()).items():
            if at.stream not in bounds or at.offset < bounds[at.stream].first:
                continue
            read = await self._topics.read_intake(at.stream, at.offset, messages_max=1)
            if read.after > at.offset and not (
                read.found and read.found[0].at == at and self._digests.is_digest(digest, read.found[0].wire)
            ):
                await self._ring("log_holds_other_bytes", f"{at.topic}/{at.partition} offset {at.offset}")

    async def _intake(self, cursors: Mapping[Stream, Cursor], bounds: Mapping[Stream, Bounds]) -> None:
        marks = await self._store.marks(Book.INTAKE)
        for stream, cursor in cursors.items():
            if stream not in bounds:
                continue
            at = marks.get(stream, cursor.first_offset)
            if bounds[stream].first > at:
                await self._ring("removed_unaudited", f"{stream.topic}/{stream.partition} offset {at}")
                at = bounds[stream].first
            until = min(cursor.next_offset, bounds[stream].after)
            while at < until and self._may_go_on():
                after = await self._stretch(stream, at, until)
                await self._store.move_mark(Book.INTAKE, stream, after)
                if after == at:
                    break
                at = after

    def _may_go_on(self) -> bool:
        """A turn reads a bounded number of stretches; a backlog is read over many turns."""
        self._stretches_left -= 1
        return self._stretches_left >= 0

    async def _stretch(self, stream: Stream, first: int, until: int) -> int:
        """Compares the next messages with the inbox; the offset to go on from, `first` itself where nothing could be
        read.
        """
        read = await self._topics.read_intake(stream, first)
        messages, after = [m for m in read.found if m.at.offset < until], min(read.after, until)
        settled = dict(await self._store.inbox_between(stream, first, after))
        where = f"{stream.topic}/{stream.partition} offset "
        for message in messages:
            digest = settled.pop(message.at.offset, None)
            if digest is None:
                await self._ring("lost", f"{where}{message.at.offset}")
            elif not self._digests.is_digest(digest, message.wire):
                await self._ring("other_bytes", f"{where}{message.at.offset}")
        for offset in settled:
            await self._ring("settled_but_never_sent", f"{where}{offset}")
        for offset in await self._store.half_settled(stream, first, after):
            await self._ring("half_settled", f"{where}{offset}")
        return after

    async def _tails(self, cursors: Mapping[Stream, Cursor], bounds: Mapping[Stream, Bounds]) -> None:
        """The offsets at the end of a log may be a transaction's marker, which no message will ever follow; or a
        worker that reads nothing. Only a look tells which.
        """
        for stream, (first, end) in bounds.items():
            at = cursors[stream].next_offset if stream in cursors else first
            seen, since = self._still_since.get(stream, (at, time.monotonic()))
            if at >= end or at < first or seen != at:
                self._still_since.pop(stream, None)
                still_s = 0.0
            else:
                self._still_since[stream] = at, since
                still_s = time.monotonic() - since
            await self._tail(stream, at, still_s)

    async def _tail(self, stream: Stream, at: int, still_s: float) -> None:
        late = False
        if still_s >= TAIL_SILENT_MAX_S:
            read = await self._topics.read_intake(stream, at, messages_max=1)
            late = bool(read.found) and still_s >= INTAKE_STILL_MAX_S
            if not read.found and read.after > at:
                await self._store.add_hole(stream, Hole(at, read.after))
        await self._ring_or_silence("intake_late", f"{stream.topic}/{stream.partition}", rings=late)

    async def _outgoing(self) -> None:
        marks, sent = await self._store.marks(Book.OUTGOING), await self._store.relay_marks()
        bounds = await self._topics.outgoing()
        for stream, until in sent.items():
            where = f"{stream.topic}/{stream.partition}"
            if stream not in bounds:
                await self._suspect("topic_vanished", where, holds=True)
                continue
            at = max(marks.get(stream, bounds[stream].first), bounds[stream].first)
            await self._suspect("topic_vanished", where, holds=False)
            await self._suspect("outgoing_log_went_back", where, holds=bounds[stream].after < until)
            while at < min(until, bounds[stream].after) and self._may_go_on():
                after = await self._sent_stretch(stream, at, min(until, bounds[stream].after))
                await self._store.move_mark(Book.OUTGOING, stream, after)
                if after == at:
                    break
                at = after

    async def _sent_stretch(self, stream: Stream, first: int, until: int) -> int:
        read = await self._topics.read_outgoing(stream, first)
        found, after = [s for s in read.found if s.at.offset < until], min(read.after, until)
        marked = dict(await self._store.published_between(stream, first, after))
        known = await self._store.known_messages([m for m, _ in found if m is not None])
        where = f"{stream.topic}/{stream.partition} offset "
        for message_id, at in found:
            claimed = marked.pop(at.offset, None)
            if claimed is not None and claimed != message_id:
                await self._ring("published_but_other", f"{where}{at.offset}")
            if message_id not in known:
                await self._ring("published_but_unknown", f"{where}{at.offset}")
        for offset in marked:
            await self._ring("marked_but_not_published", f"{where}{offset}")
        return after

    async def _talk(self) -> None:
        """Somebody may have turned a server's logging up while we run: no process looks again before its next start."""
        if time.monotonic() - self._settings_read_at < SETTINGS_EVERY_S:
            return
        self._settings_read_at = time.monotonic()
        talks = bool(await self._store.talkative_settings())
        await self._ring_or_silence("database_log_talks", "database", rings=talks)

    async def _late(self, state: LedgerState) -> None:
        late = (await self._store.unpublished()).oldest_s > UNPUBLISHED_MAX_S
        await self._ring_or_silence("relay_late", "outbox", rings=late)
        for gateway, oldest_s in (await self._store.spooled()).oldest_s.items():
            await self._ring_or_silence("spool_late", f"gateway {gateway}", rings=oldest_s > SPOOLED_MAX_S)
        await self._ring_or_silence("unread_overdue", "unread", rings=state.unread_overdue > 0)
        unfinished = await self._store.unfinished_erasure_s() > UNFINISHED_MAX_S
        await self._ring_or_silence("erasure_unfinished", "erasure", rings=unfinished)
