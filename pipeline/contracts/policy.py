"""What a policy file says: dated tables of points, rules and clocks, in both languages, with examples that are run."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from pipeline.contracts.policy_conditions import AnswerField, Code, Condition, Count, Table, Years
from pipeline.contracts.policy_desk import DeskRules
from pipeline.contracts.vocabulary import Category, CrisisFlag, PlaceKind, Priority, Queue, Role

PolicyVersion = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,47}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]
Points = Annotated[int, Field(strict=True, ge=0, le=100)]
MonthDay = Annotated[str, StringConstraints(pattern=r"^\d{2}-\d{2}$")]
YEARS_FROM, YEARS_TO = 1900, 2200
Year = Annotated[int, Field(ge=YEARS_FROM, le=YEARS_TO)]


Roles = tuple[Role, ...] | Literal["anyone"]


class Labelled(Table):
    """What a person reads, in both languages."""

    zh: Text
    en: Text


class CategoryRow(Labelled):
    code: Category
    points: Points


class FlagRow(Labelled):
    """`reason` is the code that the reason bears, where the flag's own would say too little."""

    code: CrisisFlag
    points: Points
    reason: Code | None = None


class IndicatorRow(Labelled):
    code: Code
    points: Points


class RoleRow(Labelled):
    """That a person of this role is told of at all."""

    code: Role
    points: Points


class PersonRow(Labelled):
    """A condition of a person, and whose it counts for."""

    code: Code
    person: Roles = Field(union_mode="left_to_right")
    points: Points

    @model_validator(mode="after")
    def _somebody(self) -> "PersonRow":
        if not self.person:
            raise ValueError("name at least one role, or anyone")
        return self


class AgeRow(Labelled):
    """A victim younger than `below` years, or at least `at_least` years old, on the day of the happening."""

    code: Code
    below: Years | None = None
    at_least: Years | None = None
    points: Points

    @model_validator(mode="after")
    def _one_side(self) -> "AgeRow":
        if (self.below is None) is (self.at_least is None):
            raise ValueError("say either below or at_least")
        return self


class StandIn(Table):
    """The indicator that stands in where no victim's birth date can be read, and the age that it stands for."""

    indicator: Code
    below: Years


class Item(Labelled):
    """One question. `values` are those of a scale, from and to, or the words of a choice; without it the answers are
    yes and no, and only true counts. `sums` adds it to the form's sum.
    """

    field: AnswerField
    values: tuple[Annotated[int, Field(strict=True)], Annotated[int, Field(strict=True)]] | tuple[Code, ...] | None = (
        None
    )
    reason: Code | None = None
    points: Points = 0
    sums: bool = True

    @model_validator(mode="after")
    def _sound(self) -> "Item":
        if self.values is not None and (self.reason or self.points):
            raise ValueError("only a question of yes and no bears points here; write a row under danger")
        if self.points and not self.reason:
            raise ValueError("points need a reason")
        if self.is_scale and not self.low < self.high:
            raise ValueError("a scale goes from the smaller to the larger value")
        return self

    @property
    def is_scale(self) -> bool:
        return self.values is not None and all(isinstance(v, int) for v in self.values)

    @property
    def low(self) -> int:
        return int(self.values[0]) if self.values and self.is_scale else 0

    @property
    def high(self) -> int:
        return int(self.values[-1]) if self.values and self.is_scale else 1


class Band(Labelled):
    """From this sum on a form stands in this band."""

    code: Code
    at_least: Annotated[int, Field(strict=True, ge=0, le=1000)]


class Override(Table):
    """An answer of yes by which the assessor sets the band, whatever the sum."""

    field: AnswerField
    band: Code


class Instrument(Labelled):
    """A form with questions. `source` names whose instrument it is; the questions are worded by the policy itself."""

    code: Code
    source: Text
    item: tuple[Item, ...] = Field(min_length=1)
    band: tuple[Band, ...] = ()
    override: Override | None = None


class DangerRow(Labelled):
    """A condition that bears points. One that other facts can undo bears none."""

    code: Code
    points: Points
    when: Condition


class RuleRow(Labelled):
    """A condition with a name, for other rows to use."""

    name: Code
    when: Condition


class QueueRow(Labelled):
    """`raised`: the report's own category alone would not have led here."""

    name: Code
    queue: Queue
    raised: bool = False
    when: Condition


class GradeRow(Labelled):
    name: Code
    grade: Literal[1, 2, "none"]
    when: Condition


class PriorityRow(Labelled):
    name: Code
    priority: Priority
    when: Condition


class TagRow(Labelled):
    code: Code
    when: Condition


class ServiceRow(Labelled):
    """Whom else a case concerns."""

    code: Code
    when: Condition


class CountyRow(Labelled):
    """Which place names the county, the first that can be read."""

    name: Code
    places: tuple[PlaceKind, ...] = Field(min_length=1)
    when: Condition


class Length(Table):
    """How long a clock runs: one of the three. Calendar and working days keep the start's time of day."""

    hours: Count | None = None
    calendar_days: Count | None = None
    working_days: Count | None = None

    @model_validator(mode="after")
    def _one_unit(self) -> "Length":
        if sum(v is not None for v in (self.hours, self.calendar_days, self.working_days)) != 1:
            raise ValueError("say one of hours, calendar_days, working_days")
        return self


class ClockRow(Labelled):
    """`law` is where the time comes from. `pause` names the coded reasons for which a person may stop the clock, and
    for how many days at most.
    """

    code: Code
    name: Code
    due: Length
    law: Text
    pause: tuple[Code, ...] = ()
    pause_days_max: Count | None = None
    when: Condition

    @model_validator(mode="after")
    def _bounded(self) -> "ClockRow":
        if bool(self.pause) is (self.pause_days_max is None):
            raise ValueError("pause and pause_days_max go together")
        return self


class Calendar(Table):
    """Days by year: `off` are not worked, `worked` are although they fall on a weekend. `source` names who says so."""

    source: Text
    off: Mapping[Year, tuple[MonthDay, ...]]
    worked: Mapping[Year, tuple[MonthDay, ...]] = Field(default_factory=dict)


class Expected(Table):
    """What an example's decision must say; what is not named is not asked."""

    queue: Queue | None = None
    priority: Priority | None = None
    child_grade: Literal[1, 2, "none"] | None = None
    tags: tuple[Code, ...] | None = None
    also: tuple[Code, ...] | None = None
    clocks: Mapping[Code, Text] | None = Field(default=None, description="Clock to due time, RFC 3339.")
    county: Text | None = None
    score: Annotated[int, Field(strict=True, ge=0)] | None = None
    reasons: tuple[Code, ...] | None = Field(default=None, description="Reasons that must be among the decision's.")


class Example(Labelled):
    """Reports that tell of one incident, in order, and what is decided of them. A report is the `data` of an event;
    number, channel, time and a victim are filled in where they are missing.
    """

    reports: tuple[Mapping[str, Any], ...] = Field(min_length=1)
    expect: Expected


class PolicyFile(Labelled):
    """A whole policy. `effective_from` and `effective_to` (the last day) bound when it may be in force."""

    version: PolicyVersion
    effective_from: date
    effective_to: date | None = None
    stand_in: StandIn | None = None
    category: tuple[CategoryRow, ...] = Field(min_length=1)
    crisis_flag: tuple[FlagRow, ...] = Field(min_length=1)
    indicator: tuple[IndicatorRow, ...] = Field(min_length=1)
    role: tuple[RoleRow, ...] = ()
    person: tuple[PersonRow, ...] = ()
    age: tuple[AgeRow, ...] = ()
    instrument: tuple[Instrument, ...] = ()
    danger: tuple[DangerRow, ...] = ()
    rule: tuple[RuleRow, ...] = ()
    queue: tuple[QueueRow, ...] = Field(min_length=1)
    child_grade: tuple[GradeRow, ...] = Field(min_length=1)
    priority: tuple[PriorityRow, ...] = Field(min_length=1)
    tag: tuple[TagRow, ...] = ()
    also: tuple[ServiceRow, ...] = ()
    county: tuple[CountyRow, ...] = Field(min_length=1)
    clock: tuple[ClockRow, ...] = Field(min_length=1)
    calendar: Calendar
    desk: DeskRules | None = None
    example: tuple[Example, ...] = Field(min_length=1)


ROW_TABLES = frozenset(
    {"instrument", "rule", "danger", "queue", "child_grade", "priority", "tag", "also", "county", "clock", "example"}
)
"""Tables whose rows have headers of their own."""
