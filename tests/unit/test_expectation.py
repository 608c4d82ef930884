"""Weights that are learnt without labels."""

from itertools import product
from math import log2, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.expectation import Learnt, Pattern, learn

MATCHES, OTHERS = 2_000, 98_000
M = {"name": 0.9, "birth": 0.8, "road": 0.7}
U = {"name": 0.01, "birth": 0.002, "road": 0.03}
"""The shares of matches, and of other pairs, in which an aspect agrees."""

EQUAL, DIFFERENT = "equal", "different"


def pattern(levels: tuple[str, ...]) -> Pattern:
    return tuple(zip(M, levels, strict=True))


def expected(levels: tuple[str, ...], shares: dict[str, float], pairs: int) -> float:
    return pairs * prod(s if level == EQUAL else 1 - s for s, level in zip(shares.values(), levels, strict=True))


WAYS = tuple(product((EQUAL, DIFFERENT), repeat=len(M)))
COUNTS = {pattern(w): round(expected(w, M, MATCHES) + expected(w, U, OTHERS)) for w in WAYS}
FIRST = {pattern(w): 0.9 if w.count(EQUAL) > 1 else 0.01 for w in WAYS}


def test_the_weights_by_which_pairs_were_made_are_found_again() -> None:
    learnt = learn(COUNTS, FIRST)
    assert learnt.prior == pytest.approx(log2(MATCHES / OTHERS), abs=0.1)
    for aspect, m in M.items():
        assert learnt.bits[aspect, EQUAL] == pytest.approx(log2(m / U[aspect]), abs=0.2)
        assert learnt.bits[aspect, DIFFERENT] == pytest.approx(log2((1 - m) / (1 - U[aspect])), abs=0.2)


def test_what_was_never_seen_and_what_is_not_told_weigh_nothing() -> None:
    learnt = learn(COUNTS, FIRST)
    told = (("name", EQUAL),)
    assert learnt.score((*told, ("name", "by ear"), ("voice", EQUAL))) == learnt.score(told)
    assert learnt.score(()) == learnt.prior


def test_a_level_that_only_matches_have_weighs_much_and_not_infinitely() -> None:
    both = {tuple((aspect, level) for aspect in M): count for level, count in ((EQUAL, 50), (DIFFERENT, 1_000))}
    learnt = learn(both, dict(zip(both, (0.9, 0.1), strict=True)))
    assert all(5 < learnt.bits[aspect, EQUAL] < 20 for aspect in M)


@given(st.dictionaries(st.sampled_from([pattern(w) for w in WAYS]), st.integers(1, 1000), min_size=1))
def test_any_counts_give_probabilities(counts: dict[Pattern, int]) -> None:
    learnt = learn(counts, FIRST)
    assert all(0 <= learnt.probability(p) <= 1 for p in counts)


def test_odds_beyond_all_bounds_are_still_a_probability() -> None:
    far = Learnt(0.0, {("id", EQUAL): 1e6, ("id", DIFFERENT): -1e6})
    assert far.probability((("id", EQUAL),)) == 1
    assert far.probability((("id", DIFFERENT),)) == pytest.approx(0)
