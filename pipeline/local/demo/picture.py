"""What the demo knows at one moment, as values that a view can draw. Nothing personal is in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.contracts.vocabulary import Priority, Queue

UNDER_WAY = "reports go through"


@dataclass(frozen=True, slots=True)
class Row:
    """One case that waits in a queue. `due_at` is its next deadline."""

    priority: Priority
    due_at: datetime | None
    categories: tuple[str, ...]
    county: str | None
    centre: str
    reasons: tuple[str, ...]
    reports: int


@dataclass(frozen=True, slots=True)
class Line:
    """One queue: how many cases wait, and those that come first."""

    queue: Queue
    waiting: int = 0
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Process:
    name: str
    state: str
    restarts: int = 0
    memory_mib: int | None = None


@dataclass(frozen=True, slots=True)
class Ledger:
    """`received` is what stands in Kafka, `settled` what stands in Postgres, `lost` what was passed over.
    `unread` waits in a person's list.
    """

    received: int = 0
    settled: int = 0
    lost: int = 0
    unread: int = 0
    unpublished: int = 0

    @property
    def in_flight(self) -> int:
        return max(0, self.received - self.settled - self.lost)


@dataclass(frozen=True, slots=True)
class Delay:
    """From the sender's clock to the queue record's, in milliseconds, over `count` reports."""

    count: int = 0
    p50_ms: float = 0.0
    p99_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Picture:
    """`phase` says what is being waited for; `sent` counts acknowledged messages by kind of source."""

    phase: str
    elapsed_s: float
    now: datetime
    reports: int
    acknowledged: int = 0
    sent: Mapping[str, int] = field(default_factory=dict)
    outcomes: Mapping[str, int] = field(default_factory=dict)
    lines: tuple[Line, ...] = (Line(Queue.PROTECTIVE), Line(Queue.FAMILY))
    delay: Delay = Delay()
    per_s: float = 0.0
    processes: tuple[Process, ...] = ()
    ledger: Ledger = field(default_factory=Ledger)
