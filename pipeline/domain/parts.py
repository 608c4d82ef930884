"""The three parts of a standing that people may override, and what they may want of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from pipeline.contracts.case import GradeWanted
from pipeline.contracts.decision import ChildGrade
from pipeline.contracts.vocabulary import Priority, Queue
from pipeline.domain.policy.conditions import PRIORITY_RANK

QUEUE_RANK = {queue: rank for rank, queue in enumerate(Queue)}


def graver_queue(one: Queue, other: Queue) -> Queue:
    return max(one, other, key=QUEUE_RANK.__getitem__)


def graver_priority(one: Priority, other: Priority) -> Priority:
    return max(one, other, key=PRIORITY_RANK.__getitem__)


def graver_grade(one: ChildGrade | None, other: ChildGrade | None) -> ChildGrade | None:
    if one is None or other is None:
        return one or other
    return min(one, other)


def grade_told(text: str | None) -> GradeWanted | None:
    """What a person wrote: 1, 2 or none. ValueError for anything else."""
    match text:
        case None:
            return None
        case "1":
            return 1
        case "2":
            return 2
        case "none":
            return "none"
        case _:
            raise ValueError("a child grade is 1, 2 or none")


@dataclass(frozen=True, slots=True)
class Parts:
    """Queue, priority and child grade of a case."""

    queue: Queue
    priority: Priority
    child_grade: ChildGrade | None

    def graver(self, other: "Parts") -> "Parts":
        """The graver of both in every part."""
        return Parts(
            graver_queue(self.queue, other.queue),
            graver_priority(self.priority, other.priority),
            graver_grade(self.child_grade, other.child_grade),
        )

    def lighter(self, other: "Parts") -> "Parts":
        """The lighter of both in every part."""
        grades = [g for g in (self.child_grade, other.child_grade) if g]
        return Parts(
            min(self.queue, other.queue, key=QUEUE_RANK.__getitem__),
            min(self.priority, other.priority, key=PRIORITY_RANK.__getitem__),
            max(grades) if len(grades) > 1 else None,
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants of a case; None leaves a part as it stands. A grade of `none`: no child is concerned."""

    queue: Queue | None = None
    priority: Priority | None = None
    child_grade: GradeWanted | None = None

    @property
    def grade(self) -> ChildGrade | None:
        """The child grade that is wanted, if one is."""
        return None if self.child_grade == "none" else self.child_grade

    def over(self, parts: Parts) -> Parts:
        """These parts, with what is wanted in the place of what stood there."""
        return Parts(
            self.queue or parts.queue,
            self.priority or parts.priority,
            parts.child_grade if self.child_grade is None else self.grade,
        )

    def at_most(self, parts: Parts) -> "Wanted":
        """Nothing graver than these parts."""
        lighter = self.over(parts).lighter(parts)
        return Wanted(
            lighter.queue if self.queue else None,
            lighter.priority if self.priority else None,
            lighter.child_grade if self.child_grade else None,
        )

    def and_also(self, *others: "Wanted") -> "Wanted":
        """What all want; where several want something of a part, the graver."""
        wishes = (self, *others)
        return Wanted(
            max((w.queue for w in wishes if w.queue), key=QUEUE_RANK.__getitem__, default=None),
            max((w.priority for w in wishes if w.priority), key=PRIORITY_RANK.__getitem__, default=None),
            min((w.child_grade for w in wishes if w.child_grade), key=str, default=None),
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """Names of the rows by which the last judgement puts each part where its reports have put it; None where it stands
    higher from before.
    """

    queue: str | None = None
    priority: str | None = None
    child_grade: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What people made of a case. `told` is where its reports alone put it, `raised` what a person raised it to.

    `known` are the incidents that the case held when two people lowered it, and `worst` how bad each answer was then
    (see `dangers.worst_told`): as long as nothing new and nothing worse is told, it stays so. None: it is not lowered.
    """

    told: Parts
    raised: Wanted = Wanted()
    known: frozenset[UUID] | None = None
    worst: Mapping[str, int] = field(default_factory=dict)
