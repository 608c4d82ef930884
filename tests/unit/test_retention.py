"""How long a case is kept: laws of the calendar, and the edges that people ask about."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import person, report

from pipeline.contracts.ids import derived
from pipeline.contracts.vocabulary import Role
from pipeline.domain.ages import years_old
from pipeline.domain.casefile import CaseFile, CaseState, Incident, Report
from pipeline.domain.facts import Person
from pipeline.domain.normalise.birth import Birth
from pipeline.domain.retention import KEPT_YEARS, births_of, comes_of_age, is_due, latest_day, may_go_from, years_later

DAYS = st.dates(date(1930, 1, 1), date(2150, 12, 31))
BIRTHS = st.one_of(st.none(), st.dates(date(1900, 1, 1), date(2150, 12, 31)))


@pytest.mark.parametrize(
    ("last", "births", "first"),
    [
        (date(2026, 3, 2), [date(1980, 5, 1)], date(2033, 3, 3)),
        (date(2028, 2, 28), [date(1980, 5, 1)], date(2035, 3, 1)),
        (date(2028, 2, 29), [date(1980, 5, 1)], date(2035, 3, 1)),
        (date(2026, 3, 2), [date(2020, 2, 29)], date(2045, 3, 2)),
        (date(2026, 3, 2), [date(1980, 5, 1), date(2026, 3, 2)], date(2051, 3, 3)),
        (date(2026, 3, 2), [None], date(2051, 3, 3)),
        (date(2026, 3, 2), [date(2027, 1, 1)], date(2051, 3, 3)),
        (date(2021, 6, 1), [date(2003, 6, 15)], date(2030, 1, 2)),
        (date(2019, 6, 1), [date(2001, 3, 1)], date(2028, 3, 2)),
    ],
)
def test_a_case_may_go_on_the_day_after_its_seven_years(last: date, births: list[date | None], first: date) -> None:
    assert may_go_from(last, births) == first


@pytest.mark.parametrize(
    ("birth", "of_age"),
    [
        (date(2002, 12, 31), date(2022, 12, 31)),
        (date(2003, 1, 1), date(2023, 1, 1)),
        (date(2003, 1, 2), date(2023, 1, 1)),
        (date(2004, 12, 31), date(2023, 1, 1)),
        (date(2005, 1, 2), date(2023, 1, 2)),
        (date(2008, 2, 29), date(2026, 3, 1)),
    ],
)
def test_whoever_was_eighteen_or_nineteen_in_2023_came_of_age_then(birth: date, of_age: date) -> None:
    assert comes_of_age(birth) == of_age


@given(DAYS, st.lists(BIRTHS, max_size=5))
def test_nothing_goes_before_seven_whole_years(last: date, births: list[date | None]) -> None:
    first = may_go_from(last, births)
    assert first > last
    assert years_old(last, first) >= KEPT_YEARS
    assert first > years_later(last, KEPT_YEARS) or (last.month, last.day) == (2, 29)


@given(DAYS, st.lists(BIRTHS, max_size=5))
def test_nothing_goes_before_the_youngest_is_seven_years_of_age(last: date, births: list[date | None]) -> None:
    first = may_go_from(last, births)
    youngest = max((b if b and b <= last else last for b in births), default=last)
    of_age = comes_of_age(youngest)
    assert not births or years_old(of_age, first) >= KEPT_YEARS
    assert not births or first > years_later(of_age, KEPT_YEARS) or (of_age.month, of_age.day) == (2, 29)


@given(DAYS, st.lists(BIRTHS, max_size=5), st.integers(0, 4000))
def test_more_that_happens_and_more_that_is_unknown_never_shortens(
    last: date, births: list[date | None], days: int
) -> None:
    first = may_go_from(last, births)
    assert may_go_from(last + timedelta(days=days), births) >= first
    assert may_go_from(last, [*births, date(1990, 1, 1)]) >= first
    for place in range(len(births)):
        assert may_go_from(last, [*births[:place], None, *births[place + 1 :]]) >= first


@given(DAYS, st.dates(date(1950, 1, 1), date(2150, 1, 1)))
def test_an_open_case_is_never_due(first: date, on: date) -> None:
    assert [state for state in CaseState if is_due(state, first, on)] == ([CaseState.CLOSED] if first <= on else [])


@pytest.mark.parametrize(
    ("told", "latest"),
    [
        (None, None),
        (Birth(None), None),
        (Birth(1970, 1, 1), None),
        (Birth(1990), date(1990, 12, 31)),
        (Birth(1992, 2), date(1992, 2, 29)),
        (Birth(1992, 2, 3), date(1992, 2, 3)),
        (Birth(1992, about=True), date(1993, 12, 31)),
        (Birth(1992, 2, 3, doubtful=True, alternatives=(date(1992, 3, 2),)), date(1992, 3, 2)),
    ],
)
def test_of_a_birth_that_is_half_known_the_latest_day_counts(told: Birth | None, latest: date | None) -> None:
    assert latest_day(told) == latest


CHILD, SIBLING = person(birth="2015-04-03"), person(Role.OTHER, birth="2019-12-31")


@pytest.mark.parametrize(
    ("people", "births"),
    [
        ((CHILD, SIBLING), [date(2015, 4, 3), date(2019, 12, 31)]),
        ((CHILD, person()), [date(2015, 4, 3), None]),
        ((CHILD, person(Role.OTHER)), [date(2015, 4, 3)]),
        ((SIBLING,), [date(2019, 12, 31), None]),
    ],
)
def test_the_births_of_everybody_count_and_a_victims_that_nobody_told(
    people: tuple[Person, ...], births: list[date | None]
) -> None:
    told = Report(derived("report", "1"), 1, (report("a", *people),))
    case = CaseFile(derived("case", "1"), derived("household", "1"), (Incident(derived("incident", "1"), (told,)),))
    assert list(births_of(case)) == births
    assert births_of(CaseFile(case.case_id, case.household_id, ())) == (None,)
