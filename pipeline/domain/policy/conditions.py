"""Makes a condition ready to be asked: of a situation it says which paths of the reports meet it, or that none does."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import assert_never

from pipeline.contracts.decision import ChildGrade
from pipeline.contracts.policy import Instrument, StandIn
from pipeline.contracts.policy_conditions import (
    All,
    AllVictimsFrom,
    Always,
    AnyOf,
    Asked,
    Condition,
    InQueue,
    Named,
    Not,
    OfGrade,
    OfPriority,
    Person,
    Told,
    ToldFact,
    VictimBelow,
    VictimFrom,
)
from pipeline.contracts.vocabulary import Priority, Queue, Role
from pipeline.domain.dangers import Dangers
from pipeline.domain.facts import Form
from pipeline.domain.policy.forms import stands_in_band, sum_of

Paths = tuple[str, ...]
"""Where in `data` stands what meets a condition; nothing where it is met by what is not told."""

PRIORITY_RANK: Mapping[Priority, int] = {priority: rank for rank, priority in enumerate(Priority)}


@dataclass(frozen=True, slots=True)
class Situation:
    """A case's dangers, and what it stands at as far as it has been judged."""

    dangers: Dangers
    queue: Queue | None = None
    child_grade: int | None = None
    priority: Priority | None = None


Holds = Callable[[Situation], Paths | None]


@dataclass(frozen=True, slots=True)
class Words:
    """What conditions refer to beside the report: named conditions, instruments, the age that an indicator tells."""

    rules: Mapping[str, Condition]
    instruments: Mapping[str, Instrument]
    stand_in: StandIn | None

    @property
    def stand_in_below(self) -> int:
        return self.stand_in.below if self.stand_in else 0


def made_ready(condition: Condition, words: Words) -> Holds:  # noqa: C901, PLR0911, PLR0912 - one case for each kind of condition
    """Raises KeyError for a rule or an instrument that the policy does not have."""
    match condition:
        case Always():
            return lambda _: ()
        case All():
            return _all([made_ready(c, words) for c in condition.all_])
        case AnyOf():
            return _any([made_ready(c, words) for c in condition.any_])
        case Not():
            inner = made_ready(condition.not_, words)
            return lambda s: () if inner(s) is None else None
        case Named():
            return made_ready(words.rules[condition.rule], words)
        case Told():
            return _told(condition)
        case Person():
            return _person(condition)
        case Asked():
            return _asked(condition, words.instruments[condition.instrument])
        case VictimBelow():
            years, stand_in = condition.victim_age_below, words.stand_in_below
            return lambda s: _one(a.below(years, stand_in) for a in s.dangers.ages)
        case VictimFrom():
            return lambda s: _one(a.at_least(condition.victim_age_at_least) for a in s.dangers.ages)
        case AllVictimsFrom():
            return _all_from(condition.all_victims_at_least, words.stand_in_below)
        case InQueue():
            return lambda s: () if s.queue is condition.queue else None
        case OfGrade():
            return lambda s: () if s.child_grade == condition.child_grade else None
        case OfPriority():
            floor = PRIORITY_RANK[condition.priority_at_least]
            return lambda s: () if s.priority and PRIORITY_RANK[s.priority] >= floor else None
        case _:
            assert_never(condition)


def least_grade(condition: Condition, words: Words) -> ChildGrade | None:
    """The lightest child grade of a case that meets this condition; None where one of no grade can meet it."""
    match condition:
        case OfGrade():
            return condition.child_grade
        case All():
            return min((g for c in condition.all_ if (g := least_grade(c, words))), default=None)
        case AnyOf():
            return lightest(least_grade(c, words) for c in condition.any_)
        case Named():
            return least_grade(words.rules[condition.rule], words)
        case _:
            return None


def lightest(grades: Iterable[ChildGrade | None]) -> ChildGrade | None:
    """None where one of them is none."""
    found = list(grades)
    return None if None in found else max((grade for grade in found if grade), default=None)


def _one(found: Iterable[str | None]) -> Paths | None:
    path = next(filter(None, found), None)
    return (path,) if path else None


def _all(parts: Sequence[Holds]) -> Holds:
    def holds(situation: Situation) -> Paths | None:
        paths: list[str] = []
        for part in parts:
            met = part(situation)
            if met is None:
                return None
            paths += met
        return tuple(dict.fromkeys(paths))

    return holds


def _any(parts: Sequence[Holds]) -> Holds:
    def holds(situation: Situation) -> Paths | None:
        met = [m for m in (part(situation) for part in parts) if m is not None]
        return tuple(dict.fromkeys(chain.from_iterable(met))) if met else None

    return holds


def _facts(told: ToldFact, dangers: Dangers) -> Mapping[str, str]:
    match told:
        case "category":
            return dangers.categories
        case "crisis_flag":
            return dangers.crisis_flags
        case "indicator":
            return dangers.indicators
        case "role":
            return dangers.roles
        case _:
            assert_never(told)


def _told(condition: Told) -> Holds:
    told = condition.told
    if condition.only:
        only = frozenset(condition.only)
        return lambda s: () if (facts := _facts(told, s.dangers)) and only.issuperset(facts) else None
    words, least = frozenset(condition.any_of or ()), condition.at_least or 1

    def holds(situation: Situation) -> Paths | None:
        facts = _facts(told, situation.dangers)
        if words.isdisjoint(facts):
            return None
        paths = [path for word, path in facts.items() if word in words]
        return tuple(dict.fromkeys(paths)) if len(paths) >= least else None

    return holds


def _person(condition: Person) -> Holds:
    roles = frozenset(Role) if condition.person == "anyone" else frozenset(condition.person)
    asked = frozenset(condition.has)

    def holds(situation: Situation) -> Paths | None:
        told = situation.dangers.conditions
        paths = (path for (role, has), path in told.items() if has in asked and role in roles)
        return tuple(dict.fromkeys(paths)) or None

    return holds


def _all_from(years: int, stand_in_below: int) -> Holds:
    def holds(situation: Situation) -> Paths | None:
        ages = situation.dangers.ages
        if any(a.below(years, stand_in_below) for a in ages):
            return None
        return _one(a.youngest.path for a in ages if a.youngest)

    return holds


def _asked(condition: Asked, instrument: Instrument) -> Holds:
    path = f"instruments.{instrument.code}"
    in_form = _in_form(condition, instrument)

    def holds(situation: Situation) -> Paths | None:
        forms = situation.dangers.forms.get(instrument.code, ())
        paths = tuple(dict.fromkeys(f"{path}.{field}" for form in forms for field in in_form(form)))
        return paths or None

    return holds


def _in_form(condition: Asked, instrument: Instrument) -> Callable[[Form], Sequence[str]]:
    """The fields of a form that meet the condition."""
    if condition.yes:
        fields = condition.yes
        return lambda form: [f for f in fields if form.answer(f) is True]
    if condition.sum_at_least is not None:
        least = condition.sum_at_least
        return lambda form: ["items"] if sum_of(form, instrument) >= least else []
    if condition.band_from:
        band = condition.band_from
        return lambda form: stands_in_band(form, instrument, band)
    field = condition.answer or ""
    if condition.any_of:
        words = frozenset(condition.any_of)
        return lambda form: [field] if form.answer(field) in words else []
    at_least = condition.at_least or 0
    return lambda form: [field] if _number(form.answer(field), at_least - 1) >= at_least else []


def _number(answer: bool | int | str | None, missing: int) -> int:  # noqa: FBT001 - an answer as it was given
    return answer if isinstance(answer, int) and not isinstance(answer, bool) else missing
