import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.normalise.phone import LineKind, PhoneAgreement, compare_phones, read_lines, read_phone

FIRST, SECOND = "0918999005", "0933123456"


@pytest.mark.parametrize(
    "written",
    [
        "0918-999-005 / 0933 123 456",
        "0918999005、0933123456",
        "0918999005/0933123456",
        "0918999005 0933123456",
        "0918999005或0933123456",
        "0918999005(母) 0933123456(父)",
        "媽媽0918-999-005，爸爸：+886-933-123-456",
    ],
)
def test_several_telephones_of_one_text_are_told_apart(written: str) -> None:
    assert [line.number for line in read_lines(written)] == [FIRST, SECOND]


@pytest.mark.parametrize(
    ("written", "number", "kind", "extension"),
    [
        ("0918-999-005", FIRST, "mobile", None),
        ("0918999005媽媽", FIRST, "mobile", None),
        ("(04)2228-9111轉38800", "0422289111", "landline", "38800"),
        ("04-2228-9111#12", "0422289111", "landline", "12"),
        ("+81 3 1234 5678", "+81312345678", "foreign", None),
        ("2228-9111", "22289111", "local", None),
        ("0918***005", "0918***005", "masked", None),
        ("0918-xxx-005", "0918***005", "masked", None),
        ("0918-999-05", "091899905", "broken", None),
        ("113", "113", "service", None),
        ("0800-000-113", "0800000113", "service", None),
    ],
)
def test_a_telephone_is_known_by_its_kind(written: str, number: str, kind: str, extension: str | None) -> None:
    (line,) = read_lines(written)
    assert (line.number, line.kind, line.extension) == (number, LineKind(kind), extension)


@pytest.mark.parametrize("written", ["0900000000", "0912345678", "0222222222", "113", "110", "0800000113"])
def test_fillers_and_services_say_nothing(written: str) -> None:
    (line,) = read_lines(written)
    assert line.says_nothing
    assert compare_phones((line,), (line,)) is PhoneAgreement.UNKNOWN


@pytest.mark.parametrize("written", ["", "無", "不詳", "同上"])
def test_no_telephone_is_none(written: str) -> None:
    assert read_lines(written) == ()


@pytest.mark.parametrize(
    ("ours", "theirs", "agreement"),
    [
        ("0918-999-005", "+886918999005", "equal"),
        ("0933123456、0918-999-005", "0918999005", "equal"),
        ("04-22289111#12", "04-22289111", "equal"),
        ("04-22289111#12", "04-22289111#13", "extension_differs"),
        ("04-22289111", "2228-9111", "local_fits"),
        ("04-22289111", "2228-9112", "different"),
        ("0918-999-005", "0918***005", "mask_fits"),
        ("0918-999-005", "0919***005", "different"),
        ("0918-999-005", "0918-999-006", "one_digit_off"),
        ("0918-999-005", "0918-999-050", "one_digit_off"),
        ("0918-999-005", "0918-999-05", "one_digit_off"),
        ("0918-999-005", "0933-123-456", "different"),
        ("0918-999-005", "無", "unknown"),
    ],
)
def test_telephones_agree_as_far_as_they_do(ours: str, theirs: str, agreement: str) -> None:
    a, b = read_lines(ours), read_lines(theirs)
    assert compare_phones(a, b) is compare_phones(b, a) is PhoneAgreement(agreement)


@given(st.text() | st.text("0123456789+-() #轉/、*x母", max_size=30))
def test_any_text_gives_a_few_telephones_the_one_of_read_phone_among_them(written: str) -> None:
    lines = read_lines(written)
    assert len(lines) <= 8
    number = read_phone(written)
    assert number is None or number in {line.number for line in lines}
    whole = [line for line in lines if line.kind in (LineKind.MOBILE, LineKind.LANDLINE)]
    assert all(read_lines(line.number)[0].number == line.number for line in whole)
