"""Looks at every timer that is due: what waits for people rings, rung by rung, and a claim without a sign of life is
given back. What lost its timer is armed again.
"""

import time
from collections import Counter

from pipeline.domain.escalation import look
from pipeline.ports import Telling, TimerBook

TIMERS_MAX = 250
ARM_EVERY_S = 30.0
ARMED_MAX = 2000


class Watch:
    """`arm_every_s`: between two looks for what has no timer; the first is made at once."""

    def __init__(
        self, book: TimerBook, telling: Telling, *, timers_max: int = TIMERS_MAX, arm_every_s: float = ARM_EVERY_S
    ) -> None:
        self._book = book
        self._telling = telling
        self._timers_max = timers_max
        self._arm_every_s = arm_every_s
        self._arm_at = float("-inf")

    async def turn(self) -> bool:
        """One look at the timers that are due; whether there may be more of them."""
        await self._arm_again()
        turned = await self._book.turn(look, self._timers_max)
        self._telling.rang(turned.firings)
        lapsed = [await self._book.lapse(case_id) for case_id in turned.lapsing]
        if any(lapsed):
            self._telling.lapsed(Counter(lapsed)[True])
        return turned.looked >= self._timers_max

    async def _arm_again(self) -> None:
        """It rings by itself, too: who looks from outside may find in order again what was not."""
        if time.monotonic() < self._arm_at:
            return
        armed = await self._book.arm_again(ARMED_MAX)
        is_all = sum(armed.values()) < ARMED_MAX
        self._arm_at = time.monotonic() + (self._arm_every_s if is_all else 0.0)
        self._telling.armed_again(armed)
        for kind in sorted(armed):
            if await self._book.raise_alarm("timer_armed_again", kind):
                self._telling.alarm("timer_armed_again", kind)
