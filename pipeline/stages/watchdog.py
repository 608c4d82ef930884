"""Looks whether everything that must ring some day is set to ring, and how late what rang has rung. It shares neither
code nor statements with what it watches.
"""

import time

from pipeline.domain.timekeeping import Timekeeping
from pipeline.ports import Telling, Timekeepers

EVERY_S = 30.0
FOUND_MAX = 100


class TimerWatchdog:
    def __init__(self, book: Timekeepers, telling: Telling, *, every_s: float = EVERY_S) -> None:
        self._book = book
        self._telling = telling
        self._every_s = every_s
        self._due_at = float("-inf")

    async def turn(self) -> Timekeeping | None:
        """What it found, if a look was due. What is in order again falls silent by itself."""
        if time.monotonic() < self._due_at:
            return None
        found = await self._book.timekeeping(FOUND_MAX)
        self._due_at = time.monotonic() + self._every_s
        for fault in sorted(found.faults):
            if await self._book.raise_alarm(*fault):
                self._telling.alarm(*fault)
        for fault in sorted(await self._book.ringing() - found.faults):
            await self._book.silence_alarm(*fault)
        self._telling.timed(found)
        return found
