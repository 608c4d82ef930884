"""The conditions of the default policy, each in one line of its words. Rows of rules are made of them."""

from pipeline.contracts.vocabulary import Indicator, Role, SafetyResult
from pipeline.domain.dangers import Dangers
from pipeline.domain.indicators import (
    ADULT_CATEGORIES,
    CARE_ROLES,
    CHILD_PERILS,
    CRISIS_FLAGS,
    HARDSHIP_CATEGORIES,
    HARDSHIP_INDICATORS,
    LETHALITY_INDICATORS,
    LETHALITY_ITEMS,
    PROTECTIVE_CATEGORIES,
    SUICIDAL,
)


def protective_category(d: Dangers) -> bool:
    return not PROTECTIVE_CATEGORIES.isdisjoint(d.categories)


def child_peril_excused(d: Dangers) -> bool:
    """Whether perils of children are told of adults: all known ages are adult, or only adults' categories are named."""
    return d.ages.adults_only or (bool(d.categories) and ADULT_CATEGORIES.issuperset(d.categories))


def child_peril(d: Dangers) -> bool:
    return not CHILD_PERILS.isdisjoint(d.indicators) and not child_peril_excused(d)


def safety_unsafe(d: Dangers) -> bool:
    return SafetyResult.UNSAFE in d.safety_results


def child_injured(d: Dangers) -> bool:
    return d.ages.under_18 is not None and Indicator.INJURY_VISIBLE in d.indicators


def small_child_injured(d: Dangers) -> bool:
    return d.ages.under_6 is not None and Indicator.INJURY_VISIBLE in d.indicators


def small_child_harmed_again(d: Dangers) -> bool:
    return d.ages.under_6 is not None and Indicator.REPEAT_HARM in d.indicators


def child_in_danger(d: Dangers) -> bool:
    return child_injured(d) or small_child_harmed_again(d) or safety_unsafe(d) or child_peril(d)


def crisis_flag(d: Dangers) -> bool:
    return not CRISIS_FLAGS.isdisjoint(d.crisis_flags)


def tipvda_high(d: Dangers) -> bool:
    return d.tipvda_high is not None or d.judged_high is not None


def lethality_signs(d: Dangers) -> bool:
    return not LETHALITY_INDICATORS.isdisjoint(d.indicators) or not LETHALITY_ITEMS.isdisjoint(d.tipvda_items)


def confinement(d: Dangers) -> bool:
    return Indicator.CONFINEMENT in d.indicators


def suicide_idea(d: Dangers) -> bool:
    return d.suicide_idea is not None


def carer_has(d: Dangers, condition: str) -> bool:
    return any((role, condition) in d.conditions for role in CARE_ROLES)


def anyone_suicidal(d: Dangers) -> bool:
    return any((role, SUICIDAL) in d.conditions for role in Role)


def hardship(d: Dangers) -> bool:
    return not HARDSHIP_CATEGORIES.isdisjoint(d.categories) or not HARDSHIP_INDICATORS.isdisjoint(d.indicators)
