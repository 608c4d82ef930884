"""How long the contract lets a text be, in characters. Longer ones are accepted and noted."""

REPORT_NO_CHARACTERS_MAX = 64
NARRATIVE_CHARACTERS_MAX = 20_000
TIPVDA_ITEMS = 15
SUICIDE_IDEA_MAX = 4
