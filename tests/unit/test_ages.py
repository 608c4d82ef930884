from datetime import UTC, date, datetime

import pytest
from telling import NOON, born, told

from pipeline.contracts.vocabulary import Indicator, Role
from pipeline.domain.ages import Ages, ages_of, years_old, youngest_years
from pipeline.domain.facts import Facts, Person

DAY = date(2026, 3, 2)
SIX_TODAY = date(2020, 3, 2)
SIX_TOMORROW = date(2020, 3, 3)
EIGHTEEN_TODAY = date(2008, 3, 2)
EIGHTEEN_TOMORROW = date(2008, 3, 3)
ADULT = date(1980, 1, 1)
UNKNOWN = Ages(None, None, adults_only=False)


def ages(*versions: Facts) -> Ages:
    return ages_of([versions])


@pytest.mark.parametrize(
    ("birth", "day", "years"),
    [
        (SIX_TODAY, DAY, 6),
        (SIX_TOMORROW, DAY, 5),
        (DAY, DAY, 0),
        (date(2020, 2, 29), date(2026, 2, 28), 5),
        (date(2020, 2, 29), date(2026, 3, 1), 6),
        (date(2020, 2, 29), date(2024, 2, 28), 3),
        (date(2020, 2, 29), date(2024, 2, 29), 4),
    ],
)
def test_a_year_is_full_on_the_birthday_and_29_february_turns_on_1_march(birth: date, day: date, years: int) -> None:
    assert years_old(birth, day) == years


def test_a_child_is_small_until_the_day_before_the_sixth_birthday() -> None:
    assert ages(told(persons=born(SIX_TOMORROW))).under_6 == "persons[0].birth_date"
    assert ages(told(persons=born(SIX_TODAY))) == Ages(None, "persons[0].birth_date", adults_only=False)


def test_a_victim_is_a_minor_until_the_day_before_the_eighteenth_birthday() -> None:
    assert ages(told(persons=born(EIGHTEEN_TOMORROW))).under_18 == "persons[0].birth_date"
    assert ages(told(persons=born(EIGHTEEN_TODAY))) == Ages(None, None, adults_only=True)


def test_the_day_is_taipeis_and_not_that_of_utc() -> None:
    before_midnight = datetime(2026, 3, 1, 15, 59, tzinfo=UTC)
    midnight = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)

    assert ages(told(persons=born(SIX_TODAY), occurred_at=before_midnight)).under_6
    assert not ages(told(persons=born(SIX_TODAY), occurred_at=midnight)).under_6


def test_the_earliest_occurrence_of_any_version_sets_the_day() -> None:
    early = datetime(2026, 2, 1, tzinfo=UTC)

    assert ages(told(persons=born(SIX_TODAY), occurred_at=NOON), told(occurred_at=early)).under_6


def test_an_occurrence_sets_the_day_even_where_another_report_was_received_earlier() -> None:
    earlier = told(received_at=datetime(2026, 2, 1, tzinfo=UTC))

    assert not ages(earlier, told(persons=born(SIX_TODAY), occurred_at=NOON)).under_6


def test_the_earliest_receipt_sets_the_day_where_no_version_says_when_it_occurred() -> None:
    early = datetime(2026, 2, 1, tzinfo=UTC)

    assert ages(told(persons=born(SIX_TODAY)), told(received_at=early)).under_6


def test_the_youngest_birth_date_of_any_version_counts_and_names_its_field() -> None:
    corrected = told(persons=born(None, ADULT))

    assert ages(told(persons=born(ADULT, SIX_TOMORROW)), corrected).under_6 == "persons[1].birth_date"


def test_a_birth_after_the_day_of_the_happening_counts_as_missing() -> None:
    assert ages(told(persons=born(date(2026, 3, 3)))) == UNKNOWN
    assert ages(told(persons=born(date(2026, 3, 3), ADULT))).adults_only


def test_only_victims_ages_are_looked_at() -> None:
    assert ages(told(persons=(Person(0, Role.CHILD_WITNESS, birth_date=SIX_TOMORROW),))) == UNKNOWN


def test_the_indicator_stands_in_where_no_victims_birth_date_can_be_read() -> None:
    facts = told(indicators=("seen_crying", Indicator.AGE_UNDER_6))

    assert ages(facts) == Ages("indicators[1]", "indicators[1]", adults_only=False)


def test_the_indicator_is_passed_over_where_a_victims_birth_date_can_be_read() -> None:
    assert ages(told(indicators=(Indicator.AGE_UNDER_6,)), told(persons=born(ADULT))).adults_only


def test_each_incident_is_judged_at_its_own_day_and_by_its_own_birth_dates() -> None:
    adult = (told(persons=born(ADULT)),)
    small = (told(indicators=(Indicator.AGE_UNDER_6,)),)
    last_year = (told(persons=born(SIX_TODAY), occurred_at=datetime(2025, 3, 1, tzinfo=UTC)),)

    assert ages_of([adult, small]) == Ages("indicators[0]", "indicators[0]", adults_only=False)
    assert ages_of([(told(persons=born(SIX_TODAY)),), last_year]).under_6 == "persons[0].birth_date"
    assert ages_of([adult, adult]).adults_only


def test_the_age_of_the_youngest_victim_is_known_where_a_birth_date_can_be_read() -> None:
    assert youngest_years((told(persons=born(ADULT, SIX_TOMORROW)), told())) == 5
    assert youngest_years((told(persons=born(None, date(2026, 3, 3))),)) is None
