"""What is decided about one event: a line of `anwang assess`, and what is stored and answered for it."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from pipeline.contracts.policy_conditions import Code
from pipeline.contracts.vocabulary import LinkClass, Outcome, Priority, Queue

TAIPEI = timezone(timedelta(hours=8), "Asia/Taipei")
"""Taiwan's time; it has kept one offset since 1980."""

ChildGrade = Literal[1, 2]


def in_taipei(instant: datetime) -> datetime:
    """The same instant, written with Taiwan's offset."""
    return instant.astimezone(TAIPEI)


class Reason(BaseModel):
    """One danger that was found, its points, its path inside `data`, and what a person reads of it in both languages.
    It holds no word of the sender's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(description="The danger's code, such as `injury_visible`.")
    points: int = Field(ge=0, description="What it adds to the score.")
    field: str = Field(description="The path inside `data` that it came from, such as `indicators[2]`.")
    zh: str = Field(default="", description="What it says in Chinese, as the policy words it.")
    en: str = Field(default="", description="The same in English.")


class Decision(BaseModel):
    """One event's decision. Of what cannot be read, or may not be believed, no more than the outcome is known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    event_id: str | None = Field(description="The CloudEvent's `id`; null where none could be read.")
    outcome: Outcome = Field(description="What the event became.")
    link_class: LinkClass | None = Field(default=None, description="How it stands to what was known before.")
    incident_id: UUID | None = Field(default=None, description="One happening, however many tell of it.")
    case_id: UUID | None = Field(default=None, description="A household's open file, which may hold several incidents.")
    household_id: UUID | None = Field(default=None, description="People who live together.")
    queue: Queue | None = Field(default=None, description="Who takes the case.")
    also: tuple[Code, ...] = Field(default=(), description="Whom else it concerns, sorted.")
    priority: Priority | None = Field(default=None, description="How soon.")
    child_grade: ChildGrade | None = Field(
        default=None, description="1 is an emergency; null where no child is concerned."
    )
    tags: tuple[Code, ...] = Field(default=(), description="What holds of the case, sorted.")
    county: str | None = Field(default=None, description="Written with 臺, or null where no place yields one.")
    centre: str | None = Field(default=None, description="The code of the centre whose queue the case is in.")
    score: int | None = Field(default=None, ge=0, description="The sum of the reasons' points.")
    reasons: tuple[Reason, ...] = Field(default=(), description="What the score is made of, the gravest first.")
    clocks: Mapping[Code, Annotated[AwareDatetime, AfterValidator(in_taipei)]] = Field(
        default_factory=dict, description="When each clock of the incident is due; only those that apply."
    )
    faults: tuple[str, ...] = Field(default=(), description="What was wrong with the event and did not cost it.")
    policy_version: str | None = Field(
        default=None, description="The policy that it was decided by: the one in force when the report was received."
    )
