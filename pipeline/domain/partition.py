"""Which reports belong together, all pairs considered at once: average-link clustering of what is known of the pairs.

The groups are a function of the set of reports and of what is known of their pairs; the order in which reports came
has no part in it.
"""

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

Pair = tuple[UUID, UUID]
"""Two reports, the smaller id first."""

CERTAIN = 1.0
"""Two reports that are one whatever else is known: one quotes the other's number."""

KNOWN_ENOUGH = 4
"""So many known pairs for each report of the smaller group speak for themselves; none is compared with a crowd."""

BRIDGE_AT = 0.97
"""A report that is so surely one with each of two groups joins them, though the others of the two share nothing."""

BRIDGED_MAX = 24
"""Reports of a group that a bridge can lead to: what many tell of needs more than one who tells of both."""


class Rule(NamedTuple):
    """Groups join while the mean probability over the pairs between them is at least `join_at`. A pair that was never
    compared, or of which nothing was found, counts as `unseen`. A group never holds more than `size_max` reports.
    """

    join_at: float
    unseen: float
    size_max: int


class Ties(NamedTuple):
    """What people decided, and what lies in somebody's hand: pairs that stay together, pairs that stay apart. Where
    both are said of one pair, apart holds.
    """

    together: frozenset[Pair] = frozenset()
    apart: frozenset[Pair] = frozenset()


NO_TIES = Ties()
Group = frozenset[UUID]


def pair(one: UUID, other: UUID) -> Pair:
    return (one, other) if one < other else (other, one)


def chain_of(members: Iterable[UUID]) -> Iterable[Pair]:
    """Pairs that hold all these together."""
    in_order = sorted(members)
    return (pair(a, b) for a, b in pairwise(in_order))


def closeness(one: Collection[UUID], other: Collection[UUID], known: Mapping[Pair, float], unseen: float) -> float:
    """How close two groups are: the mean probability over the pairs between them, or that of a report that is surely
    one with both.
    """
    mean = _mean(one, other, known, unseen)
    sides = ((one, other), (other, one))
    bridges = (_mean((r,), theirs, known, unseen) for ours, theirs in sides for r in ours) if mean < BRIDGE_AT else ()
    return max((mean, *(b for b in bridges if b >= BRIDGE_AT)))


def _mean(one: Collection[UUID], other: Collection[UUID], known: Mapping[Pair, float], unseen: float) -> float:
    told = [p for a in one for b in other if (p := known.get(pair(a, b))) is not None]
    return _mean_of(sum(told), len(told), len(one), len(other), unseen)


def _mean_of(total: float, count: int, one: int, other: int, unseen: float) -> float:
    pairs = one * other if count < KNOWN_ENOUGH * min(one, other) else count
    return round((total + (pairs - count) * unseen) / pairs, 9)


def partition(
    members: Collection[UUID], probabilities: Mapping[Pair, float], rule: Rule, ties: Ties = NO_TIES
) -> tuple[Group, ...]:
    """The groups, in order of their smallest ids. `probabilities` may name reports beside the `members`."""
    clusters = _Clusters(members, rule.size_max)
    for a, b in sorted(ties.apart):
        clusters.part(a, b)
    certain = (p for p, probability in probabilities.items() if probability >= CERTAIN)
    for a, b in (*sorted(ties.together), *sorted(certain)):
        clusters.unite(a, b)
    links = _Links(clusters, probabilities, rule)
    while (best := links.take_best()) is not None:
        links.join(*best)
    return clusters.groups()


class _Clusters:
    """Who is in which cluster. A cluster's head is its smallest member."""

    def __init__(self, members: Collection[UUID], size_max: int) -> None:
        self.members: dict[UUID, set[UUID]] = {m: {m} for m in members}
        self._head = {m: m for m in members}
        self._apart: defaultdict[UUID, set[UUID]] = defaultdict(set)
        self._size_max = size_max

    def head(self, member: UUID) -> UUID | None:
        return self._head.get(member)

    def part(self, a: UUID, b: UUID) -> None:
        if a in self._head and b in self._head:
            self._apart[a].add(b)
            self._apart[b].add(a)

    def may_join(self, a: UUID, b: UUID) -> bool:
        """Of two heads."""
        return b not in self._apart[a] and len(self.members[a]) + len(self.members[b]) <= self._size_max

    def unite(self, a: UUID, b: UUID) -> None:
        """The clusters of two members, if they may join. A member that is not here has none."""
        one, other = self.head(a), self.head(b)
        if one is not None and other is not None and one != other and self.may_join(one, other):
            self.join(one, other)

    def join(self, one: UUID, other: UUID) -> UUID:
        """Two heads that may join; the head of both."""
        head, gone = pair(one, other)
        for member in self.members[gone]:
            self._head[member] = head
        self.members[head] |= self.members.pop(gone)
        for enemy in self._apart.pop(gone, ()):
            self._apart[enemy].discard(gone)
            self._apart[enemy].add(head)
            self._apart[head].add(enemy)
        return head

    def groups(self) -> tuple[Group, ...]:
        return tuple(frozenset(self.members[head]) for head in sorted(self.members))


class _Links:
    """How strongly clusters are linked, best first. Entries of clusters that have changed are passed over."""

    def __init__(self, clusters: _Clusters, probabilities: Mapping[Pair, float], rule: Rule) -> None:
        self._clusters = clusters
        self._rule = rule
        self._probabilities = probabilities
        self._known: defaultdict[UUID, dict[UUID, tuple[float, int]]] = defaultdict(dict)
        self._heap: list[tuple[float, UUID, UUID]] = []
        for (a, b), probability in sorted(probabilities.items()):
            one, other = clusters.head(a), clusters.head(b)
            if one is not None and other is not None and one != other:
                total, count = self._known[one].get(other, (0.0, 0))
                self._known[one][other] = self._known[other][one] = (total + probability, count + 1)
        for one, others in self._known.items():
            for other in others:
                if one < other:
                    self._offer(one, other)

    def _strength(self, one: UUID, other: UUID) -> float:
        """The mean; where that is too low, just enough to join if a report is a bridge."""
        ours, theirs = self._clusters.members[one], self._clusters.members[other]
        total, count = self._known[one][other]
        mean = _mean_of(total, count, len(ours), len(theirs), self._rule.unseen)
        least, most = sorted((len(ours), len(theirs)))
        if mean >= self._rule.join_at or most > BRIDGED_MAX or total < BRIDGE_AT * min(least, KNOWN_ENOUGH):
            return mean
        bridged = closeness(ours, theirs, self._probabilities, self._rule.unseen) >= BRIDGE_AT
        return self._rule.join_at if bridged else mean

    def _offer(self, one: UUID, other: UUID) -> None:
        strength = self._strength(one, other)
        if strength >= self._rule.join_at and self._clusters.may_join(one, other):
            heapq.heappush(self._heap, (-strength, *pair(one, other)))

    def take_best(self) -> Pair | None:
        while self._heap:
            strength, one, other = heapq.heappop(self._heap)
            here = other in self._known.get(one, ())
            if here and self._clusters.may_join(one, other) and self._strength(one, other) == -strength:
                return one, other
        return None

    def join(self, one: UUID, other: UUID) -> None:
        before = {head: self._known.pop(head) for head in (one, other)}
        head = self._clusters.join(one, other)
        sums: dict[UUID, tuple[float, int]] = {}
        for gone, known in before.items():
            for neighbour in known.keys() - before.keys():
                (total, count), (total_before, count_before) = known[neighbour], sums.get(neighbour, (0.0, 0))
                sums[neighbour] = (total_before + total, count_before + count)
                del self._known[neighbour][gone]
        self._known[head] = sums
        for neighbour, sum_and_count in sums.items():
            self._known[neighbour][head] = sum_and_count
            self._offer(head, neighbour)
