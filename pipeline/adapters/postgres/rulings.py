"""Writes what people decide of links: one transaction for each ruling, under the lock for linking."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from pipeline.adapters.postgres.case_writer import CaseWriter
from pipeline.adapters.postgres.database import Connection, Pool, with_retries
from pipeline.adapters.postgres.docket_reader import SQL as ASSESS
from pipeline.adapters.postgres.docket_reader import DocketReader
from pipeline.adapters.postgres.keys import CaseKeys
from pipeline.adapters.postgres.moves import Moves, Step
from pipeline.adapters.postgres.sql import Queries
from pipeline.contracts.case import Ruling
from pipeline.domain.notices import Stamp, ruling_notices
from pipeline.domain.rulings import Ruled, rule

SQL = Queries.of("rulings")


class Rulings:
    """A ruling that comes again, by its id, changes nothing."""

    def __init__(self, pool: Pool, keys: CaseKeys, reader: DocketReader) -> None:
        self._pool = pool
        self._keys = keys
        self._reader = reader

    async def apply(self, ruling: Ruling) -> Ruled | None:
        """What it changed; None where it was applied before. Raises RulingRefusedError, and then nothing is written, or
        UnavailableError.
        """
        return await with_retries(lambda: self._apply(ruling))

    async def reports_of(self, case_id: UUID) -> Sequence[UUID]:
        """In order of arrival; of an alias those of the case that it is one of."""
        return [row["report_id"] for row in await self._pool.fetch(SQL["reports_of_case"], case_id)]

    async def _apply(self, ruling: Ruling) -> Ruled | None:
        async with self._pool.acquire() as db, db.transaction():
            await db.execute(ASSESS["lock_linking"])
            if await db.fetchval(SQL["is_applied"], ruling.ruling_id):
                return None
            loaded = await self._reader.around(db, ruling.reports)
            ruled = rule(ruling, loaded.docket)
            moves = Moves(loaded, [Step(ruled.changes, ruled.absorbed)])
            keys = await self._keys.make(moves.key_names())
            stamp = Stamp(datetime.now(UTC), await db.fetchval(ASSESS["history"]))
            await CaseWriter(db, keys).write(moves, ruling_notices(ruled, stamp))
            await self._note(db, ruled)
            await db.execute(ASSESS["wake_relay"])
        return ruled

    async def _note(self, db: Connection, ruled: Ruled) -> None:
        told = ruled.ruling
        await db.execute(
            SQL["add_ruling"],
            told.ruling_id,
            told.kind,
            told.scope,
            list(told.reports),
            told.ruled_by,
            told.seconded_by,
        )
        ties = [(*tie.pair, tie.scope, tie.together, told.ruling_id) for tie in ruled.ties]
        columns = zip(*ties, strict=True)
        await db.execute(SQL["put_ties"], *(list(column) for column in columns))
        await db.execute(
            SQL["answer_reviews"], [tie.pair[0] for tie in ruled.ties], [tie.pair[1] for tie in ruled.ties]
        )
