"""What a person was told, and that they acknowledge it. Each call is one transaction of `acting_as`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pipeline.adapters.postgres.acting import acting_as
from pipeline.adapters.postgres.database import Connection, Pool, with_retries
from pipeline.adapters.postgres.sql import Queries
from pipeline.domain.posts import EVERYWHERE

SQL = Queries.of("noticeboard")
ASK_FOR_S = 3.0
"""Somebody waits for the answer."""

Row = Mapping[str, Any]


class Shown(NamedTuple):
    row: Row
    deliveries: list[Row]


class Since(NamedTuple):
    """Where a page ended."""

    made_at: datetime
    notification_id: UUID


def _mine(scope: str) -> str:
    """Centres have codes, counties names."""
    if scope == EVERYWHERE:
        return "mine_of_all"
    return "mine_of_centre" if scope.isascii() else "mine_of_county"


@dataclass(frozen=True, slots=True)
class Noticeboard:
    """Every call raises NobodyActsError where the session is over, UnavailableError while the database is away."""

    pool: Pool

    async def mine(self, token: str, since: Since | None, rows_max: int, *, unacknowledged: bool) -> list[Shown]:
        """What this person was told, the latest first, of cases that they see."""

        async def act() -> list[Shown]:
            async with acting_as(self.pool, token) as acting:
                place, scope = since or (None, None), acting.post.scope
                rows = await acting.db.fetch(SQL[_mine(scope)], unacknowledged, *place, rows_max, scope)
                told = await deliveries_of(acting.db, [row["notification_id"] for row in rows])
                return [Shown(row, told[row["notification_id"]]) for row in rows]

        return await with_retries(act, for_s=ASK_FOR_S)

    async def acknowledge(self, token: str, notification_id: UUID) -> dict[str, Any]:
        """`code` is `done`, with who acknowledged it first and when, or `unknown_notification`; the audit is told."""

        async def act() -> dict[str, Any]:
            async with acting_as(self.pool, token) as acting:
                said: dict[str, Any] = await acting.db.fetchval(SQL["acknowledge"], notification_id)
                return said

        return await with_retries(act, for_s=ASK_FOR_S)


async def deliveries_of(db: Connection, notifications: Sequence[UUID]) -> dict[UUID, list[Row]]:
    """To which targets each of them goes, and how far it came."""
    found: dict[UUID, list[Row]] = {one: [] for one in notifications}
    for row in await db.fetch(SQL["deliveries"], list(notifications)):
        found[row["notification_id"]].append(row)
    return found
