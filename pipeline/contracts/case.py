"""What the world is told of a case: records of the queue topics and of `case.events.v1`. Never an identity."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from pipeline.contracts.decision import ChildGrade, Reason, in_taipei
from pipeline.contracts.policy_conditions import Code
from pipeline.contracts.vocabulary import Category, LinkClass, Outcome, Priority, Queue

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
    sub_dispatch: tuple[str, ...] = Field(
        description="Centres that work along; the family service centre keeps the lead of what they do. For a "
        "protective case it is the first of them."
    )
    also_tell: tuple[str, ...] = Field(description="Protective centres of other counties that the law wants told.")
    priority: Priority
    child_grade: ChildGrade | None
    also: tuple[Code, ...]
    tags: tuple[Code, ...]
    categories: tuple[Category, ...]
    age_band: AgeBand
    score: int
    reasons: tuple[Reason, ...] = Field(description="The gravest first, at most 50.")
    reasons_left_out: int = Field(ge=0, description="How many reasons are not shown here; the score counts them.")
    next_deadline: Instant = Field(description="The earliest of all clocks of the case.")
    clocks: Mapping[UUID, Mapping[Code, Instant]] = Field(description="The clocks of each incident.")
    reports: int = Field(ge=1, description="How many reports tell of this case.")
    incidents: int = Field(ge=1)
    policy_version: str | None = Field(description="The policy that judged the case last.")
    history: int = Field(ge=1, description="Raised when a database has been restored from a backup.")
    recorded_at: Instant


class CaseEventType(StrEnum):
    """Assessed: a report came. Regrouped: a report that came elsewhere put this case together anew. Merged: all its
    reports stand in another case now. Ruled: a person decided which reports belong to it. Overridden: a person raised
    it, or two lowered it. Transfer proposed: a centre wants to hand it to another, and keeps it until that one answers.
    Transferred: it accepted. Refused: it did not. Erased: nothing personal of it opens any more; its last event.
    Handled: the desk took it a step further.
    """

    ASSESSED = "case.assessed.v1"
    REGROUPED = "case.regrouped.v1"
    MERGED = "case.merged.v1"
    RULED = "case.ruled.v1"
    OVERRIDDEN = "case.overridden.v1"
    TRANSFER_PROPOSED = "case.transfer_proposed.v1"
    TRANSFERRED = "case.transferred.v1"
    TRANSFER_REFUSED = "case.transfer_refused.v1"
    ERASED = "case.erased.v1"
    HANDLED = "case.handled.v1"


class RulingKind(StrEnum):
    """What a person decides of links. Confirm: these reports belong together. Part: these two do not. Split: these
    reports leave the case. Merge: these cases, or incidents of a case, are one.
    """

    CONFIRM = "confirm"
    PART = "part"
    SPLIT = "split"
    MERGE = "merge"


GradeWanted = Literal[1, 2, "none"]
"""A child grade that people may want; `none`: no child is concerned."""

DESK = "desk"
"""The source of what people decide."""

SYSTEM = "system"
"""The source of what happens to a case because of a report of another one: whose that is, is not told here."""


class Ruling(_Frozen):
    """A person's word on links. `ruled_by` and `seconded_by` are staff codes, never names."""

    ruling_id: UUID
    kind: RulingKind
    scope: Literal["household", "incident"] = Field(description="Whether households or incidents are decided of.")
    reports: tuple[UUID, ...] = Field(description="The reports that are decided of.")
    ruled_by: str
    seconded_by: str | None = Field(
        default=None, description="Who agreed, where something sinks or a clock moves later."
    )


class OverrideKind(StrEnum):
    """One person raises a case, two lower one."""

    RAISE = "raise"
    LOWER = "lower"


class OverrideReason(StrEnum):
    """Why people put a case elsewhere than its reports do: a code, since free text would be personal."""

    TOLD_MORE = "told_more"
    SEEN_ON_SITE = "seen_on_site"
    KNOWN_HISTORY = "known_history"
    OTHER_AGENCY = "other_agency"
    RULE_TOO_LOW = "rule_too_low"
    NOT_SUBSTANTIATED = "not_substantiated"
    SAFE_NOW = "safe_now"
    IN_OTHER_HANDS = "in_other_hands"
    ENTERED_WRONGLY = "entered_wrongly"
    RULE_TOO_HIGH = "rule_too_high"
    JUDGEMENT = "judgement"


class Part(StrEnum):
    """What of a case may be overridden."""

    QUEUE = "queue"
    PRIORITY = "priority"
    CHILD_GRADE = "child_grade"


class OverriddenPart(_Frozen):
    """One part of a case before and after. A child grade is `1`, `2` or `none`."""

    part: Part
    was: str
    now: str
    rule: Code | None = Field(
        description="The row of the policy that had put it where it was; null where people had, or an earlier policy."
    )


class Override(_Frozen):
    """A person's word on how grave a case is. `said_by` and `seconded_by` are staff codes, never names."""

    override_id: UUID
    kind: OverrideKind
    reason: OverrideReason
    parts: tuple[OverriddenPart, ...] = Field(min_length=1, description="What it changed.")
    said_by: str
    seconded_by: str | None = Field(default=None, description="Who agreed; nobody lowers a case alone.")


class TransferReason(StrEnum):
    """Why a centre wants another one to take a case."""

    VICTIM_MOVED = "victim_moved"
    VICTIM_LIVES_THERE = "victim_lives_there"
    HAPPENED_THERE = "happened_there"
    PLACED_THERE = "placed_there"
    SERVED_THERE = "served_there"
    SENT_WRONGLY = "sent_wrongly"


class TransferRefusalReason(StrEnum):
    """Why the other centre does not take it."""

    VICTIM_NOT_THERE = "victim_not_there"
    NOT_OURS_BY_LAW = "not_ours_by_law"
    NOT_YET_SAFE = "not_yet_safe"
    PAPERS_MISSING = "papers_missing"


class TransferState(StrEnum):
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class Transfer(_Frozen):
    """A case that one centre wants to hand to another. Until that one accepts, the case stays and its clocks run;
    afterwards they run on. People are told by staff codes, never names.
    """

    transfer_id: UUID
    from_centre: str
    to_centre: str
    to_county: str
    reason: TransferReason
    state: TransferState
    proposed_by: str
    answered_by: str | None = None
    refused_for: TransferRefusalReason | None = None


class ErasureReason(StrEnum):
    """Why nothing personal of a case may be kept: a code, since free text would be personal. Term over: the law's time
    for keeping it has passed.
    """

    TERM_OVER = "term_over"
    ASKED_BY_PERSON = "asked_by_person"
    ORDERED_BY_COURT = "ordered_by_court"
    KEPT_UNLAWFULLY = "kept_unlawfully"
    ENTERED_WRONGLY = "entered_wrongly"


class Erasure(_Frozen):
    """An erasure that was done. Both people are told by staff codes, never names."""

    erasure_id: UUID
    reason: ErasureReason
    proposed_by: str
    approved_by: str


class Handled(_Frozen):
    """What was done with a case at the desk: which act led from which stage to which. People are told by staff codes;
    `by` is null where nobody did it.
    """

    act: Code
    was: Code
    stage: Code
    fence: int = Field(ge=0, description="Raised with every change of hands.")
    by: str | None
    holder: str | None = Field(description="Who holds the case now.")
    reason: Code | None = None
    result: Code | None = Field(default=None, description="With which result it was closed.")
    step: Code | None = None


class CaseEvent(_Frozen):
    """One thing that happened to a case; the case's own history, in order of `case_version`."""

    type: CaseEventType
    event_id: str = Field(
        description="The event that brought it about; for what people decided, the id of ruling, override, transfer or "
        "erasure."
    )
    case_id: UUID
    case_version: int = Field(ge=1)
    outcome: Outcome | None = Field(description="What the report became; null where none came.")
    released: Code | None = Field(
        default=None, description="Why the report had been quarantined, where two people believe it after all."
    )
    link_class: LinkClass | None
    link_reasons: tuple[str, ...] = Field(description="Aspect and level of what speaks for the link.")
    incident_id: UUID | None = Field(description="The incident that the report tells of.")
    merged_into: UUID | None
    absorbed: tuple[UUID, ...]
    asked_for: tuple[UUID, ...] = Field(description="Reports that a person is asked about.")
    reports: tuple[UUID, ...] = Field(description="All reports of the case as it stands now.")
    ruling: Ruling | None
    override: Override | None
    transfer: Transfer | None
    erasure: Erasure | None
    handled: Handled | None = None
    queue: Queue
    centre: str
    county: str | None
    priority: Priority
    child_grade: ChildGrade | None
    score: int
    source: str
    policy_version: str | None = Field(description="The policy that judged the case last.")
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
