"""Up to which number nothing can come any more: numbers are given out before transactions commit, in any order."""

from dataclasses import dataclass
from typing import NamedTuple


class Seen(NamedTuple):
    """Of one moment: the highest number that is there, the oldest transaction under way, and the next one to begin."""

    last: int
    oldest_running: int
    next_to_begin: int


@dataclass(frozen=True, slots=True)
class Horizon:
    """All numbers up to `safe` are there or will never be.

    Whoever has a number had begun their transaction before they took it. So once all transactions are over that had
    begun when a number was seen, nothing up to that number is outstanding. `waits_for` is such a moment.
    """

    safe: int = 0
    waits_for: Seen | None = None

    def after(self, seen: Seen) -> "Horizon":
        """Never goes back, but where the numbers themselves did: another database stands there."""
        if seen.last < self.safe:
            return Horizon().after(seen)
        if seen.oldest_running >= seen.next_to_begin:
            return Horizon(seen.last)
        if self.waits_for is None:
            return Horizon(self.safe, seen)
        if seen.oldest_running >= self.waits_for.next_to_begin:
            return Horizon(max(self.safe, self.waits_for.last), seen)
        return self
