"""Finds the closed cases that the law no longer lets us keep. Births are opened in memory alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import partial
from typing import NamedTuple
from uuid import UUID

from pipeline.adapters.postgres.access_log import AccessLog
from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.docket_reader import DocketReader
from pipeline.adapters.postgres.erasures import SQL, STREAM
from pipeline.contracts.decision import TAIPEI, in_taipei
from pipeline.domain.access import AccessKind, Body
from pipeline.domain.casefile import CaseState
from pipeline.domain.retention import KEPT_YEARS, births_of, is_due, may_go_from, years_later

CASES_AT_ONCE = 50
SYSTEM = "retention"
"""Who reads, for the audit: nobody sees what was read."""


class Due(NamedTuple):
    """A case that may be erased since `since`; the last thing that happened to it was on `last_day`."""

    case_id: UUID
    last_day: date
    since: date


@dataclass(frozen=True, slots=True)
class Retaining:
    """Every call tries again while the database is away, then raises UnavailableError."""

    pool: Pool
    reader: DocketReader

    async def due(self, on: date) -> list[Due]:
        """Those that may be erased on that day and are not proposed yet, in order of their ids."""
        found: list[Due] = []
        after = UUID(int=0)
        before = datetime.combine(years_later(on, -KEPT_YEARS), time.max, TAIPEI)
        while rows := await with_retries(partial(self.pool.fetch, SQL["long_closed"], before, after, CASES_AT_ONCE)):
            last_days = {UUID(str(r["case_id"])): in_taipei(r["recorded_at"]).date() for r in rows}
            found += [due for due in await with_retries(partial(self._dated, last_days)) if due.since <= on]
            after = max(last_days)
        return found

    async def is_due(self, case_id: UUID, on: date) -> bool:
        """False also where there is no such case."""
        row = await with_retries(lambda: self.pool.fetchrow(SQL["last_thing"], case_id))
        if row is None:
            return False
        (due,) = await with_retries(partial(self._dated, {case_id: in_taipei(row["recorded_at"]).date()}))
        return is_due(CaseState(row["state"]), due.since, on)

    async def _dated(self, last_days: Mapping[UUID, date]) -> Sequence[Due]:
        """A case that does not open keeps its unknown births: the most careful answer."""
        async with self.pool.acquire() as db, db.transaction():
            reports = await db.fetch(SQL["reports_of_cases"], list(last_days))
            loaded = await self.reader.around(db, [row["report_id"] for row in reports], lock=False)
            body: Body = {"what": "births", "cases": len(last_days)}
            await AccessLog.append(db, STREAM, AccessKind.READ, SYSTEM, body)
        cases = {case_id: loaded.docket.cases.get(case_id) for case_id in last_days}
        return [
            Due(case_id, last_days[case_id], may_go_from(last_days[case_id], births_of(case) if case else (None,)))
            for case_id, case in cases.items()
        ]


def today() -> date:
    """Taipei's."""
    return datetime.now(UTC).astimezone(TAIPEI).date()
