import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.normalise.phone import read_phone


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("0912-345-678", "0912345678"),
        ("0912 345 678", "0912345678"),
        ("０９１２３４５６７８", "0912345678"),
        ("+886912345678", "0912345678"),
        ("+886-912-345678", "0912345678"),
        ("+886 (0)912345678", "0912345678"),
        ("886912345678", "0912345678"),
        ("00886912345678", "0912345678"),
        ("912345678", "0912345678"),
        ("手機：0912-345-678", "0912345678"),
        ("04-2228-9111#38800", "0422289111"),
        ("(04)2228-9111轉38800", "0422289111"),
        ("02 2345 6789 ext. 12", "0223456789"),
        ("04-722-2151", "047222151"),
        ("037-320049", "037320049"),
        ("049-2222106", "0492222106"),
        ("089-326141", "089326141"),
        ("082-318823", "082318823"),
        ("0836-25131", "083625131"),
        ("+81 3 1234 5678", "+81312345678"),
    ],
)
def test_a_phone_is_read_in_every_spelling(written: str, number: str) -> None:
    assert read_phone(written) == number


@pytest.mark.parametrize(
    "written", ["", "113", "2345-6789", "0912-345-67", "0912-345-6789", "無", "0900000000", "01-2345678"]
)
def test_what_names_no_line_is_left_out(written: str) -> None:
    assert read_phone(written) is None


@given(st.text() | st.text("0123456789+-() #轉", max_size=20))
def test_any_text_is_read_the_same_way_twice(written: str) -> None:
    phone = read_phone(written)
    assert phone is None or read_phone(phone) == phone
