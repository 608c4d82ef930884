"""The default policy's rules in named rows. In an order, the first that holds decides; the last always holds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.contracts.decision import ChildGrade
from pipeline.contracts.vocabulary import Category, CrisisFlag, Indicator, Priority, Queue, Role, Service, Tag
from pipeline.domain.conditions import (
    anyone_suicidal,
    carer_has,
    child_in_danger,
    child_peril,
    confinement,
    crisis_flag,
    hardship,
    lethality_signs,
    protective_category,
    safety_unsafe,
    small_child_injured,
    suicide_idea,
    tipvda_high,
)
from pipeline.domain.dangers import Dangers
from pipeline.domain.indicators import (
    CHILD_CATEGORIES,
    CHILD_FLAGS,
    DRUGS,
    IMMEDIATE_FLAGS,
    MENTAL_ILLNESS,
    SEXUAL_CATEGORIES,
)


class QueueRow(NamedTuple):
    """`raised`: the report's own category alone would not have led here."""

    name: str
    queue: Queue
    holds: Callable[[Dangers], bool]
    raised: bool = False


QUEUE_ROWS = (
    QueueRow("protective_category", Queue.PROTECTIVE, protective_category),
    QueueRow("child_in_danger", Queue.PROTECTIVE, child_in_danger, raised=True),
    QueueRow("crisis_flag", Queue.PROTECTIVE, crisis_flag, raised=True),
    QueueRow("tipvda_high", Queue.PROTECTIVE, tipvda_high, raised=True),
    QueueRow("lethality_or_confinement", Queue.PROTECTIVE, lambda d: lethality_signs(d) or confinement(d), raised=True),
    QueueRow("all_the_rest", Queue.FAMILY, lambda _: True),
)


def queue_row(dangers: Dangers) -> QueueRow:
    return next(row for row in QUEUE_ROWS if row.holds(dangers))


class GradeRow(NamedTuple):
    name: str
    grade: ChildGrade | None
    holds: Callable[[Dangers], bool]


GRADE_ROWS = (
    GradeRow("child_flag", 1, lambda d: not CHILD_FLAGS.isdisjoint(d.crisis_flags)),
    GradeRow("small_child_injured", 1, small_child_injured),
    GradeRow("safety_unsafe", 1, safety_unsafe),
    GradeRow("child_peril", 1, child_peril),
    GradeRow("child_category", 2, lambda d: not CHILD_CATEGORIES.isdisjoint(d.categories)),
    GradeRow("child_in_danger", 2, child_in_danger),
    GradeRow("no_child", None, lambda _: True),
)


def grade_row(dangers: Dangers) -> GradeRow:
    return next(row for row in GRADE_ROWS if row.holds(dangers))


@dataclass(frozen=True, slots=True)
class Situation:
    """A case's dangers, with the queue and the grade that it stands at."""

    dangers: Dangers
    queue: Queue
    child_grade: ChildGrade | None


class PriorityRow(NamedTuple):
    name: str
    priority: Priority
    holds: Callable[[Situation], bool]


PRIORITY_ROWS = (
    PriorityRow("flag_now", Priority.IMMEDIATE, lambda s: not IMMEDIATE_FLAGS.isdisjoint(s.dangers.crisis_flags)),
    PriorityRow("child_grade_1", Priority.IMMEDIATE, lambda s: s.child_grade == 1),
    PriorityRow("ipv_high_danger", Priority.URGENT, lambda s: tipvda_high(s.dangers)),
    PriorityRow("lethality_signs", Priority.URGENT, lambda s: lethality_signs(s.dangers)),
    PriorityRow("sexual_violence", Priority.URGENT, lambda s: not SEXUAL_CATEGORIES.isdisjoint(s.dangers.categories)),
    PriorityRow("assessed_need", Priority.URGENT, lambda s: CrisisFlag.ASSESSED_NEED in s.dangers.crisis_flags),
    PriorityRow("confinement", Priority.URGENT, lambda s: confinement(s.dangers)),
    PriorityRow("suicide_idea", Priority.URGENT, lambda s: suicide_idea(s.dangers)),
    PriorityRow("protective_queue", Priority.STANDARD, lambda s: s.queue is Queue.PROTECTIVE),
    PriorityRow("suicide_risk", Priority.STANDARD, lambda s: Category.SUICIDE_RISK in s.dangers.categories),
    PriorityRow("all_the_rest", Priority.ROUTINE, lambda _: True),
)


def priority_row(situation: Situation) -> PriorityRow:
    return next(row for row in PRIORITY_ROWS if row.holds(situation))


class TagRow(NamedTuple):
    tag: Tag
    holds: Callable[[Situation], bool]


TAG_ROWS = (
    TagRow(Tag.RAISED_TO_PROTECTIVE, lambda s: queue_row(s.dangers).raised),
    TagRow(Tag.IPV_HIGH_DANGER, lambda s: tipvda_high(s.dangers)),
    TagRow(Tag.LETHALITY_SIGNS, lambda s: lethality_signs(s.dangers)),
    TagRow(
        Tag.HIGH_DANGER,
        lambda s: (
            tipvda_high(s.dangers) or s.child_grade == 1 or CrisisFlag.ASSESSED_HIGH_DANGER in s.dangers.crisis_flags
        ),
    ),
)


class ServiceRow(NamedTuple):
    service: Service
    holds: Callable[[Situation], bool]


SERVICE_ROWS = (
    ServiceRow(Service.FAMILY, lambda s: s.queue is Queue.PROTECTIVE and hardship(s.dangers)),
    ServiceRow(
        Service.MENTAL_HEALTH,
        lambda s: Category.MENTAL_HEALTH in s.dangers.categories or carer_has(s.dangers, MENTAL_ILLNESS),
    ),
    ServiceRow(
        Service.SUICIDE_PREVENTION,
        lambda s: (
            Category.SUICIDE_RISK in s.dangers.categories or anyone_suicidal(s.dangers) or suicide_idea(s.dangers)
        ),
    ),
    ServiceRow(
        Service.SUBSTANCE_USE,
        lambda s: Category.SUBSTANCE_USE in s.dangers.categories or carer_has(s.dangers, DRUGS),
    ),
    ServiceRow(Service.EDUCATION, lambda s: Role.CHILD_WITNESS in s.dangers.roles),
    ServiceRow(Service.YOUTH_GUIDANCE, lambda s: Category.YOUTH_AT_RISK in s.dangers.categories),
    ServiceRow(Service.EMPLOYMENT, lambda s: Indicator.UNEMPLOYMENT in s.dangers.indicators),
)
