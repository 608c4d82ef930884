"""The measures, against cases counted by hand and against their definition."""

from collections import defaultdict
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.local.bench.measures import KINDS, agreement, asked_about, measure
from pipeline.local.bench.truth import Groups

INCIDENT, HOUSEHOLD = KINDS
Partition = dict[str, Groups]


def partition(incidents: str, households: str | None = None) -> Partition:
    """Event 0 is in the group of the first letter, and so on."""
    return {str(at): Groups(i, h) for at, (i, h) in enumerate(zip(incidents, households or incidents, strict=True))}


def test_pairs_are_counted_over_all_events_of_a_group() -> None:
    """True: abc, de. Found: ab, cd, e. Of four true pairs one was found, of two found pairs one is true."""
    found = measure(partition("aaabb"), partition("xxyyz")).incidents
    assert found.pairwise == (1 / 2, 1 / 4)
    assert found.pairwise.f1 == pytest.approx(1 / 3)


def test_b_cubed_takes_the_mean_over_the_events() -> None:
    found = measure(partition("aaabb"), partition("xxyyz")).incidents
    assert found.b_cubed.precision == pytest.approx((1 + 1 + 1 / 2 + 1 / 2 + 1) / 5)
    assert found.b_cubed.recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 / 2 + 1 / 2) / 5)


def test_a_wrong_join_is_counted_once_however_many_pairs_it_makes() -> None:
    found = measure(partition("aaaabbbbcc"), partition("xxxxxxxxyy")).incidents
    assert (found.wrong_joins, found.missed_joins) == (1, 0)
    assert found.wrong_joins_per_10_000 == 1_000


def test_a_missed_join_is_counted_once_for_each_part_that_is_apart() -> None:
    found = measure(partition("aaaa"), partition("xxyz")).incidents
    assert (found.wrong_joins, found.missed_joins) == (0, 2)
    assert found.missed_joins_per_10_000 == 5_000


def test_incidents_and_households_are_measured_apart() -> None:
    found = measure(partition("abc", "aab"), partition("xyz", "xxx"))
    assert found.incidents.pairwise == (1, 1)
    assert found.households.pairwise == (1 / 3, 1)


def test_the_scorer_that_came_with_the_example_data_gives_the_same_numbers() -> None:
    incidents, households, _ = measure(partition("aaabbcddee", "aaaaabbbcc"), partition("xxyyzzuuvw", "xxxxyyyzzw"))
    assert incidents.pairwise == pytest.approx((0.5, 1 / 3))
    assert incidents.pairwise.f1 == pytest.approx(0.4)
    assert households.pairwise == pytest.approx((0.7, 0.5))
    assert households.pairwise.f1 == pytest.approx(7 / 12)


def test_an_event_that_was_not_found_is_lost_and_one_without_a_group_stands_alone() -> None:
    found = partition("xx") | {"2": Groups("", "")}
    measured = measure(partition("aaaa"), found)
    assert measured.lost == 1
    assert measured.incidents.events == 3
    assert measured.incidents.pairwise == (1, 1 / 3)


def test_nothing_at_all_is_no_error() -> None:
    found = agreement([])
    assert (found.pairwise, found.b_cubed, found.wrong_joins_per_10_000) == ((1, 1), (1, 1), 0)


def test_a_question_about_the_two_parts_of_a_household_holds_the_missed_join() -> None:
    truth, found = partition("aaaa"), partition("xxyz")
    assert asked_about(truth, found, [("0", "2")], INCIDENT) == 1
    assert asked_about(truth, found, [("0", "2"), ("1", "2"), ("0", "1")], INCIDENT) == 1
    assert asked_about(truth, found, [("0", "2"), ("2", "3"), ("1", "3")], INCIDENT) == 2


def test_a_question_about_two_households_that_were_joined_holds_the_wrong_join() -> None:
    assert asked_about(partition("ab"), partition("xx"), [("0", "1")], HOUSEHOLD) == 1


def test_a_question_about_what_is_right_holds_nothing() -> None:
    truth, found = partition("aab"), partition("xxy")
    assert asked_about(truth, found, [("0", "1"), ("1", "2"), ("0", "unknown")], INCIDENT) == 0


letters = st.text(alphabet="abcd", min_size=1, max_size=12)


@given(st.tuples(letters, letters))
def test_the_measures_agree_with_their_definition_on_any_two_partitions(told: tuple[str, str]) -> None:
    size = min(map(len, told))
    truth, found = (partition(text[:size]) for text in told)
    incidents = measure(truth, found).incidents
    assert incidents.pairwise == pytest.approx(_by_definition(truth, found))
    assert incidents.wrong_joins == _needless(found, truth)
    assert incidents.missed_joins == _needless(truth, found)


@given(letters)
def test_the_truth_itself_is_without_an_error(text: str) -> None:
    found = measure(partition(text), partition(text)).incidents
    assert found.pairwise == found.b_cubed == (1, 1)
    assert found.wrong_joins == found.missed_joins == 0


@given(st.tuples(letters, letters))
def test_who_is_asked_about_every_pair_is_asked_about_every_error(told: tuple[str, str]) -> None:
    size = min(map(len, told))
    truth, found = (partition(text[:size]) for text in told)
    incidents = measure(truth, found).incidents
    assert asked_about(truth, found, combinations(truth, 2), INCIDENT) == incidents.wrong_joins + incidents.missed_joins


def _by_definition(truth: Partition, found: Partition) -> tuple[float, float]:
    true, put = (
        {pair for pair in combinations(truth, 2) if groups[pair[0]].incident == groups[pair[1]].incident}
        for groups in (truth, found)
    )
    return len(true & put) / len(put) if put else 1, len(true & put) / len(true) if true else 1


def _needless(wholes: Partition, parts: Partition) -> int:
    """Into how many parts the wholes fall, beyond one each."""
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for event, groups in wholes.items():
        seen[groups.incident].add(parts[event].incident)
    return sum(len(part) - 1 for part in seen.values())
