"""How many cases another policy moves, and which: counts that add up, whoever counted which part."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from pipeline.contracts.decision import in_taipei
from pipeline.contracts.vocabulary import Sex
from pipeline.domain.facts import Facts, Person
from pipeline.domain.policy.simulate import Aspect, End, History, Move, Turn, moves
from pipeline.domain.privacy import age_band

UNKNOWN = "unknown"


class Group(StrEnum):
    """What cases are told apart by. A case counts under every source and category that told of it, else once."""

    COUNTY = "county"
    SOURCE = "source"
    CATEGORY = "category"
    AGE = "age"
    SEX = "sex"


class Column(StrEnum):
    """`moved` is everything but the score. A case may be both up and down: another priority, and a clock gone. The rest
    are the cases of which this is another.
    """

    CASES = "cases"
    MOVED = "moved"
    UP = "up"
    DOWN = "down"
    QUEUE = "queue"
    PRIORITY = "priority"
    CHILD_GRADE = "child_grade"
    CENTRE = "centre"
    CLOCK = "clock"
    SCORE = "score"


class Side(StrEnum):
    OLD = "old"
    NEW = "new"


class Cell(NamedTuple):
    """A queue as people see it: a centre's cases of one priority, ordered by score."""

    queue: str
    centre: str
    priority: str


class Example(NamedTuple):
    """A case to open, and the report that told of it last."""

    case_id: str | None
    name: str


Kind = tuple[Aspect, str, str]
"""Aspect, code and change of a move."""


@dataclass(slots=True)
class Tally:
    """`unread` are reports that nobody can read, `repeated` events that came again, `erased` cases that are no longer
    there for anyone, `unfiled` reports of which it is not told what case they belong to. `levels` are how many cases
    stand where under each policy, and have which clocks. `examples` holds so many of each kind, by the order of their
    ids.
    """

    examples_max: int = 0
    reports: int = 0
    unread: int = 0
    repeated: int = 0
    erased: int = 0
    unfiled: int = 0
    columns: Counter[Column] = field(default_factory=Counter)
    aspects: Counter[Aspect] = field(default_factory=Counter)
    kinds: Counter[Kind] = field(default_factory=Counter)
    groups: Counter[tuple[Group, str, Column]] = field(default_factory=Counter)
    levels: Counter[tuple[Aspect, str, Side]] = field(default_factory=Counter)
    scores: Counter[tuple[Cell, int, int]] = field(default_factory=Counter)
    examples: dict[Kind, list[Example]] = field(default_factory=dict)

    def add(self, history: History, old: End, new: End) -> None:
        found = tuple(moves(old, new))
        columns = columns_of(found)
        self.reports += len(history.told)
        self.columns.update(columns)
        self.groups.update((*group, column) for group in groups_of(history, old) for column in columns)
        self.aspects.update({move.aspect for move in found})
        self.kinds.update(move[:3] for move in found)
        for side, end in ((Side.OLD, old), (Side.NEW, new)):
            self.levels.update((*level, side) for level in levels_of(end))
        if (cell := _cell(old)) == _cell(new):
            self.scores[cell, old.standing.score, new.standing.score] += 1
        example = Example(history.case_id, history.told[-1].name)
        for move in found:
            self._keep(move[:3], [example])

    def join(self, other: "Tally") -> None:
        """Takes another part's counts in."""
        self.reports += other.reports
        self.unread += other.unread
        self.repeated += other.repeated
        self.erased += other.erased
        self.unfiled += other.unfiled
        self.columns.update(other.columns)
        self.aspects.update(other.aspects)
        self.kinds.update(other.kinds)
        self.groups.update(other.groups)
        self.levels.update(other.levels)
        self.scores.update(other.scores)
        for kind, examples in other.examples.items():
            self._keep(kind, examples)

    def _keep(self, kind: Kind, examples: Iterable[Example]) -> None:
        kept = sorted([*self.examples.get(kind, ()), *examples], key=lambda e: (e.case_id or "", e.name))
        self.examples[kind] = kept[: self.examples_max]

    @property
    def pairs(self) -> tuple[int, int]:
        """Of all pairs of cases that stand in the same queue under both policies, how many swap places, and how many
        there are.
        """
        swapped = total = 0
        for _, rows in groupby(sorted(self.scores.items()), key=lambda row: row[0][0]):
            told = [(old, new, count) for (_, old, new), count in rows]
            swapped += _swapped(told)
            cases = sum(count for _, _, count in told)
            total += cases * (cases - 1) // 2
        return swapped, total


def columns_of(found: Iterable[Move]) -> set[Column]:
    """Where a case with these moves is counted."""
    columns = {Column.CASES}
    for move in found:
        if column := _OF_ASPECT.get(move.aspect):
            columns.add(column)
        if move.aspect is not Aspect.SCORE:
            columns |= {Column.MOVED, *_OF_TURN[move.turn]}
    return columns


_OF_ASPECT = {
    Aspect.QUEUE: Column.QUEUE,
    Aspect.PRIORITY: Column.PRIORITY,
    Aspect.CHILD_GRADE: Column.CHILD_GRADE,
    Aspect.COUNTY: Column.CENTRE,
    Aspect.CENTRE: Column.CENTRE,
    Aspect.CLOCK: Column.CLOCK,
    Aspect.SCORE: Column.SCORE,
}
_OF_TURN = {Turn.UP: (Column.UP,), Turn.DOWN: (Column.DOWN,), Turn.ASIDE: ()}


def _swapped(told: Iterable[tuple[int, int, int]]) -> int:
    """Pairs of which one has the higher old score and the other the higher new one. `told` is sorted."""
    swapped, passed = 0, Counter[int]()
    for _, rows in groupby(told, key=lambda row: row[0]):
        same = [(new, count) for _, new, count in rows]
        swapped += sum(count * sum(m for score, m in passed.items() if score > new) for new, count in same)
        for new, count in same:
            passed[new] += count
    return swapped


def levels_of(end: End) -> Iterator[tuple[Aspect, str]]:
    """What a case stands at; each kind of clock once."""
    yield Aspect.QUEUE, end.standing.queue.value
    yield Aspect.PRIORITY, end.standing.priority.value
    yield Aspect.CHILD_GRADE, str(end.standing.child_grade or "none")
    yield from ((Aspect.CLOCK, clock) for clock in {c for clocks in end.clocks.values() for c in clocks})


def _cell(end: End) -> Cell:
    return Cell(end.standing.queue, end.routing.centre, end.standing.priority)


def groups_of(history: History, end: End) -> Iterator[tuple[Group, str]]:
    """Under what a case is counted; the county is the one where it lies now."""
    versions = [one.facts for one in history.told]
    yield Group.COUNTY, end.routing.county or UNKNOWN
    yield from ((Group.SOURCE, source) for source in dict.fromkeys(v.source for v in versions))
    yield from ((Group.CATEGORY, word) for word in dict.fromkeys(c for v in versions for c in v.categories))
    incidents: dict[object, list[Facts]] = {}
    for one in history.told:
        incidents.setdefault(one.incident_id, []).append(one.facts)
    yield Group.AGE, age_band(map(tuple, incidents.values()))
    yield Group.SEX, sex_of_youngest(versions)


def sex_of_youngest(versions: Iterable[Facts]) -> str:
    """Of the victim who was born last; where no birth date can be read, of all victims, if they are of one sex."""
    told = [(v, victim) for v in versions for victim in v.victims]
    born = [(victim.birth_date, victim) for v, victim in told if victim.birth_date and victim.birth_date <= _day(v)]
    last = max((day for day, _ in born), default=None)
    sexes = _sexes(victim for day, victim in born if day == last) if born else _sexes(victim for _, victim in told)
    return sexes.pop().value if len(sexes) == 1 else UNKNOWN


def _sexes(victims: Iterable[Person]) -> set[Sex]:
    return {victim.sex for victim in victims if victim.sex}


def _day(facts: Facts) -> date:
    return in_taipei(facts.received_at).date()
