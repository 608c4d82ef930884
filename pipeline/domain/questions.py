"""What people are asked about links: the open questions, with both sides, and never a person or a source."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Side:
    """Where one of the two reports stands now."""

    report_id: UUID
    case_id: UUID
    queue: str
    priority: str
    county: str | None
    centre: str
    state: str


@dataclass(frozen=True, slots=True)
class Question:
    """May these two reports belong together? `reasons` are codes, aspect and level of what speaks for it."""

    asked_at: datetime
    one: Side
    other: Side
    reasons: tuple[str, ...]
