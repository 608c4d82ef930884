"""Writes what a batch became, all of it in the caller's transaction, and seals what is personal on the way."""

from collections.abc import Sequence
from datetime import datetime

import orjson

from pipeline.adapters.documents import to_bytes
from pipeline.adapters.postgres.case_writer import CaseWriter, write_many
from pipeline.adapters.postgres.database import Connection
from pipeline.adapters.postgres.docket_reader import SQL, story_slot
from pipeline.adapters.postgres.keys import KeyName, Keys
from pipeline.adapters.postgres.work import ORIGINAL, REPORT, UNREAD, Work
from pipeline.adapters.vault import KeyPurpose, KeyRing, KeySet, Slot, new_key, seal
from pipeline.contracts.case import UnreadNotice
from pipeline.contracts.ids import derived
from pipeline.contracts.topics import CASE_EVENTS
from pipeline.domain.assess import Settlement
from pipeline.domain.batch import Span
from pipeline.domain.filing import Filed
from pipeline.domain.link import stored_keys
from pipeline.domain.notices import Stamp, notices
from pipeline.domain.privacy import parted, public_event_id, without_reporter
from pipeline.domain.receipt import packed
from pipeline.domain.weights import weights
from pipeline.errors import FencedError


class SettlementWriter:
    """One batch's writes. `now` and `history` go onto the outgoing records."""

    def __init__(self, connection: Connection, ring: KeyRing, keys: Keys, now: datetime, history: int) -> None:
        self._db = connection
        self._ring = ring
        self._keys = keys
        self._stamp = Stamp(now, history)

    async def write(self, work: Work) -> None:
        await self._move_cursors(work.batch.spans)
        await self._unread(work)
        if work.written:
            told = [notice for _, s, _ in work.written for notice in notices(s, self._stamp)]
            await CaseWriter(self._db, self._keys).write(work.moves, told)
            await self._many("put_incident", work.joined_away())
            await self._versions(work)
            await self._edges(work)
        await self._inbox(work)
        await self._releases(work)
        await self._db.execute(SQL["wake_relay"])

    async def _many(self, name: str, rows: Sequence[tuple[object, ...]]) -> None:
        await write_many(self._db, name, rows)

    async def _move_cursors(self, spans: Sequence[Span]) -> None:
        for span in spans:
            topic, partition = span.stream
            if not await self._db.fetchval(SQL["move_cursor"], topic, partition, span.first, span.after, span.epoch):
                raise FencedError(
                    f"{topic}/{partition}: another worker holds it, or {span.first} is not its next offset"
                )
            await self._many("add_hole", [(topic, partition, h.first, h.after, "assess") for h in span.holes])
        await self._many("put_down", [(*s.stream, s.first) for s in spans])

    async def _unread(self, work: Work) -> None:
        for item in work.batch.unread:
            unread_id = work.unread_id(self._ring, item.message)
            at, data_key = item.message.at, self._new_key()
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
            await self._many(
                "add_outbox", [(message_id, CASE_EVENTS, None, None, None, unread_id.hex.encode(), body, None)]
            )
            await self._db.execute(SQL["raise_alarm"], "unread_report", str(unread_id), "assess")

    async def _versions(self, work: Work) -> None:
        homes, borne = work.moves.case_of_report(), work.keys_borne()
        versions, originals, tokens, decisions, reviews = [], [], [], [], []
        for item, s, filed in work.written:
            facts, case_id = s.facts, homes[s.report_id]
            data_key, original_key = self._new_key(), self._new_key()
            key = facts.event_key
            document, story = parted(without_reporter(item.reading.document))
            event_id = public_event_id(facts.event_id, key, source=facts.source)
            versions.append(
                (
                    key,
                    event_id,
                    s.report_id,
                    facts.source,
                    item.message.arrived_at,
                    _json_list(facts.faults),
                    seal(data_key, facts.content_key + to_bytes(document), Slot("report_version", "sealed", key)),
                    None if story is None else seal(data_key, to_bytes(story), story_slot(key)),
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
            index = self._ring.current(KeyPurpose.INDEX)
            tokens += [(self._ring.token(k), s.report_id, facts.source, index) for k in sorted(new_keys)]
            decisions.append(
                _decision_row(
                    s,
                    filed,
                    event_id,
                    seal(data_key, packed(work.receipts[key]), Slot("decision", "sealed_inputs", key)),
                )
            )
            reviews += [(a.report_id, a.other_report_id, _json_list(a.reasons)) for a in filed.asks]
        await self._many("add_version", versions)
        await self._many("add_original", originals)
        await self._many("add_link_key", tokens)
        await self._many("add_decision", decisions)
        await self._many("add_review", reviews)

    def _new_key(self) -> KeySet:
        return KeySet.of(new_key(), self._ring.current(KeyPurpose.DATA))

    def _wrap(self, owner: KeyName, data_key: KeySet, slot: Slot) -> bytes:
        return seal(self._keys[owner], data_key.newest, slot)

    async def _edges(self, work: Work) -> None:
        kept, gone = [], []
        for two, evidence in work.edges().items():
            if evidence.household < weights().unseen:
                gone.append(two)
                continue
            reasons = _json_list([list(reason) for reason in evidence.reasons])
            kept.append((*two, evidence.household, evidence.incident, reasons, weights().version))
        await self._many("drop_edge", gone)
        await self._many("put_edge", kept)

    async def _releases(self, work: Work) -> None:
        for item, settlement in work.settled:
            if item.release:
                await self._db.execute(SQL["settle_release"], item.release.unread_id, settlement.facts.event_key)

    async def _inbox(self, work: Work) -> None:
        accepted = [(i.message, s.decision.outcome, s.facts.event_key, None, i.receipt_key) for i, s in work.settled]
        unread = [
            (i.message, i.kind, None, work.unread_id(self._ring, i.message), i.message.receipt_key)
            for i in work.batch.unread
        ]
        await self._many(
            "add_inbox",
            [
                (*m.at, self._ring.digest(m.wire), outcome, event_key, unread_id, m.arrived_at, receipt_key)
                for m, outcome, event_key, unread_id, receipt_key in (*accepted, *unread)
            ],
        )


def _json_list(words: Sequence[object]) -> str:
    """As text: the driver would take a list of lists for an array of two dimensions."""
    return orjson.dumps(words).decode()


def _decision_row(s: Settlement, filed: Filed, event_id: str, sealed_inputs: bytes) -> tuple[object, ...]:
    decision = s.decision.model_copy(update={"event_id": event_id})
    rows = filed.change.after.judged[0].rows
    return (
        s.facts.event_key,
        decision.case_id,
        decision.incident_id,
        decision.outcome,
        decision.link_class,
        _json_list(filed.reasons),
        decision.policy_version,
        decision.model_dump(mode="json"),
        sealed_inputs,
        *((rows.queue, rows.priority, rows.child_grade) if rows else (None, None, None)),
    )
