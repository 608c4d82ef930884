import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.normalise.identity import read_national_id


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("A123456789", "A123456789"),
        ("a123456789", "A123456789"),
        ("Ａ１２３４５６７８９", "A123456789"),
        (" A 1234-56789 ", "A123456789"),
        ("A\u200b123456789", "A123456789"),
        ("A234567893", "A234567893"),
        ("A823456783", "A823456783"),
        ("HD12345678", "HD12345678"),
        ("hd12345678", "HD12345678"),
    ],
)
def test_an_identity_number_is_read_in_every_spelling(written: str, number: str) -> None:
    assert read_national_id(written) == number


@pytest.mark.parametrize(
    "written",
    [
        "",
        "A123456788",
        "A12345678",
        "A1234567890",
        "A323456789",
        "HE12345678",
        "1123456789",
        "不詳",
        "Z596839485",
        "Á123456789",
    ],
)
def test_a_number_of_the_wrong_form_or_checksum_is_not_believed(written: str) -> None:
    assert read_national_id(written) is None


@given(st.from_regex(r"[A-Z][1289]\d{7}", fullmatch=True))
def test_exactly_one_check_digit_of_ten_holds(start: str) -> None:
    ascii_start = start.translate({ord(c): str(int(c)) for c in start if c.isdigit()})
    assert sum(read_national_id(f"{ascii_start}{digit}") is not None for digit in range(10)) == 1


@given(st.text())
def test_any_text_is_read_the_same_way_twice(written: str) -> None:
    number = read_national_id(written)
    assert number is None or read_national_id(number) == number
