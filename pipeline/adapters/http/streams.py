"""How many streams are open, for how many people."""

from collections import Counter
from dataclasses import dataclass, field

from pipeline.adapters.http.problem import ProblemError
from pipeline.domain.intake import DeskRefusal, Problem

STREAMS_OF_ONE, STREAMS_MAX = 4, 500
WAIT_S = "5"


@dataclass(slots=True)
class Streams:
    """How many each person has open at this desk."""

    open: Counter[str] = field(default_factory=Counter)

    def enter(self, staff: str) -> None:
        """Raises ProblemError where there are enough."""
        if self.open[staff] >= STREAMS_OF_ONE or self.open.total() >= STREAMS_MAX:
            raise ProblemError(Problem(DeskRefusal.TOO_MANY_STREAMS), {"Retry-After": WAIT_S})
        self.open[staff] += 1

    def leave(self, staff: str) -> None:
        self.open[staff] -= 1
        self.open += Counter()
