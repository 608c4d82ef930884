"""Writes transfers of cases: one transaction for each step, under the lock for linking."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from pipeline.adapters.postgres.access_log import note
from pipeline.adapters.postgres.case_writer import CaseWriter
from pipeline.adapters.postgres.database import Connection, Pool, with_retries
from pipeline.adapters.postgres.docket_reader import SQL as ASSESS
from pipeline.adapters.postgres.docket_reader import DocketReader, Loaded
from pipeline.adapters.postgres.keys import CaseKeys
from pipeline.adapters.postgres.live_terms import LiveTerms
from pipeline.adapters.postgres.moves import Moves, Step
from pipeline.adapters.postgres.rulings import Named
from pipeline.adapters.postgres.sql import Queries
from pipeline.contracts.case import Transfer
from pipeline.domain.access import AccessKind, Body, Deed, as_code
from pipeline.domain.casefile import CaseFile
from pipeline.domain.notices import Stamp, transfer_notices
from pipeline.domain.transfer import Answer, Handed, Proposal, TransferRefusal, answer, is_the_same, propose, refused

SQL = Queries.of("transfers")


class Waiting(NamedTuple):
    """A transfer that waits for its answer, and how its case stands."""

    transfer: Transfer
    case_id: UUID
    proposed_at: datetime
    queue: str
    priority: str
    county: str | None


@dataclass(frozen=True, slots=True)
class Transfers:
    """What comes again, by its id, changes nothing. `named` finds the reports that a person's word for a case stands
    for.
    """

    pool: Pool
    keys: CaseKeys
    reader: DocketReader
    terms: LiveTerms
    named: Callable[[str], Awaitable[Named]]

    async def propose(self, name: str, wish: Proposal) -> Handed | None:
        """None where it was proposed before. Raises RulingRefusedError, and then nothing is written, or
        UnavailableError.
        """
        reports = (await self.named(name)).reports
        return await with_retries(lambda: self._propose(reports, wish))

    async def answer(self, transfer_or_case: str, said: Answer) -> Handed | None:
        """As `propose`; the transfer is named by its id or by that of its case."""
        await self.terms.refresh()
        return await with_retries(lambda: self._answer(transfer_or_case, said))

    async def waiting(self, transfers_max: int) -> list[Waiting]:
        """Those without an answer, the oldest first."""
        rows = await with_retries(lambda: self.pool.fetch(SQL["open_transfers"], transfers_max))
        names = ("case_id", "proposed_at", "queue", "priority", "county")
        return [Waiting(_transfer(row), *(row[name] for name in names)) for row in rows]

    async def _propose(self, reports: tuple[UUID, ...], wish: Proposal) -> Handed | None:
        async with self.pool.acquire() as db, db.transaction():
            await db.execute(ASSESS["lock_linking"])
            if await db.fetchval(SQL["is_known"], wish.transfer_id):
                return None
            loaded, case = await self._open(db, reports)
            waits = await db.fetchval(SQL["waits"], case.case_id)
            handed = propose(wish, case, self.terms.now.centres, waits=waits)
            told = handed.transfer
            await db.execute(
                SQL["add_transfer"],
                *(told.transfer_id, case.case_id, told.from_centre, told.to_centre, told.to_county),
                *(told.reason, told.proposed_by),
            )
            await self._write(db, loaded, handed)
        return handed

    async def _answer(self, name: str, said: Answer) -> Handed | None:
        async with self.pool.acquire() as db, db.transaction():
            await db.execute(ASSESS["lock_linking"])
            row = await db.fetchrow(SQL["find_transfer"], _uuid(name))
            if row is None:
                raise refused(TransferRefusal.NOT_PROPOSED)
            transfer = _transfer(row)
            if is_the_same(transfer, said):
                return None
            reports = [r["report_id"] for r in await db.fetch(SQL["reports_of"], row["case_id"])]
            loaded, case = await self._open(db, reports)
            handed = answer(transfer, said, case, self.terms.now.at(datetime.now(UTC)))
            told = handed.transfer
            await db.execute(SQL["answer_transfer"], told.transfer_id, told.state, told.answered_by, told.refused_for)
            await self._write(db, loaded, handed)
        return handed

    async def _open(self, db: Connection, reports: Sequence[UUID]) -> tuple[Loaded, CaseFile]:
        """The case of these reports. One that was erased is no longer there for anyone."""
        loaded = await self.reader.around(db, reports)
        if not reports or not loaded.docket.holds(reports[0]):
            raise refused(TransferRefusal.CASE_NOT_OPEN)
        return loaded, loaded.docket.case_of(reports[0])

    async def _write(self, db: Connection, loaded: Loaded, handed: Handed) -> None:
        moves = Moves(loaded, [Step((handed.change,), ())])
        loaded.docket.file(handed.change.after)
        keys = await self.keys.make(moves.key_names())
        stamp = Stamp(datetime.now(UTC), await db.fetchval(ASSESS["history"]))
        await CaseWriter(db, keys).write(moves, transfer_notices(handed, stamp))
        await note(db, self.keys, _deed(handed))
        await db.execute(ASSESS["wake_relay"])


def _deed(handed: Handed) -> Deed:
    told = handed.transfer
    body: Body = {
        "transfer": told.transfer_id,
        "step": told.state.value,
        "from": as_code(told.from_centre),
        "to": as_code(told.to_centre),
        "case_id": handed.change.after.case_id,
    }
    return Deed(AccessKind.TRANSFER, told.answered_by or told.proposed_by, body)


def _uuid(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


def _transfer(row: Mapping[str, Any]) -> Transfer:
    return Transfer.model_validate({name: row[name] for name in Transfer.model_fields})
