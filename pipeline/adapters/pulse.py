"""Whether a process is alive and can do its work, told by ages: what hangs grows old by itself."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

FRESH_S = 20.0
"""Above the 12 s for which a turn tries a database again, below the 30 s after which the watchdog ends the process: it
is told before it happens.
"""


@dataclass(frozen=True, slots=True)
class Health:
    """`why` is a code of ours, or None when all is well. Ages are in seconds; None is never."""

    ok: bool
    why: str | None
    ages_s: Mapping[str, float | None]


class Pulse:
    """Updated by the loop, read by other threads. `needs` names what must have answered within the last 20 s for the
    process to be ready, such as `database`, `broker`, `group`.
    """

    def __init__(
        self, needs: Collection[str] = (), fresh_s: float = FRESH_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._fresh_s = fresh_s
        self._beat_at: float | None = None
        self._answered_at: dict[str, float | None] = dict.fromkeys(needs)
        self._why_not: str | None = "starting"

    def beat(self) -> None:
        """The loop has come round."""
        self._beat_at = self._clock()

    def answered(self, need: str) -> None:
        """What the process needs has just answered. A need that was not declared is a KeyError."""
        if need not in self._answered_at:
            raise KeyError(need)
        self._answered_at[need] = self._clock()

    def is_ready(self) -> None:
        """The process itself says that it can do its work."""
        self._why_not = None

    def is_not_ready(self, why: str) -> None:
        """It says that it cannot; `why` is a code."""
        self._why_not = why

    def alive(self) -> Health:
        """Whether the loop came round within the time."""
        age = self._age(self._beat_at)
        ok = age is not None and age <= self._fresh_s
        return Health(ok, None if ok else "no_progress", {"beat": age})

    def readiness(self) -> Health:
        alive = self.alive()
        ages = {need: self._age(at) for need, at in self._answered_at.items()}
        silent = next((need for need, age in ages.items() if age is None or age > self._fresh_s), None)
        reason = alive.why or self._why_not or (silent and f"no_answer.{silent}")
        return Health(reason is None, reason, {**alive.ages_s, **ages})

    def _age(self, at: float | None) -> float | None:
        return None if at is None else self._clock() - at
