"""What a case asks of a centre beside its queue: whom to work along, which town, which other counties."""

from dataclasses import replace
from datetime import date

import pytest
from directories import shipped
from hypothesis import given
from telling import POLICY, any_incident, at, incident, told

from pipeline.contracts.vocabulary import Category, Indicator, Priority, Role
from pipeline.domain.centres import CentreKind
from pipeline.domain.facts import Facts, Person, Place
from pipeline.domain.jurisdiction import Onward, Tell, Told, onward
from pipeline.domain.needs import needs_of
from pipeline.domain.score import judge
from pipeline.domain.whereabouts import NEAREST_FIRST, PlaceTold, Whereabouts, county_by, places_of, town_in

IPV, DELAY = Category.INTIMATE_PARTNER_VIOLENCE, Category.DEVELOPMENTAL_DELAY


def person(role: Role = Role.VICTIM, *conditions: str, born: date | None = None) -> Person:
    return Person(0, role, birth_date=born, conditions=conditions)


def along(*reports: Facts) -> set[str]:
    one = incident(*reports)
    return {kind.value for kind in needs_of((one,), judge(POLICY, (one,))).along}


@pytest.mark.parametrize(
    ("report", "kinds"),
    [
        (told(), set()),
        (told(persons=(person(born=date(1961, 3, 2)),)), {"elder"}),
        (told(persons=(person(born=date(1961, 3, 3)),)), set()),
        (told(Category.ELDER_PROTECTION), {"elder"}),
        (told(IPV, persons=(person(born=date(1990, 1, 1)),)), {"women_family"}),
        (told(IPV), {"women_family"}),
        (told(IPV, persons=(person(born=date(2010, 1, 1)),)), {"youth"}),
        (told(Category.DISABILITY_PROTECTION), {"disability"}),
        (told(persons=(person(Role.VICTIM, "disability"),)), {"disability"}),
        (told(persons=(person(Role.ALLEGED_PERPETRATOR, "disability"),)), set()),
        (told(persons=(person(born=date(2014, 3, 3)),)), {"child"}),
        (told(persons=(person(born=date(2014, 3, 2)),)), {"youth"}),
        (told(persons=(person(born=date(2008, 3, 2)),)), set()),
        (told(indicators=(Indicator.AGE_UNDER_6.value,)), {"child"}),
        (told(Category.YOUTH_AT_RISK), {"youth"}),
        (told(DELAY), {"early_intervention"}),
        (told(persons=(person(Role.CAREGIVER, "indigenous"),)), {"indigenous"}),
        (told(persons=(person(Role.ALLEGED_PERPETRATOR, "indigenous"),)), set()),
        (told(indicators=("new_immigrant",)), {"new_immigrant"}),
    ],
)
def test_who_works_along_follows_from_age_category_and_condition(report: Facts, kinds: set[str]) -> None:
    assert along(report) == kinds


def test_a_case_asks_for_all_that_any_of_its_reports_tells() -> None:
    assert along(told(DELAY), told(Category.ELDER_PROTECTION)) == {"early_intervention", "elder"}


def test_needs_tell_the_priority_the_family_and_every_word_that_a_centre_may_be_prepared_for() -> None:
    one = incident(
        told(
            Category.CHILD_PROTECTION,
            Category.ECONOMIC_HARDSHIP,
            indicators=("utilities_cut",),
            persons=(person(Role.VICTIM, "deaf"), person(Role.ALLEGED_PERPETRATOR, "drugs")),
        )
    )
    needs = needs_of((one,), judge(POLICY, (one,)), PlaceTold.CURRENT)
    assert (needs.priority, needs.is_pressing, needs.with_family) == (Priority.STANDARD, False, True)
    assert needs.skills == {"deaf", "utilities_cut", "child_protection", "economic_hardship"}
    assert needs.place is PlaceTold.CURRENT


@given(any_incident())
def test_needs_can_be_told_of_any_case_and_name_no_kind_twice(one: object) -> None:
    views = (one,)
    needs = needs_of(views, judge(POLICY, views))  # type: ignore[arg-type] # an incident
    assert len(set(needs.along)) == len(needs.along)
    assert needs.along == tuple(kind for kind in CentreKind if kind in needs.along)


def placed(**places: Place | None) -> Facts:
    happened = places.pop("occurred_place", None)
    return told(occurred_place=happened, persons=(replace(person(), **places),))  # type: ignore[arg-type] # of Person


def test_the_town_is_where_the_victim_is_else_lives_else_where_it_happened_else_is_registered() -> None:
    everywhere: dict[str, Place | None] = {
        "current_place": at("臺北市", town="松山區"),
        "address": at("臺北市", town="信義區"),
        "occurred_place": at("臺北市", town="大安區"),
        "registered_address": at("臺北市", town="士林區"),
    }
    found = []
    while True:
        where = town_in("臺北市", [placed(**everywhere)])
        if where.town is None:
            break
        found.append((where.town, where.told))
        everywhere = dict(list(everywhere.items())[1:])
    assert found == list(zip(["松山區", "信義區", "大安區", "士林區"], NEAREST_FIRST, strict=True))


def test_a_town_of_another_county_is_none_and_an_ambiguous_one_counts_for_the_county_that_was_assumed() -> None:
    assert town_in("新北市", [placed(address=at("臺北市", town="松山區"))]) == Whereabouts()
    several = placed(address=at("臺北市", "基隆市", town="信義區"))
    assert town_in("基隆市", [several]) == ("信義區", PlaceTold.RESIDENCE)
    assert town_in(None, [several]) == Whereabouts()


def test_the_kind_of_place_comes_before_the_order_of_the_reports() -> None:
    one, other = placed(address=at("臺北市", town="松山區")), placed(current_place=at("臺北市", town="信義區"))
    assert town_in("臺北市", [one, other]).town == "信義區"
    assert town_in("臺北市", [one, other], (PlaceTold.OCCURRED, PlaceTold.RESIDENCE)).town == "松山區"


def test_only_a_county_that_is_certain_is_named() -> None:
    assert county_by([placed(address=at("臺北市", "基隆市", town="信義區"))], (PlaceTold.RESIDENCE,)) is None
    assert county_by([placed(address=at("臺北市"))], (PlaceTold.OCCURRED, PlaceTold.RESIDENCE)) == "臺北市"
    assert [*places_of(told(), PlaceTold.OCCURRED)] == []


LIVES = {"address": at("新北市"), "registered_address": at("高雄市")}


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        (Category.CHILD_PROTECTION, Onward(("新北市", "child"))),
        (
            IPV,
            Onward(
                ("新北市", "domestic_violence"),
                ("高雄市", "domestic_violence"),
                (Tell("臺北市", Told.RECEIVING, "domestic_violence"),),
            ),
        ),
        (Category.SEXUAL_ASSAULT, Onward(None, ("高雄市", "sexual_assault"))),
        (Category.ELDER_PROTECTION, Onward(("新北市", "elder"), ("高雄市", "elder"))),
        (
            Category.DISABILITY_PROTECTION,
            Onward(
                ("高雄市", "disability"), ("高雄市", "disability"), (Tell("高雄市", Told.REGISTERED, "disability"),)
            ),
        ),
        (Category.ECONOMIC_HARDSHIP, Onward()),
    ],
)
def test_the_laws_table_names_who_serves_later_who_pays_and_whom_to_tell(category: Category, expected: Onward) -> None:
    report = replace(placed(**LIVES), categories=(category,), source_county="臺北市")  # type: ignore[arg-type] # places
    assert onward(shipped().areas, [report]) == expected


def test_a_source_of_another_kind_of_danger_owes_nothing() -> None:
    violence = replace(placed(), categories=(IPV,), source_county="臺北市")
    poverty = replace(placed(), categories=(Category.ECONOMIC_HARDSHIP,), source_county="基隆市")
    assert [t.county for t in onward(shipped().areas, [poverty, violence]).tell] == ["臺北市"]


def test_each_area_of_the_law_names_its_article_and_every_protective_category_has_one() -> None:
    areas = shipped().areas
    assert all(area.law for area in areas)
    assert {c for area in areas for c in area.categories} == {
        *(Category.CHILD_PROTECTION, Category.CHILD_SEXUAL_EXPLOITATION, IPV, Category.OTHER_FAMILY_VIOLENCE),
        *(Category.SEXUAL_ASSAULT, Category.ELDER_PROTECTION, Category.DISABILITY_PROTECTION),
    }
