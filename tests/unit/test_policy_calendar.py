"""Deadlines at the edges: midnight in Taipei, the ends of months and years, New Year's days off, days that are worked
for them, leap seconds, and clocks that a person has stopped.
"""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telling import NOON, POLICY, incident, told

from pipeline.adapters.workdays import days_off
from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.policy import Length
from pipeline.contracts.report_examples import EXAMPLES
from pipeline.data import table
from pipeline.domain.clocks import start_clocks
from pipeline.domain.directory import load_directory
from pipeline.domain.normalise.reading import Reading, read_event
from pipeline.domain.policy.book import Activation, PolicyBook
from pipeline.domain.policy.calendar import Pause, WorkCalendar, due, is_not_shorter
from pipeline.domain.policy.policy import Policy
from pipeline.domain.policy.reading import read_policy, shipped_text

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CALENDAR = POLICY.calendar


def at(text: str) -> datetime:
    """A time in Taipei, such as 2026-02-13T09:30."""
    return datetime.fromisoformat(text).replace(tzinfo=TAIPEI)


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [
        ("2026-02-13T09:30", 1, "2026-02-23T09:30"),  # Friday before New Year's week, which is off as a whole
        ("2026-02-13T09:30", 4, "2026-02-26T09:30"),
        ("2026-02-13T09:30", 5, "2026-03-02T09:30"),  # Friday 27 February stands in for Saturday 28
        ("2026-02-18T09:30", 1, "2026-02-23T09:30"),  # began on a day off
        ("2025-02-07T23:59", 1, "2025-02-08T23:59"),  # a Saturday that was worked for a bridge day
        ("2024-02-16T00:00", 1, "2024-02-17T00:00"),
        ("2026-12-31T12:00", 1, "2027-01-04T12:00"),
        ("2027-12-30T12:00", 1, "2028-01-03T12:00"),  # 1 January 2028 is a Saturday: the Friday before is off
        ("2028-02-25T12:00", 1, "2028-02-29T12:00"),  # Monday 28 is off, and there is a 29th
        ("2026-04-30T12:00", 1, "2026-05-04T12:00"),  # Labour Day
    ],
)
def test_working_days_pass_over_taiwans_days_off(start: str, days: int, expected: str) -> None:
    assert due(at(start), Length(working_days=days), CALENDAR) == at(expected)


def test_beyond_the_calendars_last_year_only_weekends_are_off_so_that_a_clock_ends_too_early_rather_than_late() -> None:
    last = max(day.year for day in CALENDAR.off)
    friday = next(d for d in (datetime(last + 1, 1, n, tzinfo=TAIPEI) for n in range(1, 8)) if d.weekday() == 4)
    assert due(friday, Length(working_days=1), CALENDAR) == friday + 3 * DAY


def test_the_shipped_calendar_is_that_of_the_library() -> None:
    told_of = POLICY.tables.calendar
    library = days_off([int(year) for year in told_of.off])
    assert {year: list(days) for year, days in told_of.off.items()} == {
        year: [day.strftime("%m-%d") for day in days] for year, days in library.off.items()
    }
    assert {year: list(days) for year, days in told_of.worked.items()} == {
        year: [day.strftime("%m-%d") for day in days] for year, days in library.worked.items()
    }


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        (datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC), Length(calendar_days=1), at("2026-03-02T23:59:59")),
        (datetime(2026, 3, 1, 16, 0, tzinfo=UTC), Length(calendar_days=1), at("2026-03-03T00:00")),
        (at("2026-12-31T23:59"), Length(hours=24), at("2027-01-01T23:59")),
        (at("2028-02-28T10:00"), Length(calendar_days=1), at("2028-02-29T10:00")),
        (at("2026-01-30T10:00"), Length(calendar_days=30), at("2026-03-01T10:00")),
        (datetime(2026, 2, 12, 16, 0, tzinfo=UTC), Length(working_days=1), at("2026-02-23T00:00")),
        (datetime(2026, 2, 12, 15, 59, tzinfo=UTC), Length(working_days=1), at("2026-02-13T23:59")),
    ],
)
def test_days_are_taipeis_and_keep_the_time_of_day(start: datetime, length: Length, expected: datetime) -> None:
    found = due(start, length, CALENDAR)
    assert (found, found.utcoffset()) == (expected, timedelta(hours=8))


def test_summer_time_elsewhere_moves_nothing() -> None:
    summer, winter = timezone(timedelta(hours=-4)), timezone(timedelta(hours=-5))
    instant = at("2026-03-10T09:00")
    assert due(instant.astimezone(summer), Length(calendar_days=2)) == due(
        instant.astimezone(winter), Length(calendar_days=2)
    )


STOPPED_AT, GOES_ON_AT = at("2026-03-03T10:00"), at("2026-03-05T10:00")
PAUSE = Pause(STOPPED_AT, GOES_ON_AT)
START = at("2026-03-02T12:00")


@pytest.mark.parametrize(
    ("length", "pauses", "expected"),
    [
        (Length(hours=24), [PAUSE], "2026-03-05T12:00"),
        (Length(calendar_days=4), [PAUSE], "2026-03-08T12:00"),
        (Length(calendar_days=4), [PAUSE, Pause(at("2026-03-04T10:00"), at("2026-03-06T10:00"))], "2026-03-09T12:00"),
        (Length(calendar_days=4), [PAUSE, PAUSE], "2026-03-08T12:00"),
        (Length(calendar_days=4), [Pause(at("2026-03-01T10:00"), at("2026-03-02T13:00"))], "2026-03-06T13:00"),
        (Length(hours=24), [Pause(at("2026-02-20T10:00"), at("2026-02-21T10:00"))], "2026-03-03T12:00"),
        (Length(hours=24), [Pause(at("2026-03-03T12:00"), at("2026-03-09T12:00"))], "2026-03-03T12:00"),
        (Length(hours=24), [PAUSE, Pause(at("2026-03-05T11:00"), at("2026-03-06T11:00"))], "2026-03-06T12:00"),
        (Length(hours=24), [Pause(GOES_ON_AT, STOPPED_AT)], "2026-03-03T12:00"),
        (Length(working_days=2), [], "2026-03-04T12:00"),
        (Length(working_days=2), [PAUSE], "2026-03-09T12:00"),
        (Length(working_days=2), [Pause(at("2026-03-07T10:00"), at("2026-03-08T10:00"))], "2026-03-04T12:00"),
        (Length(working_days=1), [Pause(at("2026-03-03T12:00"), at("2026-03-03T13:00"))], "2026-03-03T12:00"),
    ],
)
def test_a_clock_that_is_stopped_does_not_run(length: Length, pauses: list[Pause], expected: str) -> None:
    assert due(START, length, CALENDAR, pauses) == at(expected)


LENGTHS = st.one_of(
    st.integers(1, 800).map(lambda n: Length(hours=n)),
    st.integers(1, 60).map(lambda n: Length(calendar_days=n)),
    st.integers(1, 30).map(lambda n: Length(working_days=n)),
)
INSTANTS = st.datetimes(datetime(2025, 12, 1), datetime(2026, 5, 1)).map(lambda d: d.replace(tzinfo=TAIPEI))  # noqa: DTZ001 - given one here
PAUSES = st.lists(st.builds(lambda a, h: Pause(a, a + timedelta(hours=h)), INSTANTS, st.integers(-9, 90)), max_size=3)


@given(INSTANTS, LENGTHS, PAUSES, PAUSES)
def test_one_pause_more_never_brings_a_deadline_forward(
    start: datetime, length: Length, pauses: list[Pause], more: list[Pause]
) -> None:
    assert due(start, length, CALENDAR, [*pauses, *more]) >= due(start, length, CALENDAR, pauses) > start
    assert due(start, length, CALENDAR, [*more, *pauses]) == due(start, length, CALENDAR, [*pauses, *more])


@given(INSTANTS, LENGTHS, LENGTHS)
def test_a_length_that_is_not_shorter_is_never_over_first(start: datetime, one: Length, other: Length) -> None:
    if is_not_shorter(one, other):
        assert due(start, one, CALENDAR) >= due(start, other, CALENDAR)


@given(INSTANTS, st.sets(st.dates(date(2025, 12, 1), date(2026, 8, 1)), max_size=20), st.integers(1, 20))
def test_one_day_off_more_never_brings_a_deadline_forward(start: datetime, off: set[date], days: int) -> None:
    length = Length(working_days=days)
    assert due(start, length, WorkCalendar(frozenset(off))) >= due(start, length, WorkCalendar())


WORKING = read_policy(shipped_text().replace("due = { hours = 24 }", "due = { working_days = 1 }", 1))
FRIDAY_NIGHT, SATURDAY = at("2026-03-06T23:00"), at("2026-03-07T10:00")


def test_of_two_reports_the_one_that_ends_a_working_day_first_rules_in_either_order() -> None:
    friday, saturday = told(clock_start=FRIDAY_NIGHT), told(clock_start=SATURDAY)
    assert start_clocks(WORKING, incident(friday))["dispatch"] == at("2026-03-09T23:00")
    for reports in ((friday, saturday), (saturday, friday)):
        assert start_clocks(WORKING, incident(*reports))["dispatch"] == at("2026-03-09T10:00")


def test_a_leap_second_is_read_as_a_fault_or_an_instant_and_its_clocks_start() -> None:
    event = {**EXAMPLES[0], "data": {**EXAMPLES[0]["data"], "known_at": "2016-12-31T23:59:60Z"}}
    reading = read_event(json.dumps(event).encode(), (), NOON + DAY, load_directory(table("sources.csv")))
    assert isinstance(reading, Reading)
    assert start_clocks(POLICY, incident(reading.facts))["dispatch"] > reading.facts.clock_start


def dated(version: str, effective_from: date, effective_to: date | None = None) -> Policy:
    tables = POLICY.tables.model_copy(
        update={"version": version, "effective_from": effective_from, "effective_to": effective_to}
    )
    return replace(POLICY, tables=tables)


def test_a_policy_is_in_force_from_the_first_midnight_in_taipei_to_the_last() -> None:
    march = dated("march", date(2026, 3, 1), date(2026, 3, 31))
    book = PolicyBook((Activation(at("2026-02-01T00:00"), march),))
    assert book.at(at("2026-02-28T23:59")).version == POLICY.version
    assert book.at(at("2026-03-01T00:00")).version == "march"
    assert book.at(datetime(2026, 2, 28, 16, 0, tzinfo=UTC)).version == "march"
    assert book.at(at("2026-03-31T23:59")).version == "march"
    assert book.at(at("2026-04-01T00:00")).version == POLICY.version


def test_of_activations_with_one_start_the_later_made_counts_and_else_the_later_start() -> None:
    old, new = dated("old", date(2026, 1, 1)), dated("new", date(2026, 1, 1))
    first, second = at("2026-03-01T00:00"), at("2026-03-02T00:00")
    assert PolicyBook((Activation(first, old), Activation(first, new))).at(first).version == "new"
    later_first = PolicyBook((Activation(second, new), Activation(first, old)))
    assert [later_first.at(instant).version for instant in (first, second)] == ["old", "new"]
    assert later_first.at(first - HOUR).version == POLICY.version


def test_where_what_was_activated_last_has_run_out_the_one_before_it_counts() -> None:
    always, march = dated("always", date(2026, 1, 1)), dated("march", date(2026, 3, 1), date(2026, 3, 31))
    book = PolicyBook((Activation(at("2026-01-01T00:00"), always), Activation(at("2026-03-01T00:00"), march)))
    assert [book.at(at(day)).version for day in ("2026-02-01", "2026-03-15", "2026-04-01")] == [
        "always",
        "march",
        "always",
    ]
