"""Erases cases: proposed by one, approved by another, then step by step, each of which may be done again.

The case is closed to everyone first, under the lock for linking: a worker that kept its key in memory would otherwise
seal a new report under a key that is destroyed. Then its keys go, then its tokens, and a line goes onto the list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from pipeline.adapters.erasure_list import ErasureList
from pipeline.adapters.postgres.access_log import AccessLog
from pipeline.adapters.postgres.case_writer import told_by, write_told
from pipeline.adapters.postgres.database import Connection, Pool, with_retries
from pipeline.adapters.postgres.docket_reader import ROUTING, STANDING
from pipeline.adapters.postgres.docket_reader import SQL as ASSESS
from pipeline.adapters.postgres.erased_keys import ErasedKeys
from pipeline.adapters.postgres.rulings import named_by
from pipeline.adapters.postgres.sql import Queries
from pipeline.contracts.case import ErasureReason
from pipeline.domain.access import AccessKind, Body
from pipeline.domain.casefile import CaseFile, CaseState, Incident, Report
from pipeline.domain.erasure import (
    RECORD,
    ErasureRecord,
    ErasureRefusal,
    ErasureState,
    Event,
    Proposed,
    Standing,
    refused,
    require_answerable,
    require_erasable,
    require_proposable,
)
from pipeline.domain.notices import Stamp, erasure_notices
from pipeline.domain.regroup import case_begun_by
from pipeline.errors import UnavailableError

SQL = Queries.of("erasures")
TRIES_MAX = 5
STREAM = "operate"
"""Of the audit of access."""

Row = Mapping[str, Any]


class Wish(NamedTuple):
    """A proposal. Said again with the same id it counts once."""

    erasure_id: UUID
    reason: ErasureReason
    by: str


class Open(NamedTuple):
    """An erasure that waits for its answer, or that is under way."""

    erasure_id: UUID
    case_id: UUID
    reason: str
    state: ErasureState
    proposed_by: str
    proposed_at: datetime
    queue: str | None
    centre: str | None


@dataclass(frozen=True, slots=True)
class Erasures:
    """Every call tries again while a database is away, then raises UnavailableError; said again it counts once."""

    pool: Pool
    keys: ErasedKeys
    listed: ErasureList

    async def propose(self, name: str, wish: Wish) -> UUID | None:
        """The case; None where it was proposed before. Raises RulingRefusedError."""
        case_id = await self.case_of(name)
        return case_id if await with_retries(lambda: self._propose(case_id, wish)) else None

    async def refuse(self, erasure_id: UUID, by: str) -> bool:
        """False where it was refused by this person before. Raises RulingRefusedError."""
        return await with_retries(lambda: self._refuse(erasure_id, by))

    async def approve(self, erasure_id: UUID, by: str) -> ErasureRecord:
        """Nothing personal of the case opens any more when this returns. Raises RulingRefusedError or
        ErasureListRefusedError, and then nothing was done.
        """
        self.listed.require_writable()
        found = await with_retries(lambda: self.pool.fetchrow(SQL["find"], erasure_id))
        if require_answerable(_proposed(found), by, approves=True):
            record = await self._begun(erasure_id, by, found["case_id"])
        else:
            record = RECORD.validate_python(found["record"])
        await self.finish(record)
        return record

    async def _begun(self, erasure_id: UUID, by: str, case_id: UUID) -> ErasureRecord:
        """Begun anew where a report came in between."""
        for _ in range(TRIES_MAX):
            events = await self._events(await self._reports(case_id))
            if record := await with_retries(partial(self._begin, erasure_id, by, events)):
                return record
        raise UnavailableError("reports of this case keep coming in: try again")

    async def resume(self) -> Sequence[ErasureRecord]:
        """Does what was begun and broken off."""
        self.listed.require_writable()
        rows = await with_retries(lambda: self.pool.fetch(SQL["begun"]))
        found = [RECORD.validate_python(row["record"]) for row in rows]
        for record in found:
            await self.finish(record)
        return found

    async def finish(self, record: ErasureRecord) -> None:
        """All that follows once the case is closed to everyone."""
        await self.keys.destroy(record)
        await with_retries(lambda: self.pool.execute(SQL["keys_gone"], record.erasure_id))
        self.listed.add(record)
        await with_retries(lambda: self.pool.execute(SQL["listed"], record.erasure_id))
        await with_retries(lambda: self._done(record))

    async def bring_in(self, record: ErasureRecord) -> None:
        """Does an erasure again in databases that were restored from before it."""
        await with_retries(lambda: self._bring_in(record))
        await self.finish(record)

    async def open_ones(self, erasures_max: int) -> list[Open]:
        """Those that wait for an answer or are under way, the oldest first."""
        rows = await with_retries(lambda: self.pool.fetch(SQL["open_ones"], erasures_max))
        return [Open(*(row[name] for name in Open._fields)) for row in rows]

    async def elsewhere(self, record: ErasureRecord) -> list[tuple[UUID, UUID]]:
        """(report, case) of its reports that stand, in a restored database, in a case that is not erased."""
        rows = await with_retries(lambda: self.pool.fetch(SQL["elsewhere"], list(record.reports)))
        return [(row["report_id"], row["case_id"]) for row in rows]

    async def past_homes(self, record: ErasureRecord) -> list[UUID]:
        """The cases where some of its reports lay before, whose keys stay: older backups still open those reports by
        them.
        """
        rows = await with_retries(lambda: self.pool.fetch(SQL["past_homes"], list(record.reports), list(record.owners)))
        return [row["case_id"] for row in rows]

    async def records(self) -> Mapping[UUID, ErasureRecord]:
        """Those that the data database has begun or done, by id."""
        rows = await with_retries(lambda: self.pool.fetch(SQL["known"]))
        return {row["erasure_id"]: RECORD.validate_python(row["record"]) for row in rows}

    async def case_of(self, name: str) -> UUID:
        """Of a name that stands for a case that went up in another, nothing: another is meant than was named."""
        named = await named_by(self.pool, name)
        rows = await with_retries(lambda: self.pool.fetch(ASSESS["cases_of"], list(named.reports[:1])))
        case_id: UUID = rows[0]["case_id"]
        if named.what == "case" and UUID(name) != case_id:
            raise refused(ErasureRefusal.CASE_MERGED)
        return case_id

    async def _propose(self, case_id: UUID, wish: Wish) -> bool:
        async with self.pool.acquire() as db, db.transaction():
            await db.execute(ASSESS["lock_linking"])
            if await db.fetchval(SQL["is_known"], wish.erasure_id):
                return False
            require_proposable(await _standing(db, case_id), wish.reason, wish.by)
            await db.execute(SQL["propose"], wish.erasure_id, case_id, wish.reason, wish.by)
            body: Body = {"erasure_id": wish.erasure_id, "case_id": case_id, "reason": wish.reason}
            await AccessLog.append(db, STREAM, AccessKind.ERASURE_PROPOSED, wish.by, body)
        return True

    async def _refuse(self, erasure_id: UUID, by: str) -> bool:
        async with self.pool.acquire() as db, db.transaction():
            found = await db.fetchrow(SQL["lock"], erasure_id)
            if not require_answerable(_proposed(found), by, approves=False):
                return False
            await db.execute(SQL["refuse"], erasure_id, by)
            body: Body = {"erasure_id": erasure_id, "case_id": found["case_id"]}
            await AccessLog.append(db, STREAM, AccessKind.ERASURE_REFUSED, by, body)
        return True

    async def _reports(self, case_id: UUID) -> list[UUID]:
        rows = await with_retries(lambda: self.pool.fetch(SQL["reports"], case_id))
        return [row["report_id"] for row in rows]

    async def _events(self, reports: Sequence[UUID]) -> list[Event]:
        """Read before anything is locked: it looks through all that was ever settled."""
        rows = await with_retries(lambda: self.pool.fetch(SQL["events"], list(reports)))
        return sorted({Event(row["event_key"], row["digest"].hex()) for row in rows})

    async def _begin(self, erasure_id: UUID, by: str, events: Sequence[Event]) -> ErasureRecord | None:
        """None where `events` are not those of the case any more."""
        async with self.pool.acquire() as db, db.transaction():
            await db.execute(ASSESS["lock_linking"])
            found = await db.fetchrow(SQL["lock"], erasure_id)
            if not require_answerable(_proposed(found), by, approves=True):
                return RECORD.validate_python(found["record"])
            case_id, now = found["case_id"], datetime.now(UTC)
            await db.execute(ASSESS["lock_cases"], [case_id])
            require_erasable(await _standing(db, case_id), ErasureReason(found["reason"]))
            reports = [row["report_id"] for row in await db.fetch(SQL["reports"], case_id)]
            versions = await db.fetch(SQL["version_keys"], reports)
            if {row["event_key"] for row in versions} != {event.event_key for event in events}:
                return None
            reason, owners = ErasureReason(found["reason"]), await _owners(db, case_id, reports)
            record = ErasureRecord(
                erasure_id, case_id, reason, found["proposed_by"], by, now, owners, tuple(reports), tuple(events)
            )
            await db.execute(SQL["begin"], erasure_id, by, now, RECORD.dump_python(record, mode="json"))
            await _close(db, record, case_id)
            await _add_events(db, record)
        return record

    async def _bring_in(self, record: ErasureRecord) -> None:
        async with self.pool.acquire() as db, db.transaction():
            await db.execute(ASSESS["lock_linking"])
            stored = RECORD.dump_python(record, mode="json")
            await db.execute(SQL["refuse_open_proposals"], record.case_id, record.erasure_id, record.approved_by)
            await db.execute(
                SQL["bring_in"],
                *(record.erasure_id, record.case_id, record.reason, record.proposed_by, record.begun_at),
                *(record.approved_by, stored),
            )
            for row in await db.fetch(SQL["living"], list(record.owners)):
                await db.execute(ASSESS["lock_cases"], [row["case_id"]])
                await _close(db, record, row["case_id"])
            await _add_events(db, record)

    async def _done(self, record: ErasureRecord) -> None:
        async with self.pool.acquire() as db, db.transaction():
            await db.execute(SQL["keep_conflicts"], list(record.reports))
            await db.execute(SQL["drop_tokens"], list(record.reports))
            if await db.fetchval(SQL["done"], record.erasure_id):
                body: Body = {"erasure_id": record.erasure_id, "case_id": record.case_id, "owners": len(record.owners)}
                await AccessLog.append(db, STREAM, AccessKind.ERASED, record.approved_by, body)


async def _close(db: Connection, record: ErasureRecord, case_id: UUID) -> None:
    """The case's last event; whoever looks for it later finds nothing to open. Clocks, decisions, counts and the chain
    of its history stay.
    """
    case, head = await _unopened(db, case_id)
    after = case.next
    stamp = Stamp(record.begun_at, await db.fetchval(ASSESS["history"]))
    told = told_by(erasure_notices(record.told, after, stamp), {case.case_id: head})
    await db.execute(SQL["close"], case.case_id, after.version, told.heads[case.case_id])
    await write_told(db, told)
    await db.execute(ASSESS["wake_relay"])
    for name in ("drop_edges", "drop_ties", "drop_questions"):
        await db.execute(SQL[name], [report.report_id for report in case.reports])
    await db.execute(SQL["drop_claim"], case.case_id)


async def _add_events(db: Connection, record: ErasureRecord) -> None:
    keys, digests = [e.event_key for e in record.events], [bytes.fromhex(e.digest) for e in record.events]
    await db.execute(SQL["add_events"], keys, digests)


async def _unopened(db: Connection, case_id: UUID) -> tuple[CaseFile, bytes]:
    """The case file with no report opened, and the hash at which its history ends."""
    (row,) = await db.fetch(ASSESS["cases"], [case_id])
    reports: dict[UUID, list[Report]] = {}
    for told in await db.fetch(SQL["reports"], case_id):
        reports.setdefault(told["incident_id"], []).append(Report(told["report_id"], told["arrival_no"], ()))
    clocks: dict[UUID, dict[str, datetime]] = {}
    for told in await db.fetch(ASSESS["clocks"], [case_id]):
        clocks.setdefault(told["incident_id"], {})[told["name"]] = told["due_at"]
    case = CaseFile(
        case_id=row["case_id"],
        household_id=row["household_id"],
        incidents=tuple(Incident(i, tuple(told), clocks.get(i, {})) for i, told in reports.items()),
        version=row["version"],
        state=CaseState(row["state"]),
        linked_case_id=row["linked_case_id"],
        standing=STANDING.validate_python(row["standing"]),
        routing=ROUTING.validate_python(row["routing"]),
    )
    return case, row["head_hash"]


async def _owners(db: Connection, case_id: UUID, reports: Sequence[UUID]) -> tuple[UUID, ...]:
    """Whose keys opened its reports, or would: the case, those that went up in it, those that its reports began."""
    aliases = {row["case_id"] for row in await db.fetch(SQL["aliases"], case_id)}
    others = {*aliases, *map(case_begun_by, reports)} - {case_id}
    living = {row["case_id"] for row in await db.fetch(SQL["living"], list(others))}
    return tuple(sorted({case_id, *others} - living))


async def _standing(db: Connection, case_id: UUID) -> Standing:
    row = await db.fetchrow(SQL["standing"], case_id)
    if row is None:
        return Standing(None)
    return Standing(CaseState(row["state"]), row["is_proposed"], row["transfer_waits"])


def _proposed(row: Row | None) -> Proposed | None:
    return Proposed(ErasureState(row["state"]), row["proposed_by"], row["answered_by"]) if row else None
