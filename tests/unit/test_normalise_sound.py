import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data import table
from pipeline.domain.normalise.name import read_name_form
from pipeline.domain.normalise.sound import Confusion, blur, blurred, sounds
from pipeline.domain.normalise.surname import surname_sounds, surnames
from pipeline.domain.normalise.variants import fold

SYLLABLES = tuple(
    sorted({s for line in table("sounds.csv").splitlines()[1:] for s in line.split(",")[0].split()}),
)


@pytest.mark.parametrize(
    ("name", "syllables"),
    [
        ("曾小樂", "zeng xiao le"),
        ("單美玲", "shan mei ling"),
        ("解志明", "xie zhi ming"),
        ("仇家豪", "qiu jia hao"),
        ("區詩涵", "ou shi han"),
        ("尉遲明", "yu chi ming"),
        ("長孫明", "zhang sun ming"),
        ("葉曾明", "ye ceng ming"),
        ("王筠", "wang yun"),
        ("万俟明", "mo qi ming"),
    ],
)
def test_a_surname_is_read_as_a_surname(name: str, syllables: str) -> None:
    form = read_name_form(name)
    assert form is not None
    assert " ".join(form.sound) == syllables


def test_a_character_that_nobody_can_read_sounds_like_itself() -> None:
    assert sounds("\ue000") == ("\ue000",)
    assert surname_sounds("歐陽") == (("ou",), ("yang",))


@pytest.mark.parametrize(
    ("confusion", "one", "other"),
    [
        (Confusion.RETROFLEX, "zhang", "zang"),
        (Confusion.RETROFLEX, "shi", "si"),
        (Confusion.RETROFLEX, "chen", "cen"),
        (Confusion.NASAL, "ying", "yin"),
        (Confusion.NASAL, "cheng", "chen"),
        (Confusion.LATERAL, "lan", "nan"),
        (Confusion.LABIAL, "hui", "fi"),
        (Confusion.LABIAL, "huang", "fang"),
        (Confusion.ROUNDED, "yu", "yi"),
        (Confusion.ROUNDED, "lv", "li"),
    ],
)
def test_what_an_ear_takes_for_one_is_one_only_where_that_confusion_is_asked_for(
    confusion: Confusion, one: str, other: str
) -> None:
    assert blur(one, (confusion,)) == blur(other, (confusion,))
    assert blur(one, ()) != blur(other, ())


@given(st.sampled_from(SYLLABLES), st.sets(st.sampled_from(list(Confusion))))
def test_blurring_again_changes_nothing(syllable: str, confusions: set[Confusion]) -> None:
    chosen = tuple(sorted(confusions, key=lambda c: c.name))
    once = blurred((syllable,), chosen)
    assert blurred(once, chosen) == once


def test_every_surname_is_written_with_the_characters_that_stand_for_their_variants() -> None:
    assert all(fold(surname) == surname for surname in surnames())
    assert {len(surname) for surname in surnames()} == {1, 2}
