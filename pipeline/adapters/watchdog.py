"""Ends a process whose loop stands still, from a C thread that needs neither event loop nor interpreter lock."""

import faulthandler
import time
from pathlib import Path
from typing import Self

LIMIT_S = 30.0
REARM_EVERY_S = 1.0


class Watchdog:
    """From `start` on the process ends, with exit code 1 and without clean-up, when no `beat` came for `limit_s` s.

    What every thread was doing then is written to `trace`: files, lines, functions, no values. A process has one. After
    `start`, `ended_the_last` tells whether the process before this one ended so; its trace is kept beside as `.last`.
    """

    def __init__(self, trace: Path, limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._every_s = min(REARM_EVERY_S, limit_s / 4)
        self._trace = trace
        self._armed_at = 0.0
        self.ended_the_last = False

    def start(self) -> Self:
        self._trace.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.ended_the_last = self._trace.exists() and self._trace.stat().st_size > 0
        if self.ended_the_last:
            self._trace.replace(self._trace.with_name(f"{self._trace.name}.last"))
        self._file = self._trace.open("ab")
        self._arm(time.monotonic())
        return self

    def beat(self) -> None:
        """The loop has come round. Cheap enough for every turn: arms anew at most once a second."""
        now = time.monotonic()
        if now - self._armed_at >= self._every_s:
            self._arm(now)

    def stop(self) -> None:
        faulthandler.cancel_dump_traceback_later()
        self._file.close()

    def _arm(self, now: float) -> None:
        self._armed_at = now
        faulthandler.dump_traceback_later(self._limit_s, exit=True, file=self._file)
