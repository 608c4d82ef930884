"""Gives stored reports the keys by which this release finds them."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.docket_reader import SQL as ASSESS
from pipeline.adapters.postgres.docket_reader import DocketReader
from pipeline.adapters.postgres.sql import Queries
from pipeline.adapters.vault import KeyPurpose, KeyRing
from pipeline.domain.casefile import Report
from pipeline.domain.link import stored_keys

SQL = Queries.of("reindex")
REPORTS_AT_ONCE = 100


class Reindex:
    """May run while reports come in, be broken off, and be run again. Tokens under an older version of the index key
    become those under the current one, in their place: which reports are the newest to bear a key stays as it was.
    """

    def __init__(self, pool: Pool, ring: KeyRing, reader: DocketReader) -> None:
        self._pool = pool
        self._ring = ring
        self._reader = reader

    async def run(self, tell: Callable[[int], None]) -> int:
        """How many reports have all their keys; `tell` hears the number as it grows. Raises UnavailableError."""
        done, last = 0, 0
        while rows := await self._next(last):
            await with_retries(partial(self._renew, [row["report_id"] for row in rows]))
            last, done = rows[-1]["arrival_no"], done + len(rows)
            tell(done)
        return done

    async def _next(self, after: int) -> Sequence[Mapping[str, Any]]:
        return await with_retries(lambda: self._pool.fetch(SQL["next"], after, REPORTS_AT_ONCE))

    async def _renew(self, report_ids: Sequence[UUID]) -> None:
        async with self._pool.acquire() as db, db.transaction():
            await db.execute(ASSESS["lock_linking"])
            docket = (await self._reader.around(db, report_ids)).docket
            here = [docket.report(report_id) for report_id in report_ids if docket.holds(report_id)]
            current, versions = self._ring.live(KeyPurpose.INDEX)
            if replaced := [row for report in here for row in self._replaced(report)]:
                await db.execute(SQL["replace"], *(list(column) for column in zip(*replaced, strict=True)), current)
            if len(versions) > 1:
                await db.execute(SQL["drop_older"], list(report_ids), current)
            if rows := [row for report in here for row in self._rows(report)]:
                await db.execute(SQL["add_missing"], *(list(column) for column in zip(*rows, strict=True)))

    def _rows(self, report: Report) -> list[tuple[bytes, UUID, str, int]]:
        keys = {key: version.source for version in report.versions for key in stored_keys(version)}
        current = self._ring.current(KeyPurpose.INDEX)
        return [(self._ring.token(key), report.report_id, source, current) for key, source in sorted(keys.items())]

    def _replaced(self, report: Report) -> list[tuple[bytes, bytes, UUID]]:
        """(token under an older version, token under the current one) of every key of the report."""
        current, versions = self._ring.live(KeyPurpose.INDEX)
        keys = {key for version in report.versions for key in stored_keys(version)}
        return [
            (self._ring.token(key, old), self._ring.token(key, current), report.report_id)
            for old in sorted(versions - {current})
            for key in keys
        ]
