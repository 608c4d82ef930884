"""What staff write of a case in their own words: sealed as a report's narrative is, and read by the same people."""

from enum import StrEnum

TEXT_CHARACTERS_MAX = 10_000


class NoteKind(StrEnum):
    """What a note is about: all that stands of it in the open."""

    CONTACT = "contact"
    VISIT = "visit"
    ASSESSMENT = "assessment"
    PLAN = "plan"
    NETWORK = "network"
    SAFETY = "safety"
    SUPERVISION = "supervision"
    CORRECTION = "correction"
    OTHER = "other"
