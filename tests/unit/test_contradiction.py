import time
from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telling import CHILD, FATHER, MOTHER, NOON, any_event, at, event, known, victim

from pipeline.contracts.vocabulary import Role
from pipeline.domain.contradiction import contradict, names_differ, together
from pipeline.domain.facts import Facts, Person
from pipeline.domain.normalise.story import read_story

BORN = date(1990, 5, 5)
SOON_S = 3.0


def by_id(**more: object) -> Facts:
    return event("a", persons=victim(national_id=MOTHER), **more)


@given(any_event(), any_event())
def test_two_reports_contradict_each_other_in_either_order(one: Facts, other: Facts) -> None:
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


def test_a_newer_version_without_a_story_keeps_that_of_the_older_one() -> None:
    story = read_story("羅男動手毆打沈女")
    assert together((by_id(story=story), event("b"))).story == story


def test_versions_that_each_name_a_crowd_are_put_together_soon() -> None:
    crowd = event("a", persons=tuple(known(i, name=f"person {i}", national_id=MOTHER) for i in range(200)))
    began = time.perf_counter()
    together([replace(crowd, sent_at=NOON + timedelta(hours=n)) for n in range(20)])
    assert time.perf_counter() - began < SOON_S
