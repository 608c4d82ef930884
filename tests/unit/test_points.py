from datetime import date

import pytest
from telling import POLICY, born, incident, safety, suicide_idea, tipvda, told

from pipeline.contracts.decision import Reason
from pipeline.contracts.vocabulary import Category, CrisisFlag, Indicator, Role, SafetyResult
from pipeline.domain.dangers import gather
from pipeline.domain.facts import Facts, Person
from pipeline.domain.points import reasons

INFANT = date(2024, 5, 1)
CHILD = date(2016, 5, 1)


def told_reasons(facts: Facts) -> dict[str, Reason]:
    return {reason.code: reason for reason in reasons(POLICY, gather((incident(facts),), POLICY.stand_in))}


def fields(facts: Facts) -> dict[str, str]:
    return {code: reason.field for code, reason in told_reasons(facts).items()}


def test_every_word_of_the_vocabulary_has_points_and_none_takes_points_away() -> None:
    assert set(POLICY.category_points) == set(Category)
    assert set(POLICY.flag_points) == set(CrisisFlag)
    assert set(POLICY.indicator_points) == set(Indicator)
    assert {field for form, field in POLICY.item_points if form == "tipvda"} == {f"items.{n}" for n in range(1, 16)}
    known = {row.code for row in POLICY.tables.danger}
    assert {f"safety_{word}" for word in ("with_plan", "unsafe")} <= known
    numbers = (
        *(p.points for table in (POLICY.category_points, POLICY.flag_points) for p in table.values()),
        *(p.points for p in POLICY.indicator_points.values()),
        *(p.points for table in (POLICY.person_points, POLICY.item_points) for p in table.values()),
        *(p.points for p in POLICY.role_points.values()),
        *(row.points for row in (*POLICY.tables.age, *POLICY.tables.danger)),
    )
    assert min(numbers) >= 0


def test_the_age_that_an_indicator_stands_in_for_counts_once_and_under_the_ages_own_row() -> None:
    assert POLICY.indicator_points[Indicator.AGE_UNDER_6].points == 0
    assert fields(told(indicators=(Indicator.AGE_UNDER_6,))) == {
        "age_under_6": "indicators[0]",
        "age_under_18": "indicators[0]",
    }
    assert fields(told(persons=born(INFANT), indicators=(Indicator.AGE_UNDER_6,))) == {
        "age_under_6": "persons[0].birth_date",
        "age_under_18": "persons[0].birth_date",
    }


@pytest.mark.parametrize("indicator", [i for i in Indicator if i is not Indicator.AGE_UNDER_6])
def test_every_indicator_is_a_reason_with_its_own_field(indicator: Indicator) -> None:
    assert fields(told(indicators=("seen_crying", indicator)))[indicator.value] == "indicators[1]"


@pytest.mark.parametrize("flag", [f for f in CrisisFlag if f is not CrisisFlag.OTHER])
def test_every_crisis_flag_is_a_reason_with_its_own_field(flag: CrisisFlag) -> None:
    assert fields(told(crisis_flags=(flag,)))[flag.value] == "crisis_flags[0]"


def test_the_crisis_flag_other_is_a_reason_that_no_category_is_taken_for() -> None:
    assert fields(told(Category.OTHER, crisis_flags=(CrisisFlag.OTHER,))) == {"crisis_other": "crisis_flags[0]"}


@pytest.mark.parametrize("category", [c for c in Category if c is not Category.OTHER])
def test_every_category_but_other_is_a_reason_with_its_own_field(category: Category) -> None:
    assert fields(told(Category.OTHER, category))[category.value] == "categories[1]"


@pytest.mark.parametrize("item", range(1, 16))
def test_every_answer_of_tipvda_is_a_reason_with_its_own_field(item: int) -> None:
    assert list(fields(told(forms=tipvda(item))).values()) == [f"instruments.tipvda.items.{item}"]


@pytest.mark.parametrize(
    ("item", "indicator"),
    [
        (1, Indicator.TIPVDA_STRANGULATION),
        (4, Indicator.TIPVDA_WEAPON),
        (5, Indicator.TIPVDA_DEATH_THREAT),
        (15, Indicator.TIPVDA_ESCALATING),
    ],
)
def test_an_answer_and_an_indicator_that_say_the_same_count_once(item: int, indicator: Indicator) -> None:
    both = told_reasons(told(indicators=(indicator,), forms=tipvda(item)))

    assert both == told_reasons(told(indicators=(indicator,)))


def test_an_answer_outside_the_form_is_no_reason() -> None:
    assert fields(told(forms=tipvda(16))) == {}


def test_eight_answers_weigh_more_than_the_answers_alone() -> None:
    assert fields(told(forms=tipvda(2, 3, 7, 8, 9, 10, 11, 12)))["tipvda_high"] == "instruments.tipvda.items"
    assert "tipvda_high" not in fields(told(forms=tipvda(2, 3, 7, 8, 9, 10, 11)))


def test_the_other_instruments_are_reasons_with_their_fields() -> None:
    assert fields(told(forms=tipvda(judged_high=True))) == {"tipvda_judged_high": "instruments.tipvda.judged_high"}
    assert fields(told(forms=suicide_idea(2))) == {"suicide_idea": "instruments.bsrs5.suicide_idea"}
    assert fields(told(forms=suicide_idea(1))) == {}
    assert fields(told(forms=safety(SafetyResult.UNSAFE))) == {"safety_unsafe": "instruments.sdm_safety.result"}
    assert fields(told(forms=safety(SafetyResult.SAFE))) == {}


def test_an_infant_hurt_names_the_age_and_what_it_means_together_with_the_injury() -> None:
    assert fields(told(persons=born(INFANT), indicators=(Indicator.INJURY_VISIBLE, Indicator.REPEAT_HARM))) == {
        "injury_visible": "indicators[0]",
        "repeat_harm": "indicators[1]",
        "age_under_6": "persons[0].birth_date",
        "age_under_18": "persons[0].birth_date",
        "child_injured": "indicators[0]",
        "small_child_injured": "indicators[0]",
        "small_child_harmed_again": "indicators[1]",
    }


def test_a_child_hurt_is_worth_less_than_an_infant_hurt() -> None:
    child, infant = (
        sum(r.points for r in told_reasons(told(persons=born(birth), indicators=(Indicator.INJURY_VISIBLE,))).values())
        for birth in (CHILD, INFANT)
    )

    assert child < infant


def test_a_childs_peril_is_shown_where_it_decides_and_weighs_the_same_where_it_is_excused() -> None:
    alone = told_reasons(told(indicators=(Indicator.NEGLECT, Indicator.ABANDONED)))
    excused = told_reasons(told(Category.ELDER_PROTECTION, indicators=(Indicator.NEGLECT, Indicator.ABANDONED)))

    assert alone["child_peril"] == Reason(
        code="child_peril",
        points=0,
        field="indicators[1]",
        zh="兒少需立即就醫、遭遺棄、買賣或強迫",
        en="A child needs a doctor now, is abandoned, sold or forced",
    )
    assert "child_peril" not in excused
    assert alone["abandoned"].points == excused["abandoned"].points > 0


@pytest.mark.parametrize(
    ("role", "condition", "counts"),
    [
        (Role.VICTIM, "pregnant", True),
        (Role.VICTIM, "disability", True),
        (Role.VICTIM, "drugs", False),
        (Role.ALLEGED_PERPETRATOR, "drugs", True),
        (Role.CAREGIVER, "mental_illness", True),
        (Role.CAREGIVER, "alcohol", True),
        (Role.HOUSEHOLD_MEMBER, "mental_illness", False),
        (Role.OTHER, "suicidal", True),
        (Role.VICTIM, "deaf", False),
    ],
)
def test_a_condition_is_a_reason_where_it_is_a_danger_in_that_role(role: Role, condition: str, counts: bool) -> None:  # noqa: FBT001 - a row of the table
    found = fields(told(persons=(Person(3, role, conditions=("other", condition)),)))

    assert found == ({condition: "persons[3].conditions[1]"} if counts else {})


def test_a_child_witness_is_a_reason() -> None:
    assert fields(told(persons=(Person(1, Role.CHILD_WITNESS),))) == {"child_witness": "persons[1].role"}


def test_an_indicator_that_is_empty_is_no_unknown_one() -> None:
    assert fields(told(indicators=("", "seen_crying"))) == {"unknown_indicator": "indicators[1]"}
