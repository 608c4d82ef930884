import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.normalise.story import read_story


@pytest.mark.parametrize(
    ("written", "surnames"),
    [
        ("唐男與林女因財產爭執互毆", {"唐", "林"}),
        ("據林小姐表示陳姓男子動手", {"林", "陳"}),
        ("歐陽女遭毆打", {"歐陽"}),
        ("案女與子女同住，幼童哭泣", set()),
        ("溫女、温男", {"溫"}),
    ],
)
def test_the_surnames_by_which_a_story_calls_people_are_known(written: str, surnames: set[str]) -> None:
    story = read_story(written)
    assert story
    assert story.surnames == surnames


def test_two_families_to_whom_the_same_happens_have_the_same_pairs() -> None:
    one, other = read_story("唐男與林女因財產爭執互毆"), read_story("陳男與王女因財產爭執互毆")
    assert one
    assert other
    assert one.pairs == other.pairs


def test_asides_and_signs_are_no_part_of_a_story() -> None:
    assert read_story("唐男與林女互毆（補充：已就醫）。") == read_story("唐男與林女互毆")


@pytest.mark.parametrize("written", ["", "...", "N/A", "（無）"])
def test_where_no_word_is_told_there_is_no_story(written: str) -> None:
    assert read_story(written) is None


@given(st.text())
def test_any_text_can_be_read(written: str) -> None:
    story = read_story(written)
    assert story is None or story.text
