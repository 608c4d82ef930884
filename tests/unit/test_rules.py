from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest
from telling import POLICY, amended, born, incident, safety, suicide_idea, tipvda, told

from pipeline.contracts.vocabulary import Category, CrisisFlag, Indicator, Priority, Queue, Role, SafetyResult
from pipeline.domain.dangers import IncidentView, gather
from pipeline.domain.facts import Facts, Person
from pipeline.domain.policy.conditions import Situation
from pipeline.domain.score import Standing, judge, judgement

INFANT = date(2024, 5, 1)
CHILD = date(2016, 5, 1)
ADULT = date(1980, 5, 1)

PROTECTIVE = (
    Category.CHILD_PROTECTION,
    Category.INTIMATE_PARTNER_VIOLENCE,
    Category.ELDER_PROTECTION,
    Category.DISABILITY_PROTECTION,
    Category.SEXUAL_ASSAULT,
    Category.CHILD_SEXUAL_EXPLOITATION,
    Category.OTHER_FAMILY_VIOLENCE,
)
PERILS = (Indicator.NEEDS_DOCTOR_NOW, Indicator.ABANDONED, Indicator.SOLD_OR_FORCED)


def standing(*categories: Category, **more: Any) -> Standing:  # noqa: ANN401 - any field of Facts
    return judge(POLICY, (incident(told(*categories, **more)),))


def queue_name(facts: Facts) -> str:
    return judgement(POLICY, (incident(facts),)).queue.row.name


def grade_name(facts: Facts) -> str:
    return judgement(POLICY, (incident(facts),)).child_grade.row.name


def priority_name(facts: Facts) -> str:
    return judgement(POLICY, (incident(facts),)).priority.row.name


def names(rows: Iterable[Any]) -> list[str]:
    return [row.name for row in rows]


def test_rows_of_a_table_have_names_of_their_own_and_the_last_row_always_holds() -> None:
    nothing = Situation(gather((incident(told()),)), Queue.FAMILY)
    tables = POLICY.tables

    for rows in (tables.queue, tables.child_grade, tables.priority, tables.county):
        assert len(set(names(rows))) == len(rows)
    assert POLICY.queue(nothing).row is tables.queue[-1]
    assert POLICY.grade(nothing).row is tables.child_grade[-1]
    assert POLICY.priority(nothing).row is tables.priority[-1]
    assert POLICY.county(nothing).row is tables.county[-1]


@pytest.mark.parametrize("category", list(Category))
def test_a_category_alone_leads_to_its_queue_and_is_never_called_raised(category: Category) -> None:
    found = standing(category)

    assert (found.queue is Queue.PROTECTIVE) == (category in PROTECTIVE)
    assert "raised_to_protective" not in found.tags


def test_a_report_without_any_category_has_a_queue_and_a_priority() -> None:
    found = judge(POLICY, (incident(told(categories=())),))

    assert (found.queue, found.priority, found.child_grade) == (Queue.FAMILY, Priority.ROUTINE, None)


@pytest.mark.parametrize(
    "facts",
    [
        told(persons=born(CHILD), indicators=(Indicator.INJURY_VISIBLE,)),
        told(indicators=(Indicator.AGE_UNDER_6, Indicator.INJURY_VISIBLE)),
        told(persons=born(INFANT), indicators=(Indicator.REPEAT_HARM,)),
        told(forms=safety(SafetyResult.UNSAFE)),
        told(persons=born(ADULT), forms=safety(SafetyResult.UNSAFE)),
        *(told(indicators=(peril,)) for peril in PERILS),
        *(told(persons=born(ADULT, CHILD), indicators=(peril,)) for peril in PERILS),
        told(categories=(), indicators=(Indicator.ABANDONED,)),
        told(Category.INTIMATE_PARTNER_VIOLENCE, Category.OTHER, indicators=(Indicator.ABANDONED,)),
    ],
)
def test_a_child_in_danger_raises_to_protective(facts: Facts) -> None:
    assert grade_name(facts) in {
        "grade_1_small_child_injured",
        "grade_1_unsafe",
        "grade_1_peril",
        "grade_2_child_in_danger",
    }
    assert judge(POLICY, (incident(facts),)).queue is Queue.PROTECTIVE
    if Category.INTIMATE_PARTNER_VIOLENCE not in facts.categories:
        assert queue_name(facts) == "child_in_danger"
        assert "raised_to_protective" in judge(POLICY, (incident(facts),)).tags


@pytest.mark.parametrize(
    "facts",
    [
        told(persons=born(ADULT), indicators=(Indicator.INJURY_VISIBLE,)),
        told(indicators=(Indicator.INJURY_VISIBLE, Indicator.REPEAT_HARM)),
        told(persons=born(CHILD), indicators=(Indicator.REPEAT_HARM,)),
        told(forms=safety(SafetyResult.SAFE_WITH_PLAN)),
        told(persons=born(ADULT), indicators=PERILS),
        told(persons=born(ADULT, None), indicators=PERILS),
        told(persons=born(ADULT), indicators=(*PERILS, Indicator.AGE_UNDER_6)),
        told(indicators=(Indicator.NEGLECT, Indicator.MEDICAL_EVIDENCE_NEEDED)),
    ],
)
def test_an_adult_or_a_lesser_sign_is_no_child_in_danger(facts: Facts) -> None:
    assert queue_name(facts) == "all_the_rest_to_family_service"
    assert grade_name(facts) == "no_child"


@pytest.mark.parametrize(
    "categories",
    [
        (Category.INTIMATE_PARTNER_VIOLENCE,),
        (Category.ELDER_PROTECTION,),
        (Category.ELDER_PROTECTION, Category.INTIMATE_PARTNER_VIOLENCE),
    ],
)
def test_perils_are_told_of_adults_where_only_adults_categories_are_named(categories: tuple[Category, ...]) -> None:
    assert standing(*categories, indicators=PERILS).child_grade is None
    assert standing(*categories, persons=born(CHILD), indicators=PERILS).child_grade is None
    assert standing(*categories, Category.VULNERABLE_FAMILY, indicators=PERILS).child_grade == 1


def test_the_excuse_of_perils_looks_at_the_whole_case() -> None:
    partner = incident(told(Category.INTIMATE_PARTNER_VIOLENCE, persons=born(ADULT)))
    child = incident(told(Category.INTIMATE_PARTNER_VIOLENCE, persons=born(CHILD), indicators=PERILS))
    poor = incident(told(Category.VULNERABLE_FAMILY))

    assert judge(POLICY, (partner, child)).child_grade is None
    assert judge(POLICY, (partner, child, poor)).child_grade == 1


@pytest.mark.parametrize("flag", [f for f in CrisisFlag if f is not CrisisFlag.OTHER])
def test_any_crisis_flag_raises_to_protective(flag: CrisisFlag) -> None:
    found = standing(crisis_flags=(flag,))

    assert queue_name(told(crisis_flags=(flag,))) == "crisis_flag"
    assert found.queue is Queue.PROTECTIVE
    assert "raised_to_protective" in found.tags


def test_the_crisis_flag_other_raises_nothing() -> None:
    found = standing(crisis_flags=(CrisisFlag.OTHER,))

    assert (found.queue, found.priority) == (Queue.FAMILY, Priority.ROUTINE)


EIGHT_MILD = (2, 3, 7, 8, 9, 10, 11, 12)


def test_eight_answers_on_one_form_are_high_and_seven_are_not() -> None:
    assert queue_name(told(forms=tipvda(*EIGHT_MILD))) == "tipvda_high"
    assert queue_name(told(forms=tipvda(*EIGHT_MILD[:7]))) == "all_the_rest_to_family_service"


def test_answers_on_two_forms_are_never_added_up() -> None:
    first, second = told(forms=tipvda(2, 3, 7, 8)), told(forms=tipvda(9, 10, 11, 12))

    assert judge(POLICY, (incident(first, second),)).queue is Queue.FAMILY
    assert judge(POLICY, (amended(first, second),)).queue is Queue.FAMILY


def test_a_high_form_stays_high_when_an_amendment_answers_less() -> None:
    amendment = told(forms=tipvda(2))

    assert "ipv_high_danger" in judge(POLICY, (amended(told(forms=tipvda(*EIGHT_MILD)), amendment),)).tags


def test_judged_high_is_high_without_any_answer() -> None:
    found = standing(forms=tipvda(judged_high=True))

    assert queue_name(told(forms=tipvda(judged_high=True))) == "tipvda_high"
    assert found.priority is Priority.URGENT
    assert found.tags == {"raised_to_protective", "ipv_high_danger", "high_danger"}


LETHAL = [
    told(indicators=(Indicator.TIPVDA_STRANGULATION,)),
    told(indicators=(Indicator.TIPVDA_WEAPON,)),
    told(indicators=(Indicator.TIPVDA_DEATH_THREAT,)),
    *(told(forms=tipvda(item)) for item in (1, 4, 5, 6)),
]


@pytest.mark.parametrize("facts", LETHAL)
def test_a_sign_of_lethality_is_protective_urgent_and_tagged(facts: Facts) -> None:
    found = judge(POLICY, (incident(facts),))

    assert queue_name(facts) == "lethality_or_confinement"
    assert found.priority is Priority.URGENT
    assert found.tags == {"raised_to_protective", "lethality_signs"}


@pytest.mark.parametrize("item", [n for n in range(1, 16) if n not in {1, 4, 5, 6}])
def test_another_answer_alone_is_no_sign_of_lethality(item: int) -> None:
    assert queue_name(told(forms=tipvda(item))) == "all_the_rest_to_family_service"


def test_confinement_is_protective_and_urgent_but_no_sign_of_lethality() -> None:
    found = standing(indicators=(Indicator.CONFINEMENT,))

    assert (found.queue, found.priority) == (Queue.PROTECTIVE, Priority.URGENT)
    assert found.tags == {"raised_to_protective"}


def test_a_protective_category_is_not_called_raised_whatever_else_holds() -> None:
    found = standing(Category.ELDER_PROTECTION, crisis_flags=(CrisisFlag.LIFE_THREATENED,))

    assert "raised_to_protective" not in found.tags


IMMEDIATE = [f for f in CrisisFlag if f not in {CrisisFlag.OTHER, CrisisFlag.ASSESSED_NEED}]


@pytest.mark.parametrize("flag", IMMEDIATE)
def test_a_flag_of_danger_now_is_immediate(flag: CrisisFlag) -> None:
    assert priority_name(told(crisis_flags=(flag,))) == "flag_now"
    assert standing(crisis_flags=(flag,)).priority is Priority.IMMEDIATE


def test_child_grade_1_is_immediate() -> None:
    facts = told(persons=born(INFANT), indicators=(Indicator.INJURY_VISIBLE,))

    assert priority_name(facts) == "child_grade_1"
    assert judge(POLICY, (incident(facts),)).priority is Priority.IMMEDIATE


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("ipv_high_danger", told(forms=tipvda(*EIGHT_MILD))),
        ("lethality_signs", told(indicators=(Indicator.TIPVDA_WEAPON,))),
        ("sexual_violence", told(Category.SEXUAL_ASSAULT)),
        ("sexual_violence", told(Category.CHILD_SEXUAL_EXPLOITATION)),
        ("assessed_need", told(crisis_flags=(CrisisFlag.ASSESSED_NEED,))),
        ("confinement", told(indicators=(Indicator.CONFINEMENT,))),
        ("suicide_idea_to_refer", told(forms=suicide_idea(2))),
    ],
)
def test_each_urgent_row_decides_by_itself(name: str, facts: Facts) -> None:
    assert priority_name(facts) == name
    assert judge(POLICY, (incident(facts),)).priority is Priority.URGENT


def test_a_suicide_idea_of_two_is_urgent_in_the_family_queue_and_one_is_routine() -> None:
    assert standing(forms=suicide_idea(2)).queue is Queue.FAMILY
    assert standing(forms=suicide_idea(1)).priority is Priority.ROUTINE


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("protective_queue", told(Category.OTHER_FAMILY_VIOLENCE)),
        ("suicide_risk", told(Category.SUICIDE_RISK)),
        ("protective_queue", told(persons=born(CHILD), indicators=(Indicator.INJURY_VISIBLE,))),
    ],
)
def test_each_standard_row_decides_by_itself(name: str, facts: Facts) -> None:
    assert priority_name(facts) == name
    assert judge(POLICY, (incident(facts),)).priority is Priority.STANDARD


def test_the_rest_is_routine() -> None:
    assert priority_name(told(Category.VULNERABLE_FAMILY)) == "all_the_rest"


@pytest.mark.parametrize(
    ("name", "grade", "facts"),
    [
        ("child_flag", 1, told(crisis_flags=(CrisisFlag.CHILD_URGENT,))),
        ("child_flag", 1, told(crisis_flags=(CrisisFlag.PLACED_CHILD_THREATENED,))),
        ("grade_1_small_child_injured", 1, told(persons=born(INFANT), indicators=(Indicator.INJURY_VISIBLE,))),
        ("grade_1_unsafe", 1, told(forms=safety(SafetyResult.UNSAFE))),
        *(("grade_1_peril", 1, told(indicators=(peril,))) for peril in PERILS),
        ("child_category", 2, told(Category.CHILD_PROTECTION)),
        ("child_category", 2, told(Category.CHILD_SEXUAL_EXPLOITATION)),
        ("child_category", 2, told(Category.CHILD_PROTECTION, persons=born(ADULT), indicators=PERILS)),
        ("grade_2_child_in_danger", 2, told(persons=born(CHILD), indicators=(Indicator.INJURY_VISIBLE,))),
        (
            "grade_2_child_in_danger",
            2,
            told(Category.ELDER_PROTECTION, persons=born(INFANT), indicators=(Indicator.REPEAT_HARM,)),
        ),
        ("no_child", None, told(Category.SEXUAL_ASSAULT, crisis_flags=(CrisisFlag.LIFE_THREATENED,))),
    ],
)
def test_each_row_of_the_child_grade_decides_by_itself(name: str, grade: int | None, facts: Facts) -> None:
    assert grade_name(facts) == name
    assert judge(POLICY, (incident(facts),)).child_grade == grade


@pytest.mark.parametrize(
    "facts",
    [
        told(forms=tipvda(judged_high=True)),
        told(crisis_flags=(CrisisFlag.CHILD_URGENT,)),
        told(crisis_flags=(CrisisFlag.ASSESSED_HIGH_DANGER,)),
    ],
)
def test_high_danger_is_tagged_for_every_kind_of_victim(facts: Facts) -> None:
    assert "high_danger" in judge(POLICY, (incident(facts),)).tags


def test_high_danger_is_not_tagged_for_a_life_threatened_alone() -> None:
    assert "high_danger" not in standing(crisis_flags=(CrisisFlag.LIFE_THREATENED,)).tags


def person(role: Role, *conditions: str) -> tuple[Person, ...]:
    return (Person(0, Role.VICTIM), Person(1, role, conditions=conditions))


@pytest.mark.parametrize(
    ("service", "facts"),
    [
        ("family", told(Category.CHILD_PROTECTION, Category.VULNERABLE_FAMILY)),
        ("family", told(Category.CHILD_PROTECTION, Category.ECONOMIC_HARDSHIP)),
        ("family", told(Category.CHILD_PROTECTION, indicators=(Indicator.UTILITIES_CUT,))),
        ("family", told(Category.CHILD_PROTECTION, indicators=(Indicator.CAREGIVER_OVERLOAD,))),
        ("mental_health", told(Category.MENTAL_HEALTH)),
        ("mental_health", told(persons=person(Role.ALLEGED_PERPETRATOR, "mental_illness"))),
        ("mental_health", told(persons=person(Role.CAREGIVER, "mental_illness"))),
        ("suicide_prevention", told(Category.SUICIDE_RISK)),
        *(("suicide_prevention", told(persons=person(role, "suicidal"))) for role in Role),
        ("suicide_prevention", told(forms=suicide_idea(2))),
        ("substance_use", told(Category.SUBSTANCE_USE)),
        ("substance_use", told(persons=person(Role.ALLEGED_PERPETRATOR, "drugs"))),
        ("substance_use", told(persons=person(Role.CAREGIVER, "drugs"))),
        ("youth_guidance", told(Category.YOUTH_AT_RISK)),
        ("employment", told(indicators=(Indicator.UNEMPLOYMENT,))),
    ],
)
def test_each_other_service_is_named_where_its_condition_holds(service: str, facts: Facts) -> None:
    assert service in judge(POLICY, (incident(facts),)).also


def test_a_child_witness_concerns_education() -> None:
    assert standing(persons=person(Role.CHILD_WITNESS)).also == {"education"}


def test_unemployment_in_a_protective_case_concerns_family_and_employment() -> None:
    found = standing(Category.CHILD_PROTECTION, indicators=(Indicator.UNEMPLOYMENT,))

    assert found.also == {"family", "employment"}


@pytest.mark.parametrize(
    "facts",
    [
        told(Category.VULNERABLE_FAMILY, Category.ECONOMIC_HARDSHIP, indicators=(Indicator.UTILITIES_CUT,)),
        told(persons=person(Role.HOUSEHOLD_MEMBER, "mental_illness", "drugs")),
        told(persons=(Person(0, Role.VICTIM, conditions=("mental_illness", "drugs")),)),
        told(forms=suicide_idea(1)),
    ],
)
def test_no_other_service_is_named_where_none_of_the_conditions_holds(facts: Facts) -> None:
    assert judge(POLICY, (incident(facts),)).also == frozenset()


def test_all_reports_versions_and_incidents_of_a_case_are_looked_at_together() -> None:
    small = incident(told(persons=born(INFANT)), told())
    hurt = IncidentView((*amended(told(indicators=(Indicator.INJURY_VISIBLE,)), told()).reports,))

    assert judge(POLICY, (small,)).child_grade is None
    assert judge(POLICY, (small, hurt)).child_grade == 1
