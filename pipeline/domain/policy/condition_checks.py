"""What one condition must not be: of words that nobody knows, of a rule that leads back to itself, or such that one
more danger undoes it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import assert_never

from pipeline.contracts.policy import Instrument, PolicyFile
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
    VictimBelow,
    VictimFrom,
)
from pipeline.contracts.vocabulary import Category, CrisisFlag, Queue, Role
from pipeline.domain.policy.forms import highest_sum
from pipeline.domain.policy.guessing import guess
from pipeline.domain.policy.located import Path

Complaint = tuple[Path, str]

UNDONE = "one more danger would undo this"
GRADE_RISES = "a rise to grade 1 would undo this: ask for any of both grades"
NO_POINTS = "what other facts can undo bears no points"
GRAVEST = 1
_OF_WHO_ASKS = frozenset({UNDONE, GRADE_RISES, NO_POINTS})
_TOLD_OF_ALL = frozenset({"category", "role"})
"""Of these a report tells at least one, but for a report without any category, which a case that never sinks bears. Of
what none need tell, the first one told could make `only` hold.
"""


@dataclass(frozen=True, slots=True)
class Asking:
    """What a table asks of its conditions. `rises`: no further danger may undo them. `without`: kinds that are not
    judged yet where this table is read. `names_a_path`: a condition that holds must name a field of the report.
    `bears_points`: of one row, that nothing may undo it. `grade_1_holds`: of one row, that child grade 1 is met anyway,
    here or above, so that a rise from 2 to 1 undoes nothing.
    """

    rises: bool = True
    without: frozenset[str] = frozenset()
    names_a_path: bool = False
    bears_points: bool = False
    grade_1_holds: bool = False


def faults_in(condition: Condition, tables: PolicyFile, asking: Asking, path: Path) -> Iterator[Complaint]:
    own = (tables.rule[path[1]].name,) if path[0] == "rule" and isinstance(path[1], int) else ()
    found = list(_Checker(tables, asking, path, own).faults(condition, path, upright=True))
    is_undone = any(words in {UNDONE, GRADE_RISES} for _, words in found)
    pointless = [c for c in found if c[1] == NO_POINTS]
    yield from (c for c in found if c not in pointless or (c == pointless[0] and not is_undone))
    if not found and asking.names_a_path and not names_a_path(condition, tables):
        yield path, "this can hold without a field that says so; ask for something that is told"


def holds_for_grade_1(condition: Condition) -> bool:
    """Whether it holds for every case of child grade 1."""
    match condition:
        case OfGrade():
            return condition.child_grade == GRAVEST
        case AnyOf():
            return any(map(holds_for_grade_1, condition.any_))
        case _:
            return False


def names_a_path(condition: Condition, tables: PolicyFile, seen: tuple[str, ...] = ()) -> bool:
    """Whether a field of the report says so whenever the condition holds. What is not known is not held against it."""
    match condition:
        case All():
            return any(names_a_path(c, tables, seen) for c in condition.all_)
        case AnyOf():
            return all(names_a_path(c, tables, seen) for c in condition.any_)
        case Named():
            name = condition.rule
            rule = next((r for r in tables.rule if r.name == name), None)
            return rule is None or name in seen or names_a_path(rule.when, tables, (*seen, name))
        case Told():
            return condition.only is None
        case Person() | Asked() | VictimBelow() | VictimFrom() | AllVictimsFrom():
            return True
        case Always() | Not() | InQueue() | OfGrade() | OfPriority():
            return False
        case _:
            assert_never(condition)


@dataclass(frozen=True, slots=True)
class _Checker:
    tables: PolicyFile
    asking: Asking
    row: Path
    seen: tuple[str, ...] = ()

    def faults(  # noqa: C901, PLR0912 - one case for each kind of condition
        self, condition: Condition, path: Path, *, upright: bool
    ) -> Iterator[Complaint]:
        match condition:
            case All():
                for place, inner in enumerate(condition.all_):
                    yield from self.faults(inner, (*path, "all", place), upright=upright)
            case AnyOf():
                grade_1_holds = self.asking.grade_1_holds or holds_for_grade_1(condition)
                within = replace(self, asking=replace(self.asking, grade_1_holds=grade_1_holds))
                for place, inner in enumerate(condition.any_):
                    yield from within.faults(inner, (*path, "any", place), upright=upright)
            case Not():
                yield from self.faults(condition.not_, (*path, "not"), upright=not upright)
                if self.asking.bears_points:
                    yield (*path, "not"), NO_POINTS
            case Named():
                yield from self._named(condition, path, upright=upright)
            case Told():
                yield from self._told(condition, path, upright=upright)
            case Person():
                yield from self._unknown(
                    condition.has, {row.code for row in self.tables.person}, "condition", (*path, "has")
                )
                yield from self._undone(path, upright=upright)
            case Asked():
                yield from self._asked(condition, path)
                yield from self._undone(path, upright=upright)
            case VictimBelow() | VictimFrom():
                yield from self._undone(path, upright=upright)
            case AllVictimsFrom():
                yield from self._undone(path, upright=not upright)
            case InQueue():
                yield from self._judged("queue", path)
                yield from self._undone(path, upright=upright is (condition.queue is Queue.PROTECTIVE))
            case OfGrade():
                yield from self._judged("child_grade", path)
                yield from self._undone(path, upright=upright)
                if self.asking.rises and upright and condition.child_grade != GRAVEST and not self.asking.grade_1_holds:
                    yield path, GRADE_RISES
            case OfPriority():
                yield from self._judged("priority_at_least", path)
                yield from self._undone(path, upright=upright)
            case Always():
                if len(path) > len(self.row) or not upright:
                    yield path, "always stands alone"
            case _:
                assert_never(condition)

    def _undone(self, path: Path, *, upright: bool) -> Iterator[Complaint]:
        if self.asking.rises and not upright:
            yield path, UNDONE

    def _judged(self, kind: str, path: Path) -> Iterator[Complaint]:
        if kind in self.asking.without:
            yield (*path, kind), f"{kind} is not known yet where this table is read"

    def _named(self, condition: Named, path: Path, *, upright: bool) -> Iterator[Complaint]:
        rule = next((r for r in self.tables.rule if r.name == condition.rule), None)
        if rule is None:
            known = [r.name for r in self.tables.rule]
            yield (*path, "rule"), f"there is no rule {condition.rule}{guess(condition.rule, known)}"
        elif condition.rule in self.seen:
            if self._tells_of_the_ring(condition.rule):
                yield (*path, "rule"), f"the rule {condition.rule} leads back to itself"
        else:
            inside = replace(self, seen=(*self.seen, condition.rule))
            for where, words in inside.faults(rule.when, path, upright=upright):
                if words in _OF_WHO_ASKS or "leads back" in words or "not known yet" in words:
                    yield where[: len(path)], words

    def _tells_of_the_ring(self, name: str) -> bool:
        """Of the rules of a ring the first one of the file tells of it, and nobody who uses them."""
        order = [r.name for r in self.tables.rule]
        return self.row[0] == "rule" and name == self.seen[0] and name == min(self.seen, key=order.index)

    def _told(self, condition: Told, path: Path, *, upright: bool) -> Iterator[Complaint]:
        known: set[str]
        match condition.told:
            case "category":
                known = set(Category)
            case "crisis_flag":
                known = set(CrisisFlag)
            case "indicator":
                known = {row.code for row in self.tables.indicator}
            case "role":
                known = set(Role)
            case _:
                assert_never(condition.told)
        key = "any_of" if condition.any_of else "only"
        yield from self._unknown(condition.any_of or condition.only or (), known, condition.told, (*path, key))
        stays = upright if condition.only is None else not upright and condition.told in _TOLD_OF_ALL
        yield from self._undone(path, upright=stays)
        if self.asking.bears_points and condition.only:
            yield (*path, "only"), NO_POINTS

    def _unknown(self, words: tuple[str, ...], known: set[str], what: str, path: Path) -> Iterator[Complaint]:
        for place, word in enumerate(words):
            if word not in known:
                yield (*path, place), f"there is no {what} {word}{guess(word, known)}"
            elif word in words[:place]:
                yield (*path, place), f"{word} is there twice"

    def _asked(self, condition: Asked, path: Path) -> Iterator[Complaint]:
        instrument = next((i for i in self.tables.instrument if i.code == condition.instrument), None)
        if instrument is None:
            known = [i.code for i in self.tables.instrument]
            words = f"there is no instrument {condition.instrument}{guess(condition.instrument, known)}"
            yield (*path, "instrument"), words
            return
        yield from _yes(condition, instrument, path)
        yield from _answer(condition, instrument, path)
        highest = highest_sum(instrument)
        if condition.sum_at_least is not None and condition.sum_at_least > highest:
            yield (*path, "sum_at_least"), f"the sum is at most {highest}"
        bands = [band.code for band in instrument.band]
        if condition.band_from and condition.band_from not in bands:
            yield (*path, "band_from"), f"there is no band {condition.band_from}{guess(condition.band_from, bands)}"


def _yes(condition: Asked, instrument: Instrument, path: Path) -> Iterator[Complaint]:
    fields = {item.field for item in instrument.item if item.values is None}
    if instrument.override:
        fields.add(instrument.override.field)
    for field in condition.yes or ():
        if field not in fields:
            yield (*path, "yes"), f"{instrument.code} has no question of yes and no at {field}"


def _answer(condition: Asked, instrument: Instrument, path: Path) -> Iterator[Complaint]:
    if condition.answer is None:
        return
    item = next((i for i in instrument.item if i.field == condition.answer), None)
    if item is None or item.values is None:
        yield (*path, "answer"), f"{instrument.code} has no scale and no choice at {condition.answer}"
    elif condition.at_least is not None and not (item.is_scale and max(item.low, 1) <= condition.at_least <= item.high):
        yield (*path, "at_least"), f"the values at {item.field} are {', '.join(map(str, item.values))}"
    elif condition.any_of and (item.is_scale or not set(condition.any_of) <= {str(v) for v in item.values}):
        yield (*path, "any_of"), f"the values at {item.field} are {', '.join(map(str, item.values))}"
