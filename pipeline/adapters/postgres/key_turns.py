"""How a key gets a new version and loses the old ones: the steps that every rotation shares."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from pipeline.adapters.postgres.access_log import AccessLog
from pipeline.adapters.postgres.database import Connection, Pool, with_retries
from pipeline.adapters.postgres.docket_reader import SQL as ASSESS
from pipeline.adapters.postgres.key_versions import leave_wrapping_proof, look_at_keys, look_at_wrapping
from pipeline.adapters.postgres.sql import Queries
from pipeline.adapters.vault import IN_THE_RING, KeyPurpose, KeyRing
from pipeline.domain.access import AccessKind, Body
from pipeline.errors import KeysRefusedError

SQL = Queries.of("rotation")
WRAPPING = KeyPurpose.WRAPPING


class VersionRow(NamedTuple):
    """One version of a key, and how many values lie under it. `retired_at` is when nothing did any more."""

    purpose: KeyPurpose
    version: int
    is_current: bool
    since: datetime
    retired_at: datetime | None
    values: int = 0


RequireDone = Callable[[Connection], Awaitable[None]]
"""Raises Unfinished where anything lies under an older version still."""


Prepare = Callable[[], Awaitable[object]]


class Unfinished(Exception):  # noqa: N818 - a turn in the control flow, never seen outside
    """Something lies under an older version still."""


@dataclass(frozen=True, slots=True)
class Turns:
    """`pool` and `keys_pool` are the two databases."""

    pool: Pool
    keys_pool: Pool
    ring: KeyRing

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Raises KeysRefusedError while another command replaces keys."""
        async with self.pool.acquire() as db:
            if not await db.fetchval(SQL["alone"]):
                raise KeysRefusedError("another command is replacing keys; wait for it, or look for where it runs")
            try:
                yield
            finally:
                await db.execute(SQL["no_longer_alone"])

    async def look(self) -> None:
        await with_retries(lambda: look_at_keys(self.pool, self.ring))
        await with_retries(lambda: look_at_wrapping(self.keys_pool, self.ring))

    async def versions(self) -> list[VersionRow]:
        """Of every key, retired ones too, without counts."""
        rows = [(r["purpose"], r) for r in await with_retries(lambda: self.pool.fetch(SQL["versions"]))]
        rows += [(WRAPPING, r) for r in await with_retries(lambda: self.keys_pool.fetch(SQL["wrapping_versions"]))]
        return [VersionRow(KeyPurpose(p), r["version"], r["is_current"], r["since"], r["retired_at"]) for p, r in rows]

    async def begin(self, purpose: KeyPurpose, prepare: Prepare) -> int:
        """The version under which all is to be put: a new one, or that of a rotation that was broken off. `prepare` is
        called when the version is known to all and before anything is written under it. Raises KeysRefusedError.
        """
        await self.look()
        live = self.ring.live(purpose)
        version, is_begun = max(live.versions), len(live.versions) > 1
        if version == live.current and (not is_begun or purpose is KeyPurpose.DIGESTING):
            version = 1 + max(row.version for row in await self.versions() if row.purpose is purpose)
            await (self._add_wrapping(version) if purpose is WRAPPING else self._add(purpose, version))
            await self.look()
        await prepare()
        if version != self.ring.current(purpose):
            await self._make_current(purpose, version)
            await self.look()
        await self._tell_the_file(purpose, version)
        return version

    async def _add(self, purpose: KeyPurpose, version: int) -> None:
        proof = None
        if purpose in IN_THE_RING:
            self.ring.file.draw(purpose, version)
            self.ring.refresh()
            proof = self.ring.proof(purpose, version)
        await with_retries(lambda: self.pool.execute(SQL["begin"], purpose, version, proof))

    async def _add_wrapping(self, version: int) -> None:
        await self.ring.wrapping.draw(version)

        async def act() -> None:
            async with self.keys_pool.acquire() as db, db.transaction():
                await db.execute(SQL["begin_wrapping"], version)
                await leave_wrapping_proof(db, self.ring, version)

        await with_retries(act)

    async def _make_current(self, purpose: KeyPurpose, version: int) -> None:
        """Under the lock for linking: who settles reports looks at the versions under it, too."""
        is_wrapping = purpose is WRAPPING
        pool, behind = (self.keys_pool, "_wrapping") if is_wrapping else (self.pool, "")

        async def act() -> None:
            async with pool.acquire() as db, db.transaction():
                if not is_wrapping:
                    await db.execute(ASSESS["lock_linking"])
                await db.execute(SQL[f"no_current{behind}"], *(() if is_wrapping else (purpose,)))
                await db.execute(SQL[f"make_current{behind}"], *((version,) if is_wrapping else (purpose, version)))

        await with_retries(act)
        await self.told(purpose, version, "begun")

    async def told(self, purpose: KeyPurpose, version: int, step: str) -> None:
        async def act() -> None:
            async with self.pool.acquire() as db, db.transaction():
                await _tell(db, purpose, version, step)

        await with_retries(act)

    async def retire(self, purpose: KeyPurpose, current: int, require_done: RequireDone) -> None:
        """Nothing is written under an older version any more; `require_done` looks, in the same transaction, that
        nothing lies there, and raises Unfinished.
        """
        pool, name = (self.keys_pool, "retire_wrapping") if purpose is WRAPPING else (self.pool, "retire")
        told = (current,) if purpose is WRAPPING else (purpose, current)

        async def act() -> None:
            async with pool.acquire() as db, db.transaction():
                await db.execute(SQL[name], *told)
                await require_done(db)

        await with_retries(act)
        await self.told(purpose, current, "done")
        await self.look()
        await self._tell_the_file(purpose, current)

    async def _tell_the_file(self, purpose: KeyPurpose, current: int) -> None:
        if purpose in IN_THE_RING:
            rows = [(r.version, r.retired_at) for r in await self.versions() if r.purpose is purpose]
            self.ring.file.settle(purpose, current, {version: at.date() for version, at in rows if at})
            self.ring.refresh()


async def _tell(db: Connection, purpose: KeyPurpose, version: int, step: str) -> None:
    body: Body = {"purpose": purpose.value, "version": version, "step": step}
    await AccessLog.append(db, "keys", AccessKind.KEY_ROTATED, "operate", body)
