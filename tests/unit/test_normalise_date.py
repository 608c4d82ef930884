from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.decision import TAIPEI
from pipeline.domain.normalise.date import read_date, read_instant

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("1988-06-04", date(1988, 6, 4)),
        ("1988/6/4", date(1988, 6, 4)),
        ("1988.06.04", date(1988, 6, 4)),
        ("19880604", date(1988, 6, 4)),
        ("1988年6月4日", date(1988, 6, 4)),
        ("西元1988年6月4日", date(1988, 6, 4)),
        ("1988-06-04T00:00:00", date(1988, 6, 4)),
        ("1988-06-04 00:00", date(1988, 6, 4)),
        ("1988-06-03T16:00:00Z", date(1988, 6, 4)),
        ("77/6/4", date(1988, 6, 4)),
        ("77.06.04", date(1988, 6, 4)),
        ("77-6-4", date(1988, 6, 4)),
        ("77 6 4", date(1988, 6, 4)),
        ("0770604", date(1988, 6, 4)),
        ("770604", date(1988, 6, 4)),
        ("民國77年6月4日", date(1988, 6, 4)),
        ("民國 77 年 6 月 4 日生", date(1988, 6, 4)),
        ("中華民國七十七年六月四日", date(1988, 6, 4)),
        ("民77.6.4", date(1988, 6, 4)),
        ("R.O.C. 77/6/4", date(1988, 6, 4)),
        ("７７年６月４日", date(1988, 6, 4)),
        ("民國元年1月1日", date(1912, 1, 1)),
        ("民前5年3月2日", date(1907, 3, 2)),
        ("113/5/6", date(2024, 5, 6)),
        ("1130506", date(2024, 5, 6)),
        ("113年5月6日", date(2024, 5, 6)),
        ("一一三年五月六日", date(2024, 5, 6)),
        ("99年9月22日", date(2010, 9, 22)),
        ("81.1.11", date(1992, 1, 11)),
        ("113/2/29", date(2024, 2, 29)),
        ("115/3/2", TODAY),
    ],
)
def test_a_birth_date_is_read_in_every_spelling(written: str, day: date) -> None:
    assert read_date(written, TODAY) == (day, False)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("民國1988年6月4日", date(1988, 6, 4)),
        ("西元77年6月4日", date(1988, 6, 4)),
        ("0077-06-04", date(1988, 6, 4)),
        ("3899/6/4", date(1988, 6, 4)),
        ("13/6/1988", date(1988, 6, 13)),
    ],
)
def test_of_two_readings_the_plausible_one_is_taken_and_noted(written: str, day: date) -> None:
    assert read_date(written, TODAY) == (day, True)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "不詳",
        "77年",
        "113/2/30",
        "112/2/29",
        "1988-13-01",
        "115/3/3",
        "2026-03-03",
        "9999-12-31",
        "1850-01-01",
        "0",
        "150/1/1",
        "民國元年",
        "民前99年1月1日",
        "4/6/1988",
        "西元1月",
        "民國 ",
        "1988-06-04T99:99:00",
        "999999999999",
        "0/0/0",
    ],
)
def test_a_date_that_nobody_can_read_or_that_is_still_to_come_is_none(written: str) -> None:
    assert read_date(written, TODAY).date is None


@given(st.text() | st.text("0123456789/-.年月日民國前元一二十 TZ:", max_size=20), st.dates(date(1990, 1, 1)))
def test_any_text_gives_a_day_of_a_living_person_or_none(written: str, today: date) -> None:
    day = read_date(written, today).date
    assert day is None or (day <= today and today.year - day.year <= 130)


@given(st.dates(date(1912, 1, 1), TODAY))
def test_a_date_is_the_same_in_both_calendars(day: date) -> None:
    year = day.year - 1911
    assert read_date(f"{year}/{day.month}/{day.day}", TODAY).date == day
    assert read_date(f"{year:03}{day:%m%d}", TODAY).date == day
    assert read_date(day.isoformat(), TODAY).date == day


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-03-02T10:00:00+08:00", datetime(2026, 3, 2, 2, tzinfo=UTC)),
        ("2026-03-02T02:00:00Z", datetime(2026, 3, 2, 2, tzinfo=UTC)),
        ("2026-03-02t02:00:00z", datetime(2026, 3, 2, 2, tzinfo=UTC)),
        ("2026-03-02 02:00:00Z", datetime(2026, 3, 2, 2, tzinfo=UTC)),
        ("2026-03-02T02:00Z", datetime(2026, 3, 2, 2, tzinfo=UTC)),
        ("2026-03-02T10:00:00+0800", datetime(2026, 3, 2, 2, tzinfo=UTC)),
        ("2026-03-02T02:00:00.123456789Z", datetime(2026, 3, 2, 2, 0, 0, 123456, tzinfo=UTC)),
        ("2026-03-02T02:00:00.5Z", datetime(2026, 3, 2, 2, 0, 0, 500_000, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_and_told_in_taiwans_offset(written: str, instant: datetime) -> None:
    read = read_instant(written)
    assert (read.instant, read.assumed) == (instant, False)
    assert read.instant is not None
    assert read.instant.utcoffset() == timedelta(hours=8)


@pytest.mark.parametrize("written", ["2026-03-02T10:00:00", "2026-03-02 10:00", "2026-03-02T10:00:00.0"])
def test_without_an_offset_taiwans_is_assumed(written: str) -> None:
    assert read_instant(written) == (datetime(2026, 3, 2, 10, tzinfo=TAIPEI), True)


def test_a_day_alone_is_its_midnight() -> None:
    assert read_instant("2026-03-02") == (datetime(2026, 3, 2, tzinfo=TAIPEI), True)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "yesterday",
        "9999-12-31T23:59:59Z",
        "9998-01-01T00:00:00Z",
        "1899-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-03-02T24:00:00Z",
        "2026-03-02T10:00:61Z",
        "2026-03-02T10:00:00+99:00",
        "2026-W10-1",
        "20260302T100000Z",
        "1772416800",
    ],
)
def test_an_instant_that_is_none_or_that_no_clock_can_bear_is_none(written: str) -> None:
    assert read_instant(written).instant is None


@given(st.text() | st.from_regex(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)?", fullmatch=True))
def test_every_instant_can_bear_four_hundred_days_and_is_read_the_same_way_twice(written: str) -> None:
    instant = read_instant(written).instant
    if instant is not None:
        assert instant + timedelta(days=400) > instant
        assert read_instant(instant.isoformat()) == (instant, False)
