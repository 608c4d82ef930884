import time
from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telling import CHILD, FATHER, MOTHER, NOON, any_event, at, event, hours, known, victim

from pipeline.contracts.vocabulary import Role
from pipeline.domain.evidence import (
    PAIRS_MAX,
    QUOTED,
    TOO_MANY,
    Evidence,
    Quote,
    Strength,
    compare,
    contradict,
    names_differ,
    together,
)
from pipeline.domain.facts import Facts, Person

BORN = date(1990, 5, 5)
PHONE = ("+886912345678",)


def by_id(**more: object) -> Facts:
    return event("a", persons=victim(national_id=MOTHER), **more)


def strength(one: Facts, other: Facts, quote: Quote = Quote.NONE) -> Strength:
    return compare(one, other, quote).strength


@given(any_event(), any_event())
def test_evidence_goes_equally_far_in_either_order(one: Facts, other: Facts) -> None:
    assert strength(one, other) is strength(other, one)
    assert contradict(one, other) == contradict(other, one)


@given(any_event())
def test_no_report_contradicts_itself(facts: Facts) -> None:
    assert not contradict(facts, facts)


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        (known(name="林怡君"), known(name="林怡君"), False),
        (known(name="林怡君"), known(name="陳志明"), True),
        (known(name="林怡君"), known(), False),
        (known(name="林○○", masked=True), known(name="林怡君"), False),
        (known(name="林○君", masked=True), known(name="林志明"), True),
        (known(name="陳○○", masked=True), known(name="林怡君"), True),
        (known(name="林", masked=True), known(name="林怡君"), False),
        (known(name="j chen", masked=True), known(name="john chen"), False),
        (known(name="john chen"), known(name="mary lin"), True),
    ],
)
def test_names_differ_only_where_no_hidden_character_could_make_them_equal(
    one: Person, other: Person, *, differ: bool
) -> None:
    assert names_differ(one, other) is differ
    assert names_differ(other, one) is differ


@pytest.mark.parametrize(
    ("one", "other", "contradicts"),
    [
        ({"national_id": MOTHER}, {"national_id": CHILD}, True),
        ({"national_id": MOTHER}, {"national_id": MOTHER, "name": "周玉蘭"}, False),
        (
            {"national_id": MOTHER, "name": "林怡君", "birth_date": BORN},
            {"national_id": CHILD, "name": "林怡君", "birth_date": BORN},
            False,
        ),
        ({"national_id": MOTHER, "name": "林怡君"}, {"national_id": CHILD, "name": "林怡君"}, True),
        ({"name": "林怡君"}, {"name": "陳志明"}, True),
        ({"name": "林怡君", "birth_date": BORN}, {"name": "陳志明", "birth_date": BORN}, False),
        ({"name": "林怡君", "birth_date": BORN}, {"name": "林怡君", "birth_date": date(1980, 1, 1)}, False),
        ({"name": "林怡君", "national_id": MOTHER}, {"name": "陳志明"}, True),
        ({}, {"name": "陳志明"}, False),
    ],
)
def test_two_victims_disagree_by_number_or_else_by_name(
    one: dict[str, object], other: dict[str, object], *, contradicts: bool
) -> None:
    assert contradict(event("a", persons=victim(**one)), event("b", persons=victim(**other))) is contradicts


def test_one_pair_of_victims_that_agrees_is_enough_and_none_at_all_contradicts_nothing() -> None:
    both = (known(0, name="林怡君"), known(1, name="林小寶"))
    assert not contradict(event("a", persons=both), event("b", persons=victim(name="林小寶")))
    assert contradict(event("a", persons=both), event("b", persons=victim(name="周玉蘭")))
    assert not contradict(event("a", persons=both), event("b", persons=(known(role=Role.CAREGIVER, name="周玉蘭"),)))


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ({"occurred_at": NOON}, {"occurred_at": NOON + hours(12)}, Strength.INCIDENT),
        ({"occurred_at": NOON}, {"occurred_at": NOON + hours(12.1)}, Strength.HOUSEHOLD),
        ({"occurred_at": NOON}, {"clock_start": NOON + hours(120)}, Strength.INCIDENT),
        ({"occurred_at": NOON}, {"clock_start": NOON + hours(121)}, Strength.HOUSEHOLD),
        ({"occurred_at": NOON}, {"clock_start": NOON - hours(12)}, Strength.INCIDENT),
        ({"occurred_at": NOON}, {"clock_start": NOON - hours(13)}, Strength.HOUSEHOLD),
        ({"clock_start": NOON}, {"clock_start": NOON + hours(120)}, Strength.INCIDENT),
        ({"clock_start": NOON}, {"clock_start": NOON + hours(121)}, Strength.HOUSEHOLD),
        ({"occurred_place": at("臺北市")}, {"occurred_place": at("新北市")}, Strength.HOUSEHOLD),
        ({"occurred_place": at("臺北市", town="大安區")}, {"occurred_place": at("臺北市")}, Strength.INCIDENT),
        (
            {"occurred_place": at("臺北市", town="大安區")},
            {"occurred_place": at("臺北市", town="士林區")},
            Strength.HOUSEHOLD,
        ),
        ({"occurred_place": at("臺北市", "基隆市")}, {"occurred_place": at("基隆市")}, Strength.INCIDENT),
    ],
)
def test_time_and_place_decide_whether_one_victims_reports_tell_of_one_incident(
    one: dict[str, object], other: dict[str, object], found: Strength
) -> None:
    assert strength(by_id(**one), by_id(**other)) is found


def test_siblings_of_one_event_are_one_incident_and_at_another_time_only_one_household() -> None:
    mother = known(1, Role.CAREGIVER, national_id=MOTHER)
    one = event("a", persons=(known(0, name="林大寶", birth_date=date(2019, 2, 3)), mother), occurred_at=NOON)
    other = event("b", persons=(known(0, name="林小寶"), mother), occurred_at=NOON + hours(6))
    assert strength(one, other) is Strength.INCIDENT
    assert strength(one, replace(other, occurred_at=NOON + hours(7))) is Strength.HOUSEHOLD
    assert strength(one, replace(other, occurred_at=None)) is Strength.HOUSEHOLD


def test_in_one_household_the_same_name_is_the_same_victim() -> None:
    mother = known(1, Role.CAREGIVER, national_id=MOTHER)
    one = event("a", persons=(known(0, name="林大寶"), mother), occurred_at=NOON)
    assert strength(one, event("b", persons=(known(0, name="林大寶"), mother))) is Strength.INCIDENT


def test_a_perpetrator_alone_is_no_household() -> None:
    beaten = (known(0, name="林怡君"), known(1, Role.ALLEGED_PERPETRATOR, national_id=FATHER))
    other = (known(0, name="周玉蘭"), known(1, Role.ALLEGED_PERPETRATOR, national_id=FATHER))
    assert compare(event("a", persons=beaten), event("b", persons=other)) == Evidence(Strength.NONE)
    turned = victim(national_id=FATHER)
    assert strength(event("a", persons=beaten), event("b", persons=turned)) is Strength.NONE


def test_two_perpetrators_are_no_household_and_a_couple_in_turned_roles_is_one() -> None:
    gang = tuple(known(i, Role.ALLEGED_PERPETRATOR, national_id=n) for i, n in enumerate((FATHER, MOTHER)))
    one = event("a", persons=(*gang, known(2, name="林怡君")))
    assert strength(one, event("b", persons=(*gang, known(2, name="周玉蘭")))) is Strength.NONE
    couple = (known(0, national_id=MOTHER), known(1, Role.ALLEGED_PERPETRATOR, national_id=FATHER))
    turned = (known(0, national_id=FATHER), known(1, Role.ALLEGED_PERPETRATOR, national_id=MOTHER))
    found = strength(event("a", persons=couple), event("b", persons=turned, clock_start=NOON + hours(500)))
    assert found is Strength.HOUSEHOLD


def test_one_perpetrator_who_is_written_twice_is_still_alone() -> None:
    twice = (
        known(0, Role.ALLEGED_PERPETRATOR, national_id=FATHER),
        known(1, Role.CAREGIVER, national_id=FATHER),
    )
    once = (known(0, Role.ALLEGED_PERPETRATOR, national_id=FATHER), known(1, name="周玉蘭"))
    assert strength(event("a", persons=twice), event("b", persons=once)) is Strength.NONE


def test_a_number_of_two_people_whose_names_and_birth_dates_differ_is_asked_about() -> None:
    one = event("a", persons=victim(national_id=MOTHER, name="林怡君", birth_date=BORN))
    other = event("b", persons=victim(national_id=MOTHER, name="周玉蘭", birth_date=date(1970, 1, 1)))
    found = compare(one, other)
    assert found.strength is Strength.NONE
    assert found.doubts == ("national_id_equal:victim", "name_differs")


def test_a_telephone_of_two_people_born_on_one_day_with_nothing_common_in_their_names_is_asked_about() -> None:
    one = event("a", persons=victim(phones=PHONE, birth_date=BORN, name="林怡君"))
    assert compare(one, event("b", persons=victim(phones=PHONE, birth_date=BORN, name="周玉蘭"))).doubts
    misspelt = event("b", persons=victim(phones=PHONE, birth_date=BORN, name="林宜君"))
    assert strength(one, misspelt) is Strength.INCIDENT


def test_one_doubtful_person_does_not_undo_what_another_shows() -> None:
    mother = known(1, Role.CAREGIVER, national_id=FATHER)
    one = event("a", persons=(known(national_id=MOTHER, name="林怡君", birth_date=BORN), mother))
    other = event("b", persons=(known(national_id=MOTHER, name="周玉蘭", birth_date=date(1970, 1, 1)), mother))
    found = compare(one, other)
    assert found.strength is Strength.HOUSEHOLD
    assert found.reasons == ("national_id_equal:caregiver",)
    assert "name_differs" in found.doubts


def test_a_clear_quote_links_whatever_else_is_missing() -> None:
    one, other = event("a", clock_start=NOON), event("b", clock_start=NOON + hours(5000))
    assert compare(one, other, Quote.CLEAR) == Evidence(Strength.INCIDENT, (QUOTED,))


def test_a_doubtful_quote_leaves_what_the_persons_show() -> None:
    found = compare(by_id(), by_id(clock_start=NOON + hours(500)), Quote.BORNE_BY_SEVERAL)
    assert found == Evidence(Strength.HOUSEHOLD, ("national_id_equal:victim",), (QUOTED, "report_no_borne_by_several"))


def test_two_numbers_that_differ_are_not_overruled_by_telephone_and_birth_date() -> None:
    one = event("a", persons=victim(national_id=MOTHER, phones=PHONE, birth_date=BORN))
    assert strength(one, event("b", persons=victim(national_id=CHILD, phones=PHONE, birth_date=BORN))) is Strength.NONE


def test_a_later_version_without_identity_keeps_that_of_the_older_one() -> None:
    older = by_id(occurred_at=NOON, occurred_place=at("臺北市"))
    newer = event("b", persons=victim())
    both = together((older, newer))
    assert both.victims == (*newer.victims, *older.victims)
    assert (both.occurred_at, both.occurred_place) == (NOON, at("臺北市"))


def test_a_corrected_number_puts_the_wrong_one_out_of_use() -> None:
    corrected = event("b", persons=victim(national_id=CHILD))
    assert together((by_id(), corrected)).victims == corrected.victims


BIRTHS = st.none() | st.sampled_from([BORN, date(2019, 2, 3)])
PEOPLE = st.builds(
    known,
    st.just(0),
    st.sampled_from([Role.VICTIM, Role.VICTIM, Role.CAREGIVER, Role.ALLEGED_PERPETRATOR]),
    name=st.none() | st.sampled_from(["林怡君", "林志明", "陳志明", "林○君", "○怡君", "林", "john chen", "j chen"]),
    masked=st.booleans(),
    national_id=st.none() | st.sampled_from([MOTHER, CHILD, FATHER]),
    birth_date=BIRTHS,
    phones=st.lists(st.sampled_from(["+886912345678", "0223456789"]), max_size=2, unique=True).map(tuple),
)
CROWD = st.lists(PEOPLE, max_size=4).map(tuple)


def disagree(a: Person, b: Person) -> bool:
    births_agree = bool(a.birth_date and a.birth_date == b.birth_date)
    if a.national_id and b.national_id:
        names_agree = bool(a.name and a.name == b.name)
        return a.national_id != b.national_id and not (names_agree and births_agree)
    return names_differ(a, b) and not births_agree


@given(CROWD, CROWD)
def test_reports_contradict_each_other_where_every_pair_of_victims_disagrees(
    ours: tuple[Person, ...], theirs: tuple[Person, ...]
) -> None:
    one, other = event("a", persons=ours), event("b", persons=theirs)
    pairs = list(product(one.victims, other.victims))
    assert contradict(one, other) == (bool(pairs) and all(disagree(a, b) for a, b in pairs))


def alike(a: Person, b: Person) -> str | None:
    if a.national_id and b.national_id:
        return "national_id_equal" if a.national_id == b.national_id else None
    born_together = a.birth_date and a.birth_date == b.birth_date
    return "phone_and_birth_date_equal" if born_together and not set(a.phones).isdisjoint(b.phones) else None


@given(CROWD, CROWD)
def test_what_two_reports_show_names_every_pair_of_persons_that_is_alike(
    ours: tuple[Person, ...], theirs: tuple[Person, ...]
) -> None:
    found = compare(event("a", persons=ours), event("b", persons=theirs))
    pairs = {f"{alike(a, b)}:{b.role}" for a, b in product(ours, theirs) if alike(a, b)}
    named = {reason for reason in (*found.reasons, *found.doubts) if ":" in reason}
    assert named <= pairs
    assert found.strength is Strength.NONE or named == pairs


@given(CROWD, CROWD)
def test_of_one_household_the_victim_is_one_where_a_pair_that_agrees_shares_name_or_birth_date(
    ours: tuple[Person, ...], theirs: tuple[Person, ...]
) -> None:
    mother = known(9, Role.CAREGIVER, national_id="C123456789")
    one = event("a", persons=(*ours, mother), occurred_at=NOON)
    other = event("b", persons=(*theirs, mother), occurred_at=NOON + hours(7))
    sure = any(alike(a, b) for a, b in product(one.victims, other.victims))
    told = any(
        (a.name and a.name == b.name and not a.masked) or (a.birth_date and a.birth_date == b.birth_date)
        for a, b in product(one.victims, other.victims)
        if not disagree(a, b)
    )
    if not sure:
        assert strength(one, other) is (Strength.INCIDENT if told else Strength.HOUSEHOLD)


def crowd(**more: object) -> Facts:
    return event("a", persons=tuple(known(i, name=f"person {i}", **more) for i in range(200)))


@pytest.mark.parametrize(
    "both",
    [crowd(national_id=MOTHER), crowd(phones=PHONE, birth_date=BORN), crowd(national_id=MOTHER, birth_date=BORN)],
)
def test_a_mark_that_a_crowd_bears_links_nothing_and_is_asked_about(both: Facts) -> None:
    found = compare(both, replace(both, report_no="b"))
    assert found.strength is Strength.NONE
    assert found.doubts[-1] == TOO_MANY
    assert found.doubts[0].endswith("equal:victim")


def test_thirty_people_who_are_told_of_twice_are_no_crowd() -> None:
    family = tuple(known(i, birth_date=BORN, phones=PHONE, name="林怡君") for i in range(int(PAIRS_MAX**0.5)))
    assert strength(event("a", persons=family), event("b", persons=family)) is Strength.INCIDENT


SOON_S = 3.0


def others(number: int, **more: object) -> Facts:
    return event("b", persons=tuple(known(i, name=f"{chr(0x4E00 + number + i)}○明", **more) for i in range(200)))


def strangers(**more: object) -> Facts:
    return event("c", persons=tuple(known(i, name=chr(0x4E00 + i), **more) for i in range(200)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (crowd(national_id=MOTHER), crowd(national_id=MOTHER)),
        (crowd(phones=PHONE, birth_date=BORN), crowd(phones=PHONE, birth_date=BORN)),
        (strangers(phones=PHONE, birth_date=BORN), strangers(phones=PHONE, birth_date=BORN)),
        (others(0, masked=True), others(1000, masked=True)),
        (others(0, national_id=MOTHER, birth_date=BORN), others(1000, national_id=CHILD, birth_date=BORN)),
    ],
)
def test_two_crowds_are_compared_soon(one: Facts, other: Facts) -> None:
    began = time.perf_counter()
    compare(one, other)
    contradict(one, other)
    assert time.perf_counter() - began < SOON_S


def test_versions_that_each_name_a_crowd_are_put_together_soon() -> None:
    began = time.perf_counter()
    together([replace(crowd(national_id=MOTHER), sent_at=NOON + timedelta(hours=n)) for n in range(20)])
    assert time.perf_counter() - began < SOON_S
