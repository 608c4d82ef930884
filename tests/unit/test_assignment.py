"""Which centre takes a case, and why: by district, hours, capacity and skill; nothing lost, nothing to and fro."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache

import pytest
from directories import shipped
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.vocabulary import Priority, Queue
from pipeline.data import towns
from pipeline.domain.assignment import Assigned, Why, WhyCode, assign
from pipeline.domain.assignment_words import _table, in_words, kind_words
from pipeline.domain.centres import KIND_OF, SPECIALISED, CentreBook, CentreKind, Load
from pipeline.domain.counties import COUNTY_CODES
from pipeline.domain.jurisdiction import Onward, Tell, Told
from pipeline.domain.needs import Needs
from pipeline.domain.whereabouts import PlaceTold

CITY, TOWN = "臺北市", "松山區"
SONGSHAN, XINYI, ZHONGSHAN, DAAN = "63000010-family", "63000020-family", "63000040-family", "63000030-family"
DUTY = "63000-protective"
NOON, NIGHT = datetime(2026, 3, 2, 12, tzinfo=TAIPEI), datetime(2026, 3, 2, 22, tzinfo=TAIPEI)
"""A Monday."""
MORNING = datetime(2026, 3, 3, 8, 30, tzinfo=TAIPEI)
URGENT = Needs(priority=Priority.URGENT)
ASSIGNED = TypeAdapter(Assigned)


@lru_cache(maxsize=1)
def small() -> CentreBook:
    """The shipped directory, in which Taipei's family service centres are full from 40 cases on."""
    book = shipped()
    centres = {
        c.code: replace(c, capacity=40) if (c.county, c.kind) == (CITY, CentreKind.FAMILY) else c
        for c in book.centres.values()
    }
    return replace(book, centres=centres)


def given_to(  # noqa: PLR0913 - as assign
    town: str | None = TOWN,
    needs: Needs = Needs(),  # noqa: B008 - frozen
    *,
    county: str | None = CITY,
    queue: Queue = Queue.FAMILY,
    at: datetime = NOON,
    load: Load | None = None,
    before: Assigned | None = None,
    book: CentreBook | None = None,
) -> Assigned:
    return assign(county, town, queue, needs, at=at, load=load or {}, book=book or small(), before=before)


def codes(assigned: Assigned) -> list[str]:
    return [why.code.value for why in assigned.why]


def said(assigned: Assigned, lang: str = "en") -> str:
    return "; ".join(getattr(in_words(why, small()), lang) for why in assigned.why)


def test_a_family_case_goes_to_the_family_service_centre_of_its_town() -> None:
    found = given_to(needs=Needs(place=PlaceTold.RESIDENCE))
    assert (found.centre, found.home, found.county, found.town) == (SONGSHAN, SONGSHAN, CITY, TOWN)
    assert codes(found) == ["town_residence"]
    assert said(found) == (
        "Taipei City Songshan Social Welfare Service Center is the family service centre of 松山區, Taipei City, "
        "where the victim lives"
    )
    assert said(found, "zh") == "被害人住在臺北市松山區，由該區的臺北市松山社會福利服務中心受理"


def test_a_protective_case_goes_to_the_protective_centre_of_its_county() -> None:
    found = given_to(queue=Queue.PROTECTIVE, at=NIGHT, needs=URGENT)
    assert (found.centre, codes(found)) == (DUTY, ["protective_of_county"])


@pytest.mark.parametrize("town", [None, "板橋區", "松山鎮"])
def test_without_a_town_of_the_county_its_family_window_takes_it(town: str | None) -> None:
    found = given_to(town)
    assert (found.centre, found.town, codes(found)) == ("63000-family", None, ["no_town"])


@pytest.mark.parametrize("county", [None, "臺北縣"])
@pytest.mark.parametrize("queue", Queue)
def test_without_a_county_the_national_window_takes_it(county: str | None, queue: Queue) -> None:
    found = given_to(county=county, queue=queue, needs=replace(URGENT, with_family=True, along=SPECIALISED))
    assert (found.centre, found.county, found.town, codes(found)) == ("national", None, None, ["no_county"])


def test_a_full_centre_hands_on_to_the_first_that_it_names_and_that_has_room() -> None:
    assert given_to(load={SONGSHAN: 39}).centre == SONGSHAN
    found = given_to(load={SONGSHAN: 40})
    assert (found.centre, found.home) == (XINYI, SONGSHAN)
    assert "is full (40 of 40 open cases): Taipei City Xinyi Social Welfare Service Center takes over" in said(found)
    assert given_to(load={SONGSHAN: 40, XINYI: 41}).centre == ZHONGSHAN


def test_where_all_are_full_the_case_stays_where_it_belongs() -> None:
    full = dict.fromkeys((SONGSHAN, XINYI, ZHONGSHAN, DAAN), 99)
    found = given_to(load=full)
    assert (found.centre, codes(found)) == (SONGSHAN, ["town_told", "full_everywhere"])


def test_of_those_that_could_take_over_the_one_prepared_for_it_does() -> None:
    book = small()
    centres = dict(book.centres) | {DAAN: replace(book.centres[DAAN], skills=frozenset({"deaf"}))}
    prepared = replace(book, centres=centres)
    needs = Needs(skills=frozenset({"deaf", "pregnant"}))
    assert given_to(needs=needs, load={SONGSHAN: 40}, book=prepared).centre == DAAN
    assert given_to(load={SONGSHAN: 40}, book=prepared).centre == XINYI


def test_one_that_is_closed_takes_nothing_over_from_one_that_is_open() -> None:
    book = small()
    late = replace(book.centres[XINYI], hours=book.centres[DUTY].hours)
    open_at_night = replace(book, centres={**book.centres, SONGSHAN: replace(book.centres[SONGSHAN], hours=late.hours)})
    assert given_to(at=NIGHT, load={SONGSHAN: 40}, book=open_at_night).centre == SONGSHAN
    both = replace(open_at_night, centres={**open_at_night.centres, XINYI: late})
    assert given_to(at=NIGHT, load={SONGSHAN: 40}, book=both).centre == XINYI


def test_at_night_a_pressing_case_goes_to_the_duty_centre_until_its_own_opens() -> None:
    found = given_to(needs=URGENT, at=NIGHT)
    assert (found.centre, found.home, found.held_until) == (DUTY, SONGSHAN, MORNING)
    assert codes(found) == ["town_told", "closed_pressing"]
    assert "holds it until Tuesday 2026-03-03 08:30" in said(found)
    assert "至3月3日（週二）08:30為止" in said(found, "zh")


def test_at_night_any_other_case_waits_where_it_belongs() -> None:
    found = given_to(at=NIGHT)
    assert (found.centre, found.held_until, codes(found)) == (SONGSHAN, None, ["town_told", "closed_waits"])


def test_on_a_closed_day_it_is_as_at_night() -> None:
    found = given_to(needs=URGENT, book=small().closed_on([NOON.date()]))
    assert (found.centre, found.held_until) == (DUTY, MORNING)


def test_when_its_own_centre_has_opened_a_case_held_by_the_duty_centre_goes_there() -> None:
    held = given_to(needs=URGENT, at=NIGHT)
    assert given_to(needs=URGENT, at=MORNING - timedelta(minutes=1), before=held).centre == DUTY
    back = given_to(needs=URGENT, at=MORNING, before=held)
    assert (back.centre, back.held_until, codes(back)) == (SONGSHAN, None, ["town_told", "back_from_duty"])
    assert given_to(needs=URGENT, at=NIGHT + timedelta(days=1), before=back).centre == SONGSHAN


def test_a_case_that_becomes_pressing_at_night_does_not_wait_behind_a_closed_door() -> None:
    waiting = given_to(at=NIGHT)
    assert given_to(needs=URGENT, at=NIGHT, before=waiting).centre == DUTY
    assert given_to(needs=URGENT, at=NOON, before=given_to()).centre == SONGSHAN


def test_a_case_stays_with_its_centre_when_that_fills_or_another_empties() -> None:
    here, there = given_to(), given_to(load={SONGSHAN: 40})
    assert given_to(load={SONGSHAN: 99}, before=here).centre == SONGSHAN
    moved = given_to(before=there)
    assert (moved.centre, codes(moved)) == (XINYI, ["town_told", "full_overflow", "stays"])


def test_that_a_case_waits_behind_a_closed_door_is_told_only_while_it_does() -> None:
    waiting = given_to(at=NIGHT)
    assert codes(given_to(at=NIGHT, before=waiting)) == ["town_told", "stays", "closed_waits"]
    assert codes(given_to(at=MORNING, before=waiting)) == ["town_told", "stays"]


@pytest.mark.parametrize(
    "changed", [{"town": "士林區"}, {"queue": Queue.PROTECTIVE}, {"county": "新北市", "town": "板橋區"}]
)
def test_a_case_moves_when_county_queue_or_town_become_others(changed: dict[str, object]) -> None:
    fresh = given_to(**changed)  # type: ignore[arg-type] # of given_to
    assert given_to(before=given_to(), **changed) == fresh  # type: ignore[arg-type] # of given_to


def test_a_case_whose_centre_is_gone_from_the_directory_is_given_anew() -> None:
    assert given_to(before=replace(given_to(), centre="closed-down")) == given_to()


def test_specialised_centres_of_the_town_work_along_and_the_family_centre_keeps_the_lead() -> None:
    needs = Needs(along=(CentreKind.ELDER, CentreKind.CHILD, CentreKind.INDIGENOUS))
    found = given_to(needs=needs)
    assert found.centre == SONGSHAN
    assert found.sub_dispatch == ("63000010-elder", "63000-child-south", "63000-indigenous")
    assert "臺北市松山區老人服務中心(預設)協力（老人），主責仍是社福中心" in said(found, "zh")


def test_a_protective_case_has_them_only_where_the_family_is_concerned_too() -> None:
    needs = Needs(along=(CentreKind.ELDER,))
    assert given_to(queue=Queue.PROTECTIVE, needs=needs).sub_dispatch == ()
    found = given_to(queue=Queue.PROTECTIVE, needs=replace(needs, with_family=True))
    assert (found.centre, found.sub_dispatch) == (DUTY, (SONGSHAN, "63000010-elder"))
    nowhere = given_to(None, queue=Queue.PROTECTIVE, needs=replace(needs, with_family=True))
    assert (nowhere.sub_dispatch, codes(nowhere)[-1]) == (("63000-family",), "none_along")


def test_of_two_that_could_work_along_the_one_with_fewer_cases_does_and_goes_on_doing_so() -> None:
    needs = Needs(along=(CentreKind.ELDER,))
    one, two = "63000070-elder-1", "63000070-elder-2"
    assert given_to("萬華區", needs).sub_dispatch == (one,)
    first = given_to("萬華區", needs, load={one: 5})
    assert first.sub_dispatch == (two,)
    assert given_to("萬華區", needs, load={two: 50}, before=first).sub_dispatch == (two,)


def test_the_law_names_other_counties_and_they_are_told() -> None:
    tell = (Tell("新北市", Told.RECEIVING, "domestic_violence"), Tell(CITY, Told.RECEIVING, "domestic_violence"))
    onward = Onward(("桃園市", "child"), ("高雄市", "elder"), (*tell, Tell("臺南市", Told.REGISTERED, "disability")))
    found = given_to(needs=Needs(onward=onward))
    assert found.also_tell == ("65000-protective", "67000-protective")
    assert (found.later_county, found.cost_county) == ("桃園市", "高雄市")
    assert codes(found)[1:] == ["tell_receiving", "tell_registered", "later_county", "cost_county"]
    assert "New Taipei City received the report and does not own the case (domestic violence)" in said(found)
    assert "by law Kaohsiung City bears the cost (elder protection)" in said(found)
    at_home = given_to(needs=Needs(onward=Onward((CITY, "child"), (CITY, "child"))))
    assert (at_home.later_county, codes(at_home)) == (CITY, ["town_told"])


TOWNS = st.sampled_from([(t.county, t.town) for t in towns()])
PLACES = st.one_of(TOWNS, st.tuples(st.sampled_from(list(COUNTY_CODES)), st.none()), st.tuples(st.none(), st.none()))
LOADS = st.dictionaries(st.sampled_from([SONGSHAN, XINYI, ZHONGSHAN, DAAN, DUTY]), st.integers(0, 60))
MOMENTS = st.integers(0, 60 * 24 * 14).map(lambda minutes: NOON + timedelta(minutes=minutes))
NEEDS = st.builds(
    Needs,
    priority=st.sampled_from(list(Priority)),
    along=st.lists(st.sampled_from(SPECIALISED), unique=True).map(tuple),
    with_family=st.booleans(),
    skills=st.frozensets(st.sampled_from(["deaf", "pregnant"])),
    place=st.none() | st.sampled_from(list(PlaceTold)),
)
TAIPEI_TOWNS = st.sampled_from([t.town for t in towns() if t.county == CITY])
QUEUES = st.sampled_from(list(Queue))


@given(place=PLACES, queue=QUEUES, needs=NEEDS, at=MOMENTS, load=LOADS)
def test_every_case_gets_a_centre_that_exists_in_its_own_county_with_reasons_in_both_languages(
    place: tuple[str | None, str | None], queue: Queue, needs: Needs, at: datetime, load: Load
) -> None:
    county, town = place
    found = given_to(town, needs, county=county, queue=queue, at=at, load=load)
    for code in (found.centre, found.home, *found.sub_dispatch):
        assert small().centres[code].county == county
    for why in found.why:
        words = in_words(why, small())
        assert words.zh
        assert words.en
        assert "{" not in words.zh + words.en
    assert ASSIGNED.validate_json(ASSIGNED.dump_json(found)) == found


@given(town=TAIPEI_TOWNS, queue=QUEUES, needs=NEEDS, at=MOMENTS, load=LOADS)
def test_only_an_open_centre_holds_a_pressing_case(
    town: str, queue: Queue, needs: Needs, at: datetime, load: Load
) -> None:
    found = given_to(town, needs, queue=queue, at=at, load=load)
    centre = small().centres[found.centre]
    assert small().is_open(centre, at) or not needs.is_pressing
    if found.held_until is None:
        assert centre.kind is KIND_OF[queue]


@given(town=TAIPEI_TOWNS, queue=QUEUES, needs=NEEDS, moments=st.lists(MOMENTS, min_size=2, max_size=2), loads=LOADS)
def test_a_case_told_again_stays_unless_the_duty_centre_gives_it_back(
    town: str, queue: Queue, needs: Needs, moments: list[datetime], loads: Load
) -> None:
    first, later = sorted(moments)
    before = given_to(town, needs, queue=queue, at=first)
    again = given_to(town, needs, queue=queue, at=later, load=loads, before=before)
    if before.held_until is None or later < before.held_until:
        assert (again.centre, again.sub_dispatch) == (before.centre, before.sub_dispatch)
        third = given_to(town, needs, queue=queue, at=later, load=loads, before=again)
        assert third == again
    else:
        assert again.centre != DUTY or again.held_until


@given(town=TAIPEI_TOWNS, needs=NEEDS, at=MOMENTS, load=LOADS, shuffled=st.permutations(sorted(shipped().centres)))
def test_the_order_of_the_centres_rows_does_not_matter(
    town: str, needs: Needs, at: datetime, load: Load, shuffled: list[str]
) -> None:
    book = small()
    other = replace(book, centres={code: book.centres[code] for code in shuffled})
    assert given_to(town, needs, at=at, load=load) == given_to(town, needs, at=at, load=load, book=other)


def test_every_cause_and_every_kind_has_its_words() -> None:
    assert {code for group, code in _table() if group == "why"} == {code.value for code in WhyCode}
    assert {code for group, code in _table() if group == "kind"} == {kind.value for kind in CentreKind}
    assert kind_words("a_new_kind").en == "a_new_kind"


def test_what_an_earlier_directory_named_is_shown_by_its_code() -> None:
    why = Why(WhyCode.TELL_RECEIVING, (("area", "gone"), ("centre", "closed-down"), ("county", "臺北縣")))
    assert (
        in_words(why, small()).en == "臺北縣 received the report and does not own the case (gone): closed-down is told"
    )
    never = Why(WhyCode.CLOSED_WAITS, (("centre", SONGSHAN), ("until", "")))
    assert in_words(never, small()).en.endswith("waits there until further notice")
