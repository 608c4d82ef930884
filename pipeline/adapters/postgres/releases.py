"""What the commands change of policies: every step is one transaction, and none is ever taken back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple

from pipeline.adapters.postgres.access_log import AccessLog
from pipeline.adapters.postgres.database import Connection, Pool
from pipeline.adapters.postgres.policies import SQL as READ
from pipeline.adapters.postgres.policies import read_records
from pipeline.adapters.postgres.sql import Queries
from pipeline.adapters.signing import SigningKey, verify
from pipeline.domain.access import AccessKind, actor_of, as_code
from pipeline.domain.policy.policy import Policy
from pipeline.domain.policy.release import book_of, signed_by
from pipeline.domain.policy.release_activation import RollBack, Start, may_activate, may_roll_back, plan_roll_back
from pipeline.domain.policy.release_records import Kind, Records, Release, release_bytes, roll_back_bytes
from pipeline.domain.policy.release_refusals import ReleaseRefusal, refused
from pipeline.domain.policy.release_steps import may_propose, may_register, may_revoke, may_sign, usable
from pipeline.domain.policy.shadow import Tally

SQL = Queries.of("releases")


class Shadow(NamedTuple):
    """A release in shadow; `until` is None while it runs."""

    version: str
    since: datetime
    until: datetime | None


class Now(NamedTuple):
    """All that is stored of releases, at the database's time `now`."""

    records: Records
    now: datetime
    shadow: Shadow | None


class Releases:
    """Every method raises ReleaseRefusedError for a step that may not be taken, and then nothing is written."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def now(self) -> Now:
        async with self._pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            row = await db.fetchrow(READ["shadow_now"])
            shadow = Shadow(row["version"], row["since"], row["until"]) if row else None
            return Now(await read_records(db), await db.fetchval(SQL["now"]), shadow)

    @asynccontextmanager
    async def _step(self) -> AsyncIterator[tuple[Connection, Records, datetime]]:
        async with self._pool.acquire() as db, db.transaction():
            await db.execute(SQL["one_at_a_time"])
            yield db, await read_records(db), await db.fetchval(SQL["now"])

    async def propose(self, file: str, by: str, note: str | None) -> tuple[Policy, bool]:
        """The policy, and whether it is new here."""
        async with self._step() as (db, records, _):
            policy = may_propose(records, file, by)
            is_new = policy.version not in records.releases
            if is_new:
                await db.execute(SQL["propose"], policy.version, policy.digest, file, by, note)
                await _tell(db, by, "proposed", policy.version)
            return policy, is_new

    async def register(self, staff: str, public_key: bytes) -> None:
        async with self._step() as (db, records, now):
            may_register(records, staff, public_key, now)
            await db.execute(SQL["register"], public_key, staff)
            await _tell(db, staff, "key_registered")

    async def revoke(self, staff: str) -> None:
        async with self._step() as (db, records, now):
            await db.execute(SQL["revoke"], may_revoke(records, staff, now).public_key)
            await _tell(db, staff, "key_revoked")

    async def sign(self, version: str, staff: str, key: SigningKey) -> tuple[Release, tuple[str, ...]]:
        """What was signed, and who has signed it now."""
        async with self._step() as (db, records, now):
            release = may_sign(records, version, staff, key.public_key, now)
            signature = key.sign(release_bytes(release.version, release.digest))
            await db.execute(SQL["sign"], version, staff, key.public_key, signature)
            await _tell(db, staff, "signed", version)
            return release, tuple(s.staff for s in signed_by(await read_records(db), release, verify))

    async def activate(self, wanted: Start) -> int:
        """The activation's number."""
        async with self._step() as (db, records, now):
            may_activate(records, wanted, now, verify)
            people = wanted.activated_by, wanted.seconded_by
            told = Kind.ACTIVATE, wanted.version, wanted.starts_at, *people, None, None, None
            await _tell(db, wanted.activated_by, "activated", wanted.version)
            return int(await db.fetchval(SQL["add_step"], *told))

    async def roll_back(self, keys: tuple[SigningKey, SigningKey], number: int | None) -> RollBack:
        """Ends the activation of this number, by default the one in force; both keys sign it."""
        async with self._step() as (db, records, now):
            one, other = may_roll_back(records, (keys[0].public_key, keys[1].public_key), now)
            plan = plan_roll_back(book_of(records, verify)[0], now, number)
            message = roll_back_bytes(plan.undoes, plan.leaves, plan.version)
            signatures = [key.sign(message) for key in keys]
            told = Kind.ROLL_BACK, plan.version, plan.starts_at, one.staff, other.staff, plan.undoes, *signatures
            await db.execute(SQL["add_step"], *told)
            await _tell(db, one.staff, "rolled_back", plan.version)
            return plan

    async def begin_shadow(self, version: str) -> None:
        """In the place of one that runs."""
        async with self._step() as (db, records, _):
            usable(records, version)
            await db.execute(SQL["end_shadow"])
            await db.execute(SQL["begin_shadow"], version)
            await _tell(db, "operate", "shadow_begun", version)

    async def end_shadow(self, version: str | None) -> str:
        """Which one ended; without a version, the one that runs."""
        async with self._step() as (db, _, _):
            ended = await db.fetchval(SQL["end_shadow"])
            if ended is None or ended != (version or ended):
                raise refused(ReleaseRefusal.NO_SHADOW)
            await _tell(db, "operate", "shadow_ended", ended)
            return str(ended)

    async def tally(self, version: str) -> Tally:
        """What this release said otherwise, over all that it judged in shadow."""
        tally = Tally()
        async with self._pool.acquire() as db, db.transaction(readonly=True):
            async for row in db.cursor(SQL["shadow_decisions"], version, prefetch=1000):
                tally.add(row["event_id"], row["differs"])
        return tally


async def _tell(db: Connection, by: str, step: str, version: str | None = None) -> None:
    body = {"step": step, "version": version and as_code(version)}
    await AccessLog.append(db, "operate", AccessKind.POLICY_CHANGED, actor_of(by), body)
