"""What a person wants decided of links, in the person's own names for it."""

from dataclasses import dataclass
from uuid import UUID

from pipeline.contracts.case import RulingKind
from pipeline.domain.bonds import Scope


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants decided, by names as people use them: ids of reports or of events of them; for a merge of
    cases, of incidents, or of reports in them. `case`, if told, must hold the reports that leave it. An answer is a
    confirm or a part of two reports about which a question is open.
    """

    ruling_id: UUID
    kind: RulingKind
    scope: Scope
    names: tuple[str, ...]
    ruled_by: str
    seconded_by: str | None = None
    case: str | None = None
    is_answer: bool = False
