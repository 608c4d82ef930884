"""Average link over what is known of pairs: the groups do not depend on any order."""

from collections.abc import Mapping
from itertools import combinations, pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.partition import CERTAIN, KNOWN_ENOUGH, NO_TIES, Pair, Rule, Ties, pair, partition

RULE = Rule(join_at=0.45, unseen=0.05, size_max=200)
IDS = tuple(UUID(int=n) for n in range(1, 9))
A, B, C, D = IDS[:4]


def groups(known: Mapping[Pair, float], rule: Rule = RULE, ties: Ties = NO_TIES) -> list[set[UUID]]:
    members = {m for p in (*known, *ties.together, *ties.apart) for m in p}
    return [set(group) for group in partition(members, known, rule, ties)]


def test_two_join_when_their_probability_is_high_enough() -> None:
    assert groups({(A, B): 0.45}) == [{A, B}]
    assert groups({(A, B): 0.44}) == [{A}, {B}]


def test_a_third_joins_only_if_it_is_like_both_on_the_average() -> None:
    assert groups({(A, B): 0.9, (B, C): 0.86}) == [{A, B, C}]
    assert groups({(A, B): 0.9, (B, C): 0.8}) == [{A, B}, {C}]
    assert groups({(A, B): 0.9, (B, C): 0.8, (A, C): 0.2}) == [{A, B, C}]


def test_the_stronger_pair_joins_first() -> None:
    assert groups({(A, B): 0.6, (B, C): 0.7}) == [{A}, {B, C}]


def test_what_is_certain_joins_whatever_else_is_known() -> None:
    assert groups({(A, B): CERTAIN, (B, C): CERTAIN, (A, C): 0.0}) == [{A, B, C}]


def test_people_decide_before_all_else() -> None:
    assert groups({(A, B): 0.99}, ties=Ties(apart=frozenset({(A, B)}))) == [{A}, {B}]
    assert groups({(A, B): CERTAIN}, ties=Ties(apart=frozenset({(A, B)}))) == [{A}, {B}]
    assert groups({(A, B): 0.0}, ties=Ties(together=frozenset({(A, B)}))) == [{A, B}]
    both = frozenset({(A, B)})
    assert groups({}, ties=Ties(together=both, apart=both)) == [{A}, {B}]


def test_two_that_were_parted_never_come_together_by_way_of_a_third() -> None:
    found = groups({(A, B): 0.99, (B, C): 0.98, (A, C): 0.9}, ties=Ties(apart=frozenset({(A, C)})))
    assert found == [{A, B}, {C}]


def test_a_report_that_is_surely_one_with_both_joins_groups_that_share_nothing() -> None:
    strong = {(A, B): 0.99, (C, D): 0.99}
    bridge = {pair(IDS[4], other): 0.98 for other in (A, B, C, D)}
    assert groups(strong | bridge) == [{A, B, C, D, IDS[4]}]
    weaker = bridge | {pair(IDS[4], D): 0.9, pair(IDS[4], C): 0.9}
    assert groups(strong | weaker) == [{A, B, IDS[4]}, {C, D}]


def test_of_a_crowd_it_is_enough_to_know_some_pairs_of_each() -> None:
    crowd = tuple(UUID(int=n) for n in range(100, 140))
    known = {pair(a, b): CERTAIN for a, b in pairwise(crowd)}
    newcomer = {pair(A, other): 0.9 for other in crowd[-KNOWN_ENOUGH:]}
    assert groups(known | newcomer) == [{A, *crowd}]
    assert groups(known | dict(list(newcomer.items())[1:])) == [{A}, set(crowd)]


@pytest.mark.parametrize("probability", [0.99, CERTAIN])
def test_a_group_never_grows_beyond_its_bound(probability: float) -> None:
    known = {pair(a, b): probability for a, b in combinations(IDS, 2)}
    assert max(len(group) for group in groups(known, Rule(0.45, 0.05, 3))) == 3


PROBABILITIES = st.sampled_from([0.0, 0.1, 0.3, 0.45, 0.5, 0.7, 0.9, CERTAIN])
KNOWN = st.dictionaries(st.sampled_from(list(combinations(IDS, 2))), PROBABILITIES, max_size=20)
PAIRS = st.frozensets(st.sampled_from(list(combinations(IDS, 2))), max_size=4)


@given(KNOWN, PAIRS, PAIRS, st.randoms())
def test_neither_the_order_of_reports_nor_of_pairs_matters(
    known: dict[Pair, float], together: frozenset[Pair], apart: frozenset[Pair], random: object
) -> None:
    members, items = list(IDS), list(known.items())
    found = partition(members, known, RULE, Ties(together, apart))
    random.shuffle(members)  # type: ignore[attr-defined]
    random.shuffle(items)  # type: ignore[attr-defined]
    assert partition(members, dict(items), RULE, Ties(together, apart)) == found


@given(KNOWN, PAIRS, PAIRS)
def test_everyone_is_in_one_group_and_none_holds_two_who_stay_apart(
    known: dict[Pair, float], together: frozenset[Pair], apart: frozenset[Pair]
) -> None:
    found = partition(IDS, known, RULE, Ties(together, apart))
    assert sorted(m for group in found for m in group) == list(IDS)
    assert not any({a, b} <= group for a, b in apart for group in found)


@given(KNOWN)
def test_groups_that_are_left_are_not_close_enough_to_join(known: dict[Pair, float]) -> None:
    found = partition(IDS, known, RULE)
    for one, other in combinations(found, 2):
        told = [known.get(pair(a, b), RULE.unseen) for a in one for b in other]
        assert round(sum(told) / len(told), 9) < RULE.join_at


@given(KNOWN)
def test_what_no_strong_pair_leads_to_can_be_left_out(known: dict[Pair, float]) -> None:
    """A neighbourhood by pairs of at least `join_at` gives the same groups as all reports together."""
    near = {A}
    while more := {m for p, v in known.items() if v >= RULE.join_at and near & set(p) for m in p} - near:
        near |= more
    everywhere = [group for group in partition(IDS, known, RULE) if group & near]
    assert list(partition(near, known, RULE)) == everywhere
