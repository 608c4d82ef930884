"""What the world is told after a decision: to which queue, in which words. Pure; nothing personal passes here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pipeline.contracts.case import (
    DESK,
    SYSTEM,
    CaseEvent,
    CaseEventType,
    Erasure,
    Override,
    QueueRecord,
    RecordKind,
    Ruling,
    Transfer,
    TransferState,
)
from pipeline.contracts.ids import derived
from pipeline.contracts.topics import CASE_EVENTS, queue_topic
from pipeline.contracts.vocabulary import LinkClass, Outcome, Queue
from pipeline.domain.assess import Settlement
from pipeline.domain.casefile import CaseFile, CaseState
from pipeline.domain.overrides import Overridden
from pipeline.domain.privacy import age_band, public_event_id
from pipeline.domain.regroup import Absorbed, Change
from pipeline.domain.rulings import Ruled
from pipeline.domain.transfer import Handed

REASONS_MAX = 50
"""A record names the gravest reasons; a source may send any number of indicators that the policy does not know."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a record carries beside the decision: when it was recorded, and the number of the database's history."""

    recorded_at: datetime
    history: int


@dataclass(frozen=True, slots=True)
class Notice:
    """One message for one topic, keyed by case, so that a case's messages stay in order. `centre` is the one that a
    queue record is for.
    """

    message_id: UUID
    topic: str
    case_id: UUID
    case_version: int
    event_id: str
    kind: str
    body: bytes
    centre: str | None = None


class Home(NamedTuple):
    """Where a case waits: a queue of a centre."""

    queue: Queue
    centre: str


@dataclass(frozen=True, slots=True)
class _Cause:
    """Why cases changed: a report that came, a person's ruling or an override."""

    event_id: str
    source: str
    main: UUID | None
    outcome: Outcome | None = None
    link_class: LinkClass | None = None
    incident_id: UUID | None = None
    link_reasons: tuple[str, ...] = ()
    asked_for: tuple[UUID, ...] = ()
    ruling: Ruling | None = None
    override: Override | None = None
    transfer: Transfer | None = None
    erasure: Erasure | None = None
    released: str | None = None

    @property
    def is_of_people(self) -> bool:
        return any(word is not None for word in (self.ruling, self.override, self.transfer, self.erasure))

    def event_of(self, case: CaseFile) -> str:
        """What a record of this case names as its cause. An event's id may tell who sent it: other cases than the
        report's own get one of their own.
        """
        if self.is_of_people or case.case_id == self.main:
            return self.event_id
        return str(derived("regrouped", self.event_id, case.case_id.hex))


def notices(settled: Settlement, stamp: Stamp) -> tuple[Notice, ...]:
    """The messages of one settlement; none of a redelivery."""
    filed = settled.filed
    if filed is None:
        return ()
    cause = _Cause(
        event_id=public_event_id(settled.facts.event_id, settled.facts.event_key, source=settled.facts.source),
        source=settled.facts.source,
        main=filed.change.after.case_id,
        outcome=settled.decision.outcome,
        link_class=filed.link_class,
        incident_id=filed.incident.incident_id,
        link_reasons=filed.reasons,
        asked_for=tuple(ask.other_report_id for ask in filed.asks),
        released=settled.facts.released,
    )
    return _messages(cause, filed.changes, filed.absorbed, stamp)


def ruling_notices(ruled: Ruled, stamp: Stamp) -> tuple[Notice, ...]:
    """The messages of what a person decided of links."""
    cause = _Cause(str(ruled.ruling.ruling_id), DESK, None, ruling=ruled.ruling)
    return _messages(cause, ruled.changes, ruled.absorbed, stamp)


def override_notices(overridden: Overridden, stamp: Stamp) -> tuple[Notice, ...]:
    """The messages of a raise or a lowering."""
    told = overridden.override
    return _messages(_Cause(str(told.override_id), DESK, None, override=told), (overridden.change,), (), stamp)


def transfer_notices(handed: Handed, stamp: Stamp) -> tuple[Notice, ...]:
    """The messages of a proposed, an accepted or a refused transfer."""
    cause = _Cause(str(handed.transfer.transfer_id), DESK, None, transfer=handed.transfer)
    return _messages(cause, (handed.change,), (), stamp)


def erasure_notices(erasure: Erasure, case: CaseFile, stamp: Stamp) -> tuple[Notice, ...]:
    """The last messages of a case, whose consumers drop it. `case` is its state after, with no report opened."""
    cause = _Cause(str(erasure.erasure_id), DESK, None, erasure=erasure)
    gone = _record(RecordKind.WITHDRAWN, _home(case), cause, case, stamp)
    return (_event(CaseEventType.ERASED, cause, case, stamp), gone)


def _messages(
    cause: _Cause, changes: Sequence[Change], absorbed: Sequence[Absorbed], stamp: Stamp
) -> tuple[Notice, ...]:
    """In the order in which they must be read: what a centre loses before what one gets.

    Of each case concerned exactly one goes to `case.events.v1`: its history.
    """
    told: list[Notice] = []
    for gone in absorbed:
        case, into = gone.case.next, gone.into
        told.append(_event(CaseEventType.MERGED, cause, case, stamp, merged_into=into))
        told.append(_record(RecordKind.WITHDRAWN, _home(gone.case), cause, case, stamp, merged_into=into))
    for change in changes:
        left, here = change.before and _home(change.before), _home(change.after)
        took_in = tuple(gone.case.case_id for gone in absorbed if gone.into == change.after.case_id)
        told.append(_event(_type_of(cause, change), cause, change.after, stamp, absorbed=took_in))
        if left and left != here:
            told.append(_record(RecordKind.WITHDRAWN, left, cause, change.after, stamp))
        told.append(_record(_kind_of(change.after), here, cause, change.after, stamp))
    return tuple(told)


_TRANSFER_TYPES = {
    TransferState.PROPOSED: CaseEventType.TRANSFER_PROPOSED,
    TransferState.ACCEPTED: CaseEventType.TRANSFERRED,
    TransferState.REFUSED: CaseEventType.TRANSFER_REFUSED,
}


def _type_of(cause: _Cause, change: Change) -> CaseEventType:
    if cause.ruling:
        return CaseEventType.RULED
    if cause.override:
        return CaseEventType.OVERRIDDEN
    if cause.transfer:
        return _TRANSFER_TYPES[cause.transfer.state]
    return CaseEventType.ASSESSED if change.after.case_id == cause.main else CaseEventType.REGROUPED


def _kind_of(case: CaseFile) -> RecordKind:
    """What still comes for a closed case puts it on nobody's list again: its last centre finds a task."""
    return RecordKind.WITHDRAWN if case.state is CaseState.CLOSED else RecordKind.ASSIGNED


def _home(case: CaseFile) -> Home:
    standing, routing = case.judged
    return Home(standing.queue, routing.centre)


def _record(  # noqa: PLR0913 - what, where, why, of which case, when, and where it went
    kind: RecordKind, home: Home, cause: _Cause, case: CaseFile, stamp: Stamp, *, merged_into: UUID | None = None
) -> Notice:
    topic = queue_topic(home.queue)
    message_id = derived("message", topic, case.case_id.hex, str(case.version), kind, home.centre)
    standing, routing = case.judged
    assigned = routing.assigned
    record = QueueRecord(
        message_id=message_id,
        kind=kind,
        event_id=cause.event_of(case),
        case_id=case.case_id,
        case_version=case.version,
        household_id=case.household_id,
        linked_case_id=case.linked_case_id,
        merged_into=merged_into,
        queue=home.queue,
        centre=home.centre,
        county=routing.county,
        town=assigned.town if assigned else None,
        sub_dispatch=assigned.sub_dispatch if assigned else (),
        also_tell=assigned.also_tell if assigned else (),
        priority=standing.priority,
        child_grade=standing.child_grade,
        also=tuple(sorted(standing.also)),
        tags=tuple(sorted(standing.tags | routing.tags)),
        categories=case.categories,
        age_band=age_band(i.view.versions for i in case.incidents),
        score=standing.score,
        reasons=standing.reasons[:REASONS_MAX],
        reasons_left_out=max(0, len(standing.reasons) - REASONS_MAX),
        next_deadline=min(due for i in case.incidents for due in i.clocks.values()),
        clocks={i.incident_id: i.clocks for i in case.incidents},
        reports=len(case.reports),
        incidents=len(case.incidents),
        policy_version=standing.policy_version,
        history=stamp.history,
        recorded_at=stamp.recorded_at,
    )
    return _notice(topic, message_id, case, record, kind.value)


def _event(  # noqa: PLR0913 - as above
    type_: CaseEventType,
    cause: _Cause,
    case: CaseFile,
    stamp: Stamp,
    *,
    merged_into: UUID | None = None,
    absorbed: tuple[UUID, ...] = (),
) -> Notice:
    standing, routing = case.judged
    is_main = case.case_id == cause.main
    event = CaseEvent(
        type=type_,
        event_id=cause.event_of(case),
        case_id=case.case_id,
        case_version=case.version,
        outcome=cause.outcome if is_main else None,
        released=cause.released if is_main else None,
        link_class=cause.link_class if is_main else None,
        link_reasons=cause.link_reasons if is_main else (),
        incident_id=cause.incident_id if is_main else None,
        merged_into=merged_into,
        absorbed=absorbed,
        asked_for=cause.asked_for if is_main else (),
        reports=tuple(r.report_id for r in case.reports) if merged_into is None else (),
        ruling=cause.ruling,
        override=cause.override,
        transfer=cause.transfer,
        erasure=cause.erasure,
        queue=standing.queue,
        centre=routing.centre,
        county=routing.county,
        priority=standing.priority,
        child_grade=standing.child_grade,
        score=standing.score,
        source=cause.source if is_main or cause.is_of_people else SYSTEM,
        policy_version=standing.policy_version,
        history=stamp.history,
        recorded_at=stamp.recorded_at,
    )
    message_id = derived("message", CASE_EVENTS, case.case_id.hex, str(case.version))
    return _notice(CASE_EVENTS, message_id, case, event, type_)


def _notice(topic: str, message_id: UUID, case: CaseFile, body: QueueRecord | CaseEvent, kind: str) -> Notice:
    text = body.model_dump_json().encode()
    centre = body.centre if isinstance(body, QueueRecord) else None
    return Notice(message_id, topic, case.case_id, case.version, body.event_id, kind, text, centre)
