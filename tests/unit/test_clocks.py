from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from telling import NOON, POLICY, amended, any_facts, any_incident, born, incident, told

from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.policy import Length
from pipeline.contracts.vocabulary import Category, CrisisFlag, Indicator
from pipeline.domain.clocks import start_clocks
from pipeline.domain.dangers import IncidentView, ReportView
from pipeline.domain.facts import Facts
from pipeline.domain.policy.calendar import WorkCalendar, due

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FRIDAY = datetime(2026, 2, 27, 9, 30, tzinfo=TAIPEI)
GRADE_1 = told(crisis_flags=(CrisisFlag.CHILD_URGENT,))
GRADE_2 = told(Category.CHILD_PROTECTION)
POOR = told(Category.VULNERABLE_FAMILY)

CLOCKS = (
    "dispatch",
    "child_grading",
    "child_visit",
    "child_report",
    "disability_visit",
    "disability_report",
    "family_visit",
    "family_report",
)


def after(view: IncidentView) -> dict[str, timedelta]:
    return {clock: at - NOON for clock, at in start_clocks(POLICY, view).items()}


def again(view: IncidentView, *reports: Facts) -> IncidentView:
    """The same incident with more reports, and the clocks that it has started."""
    return IncidentView((*view.reports, *(ReportView((r,)) for r in reports)), start_clocks(POLICY, view))


def test_every_incident_is_dispatched_within_24_hours() -> None:
    assert after(incident(told())) == {"dispatch": DAY}


def test_a_child_of_grade_1_is_graded_and_visited_in_24_hours_and_reported_on_in_4_days() -> None:
    assert after(incident(GRADE_1)) == {
        "dispatch": DAY,
        "child_grading": DAY,
        "child_visit": DAY,
        "child_report": 4 * DAY,
    }


def test_a_child_of_grade_2_is_graded_in_24_hours_and_reported_on_in_30_days() -> None:
    assert after(incident(GRADE_2)) == {"dispatch": DAY, "child_grading": DAY, "child_report": 30 * DAY}


def test_a_disabled_victim_is_visited_in_24_hours_and_reported_on_in_4_days() -> None:
    assert after(incident(told(Category.DISABILITY_PROTECTION))) == {
        "dispatch": DAY,
        "disability_visit": DAY,
        "disability_report": 4 * DAY,
    }


def test_a_vulnerable_family_is_visited_in_10_days_and_reported_on_in_30() -> None:
    assert after(incident(POOR)) == {
        "dispatch": DAY,
        "family_visit": 10 * DAY,
        "family_report": 30 * DAY,
    }


def test_a_vulnerable_family_in_the_protective_queue_has_no_family_clocks() -> None:
    assert after(incident(told(Category.VULNERABLE_FAMILY, Category.ELDER_PROTECTION))) == {"dispatch": DAY}


def test_a_family_case_without_a_vulnerable_family_has_no_family_clocks() -> None:
    assert after(incident(told(Category.ECONOMIC_HARDSHIP))) == {"dispatch": DAY}


def test_family_clocks_that_have_started_stay_when_the_incident_is_raised() -> None:
    raised = again(incident(POOR), told(crisis_flags=(CrisisFlag.LIFE_THREATENED,)))

    assert after(raised) == {"dispatch": DAY, "family_visit": 10 * DAY, "family_report": 30 * DAY}


def test_clocks_that_have_started_move_with_an_earlier_start_even_where_they_no_longer_apply() -> None:
    raised = again(incident(POOR), replace(GRADE_2, clock_start=NOON - HOUR))

    assert after(raised)["family_visit"] == 10 * DAY - HOUR


def test_a_child_that_rises_to_grade_1_is_reported_on_in_4_days() -> None:
    assert after(again(incident(GRADE_2), GRADE_1))["child_report"] == 4 * DAY


def test_a_grade_that_the_clocks_have_known_stays_when_later_words_would_undo_it() -> None:
    abandoned = incident(told(indicators=(Indicator.ABANDONED,)))
    adult = told(persons=born(date(1980, 1, 1)), clock_start=NOON - HOUR)

    assert after(again(abandoned, adult)) == {
        "dispatch": DAY - HOUR,
        "child_grading": DAY - HOUR,
        "child_visit": DAY - HOUR,
        "child_report": 4 * DAY - HOUR,
    }


def test_a_grade_of_2_that_the_clocks_have_known_stays() -> None:
    known = IncidentView(incident(told()).reports, {"child_report": NOON + 29 * DAY})

    assert after(known)["child_report"] == 29 * DAY
    assert "child_visit" not in after(known)


def test_the_earliest_start_of_all_versions_rules() -> None:
    early = told(clock_start=NOON - 3 * HOUR)

    assert after(amended(early, told()))["dispatch"] == DAY - 3 * HOUR
    assert after(incident(told(), early))["dispatch"] == DAY - 3 * HOUR


def test_a_started_clock_never_moves_later() -> None:
    known = IncidentView(incident(told()).reports, {"dispatch": NOON + HOUR})

    assert after(known)["dispatch"] == HOUR


def test_clocks_are_shown_in_their_order_and_in_taipeis_time() -> None:
    found = start_clocks(POLICY, incident(told(Category.DISABILITY_PROTECTION, Category.CHILD_PROTECTION)))

    assert list(found) == [clock for clock in CLOCKS if clock in found]
    assert len(found) == 5
    assert {at.utcoffset() for at in found.values()} == {timedelta(hours=8)}


def test_every_clock_has_a_row_and_every_row_a_name_of_its_own() -> None:
    rows = POLICY.tables.clock

    assert {row.code for row in rows} == set(CLOCKS)
    assert len({row.name for row in rows}) == len(rows)


def test_calendar_days_keep_the_time_of_day_in_taipei_across_the_end_of_a_month() -> None:
    start = datetime(2024, 2, 26, 16, 30, tzinfo=UTC)

    assert due(start, Length(calendar_days=4)) == datetime(2024, 3, 2, 0, 30, tzinfo=TAIPEI)


def test_hours_are_counted_through_weekends() -> None:
    assert due(FRIDAY, Length(hours=24)) == FRIDAY + DAY


@pytest.mark.parametrize(
    ("days", "calendar", "expected"),
    [
        (1, WorkCalendar(), date(2026, 3, 2)),
        (4, WorkCalendar(), date(2026, 3, 5)),
        (1, WorkCalendar(off=frozenset({date(2026, 3, 2)})), date(2026, 3, 3)),
        (1, WorkCalendar(worked=frozenset({date(2026, 2, 28)})), date(2026, 2, 28)),
    ],
)
def test_working_days_pass_over_weekends_and_holidays_and_count_days_made_up(
    days: int, calendar: WorkCalendar, expected: date
) -> None:
    found = due(FRIDAY, Length(working_days=days), calendar)

    assert (found.date(), found.time()) == (expected, FRIDAY.time())


@pytest.mark.parametrize("unit", ["hours", "calendar_days", "working_days"])
def test_a_clock_runs_at_least_one_of_its_units(unit: str) -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        Length.model_validate({unit: 0})


@given(any_incident(), st.lists(any_facts(), max_size=3))
def test_reports_that_follow_never_stop_a_clock_nor_move_it_later(view: IncidentView, more: list[Facts]) -> None:
    before = start_clocks(POLICY, view)
    found = start_clocks(POLICY, again(view, *more))

    assert all(found[clock] <= at for clock, at in before.items())
    assert start_clocks(POLICY, again(view)) == before
