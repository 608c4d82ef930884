from datetime import UTC, date, datetime

import pytest
from telling import NOON, POLICY, born, incident, told

from pipeline.contracts.policy_conditions import AllVictimsFrom, Condition, VictimBelow
from pipeline.contracts.vocabulary import Indicator, Role
from pipeline.domain.ages import Age, Ages, ages_of, years_old, youngest_years
from pipeline.domain.dangers import gather
from pipeline.domain.facts import Facts, Person
from pipeline.domain.policy.conditions import Paths, Situation, made_ready

DAY = date(2026, 3, 2)
SIX_TODAY = date(2020, 3, 2)
SIX_TOMORROW = date(2020, 3, 3)
EIGHTEEN_TODAY = date(2008, 3, 2)
EIGHTEEN_TOMORROW = date(2008, 3, 3)
ADULT = date(1980, 1, 1)
UNKNOWN = Ages()


def ages(*versions: Facts) -> Ages:
    return ages_of(versions, Indicator.AGE_UNDER_6)


def under_6(*versions: Facts) -> str | None:
    return ages(*versions).below(6, 6)


def under_18(*versions: Facts) -> str | None:
    return ages(*versions).below(18, 6)


def holds(condition: Condition, *incidents: Facts) -> Paths | None:
    """Over a case whose incidents have one report each."""
    dangers = gather([incident(facts) for facts in incidents], POLICY.stand_in)
    return made_ready(condition, POLICY.words)(Situation(dangers))


def adults_only(*incidents: Facts) -> bool:
    return holds(AllVictimsFrom(all_victims_at_least=18), *incidents) is not None


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
    assert under_6(told(persons=born(SIX_TOMORROW))) == "persons[0].birth_date"
    assert under_6(told(persons=born(SIX_TODAY))) is None
    assert under_18(told(persons=born(SIX_TODAY))) == "persons[0].birth_date"
    assert not adults_only(told(persons=born(SIX_TODAY)))


def test_a_victim_is_a_minor_until_the_day_before_the_eighteenth_birthday() -> None:
    assert under_18(told(persons=born(EIGHTEEN_TOMORROW))) == "persons[0].birth_date"
    assert not adults_only(told(persons=born(EIGHTEEN_TOMORROW)))
    assert under_18(told(persons=born(EIGHTEEN_TODAY))) is None
    assert adults_only(told(persons=born(EIGHTEEN_TODAY)))


def test_the_day_is_taipeis_and_not_that_of_utc() -> None:
    before_midnight = datetime(2026, 3, 1, 15, 59, tzinfo=UTC)
    midnight = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)

    assert under_6(told(persons=born(SIX_TODAY), occurred_at=before_midnight))
    assert not under_6(told(persons=born(SIX_TODAY), occurred_at=midnight))


def test_the_earliest_occurrence_of_any_version_sets_the_day() -> None:
    early = datetime(2026, 2, 1, tzinfo=UTC)

    assert under_6(told(persons=born(SIX_TODAY), occurred_at=NOON), told(occurred_at=early))


def test_an_occurrence_sets_the_day_even_where_another_report_was_received_earlier() -> None:
    earlier = told(received_at=datetime(2026, 2, 1, tzinfo=UTC))

    assert not under_6(earlier, told(persons=born(SIX_TODAY), occurred_at=NOON))


def test_the_earliest_receipt_sets_the_day_where_no_version_says_when_it_occurred() -> None:
    early = datetime(2026, 2, 1, tzinfo=UTC)

    assert under_6(told(persons=born(SIX_TODAY)), told(received_at=early))


def test_the_youngest_birth_date_of_any_version_counts_and_names_its_field() -> None:
    corrected = told(persons=born(None, ADULT))

    assert under_6(told(persons=born(ADULT, SIX_TOMORROW)), corrected) == "persons[1].birth_date"


def test_the_oldest_birth_date_of_any_version_is_known_too_and_names_its_field() -> None:
    found = ages(told(persons=born(SIX_TOMORROW, ADULT)), told(persons=born(SIX_TODAY)))

    assert found == Ages(Age(5, "persons[0].birth_date"), Age(46, "persons[1].birth_date"))
    assert found.at_least(46) == "persons[1].birth_date"
    assert found.at_least(47) is None


def test_a_birth_after_the_day_of_the_happening_counts_as_missing() -> None:
    assert ages(told(persons=born(date(2026, 3, 3)))) == UNKNOWN
    assert not adults_only(told(persons=born(date(2026, 3, 3))))
    assert adults_only(told(persons=born(date(2026, 3, 3), ADULT)))


def test_only_victims_ages_are_looked_at() -> None:
    assert ages(told(persons=(Person(0, Role.CHILD_WITNESS, birth_date=SIX_TOMORROW),))) == UNKNOWN


def test_the_indicator_stands_in_where_no_victims_birth_date_can_be_read() -> None:
    facts = told(indicators=("seen_crying", Indicator.AGE_UNDER_6))

    assert ages(facts) == Ages(stand_in="indicators[1]")
    assert under_6(facts) == under_18(facts) == "indicators[1]"
    assert ages(facts).below(5, 6) is None, "whoever is under 6 need not be under 5"
    assert not adults_only(facts)


def test_the_indicator_is_passed_over_where_a_victims_birth_date_can_be_read() -> None:
    both = told(indicators=(Indicator.AGE_UNDER_6,)), told(persons=born(ADULT))

    assert under_6(*both) is under_18(*both) is None
    assert ages(*both).at_least(18)


def test_without_an_indicator_that_stands_in_none_does() -> None:
    assert ages_of((told(indicators=(Indicator.AGE_UNDER_6,)),), None) == UNKNOWN


def test_each_incident_is_judged_at_its_own_day_and_by_its_own_birth_dates() -> None:
    adult = told(persons=born(ADULT))
    small = told(indicators=(Indicator.AGE_UNDER_6,))
    last_year = told(persons=born(SIX_TODAY), occurred_at=datetime(2025, 3, 1, tzinfo=UTC))

    assert holds(VictimBelow(victim_age_below=6), adult, small) == ("indicators[0]",)
    assert not adults_only(adult, small)
    assert holds(VictimBelow(victim_age_below=6), told(persons=born(SIX_TODAY))) is None
    assert holds(VictimBelow(victim_age_below=6), told(persons=born(SIX_TODAY)), last_year) == (
        "persons[0].birth_date",
    )
    assert adults_only(adult, adult)


def test_the_age_of_the_youngest_victim_is_known_where_a_birth_date_can_be_read() -> None:
    assert youngest_years((told(persons=born(ADULT, SIX_TOMORROW)), told())) == 5
    assert youngest_years((told(persons=born(None, date(2026, 3, 3))),)) is None
