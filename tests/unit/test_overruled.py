from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.case import OverrideKind, OverrideReason
from pipeline.domain.overruled import Overruled, RowOf, Times, overruled

ALL_THE_REST = RowOf("priority", "all_the_rest", "2026.1")
FLAG_NOW = RowOf("priority", "flag_now", "2026.1")
BY_PEOPLE = RowOf("queue", None, "2026.1")

ROWS = st.sampled_from([ALL_THE_REST, FLAG_NOW, BY_PEOPLE, ALL_THE_REST._replace(policy_version="2027.1")])
SAID = st.lists(
    st.builds(
        Times, ROWS, st.sampled_from(list(OverrideKind)), st.sampled_from(list(OverrideReason)), st.integers(1, 9)
    )
)


def test_the_row_that_is_overridden_most_comes_first_with_its_reasons_and_the_cases_it_decided() -> None:
    said = [
        Times(FLAG_NOW, OverrideKind.LOWER, "safe_now", 1),
        Times(ALL_THE_REST, OverrideKind.RAISE, "told_more", 2),
        Times(ALL_THE_REST, OverrideKind.LOWER, "judgement", 1),
        Times(ALL_THE_REST, OverrideKind.RAISE, "judgement", 1),
    ]
    assert overruled(said, {ALL_THE_REST: 41, BY_PEOPLE: 3}) == [
        Overruled(ALL_THE_REST, 41, raised=3, lowered=1, reasons=Counter(told_more=2, judgement=2)),
        Overruled(FLAG_NOW, 0, lowered=1, reasons=Counter(safe_now=1)),
    ]


@given(SAID)
def test_every_word_is_counted_once_whatever_the_order(said: list[Times]) -> None:
    found = overruled(said, {})
    assert sum(one.times for one in found) == sum(told.times for told in said)
    assert all(sum(one.reasons.values()) == one.times for one in found)
    assert found == overruled(reversed(said), {})
    assert [one.times for one in found] == sorted((one.times for one in found), reverse=True)
