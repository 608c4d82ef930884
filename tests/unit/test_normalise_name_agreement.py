import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.normalise.closeness import differ_by_one, mask_fits, neighbours_swapped
from pipeline.domain.normalise.name import read_name_form
from pipeline.domain.normalise.name_agreement import NameAgreement, compare_names

CASES = """
王小明|王 小明|equal
陳峯|陳峰|variant
Nguyen Thi Mai|NGUYỄN, THỊ MAI|variant
Nguyen Thi Mai|Thi Mai Nguyen|roman_order
Nguyen Thi Mai|Nguyenthi Mai|roman_order
王美齡|王美玲|sound
曾小明|增小明|sound
單小明|山小明|sound
陳欣怡|陳心儀|sound
陳信宏|陳幸宏|sound_near
張志明|臧志明|sound_near
陳林美玉|林美玉|married
王○明|王小明|mask_fits
○小明|王小明|mask_fits
Hoa N***|Nguyen Hoa|mask_fits
陳○玲|陳美齡|mask_sound
王小明|王明小|swapped
王小明|王大明|one_character_off
王美|王美玲|one_character_off
佐藤健一|佐藤健二|one_character_off
王淑芬|林淑芬|given_equal
瓦歷斯‧諾幹|瓦歷斯|part
Nguyen Thi Mai|Nguyen Mai|part
阿明|王小明|nickname
小美|陳美玲|nickname
阿明|阿明|nickname
林小姐|林美玉|surname_only
陳林美玉|林小姐|surname_only
王○○|王小明|surname_only
王Ｏ|王小明|surname_only
江小姐|姜美玉|surname_sound
王小明|王大華|surname_same
王明|王華|surname_same
Nguyen Thi Mai|Nguyen Thi Hoa|surname_same
王小明|林大華|different
王○明|王大民|different
陳先生|林美玉|different
王小明|阿華|unknown
陳太太|林美玉|unknown
Nguyen Thi Mai|阮氏梅|unknown
不詳|王小明|unknown
"""
NAMES = (
    "王小明 王○明 王先生 王 陳林美玉 林美玉 阿明 小美 妞妞 Nguyen|Thi|Mai Mai|Nguyen "
    "阮氏梅(Nguyen|Thi|Mai) 瓦歷斯‧諾幹 ○明 王**"
)


@pytest.mark.parametrize("case", [line for line in CASES.split("\n") if line])
def test_names_agree_as_far_as_they_do(case: str) -> None:
    one, other, agreement = case.split("|")
    assert compare_names(read_name_form(one), read_name_form(other)) is NameAgreement(agreement)


NAME = st.sampled_from([name.replace("|", " ") for name in NAMES.split()]) | st.text(
    "王陳林小明美玉○阿姐太an ", max_size=5
)


@given(NAME, NAME)
def test_it_does_not_matter_which_name_comes_first(one: str, other: str) -> None:
    a, b = read_name_form(one), read_name_form(other)
    assert compare_names(a, b) is compare_names(b, a)


@given(st.text("王陳林小明美玉an ", min_size=1, max_size=5))
def test_a_name_never_differs_from_itself(written: str) -> None:
    form = read_name_form(written)
    assert form is None or compare_names(form, form) is not NameAgreement.DIFFERENT


@given(st.text("0123456789", min_size=2, max_size=8), st.data())
def test_a_slip_of_the_hand_is_known_as_one(number: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(number) - 2))
    digit = data.draw(st.sampled_from("0123456789"))
    mistyped = number[:place] + digit + number[place + 1 :]
    assert differ_by_one(number, mistyped) is (digit != number[place])
    assert differ_by_one(number, number[:place] + number[place + 1 :])
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert neighbours_swapped(number, swapped) is (swapped != number)
    assert mask_fits(number, number[:place] + "*" + number[place + 1 :], "*")
    assert not mask_fits(number, number + "*", "*")
