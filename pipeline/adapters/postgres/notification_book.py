"""Notifications for operators: what waits, who was told when, and what a person says by command."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from pipeline.adapters.postgres.access_log import AccessLog
from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.sql import Queries
from pipeline.domain.access import AccessKind, Body
from pipeline.errors import AnwangError

SQL = Queries.of("notification_book")
STREAM, BY_COMMAND = "notifications", "operate"

Row = Mapping[str, Any]


class NotificationRefusedError(AnwangError):
    """There is no such notification, or this may not be said of it; the text says which."""


class Whole(NamedTuple):
    row: Row
    deliveries: list[Row]
    tries: list[Row]


@dataclass(frozen=True, slots=True)
class NotificationBook:
    """Every call tries again while the database is away, then raises UnavailableError."""

    pool: Pool

    async def listed(
        self, state: str | None, case_id: UUID | None, rows_max: int, *, unacknowledged: bool
    ) -> list[Row]:
        """The latest first."""
        values = (state, case_id, unacknowledged, rows_max)
        return [*await with_retries(lambda: self.pool.fetch(SQL["list"], *values))]

    async def show(self, notification_id: UUID) -> Whole:
        """With who was told when by what. Raises NotificationRefusedError."""
        return await with_retries(lambda: self._show(notification_id))

    async def _show(self, notification_id: UUID) -> Whole:
        async with self.pool.acquire() as db:
            row = await db.fetchrow(SQL["one"], notification_id)
            if row is None:
                raise _unknown(notification_id)
            deliveries, tries = [await db.fetch(SQL[name], notification_id) for name in ("deliveries", "tries")]
            return Whole(row, deliveries, tries)

    async def acknowledge(self, notification_id: UUID, by: str) -> bool:
        """Somebody who works here has seen it and told an operator so; False where it had been acknowledged. Raises
        NotificationRefusedError for a staff code that nobody has, or to whom the case does not exist.
        """
        return await with_retries(lambda: self._acknowledge(notification_id, by))

    async def _acknowledge(self, notification_id: UUID, by: str) -> bool:
        async with self.pool.acquire() as db, db.transaction():
            if await db.fetchrow(SQL["one"], notification_id) is None:
                raise _unknown(notification_id)
            person = await db.fetchrow(SQL["works_here"], notification_id, by)
            if person is None or not person["may"]:
                raise NotificationRefusedError("nobody of this staff code may acknowledge it")
            done = await db.fetchrow(SQL["acknowledge_for"], notification_id, by)
            if done is None:
                return False
            body: Body = {"notification_id": notification_id, "case_id": done["case_id"], "staff": by}
            await AccessLog.append(db, STREAM, AccessKind.ACKNOWLEDGED, BY_COMMAND, body)
            return True

    async def send_again(self, notification_id: UUID) -> bool:
        """A dead letter goes its way once more, as does what had no target; False where it is neither. Raises
        NotificationRefusedError.
        """
        return await with_retries(lambda: self._send_again(notification_id))

    async def _send_again(self, notification_id: UUID) -> bool:
        async with self.pool.acquire() as db, db.transaction():
            if await db.fetchrow(SQL["one"], notification_id) is None:
                raise _unknown(notification_id)
            done = [await db.fetchval(SQL[name], notification_id) for name in ("send_again", "spread_again")]
            return any(done)


def _unknown(notification_id: UUID) -> NotificationRefusedError:
    return NotificationRefusedError(f"there is no notification {notification_id}")
