"""One message of a topic, as read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

RECEIPT_KEY_HEADER: Final = "receipt_key"


class Stream(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


class Coordinate(NamedTuple):
    """Where one message stands. It ends as exactly one inbox row."""

    topic: str
    partition: int
    offset: int

    @property
    def stream(self) -> Stream:
        return Stream(self.topic, self.partition)


@dataclass(frozen=True, slots=True)
class Message:
    """`arrived_at` is the time that the record carries."""

    at: Coordinate
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    arrived_at: datetime

    @property
    def receipt_key(self) -> UUID | None:
        """What the gateway has written beside an event, so that its source can ask what became of it."""
        try:
            return UUID(dict(self.headers).get(RECEIPT_KEY_HEADER, b"").decode("ascii"))
        except ValueError:
            return None

    @property
    def wire(self) -> bytes:
        """All that the sender wrote, by which the message is known again: in binary mode the attributes stand in
        headers.
        """
        attributes = [(name, value) for name, value in self.headers if name.startswith("ce_")]
        if not attributes:
            return self.value
        framed = (part for name, value in attributes for part in (name.encode("utf-8", "surrogateescape"), value))
        return b"".join(b"%d:%s" % (len(part), part) for part in (*framed, self.value))
