"""How close a partition is to the truth, for incidents or for households."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.local.bench.truth import Groups

Pair = tuple[str, str]
"""The true group of one event and the one it was put in."""


class Score(NamedTuple):
    """Each from 0 to 1; precision is 1 where nothing was joined, recall where there was nothing to join."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Agreement:
    """`wrong_joins` is the least number of joins that would have to be undone, `missed_joins` that would still have to
    be made, to come from the partition that was found to the true one by way of what both hold together.
    """

    events: int
    pairwise: Score
    b_cubed: Score
    wrong_joins: int
    missed_joins: int

    @property
    def wrong_joins_per_10_000(self) -> float:
        return 10_000 * self.wrong_joins / self.events if self.events else 0.0

    @property
    def missed_joins_per_10_000(self) -> float:
        return 10_000 * self.missed_joins / self.events if self.events else 0.0


class Result(NamedTuple):
    incidents: Agreement
    households: Agreement
    lost: int


def measure(truth: Mapping[str, Groups], found: Mapping[str, Groups]) -> Result:
    """Over the event ids that both know; those that were not found are counted as lost."""
    incidents, households = (agreement(_pairs(truth, found, kind)) for kind in KINDS)
    return Result(incidents, households, sum(event not in found for event in truth))


def agreement(pairs: Sequence[Pair]) -> Agreement:
    both, true, found = Counter(pairs), Counter(t for t, _ in pairs), Counter(f for _, f in pairs)
    together = _couples(both.values())
    events = len(pairs)
    return Agreement(
        events,
        Score(_share(together, _couples(found.values())), _share(together, _couples(true.values()))),
        Score(
            _share(sum(n * n / found[f] for (_, f), n in both.items()), events),
            _share(sum(n * n / true[t] for (t, _), n in both.items()), events),
        ),
        wrong_joins=len(both) - len(found),
        missed_joins=len(both) - len(true),
    )


Kind = Callable[[Groups], str]
KINDS: tuple[Kind, Kind] = (lambda groups: groups.incident, lambda groups: groups.household)


def asked_about(truth: Mapping[str, Groups], found: Mapping[str, Groups], asks: Iterable[Pair], kind: Kind) -> int:
    """How many of the wrong and the missed joins (see Agreement) a person would mend who answers what was asked:
    whether the two events of a pair belong together.
    """
    told = [pair for pair in asks if all(event in truth and event in found for event in pair)]
    true = {event: kind(truth[event]) for pair in told for event in pair}
    put = {event: kind(found[event]) for pair in told for event in pair}
    return _bridged(true, put, told) + _bridged(put, true, told)


def _bridged(wholes: Mapping[str, str], parts: Mapping[str, str], asks: Iterable[Pair]) -> int:
    """How many parts of a whole hang together by a question, less one for each group of them."""
    heads: dict[Pair, Pair] = {}

    def head(part: Pair) -> Pair:
        while part in heads:
            part = heads[part]
        return part

    count = 0
    for one, other in asks:
        a, b = (head((wholes[event], parts[event])) for event in (one, other))
        if a != b and a[0] == b[0]:
            heads[a] = b
            count += 1
    return count


def _pairs(truth: Mapping[str, Groups], found: Mapping[str, Groups], kind: Kind) -> Sequence[Pair]:
    return [(kind(groups), kind(found[event]) or f"lost {event}") for event, groups in truth.items() if event in found]


def _couples(sizes: Iterable[int]) -> int:
    return sum(n * (n - 1) // 2 for n in sizes)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 1.0
