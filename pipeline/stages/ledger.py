"""The ledger, counted anew: what came in by Kafka's own offsets, what was settled by the inbox."""

import time
from collections import Counter
from collections.abc import Sequence

from pipeline.contracts.messages import Coordinate
from pipeline.contracts.vocabulary import Outcome
from pipeline.domain.ledger import Cursor, LedgerState, hole_offsets
from pipeline.ports import AuditBook, Bounds, Onlooking


async def ledger_state(book: AuditBook, topics: Onlooking) -> LedgerState:
    """The database as of one moment, then Kafka: whatever has come in between is in flight."""
    now = await book.settlements()
    bounds = await topics.intake()
    received = in_flight = lost = 0
    oldest: list[Coordinate] = []
    for stream in bounds.keys() | now.cursors.keys():
        first, end = bounds.get(stream, Bounds(0, 0))
        cursor, holes = now.cursors.get(stream, Cursor(first, first)), now.holes.get(stream, ())
        end = max(end, cursor.next_offset)
        waiting = end - cursor.next_offset - hole_offsets(holes, cursor.next_offset, end)
        in_flight += waiting
        received += end - cursor.first_offset - hole_offsets(holes, cursor.first_offset, end)
        lost += max(0, now.missing(stream)) if stream in now.cursors else 0
        if waiting:
            oldest.append(Coordinate(*stream, cursor.next_offset))
    unread = await book.unread()
    return LedgerState(
        received=received,
        settled=sum((Counter(counts) for counts in now.settled.values()), Counter[Outcome]()),
        in_flight=in_flight,
        lost=lost,
        unpublished=(await book.unpublished()).messages,
        oldest_unsettled_s=await _age_s(topics, oldest),
        unread_open=unread.open,
        unread_overdue=unread.overdue,
        findings=await book.findings(),
        spooled=(await book.spooled()).messages,
    )


async def _age_s(topics: Onlooking, waiting: Sequence[Coordinate]) -> float:
    reads = [await topics.read_intake(at.stream, at.offset, messages_max=1) for at in waiting]
    arrived = [message.arrived_at.timestamp() for read in reads for message in read.found]
    return max((time.time() - when for when in arrived), default=0.0)
