"""When centres are open, in Taipei's time."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.decision import TAIPEI
from pipeline.domain.opening import ALWAYS, DAYS, read_hours

OFFICE = read_hours("Mon-Fri 08:30-12:00 13:00-17:30; Sat 09:00-12:00")
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(lambda at: at.replace(tzinfo=TAIPEI))  # noqa: DTZ001 - placed in Taipei


def taipei(day: int, hour: int, minute: int = 0) -> datetime:
    """March 2026; the second is a Monday."""
    return datetime(2026, 3, day, hour, minute, tzinfo=TAIPEI)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        (taipei(2, 8, 29), False),
        (taipei(2, 8, 30), True),
        (taipei(2, 11, 59), True),
        (taipei(2, 12), False),
        (taipei(2, 13), True),
        (taipei(6, 17, 29), True),
        (taipei(6, 17, 30), False),
        (taipei(7, 9), True),
        (taipei(7, 13), False),
        (taipei(8, 10), False),
        (datetime(2026, 3, 2, 0, 30, tzinfo=UTC), True),
        (datetime(2026, 3, 1, 23, 59, tzinfo=UTC), False),
    ],
)
def test_a_centre_is_open_from_the_first_minute_of_a_span_to_before_its_last(at: datetime, *, is_open: bool) -> None:
    assert OFFICE.is_open(at) is is_open


def test_a_closed_centre_says_when_it_opens_next() -> None:
    assert OFFICE.opens(taipei(7, 12)) == taipei(9, 8, 30)
    assert OFFICE.opens(taipei(2, 12)) == taipei(2, 13)
    assert OFFICE.opens(taipei(2, 9)) == taipei(2, 9)
    assert OFFICE.opens(datetime(2026, 12, 31, 23, tzinfo=TAIPEI)) == datetime(2027, 1, 1, 8, 30, tzinfo=TAIPEI)


def test_on_a_closed_day_only_a_centre_that_never_closes_is_open() -> None:
    holiday = {date(2026, 3, 2)}
    assert not OFFICE.is_open(taipei(2, 10), holiday)
    assert OFFICE.opens(taipei(2, 10), holiday) == taipei(3, 8, 30)
    assert ALWAYS.is_open(taipei(2, 10), holiday)
    assert read_hours(" 24h ") == ALWAYS


def test_one_that_is_closed_for_years_never_opens() -> None:
    days = {date(2026, 1, 1) + timedelta(days=n) for n in range(1000)}
    assert OFFICE.opens(taipei(2, 10), days) is None


def test_a_span_may_end_at_midnight() -> None:
    night = read_hours("Sun 22:00-24:00; Mon 00:00-06:00")
    assert night.is_open(taipei(1, 23, 59))
    assert night.is_open(taipei(2, 0))
    assert not night.is_open(taipei(2, 6))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "hours are 24h, or days"),
        ("Mon-Fri", "hours are 24h, or days"),
        ("Mon-Fri 08:30-17:30;", "hours are 24h, or days"),
        ("Mo 08:30-17:30", "'Mo' is no day"),
        ("Mon-Fry 08:30-17:30", "'Mon-Fry' is no day"),
        ("Fri-Mon 08:30-17:30", "Fri-Mon goes backwards"),
        ("Mon 8:30-17:30", "'8:30-17:30' is no span"),
        ("Mon 17:30-08:30", "17:30-08:30 does not lie within one day"),
        ("Mon 08:60-17:30", "08:60-17:30 does not lie within one day"),
        ("Mon 08:30-24:01", "08:30-24:01 does not lie within one day"),
        ("Mon 08:30-12:00 11:00-13:00", "overlap"),
        ("Mon-Tue 08:30-12:00; Tue 11:00-13:00", "overlap"),
    ],
)
def test_hours_that_nobody_could_mean_are_refused_with_their_cause(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_hours(text)


@given(at=MOMENTS, day=st.sampled_from(DAYS), hour=st.integers(0, 23))
def test_whatever_opens_is_open_at_the_moment_that_it_names_and_not_before(at: datetime, day: str, hour: int) -> None:
    hours = read_hours(f"{day} {hour:02}:00-{hour:02}:59")
    opens = hours.opens(at)
    assert opens is not None
    assert opens >= at
    assert hours.is_open(opens)
    if opens > at:
        assert not hours.is_open(at)
        assert not hours.is_open(opens - timedelta(minutes=1))
