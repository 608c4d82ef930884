"""What people are asked about links: the open questions, with both sides, and never a person or a source."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pipeline.domain.explain import reason_words
from pipeline.domain.link_words import Words


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

    @property
    def words(self) -> list[Words]:
        return reason_words(self.reasons)


def as_told(question: Question) -> dict[str, object]:
    """As JSON, with the reasons in both languages."""
    return {
        "asked_at": question.asked_at.isoformat(),
        "reports": [_side(side) for side in (question.one, question.other)],
        "reasons": [words._asdict() for words in question.words],
    }


def _side(side: Side) -> dict[str, str | None]:
    ids = {"report_id": str(side.report_id), "case_id": str(side.case_id)}
    return ids | {name: getattr(side, name) for name in ("queue", "priority", "county", "centre", "state")}
