"""What each danger adds to the score, which orders a queue within one priority: the default policy's own proposal.

The weights are few: 15 to 20 for what may kill or cannot wait, 8 to 12 for what harms now, 2 to 6 for what weighs on a
household. No row takes points away, and no danger counts twice, however often it is told.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from pipeline.contracts.decision import Reason
from pipeline.contracts.vocabulary import Category, CrisisFlag, Indicator, Role, SafetyResult
from pipeline.domain import conditions
from pipeline.domain.dangers import Dangers
from pipeline.domain.indicators import CARE_ROLES, CHILD_PERILS, DRUGS, KNOWN_INDICATORS, MENTAL_ILLNESS, SUICIDAL

UNKNOWN_INDICATOR = "unknown_indicator"

CATEGORY_POINTS: Mapping[Category, int] = {
    Category.CHILD_PROTECTION: 10,
    Category.INTIMATE_PARTNER_VIOLENCE: 10,
    Category.ELDER_PROTECTION: 10,
    Category.DISABILITY_PROTECTION: 10,
    Category.SEXUAL_ASSAULT: 20,
    Category.CHILD_SEXUAL_EXPLOITATION: 20,
    Category.OTHER_FAMILY_VIOLENCE: 8,
    Category.VULNERABLE_FAMILY: 5,
    Category.SUICIDE_RISK: 10,
    Category.MENTAL_HEALTH: 4,
    Category.SUBSTANCE_USE: 4,
    Category.ECONOMIC_HARDSHIP: 3,
    Category.HOMELESSNESS: 5,
    Category.DEVELOPMENTAL_DELAY: 3,
    Category.YOUTH_AT_RISK: 4,
    Category.COMMUNITY_DISTURBANCE: 2,
    Category.OTHER: 0,
}

FLAG_POINTS: Mapping[CrisisFlag, int] = {
    CrisisFlag.LIFE_DANGER_REPEAT: 20,
    CrisisFlag.URGENT_MATTER: 15,
    CrisisFlag.LIFE_THREATENED: 20,
    CrisisFlag.ASSESSED_NEED: 8,
    CrisisFlag.NO_SAFE_NETWORK: 15,
    CrisisFlag.CHILD_URGENT: 20,
    CrisisFlag.INSISTS_NOW: 10,
    CrisisFlag.PLACED_CHILD_THREATENED: 20,
    CrisisFlag.ASSESSED_HIGH_DANGER: 20,
    CrisisFlag.OTHER: 2,
}

FLAG_CODES: Mapping[CrisisFlag, str] = {flag: flag.value for flag in CrisisFlag} | {CrisisFlag.OTHER: "crisis_other"}

INDICATOR_POINTS: Mapping[Indicator, int] = {
    Indicator.INJURY_VISIBLE: 8,
    Indicator.REPEAT_HARM: 6,
    Indicator.NEEDS_DOCTOR_NOW: 15,
    Indicator.ABANDONED: 12,
    Indicator.SOLD_OR_FORCED: 15,
    Indicator.NEGLECT: 5,
    Indicator.CONFINEMENT: 12,
    Indicator.FINANCIAL_ABUSE: 4,
    Indicator.PROPERTY_DAMAGE: 3,
    Indicator.MEDICAL_EVIDENCE_NEEDED: 5,
    Indicator.TIPVDA_STRANGULATION: 20,
    Indicator.TIPVDA_WEAPON: 15,
    Indicator.TIPVDA_DEATH_THREAT: 15,
    Indicator.TIPVDA_ESCALATING: 8,
    Indicator.PERPETRATOR_ALCOHOL: 4,
    Indicator.UNEMPLOYMENT: 3,
    Indicator.UTILITIES_CUT: 3,
    Indicator.CAREGIVER_OVERLOAD: 4,
}
"""`age_under_6` is not here: it counts once, with the birth date that it stands in for."""


class Points(NamedTuple):
    code: str
    points: int


TIPVDA_POINTS: Mapping[int, Points] = {
    1: Points(Indicator.TIPVDA_STRANGULATION.value, INDICATOR_POINTS[Indicator.TIPVDA_STRANGULATION]),
    2: Points("tipvda_hurts_children", 6),
    3: Points("tipvda_hit_while_pregnant", 6),
    4: Points(Indicator.TIPVDA_WEAPON.value, INDICATOR_POINTS[Indicator.TIPVDA_WEAPON]),
    5: Points(Indicator.TIPVDA_DEATH_THREAT.value, INDICATOR_POINTS[Indicator.TIPVDA_DEATH_THREAT]),
    6: Points("tipvda_die_together", 15),
    7: Points("tipvda_stalking", 6),
    8: Points("tipvda_sexual_harm", 8),
    9: Points("tipvda_drunk_daily", 4),
    10: Points("tipvda_violent_to_others", 4),
    11: Points("tipvda_money_trouble", 3),
    12: Points("tipvda_angered_by_help", 6),
    13: Points("tipvda_jealousy", 4),
    14: Points("tipvda_victim_fears_death", 10),
    15: Points(Indicator.TIPVDA_ESCALATING.value, INDICATOR_POINTS[Indicator.TIPVDA_ESCALATING]),
}
"""The codes are our own wording; an answer that says what an indicator says bears its code and counts once with it."""

CONDITION_POINTS: Mapping[tuple[Role, str], int] = (
    {(role, SUICIDAL): 8 for role in Role}
    | {(role, MENTAL_ILLNESS): 4 for role in CARE_ROLES}
    | {(role, DRUGS): 6 for role in CARE_ROLES}
    | {(role, "alcohol"): 4 for role in CARE_ROLES}
    | {(Role.VICTIM, "pregnant"): 6, (Role.VICTIM, "disability"): 4}
)

SAFETY_POINTS: Mapping[SafetyResult, Points] = {
    SafetyResult.SAFE: Points("safety_safe", 0),
    SafetyResult.SAFE_WITH_PLAN: Points("safety_with_plan", 5),
    SafetyResult.UNSAFE: Points("safety_unsafe", 20),
}


class Combination(NamedTuple):
    """Dangers that tell more together than each alone. One that other facts can undo bears no points."""

    code: str
    points: int
    holds: Callable[[Dangers], bool]
    field: Callable[[Dangers], str]


COMBINATIONS = (
    Combination("child_injured", 6, conditions.child_injured, lambda d: d.indicators[Indicator.INJURY_VISIBLE]),
    Combination(
        "small_child_injured", 8, conditions.small_child_injured, lambda d: d.indicators[Indicator.INJURY_VISIBLE]
    ),
    Combination(
        "small_child_harmed_again",
        6,
        conditions.small_child_harmed_again,
        lambda d: d.indicators[Indicator.REPEAT_HARM],
    ),
    Combination(
        "child_peril",
        0,
        conditions.child_peril,
        lambda d: next(p for i, p in d.indicators.items() if i in CHILD_PERILS),
    ),
)


def reasons(dangers: Dangers) -> Iterator[Reason]:
    """Each danger once, in the order of the report's fields; each unknown indicator once, with 0 points."""
    told: dict[str, Reason] = {}
    for code, points, path in _all(dangers):
        if code not in told:
            told[code] = Reason(code=code, points=points, field=path)
    yield from told.values()
    for code, path in dangers.indicators.items():
        if code and code not in KNOWN_INDICATORS:
            yield Reason(code=UNKNOWN_INDICATOR, points=0, field=path)


def _all(d: Dangers) -> Iterator[tuple[str, int, str]]:
    yield from (
        (word.value, CATEGORY_POINTS[word], path) for word, path in d.categories.items() if CATEGORY_POINTS[word]
    )
    yield from ((FLAG_CODES[flag], FLAG_POINTS[flag], path) for flag, path in d.crisis_flags.items())
    yield from _by_indicator(d)
    yield from _by_instrument(d)
    yield from _by_person(d)
    yield from ((row.code, row.points, row.field(d)) for row in COMBINATIONS if row.holds(d))


def _by_indicator(d: Dangers) -> Iterator[tuple[str, int, str]]:
    for indicator, points in INDICATOR_POINTS.items():
        path = d.indicators.get(indicator)
        if path:
            yield indicator.value, points, path


def _by_instrument(d: Dangers) -> Iterator[tuple[str, int, str]]:
    yield from ((*TIPVDA_POINTS[item], path) for item, path in d.tipvda_items.items() if item in TIPVDA_POINTS)
    if d.tipvda_high:
        yield "tipvda_high", 10, d.tipvda_high
    if d.judged_high:
        yield "tipvda_judged_high", 10, d.judged_high
    if d.suicide_idea:
        yield "suicide_idea", 10, d.suicide_idea
    yield from (
        (*SAFETY_POINTS[result], path) for result, path in d.safety_results.items() if SAFETY_POINTS[result].points
    )


def _by_person(d: Dangers) -> Iterator[tuple[str, int, str]]:
    for told, path in d.conditions.items():
        if told in CONDITION_POINTS:
            yield told[1], CONDITION_POINTS[told], path
    if Role.CHILD_WITNESS in d.roles:
        yield "child_witness", 4, d.roles[Role.CHILD_WITNESS]
    if d.ages.under_6:
        yield Indicator.AGE_UNDER_6.value, 8, d.ages.under_6
    if d.ages.under_18:
        yield "age_under_18", 4, d.ages.under_18
