"""Codes that decisions give by themselves, whatever the policy: no row of a policy may bear them."""

UNKNOWN_INDICATOR = "unknown_indicator"
"""The reason that shows an indicator which the policy does not know."""
UNKNOWN_INDICATOR_LABELS = ("此指標不在政策的詞彙中", "An indicator that the policy does not know")

RAISED = "raised_to_protective"
"""The tag of a case whose categories alone would not have led to its queue."""
COUNTY_ASSUMED, COUNTY_UNKNOWN, COUNTY_CONTESTED = "county_assumed", "county_unknown", "county_contested"
"""Tags that follow the present county: a place leaves it open and the source's is taken; nothing tells it; the case was
transferred here and the law now names another one.
"""

OWN_REASONS = frozenset({UNKNOWN_INDICATOR})
OWN_TAGS = frozenset({RAISED, COUNTY_ASSUMED, COUNTY_UNKNOWN, COUNTY_CONTESTED})
