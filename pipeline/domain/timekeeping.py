"""What the auditor finds of the desk's timers: what would never ring, and how late what rang has rung."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

OVERDUE_MAX_S = 10.0
"""A timer that nobody has looked at for so long after its time."""
LATE_P99_MAX_S = 2.0
CASE_UNARMED, CLOCK_UNARMED, LATE = "case_without_timer", "clock_without_timer", "timers_late"
CODES = (CASE_UNARMED, CLOCK_UNARMED, LATE)


class Ringing(NamedTuple):
    """An alarm: its code and what it is about."""

    code: str
    subject: str


@dataclass(frozen=True, slots=True)
class Timekeeping:
    """`cases` and `clocks`: open cases and unmet clocks, up to a bound, for which no timer is set. `oldest_s`: how long
    the most overdue timer waits to be looked at; `p99_s`: how late the rungs of the last ten minutes rang.
    """

    cases: Collection[str] = ()
    clocks: Collection[str] = ()
    oldest_s: float = 0.0
    p99_s: float = 0.0

    @property
    def faults(self) -> frozenset[Ringing]:
        late: Mapping[str, bool] = {
            "overdue": self.oldest_s > OVERDUE_MAX_S,
            "p99": self.p99_s > LATE_P99_MAX_S,
        }
        return frozenset(
            (
                *(Ringing(CASE_UNARMED, subject) for subject in self.cases),
                *(Ringing(CLOCK_UNARMED, subject) for subject in self.clocks),
                *(Ringing(LATE, subject) for subject, holds in late.items() if holds),
            )
        )
