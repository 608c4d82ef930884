"""How often one source may call: a moving window, kept by the library `limits`, for each gateway on its own."""

import math
import time

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter


class Rates:
    """`rate` is in the words of `limits`, such as `600/minute`."""

    def __init__(self, rate: str) -> None:
        self._item = parse(rate)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def wait_s(self, who: str) -> int | None:
        """Counts one call. None if it is within the rate, else after how many seconds the next one is."""
        if self._limiter.hit(self._item, who):
            return None
        reset_at = self._limiter.get_window_stats(self._item, who).reset_time
        return max(1, math.ceil(reset_at - time.time()))
