"""Reads whole cases as they stand."""

from collections.abc import Collection
from uuid import UUID

from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.docket_reader import DocketReader
from pipeline.domain.casefile import CaseFile


class Casebook:
    def __init__(self, pool: Pool, reader: DocketReader) -> None:
        self._pool = pool
        self._reader = reader

    async def case_of(self, reports: Collection[UUID]) -> CaseFile | None:
        """The case of the first of these reports, all as of one moment; None where its key is gone: it was erased.
        Raises UnavailableError.
        """
        return await with_retries(lambda: self._case_of(tuple(reports)))

    async def _case_of(self, reports: tuple[UUID, ...]) -> CaseFile | None:
        async with self._pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            loaded = await self._reader.around(db, reports[:1], lock=False)
        return loaded.docket.case_of(reports[0]) if loaded.docket.holds(reports[0]) else None
