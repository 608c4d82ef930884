"""The groups of words that the default policy asks for, each under the name that the rules use."""

from pipeline.contracts.vocabulary import Category, CrisisFlag, Indicator, Role

KNOWN_INDICATORS = frozenset(Indicator)

PROTECTIVE_CATEGORIES = frozenset(
    {
        Category.CHILD_PROTECTION,
        Category.INTIMATE_PARTNER_VIOLENCE,
        Category.ELDER_PROTECTION,
        Category.DISABILITY_PROTECTION,
        Category.SEXUAL_ASSAULT,
        Category.CHILD_SEXUAL_EXPLOITATION,
        Category.OTHER_FAMILY_VIOLENCE,
    }
)
CHILD_CATEGORIES = frozenset({Category.CHILD_PROTECTION, Category.CHILD_SEXUAL_EXPLOITATION})
SEXUAL_CATEGORIES = frozenset({Category.SEXUAL_ASSAULT, Category.CHILD_SEXUAL_EXPLOITATION})
ADULT_CATEGORIES = frozenset({Category.INTIMATE_PARTNER_VIOLENCE, Category.ELDER_PROTECTION})
HARDSHIP_CATEGORIES = frozenset({Category.VULNERABLE_FAMILY, Category.ECONOMIC_HARDSHIP})

CRISIS_FLAGS = frozenset(CrisisFlag) - {CrisisFlag.OTHER}
IMMEDIATE_FLAGS = CRISIS_FLAGS - {CrisisFlag.ASSESSED_NEED}
CHILD_FLAGS = frozenset({CrisisFlag.CHILD_URGENT, CrisisFlag.PLACED_CHILD_THREATENED})

CHILD_PERILS = frozenset({Indicator.NEEDS_DOCTOR_NOW, Indicator.ABANDONED, Indicator.SOLD_OR_FORCED})
LETHALITY_INDICATORS = frozenset(
    {Indicator.TIPVDA_STRANGULATION, Indicator.TIPVDA_WEAPON, Indicator.TIPVDA_DEATH_THREAT}
)
HARDSHIP_INDICATORS = frozenset({Indicator.UNEMPLOYMENT, Indicator.UTILITIES_CUT, Indicator.CAREGIVER_OVERLOAD})

LETHALITY_ITEMS = frozenset({1, 4, 5, 6})
"""TIPVDA's items on strangling, armed threats, threats to kill and threats to die together."""
TIPVDA_HIGH_MIN = 8
SUICIDE_IDEA_MIN = 2
"""From this answer on BSRS-5's extra item asks for a referral, whatever the sum."""

CARE_ROLES = (Role.ALLEGED_PERPETRATOR, Role.CAREGIVER)
"""Whose illness or drugs bring in another service."""
MENTAL_ILLNESS = "mental_illness"
DRUGS = "drugs"
SUICIDAL = "suicidal"
