import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.normalise.name import Name, read_name


@pytest.mark.parametrize(
    ("written", "comparable"),
    [
        ("王小明", "王小明"),
        ("王 小明", "王小明"),
        ("王\u3000小\u200b明", "王小明"),
        ("瓦歷斯‧諾幹", "瓦歷斯諾幹"),
        ("瓦歷斯·諾幹", "瓦歷斯諾幹"),
        ("王小明（父）", "王小明"),
        ("王小明先生", "王小明"),
        ("歐陽小明女士", "歐陽小明"),
        ("台生 Kacaw", "臺生kacaw"),
        ("陳峯", "陳峰"),
        ("Nguyen  Thi-Hoa", "nguyen thi hoa"),
        ("ＮＧＵＹＥＮ Thi Hoa", "nguyen thi hoa"),
        ("O'Brien", "obrien"),
        ("İbrahim", "ibrahim"),
        ("Nguyễn", "nguyễn"),
        ("王\ue000明", "王\ue000明"),
        ("（王小明）", "王小明"),
    ],
)
def test_two_spellings_of_one_name_are_equal(written: str, comparable: str) -> None:
    assert read_name(written) == Name(comparable, masked=False)


@pytest.mark.parametrize(
    ("written", "comparable"),
    [
        ("王○明", "王○明"),
        ("王Ｏ明", "王○明"),
        ("王O明", "王○明"),
        ("王＊明", "王○明"),
        ("王**", "王○○"),
        ("王ＸＸ", "王○○"),
        ("王某某", "王○○"),
        ("王〇明", "王○明"),
        ("王小姐", "王"),
        ("陳先生", "陳"),
        ("歐陽太太", "歐陽"),
        ("楊童", "楊"),
        ("林小弟弟", "林"),
        ("陳姓男子", "陳"),
        ("王", "王"),
        ("Hoa N***", "hoa n"),
    ],
)
def test_a_name_with_hidden_characters_or_only_a_surname_is_masked(written: str, comparable: str) -> None:
    assert read_name(written) == Name(comparable, masked=True)


@pytest.mark.parametrize(
    "written", ["", "  ", "不詳", "姓名不詳", "無名氏", "N/A", "unknown", "○○○", "某", "***", "---"]
)
def test_no_name_is_no_name(written: str) -> None:
    assert read_name(written) is None


@pytest.mark.parametrize("written", ["王童小姐", "○童先生", "小姐小姐", "王小姐先生", "童童小姐"])
def test_what_is_left_without_a_title_is_read_as_if_it_had_been_written_so(written: str) -> None:
    name, shorter = read_name(written), read_name(written[:-2])
    assert (name and name.text) == (shorter and shorter.text)


@given(st.text() | st.text("王小明先生女士姐童○OX某*（） abcé'‧", max_size=12))
def test_any_text_is_read_the_same_way_twice(written: str) -> None:
    name = read_name(written)
    again = read_name(name.text) if name else None
    assert (again and again.text) == (name and name.text)
