"""Who works along on a case, and how a centre answers when it is asked to: 一主責、多協力."""

from enum import StrEnum
from typing import Final

TOLD_BY_LAW: Final = "told_by_law"
"""The service of a centre of another county that the law wants told: it acknowledges by accepting."""


class CoWorkState(StrEnum):
    ASKED = "asked"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    DONE = "done"


class CoWorkRefusal(StrEnum):
    """Why a centre does not work along."""

    NO_CAPACITY = "no_capacity"
    NOT_OUR_AREA = "not_our_area"
    NOT_OUR_SERVICE = "not_our_service"
    SERVED_ALREADY = "served_already"
    CONTACT_MISSING = "contact_missing"
