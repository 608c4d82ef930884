"""How long the contract lets a text be, in characters. Longer ones are accepted and noted."""

REPORT_NO_CHARACTERS_MAX = 64
NARRATIVE_CHARACTERS_MAX = 20_000
TIPVDA_ITEMS = 15
SUICIDE_IDEA_MAX = 4
DISTRESS_ITEMS = 5
DISTRESS_MAX = 4
SAFETY_ITEMS = 13
FORMS_MAX = 100
"""Of the instruments that no reader is there for, so many are looked at in one report."""
FORM_FIELDS_MAX = 200
"""Of one such instrument so many answers are looked at. No scale has so many questions."""
FORM_NAME_CHARACTERS_MAX = 40
"""Names of such instruments, of their fields and of the words that answer them."""
SCALE_MAX = 1000
"""No scale has larger values; a larger number is a telephone or an ID that has gone astray."""
