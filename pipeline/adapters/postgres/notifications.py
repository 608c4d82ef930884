"""Notifications in Postgres: which wait, to whom they go, how each try ended. Everything survives its process."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.sql import Queries
from pipeline.contracts.notify import Audience, Channel, Target, Told
from pipeline.domain.notify import Fate, Outcome, Sending, fate_of, wait_after

SQL = Queries.of("notifications")
LEASE = timedelta(seconds=30)
"""After so long a try that has not said how it ended is made again, by whoever comes; longer than any try may take."""

REVIVED_H = 24
"""What had no target is told when there is one, if it is not older than so many hours."""

Reach = Callable[[Audience, str | None, str | None], Sequence[Target]]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NotificationBox:
    """Every call tries again while the database is away, then raises UnavailableError. `link` is where the desk shows a
    case, with `{case_id}` in it.
    """

    pool: Pool
    link: str | None = None

    async def revive(self) -> None:
        await with_retries(lambda: self.pool.execute(SQL["revive"], REVIVED_H))

    async def spread(self, reach: Reach, notifications_max: int) -> list[Told]:
        """Finds whom those that wait reach, and notes it; those that reach nobody."""
        return await with_retries(lambda: self._spread(reach, notifications_max))

    async def _spread(self, reach: Reach, notifications_max: int) -> list[Told]:
        async with self.pool.acquire() as db, db.transaction():
            waiting = [_told(row, None) for row in await db.fetch(SQL["waiting"], notifications_max)]
            found = [(told, reach(told.audience, told.centre, told.county)) for told in waiting]
            pairs = [(told.notification_id, target) for told, targets in found for target in targets]
            ids, targets = [one for one, _ in pairs], [target for _, target in pairs]
            await db.execute(SQL["spread"], ids, [t.name for t in targets], [t.channel.value for t in targets])
            states = ["sending" if targets else "no_target" for _, targets in found]
            await db.execute(SQL["spread_done"], [told.notification_id for told, _ in found], states)
            return [told for told, targets in found if not targets]

    async def take(self, busy: Sequence[str], each_max: int, sendings_max: int) -> list[Sending]:
        """Those that are due now, the gravest first, at most `each_max` of a target and none of the `busy` ones. They
        are this caller's until the lease ends.
        """
        values = (list(busy), each_max, sendings_max, LEASE)
        rows = await with_retries(lambda: self.pool.fetch(SQL["take"], *values))
        return [_sending(row, self.link) for row in rows]

    async def note(self, sending: Sending, outcome: Outcome) -> Fate:
        """How this try ended, and what becomes of it now."""
        fate = fate_of(sending, outcome)
        await with_retries(lambda: self._note(sending, outcome, fate))
        return fate

    async def _note(self, sending: Sending, outcome: Outcome, fate: Fate) -> None:
        one, wait = sending.told.notification_id, wait_after(sending, outcome)
        async with self.pool.acquire() as db, db.transaction():
            await db.execute(SQL["hold"], one)
            await db.execute(SQL["note_try"], one, sending.target, sending.attempt, outcome.code)
            await db.execute(SQL["end_try"], one, sending.target, sending.attempt, fate.value, wait)
            await db.execute(SQL["end_notification"], one)


def _sending(row: Row, link: str | None) -> Sending:
    channel = Channel(row["channel"])
    return Sending(_told(row, link), row["target"], channel, row["attempts"], row["forgiven"])


def _told(row: Row, link: str | None) -> Told:
    told = {name: row[name] for name in Told.model_fields if name != "link"}
    return Told(**told, link=link and link.replace("{case_id}", str(row["case_id"])))
