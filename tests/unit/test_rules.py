from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest
from telling import amended, born, incident, safety, suicide_idea, tipvda, told

from pipeline.contracts.vocabulary import (
    Category,
    CrisisFlag,
    Indicator,
    Priority,
    Queue,
    Role,
    SafetyResult,
    Service,
    Tag,
)
from pipeline.domain.dangers import IncidentView, gather
from pipeline.domain.facts import Facts, Person
from pipeline.domain.rules import (
    GRADE_ROWS,
    PRIORITY_ROWS,
    QUEUE_ROWS,
    Situation,
    grade_row,
    priority_row,
    queue_row,
)
from pipeline.domain.score import Standing, judge

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
    return judge((incident(told(*categories, **more)),))


def queue_name(facts: Facts) -> str:
    return queue_row(gather((incident(facts),))).name


def grade_name(facts: Facts) -> str:
    return grade_row(gather((incident(facts),))).name


def priority_name(facts: Facts) -> str:
    dangers = gather((incident(facts),))
    return priority_row(Situation(dangers, queue_row(dangers).queue, grade_row(dangers).grade)).name


def names(rows: Iterable[Any]) -> list[str]:
    return [row.name for row in rows]


def test_rows_of_a_table_have_names_of_their_own_and_the_last_row_always_holds() -> None:
    nothing = gather((incident(told()),))

    for rows in (QUEUE_ROWS, GRADE_ROWS):
        assert len(set(names(rows))) == len(rows)
        assert rows[-1].holds(nothing)
    assert len(set(names(PRIORITY_ROWS))) == len(PRIORITY_ROWS)
    assert PRIORITY_ROWS[-1].holds(Situation(nothing, Queue.FAMILY, None))


@pytest.mark.parametrize("category", list(Category))
def test_a_category_alone_leads_to_its_queue_and_is_never_called_raised(category: Category) -> None:
    found = standing(category)

    assert (found.queue is Queue.PROTECTIVE) == (category in PROTECTIVE)
    assert Tag.RAISED_TO_PROTECTIVE not in found.tags


def test_a_report_without_any_category_has_a_queue_and_a_priority() -> None:
    found = judge((incident(told(categories=())),))

    assert (found.queue, found.priority, found.child_grade) == (Queue.FAMILY, Priority.ROUTINE, None)


@pytest.mark.parametrize(
    "facts",
    [
        told(persons=born(CHILD), indicators=(Indicator.INJURY_VISIBLE,)),
        told(indicators=(Indicator.AGE_UNDER_6, Indicator.INJURY_VISIBLE)),
        told(persons=born(INFANT), indicators=(Indicator.REPEAT_HARM,)),
        told(instruments=safety(SafetyResult.UNSAFE)),
        told(persons=born(ADULT), instruments=safety(SafetyResult.UNSAFE)),
        *(told(indicators=(peril,)) for peril in PERILS),
        *(told(persons=born(ADULT, CHILD), indicators=(peril,)) for peril in PERILS),
        told(categories=(), indicators=(Indicator.ABANDONED,)),
        told(Category.INTIMATE_PARTNER_VIOLENCE, Category.OTHER, indicators=(Indicator.ABANDONED,)),
    ],
)
def test_a_child_in_danger_raises_to_protective(facts: Facts) -> None:
    assert grade_name(facts) in {"small_child_injured", "safety_unsafe", "child_peril", "child_in_danger"}
    assert judge((incident(facts),)).queue is Queue.PROTECTIVE
    if Category.INTIMATE_PARTNER_VIOLENCE not in facts.categories:
        assert queue_name(facts) == "child_in_danger"
        assert Tag.RAISED_TO_PROTECTIVE in judge((incident(facts),)).tags


@pytest.mark.parametrize(
    "facts",
    [
        told(persons=born(ADULT), indicators=(Indicator.INJURY_VISIBLE,)),
        told(indicators=(Indicator.INJURY_VISIBLE, Indicator.REPEAT_HARM)),
        told(persons=born(CHILD), indicators=(Indicator.REPEAT_HARM,)),
        told(instruments=safety(SafetyResult.SAFE_WITH_PLAN)),
        told(persons=born(ADULT), indicators=PERILS),
        told(persons=born(ADULT, None), indicators=PERILS),
        told(persons=born(ADULT), indicators=(*PERILS, Indicator.AGE_UNDER_6)),
        told(indicators=(Indicator.NEGLECT, Indicator.MEDICAL_EVIDENCE_NEEDED)),
    ],
)
def test_an_adult_or_a_lesser_sign_is_no_child_in_danger(facts: Facts) -> None:
    assert queue_name(facts) == "all_the_rest"
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

    assert judge((partner, child)).child_grade is None
    assert judge((partner, child, poor)).child_grade == 1


@pytest.mark.parametrize("flag", [f for f in CrisisFlag if f is not CrisisFlag.OTHER])
def test_any_crisis_flag_raises_to_protective(flag: CrisisFlag) -> None:
    found = standing(crisis_flags=(flag,))

    assert queue_name(told(crisis_flags=(flag,))) == "crisis_flag"
    assert found.queue is Queue.PROTECTIVE
    assert Tag.RAISED_TO_PROTECTIVE in found.tags


def test_the_crisis_flag_other_raises_nothing() -> None:
    found = standing(crisis_flags=(CrisisFlag.OTHER,))

    assert (found.queue, found.priority) == (Queue.FAMILY, Priority.ROUTINE)


EIGHT_MILD = (2, 3, 7, 8, 9, 10, 11, 12)


def test_eight_answers_on_one_form_are_high_and_seven_are_not() -> None:
    assert queue_name(told(instruments=tipvda(*EIGHT_MILD))) == "tipvda_high"
    assert queue_name(told(instruments=tipvda(*EIGHT_MILD[:7]))) == "all_the_rest"


def test_answers_on_two_forms_are_never_added_up() -> None:
    first, second = told(instruments=tipvda(2, 3, 7, 8)), told(instruments=tipvda(9, 10, 11, 12))

    assert judge((incident(first, second),)).queue is Queue.FAMILY
    assert judge((amended(first, second),)).queue is Queue.FAMILY


def test_a_high_form_stays_high_when_an_amendment_answers_less() -> None:
    amendment = told(instruments=tipvda(2))

    assert Tag.IPV_HIGH_DANGER in judge((amended(told(instruments=tipvda(*EIGHT_MILD)), amendment),)).tags


def test_judged_high_is_high_without_any_answer() -> None:
    found = standing(instruments=tipvda(judged_high=True))

    assert queue_name(told(instruments=tipvda(judged_high=True))) == "tipvda_high"
    assert found.priority is Priority.URGENT
    assert found.tags == {Tag.RAISED_TO_PROTECTIVE, Tag.IPV_HIGH_DANGER, Tag.HIGH_DANGER}


LETHAL = [
    told(indicators=(Indicator.TIPVDA_STRANGULATION,)),
    told(indicators=(Indicator.TIPVDA_WEAPON,)),
    told(indicators=(Indicator.TIPVDA_DEATH_THREAT,)),
    *(told(instruments=tipvda(item)) for item in (1, 4, 5, 6)),
]


@pytest.mark.parametrize("facts", LETHAL)
def test_a_sign_of_lethality_is_protective_urgent_and_tagged(facts: Facts) -> None:
    found = judge((incident(facts),))

    assert queue_name(facts) == "lethality_or_confinement"
    assert found.priority is Priority.URGENT
    assert found.tags == {Tag.RAISED_TO_PROTECTIVE, Tag.LETHALITY_SIGNS}


@pytest.mark.parametrize("item", [n for n in range(1, 16) if n not in {1, 4, 5, 6}])
def test_another_answer_alone_is_no_sign_of_lethality(item: int) -> None:
    assert queue_name(told(instruments=tipvda(item))) == "all_the_rest"


def test_confinement_is_protective_and_urgent_but_no_sign_of_lethality() -> None:
    found = standing(indicators=(Indicator.CONFINEMENT,))

    assert (found.queue, found.priority) == (Queue.PROTECTIVE, Priority.URGENT)
    assert found.tags == {Tag.RAISED_TO_PROTECTIVE}


def test_a_protective_category_is_not_called_raised_whatever_else_holds() -> None:
    found = standing(Category.ELDER_PROTECTION, crisis_flags=(CrisisFlag.LIFE_THREATENED,))

    assert Tag.RAISED_TO_PROTECTIVE not in found.tags


IMMEDIATE = [f for f in CrisisFlag if f not in {CrisisFlag.OTHER, CrisisFlag.ASSESSED_NEED}]


@pytest.mark.parametrize("flag", IMMEDIATE)
def test_a_flag_of_danger_now_is_immediate(flag: CrisisFlag) -> None:
    assert priority_name(told(crisis_flags=(flag,))) == "flag_now"
    assert standing(crisis_flags=(flag,)).priority is Priority.IMMEDIATE


def test_child_grade_1_is_immediate() -> None:
    facts = told(persons=born(INFANT), indicators=(Indicator.INJURY_VISIBLE,))

    assert priority_name(facts) == "child_grade_1"
    assert judge((incident(facts),)).priority is Priority.IMMEDIATE


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("ipv_high_danger", told(instruments=tipvda(*EIGHT_MILD))),
        ("lethality_signs", told(indicators=(Indicator.TIPVDA_WEAPON,))),
        ("sexual_violence", told(Category.SEXUAL_ASSAULT)),
        ("sexual_violence", told(Category.CHILD_SEXUAL_EXPLOITATION)),
        ("assessed_need", told(crisis_flags=(CrisisFlag.ASSESSED_NEED,))),
        ("confinement", told(indicators=(Indicator.CONFINEMENT,))),
        ("suicide_idea", told(instruments=suicide_idea(2))),
    ],
)
def test_each_urgent_row_decides_by_itself(name: str, facts: Facts) -> None:
    assert priority_name(facts) == name
    assert judge((incident(facts),)).priority is Priority.URGENT


def test_a_suicide_idea_of_two_is_urgent_in_the_family_queue_and_one_is_routine() -> None:
    assert standing(instruments=suicide_idea(2)).queue is Queue.FAMILY
    assert standing(instruments=suicide_idea(1)).priority is Priority.ROUTINE


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
    assert judge((incident(facts),)).priority is Priority.STANDARD


def test_the_rest_is_routine() -> None:
    assert priority_name(told(Category.VULNERABLE_FAMILY)) == "all_the_rest"


@pytest.mark.parametrize(
    ("name", "grade", "facts"),
    [
        ("child_flag", 1, told(crisis_flags=(CrisisFlag.CHILD_URGENT,))),
        ("child_flag", 1, told(crisis_flags=(CrisisFlag.PLACED_CHILD_THREATENED,))),
        ("small_child_injured", 1, told(persons=born(INFANT), indicators=(Indicator.INJURY_VISIBLE,))),
        ("safety_unsafe", 1, told(instruments=safety(SafetyResult.UNSAFE))),
        *(("child_peril", 1, told(indicators=(peril,))) for peril in PERILS),
        ("child_category", 2, told(Category.CHILD_PROTECTION)),
        ("child_category", 2, told(Category.CHILD_SEXUAL_EXPLOITATION)),
        ("child_category", 2, told(Category.CHILD_PROTECTION, persons=born(ADULT), indicators=PERILS)),
        ("child_in_danger", 2, told(persons=born(CHILD), indicators=(Indicator.INJURY_VISIBLE,))),
        (
            "child_in_danger",
            2,
            told(Category.ELDER_PROTECTION, persons=born(INFANT), indicators=(Indicator.REPEAT_HARM,)),
        ),
        ("no_child", None, told(Category.SEXUAL_ASSAULT, crisis_flags=(CrisisFlag.LIFE_THREATENED,))),
    ],
)
def test_each_row_of_the_child_grade_decides_by_itself(name: str, grade: int | None, facts: Facts) -> None:
    assert grade_name(facts) == name
    assert judge((incident(facts),)).child_grade == grade


@pytest.mark.parametrize(
    "facts",
    [
        told(instruments=tipvda(judged_high=True)),
        told(crisis_flags=(CrisisFlag.CHILD_URGENT,)),
        told(crisis_flags=(CrisisFlag.ASSESSED_HIGH_DANGER,)),
    ],
)
def test_high_danger_is_tagged_for_every_kind_of_victim(facts: Facts) -> None:
    assert Tag.HIGH_DANGER in judge((incident(facts),)).tags


def test_high_danger_is_not_tagged_for_a_life_threatened_alone() -> None:
    assert Tag.HIGH_DANGER not in standing(crisis_flags=(CrisisFlag.LIFE_THREATENED,)).tags


def person(role: Role, *conditions: str) -> tuple[Person, ...]:
    return (Person(0, Role.VICTIM), Person(1, role, conditions=conditions))


@pytest.mark.parametrize(
    ("service", "facts"),
    [
        (Service.FAMILY, told(Category.CHILD_PROTECTION, Category.VULNERABLE_FAMILY)),
        (Service.FAMILY, told(Category.CHILD_PROTECTION, Category.ECONOMIC_HARDSHIP)),
        (Service.FAMILY, told(Category.CHILD_PROTECTION, indicators=(Indicator.UTILITIES_CUT,))),
        (Service.FAMILY, told(Category.CHILD_PROTECTION, indicators=(Indicator.CAREGIVER_OVERLOAD,))),
        (Service.MENTAL_HEALTH, told(Category.MENTAL_HEALTH)),
        (Service.MENTAL_HEALTH, told(persons=person(Role.ALLEGED_PERPETRATOR, "mental_illness"))),
        (Service.MENTAL_HEALTH, told(persons=person(Role.CAREGIVER, "mental_illness"))),
        (Service.SUICIDE_PREVENTION, told(Category.SUICIDE_RISK)),
        *((Service.SUICIDE_PREVENTION, told(persons=person(role, "suicidal"))) for role in Role),
        (Service.SUICIDE_PREVENTION, told(instruments=suicide_idea(2))),
        (Service.SUBSTANCE_USE, told(Category.SUBSTANCE_USE)),
        (Service.SUBSTANCE_USE, told(persons=person(Role.ALLEGED_PERPETRATOR, "drugs"))),
        (Service.SUBSTANCE_USE, told(persons=person(Role.CAREGIVER, "drugs"))),
        (Service.YOUTH_GUIDANCE, told(Category.YOUTH_AT_RISK)),
        (Service.EMPLOYMENT, told(indicators=(Indicator.UNEMPLOYMENT,))),
    ],
)
def test_each_other_service_is_named_where_its_condition_holds(service: Service, facts: Facts) -> None:
    assert service in judge((incident(facts),)).also


def test_a_child_witness_concerns_education() -> None:
    assert standing(persons=person(Role.CHILD_WITNESS)).also == {Service.EDUCATION}


def test_unemployment_in_a_protective_case_concerns_family_and_employment() -> None:
    found = standing(Category.CHILD_PROTECTION, indicators=(Indicator.UNEMPLOYMENT,))

    assert found.also == {Service.FAMILY, Service.EMPLOYMENT}


@pytest.mark.parametrize(
    "facts",
    [
        told(Category.VULNERABLE_FAMILY, Category.ECONOMIC_HARDSHIP, indicators=(Indicator.UTILITIES_CUT,)),
        told(persons=person(Role.HOUSEHOLD_MEMBER, "mental_illness", "drugs")),
        told(persons=(Person(0, Role.VICTIM, conditions=("mental_illness", "drugs")),)),
        told(instruments=suicide_idea(1)),
    ],
)
def test_no_other_service_is_named_where_none_of_the_conditions_holds(facts: Facts) -> None:
    assert judge((incident(facts),)).also == frozenset()


def test_all_reports_versions_and_incidents_of_a_case_are_looked_at_together() -> None:
    small = incident(told(persons=born(INFANT)), told())
    hurt = IncidentView((*amended(told(indicators=(Indicator.INJURY_VISIBLE,)), told()).reports,))

    assert judge((small,)).child_grade is None
    assert judge((small, hurt)).child_grade == 1
