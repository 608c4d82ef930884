"""The words that a policy's conditions are made of. A condition asks of what reports tell; it holds no code."""

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator

from pipeline.contracts.vocabulary import Priority, Queue, Role

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
"""A word of the policy's own vocabulary."""

AnswerField = Annotated[str, StringConstraints(pattern=r"^(items\.)?[A-Za-z0-9_]{1,40}$")]
"""Where an answer stands inside its instrument, such as `items.4` or `judged_high`."""

Years = Annotated[int, Field(strict=True, ge=1, le=150)]
Count = Annotated[int, Field(strict=True, ge=1, le=1000)]
ToldFact = Literal["category", "crisis_flag", "indicator", "role"]


class Table(BaseModel):
    """A table of a policy file: a key that is not known is a fault, never passed over."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=False)


class Always(Table):
    """The last row of every table."""

    always: Literal[True]


class All(Table):
    """Each of these holds."""

    all_: tuple["Condition", ...] = Field(alias="all", min_length=1)


class AnyOf(Table):
    """At least one of these holds."""

    any_: tuple["Condition", ...] = Field(alias="any", min_length=1)


class Not(Table):
    """This does not hold. It may stand only around what one more danger cannot make true."""

    not_: "Condition" = Field(alias="not")


class Named(Table):
    """A condition that the policy gave a name under `[[rule]]`."""

    rule: Code


class Told(Table):
    """What the reports tell: at least `at_least` of these words (one, unless said), or no word but these."""

    told: ToldFact
    any_of: tuple[Code, ...] | None = Field(default=None, min_length=1)
    only: tuple[Code, ...] | None = Field(default=None, min_length=1)
    at_least: Count | None = None

    @model_validator(mode="after")
    def _one_question(self) -> "Told":
        if (self.any_of is None) is (self.only is None):
            raise ValueError("say either any_of or only")
        if self.only and self.at_least is not None:
            raise ValueError("at_least goes with any_of")
        if self.any_of and self.at_least is not None and self.at_least > len(self.any_of):
            raise ValueError("at_least is more than there are words")
        return self


class Person(Table):
    """Somebody of these roles, or anyone, has one of these conditions."""

    person: tuple[Role, ...] | Literal["anyone"] = Field(union_mode="left_to_right")
    has: tuple[Code, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _somebody(self) -> "Person":
        if not self.person:
            raise ValueError("name at least one role, or anyone")
        return self


class Asked(Table):
    """What an instrument's form says. Each form is taken by itself: answers are never added up over two.

    `yes`: one of these items was answered with yes. `answer` with `at_least` or `any_of`: an item's value.
    `sum_at_least`: the form's sum. `band_from`: the form's band, or a graver one; a judgement that overrides it counts.
    """

    instrument: Code
    yes: tuple[AnswerField, ...] | None = Field(default=None, min_length=1)
    answer: AnswerField | None = None
    at_least: Annotated[int, Field(strict=True)] | None = None
    any_of: tuple[Code, ...] | None = Field(default=None, min_length=1)
    sum_at_least: Count | None = None
    band_from: Code | None = None

    @model_validator(mode="after")
    def _one_question(self) -> "Asked":
        questions = (self.yes, self.answer, self.sum_at_least, self.band_from)
        if sum(q is not None for q in questions) != 1:
            raise ValueError("say one of yes, answer, sum_at_least, band_from")
        values = sum(v is not None for v in (self.at_least, self.any_of))
        if values != (self.answer is not None):
            raise ValueError("answer goes with at_least or with any_of")
        return self


class VictimBelow(Table):
    """A victim was younger than this many years on the day of the happening, in Taipei's calendar."""

    victim_age_below: Years


class VictimFrom(Table):
    """A victim was at least this many years old on that day."""

    victim_age_at_least: Years


class AllVictimsFrom(Table):
    """A victim's birth date can be read, and no victim is known to be younger than this many years."""

    all_victims_at_least: Years


class InQueue(Table):
    queue: Queue


class OfGrade(Table):
    """The child grade that the case stands at."""

    child_grade: Literal[1, 2]


class OfPriority(Table):
    """The priority that the case stands at, or a graver one."""

    priority_at_least: Priority


_KINDS: dict[str, type[Table]] = {
    "always": Always,
    "all": All,
    "any": AnyOf,
    "not": Not,
    "rule": Named,
    "told": Told,
    "person": Person,
    "instrument": Asked,
    "victim_age_below": VictimBelow,
    "victim_age_at_least": VictimFrom,
    "all_victims_at_least": AllVictimsFrom,
    "queue": InQueue,
    "child_grade": OfGrade,
    "priority_at_least": OfPriority,
}


def _kind_of(value: object) -> str | None:
    if isinstance(value, dict):
        return next((key for key in _KINDS if key in value), None)
    return next((key for key, kind in _KINDS.items() if type(value) is kind), None)


Condition = Annotated[
    Annotated[Always, Tag("always")]
    | Annotated[All, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")]
    | Annotated[Named, Tag("rule")]
    | Annotated[Told, Tag("told")]
    | Annotated[Person, Tag("person")]
    | Annotated[Asked, Tag("instrument")]
    | Annotated[VictimBelow, Tag("victim_age_below")]
    | Annotated[VictimFrom, Tag("victim_age_at_least")]
    | Annotated[AllVictimsFrom, Tag("all_victims_at_least")]
    | Annotated[InQueue, Tag("queue")]
    | Annotated[OfGrade, Tag("child_grade")]
    | Annotated[OfPriority, Tag("priority_at_least")],
    Discriminator(
        _kind_of,
        custom_error_type="condition",
        custom_error_message=f"a condition is one of: {', '.join(_KINDS)}",
    ),
]

for _table in (All, AnyOf, Not):
    _table.model_rebuild()

TOLD_FACTS: tuple[str, ...] = get_args(ToldFact)
CONDITION_WORDS = frozenset(_KINDS)
