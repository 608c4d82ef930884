from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.normalise.birth import Birth, read_birth
from pipeline.domain.normalise.birth_agreement import BirthAgreement, compare_births
from pipeline.domain.normalise.date import read_date

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("國曆77年6月4日", date(1988, 6, 4)),
        ("七十七年六月廿四日", date(1988, 6, 24)),
        ("4 JUN 1988", date(1988, 6, 4)),
        ("04-Jun-1988", date(1988, 6, 4)),
        ("June 4, 1988", date(1988, 6, 4)),
    ],
)
def test_a_birth_date_is_read_in_further_spellings(written: str, day: date) -> None:
    assert read_date(written, TODAY) == (day, False)


@pytest.mark.parametrize(
    ("written", "birth"),
    [
        ("民國77年6月4日", Birth(1988, 6, 4)),
        ("088/05/06", Birth(1999, 5, 6)),
        ("88.5.6", Birth(1999, 5, 6, alternatives=(date(1988, 5, 6),))),
        ("880506", Birth(1999, 5, 6, alternatives=(date(1988, 5, 6),))),
        ("4/6/1988", Birth(1988, doubtful=True, alternatives=(date(1988, 4, 6), date(1988, 6, 4)))),
        ("1988-13-01", Birth(1988, doubtful=True, alternatives=(date(1988, 1, 13),))),
        ("民前5年", Birth(1907)),
        ("77年", Birth(1988)),
        ("77年次", Birth(1988)),
        ("1988", Birth(1988)),
        ("77年X月X日", Birth(1988)),
        ("77/00/00", Birth(1988)),
        ("19880000", Birth(1988)),
        ("77年6月", Birth(1988, 6)),
        ("77/6", Birth(1988, 6)),
        ("1988-06", Birth(1988, 6)),
        ("770600", Birth(1988, 6)),
        ("民國77年6月不詳", Birth(1988, 6)),
        ("113/2/30", Birth(2024, 2)),
        ("約35歲", Birth(1991, about=True)),
        ("農曆77年6月4日", Birth(1988, doubtful=True, about=True)),
    ],
)
def test_as_much_of_a_birth_date_is_read_as_is_told(written: str, birth: Birth) -> None:
    assert read_birth(written, TODAY) == birth


@pytest.mark.parametrize(
    "written",
    [
        "",
        "不詳",
        "000/00/00",
        "0",
        "99/99/99",
        "9999-99-99",
        "35",
        "12/5",
        "115年12月",
        "150歲",
        "民國",
        "1850年",
        "32/32/2099",
    ],
)
def test_what_tells_no_birth_date_is_none(written: str) -> None:
    assert read_birth(written, TODAY) is None


def test_the_first_day_of_a_calendar_is_known_as_a_filler() -> None:
    assert Birth(1912, 1, 1).is_filler
    assert not Birth(1988, 6, 4).is_filler


@pytest.mark.parametrize(
    ("one", "other", "agreement"),
    [
        ("77/6/4", "1988-06-04", "equal"),
        ("88/5/6", "1988-05-06", "alternative"),
        ("4/6/1988", "1988-06-04", "alternative"),
        ("1999-05-06", "1999-06-05", "swapped"),
        ("1999-05-06", "1988-05-06", "era_off"),
        ("1999-05-06", "1999-05-16", "one_digit_off"),
        ("1999-05-12", "1999-05-21", "one_digit_off"),
        ("2000-05-06", "1999-05-06", "one_digit_off"),
        ("2011-05-06", "2010-05-06", "one_digit_off"),
        ("2010-05-06", "2009-05-06", "one_digit_off"),
        ("1999-05-06", "88年5月", "month_equal"),
        ("1999-05-06", "88年6月", "different"),
        ("1999-05-06", "88年", "year_equal"),
        ("1999-05-06", "約25歲", "year_near"),
        ("1999-05-06", "約45歲", "different"),
        ("1999-05-06", "70年", "different"),
        ("1990-12-31", "1970-02-03", "different"),
        ("不詳", "1970-02-03", "unknown"),
    ],
)
def test_birth_dates_agree_as_far_as_they_do(one: str, other: str, agreement: str) -> None:
    a, b = read_birth(one, TODAY), read_birth(other, TODAY)
    assert compare_births(a, b) is compare_births(b, a) is BirthAgreement(agreement)


def test_one_year_beside_is_near_where_a_decade_turns_in_both_calendars() -> None:
    assert compare_births(Birth(2009, 5, 6), Birth(2010, 5, 6)) is BirthAgreement.ONE_DIGIT_OFF
    assert compare_births(Birth(2010, 5, 6), Birth(2011, 5, 6)) is BirthAgreement.ONE_DIGIT_OFF


@given(st.text() | st.text("0123456789/-.年月日民國前元一二十約歲農曆X ", max_size=14), st.dates(date(1990, 1, 1)))
def test_any_text_gives_a_birth_of_a_living_person_or_none(written: str, today: date) -> None:
    birth = read_birth(written, today)
    if birth:
        assert birth.year is None or today.year - 131 <= birth.year <= today.year
        assert birth.date == (read_date(written, today).date)
        assert all(day <= today for day in birth.alternatives)


@given(st.dates(date(1912, 1, 1), TODAY))
def test_a_whole_day_is_read_as_itself(day: date) -> None:
    birth = read_birth(day.isoformat(), TODAY)
    assert birth is not None
    assert birth.date == day
    assert (
        compare_births(birth, read_birth(f"民國{day.year - 1911}年{day.month}月{day.day}日", TODAY))
        is BirthAgreement.EQUAL
    )
