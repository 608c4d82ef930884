"""Fellegi and Sunter's weights without labels: expectation maximisation over the levels at which pairs agree."""

from collections import defaultdict
from collections.abc import Mapping
from math import exp2, log2
from typing import NamedTuple

Agreement = tuple[str, str]
"""An aspect and how it agrees."""

Pattern = tuple[Agreement, ...]
"""All that was found of one pair; an aspect that says nothing is left out."""

ROUNDS_MAX = 200
SETTLED = 1e-7
BITS_MAX = 60.0
PSEUDO = 0.5
"""Pairs that are taken as seen beforehand, of each kind and at every level, so that nothing weighs infinitely much."""


class Learnt(NamedTuple):
    """Bits for a match. The sum of the prior and of the bits of a pair's levels is the logarithm of its odds."""

    prior: float
    bits: Mapping[Agreement, float]

    def score(self, pattern: Pattern) -> float:
        return self.prior + sum(self.bits.get(agreement, 0.0) for agreement in pattern)

    def probability(self, pattern: Pattern) -> float:
        return 1 / (1 + exp2(-max(-BITS_MAX, min(BITS_MAX, self.score(pattern)))))


class Shares(NamedTuple):
    """How often each level is seen among matches (`m`) and among others (`u`); `matches` is the share of matches."""

    matches: float
    m: Mapping[Agreement, float]
    u: Mapping[Agreement, float]


def learn(patterns: Mapping[Pattern, int], first: Mapping[Pattern, float]) -> Learnt:
    """`patterns` says how many pairs agree in each way; `first` is a first guess of the probability of a match. The
    aspects are taken as independent of each other among matches, and among other pairs.
    """
    shares = _maximised(patterns, first)
    for _ in range(ROUNDS_MAX):
        before = shares.matches
        learnt = _weights(shares)
        shares = _maximised(patterns, {p: learnt.probability(p) for p in patterns})
        if abs(shares.matches - before) < SETTLED:
            break
    return _weights(shares)


def _maximised(patterns: Mapping[Pattern, int], likely: Mapping[Pattern, float]) -> Shares:
    seen: tuple[defaultdict[Agreement, float], ...] = (defaultdict(lambda: PSEUDO), defaultdict(lambda: PSEUDO))
    total = matches = 0.0
    for pattern, count in patterns.items():
        match = count * likely[pattern]
        total, matches = total + count, matches + match
        for agreement in pattern:
            seen[0][agreement] += match
            seen[1][agreement] += count - match
    return Shares((matches + PSEUDO) / (total + 2 * PSEUDO), *map(_of_aspect, seen))


def _of_aspect(seen: Mapping[Agreement, float]) -> Mapping[Agreement, float]:
    totals: defaultdict[str, float] = defaultdict(float)
    for (aspect, _), count in seen.items():
        totals[aspect] += count
    return {agreement: count / totals[agreement[0]] for agreement, count in seen.items()}


def _weights(shares: Shares) -> Learnt:
    prior = log2(shares.matches / (1 - shares.matches))
    return Learnt(prior, {agreement: log2(shares.m[agreement] / shares.u[agreement]) for agreement in shares.m})
