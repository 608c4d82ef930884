"""The door: a source gets its receipt once the report is on its topic, or, where that is allowed, sealed on disk."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime

from pipeline.domain.directory import Directory, Source
from pipeline.domain.intake import Admitted, Post, Problem, Told, admit_all, posts
from pipeline.errors import NotTakenError
from pipeline.ports import Door, Spool, Telling

IN_HAND_MAX = 1000
"""Requests that wait for the broker at once; one more is told to come again."""

DRAIN_MAX = 100
STUCK_AGAIN_S = 30.0
"""So often what could not be sent is tried again: a topic that is missing costs its whole time-out."""

Fate = NotTakenError | None


class Gate:
    """Takes in, or says plainly that it did not. Without a spool a report is taken only by the broker."""

    def __init__(self, door: Door, spool: Spool | None, telling: Telling) -> None:
        self._door = door
        self._spool = spool
        self._telling = telling
        self._in_hand = 0
        self._drain = _Drain()

    @property
    def is_full(self) -> bool:
        return self._in_hand >= IN_HAND_MAX

    async def take(
        self, told: Sequence[Told], source: Source, arrived_at: datetime, directory: Directory
    ) -> list[Admitted] | Problem:
        """All of these events, once they are kept safely. Raises NotTakenError; sent again, an event is the same."""
        admitted = admit_all(told, source, arrived_at, directory)
        if isinstance(admitted, Problem):
            return admitted
        self._in_hand += 1
        try:
            await self._keep(posts(source, admitted, arrived_at))
        finally:
            self._in_hand -= 1
        self._telling.taken(source.kind, len(admitted))
        return admitted

    async def _keep(self, told: Sequence[Post]) -> None:
        """What the broker finds too large is not spooled: it would wait there for ever."""
        fates = await self._fates(told)
        failed = [fate for fate in fates if fate]
        if not failed:
            return
        is_unsure = any(fate.is_unsure for fate in failed) or len(failed) < len(fates)
        too_large = next((fate for fate in failed if fate.is_too_large), None)
        if too_large:
            raise too_large
        if self._spool is None:
            raise NotTakenError(str(failed[0]), is_unsure=is_unsure)
        try:
            await asyncio.to_thread(self._spool.add, told)
        except NotTakenError as error:
            raise NotTakenError(str(error), is_unsure=is_unsure) from error

    async def _fates(self, told: Sequence[Post]) -> list[Fate]:
        """What became of each, whatever became of the others."""
        if not self._door.is_open:
            return [NotTakenError("the broker is away")] * len(told)
        return await asyncio.gather(*map(self._fate, told))

    async def _fate(self, post: Post) -> Fate:
        try:
            await self._door.send(post)
        except NotTakenError as error:
            return error
        return None

    async def drain(self) -> int:
        """Sends those that wait on disk, the oldest first; how many it has looked at, 0 when there is no more to do for
        now. One that is not acknowledged stays, and holds up nobody behind it.
        """
        if self._spool is None or not self._door.is_open or not await self._forget(self._spool):
            return 0
        waiting = await asyncio.to_thread(self._spool.oldest, DRAIN_MAX, self._drain.after)
        if not waiting:
            self._drain.begin_anew(time.monotonic())
            return 0
        chosen = [(number, post) for number, post in waiting if post.topic not in self._drain.refusing]
        fates = await self._fates([post for _, post in chosen])
        self._drain.sent += [number for (number, _), fate in zip(chosen, fates, strict=True) if fate is None]
        if not await self._forget(self._spool) or not self._door.is_open:
            return 0
        self._drain.after = waiting[-1][0]
        told = zip(chosen, fates, strict=True)
        self._drain.refusing |= {post.topic for (_, post), fate in told if fate and not fate.is_too_large}
        return len(waiting)

    async def _forget(self, spool: Spool) -> bool:
        """Whether all that were sent are off the disk. Until then nothing more is sent, so that nothing is sent again
        and again while the disk is full.
        """
        if self._drain.sent and not await asyncio.to_thread(spool.remove, self._drain.sent):
            return False
        self._drain.sent = []
        return True


class _Drain:
    """How far one pass through the spool has come: up to the number `after`, past the topics that are `refusing`. Those
    that were `sent` are not yet off the disk.
    """

    def __init__(self) -> None:
        self.after = 0
        self.refusing: set[str] = set()
        self.sent: list[int] = []
        self._began_at = float("-inf")

    def begin_anew(self, now_s: float) -> None:
        """At the end of a pass: from the oldest again, where it began long enough ago."""
        if now_s - self._began_at >= STUCK_AGAIN_S:
            self.after, self.refusing, self._began_at = 0, set(), now_s
