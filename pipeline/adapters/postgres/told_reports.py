"""The control records of reports that were told by voice or on paper, as those who take them down keep them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pipeline.adapters.postgres.acting import acting_as
from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.sql import Queries
from pipeline.contracts.ids import event_key
from pipeline.domain.told import How, desk_source

SQL = Queries.of("told")
ASK_FOR_S = 3.0
"""Somebody waits for the answer."""


class Record(NamedTuple):
    """Which report was told how, when, at which centre."""

    told_id: UUID
    centre: str
    how: How
    received_at: datetime


class Noted(NamedTuple):
    """`code` is `done`, or why it was not noted; `entered_at` is that of the first time."""

    code: str
    entered_at: datetime | None


@dataclass(frozen=True, slots=True)
class ToldReports:
    """Every call raises NobodyActsError where the session is over, UnavailableError while the database is away."""

    pool: Pool
    digest: Callable[[bytes], bytes]

    async def note(self, token: str, record: Record, told: bytes) -> Noted:
        """Said again it is the same record; other words under its id are refused. The audit is told once."""
        event = event_key(desk_source(record.centre), str(record.told_id))
        values = (record.told_id, event, record.centre, record.how, record.received_at, self.digest(told))
        said: Mapping[str, str] = (await self._fetch(token, "note", *values))[0][0]
        entered = said.get("entered_at")
        return Noted(said["code"], datetime.fromisoformat(entered) if entered else None)

    async def handed(self, token: str, told_id: UUID) -> None:
        """The broker has it."""
        await self._fetch(token, "handed", told_id)

    async def mine(
        self, token: str, told_id: UUID | None, before: int | None, records_max: int
    ) -> list[Mapping[str, Any]]:
        """Those of the post, the newest first; `before` is the number of the last one of the page before."""
        return await self._fetch(token, "mine", told_id, before, records_max)

    async def _fetch(self, token: str, name: str, *values: object) -> list[Any]:
        async def once() -> list[Any]:
            async with acting_as(self.pool, token) as acting:
                return list(await acting.db.fetch(SQL[name], *values))

        return await with_retries(once, for_s=ASK_FOR_S)
