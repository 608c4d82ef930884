"""A micro-batch: messages of one or more partitions that are settled in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from pipeline.contracts.messages import Message, Stream
from pipeline.contracts.vocabulary import Outcome
from pipeline.domain.normalise.reading import Reading


@dataclass(frozen=True, slots=True)
class Claim:
    """A partition held under an epoch. `last_settled` is the newest settled offset, None before the first. Offsets
    below `careful_until` were taken up by a worker that died over them. Reading goes on at `read_from`: below the
    cursor when a settled message is to be seen once more.
    """

    epoch: int
    next_offset: int
    last_settled: int | None
    careful_until: int
    read_from: int


@dataclass(frozen=True, slots=True)
class Release:
    """Two people believe a quarantined report after all. It counts as received at `received_at`, when it first came in;
    `code` is why it had been doubted.
    """

    unread_id: UUID
    received_at: datetime
    code: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that could be read and is believed. `receipt_key` is the one that the gateway wrote for this event; one
    that a writer to Kafka made up for another event is left out.
    """

    message: Message
    reading: Reading
    receipt_key: UUID | None = None
    release: Release | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A message that waits for a person, with the code of why."""

    message: Message
    kind: Literal[Outcome.DEAD_LETTER, Outcome.QUARANTINE]
    code: str


class Hole(NamedTuple):
    """Offsets [first, after) that hold no message for any reader."""

    first: int
    after: int


@dataclass(frozen=True, slots=True)
class Span:
    """The offsets [first, after) of one partition, held under this epoch."""

    stream: Stream
    first: int
    after: int
    epoch: int
    holes: tuple[Hole, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    items: tuple[Accepted | Unread, ...]
    spans: tuple[Span, ...] = field(default=())

    @property
    def accepted(self) -> tuple[Accepted, ...]:
        return tuple(i for i in self.items if isinstance(i, Accepted))

    @property
    def unread(self) -> tuple[Unread, ...]:
        return tuple(i for i in self.items if isinstance(i, Unread))


class Settled(NamedTuple):
    """What a batch became, and for how many seconds its transaction held the lock for linking. An earlier try that
    turns out to have been committed counts nothing.
    """

    counts: Mapping[Outcome, int]
    locked_s: float
