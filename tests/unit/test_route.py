from dataclasses import replace

import pytest
from hypothesis import given
from telling import POLICY, TERMS, any_incident, at, incident, told

from pipeline.contracts.vocabulary import Category, Priority, Queue, Role
from pipeline.domain.assignment import assign
from pipeline.domain.centres import NATIONAL
from pipeline.domain.counties import COUNTY_CODES
from pipeline.domain.dangers import IncidentView, ReportView
from pipeline.domain.facts import Facts, Person, Place
from pipeline.domain.needs import Needs
from pipeline.domain.route import Routing, county_of, county_row, place
from pipeline.domain.score import judge

HOME, REGISTERED, HERE, THERE = at("臺北市"), at("臺南市"), at("新北市"), at("高雄市")
NOWHERE = at()
ZHONGZHENG = at("臺北市", "基隆市", town="中正區")
ASSUMED = frozenset({"county_assumed"})
STANDING = judge(POLICY, (incident(told()),))


def victim(
    index: int = 0, *, home: Place | None = None, registered: Place | None = None, here: Place | None = None
) -> Person:
    return Person(index, Role.VICTIM, address=home, registered_address=registered, current_place=here)


EVERYWHERE = (victim(home=HOME, registered=REGISTERED, here=HERE),)


def routed(*reports: Facts, priority: Priority = Priority.STANDARD) -> Routing:
    """Without why this centre, which test_assignment.py asks for."""
    found = place(TERMS, incident(*reports), (), replace(STANDING, priority=priority))
    assert found.assigned
    assert found.assigned.centre == found.centre
    return replace(found, assigned=None)


def county(*reports: Facts, priority: Priority = Priority.STANDARD) -> str | None:
    return county_of(POLICY, incident(*reports), (), replace(STANDING, priority=priority))[0]


def test_an_elders_county_is_where_it_occurred_else_where_the_victim_is_else_the_residence() -> None:
    elder = told(Category.ELDER_PROTECTION, Category.DISABILITY_PROTECTION, persons=EVERYWHERE)

    assert county(replace(elder, occurred_place=THERE)) == "高雄市"
    assert county(elder) == "新北市"
    assert county(replace(elder, persons=(victim(home=HOME),))) == "臺北市"


def test_a_disabled_victims_county_is_where_the_victim_is_else_where_it_occurred_else_the_residence() -> None:
    disabled = told(Category.DISABILITY_PROTECTION, persons=EVERYWHERE, occurred_place=THERE)

    assert county(disabled) == "新北市"
    assert county(replace(disabled, persons=(victim(home=HOME),))) == "高雄市"
    assert county(replace(disabled, persons=(victim(home=HOME),), occurred_place=None)) == "臺北市"


@pytest.mark.parametrize("priority", [Priority.IMMEDIATE, Priority.URGENT])
def test_a_pressing_case_goes_where_the_victim_is_else_where_it_occurred_else_to_the_residence(
    priority: Priority,
) -> None:
    pressing = told(Category.CHILD_PROTECTION, persons=EVERYWHERE, occurred_place=THERE)

    assert county(pressing, priority=priority) == "新北市"
    assert county(replace(pressing, persons=(victim(home=HOME),)), priority=priority) == "高雄市"
    assert county(told(persons=(victim(home=HOME),)), priority=priority) == "臺北市"


def test_an_elders_row_stands_before_that_of_a_pressing_case() -> None:
    elder = told(Category.ELDER_PROTECTION, persons=EVERYWHERE, occurred_place=THERE)

    assert county(elder, priority=Priority.IMMEDIATE) == "高雄市"


@pytest.mark.parametrize("priority", [Priority.STANDARD, Priority.ROUTINE])
def test_any_other_case_goes_to_the_residence_else_where_it_occurred(priority: Priority) -> None:
    other = told(Category.CHILD_PROTECTION, persons=EVERYWHERE, occurred_place=THERE)

    assert county(other, priority=priority) == "臺北市"
    assert county(replace(other, persons=(victim(here=HERE),)), priority=priority) == "高雄市"


def test_where_the_victim_is_now_does_not_serve_a_case_that_does_not_press() -> None:
    assert routed(told(persons=(victim(here=HERE),))).tags == {"county_unknown"}


def test_the_residence_is_the_address_else_the_registered_address() -> None:
    assert county(told(persons=(victim(home=HOME, registered=REGISTERED),))) == "臺北市"
    assert county(told(persons=(victim(registered=REGISTERED),))) == "臺南市"


def test_a_place_that_names_no_county_counts_as_none() -> None:
    assert county(told(persons=(victim(home=NOWHERE, registered=REGISTERED),))) == "臺南市"
    assert county(told(persons=(victim(home=NOWHERE),), occurred_place=THERE)) == "高雄市"


def test_only_a_victims_places_are_looked_at() -> None:
    assert county(told(persons=(Person(0, Role.ALLEGED_PERPETRATOR, address=HOME),))) is None


def test_victims_are_looked_at_in_their_order() -> None:
    assert county(told(persons=(victim(0), victim(1, home=HERE), victim(2, home=HOME)))) == "新北市"


def test_the_kind_of_place_comes_before_the_order_of_arrival() -> None:
    occurred = told(occurred_place=THERE)
    lives = told(persons=(victim(registered=REGISTERED),))

    assert county(occurred, lives) == "臺南市"


def test_reports_of_one_incident_are_looked_at_in_order_of_arrival() -> None:
    assert county(told(), told(persons=(victim(home=HERE),)), told(persons=(victim(home=HOME),))) == "新北市"


def test_the_events_own_incident_comes_before_what_arrived_earlier_in_another() -> None:
    own = incident(told(persons=(victim(home=HERE),)))
    earlier = incident(told(persons=(victim(home=HOME),)))

    assert county_of(POLICY, own, (earlier,), STANDING)[0] == "新北市"


def test_reports_of_other_incidents_are_looked_at_in_order_of_arrival_across_them() -> None:
    own = incident(told())
    one = IncidentView((ReportView((told(),), 0), ReportView((told(persons=(victim(home=HOME),)),), 3)))
    other = IncidentView((ReportView((told(persons=(victim(home=HERE),)),), 2),))

    assert county_of(POLICY, own, (one, other), STANDING)[0] == "新北市"


def test_only_the_newest_version_of_a_report_tells_the_place() -> None:
    moved = IncidentView((ReportView((told(persons=(victim(home=HOME),)), told(persons=(victim(home=HERE),)))),))
    gone = IncidentView((ReportView((told(persons=(victim(home=HOME),)), told())),))

    assert county_of(POLICY, moved, (), STANDING)[0] == "新北市"
    assert county_of(POLICY, gone, (), STANDING)[0] is None


def test_a_category_of_any_version_or_incident_decides_which_places_count() -> None:
    own = told(persons=EVERYWHERE, occurred_place=THERE)
    once = IncidentView((ReportView((told(Category.ELDER_PROTECTION), own)),))

    assert county_of(POLICY, once, (), STANDING)[0] == "高雄市"
    assert county_of(POLICY, incident(own), (incident(told(Category.ELDER_PROTECTION)),), STANDING)[0] == "高雄市"


def test_a_town_of_several_counties_is_read_as_the_sources_where_that_is_one_of_them() -> None:
    keelung = told(persons=(victim(home=ZHONGZHENG),), source_county="基隆市", occurred_place=THERE)

    assert routed(keelung) == Routing("基隆市", "10017010-family", ASSUMED)


def test_a_town_of_several_counties_names_none_where_the_source_lies_elsewhere() -> None:
    elsewhere = told(persons=(victim(home=ZHONGZHENG),), source_county="桃園市", occurred_place=THERE)

    assert routed(elsewhere) == Routing("高雄市", "64000-family")
    assert county(replace(elsewhere, source_county=None)) == "高雄市"


def test_an_ambiguous_town_is_read_by_the_source_of_the_report_that_names_it() -> None:
    keelung = told(source_county="基隆市")
    national = told(persons=(victim(home=ZHONGZHENG),), occurred_place=THERE)

    assert county(keelung, national) == "高雄市"


def test_the_sources_county_is_assumed_where_no_place_yields_one() -> None:
    assert routed(told(persons=(victim(home=NOWHERE),), source_county="桃園市")) == Routing(
        "桃園市", "68000-family", ASSUMED
    )


def test_the_county_of_the_first_source_that_has_one_is_assumed_own_incident_first() -> None:
    own = incident(told(), told(source_county="新竹市"), told(source_county="桃園市"))
    other = incident(told(source_county="臺北市"))

    assert county_of(POLICY, own, (other,), STANDING)[0] == "新竹市"
    assert county_of(POLICY, incident(told()), (other,), STANDING) == ("臺北市", ASSUMED)
    assert place(TERMS, incident(told()), (other,), STANDING).centre == "63000-family"


def test_without_any_county_the_national_centre_takes_it() -> None:
    assert routed(told()) == Routing(None, NATIONAL, frozenset({"county_unknown"}))


def test_the_centre_is_the_countys_official_code_with_the_queue() -> None:
    standing = replace(STANDING, queue=Queue.PROTECTIVE)

    assert place(TERMS, incident(told(persons=(victim(home=HOME),))), (), standing).centre == "63000-protective"


def test_a_county_that_is_not_official_falls_to_the_national_centre() -> None:
    assigned = assign("臺北縣", None, Queue.FAMILY, Needs(), at=TERMS.at, load={}, book=TERMS.centres)
    assert assigned.centre == NATIONAL


def test_there_are_22_counties_with_codes_of_their_own() -> None:
    assert len(COUNTY_CODES) == len(set(COUNTY_CODES.values())) == 22
    assert all("台" not in name for name in COUNTY_CODES)


def test_the_last_county_row_always_holds() -> None:
    nothing = incident(told(categories=()))

    assert county_row(POLICY, (nothing,), STANDING).row is POLICY.tables.county[-1]


@given(any_incident(), any_incident())
def test_every_case_has_a_centre_and_its_tag_tells_how_sure_the_county_is(
    own: IncidentView, other: IncidentView
) -> None:
    found = place(TERMS, own, (other,), judge(POLICY, (own, other)))

    assert found.centre
    assert len(found.tags) <= 1
    assert (found.county is None) == (found.centre == NATIONAL) == ("county_unknown" in found.tags)
