import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contracts.vocabulary import Sex
from pipeline.domain.normalise.name import read_name, read_name_form

PIECES = "王小明先生女士姐童○OX某*（） abcé'‧阿嬤太案母男姓陳歐陽林美玉弟妹师公爸同學老0甲A化名"


@pytest.mark.parametrize(
    ("written", "surname", "given_name"),
    [
        ("王小明", "王", "小明"),
        ("歐陽小明", "歐陽", "小明"),
        ("張簡美玉", "張簡", "美玉"),
        ("王明", "王", "明"),
        ("陳林美玉", "陳", "林美玉"),
        ("林佐藤健", "林", "佐藤健"),
        ("佐藤健一", None, "佐藤健一"),
        ("瓦歷斯‧諾幹", None, "瓦歷斯諾幹"),
        ("瓦歷斯．諾幹", None, "瓦歷斯諾幹"),
        ("瓦歷斯諾幹", None, "瓦歷斯諾幹"),
        ("○小明", None, "小明"),
        ("林小姐", "林", None),
        ("歐陽", "歐陽", None),
        ("阿明", None, "明"),
        ("妞妞", None, "妞"),
    ],
)
def test_surname_and_given_name_are_told_apart(written: str, surname: str | None, given_name: str | None) -> None:
    form = read_name_form(written)
    assert form is not None
    assert (form.surname, form.given) == (surname, given_name)


@pytest.mark.parametrize(
    ("written", "own"),
    [("陳林美玉", "林美玉"), ("陳歐陽美玉", "歐陽美玉"), ("歐陽林美玉", "林美玉"), ("張簡美玉", None)],
)
def test_a_second_surname_begins_the_name_before_marriage(written: str, own: str | None) -> None:
    form = read_name_form(written)
    assert form is not None
    assert form.own == own


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("林小姐", (Sex.FEMALE, False, False)),
        ("張先生", (Sex.MALE, False, False)),
        ("黃小弟弟", (Sex.MALE, True, False)),
        ("陳太太", (Sex.FEMALE, False, True)),
        ("歐陽太太", (Sex.FEMALE, False, True)),
        ("曾母", (Sex.FEMALE, False, True)),
        ("楊童", (None, True, False)),
        ("陳姓男子", (Sex.MALE, False, False)),
        ("姓陳", (None, None, False)),
        ("林老師", (None, None, False)),
    ],
)
def test_a_title_tells_of_sex_and_age(written: str, told: tuple[Sex | None, bool | None, bool]) -> None:
    form = read_name_form(written)
    assert form is not None
    assert form.title == told
    assert form.masked


@pytest.mark.parametrize(
    "written",
    [
        "阿嬤",
        "老師",
        "案母",
        "媽媽",
        "案長子",
        "個案",
        "A女",
        "甲男",
        "某甲",
        "小美(化名)",
        "代號3345",
        "A-31",
        "待查",
        "女童",
    ],
)
def test_kinship_pseudonyms_and_codes_name_nobody(written: str) -> None:
    assert read_name_form(written) is None


def test_what_was_written_stays_beside_the_form_that_is_compared() -> None:
    form = read_name_form(" 陳\u200b峯 小姐")
    assert form is not None
    assert (form.text, form.folded) == ("陳峯", "陳峰")


@pytest.mark.parametrize(
    ("written", "roman"),
    [
        ("NGUYỄN, THỊ MAI", "nguyen thi mai"),
        ("Đặng Thị Hoa", "dang thi hoa"),
        ("阮氏梅(Nguyễn Thị Mai)", "nguyen thi mai"),
        ("台生 Kacaw", "kacaw"),
        ("王小明", None),
        ("王O明", None),
    ],
)
def test_a_name_in_roman_letters_is_read_without_marks(written: str, roman: str | None) -> None:
    form = read_name_form(written)
    assert form is not None
    assert form.roman == roman


@pytest.mark.parametrize("written", ["阿明", "小美", "妞妞", "阿明仔"])
def test_a_nickname_is_known_as_one(written: str) -> None:
    form = read_name_form(written)
    assert form is not None
    assert form.nickname


def test_a_legal_name_is_no_nickname() -> None:
    form = read_name_form("王小美")
    assert form is not None
    assert not form.nickname


@settings(max_examples=500)
@given(st.text() | st.text(PIECES, max_size=10))
def test_the_comparable_form_is_read_as_itself(written: str) -> None:
    form = read_name_form(written)
    again = read_name(form.folded) if form else None
    assert (again and again.text) == (form and form.folded)


@given(st.text() | st.text(PIECES, max_size=10))
def test_the_parts_make_the_whole(written: str) -> None:
    form = read_name_form(written)
    if form and form.surname:
        assert form.folded == form.surname + (form.given or "")
        assert len(form.sound) == len(form.folded)
    if form and form.own:
        assert form.folded.endswith(form.own)
