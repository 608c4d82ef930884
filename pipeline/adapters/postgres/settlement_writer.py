"""Writes what a batch became, all of it in the caller's transaction, and seals what is personal on the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import orjson

from pipeline.adapters.documents import to_bytes
from pipeline.adapters.postgres.database import Connection
from pipeline.adapters.postgres.docket_reader import ROUTING, SQL, STANDING
from pipeline.adapters.postgres.keys import KeyName, Keys
from pipeline.adapters.postgres.work import ORIGINAL, REPORT, UNREAD, Work, unread_id_of
from pipeline.adapters.vault import KeyRing, Slot, new_key, seal, unseal
from pipeline.contracts.case import UnreadNotice
from pipeline.contracts.ids import derived
from pipeline.contracts.topics import CASE_EVENTS
from pipeline.domain.assess import Settlement
from pipeline.domain.batch import Span, Unread
from pipeline.domain.casefile import CaseFile
from pipeline.domain.chain import BEGINNING, link_hash
from pipeline.domain.link import stored_keys
from pipeline.domain.notices import Notice, Stamp, notices
from pipeline.domain.privacy import public_event_id, without_reporter
from pipeline.errors import FencedError


@dataclass(slots=True)
class _Told:
    """Rows of the history and of the outbox, and the hash at which each case's history ends."""

    heads: dict[UUID, bytes]
    events: list[tuple[object, ...]] = field(default_factory=list)
    outbox: list[tuple[object, ...]] = field(default_factory=list)


class SettlementWriter:
    """One batch's writes. `now` and `history` go onto the outgoing records."""

    def __init__(self, connection: Connection, ring: KeyRing, keys: Keys, now: datetime, history: int) -> None:
        self._db = connection
        self._ring = ring
        self._keys = keys
        self._stamp = Stamp(now, history)

    async def write(self, work: Work) -> None:
        await self._move_cursors(work.batch.spans)
        await self._unread(work.batch.unread)
        if work.written:
            told = self._tell(work)
            await self._cases(work, told.heads)
            await self._reports(work)
            await self._moved(work)
            await self._many("add_case_event", told.events)
            await self._many("add_outbox", told.outbox)
        await self._inbox(work)
        await self._db.execute(SQL["wake_relay"])

    async def _many(self, name: str, rows: Sequence[tuple[object, ...]]) -> None:
        """One statement for all rows: each parameter is a column."""
        if rows:
            await self._db.execute(SQL[name], *(list(column) for column in zip(*rows, strict=True)))

    async def _move_cursors(self, spans: Sequence[Span]) -> None:
        for span in spans:
            topic, partition = span.stream
            if not await self._db.fetchval(SQL["move_cursor"], topic, partition, span.first, span.after, span.epoch):
                raise FencedError(
                    f"{topic}/{partition}: another worker holds it, or {span.first} is not its next offset"
                )
            await self._many("add_hole", [(topic, partition, h.first, h.after, "assess") for h in span.holes])
        await self._many("put_down", [(*s.stream, s.first) for s in spans])

    async def _unread(self, items: Sequence[Unread]) -> None:
        for item in items:
            unread_id = unread_id_of(self._ring, item.message)
            at, data_key = item.message.at, new_key()
            sealed = seal(data_key, item.message.wire, Slot("unread_report", "sealed", unread_id))
            wrapped = self._wrap(KeyName(unread_id, UNREAD), data_key, Slot("unread_report", "wrapped_key", unread_id))
            row = await self._db.fetchrow(SQL["add_unread"], unread_id, item.kind, item.code, *at, sealed, wrapped)
            notice = UnreadNotice(
                unread_id=unread_id,
                kind=item.kind,
                code=item.code,
                topic=at.topic,
                partition=at.partition,
                offset=at.offset,
                due_at=row["due_at"],
                history=self._stamp.history,
            )
            body = notice.model_dump_json().encode()
            message_id = derived("message", CASE_EVENTS, unread_id.hex, row["due_at"].isoformat())
            await self._many("add_outbox", [(message_id, CASE_EVENTS, None, None, None, unread_id.hex.encode(), body)])
            await self._db.execute(SQL["raise_alarm"], "unread_report", str(unread_id), "assess")

    async def _cases(self, work: Work, heads: Mapping[UUID, bytes]) -> None:
        await self._many("put_case", [_case_row(case, heads[case.case_id]) for case in work.cases.values()])
        for _, settlement in work.written:
            for gone in settlement.absorbed:
                home = settlement.after.case_id if settlement.after else gone.case_id
                await self._db.execute(SQL["move_aliases"], gone.case_id, home)
                await self._db.execute(SQL["add_alias"], gone.case_id, home)

    def _tell(self, work: Work) -> _Told:
        """Every message of the batch, and each case's history with its chain carried on."""
        told = _Told(heads=dict(work.loaded.heads))
        for notice in (n for _, s in work.written for n in notices(s, self._stamp)):
            told.outbox.append(_outbox_row(notice))
            if notice.topic == CASE_EVENTS:
                prior = told.heads.get(notice.case_id, BEGINNING)
                head = link_hash(prior, notice.case_id, notice.case_version, notice.body)
                told.heads[notice.case_id] = head
                told.events.append((notice.case_id, notice.case_version, notice.kind, notice.body, prior, head))
        return told

    async def _reports(self, work: Work) -> None:
        loaded = work.loaded
        filed = [(i, c.case_id) for c in work.live_cases for i in c.incidents]
        await self._many(
            "put_incident",
            [(i.incident_id, case_id) for i, case_id in filed if loaded.case_of_incident.get(i.incident_id) != case_id],
        )
        await self._many("put_incident", work.joined_away())
        sources = [(r, i.incident_id) for i, _ in filed for r in i.reports]
        await self._many(
            "put_report",
            [
                (r.report_id, incident_id, r.newest.source)
                for r, incident_id in sorted(sources, key=lambda s: s[0].arrival_no)
                if loaded.incident_of.get(r.report_id) != incident_id
            ],
        )
        here = {i.incident_id for i, _ in filed}
        gone = [i for i in loaded.case_of_incident if i not in here and loaded.case_of_incident[i] in work.cases]
        if gone:
            await self._db.execute(SQL["stop_clocks"], gone)
        told = {s.decision.incident_id for _, s in work.written}
        clocks = [
            (i.incident_id, name, due) for i, _ in filed if i.incident_id in told for name, due in i.clocks.items()
        ]
        await self._many("put_clock", clocks)
        await self._versions(work)

    async def _versions(self, work: Work) -> None:
        homes, borne = work.case_of_report(), work.keys_borne()
        versions, originals, tokens, decisions, reviews = [], [], [], [], []
        for item, s in work.written:
            facts, case_id = s.facts, homes[s.report_id]
            data_key, original_key = new_key(), new_key()
            key = facts.event_key
            plain = facts.content_key + to_bytes(without_reporter(item.reading.document))
            event_id = public_event_id(facts.event_id, key, source=facts.source)
            versions.append(
                (
                    key,
                    event_id,
                    s.report_id,
                    facts.source,
                    item.message.arrived_at,
                    _json_list(facts.faults),
                    seal(data_key, plain, Slot("report_version", "sealed", key)),
                    self._wrap(KeyName(case_id, REPORT), data_key, Slot("report_version", "wrapped_key", key)),
                )
            )
            originals.append(
                (
                    key,
                    seal(original_key, to_bytes(item.reading.document), Slot("report_original", "sealed", key)),
                    self._wrap(KeyName(case_id, ORIGINAL), original_key, Slot("report_original", "wrapped_key", key)),
                )
            )
            new_keys = stored_keys(facts) - borne[s.report_id]
            borne[s.report_id] |= new_keys
            tokens += [(self._ring.token(k), s.report_id, facts.source) for k in sorted(new_keys)]
            decisions.append(
                _decision_row(s, event_id, seal(data_key, _inputs(s), Slot("decision", "sealed_inputs", key)))
            )
            reviews += [(a.report_id, a.other_report_id, _json_list(a.reasons)) for a in s.asks]
        await self._many("add_version", versions)
        await self._many("add_original", originals)
        await self._many("add_link_key", tokens)
        await self._many("add_decision", decisions)
        await self._many("add_review", reviews)

    def _wrap(self, owner: KeyName, data_key: bytes, slot: Slot) -> bytes:
        return seal(self._keys[owner], data_key, slot)

    async def _moved(self, work: Work) -> None:
        """Wraps the keys of reports that changed their case under the key of the case they are in now."""
        moved = dict(work.moved())
        if not moved:
            return
        for row in await self._db.fetch(SQL["wrapped_keys"], list(moved)):
            key = row["event_key"]
            old, new = work.loaded.wrapped[key].case_id, moved[key]
            for column, purpose, table, statement in (
                ("wrapped_key", REPORT, "report_version", "wrap_anew"),
                ("original_wrapped_key", ORIGINAL, "report_original", "wrap_original_anew"),
            ):
                slot = Slot(table, "wrapped_key", key)
                data_key = unseal(self._keys[KeyName(old, purpose)], row[column], slot)
                await self._db.execute(SQL[statement], key, self._wrap(KeyName(new, purpose), data_key, slot))

    async def _inbox(self, work: Work) -> None:
        accepted = [(i.message, s.decision.outcome, s.facts.event_key, None, i.receipt_key) for i, s in work.settled]
        unread = [
            (i.message, i.kind, None, unread_id_of(self._ring, i.message), i.message.receipt_key)
            for i in work.batch.unread
        ]
        await self._many(
            "add_inbox",
            [
                (*m.at, self._ring.digest(m.wire), outcome, event_key, unread_id, m.arrived_at, receipt_key)
                for m, outcome, event_key, unread_id, receipt_key in (*accepted, *unread)
            ],
        )


def _json_list(words: Sequence[str]) -> str:
    """As text: the driver would take a list of lists for an array of two dimensions."""
    return orjson.dumps(words).decode()


def _case_row(case: CaseFile, head: bytes) -> tuple[object, ...]:
    standing, routing = case.judged
    return (
        case.case_id,
        case.household_id,
        case.version,
        case.state,
        case.linked_case_id,
        standing.queue,
        standing.priority,
        routing.county,
        routing.centre,
        STANDING.dump_python(standing, mode="json"),
        ROUTING.dump_python(routing, mode="json"),
        head,
    )


def _outbox_row(notice: Notice) -> tuple[object, ...]:
    return (
        notice.message_id,
        notice.topic,
        notice.case_id,
        notice.case_version,
        notice.event_id,
        notice.case_id.bytes.hex().encode(),
        notice.body,
    )


def _decision_row(s: Settlement, event_id: str, sealed_inputs: bytes) -> tuple[object, ...]:
    decision = s.decision.model_copy(update={"event_id": event_id})
    return (
        s.facts.event_key,
        decision.case_id,
        decision.incident_id,
        decision.outcome,
        decision.link_class,
        _json_list(s.link_reasons),
        decision.policy_version,
        decision.model_dump(mode="json"),
        sealed_inputs,
    )


def _inputs(s: Settlement) -> bytes:
    """What the decision read beside the event itself: the reports it was compared with and where the case stood
    before.
    """
    before = STANDING.dump_python(s.before.standing, mode="json") if s.before and s.before.standing else None
    return orjson.dumps(
        {
            "looked_at": [str(report_id) for report_id in s.looked_at],
            "case_version_before": s.before.version if s.before else 0,
            "standing_before": before,
        }
    )
