"""What the desk answers of cases and tasks, for its OpenAPI document; and words that come from a list."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, GetPydanticSchema
from pydantic_core import core_schema

from pipeline.contracts.decision import ChildGrade
from pipeline.contracts.vocabulary import Priority, Queue
from pipeline.domain.desk import Stage

CASE, TASK = "018f4a52-6c1e-5d7b-9a3c-5b1f0f6c2d11", "5e9c2c0e-4a5f-5f0e-8d0a-3c9a1f7b6e22"
AT = "2026-03-05T10:17:00.000000+08:00"

Fence = Annotated[int, Field(ge=0, le=2**62)]
Centre = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
StaffCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{2,24}$")]
StepCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


def coded(codes: Iterable[str]) -> GetPydanticSchema:
    """One of these words."""
    return GetPydanticSchema(lambda _source, _handler: core_schema.literal_schema(sorted(codes)))


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Done(_Shape):
    """What an act came to."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "case_id": CASE,
                    "stage": "claimed",
                    "fence": 3,
                    "version": 7,
                    "held_by": "S1024",
                    "lease_until": AT,
                }
            ]
        },
    )

    case_id: UUID
    stage: Stage
    fence: int
    """Send it with the next act: it is raised with every change of hands."""
    version: int
    held_by: str | None
    lease_until: datetime | None
    """Renew before this; after it the case waits again."""


class Renewed(_Shape):
    case_id: UUID
    fence: int
    lease_until: datetime | None
    """Null for a case that was accepted: it is held without a lease."""


class AssignedOne(_Shape):
    """`code` is `done`, or why not."""

    case_id: UUID
    code: str
    zh: str | None = None
    detail: str | None = None
    stage: Stage | None = None
    fence: int | None = None
    version: int | None = None
    held_by: str | None = None


class Assigned(_Shape):
    """Each case is answered for itself."""

    cases: list[AssignedOne]


class Why(_Shape):
    code: str
    points: int
    zh: str
    en: str


class CaseLine(_Shape):
    """A case as a list shows it."""

    case_id: UUID
    version: int
    state: str
    stage: Stage
    fence: int
    since: datetime
    """Since when it has been in this stage."""
    returns: int
    screening: str | None
    result: str | None
    reason: str | None
    """The coded reason of the last act that had one."""
    queue: Queue
    priority: Priority
    child_grade: ChildGrade | None
    county: str | None
    centre: str
    categories: list[str]
    tags: list[str]
    linked_case_id: UUID | None
    opened_at: datetime
    next_deadline: datetime | None
    """The earliest clock that nobody has met."""
    score: int
    reasons: list[Why]
    reasons_left_out: int
    held_by: str | None
    claimed_at: datetime | None
    lease_until: datetime | None


class CasePage(_Shape):
    cases: list[CaseLine]
    next: str | None
    """The `after` of the next page."""


class Met(_Shape):
    at: datetime
    by: str


class IncidentShown(_Shape):
    incident_id: UUID
    clocks: dict[str, datetime]
    met: dict[str, Met]
    reports: list[UUID]


class TaskShown(_Shape):
    task_id: UUID
    kind: str
    opened_at: datetime
    due_at: datetime | None


class CaseShown(CaseLine):
    """One case, whole."""

    proposed_by: str | None
    """Who proposed that it is not opened."""
    disputed_by: str | None
    dispute_level: str | None
    incidents: list[IncidentShown]
    tasks: list[TaskShown]


class QueueLine(_Shape):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "centre": "63000-protective",
                    "queue": "protective",
                    "stage": "waiting",
                    "cases": 12,
                    "oldest_since": AT,
                    "oldest_opened_at": AT,
                }
            ]
        },
    )

    centre: str
    queue: Queue
    stage: Stage
    cases: int
    oldest_since: datetime
    oldest_opened_at: datetime


class Queues(_Shape):
    queues: list[QueueLine]


class TaskLine(TaskShown):
    case_id: UUID
    centre: str
    queue: Queue
    stage: Stage
    priority: Priority
    held_by: str | None


class TaskPage(_Shape):
    tasks: list[TaskLine]
    next: str | None


class TaskDone(_Shape):
    task_id: UUID


class Happened(_Shape):
    """One thing that happened to a case. `kind` is a type of case.event.v1; what it does not have is null."""

    version: int
    kind: str
    at: datetime
    by: str | None
    act: str | None
    was: str | None
    stage: str | None
    reason: str | None
    result: str | None
    step: str | None
    holder: str | None
    queue: str
    priority: str
    centre: str


class History(_Shape):
    events: list[Happened]
    last: int
    """The `after` of the next page."""


def answers(model: type[BaseModel], status: int = 200, **headers: str) -> dict[int | str, dict[str, Any]]:
    """For FastAPI: what comes with this status, and which headers with what in them."""
    told = {name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()}
    return {status: {"model": model, **({"headers": told} if told else {})}}


ETAG: Final = 'The version of the case, such as `"7"`: send it as If-Match to act on this version alone.'
