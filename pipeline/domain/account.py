"""Why a case stands where it stands: which rows of the policy decided, by what is told, and what would change it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from pipeline.contracts.decision import ChildGrade, Reason
from pipeline.contracts.vocabulary import Priority, Queue
from pipeline.domain.ages import Ages
from pipeline.domain.casefile import CaseFile
from pipeline.domain.clocks import in_order, rows_of
from pipeline.domain.dangers import Dangers, IncidentView, gather
from pipeline.domain.facts import Form
from pipeline.domain.link_words import Words
from pipeline.domain.parts import QUEUE_RANK
from pipeline.domain.policy.conditions import PRIORITY_RANK, Situation
from pipeline.domain.policy.own_words import COUNTY_ASSUMED, COUNTY_UNKNOWN
from pipeline.domain.policy.policy import Policy
from pipeline.domain.route import county_row
from pipeline.domain.score import by_queue_and_grade, grade_of, judgement

_ASSESSED = ("crisis_flags", "instruments.")
"""Fields in which somebody judges; all others say what was seen."""


@dataclass(frozen=True, slots=True)
class Because:
    """A row of the policy that decided something, and the fields of the reports that met it."""

    what: str
    to: str
    row: str
    words: Words
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Running:
    """A clock of one incident. `law` is where its time comes from."""

    incident_id: UUID
    clock: str
    words: Words
    due: datetime
    law: str


@dataclass(frozen=True, slots=True)
class Stand:
    """Where the policy alone would put a case."""

    queue: Queue
    priority: Priority
    child_grade: ChildGrade | None


@dataclass(frozen=True, slots=True)
class Sinking:
    """What would have to be taken back for the case to stand lower, and where it would stand then: one thing alone, a
    category, flag, indicator, answer, condition of a person, or a victim's age.
    """

    told: Words
    field: str
    to: Stand


@dataclass(frozen=True, slots=True)
class Account:
    """`by_now` is where the policy puts what is told now; a case that stands higher was raised before, by an earlier
    policy, by a report that stands elsewhere now, or by a person. `observed` and `assessed` are
    its reasons, apart.
    """

    case: CaseFile
    policy_version: str
    by_now: Stand
    because: tuple[Because, ...]
    observed: tuple[Reason, ...]
    assessed: tuple[Reason, ...]
    clocks: tuple[Running, ...]
    rising: tuple[Because, ...]
    sinking: tuple[Sinking, ...]


def account_of(case: CaseFile, policy: Policy) -> Account:
    """Explains a judged case by this policy. ValueError for one that was not decided yet."""
    standing, _ = case.judged
    views = tuple(i.view for i in case.incidents)
    dangers = gather(views, policy.stand_in)
    now = _stand(policy, dangers)
    assessed = tuple(r for r in standing.reasons if r.field.startswith(_ASSESSED))
    return Account(
        case=case,
        policy_version=policy.version,
        by_now=now,
        because=tuple(_because(policy, views, case)),
        observed=tuple(r for r in standing.reasons if r not in assessed),
        assessed=assessed,
        clocks=tuple(_clocks(policy, case)),
        rising=tuple(_rising(policy, standing.priority)),
        sinking=tuple(_sinking(policy, dangers, now)),
    )


def _because(policy: Policy, views: Sequence[IncidentView], case: CaseFile) -> Iterator[Because]:
    found = judgement(policy, views)
    queue, grade, priority = found.queue, found.child_grade, found.priority
    yield Because("queue", queue.row.queue, queue.row.name, _words(queue.row), queue.paths)
    yield Because("priority", priority.row.priority, priority.row.name, _words(priority.row), priority.paths)
    yield Because("child_grade", str(grade.row.grade), grade.row.name, _words(grade.row), grade.paths)
    for service in found.services:
        yield Because("also", service.row.code, service.row.code, _words(service.row), service.paths)
    for tag in found.tags:
        yield Because("tag", tag.row.code, tag.row.code, _words(tag.row), tag.paths)
    yield _county(policy, views, case)


_ACCEPTED = Words("移轉後由受理縣市負責", "accepted in a transfer")
_OF_THE_SOURCE = Words("通報來源所在縣市：地址無法判讀", "the county of the source: no place names one for certain")
_NOBODY_KNOWS = Words("沒有地址或來源可判定", "neither a place nor the source names one")


def _county(policy: Policy, views: Sequence[IncidentView], case: CaseFile) -> Because:
    standing, routing = case.judged
    if routing.pin:
        return Because("county", routing.county or "", "transferred", _ACCEPTED, ())
    if COUNTY_UNKNOWN in routing.tags:
        return Because("county", "", COUNTY_UNKNOWN, _NOBODY_KNOWS, ())
    if COUNTY_ASSUMED in routing.tags:
        return Because("county", routing.county or "", COUNTY_ASSUMED, _OF_THE_SOURCE, ())
    met = county_row(policy, views, standing)
    return Because("county", routing.county or "", met.row.name, _words(met.row), met.row.places)


def _words(row: object) -> Words:
    return Words(str(getattr(row, "zh", "")), str(getattr(row, "en", "")))


def _clocks(policy: Policy, case: CaseFile) -> Iterator[Running]:
    for incident in case.incidents:
        rows = rows_of(policy, incident.view)
        for clock, due in in_order(policy, incident.clocks).items():
            row = rows.get(clock)
            words = _words(row) if row else Words(clock, clock)
            yield Running(incident.incident_id, clock, words, due, row.law if row else "")


def _rising(policy: Policy, priority: Priority) -> Iterator[Because]:
    """The rows that would lift the case to a graver priority."""
    for row in policy.tables.priority:
        if PRIORITY_RANK[row.priority] > PRIORITY_RANK[priority]:
            yield Because("priority", row.priority, row.name, _words(row), ())


def _sinking(policy: Policy, dangers: Dangers, now: Stand) -> Iterator[Sinking]:
    """What by itself keeps the case where the policy puts it."""
    for words, field, others in _each_left_out(policy, dangers):
        then = _stand(policy, others)
        if _rank(then) < _rank(now):
            yield Sinking(words, field, then)


def _stand(policy: Policy, dangers: Dangers) -> Stand:
    queue, grade = by_queue_and_grade(policy, dangers)
    situation = Situation(dangers, queue.row.queue, grade_of(grade.row))
    return Stand(queue.row.queue, policy.priority(situation).row.priority, grade_of(grade.row))


def _rank(stand: Stand) -> tuple[int, int, int]:
    return PRIORITY_RANK[stand.priority], QUEUE_RANK[stand.queue], -(stand.child_grade or 3)


_AGE = Words("最年幼被害人的年齡", "the age of the youngest victim")


def _each_left_out(policy: Policy, d: Dangers) -> Iterator[tuple[Words, str, Dangers]]:
    for word, path in d.categories.items():
        yield _label(policy, word), path, replace(d, categories=_without(d.categories, word))
    for word, path in d.crisis_flags.items():
        yield _label(policy, word), path, replace(d, crisis_flags=_without(d.crisis_flags, word))
    for word, path in d.indicators.items():
        yield _label(policy, word), path, replace(d, indicators=_without(d.indicators, word))
    for instrument, forms in d.forms.items():
        for field in dict.fromkeys(a.field for form in forms for a in form.answers):
            less = {**d.forms, instrument: tuple(_unanswered(form, field) for form in forms)}
            yield _item_label(policy, instrument, field), f"instruments.{instrument}.{field}", replace(d, forms=less)
    for (role, condition), path in d.conditions.items():
        conditions = {k: p for k, p in d.conditions.items() if k != (role, condition)}
        yield _label(policy, condition), path, replace(d, conditions=conditions)
    for place, ages in enumerate(d.ages):
        told_by = ages.youngest.path if ages.youngest else ages.stand_in
        if told_by:
            others = (*d.ages[:place], Ages(), *d.ages[place + 1 :])
            yield _AGE, told_by, replace(d, ages=others)


def _without(told: Mapping[str, str], word: str) -> Mapping[str, str]:
    return {w: path for w, path in told.items() if w != word}


def _unanswered(form: Form, field: str) -> Form:
    return Form(form.instrument, tuple(a for a in form.answers if a.field != field))


def _label(policy: Policy, code: str) -> Words:
    return Words(*policy.labels.get(code, (code, code)))


def _item_label(policy: Policy, instrument: str, field: str) -> Words:
    items = (i for one in policy.tables.instrument if one.code == instrument for i in one.item)
    return next((_words(item) for item in items if item.field == field), Words(field, field))
