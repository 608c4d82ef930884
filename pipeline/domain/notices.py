"""What the world is told after a decision: to which queue, in which words. Pure; nothing personal passes here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from pipeline.contracts.case import CaseEvent, QueueRecord, RecordKind
from pipeline.contracts.decision import POLICY_VERSION
from pipeline.contracts.ids import derived
from pipeline.contracts.topics import CASE_EVENTS, queue_topic
from pipeline.contracts.vocabulary import Queue
from pipeline.domain.assess import Settlement
from pipeline.domain.casefile import CaseFile
from pipeline.domain.privacy import age_band, public_event_id

REASONS_MAX = 50
"""A record names the gravest reasons; a source may send any number of indicators that the policy does not know."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a record carries beside the decision: when it was recorded, and the number of the database's history."""

    recorded_at: datetime
    history: int


@dataclass(frozen=True, slots=True)
class Notice:
    """One message for one topic, keyed by case, so that a case's messages stay in order."""

    message_id: UUID
    topic: str
    case_id: UUID
    case_version: int
    event_id: str
    kind: str
    body: bytes


class Home(NamedTuple):
    """Where a case waits: a queue of a centre."""

    queue: Queue
    centre: str


def notices(settled: Settlement, stamp: Stamp) -> tuple[Notice, ...]:
    """The messages of one settlement in the order in which they must be read: what a centre loses before what one gets.

    Of each case concerned exactly one goes to `case.events.v1`: its history.
    """
    case = settled.after
    if case is None:
        return ()
    told: list[Notice] = []
    for gone in settled.absorbed:
        told += [
            _event("case.merged.v1", settled, gone.next, stamp),
            _record(RecordKind.WITHDRAWN, _home(gone), settled, gone.next, stamp),
        ]
    left, here = settled.before and _home(settled.before), _home(case)
    told.append(_event("case.assessed.v1", settled, case, stamp))
    if left and left != here:
        told.append(_record(RecordKind.WITHDRAWN, left, settled, case, stamp))
    told.append(_record(RecordKind.ASSIGNED, here, settled, case, stamp))
    return tuple(told)


def _home(case: CaseFile) -> Home:
    standing, routing = case.judged
    return Home(standing.queue, routing.centre)


def _record(kind: RecordKind, home: Home, settled: Settlement, case: CaseFile, stamp: Stamp) -> Notice:
    topic = queue_topic(home.queue)
    message_id = derived("message", topic, case.case_id.hex, str(case.version), kind, home.centre)
    standing, routing = case.judged
    facts = [f for i in case.incidents for r in i.reports for f in r.versions]
    record = QueueRecord(
        message_id=message_id,
        kind=kind,
        event_id=_event_id(settled),
        case_id=case.case_id,
        case_version=case.version,
        household_id=case.household_id,
        linked_case_id=case.linked_case_id,
        merged_into=_merged_into(settled, case),
        queue=home.queue,
        centre=home.centre,
        county=routing.county,
        town=_town(case),
        priority=standing.priority,
        child_grade=standing.child_grade,
        also=tuple(sorted(standing.also)),
        tags=tuple(sorted(standing.tags | routing.tags)),
        categories=tuple(sorted({c for f in facts for c in f.categories})),
        age_band=age_band(i.view.versions for i in case.incidents),
        score=standing.score,
        reasons=standing.reasons[:REASONS_MAX],
        reasons_left_out=max(0, len(standing.reasons) - REASONS_MAX),
        next_deadline=min(due for i in case.incidents for due in i.clocks.values()),
        clocks={i.incident_id: i.clocks for i in case.incidents},
        reports=len(case.reports),
        incidents=len(case.incidents),
        policy_version=POLICY_VERSION,
        history=stamp.history,
        recorded_at=stamp.recorded_at,
    )
    return _notice(topic, message_id, case, record, kind.value)


def _event(
    type_: Literal["case.assessed.v1", "case.merged.v1"], settled: Settlement, case: CaseFile, stamp: Stamp
) -> Notice:
    standing, routing = case.judged
    decision = settled.decision
    assert decision.link_class is not None  # noqa: S101 - only what was accepted is told of
    assert decision.incident_id is not None  # noqa: S101
    event = CaseEvent(
        type=type_,
        event_id=_event_id(settled),
        case_id=case.case_id,
        case_version=case.version,
        outcome=decision.outcome,
        link_class=decision.link_class,
        link_reasons=settled.link_reasons,
        incident_id=decision.incident_id,
        merged_into=_merged_into(settled, case),
        absorbed=tuple(c.case_id for c in settled.absorbed) if case is settled.after else (),
        asked_for=tuple(a.other_report_id for a in settled.asks),
        queue=standing.queue,
        centre=routing.centre,
        county=routing.county,
        priority=standing.priority,
        child_grade=standing.child_grade,
        score=standing.score,
        source=settled.facts.source,
        policy_version=POLICY_VERSION,
        history=stamp.history,
        recorded_at=stamp.recorded_at,
    )
    message_id = derived("message", CASE_EVENTS, case.case_id.hex, str(case.version))
    return _notice(CASE_EVENTS, message_id, case, event, type_)


def _notice(topic: str, message_id: UUID, case: CaseFile, body: QueueRecord | CaseEvent, kind: str) -> Notice:
    text = body.model_dump_json().encode()
    return Notice(message_id, topic, case.case_id, case.version, body.event_id, kind, text)


def _event_id(settled: Settlement) -> str:
    return public_event_id(settled.facts.event_id, settled.facts.event_key, source=settled.facts.source)


def _merged_into(settled: Settlement, case: CaseFile) -> UUID | None:
    assert settled.after is not None  # noqa: S101 - a redelivery tells nothing
    return None if case.case_id == settled.after.case_id else settled.after.case_id


def _town(case: CaseFile) -> str | None:
    """The town, of the case's county, that a report names first: the victim's, else the place of the happening."""
    _, routing = case.judged
    newest = [r.newest for r in case.reports]
    homes = (p for f in newest for v in f.victims for p in (v.current_place, v.address, v.registered_address))
    found = (*homes, *(f.occurred_place for f in newest))
    return next((p.town for p in found if p and p.town and p.county == routing.county), None)
