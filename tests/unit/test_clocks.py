from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telling import NOON, amended, any_facts, any_incident, born, incident, told

from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.vocabulary import Category, Clock, CrisisFlag, Indicator
from pipeline.domain.clocks import CLOCK_ROWS, Length, Unit, WorkCalendar, due, start_clocks
from pipeline.domain.dangers import IncidentView, ReportView
from pipeline.domain.facts import Facts

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FRIDAY = datetime(2026, 2, 27, 9, 30, tzinfo=TAIPEI)
GRADE_1 = told(crisis_flags=(CrisisFlag.CHILD_URGENT,))
GRADE_2 = told(Category.CHILD_PROTECTION)
POOR = told(Category.VULNERABLE_FAMILY)


def after(view: IncidentView) -> dict[Clock, timedelta]:
    return {clock: at - NOON for clock, at in start_clocks(view).items()}


def again(view: IncidentView, *reports: Facts) -> IncidentView:
    """The same incident with more reports, and the clocks that it has started."""
    return IncidentView((*view.reports, *(ReportView((r,)) for r in reports)), start_clocks(view))


def test_every_incident_is_dispatched_within_24_hours() -> None:
    assert after(incident(told())) == {Clock.DISPATCH: DAY}


def test_a_child_of_grade_1_is_graded_and_visited_in_24_hours_and_reported_on_in_4_days() -> None:
    assert after(incident(GRADE_1)) == {
        Clock.DISPATCH: DAY,
        Clock.CHILD_GRADING: DAY,
        Clock.CHILD_VISIT: DAY,
        Clock.CHILD_REPORT: 4 * DAY,
    }


def test_a_child_of_grade_2_is_graded_in_24_hours_and_reported_on_in_30_days() -> None:
    assert after(incident(GRADE_2)) == {Clock.DISPATCH: DAY, Clock.CHILD_GRADING: DAY, Clock.CHILD_REPORT: 30 * DAY}


def test_a_disabled_victim_is_visited_in_24_hours_and_reported_on_in_4_days() -> None:
    assert after(incident(told(Category.DISABILITY_PROTECTION))) == {
        Clock.DISPATCH: DAY,
        Clock.DISABILITY_VISIT: DAY,
        Clock.DISABILITY_REPORT: 4 * DAY,
    }


def test_a_vulnerable_family_is_visited_in_10_days_and_reported_on_in_30() -> None:
    assert after(incident(POOR)) == {
        Clock.DISPATCH: DAY,
        Clock.FAMILY_VISIT: 10 * DAY,
        Clock.FAMILY_REPORT: 30 * DAY,
    }


def test_a_vulnerable_family_in_the_protective_queue_has_no_family_clocks() -> None:
    assert after(incident(told(Category.VULNERABLE_FAMILY, Category.ELDER_PROTECTION))) == {Clock.DISPATCH: DAY}


def test_a_family_case_without_a_vulnerable_family_has_no_family_clocks() -> None:
    assert after(incident(told(Category.ECONOMIC_HARDSHIP))) == {Clock.DISPATCH: DAY}


def test_family_clocks_that_have_started_stay_when_the_incident_is_raised() -> None:
    raised = again(incident(POOR), told(crisis_flags=(CrisisFlag.LIFE_THREATENED,)))

    assert after(raised) == {Clock.DISPATCH: DAY, Clock.FAMILY_VISIT: 10 * DAY, Clock.FAMILY_REPORT: 30 * DAY}


def test_clocks_that_have_started_move_with_an_earlier_start_even_where_they_no_longer_apply() -> None:
    raised = again(incident(POOR), replace(GRADE_2, clock_start=NOON - HOUR))

    assert after(raised)[Clock.FAMILY_VISIT] == 10 * DAY - HOUR


def test_a_child_that_rises_to_grade_1_is_reported_on_in_4_days() -> None:
    assert after(again(incident(GRADE_2), GRADE_1))[Clock.CHILD_REPORT] == 4 * DAY


def test_a_grade_that_the_clocks_have_known_stays_when_later_words_would_undo_it() -> None:
    abandoned = incident(told(indicators=(Indicator.ABANDONED,)))
    adult = told(persons=born(date(1980, 1, 1)), clock_start=NOON - HOUR)

    assert after(again(abandoned, adult)) == {
        Clock.DISPATCH: DAY - HOUR,
        Clock.CHILD_GRADING: DAY - HOUR,
        Clock.CHILD_VISIT: DAY - HOUR,
        Clock.CHILD_REPORT: 4 * DAY - HOUR,
    }


def test_a_grade_of_2_that_the_clocks_have_known_stays() -> None:
    known = IncidentView(incident(told()).reports, {Clock.CHILD_REPORT: NOON + 29 * DAY})

    assert after(known)[Clock.CHILD_REPORT] == 29 * DAY
    assert Clock.CHILD_VISIT not in after(known)


def test_the_earliest_start_of_all_versions_rules() -> None:
    early = told(clock_start=NOON - 3 * HOUR)

    assert after(amended(early, told()))[Clock.DISPATCH] == DAY - 3 * HOUR
    assert after(incident(told(), early))[Clock.DISPATCH] == DAY - 3 * HOUR


def test_a_started_clock_never_moves_later() -> None:
    known = IncidentView(incident(told()).reports, {Clock.DISPATCH: NOON + HOUR})

    assert after(known)[Clock.DISPATCH] == HOUR


def test_clocks_are_shown_in_their_order_and_in_taipeis_time() -> None:
    found = start_clocks(incident(told(Category.DISABILITY_PROTECTION, Category.CHILD_PROTECTION)))

    assert list(found) == [clock for clock in Clock if clock in found]
    assert {at.utcoffset() for at in found.values()} == {timedelta(hours=8)}


def test_every_clock_has_a_row_and_every_row_a_name_of_its_own() -> None:
    assert {row.clock for row in CLOCK_ROWS} == set(Clock)
    assert len({row.name for row in CLOCK_ROWS}) == len(CLOCK_ROWS)


def test_calendar_days_keep_the_time_of_day_in_taipei_across_the_end_of_a_month() -> None:
    start = datetime(2024, 2, 26, 16, 30, tzinfo=UTC)

    assert due(start, Length(4, Unit.CALENDAR_DAYS)) == datetime(2024, 3, 2, 0, 30, tzinfo=TAIPEI)


def test_hours_are_counted_through_weekends() -> None:
    assert due(FRIDAY, Length(24, Unit.HOURS)) == FRIDAY + DAY


@pytest.mark.parametrize(
    ("days", "calendar", "expected"),
    [
        (1, WorkCalendar(), date(2026, 3, 2)),
        (4, WorkCalendar(), date(2026, 3, 5)),
        (1, WorkCalendar(holidays=frozenset({date(2026, 3, 2)})), date(2026, 3, 3)),
        (1, WorkCalendar(made_up=frozenset({date(2026, 2, 28)})), date(2026, 2, 28)),
        (0, WorkCalendar(), date(2026, 2, 27)),
    ],
)
def test_working_days_pass_over_weekends_and_holidays_and_count_days_made_up(
    days: int, calendar: WorkCalendar, expected: date
) -> None:
    found = due(FRIDAY, Length(days, Unit.WORKING_DAYS), calendar)

    assert (found.date(), found.time()) == (expected, FRIDAY.time())


@given(any_incident(), st.lists(any_facts(), max_size=3))
def test_reports_that_follow_never_stop_a_clock_nor_move_it_later(view: IncidentView, more: list[Facts]) -> None:
    before = start_clocks(view)
    found = start_clocks(again(view, *more))

    assert all(found[clock] <= at for clock, at in before.items())
    assert start_clocks(again(view)) == before
