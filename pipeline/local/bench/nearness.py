"""How near two reports stand beside what both say of people and places: in time, in story, in contradictions."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from pipeline.domain.facts import Facts
from pipeline.local.bench.marks import Marks, Survived, marks_of
from pipeline.local.bench.truth import Groups

APART_H = (3, 12, 24, 72, 120, 336, 1440)
"""Classes of time: two reports are as near as two others if they stand in the same class, or in a nearer one."""

ALIKE = (0.1, 0.25, 0.5, 0.8)
"""Classes of the share of a story's pairs of characters that the other one tells, too."""

VICTIMS: Sequence[tuple[str, tuple[str, ...]]] = (
    ("id", ("id", "id_but_one")),
    ("born", ("born", "birthday", "year")),
    ("name", ("sound", "part")),
)
PLACES: Sequence[tuple[str, tuple[str, ...]]] = (("town", ("town",)), ("road", ("road",)), ("door", ("door",)))
"""What both tell, and the traces of which they share none: a contradiction."""


class Nearness(NamedTuple):
    """The less the nearer, in each."""

    told: int
    happened: int
    story: int
    contradictions: int

    def is_reached_by(self, other: "Nearness") -> bool:
        return self.in_time_and_story_reached_by(other) and other.contradictions <= self.contradictions

    def in_time_and_story_reached_by(self, other: "Nearness") -> bool:
        return other.told <= self.told and other.happened <= self.happened and other.story <= self.story


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """One report by all its versions, and its true groups. `of_victims` and `of_places` are the marks of each kind."""

    versions: tuple[Facts, ...]
    truth: Groups
    survived: Survived
    marks: Marks
    of_victims: Mapping[str, Marks]
    of_places: Mapping[str, Marks]

    @property
    def newest(self) -> Facts:
        return self.versions[-1]


def tell(versions: tuple[Facts, ...], truth: Mapping[str, Groups]) -> Told:
    survived = marks_of(versions)
    return Told(
        versions,
        truth[versions[0].event_id],
        survived,
        survived.all,
        _by_kind(survived.of_victims, VICTIMS),
        _by_kind(survived.places, PLACES),
    )


def _by_kind(marks: Marks, rules: Sequence[tuple[str, tuple[str, ...]]]) -> Mapping[str, Marks]:
    kinds = {kind for told, traces in rules for kind in (told, *traces)}
    return {kind: frozenset(mark for mark in marks if mark[0] == kind) for kind in kinds}


def nearness(one: Told, other: Told) -> Nearness:
    a, b = one.newest, other.newest
    return Nearness(
        told=_apart(a.clock_start, b.clock_start),
        happened=_apart(a.occurred_at or a.clock_start, b.occurred_at or b.clock_start),
        story=-_alike(a, b),
        contradictions=_contradict(one.of_victims, other.of_victims, VICTIMS)
        + _contradict(one.of_places, other.of_places, PLACES),
    )


def _contradict(
    ours: Mapping[str, Marks], theirs: Mapping[str, Marks], rules: Sequence[tuple[str, tuple[str, ...]]]
) -> int:
    return sum(
        bool(ours[told] and theirs[told]) and all(ours[trace].isdisjoint(theirs[trace]) for trace in traces)
        for told, traces in rules
    )


def _apart(one: datetime, other: datetime) -> int:
    return bisect_left(APART_H, abs((one - other).total_seconds()) / 3600)


def _alike(one: Facts, other: Facts) -> int:
    ours, theirs = (facts.story.pairs if facts.story else frozenset() for facts in (one, other))
    shorter = min(len(ours), len(theirs))
    return bisect_left(ALIKE, len(ours & theirs) / shorter) if shorter else 0
