import re
from itertools import product

import pytest
from hypothesis import given
from people import person, report
from telling import NOON, any_event, hours

from pipeline.contracts.vocabulary import Role, Sex
from pipeline.domain import comparison_places
from pipeline.domain.comparison import levels
from pipeline.domain.comparison_levels import among
from pipeline.domain.facts import Facts
from pipeline.domain.link_words import Field, aspect_words, field_of, level_words
from pipeline.domain.normalise.place import read_place
from pipeline.domain.person_pairs import couples
from pipeline.domain.profile import PEOPLE_MAX, Age, profile
from pipeline.domain.weights import weights

_AMOUNT = re.compile(r"-?[\d.]*\.\.-?[\d.]*|\d-\d")


def of(one: Facts, other: Facts) -> dict[str, str]:
    return dict(levels(profile(one), profile(other)))


@given(any_event(), any_event())
def test_levels_are_the_same_whichever_report_comes_first(one: Facts, other: Facts) -> None:
    assert sorted(levels(profile(one), profile(other))) == sorted(levels(profile(other), profile(one)))


@given(any_event(), any_event())
def test_every_aspect_has_one_level_and_belongs_to_a_field(one: Facts, other: Facts) -> None:
    aspects = [aspect for aspect, _ in levels(profile(one), profile(other))]
    assert len(aspects) == len(set(aspects))
    assert Field.OTHER not in map(field_of, aspects)


def test_every_aspect_and_level_that_weighs_is_told_in_words() -> None:
    for aspect, level in weights().table:
        assert aspect_words(aspect).zh != aspect
        for part in re.split("[+/]", level):
            assert _AMOUNT.fullmatch(part) or level_words(aspect, part).zh != part, (aspect, level)


@pytest.mark.parametrize(
    ("level", "zh", "en"),
    [
        ("exact+few+rare", "姓名相同、少見姓氏、少見名字", "the same name, a rare surname, a rare given name"),
        ("both/3..6", "雙方皆載明發生時間、3 至 6", "both date it, 3 to 6"),
        ("..24", "低於 24", "below 24"),
        ("480..", "480 以上", "480 and more"),
        ("2-1", "2-1", "2-1"),
    ],
)
def test_a_level_of_several_words_is_told_word_by_word(level: str, zh: str, en: str) -> None:
    assert level_words("first", level) == (zh, en)


@pytest.mark.parametrize(("amount", "level"), [(2.9, "..3"), (3, "3..6"), (5.9, "3..6"), (6, "6..")])
def test_a_range_begins_at_its_edge(amount: float, level: str) -> None:
    assert among(amount, (3, 6)) == level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("板橋區文化路1號3樓", "板橋區文化路1號三樓", "same_floor"),
        ("板橋區文化路1號", "板橋區文化路1號", "house"),
        ("板橋區文化路1號3樓", "板橋區文化路1號", "floor_missing"),
        ("板橋區文化路1號3樓", "板橋區文化路1號4樓", "other_floor"),
        ("板橋區文化路1號", "板橋區文化路", "same_road"),
    ],
)
def test_a_house_without_floors_is_another_thing_than_a_floor_that_one_leaves_out(
    one: str, other: str, level: str
) -> None:
    assert comparison_places.compare_level(read_place(one), read_place(other)) == level


def test_each_person_is_matched_once_and_the_most_alike_first() -> None:
    mother, child = person(name="沈佩珊", birth="1986-04-11"), person(Role.CHILD_WITNESS, name="羅承恩")
    found = couples(profile(report("1", mother, child)), profile(report("2", child, mother)))
    assert [(c.a.name, c.b.name) for c in found.matched] == [(p.name_form, p.name_form) for p in (mother, child)]


def test_bystanders_of_both_reports_are_no_couple() -> None:
    head = person(Role.OTHER, name="曾國榮")
    one, other = profile(report("1", person(name="沈佩珊"), head)), profile(report("2", person(name="羅冠霖"), head))
    assert all(Role.VICTIM in (c.a.role, c.b.role) for c in couples(one, other).matched)


def test_specimens_fillers_and_services_say_nothing_of_a_person() -> None:
    told = person(national_id="A123456789", birth="1911-01-01", phone="113")
    assert not any(somebody.is_told for somebody in profile(report("1", told)).people)


def test_of_a_crowd_those_are_compared_about_whom_something_is_told() -> None:
    crowd = (*(person(Role.CHILD_WITNESS) for _ in range(2 * PEOPLE_MAX)), person(name="沈佩珊"))
    people = profile(report("1", *crowd)).people
    assert len(people) == PEOPLE_MAX
    assert people[0].is_told


@pytest.mark.parametrize(
    ("told", "age"),
    [
        ({"birth": "2016-01-01"}, Age.CHILD),
        ({"birth": "1986-01-01"}, Age.ADULT),
        ({"birth": "1940-01-01"}, Age.ELDER),
        ({"name": "沈小弟弟"}, Age.CHILD),
        ({"name": "沈佩珊"}, Age.UNKNOWN),
    ],
)
def test_a_victims_age_is_known_by_birth_or_title(told: dict[str, str], age: Age) -> None:
    (kin,) = profile(report("1", person(sex=Sex.MALE, **told))).victims
    assert kin.age is age


def test_what_happened_after_the_other_was_told_lies_on_the_other_side_of_zero() -> None:
    first = report("1", person(), after_h=0)
    later = report("2", person(), after_h=60, occurred_at=NOON + hours(50))
    assert of(first, later)["occurred"] == "one/earlier/-96..-48"
    by_default = report("2", person(), after_h=60, occurred_at=NOON + hours(60))
    assert of(first, by_default)["occurred"].endswith("/at_once")


def test_short_stories_are_not_compared() -> None:
    one, other = (report(n, person(), story="遭家人毆打") for n in "12")
    assert of(one, other)["story_category"].startswith("unknown/")
    one, other = (report(n, person(), story="羅男酒後動手毆打沈女左眼瘀腫") for n in "12")
    assert of(one, other)["story_category"].startswith("0.8../")


def test_all_roles_of_two_people_have_a_word() -> None:
    told = {
        of(report("1", person(a, name="沈佩珊")), report("2", person(b, name="沈佩珊"))).get("first_who")
        for a, b in product(Role, Role)
    }
    assert None in told
    assert all(level_words("first_who", who).zh != who for who in told - {None})
