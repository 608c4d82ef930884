"""Where a case stands: queue, priority, child grade, services, tags and reasons, over all that was ever told of it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from pipeline.contracts.decision import ChildGrade, Reason
from pipeline.contracts.policy import GradeRow, PriorityRow, QueueRow, ServiceRow, TagRow
from pipeline.contracts.vocabulary import Priority, Queue
from pipeline.domain.dangers import Dangers, IncidentView, gather, worst_told
from pipeline.domain.parts import Parts, Rows, Said, Wanted, graver_grade, graver_priority, graver_queue
from pipeline.domain.points import in_order, joined, reasons
from pipeline.domain.policy.conditions import Situation
from pipeline.domain.policy.own_words import RAISED
from pipeline.domain.policy.policy import Met, Policy


@dataclass(frozen=True, slots=True)
class Standing:
    """What a case has risen to. `reasons` stand in their order: most points first, then code, then field.
    `policy_version` and `rows` are those of the last judgement. `said` is None where people have not overridden it.
    """

    queue: Queue
    also: frozenset[str]
    priority: Priority
    child_grade: ChildGrade | None
    tags: frozenset[str]
    reasons: tuple[Reason, ...]
    policy_version: str | None = None
    rows: Rows | None = None
    said: Said | None = None

    @property
    def score(self) -> int:
        return sum(reason.points for reason in self.reasons)

    @property
    def parts(self) -> Parts:
        return Parts(self.queue, self.priority, self.child_grade)

    @property
    def told(self) -> Parts:
        """Where its reports alone have put it."""
        return self.said.told if self.said else self.parts

    @property
    def by_reports(self) -> "Standing":
        """As it would stand without what people said."""
        return self.at(self.said.told, None) if self.said else self

    def at(self, parts: Parts, said: Said | None) -> "Standing":
        """The same with these parts, and what people said of it."""
        queue, priority, grade = parts.queue, parts.priority, parts.child_grade
        return replace(self, queue=queue, priority=priority, child_grade=grade, said=said)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Where a case stands, and the rows of the policy that put it there by what is told now."""

    standing: Standing
    queue: Met[QueueRow]
    child_grade: Met[GradeRow]
    priority: Met[PriorityRow]
    tags: tuple[Met[TagRow], ...]
    services: tuple[Met[ServiceRow], ...]


def judge(policy: Policy, incidents: Sequence[IncidentView], before: Standing | None = None) -> Standing:
    """Where a case with these open incidents stands, all reports and versions together; never lower than `before`.

    What people raised stays raised. What they lowered stays lowered as long as nothing is told that was not known then:
    no other reason, tag, service, victim or incident, no worse answer, and nothing graver. Else all that its reports
    say holds again.
    """
    return judgement(policy, incidents, before).standing


def judgement(policy: Policy, incidents: Sequence[IncidentView], before: Standing | None = None) -> Judgement:
    """The same with the rows that decided."""
    dangers = gather(incidents, policy.stand_in)
    judged = _by_reports(policy, dangers, before.by_reports if before else None)
    if before is None or before.said is None:
        return judged
    told, said = judged.standing, before.said
    is_as_known = (
        said.known is not None
        and {i.incident_id for i in incidents} <= said.known
        and all(value <= said.worst.get(path, 0) for path, value in worst_told(incidents).items())
    )
    if is_as_known and not _is_news(before.by_reports, told):
        return replace(judged, standing=told.at(before.parts, replace(said, told=told.parts)))
    return replace(judged, standing=_kept(policy, dangers, told, before.parts, said.raised))


def _by_reports(policy: Policy, dangers: Dangers, before: Standing | None) -> Judgement:
    queue, grade = by_queue_and_grade(policy, dangers)
    situation = Situation(dangers, queue.row.queue, grade_of(grade.row))
    if before:
        situation = Situation(
            dangers,
            graver_queue(before.queue, queue.row.queue),
            graver_grade(before.child_grade, grade_of(grade.row)),
        )
    priority = policy.priority(situation)
    situation = Situation(dangers, situation.queue, situation.child_grade, priority.row.priority)
    services, tags = policy.services(situation), policy.tags(situation)
    now = Standing(
        queue=situation.queue or queue.row.queue,
        also=frozenset(met.row.code for met in services),
        priority=priority.row.priority,
        child_grade=cast("ChildGrade | None", situation.child_grade),
        tags=frozenset(met.row.code for met in tags) | ({RAISED} if queue.row.raised else set()),
        reasons=in_order(reasons(policy, dangers)),
        policy_version=policy.version,
    )
    risen = rise(before, now)
    rows = Rows(
        queue.row.name if queue.row.queue is risen.queue else None,
        priority.row.name if priority.row.priority is risen.priority else None,
        grade.row.name if grade_of(grade.row) == risen.child_grade else None,
    )
    return Judgement(replace(risen, rows=rows), queue, grade, priority, tuple(tags), tuple(services))


def _is_news(before: Standing, now: Standing) -> bool:
    """Whether something is told that was not known: a reason, a tag, a service, or what makes the case graver."""
    return (
        bool(Counter(r.code for r in now.reasons) - Counter(r.code for r in before.reasons))
        or not (now.tags <= before.tags and now.also <= before.also)
        or now.parts != before.parts
    )


def raise_to(policy: Policy, incidents: Sequence[IncidentView], standing: Standing, wanted: Wanted) -> Standing:
    """Raised to what a person wants, with what the policy says of a case that stands so: a child's case of grade 1
    cannot wait. No part sinks. Of a lowered case what its reports tell stays out of account: what is not wanted, and
    does not follow from what is, stays where two people put it.
    """
    told = gather(incidents, policy.stand_in)
    said = standing.said or Said(standing.parts)
    parts = standing.parts.graver(wanted.over(standing.parts))
    due = (
        _priority_of(policy, told, parts)
        if said.known is None
        else _priority_of(policy, NOTHING, wanted.over(LIGHTEST))
    )
    parts = replace(parts, priority=graver_priority(parts.priority, due))
    return _tagged(policy, told, standing.at(parts, replace(said, raised=wanted.and_also(said.raised))))


def _kept(policy: Policy, dangers: Dangers, told: Standing, parts: Parts, raised: Wanted) -> Standing:
    """What reports tell, never below these parts, and with what the policy says of a case that stands so."""
    higher = told.parts.graver(parts)
    if higher == told.parts and raised == Wanted():
        return told
    higher = replace(higher, priority=graver_priority(higher.priority, _priority_of(policy, dangers, higher)))
    return _tagged(policy, dangers, told.at(higher, Said(told.parts, raised)))


def _priority_of(policy: Policy, dangers: Dangers, parts: Parts) -> Priority:
    return policy.priority(Situation(dangers, parts.queue, parts.child_grade)).row.priority


def _tagged(policy: Policy, dangers: Dangers, standing: Standing) -> Standing:
    """With the tags and services that follow from where it stands, whoever put it there."""
    situation = Situation(dangers, standing.queue, standing.child_grade, standing.priority)
    return replace(
        standing,
        also=standing.also | {met.row.code for met in policy.services(situation)},
        tags=standing.tags | {met.row.code for met in policy.tags(situation)},
    )


NOTHING = gather(())
LIGHTEST = Parts(Queue.FAMILY, Priority.ROUTINE, None)


def by_queue_and_grade(policy: Policy, dangers: Dangers) -> tuple[Met[QueueRow], Met[GradeRow]]:
    return policy.queue(Situation(dangers)), policy.grade(Situation(dangers))


def grade_of(row: GradeRow) -> ChildGrade | None:
    return None if row.grade == "none" else row.grade


def rise(old: Standing | None, new: Standing) -> Standing:
    """The graver of both in every part; what people lowered in one of them holds no more. Of a reason that both have,
    the one with more points stays, else the older.
    """
    if old is None:
        return new
    told = old.told.graver(new.told)
    parts = old.parts.graver(new.parts).graver(told)
    raised = raised_in((old, new))
    return Standing(
        queue=parts.queue,
        also=old.also | new.also,
        priority=parts.priority,
        child_grade=parts.child_grade,
        tags=old.tags | new.tags,
        reasons=old.reasons if old.reasons == new.reasons else joined(old.reasons, new.reasons),
        policy_version=new.policy_version,
        rows=new.rows if old.rows == new.rows else None,
        said=None if parts == told and raised == Wanted() else Said(told, raised),
    )


def raised_in(standings: Iterable[Standing]) -> Wanted:
    """All that people raised these to."""
    return Wanted().and_also(*(s.said.raised for s in standings if s.said))
