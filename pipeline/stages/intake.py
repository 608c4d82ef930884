"""The door: a source gets its receipt once the report is on its topic, or, where that is allowed, sealed on disk."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from pipeline.domain.directory import Directory, Source
from pipeline.domain.intake import Admitted, Post, Problem, Told, admit_all, posts
from pipeline.errors import NotTakenError
from pipeline.ports import Door, Spool, Telling

IN_HAND_MAX = 1000
"""Requests that wait for the broker at once; one more is told to come again."""

DRAIN_MAX = 100


class Gate:
    """Takes in, or says plainly that it did not. Without a spool a report is taken only by the broker."""

    def __init__(self, door: Door, spool: Spool | None, telling: Telling) -> None:
        self._door = door
        self._spool = spool
        self._telling = telling
        self._in_hand = 0

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
            await self._keep(posts(source, admitted))
        finally:
            self._in_hand -= 1
        self._telling.taken(source.kind, len(admitted))
        return admitted

    async def _keep(self, told: Sequence[Post]) -> None:
        try:
            await self._hand_over(told)
        except NotTakenError:
            if self._spool is None:
                raise
            await asyncio.to_thread(self._spool.add, told)

    async def _hand_over(self, told: Sequence[Post]) -> None:
        """All of them, whatever becomes of one: the answer waits until the fate of each is known."""
        if not self._door.is_open:
            raise NotTakenError("the broker is away")
        fates = await asyncio.gather(*map(self._door.send, told), return_exceptions=True)
        failures = [fate for fate in fates if isinstance(fate, BaseException)]
        if not failures:
            return
        for failure in failures:
            if not isinstance(failure, NotTakenError):
                raise failure
        raise NotTakenError(
            str(failures[0]),
            is_unsure=len(failures) < len(fates) or any(isinstance(f, NotTakenError) and f.is_unsure for f in failures),
        )

    async def drain(self) -> int:
        """Sends the oldest that wait on disk; how many went out. One that is not acknowledged stays."""
        if self._spool is None or not self._door.is_open:
            return 0
        waiting = await asyncio.to_thread(self._spool.oldest, DRAIN_MAX)
        if not waiting:
            return 0
        try:
            await self._hand_over([post for _, post in waiting])
        except NotTakenError:
            return 0
        await asyncio.to_thread(self._spool.remove, [number for number, _ in waiting])
        return len(waiting)
