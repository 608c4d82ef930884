"""What came in = what was settled + what is in flight. Reads both ends for itself, message by message, and rings where
they differ.
"""

import time
from collections.abc import Mapping, Sequence

from pipeline.contracts.messages import Coordinate, Stream
from pipeline.domain.batch import Hole
from pipeline.domain.ledger import Book, Cursor, LedgerState
from pipeline.ports import AuditBook, Bounds, Digest, Onlooking, Telling

TAIL_SILENT_MAX_S = 5.0
UNPUBLISHED_MAX_S = 60.0
ENDS_EVERY_S = 10.0


def hole_offsets(holes: Sequence[Hole], first: int, after: int) -> int:
    """How many offsets of [first, after) are holes."""
    return sum(max(0, min(h.after, after) - max(h.first, first)) for h in holes)


class Auditor:
    def __init__(self, store: AuditBook, topics: Onlooking, digest: Digest, telling: Telling) -> None:
        self._store = store
        self._topics = topics
        self._digest = digest
        self._telling = telling
        self._ends_read_at = float("-inf")
        self._still_since: dict[Stream, tuple[int, int, float]] = {}

    async def turn(self) -> LedgerState:
        """Reads on from where it stopped, rings what it finds, and gives the ledger as it stands."""
        bounds = await self._topics.intake()
        cursors = await self._store.cursors()
        await self._vanished(bounds, cursors)
        await self._ends(bounds)
        await self._intake(cursors, bounds)
        await self._tails(cursors, bounds)
        await self._outgoing()
        state = await ledger_state(self._store, self._topics)
        await self._late(state)
        self._telling.audited(state)
        return state

    async def _ring(self, code: str, subject: str) -> None:
        if await self._store.raise_alarm(code, subject):
            self._telling.alarm(code, subject)

    async def _vanished(self, bounds: Mapping[Stream, Bounds], cursors: Mapping[Stream, Cursor]) -> None:
        for stream in cursors.keys() - bounds.keys():
            await self._ring("topic_vanished", f"{stream.topic}/{stream.partition}")
        for stream, cursor in cursors.items():
            first, end = bounds.get(stream, (0, cursor.next_offset))
            if first > cursor.next_offset or end < cursor.next_offset:
                await self._ring("log_went_back", f"{stream.topic}/{stream.partition}")

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
            read = await self._topics.read_intake(at.stream, at.offset)
            if read.after > at.offset and not (
                read.found and read.found[0].at == at and self._digest(read.found[0].value) == digest
            ):
                await self._ring("log_holds_other_bytes", f"{at.topic}/{at.partition} offset {at.offset}")

    async def _intake(self, cursors: Mapping[Stream, Cursor], bounds: Mapping[Stream, Bounds]) -> None:
        marks = await self._store.marks(Book.INTAKE)
        for stream, cursor in cursors.items():
            if stream not in bounds:
                continue
            at = max(marks.get(stream, cursor.first_offset), bounds[stream].first)
            until = min(cursor.next_offset, bounds[stream].after)
            while at < until:
                after = min(await self._stretch(stream, at, until), until)
                await self._store.move_mark(Book.INTAKE, stream, after)
                if after == at:
                    break
                at = after

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
            elif digest != self._digest(message.value):
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
        for stream, (_, end) in bounds.items():
            at = cursors[stream].next_offset if stream in cursors else None
            if at is None or at >= end:
                self._still_since.pop(stream, None)
                continue
            seen = self._still_since.get(stream)
            if seen is None or seen[:2] != (at, end):
                self._still_since[stream] = at, end, time.monotonic()
            elif time.monotonic() - seen[2] >= TAIL_SILENT_MAX_S:
                read = await self._topics.read_intake(stream, at)
                if not read.found and read.after > at:
                    await self._store.add_hole(stream, Hole(at, read.after))

    async def _outgoing(self) -> None:
        marks, sent = await self._store.marks(Book.OUTGOING), await self._store.relay_marks()
        bounds = await self._topics.outgoing()
        for stream, until in sent.items():
            where = f"{stream.topic}/{stream.partition}"
            if stream not in bounds:
                await self._ring("topic_vanished", where)
                continue
            at = max(marks.get(stream, bounds[stream].first), bounds[stream].first)
            if bounds[stream].after < until:
                await self._ring("outgoing_log_went_back", where)
                await self._marked_beyond(stream, bounds[stream].after, until)
            while at < min(until, bounds[stream].after):
                after = await self._sent_stretch(stream, at, min(until, bounds[stream].after))
                await self._store.move_mark(Book.OUTGOING, stream, after)
                if after == at:
                    break
                at = after

    async def _marked_beyond(self, stream: Stream, end: int, until: int) -> None:
        for offset in await self._store.published_between(stream, end, until):
            await self._ring("marked_but_not_published", f"{stream.topic}/{stream.partition} offset {offset}")

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

    async def _late(self, state: LedgerState) -> None:
        late = (await self._store.unpublished()).oldest_s > UNPUBLISHED_MAX_S
        for code, rings in (("relay_late", late), ("unread_overdue", state.unread_overdue > 0)):
            if rings:
                await self._ring(code, "now")
            else:
                await self._store.silence_alarm(code)


async def ledger_state(store: AuditBook, topics: Onlooking) -> LedgerState:
    """The ledger, counted anew from Kafka's offsets and the inbox. Cursors are read before offsets, so that nothing in
    flight is taken for lost.
    """
    cursors, holes = await store.cursors(), await store.holes()
    settled, missing = await store.settled(), await store.missing()
    bounds = await topics.intake()
    received = in_flight = 0
    oldest: list[Coordinate] = []
    for stream in bounds.keys() | cursors.keys():
        first, end = bounds.get(stream, (0, 0))
        cursor = cursors.get(stream, Cursor(first, first))
        end = max(end, cursor.next_offset)
        waiting = end - cursor.next_offset - hole_offsets(holes.get(stream, ()), cursor.next_offset, end)
        in_flight += waiting
        received += end - cursor.first_offset - hole_offsets(holes.get(stream, ()), cursor.first_offset, end)
        if waiting:
            oldest.append(Coordinate(*stream, cursor.next_offset))
    unread = await store.unread()
    return LedgerState(
        received=received,
        settled=settled,
        in_flight=in_flight,
        lost=max(missing, 0),
        unpublished=(await store.unpublished()).messages,
        oldest_unsettled_s=await _age(topics, oldest),
        unread_open=unread.open,
        unread_overdue=unread.overdue,
        findings=await store.findings(),
    )


async def _age(topics: Onlooking, waiting: Sequence[Coordinate]) -> float:
    arrived = [m.arrived_at for at in waiting for m in (await topics.read_intake(at.stream, at.offset)).found[:1]]
    return max((time.time() - when.timestamp() for when in arrived), default=0.0)
