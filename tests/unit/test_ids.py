from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.ids import derived, event_key

ANY_TEXT = st.text(st.characters())


@given(st.lists(ANY_TEXT, max_size=4), st.lists(ANY_TEXT, max_size=4))
def test_two_things_have_one_id_only_if_all_their_parts_are_equal(one: list[str], other: list[str]) -> None:
    assert (derived("thing", *one) == derived("thing", *other)) == (one == other)


def test_an_event_keeps_its_id_for_ever() -> None:
    assert str(event_key("hotline-113", "0b9c5e9e")) == "d5d55975-e892-51b9-bf4a-549c1a660556"


def test_even_half_a_character_has_an_id() -> None:
    assert derived("thing", "\ud800") != derived("thing", "\ud801")
