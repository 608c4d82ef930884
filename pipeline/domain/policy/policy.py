"""A policy that is ready to judge by: its tables with every condition made ready."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Generic, TypeVar

from pipeline.contracts.decision import ChildGrade
from pipeline.contracts.policy import (
    ClockRow,
    CountyRow,
    DangerRow,
    GradeRow,
    PolicyFile,
    PriorityRow,
    QueueRow,
    ServiceRow,
    TagRow,
)
from pipeline.contracts.vocabulary import Role
from pipeline.domain.policy.calendar import WorkCalendar
from pipeline.domain.policy.conditions import Holds, Paths, Situation, Words, least_grade, lightest, made_ready
from pipeline.domain.policy.own_words import UNKNOWN_INDICATOR, UNKNOWN_INDICATOR_LABELS

RowT = TypeVar("RowT", QueueRow, GradeRow, PriorityRow, TagRow, ServiceRow, CountyRow, ClockRow, DangerRow)


@dataclass(frozen=True, slots=True)
class Ready(Generic[RowT]):
    """A row and its condition."""

    row: RowT
    holds: Holds


@dataclass(frozen=True, slots=True)
class Met(Generic[RowT]):
    """A row that holds, and the paths of the report that meet it."""

    row: RowT
    paths: Paths


@dataclass(frozen=True, slots=True)
class Points:
    """What one danger adds, under which code, and what a person reads."""

    code: str
    points: int
    zh: str
    en: str


@dataclass(frozen=True)
class Policy:
    """Judges by the tables of one file. `digest` is the SHA-256 of the file's bytes, in hexadecimal digits."""

    tables: PolicyFile
    digest: str
    words: Words = field(repr=False)

    @classmethod
    def of(cls, tables: PolicyFile, text: str) -> "Policy":
        words = Words({r.name: r.when for r in tables.rule}, {i.code: i for i in tables.instrument}, tables.stand_in)
        return cls(tables, sha256(text.encode()).hexdigest(), words)

    @property
    def version(self) -> str:
        return self.tables.version

    @property
    def stand_in(self) -> str | None:
        return self.tables.stand_in.indicator if self.tables.stand_in else None

    def may_be_in_force(self, day: date) -> bool:
        last = self.tables.effective_to
        return self.tables.effective_from <= day and (last is None or day <= last)

    # --- tables of which the first row that holds decides

    def queue(self, situation: Situation) -> Met[QueueRow]:
        return _first(self._queue, situation)

    def grade(self, situation: Situation) -> Met[GradeRow]:
        return _first(self._grade, situation)

    def priority(self, situation: Situation) -> Met[PriorityRow]:
        return _first(self._priority, situation)

    def county(self, situation: Situation) -> Met[CountyRow]:
        return _first(self._county, situation)

    # --- tables of which every row that holds counts

    def tags(self, situation: Situation) -> list[Met[TagRow]]:
        return _every(self._tags, situation)

    def services(self, situation: Situation) -> list[Met[ServiceRow]]:
        return _every(self._services, situation)

    def dangers(self, situation: Situation) -> list[Met[DangerRow]]:
        return _every(self._dangers, situation)

    def clocks(self, situation: Situation) -> Mapping[str, Met[ClockRow]]:
        """For each clock the first of its rows that holds, in the order of the table."""
        found: dict[str, Met[ClockRow]] = {}
        for met in _every(self._clocks, situation):
            found.setdefault(met.row.code, met)
        return found

    def slowest(self, clock: str) -> ClockRow | None:
        """The last row of this clock, which a clock that has started and that nothing asks for any more goes by."""
        return next((r.row for r in reversed(self._clocks) if r.row.code == clock), None)

    @cached_property
    def clock_order(self) -> Mapping[str, int]:
        return {row.code: place for place, row in reversed(list(enumerate(self.tables.clock)))}

    @cached_property
    def grade_of_clock(self) -> Mapping[str, ChildGrade]:
        """The lightest child grade of an incident where this clock runs, for those that run with a grade only."""
        found = {
            code: lightest(least_grade(row.when, self.words) for row in self.tables.clock if row.code == code)
            for code in self.clock_order
        }
        return {code: grade for code, grade in found.items() if grade}

    # --- tables of points

    @cached_property
    def category_points(self) -> Mapping[str, Points]:
        return {r.code: Points(r.code, r.points, r.zh, r.en) for r in self.tables.category}

    @cached_property
    def flag_points(self) -> Mapping[str, Points]:
        return {r.code: Points(r.reason or r.code, r.points, r.zh, r.en) for r in self.tables.crisis_flag}

    @cached_property
    def indicator_points(self) -> Mapping[str, Points]:
        return {r.code: Points(r.code, r.points, r.zh, r.en) for r in self.tables.indicator}

    @cached_property
    def role_points(self) -> Mapping[str, Points]:
        return {r.code: Points(r.code, r.points, r.zh, r.en) for r in self.tables.role}

    @cached_property
    def person_points(self) -> Mapping[tuple[str, str], Points]:
        return {
            (role, r.code): Points(r.code, r.points, r.zh, r.en)
            for r in self.tables.person
            for role in (Role if r.person == "anyone" else r.person)
        }

    @cached_property
    def item_points(self) -> Mapping[tuple[str, str], Points]:
        """By instrument and field: what a yes adds."""
        return {
            (i.code, item.field): Points(item.reason, item.points, item.zh, item.en)
            for i in self.tables.instrument
            for item in i.item
            if item.reason
        }

    @cached_property
    def labels(self) -> Mapping[str, tuple[str, str]]:
        """What a person reads for each code of a reason, row, tag, service and clock: zh, en."""
        t = self.tables
        named = {r.name: (r.zh, r.en) for rows in (t.queue, t.child_grade, t.priority, t.county, t.rule) for r in rows}
        coded = {r.code: (r.zh, r.en) for rows in (t.tag, t.also, t.clock, t.danger, t.age, t.role) for r in rows}
        steps = {r.kind: (r.zh, r.en) for r in (t.desk.step if t.desk else ())}
        points = (
            *self.category_points.values(),
            *self.flag_points.values(),
            *self.indicator_points.values(),
            *self.person_points.values(),
            *self.item_points.values(),
        )
        return (
            named
            | steps
            | coded
            | {p.code: (p.zh, p.en) for p in points}
            | {UNKNOWN_INDICATOR: UNKNOWN_INDICATOR_LABELS}
        )

    @cached_property
    def calendar(self) -> WorkCalendar:
        return WorkCalendar.of(self.tables.calendar)

    # --- conditions, made ready once

    @cached_property
    def _queue(self) -> Sequence[Ready[QueueRow]]:
        return self._ready(self.tables.queue)

    @cached_property
    def _grade(self) -> Sequence[Ready[GradeRow]]:
        return self._ready(self.tables.child_grade)

    @cached_property
    def _priority(self) -> Sequence[Ready[PriorityRow]]:
        return self._ready(self.tables.priority)

    @cached_property
    def _county(self) -> Sequence[Ready[CountyRow]]:
        return self._ready(self.tables.county)

    @cached_property
    def _tags(self) -> Sequence[Ready[TagRow]]:
        return self._ready(self.tables.tag)

    @cached_property
    def _services(self) -> Sequence[Ready[ServiceRow]]:
        return self._ready(self.tables.also)

    @cached_property
    def _dangers(self) -> Sequence[Ready[DangerRow]]:
        return self._ready(self.tables.danger)

    @cached_property
    def _clocks(self) -> Sequence[Ready[ClockRow]]:
        return self._ready(self.tables.clock)

    def _ready(self, rows: Sequence[RowT]) -> list[Ready[RowT]]:
        return [Ready(row, made_ready(row.when, self.words)) for row in rows]


def _first(rows: Sequence[Ready[RowT]], situation: Situation) -> Met[RowT]:
    """A table that was checked ends with a row that always holds."""
    return next(Met(r.row, paths) for r in rows if (paths := r.holds(situation)) is not None)


def _every(rows: Sequence[Ready[RowT]], situation: Situation) -> list[Met[RowT]]:
    return [Met(r.row, paths) for r in rows if (paths := r.holds(situation)) is not None]
