"""The ledger: what came in = what was settled + what is in flight; what is missing is lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pipeline.contracts.messages import Stream
from pipeline.contracts.vocabulary import Outcome
from pipeline.domain.batch import Hole


@dataclass(frozen=True, slots=True)
class LedgerState:
    """Counted from Kafka's own offsets and from the inbox, never from a counter of ours.

    `received` are the messages on the intake topics, offsets without one left out. `lost` are messages below a cursor
    that were never settled. `unpublished` are settled messages of the outbox that their topic does not hold yet.
    `spooled` are reports on the disks of gateways, on no topic yet, as the gateways last told.
    `findings` are the open alarms of the auditor by code. `oldest_unsettled_s` is the age, in seconds, of the oldest
    message that is not settled yet.
    """

    received: int
    settled: Mapping[Outcome, int]
    in_flight: int
    lost: int
    unpublished: int
    oldest_unsettled_s: float
    unread_open: int
    unread_overdue: int
    findings: Mapping[str, int]
    spooled: int = 0

    @property
    def balances(self) -> bool:
        """Whether every message is accounted for."""
        return not self.lost and not self.findings and self.received == sum(self.settled.values()) + self.in_flight


class Book(StrEnum):
    """What the auditor has read, each with marks of its own."""

    INTAKE = "intake"
    OUTGOING = "outgoing"


@dataclass(frozen=True, slots=True)
class Cursor:
    first_offset: int
    next_offset: int


@dataclass(frozen=True, slots=True)
class Settlements:
    """What the database says of the intake, all of it as of one moment."""

    cursors: Mapping[Stream, Cursor]
    holes: Mapping[Stream, Sequence[Hole]]
    settled: Mapping[Stream, Mapping[Outcome, int]]

    def missing(self, stream: Stream) -> int:
        """Offsets below the cursor that are neither settled nor a hole; below zero, some were settled twice."""
        cursor = self.cursors[stream]
        holes = hole_offsets(self.holes.get(stream, ()), cursor.first_offset, cursor.next_offset)
        return cursor.next_offset - cursor.first_offset - holes - sum(self.settled.get(stream, {}).values())


def hole_offsets(holes: Sequence[Hole], first: int, after: int) -> int:
    """How many offsets of [first, after) are holes; one that was found twice counts once."""
    total, at = 0, first
    for hole in sorted(holes):
        begin, end = max(hole.first, at), min(hole.after, after)
        if begin < end:
            total, at = total + end - begin, end
    return total


@dataclass(frozen=True, slots=True)
class Unpublished:
    messages: int
    oldest_s: float


@dataclass(frozen=True, slots=True)
class Spooled:
    """By gateway, the age in seconds of the oldest report that waits on its disk."""

    messages: int
    oldest_s: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class UnreadCount:
    open: int
    overdue: int


@dataclass(frozen=True, slots=True)
class UnreadRow:
    unread_id: UUID
    kind: str
    code: str
    topic: str
    partition: int
    kafka_offset: int
    first_seen_at: datetime
    due_at: datetime
    times_seen: int
    released_by: str | None = None
    seconded_by: str | None = None


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """`subject` is a coordinate or an id, never a person."""

    alarm_id: int
    code: str
    subject: str
    raised_by: str
    raised_at: datetime
    seen_at: datetime
