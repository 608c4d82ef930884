"""What a policy says of the desk: how long a claim holds, who is told when something waits, and which steps a case
needs.
"""

from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from pipeline.contracts.policy_conditions import Code, Table
from pipeline.contracts.vocabulary import Priority

DAY_MIN = 24 * 60
YEAR_MIN = 366 * DAY_MIN

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]
Minutes = Annotated[int, Field(strict=True, ge=1, le=YEAR_MIN)]
Wait = Annotated[int, Field(strict=True, ge=0, le=YEAR_MIN)]
Cases = Annotated[int, Field(strict=True, ge=1, le=10_000)]
Days = Annotated[int, Field(strict=True, ge=1, le=366)]
CaseRole = Literal["screener", "protective_worker", "family_worker", "supervisor"]
"""The roles that hold cases."""
AttendedStage = Literal["not_opening", "screened", "accepted", "in_service", "with_supervisor", "disputed"]
"""The stages of an open case in which somebody must go on with it; a waiting one has rows of its own, a claimed one
its lease.
"""


class Audience(StrEnum):
    """Who is told, from the nearest to the highest. Of a case that nobody holds, `holder` means whoever is on duty at
    its centre.
    """

    HOLDER = "holder"
    SUPERVISOR = "supervisor"
    CENTRE_HEAD = "centre_head"
    BUREAU = "bureau"


RANK = {audience: rank for rank, audience in enumerate(Audience)}


class Capacity(Table):
    """How many open cases somebody in this role may hold at once."""

    role: CaseRole
    cases: Cases


class Warn(Table):
    """So many minutes before the due time this audience is told."""

    before_min: Minutes
    tell: Audience


class Ring(Table):
    """So many minutes after what is waited for should have come, this audience is told. `acknowledge_min`: it asks to
    be acknowledged, and after so many minutes of silence the next rung rings, before its own time.
    """

    after_min: Wait
    tell: Audience
    acknowledge_min: Minutes | None = None


class Ladder(Table):
    """Rungs from the first to the last, which rings again every `repeat_min` minutes until it is over. An
    acknowledgement stops the ladder for `quiet_min` minutes.
    """

    ring: tuple[Ring, ...] = Field(min_length=1)
    repeat_min: Minutes
    quiet_min: Minutes
    zh: Text
    en: Text

    @model_validator(mode="after")
    def _climbs(self) -> "Ladder":
        for one, other in pairwise(self.ring):
            if other.after_min <= one.after_min:
                raise ValueError("each rung rings later than the one before")
            if RANK[other.tell] < RANK[one.tell]:
                raise ValueError("each rung tells the same people as the one before, or higher ones")
        return self


class UnclaimedRow(Ladder):
    """A waiting case of this priority that nobody claims; minutes from when it began to wait."""

    priority: Priority


class StageRow(Ladder):
    """A case that stays in this stage and with which nobody goes on; minutes from when it was last gone on with."""

    stage: AttendedStage


class EscalationRow(Ladder):
    """Before and after the due time of these clocks and steps; without names, of all that no other row names."""

    of: tuple[Code, ...] = ()
    warn: tuple[Warn, ...] = ()

    @model_validator(mode="after")
    def _nears(self) -> "EscalationRow":
        if any(other.before_min >= one.before_min for one, other in pairwise(self.warn)):
            raise ValueError("each warning comes nearer to the due time than the one before")
        return self


class StepRow(Table):
    """Something that a person must do, or take note of, within `within_min` minutes. It is asked for by itself in a
    case that was accepted and bears one of these tags or reasons or this child grade; every `every_days` days again.
    """

    kind: Code
    within_min: Minutes
    tags: tuple[Code, ...] = ()
    reasons: tuple[Code, ...] = ()
    child_grade: Literal[1, 2] | None = None
    every_days: Days | None = None
    zh: Text
    en: Text

    @property
    def is_planned(self) -> bool:
        return bool(self.tags or self.reasons or self.child_grade)

    @model_validator(mode="after")
    def _asked(self) -> "StepRow":
        if self.every_days and not self.is_planned:
            raise ValueError("every_days goes with tags, reasons or child_grade")
        return self


class DeskRules(Table):
    lease_min: Minutes
    capacity: tuple[Capacity, ...] = ()
    unclaimed: tuple[UnclaimedRow, ...] = Field(min_length=1)
    stage: tuple[StageRow, ...] = Field(min_length=1)
    escalation: tuple[EscalationRow, ...] = Field(min_length=1)
    step: tuple[StepRow, ...] = ()

    def capacity_of(self, role: str) -> int | None:
        """None where there is no bound."""
        return next((row.cases for row in self.capacity if row.role == role), None)

    def unclaimed_ladder(self, priority: str) -> Ladder:
        """The gravest one's for a word that is not known."""
        return next((row for row in self.unclaimed if row.priority == priority), self._gravest)

    def stage_ladder(self, stage: str) -> Ladder:
        return next((row for row in self.stage if row.stage == stage), self.stage[0])

    def escalation_of(self, name: str) -> EscalationRow:
        """The row that names this clock or step, else the one for all the rest."""
        named = (row for row in self.escalation if name in row.of)
        return next(named, self.escalation[-1])

    def step_of(self, kind: str) -> StepRow | None:
        return next((row for row in self.step if row.kind == kind), None)

    @property
    def _gravest(self) -> UnclaimedRow:
        return max(self.unclaimed, key=lambda row: list(Priority).index(row.priority))
