"""Looks at every timer that is due: what waits for people rings, rung by rung, and a claim without a sign of life is
given back.
"""

from collections import Counter

from pipeline.domain.escalation import look
from pipeline.ports import Telling, TimerBook

TIMERS_MAX = 250


class Watch:
    def __init__(self, book: TimerBook, telling: Telling, *, timers_max: int = TIMERS_MAX) -> None:
        self._book = book
        self._telling = telling
        self._timers_max = timers_max

    async def turn(self) -> bool:
        """One look at the timers that are due; whether there may be more of them."""
        turned = await self._book.turn(look, self._timers_max)
        self._telling.rang(turned.firings)
        lapsed = [await self._book.lapse(case_id) for case_id in turned.lapsing]
        if any(lapsed):
            self._telling.lapsed(Counter(lapsed)[True])
        return turned.looked >= self._timers_max
