import time
from dataclasses import replace

import pytest
from hypothesis import given
from people import person, report
from telling import NOON, any_event, event, hours, known

from pipeline.contracts.vocabulary import Category, Role, Sex
from pipeline.domain.evidence import NOBODY_SHORT, NOTHING_IN_COMMON, QUOTED, Quote, compare, profile
from pipeline.domain.facts import Facts
from pipeline.domain.normalise.place import read_place
from pipeline.domain.weights import weights

HOME = "新北市板橋區文化路二段355號3樓"
MOTHER = {"name": "沈佩珊", "birth": "1986-04-11"}
FATHER = {"name": "羅冠霖", "birth": "1984-09-30"}
SOON_S = 3.0


def joins(one: Facts, other: Facts) -> bool:
    return compare(one, other).household >= weights().household_join


def one_incident(one: Facts, other: Facts) -> bool:
    found = compare(one, other)
    return found.incident / found.household >= weights().incident_join


@given(any_event(), any_event())
def test_evidence_is_the_same_in_either_order(one: Facts, other: Facts) -> None:
    there, back = compare(one, other), compare(other, one)
    assert there.household == pytest.approx(back.household)
    assert there.incident == pytest.approx(back.incident)
    assert sorted(there.reasons) == sorted(back.reasons)


@given(any_event(), any_event())
def test_one_incident_is_never_surer_than_one_household(one: Facts, other: Facts) -> None:
    found = compare(one, other)
    assert 0 <= found.incident <= found.household <= 1


@given(any_event(), any_event())
def test_the_reasons_and_the_prior_add_up_to_the_evidence(one: Facts, other: Facts) -> None:
    """But that reports of nobody in common stay below the join, however much where and when speak for it."""
    found, known_weights = compare(one, other), weights()
    bits = known_weights.prior_household + sum(reason.household for reason in found.reasons)
    sum_of_all, of_nobody = 1 / (1 + 2**-bits), known_weights.household_join - NOBODY_SHORT
    assert found.household == pytest.approx(sum_of_all) or (
        sum_of_all > of_nobody and found.household == pytest.approx(of_nobody)
    )


@given(any_event(), any_event())
def test_a_report_that_was_made_ready_is_compared_as_it_is(one: Facts, other: Facts) -> None:
    assert compare(profile(one), profile(other)) == compare(one, other)


def test_no_evidence_is_certain_of_nothing() -> None:
    assert (NOTHING_IN_COMMON.household, NOTHING_IN_COMMON.incident) == (0, 0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"national_id": "A223456783", "name": "沈佩珊"}, {"national_id": "a223456783"}),
        (MOTHER, {"name": "沈珮珊", "birth": "75.4.11"}),
        ({**MOTHER, "address": HOME}, {"name": "沈小姐", "birth": "1986-04-11", "address": HOME}),
        ({"name": "沈佩珊", "address": HOME}, {"name": "沈○珊", "address": "板橋區文化路2段355號"}),
    ],
)
def test_what_is_told_of_one_person_in_other_words_joins(one: dict[str, str], other: dict[str, str]) -> None:
    assert joins(report("1", person(**one)), report("2", person(**other), after_h=3))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"national_id": "A123456789", "name": "翁美惠"}, {"national_id": "A123456789", "name": "魏志成"}),
        ({"name": "翁美惠", "birth": "1911-01-01"}, {"name": "魏志成", "birth": "1911-01-01"}),
        ({"name": "翁美惠", "phone": "113"}, {"name": "魏志成", "phone": "113"}),
        ({"name": "林雅婷", "birth": "1990-02-03"}, {"name": "林雅婷", "birth": "1976-11-30"}),
        ({"name": "沈佩珊", "address": HOME}, {"name": "高秀琴", "address": HOME.replace("3樓", "9樓")}),
        (
            {"name": "鄧羽彤", "birth": "1984-06-15", "phone": "0933207118"},
            {"name": "杜文彬", "birth": "1959-02-11", "phone": "0933207118"},
        ),
        ({"name": "化名小花", "address": "彰化縣員林市"}, {"name": "化名小花", "address": "彰化縣員林市"}),
        ({"name": "陳小姐", "address": "基隆市七堵區"}, {"name": "陳小姐", "address": "基隆市七堵區福一街"}),
    ],
)
def test_what_strangers_share_joins_nobody(one: dict[str, str], other: dict[str, str]) -> None:
    assert not joins(report("1", person(**one)), report("2", person(**other), after_h=3))


def test_a_bystander_who_stands_in_many_reports_joins_nobody() -> None:
    head = person(Role.OTHER, name="曾國榮", birth="1961-07-07", phone="0910883221")
    one = report("1", person(name="賴素蘭", address="南投縣埔里鎮中山路二段40號"), head)
    other = report("2", person(name="徐文傑", address="南投縣埔里鎮中山路二段71號"), head)
    assert not joins(one, other)


def test_a_perpetrator_alone_joins_no_two_victims() -> None:
    him = person(Role.ALLEGED_PERPETRATOR, Sex.MALE, **FATHER)
    one = report("1", person(sex=Sex.FEMALE, name="涂欣儀", address="屏東縣屏東市廣東路120號"), him)
    other = report("2", person(sex=Sex.FEMALE, name="巫佳慧", address="屏東縣潮州鎮延平路66號3樓"), him, after_h=80)
    assert not joins(one, other)


def test_a_couple_in_turned_roles_is_one_household() -> None:
    her, him = person(sex=Sex.FEMALE, **MOTHER), person(Role.ALLEGED_PERPETRATOR, Sex.MALE, **FATHER)
    turned = (replace(him, role=Role.VICTIM), replace(her, role=Role.ALLEGED_PERPETRATOR))
    assert joins(report("1", her, him), report("2", *turned, after_h=500))


def told_at(event_id: str, after_h: float, happened_h: float | None, **more: object) -> Facts:
    happened = None if happened_h is None else NOON + hours(happened_h)
    people = (person(sex=Sex.FEMALE, **MOTHER, address=HOME), person(Role.ALLEGED_PERPETRATOR, Sex.MALE, **FATHER))
    return report(event_id, *people, after_h=after_h, occurred_at=happened, **more)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((4, 0), (9, 1), True),
        ((4, 0), (60, 0), True),
        ((4, None), (9, None), True),
        ((4, 0), (30, None), True),
        ((4, 0), (24 * 40, 24 * 40 - 3), False),
        ((4, 0), (24 * 40, None), False),
        ((4, None), (24 * 40, None), False),
        ((4, 0), (24 * 5, 24 * 5 - 4), False),
    ],
)
def test_of_one_household_time_decides_whether_it_is_one_incident(
    one: tuple[float, float | None], other: tuple[float, float | None], *, same: bool
) -> None:
    assert one_incident(told_at("1", *one), told_at("2", *other)) is same


def test_the_kind_of_danger_alone_makes_no_other_incident() -> None:
    other = told_at("2", 9, 1, categories=(Category.VULNERABLE_FAMILY,))
    assert one_incident(told_at("1", 4, 0, categories=(Category.INTIMATE_PARTNER_VIOLENCE,)), other)


def test_where_it_happened_counts_as_a_place_of_the_household() -> None:
    one = report("1", person(name="沈佩珊"), occurred_place=read_place(HOME))
    assert joins(one, report("2", person(name="沈珮珊", address=HOME), after_h=3))


def test_surnames_in_the_story_speak_for_those_who_are_not_named() -> None:
    silent = report(
        "1", person(sex=Sex.FEMALE, address=HOME.removesuffix("3樓")), story="羅男動手毆打沈女並揚言同歸於盡"
    )
    plain = report("1", person(sex=Sex.FEMALE, address=HOME.removesuffix("3樓")), story="動手毆打並揚言同歸於盡")
    couple = report("2", person(name="沈佩珊", address=HOME), person(Role.ALLEGED_PERPETRATOR, name="羅冠霖"))
    assert compare(silent, couple).household > compare(plain, couple).household


def test_a_clear_quote_links_whatever_else_is_missing() -> None:
    found = compare(event("a", clock_start=NOON), event("b", clock_start=NOON + hours(5000)), Quote.CLEAR)
    assert (found.household, found.incident) == (1, 1)
    assert found.reasons[0].aspect == QUOTED


@pytest.mark.parametrize("quote", [Quote.BORNE_BY_SEVERAL, Quote.VICTIMS_CONTRADICT])
def test_a_doubtful_quote_is_only_a_doubt(quote: Quote) -> None:
    one, other = told_at("1", 4, 0), told_at("2", 9, 1)
    assert compare(one, other, quote) == replace(compare(one, other), doubts=(QUOTED, quote.value))


def test_two_crowds_are_compared_soon() -> None:
    crowd = tuple(known(i, name=f"{chr(0x4E00 + i)}志明", phones=("+886912345678",)) for i in range(200))
    one, other = event("a", persons=crowd), event("b", persons=crowd[::-1])
    began = time.perf_counter()
    compare(one, other)
    assert time.perf_counter() - began < SOON_S
