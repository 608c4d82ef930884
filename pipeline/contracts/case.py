"""What the world is told of a case: records of the queue topics and of `case.events.v1`. Never an identity."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from pipeline.contracts.decision import ChildGrade, Reason, in_taipei
from pipeline.contracts.vocabulary import Category, Clock, LinkClass, Outcome, Priority, Queue, Service, Tag

Instant = Annotated[AwareDatetime, AfterValidator(in_taipei)]


class RecordKind(StrEnum):
    """A case is `assigned` to a queue and centre, or `withdrawn` from one that it has left."""

    ASSIGNED = "assigned"
    WITHDRAWN = "withdrawn"


class AgeBand(StrEnum):
    """The youngest victim's age on the day of the happening, in years."""

    UNDER_6 = "0-5"
    UNDER_12 = "6-11"
    UNDER_18 = "12-17"
    UNDER_65 = "18-64"
    FROM_65 = "65+"
    UNKNOWN = "unknown"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class QueueRecord(_Frozen):
    """One state of one case, for the centre that takes it or loses it. Of the records of one case at one centre keep
    the one with the highest `case_version`; a late or a double record does no harm.
    """

    message_id: UUID = Field(
        description="Derived from case, version, topic and centre: a record that comes twice has one id."
    )
    kind: RecordKind
    event_id: str = Field(description="The event that brought this state about.")
    case_id: UUID
    case_version: int = Field(ge=1, description="Counts up by one with everything that happens to a case.")
    household_id: UUID
    linked_case_id: UUID | None = Field(description="The household's earlier case, now closed.")
    merged_into: UUID | None = Field(description="A withdrawn case that was joined with this older one.")
    queue: Queue
    centre: str
    county: str | None
    town: str | None
    priority: Priority
    child_grade: ChildGrade | None
    also: tuple[Service, ...]
    tags: tuple[Tag, ...]
    categories: tuple[Category, ...]
    age_band: AgeBand
    score: int
    reasons: tuple[Reason, ...] = Field(description="The gravest first, at most 50.")
    reasons_left_out: int = Field(ge=0, description="How many reasons are not shown here; the score counts them.")
    next_deadline: Instant = Field(description="The earliest of all clocks of the case.")
    clocks: Mapping[UUID, Mapping[Clock, Instant]] = Field(description="The clocks of each incident.")
    reports: int = Field(ge=1, description="How many reports tell of this case.")
    incidents: int = Field(ge=1)
    policy_version: str
    history: int = Field(ge=1, description="Raised when a database has been restored from a backup.")
    recorded_at: Instant


class CaseEvent(_Frozen):
    """One thing that happened to a case; the case's own history, in order of `case_version`."""

    type: Literal["case.assessed.v1", "case.merged.v1"]
    event_id: str
    case_id: UUID
    case_version: int = Field(ge=1)
    outcome: Outcome
    link_class: LinkClass
    link_reasons: tuple[str, ...]
    incident_id: UUID
    merged_into: UUID | None
    absorbed: tuple[UUID, ...]
    asked_for: tuple[UUID, ...] = Field(description="Reports that a person is asked about.")
    queue: Queue
    centre: str
    county: str | None
    priority: Priority
    child_grade: ChildGrade | None
    score: int
    source: str
    policy_version: str
    history: int = Field(ge=1)
    recorded_at: Instant


class UnreadNotice(_Frozen):
    """A report that nobody could read or may believe waits for a person."""

    type: Literal["report.unread.v1"] = "report.unread.v1"
    unread_id: UUID
    kind: Literal[Outcome.DEAD_LETTER, Outcome.QUARANTINE]
    code: str
    topic: str
    partition: int
    offset: int
    due_at: datetime
    history: int = Field(ge=1)
