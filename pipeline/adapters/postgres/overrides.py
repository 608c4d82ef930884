"""Writes where people put cases: one transaction for each word, under the lock for linking."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from pipeline.adapters.postgres.access_log import note
from pipeline.adapters.postgres.case_writer import CaseWriter
from pipeline.adapters.postgres.database import Connection, Pool, with_retries
from pipeline.adapters.postgres.docket_reader import SQL as ASSESS
from pipeline.adapters.postgres.docket_reader import DocketReader, Loaded
from pipeline.adapters.postgres.keys import CaseKeys
from pipeline.adapters.postgres.moves import Moves, Step
from pipeline.adapters.postgres.policies import Policies
from pipeline.adapters.postgres.rulings import Named
from pipeline.adapters.postgres.sql import Queries
from pipeline.domain.access import AccessKind, Body, Deed, as_code
from pipeline.domain.casefile import CaseFile
from pipeline.domain.centres import CentreBook
from pipeline.domain.notices import Stamp, override_notices
from pipeline.domain.overrides import Overridden, OverrideWish, override
from pipeline.domain.refusals import RulingRefusal, refused
from pipeline.domain.terms import TermsBook

SQL = Queries.of("overrides")


@dataclass(frozen=True, slots=True)
class Overrides:
    """What comes again, by its id, changes nothing. `named` finds the reports that a person's word for a case stands
    for.
    """

    pool: Pool
    keys: CaseKeys
    reader: DocketReader
    policies: Policies
    centres: CentreBook
    named: Callable[[str], Awaitable[Named]]

    async def put(self, name: str, wish: OverrideWish) -> Overridden | None:
        """None where it was said before. A case that went up in another is refused, since another one is meant then
        than was named. Raises RulingRefusedError, and then nothing is written, or UnavailableError.
        """
        if await with_retries(lambda: self.pool.fetchval(SQL["is_known"], wish.override_id)):
            return None
        named = await self.named(name)
        case_id = UUID(name) if named.what == "case" else None
        return await with_retries(lambda: self._put(named.reports[0], case_id, wish))

    async def _put(self, report_id: UUID, case_id: UUID | None, wish: OverrideWish) -> Overridden | None:
        book = await self.policies.book()
        async with self.pool.acquire() as db, db.transaction():
            await db.execute(ASSESS["lock_linking"])
            if await db.fetchval(SQL["is_known"], wish.override_id):
                return None
            loaded, case = await self._open(db, report_id, case_id)
            now = datetime.now(UTC)
            done = override(wish, case, TermsBook(book, self.centres).at(now))
            moves = Moves(loaded, [Step((done.change,), ())])
            keys = await self.keys.make(moves.key_names())
            stamp = Stamp(now, await db.fetchval(ASSESS["history"]))
            await CaseWriter(db, keys).write(moves, override_notices(done, stamp))
            await self._note(db, done)
            await note(db, self.keys, _deed(done))
            await db.execute(ASSESS["wake_relay"])
        return done

    async def _open(self, db: Connection, report_id: UUID, case_id: UUID | None) -> tuple[Loaded, CaseFile]:
        loaded = await self.reader.around(db, [report_id])
        if not loaded.docket.holds(report_id):
            raise refused(RulingRefusal.UNKNOWN_CASE)
        case = loaded.docket.case_of(report_id)
        if case_id not in (None, case.case_id):
            raise refused(RulingRefusal.CASE_MERGED)
        return loaded, case

    async def _note(self, db: Connection, done: Overridden) -> None:
        told, case = done.override, done.change.after
        await db.execute(
            SQL["add_override"],
            told.override_id,
            case.case_id,
            case.version,
            told.kind,
            told.reason,
            told.said_by,
            told.seconded_by,
            done.policy_version,
        )
        rows = [(told.override_id, p.part, p.was, p.now, p.rule) for p in told.parts]
        await db.execute(SQL["add_parts"], *(list(column) for column in zip(*rows, strict=True)))


def _deed(done: Overridden) -> Deed:
    told = done.override
    body: Body = {
        "override": told.override_id,
        "step": told.kind.value,
        "code": told.reason.value,
        "seconded_by": told.seconded_by and as_code(told.seconded_by),
        "case_id": done.change.after.case_id,
    }
    return Deed(AccessKind.OVERRIDE, told.said_by, body)
