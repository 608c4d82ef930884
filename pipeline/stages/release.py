"""Unread → intake: a quarantined report that two people believe goes back to its topic, and from there its usual way.

Each step may be the last before a crash. What is noted is committed before anything is sent; what was sent and not
noted is sent again, and counts once; the report stays listed, and rings, until it is settled.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol
from uuid import UUID

from pipeline.contracts.envelope import Unreadable
from pipeline.contracts.messages import unwired
from pipeline.domain.believing import Doubt
from pipeline.domain.directory import Directory
from pipeline.domain.normalise.reading import read_event
from pipeline.domain.unread import Fate, Quarantined, fate_before_sending, require_releasable, require_two
from pipeline.errors import UnreadRefusedError


class Book(Protocol):
    """The quarantined reports. `release` keeps what was noted first."""

    async def find(self, unread_id: UUID) -> Quarantined | None: ...
    async def wire(self, unread_id: UUID) -> bytes: ...
    async def release(self, found: Quarantined, wire: bytes, by: str, second: str) -> None: ...
    async def mark_sent(self, unread_id: UUID) -> None: ...


SendBack = Callable[[Quarantined, bytes], Awaitable[None]]


class Releasing:
    def __init__(self, book: Book, send_back: SendBack, directory: Directory, now: Callable[[], datetime]) -> None:
        self._book = book
        self._send_back = send_back
        self._directory = directory
        self._now = now

    async def release(self, unread_id: UUID, by: str, second: str) -> tuple[Fate, Quarantined]:
        """Notes it, sends it back, and notes that, or says how far an earlier call has come. Raises UnreadRefusedError,
        UnavailableError.
        """
        require_two(by, second)
        found = require_releasable(await self._book.find(unread_id), unread_id)
        wire = await self._book.wire(unread_id)
        self._require_source(found, wire)
        await self._book.release(found, wire, by, second)
        noted = require_releasable(await self._book.find(unread_id), unread_id)
        fate = fate_before_sending(noted.released, self._now()) if noted.released else None
        if fate is None:
            await self._send_back(noted, wire)
            await self._book.mark_sent(unread_id)
        return fate or Fate.SENT_BACK, noted

    def _require_source(self, found: Quarantined, wire: bytes) -> None:
        """A source that nobody knew is enrolled first: cases name their sources."""
        if found.code != Doubt.SOURCE_UNREGISTERED:
            return
        headers, value = unwired(wire)
        reading = read_event(value, headers, found.received_at, self._directory)
        if isinstance(reading, Unreadable) or self._directory.find(reading.facts.source) is None:
            raise UnreadRefusedError(
                f"the source of {found.unread_id} is not registered; `anwang source add` enrols it, "
                "or one that is sends it again"
            )
