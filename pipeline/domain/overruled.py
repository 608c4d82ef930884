"""Which rows of the policy people override most: what its owner looks at first."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.contracts.case import OverrideKind


class RowOf(NamedTuple):
    """A row of a policy. `rule` is None for what no row had decided: people had, or an earlier policy."""

    part: str
    rule: str | None
    policy_version: str | None


class Times(NamedTuple):
    """How often a row was overridden so, for this reason."""

    row: RowOf
    kind: OverrideKind
    reason: str
    times: int


@dataclass(slots=True)
class Overruled:
    """How often people overrode a row, why, and in how many cases it decided."""

    row: RowOf
    cases: int
    raised: int = 0
    lowered: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def times(self) -> int:
        return self.raised + self.lowered


def overruled(said: Iterable[Times], decided: Mapping[RowOf, int]) -> list[Overruled]:
    """The rows that were overridden, the most often first, then by name."""
    found: dict[RowOf, Overruled] = {}
    for told in said:
        one = found.setdefault(told.row, Overruled(told.row, decided.get(told.row, 0)))
        if told.kind is OverrideKind.RAISE:
            one.raised += told.times
        else:
            one.lowered += told.times
        one.reasons[told.reason] += told.times
    return sorted(found.values(), key=lambda one: (-one.times, *(part or "" for part in one.row)))
