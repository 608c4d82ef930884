"""One message of a topic, as read."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

RECEIPT_KEY_HEADER: Final = "receipt_key"
RELEASE_HEADER: Final = "released"
"""Asks whether people believe these bytes after all; it proves nothing."""

SIGNATURE_HEADER: Final = "jws-signature"
"""Of HTTP and of Kafka alike; small letters or not."""


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


Header = tuple[str, bytes]

_LENGTH = re.compile(rb"(\d{1,9}):")


@dataclass(frozen=True, slots=True)
class Message:
    """`arrived_at` is the time that the record carries."""

    at: Coordinate
    value: bytes
    headers: tuple[Header, ...]
    arrived_at: datetime

    @property
    def receipt_key(self) -> UUID | None:
        """What the gateway has written beside an event, so that its source can ask what became of it."""
        try:
            return UUID(dict(self.headers).get(RECEIPT_KEY_HEADER, b"").decode("ascii"))
        except ValueError:
            return None

    @property
    def signature(self) -> str | None:
        """The detached signature that came beside the value; one that can be none where there are two."""
        found = [value for name, value in self.headers if name.lower() == SIGNATURE_HEADER]
        return found[0].decode("ascii", "replace") if len(found) == 1 else ("" if found else None)

    @property
    def is_released(self) -> bool:
        return any(name == RELEASE_HEADER for name, _ in self.headers)

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


def unwired(wire: bytes) -> tuple[tuple[Header, ...], bytes]:
    """Headers and value whose `wire` this is: what the sender wrote, but for headers that are no attributes."""
    parts: list[bytes] = []
    at = 0
    while found := _LENGTH.match(wire, at):
        at = found.end() + int(found[1])
        parts.append(wire[found.end() : at])
    names = [name.decode("utf-8", "surrogateescape") for name in parts[:-1:2]]
    is_binary = len(parts) % 2 == 1 and len(names) > 0 and at == len(wire)
    if not is_binary or not all(name.startswith("ce_") for name in names):
        return (), wire
    return tuple(zip(names, parts[1::2], strict=True)), parts[-1]
