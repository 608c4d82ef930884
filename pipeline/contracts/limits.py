"""How long the contract lets a text be, in characters. Longer ones are accepted and noted."""

REPORT_NO_CHARACTERS_MAX = 64
NARRATIVE_CHARACTERS_MAX = 20_000
TIPVDA_ITEMS = 15
SUICIDE_IDEA_MAX = 4
DISTRESS_ITEMS = 5
DISTRESS_MAX = 4
SAFETY_ITEMS = 13
FORM_FIELDS_MAX = 100
"""Of one report's instruments, and of one instrument's fields, so many are looked at."""
