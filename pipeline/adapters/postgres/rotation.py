"""Replaces keys while all runs. Each rotation may be broken off at any moment; begun again, it goes on."""

import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, assert_never
from uuid import UUID

from pipeline.adapters.postgres.database import Connection, Pool, with_retries
from pipeline.adapters.postgres.key_turns import SQL, Prepare, RequireDone, Turns, Unfinished, VersionRow
from pipeline.adapters.postgres.keys import CaseKeys, KeyName, Purpose, slot_of
from pipeline.adapters.postgres.reindex import Reindex
from pipeline.adapters.postgres.resealing import seal_cases_anew, seal_unread_anew, wrap_anew
from pipeline.adapters.vault import COUNTED, KeyPurpose
from pipeline.errors import KeysRefusedError

AT_ONCE = 25
"""Cases in one transaction, which hold their rows."""
WRAPPED_AT_ONCE = 100
PASSES_MAX = 10
_NO_ID = UUID(int=0)

Row = Mapping[str, Any]
InData = Callable[[Connection, CaseKeys, Sequence[UUID], int], Awaitable[int]]
Tell = Callable[[int], None]
"""Hears how many values have been put under the new key, as the number grows."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """Every method raises KeysRefusedError and UnavailableError; what was done until then stays done."""

    turns: Turns
    keys: CaseKeys
    reindex: Reindex
    renew_ties: Prepare

    async def rotate(self, purpose: KeyPurpose, tell: Tell) -> int:
        """Puts all that lies under older versions of this key under its current one, or, if nothing does, under a new
        one; the version.
        """
        async with self.turns.alone():
            current = await self.turns.begin(purpose, self._prepared(purpose))
            if (
                purpose is KeyPurpose.DIGESTING
            ):  # what stands in the inbox is never changed: its digests keep their version
                return current
            for _ in range(PASSES_MAX):
                await self._pass(purpose, current, tell)
                with contextlib.suppress(Unfinished):
                    await self.turns.retire(purpose, current, self._require_done(purpose, current))
                    if purpose is KeyPurpose.INDEX:
                        await self.renew_ties()
                    return current
        raise KeysRefusedError(f"values are put under older {purpose} keys again and again: does an old release run?")

    def _prepared(self, purpose: KeyPurpose) -> Prepare:
        """Who is tied to a case is known under each live version before the first report comes under a new one."""
        return self.renew_ties if purpose is KeyPurpose.INDEX else _nothing

    async def _pass(self, purpose: KeyPurpose, current: int, tell: Tell) -> None:
        match purpose:
            case KeyPurpose.WRAPPING:
                await self._wrap_case_keys(current, tell)
            case KeyPurpose.CASE:
                await self._renew_case_keys(current, tell)
                await self.renew_ties()
            case KeyPurpose.DATA:
                await self._renew_data_keys(current, tell)
            case KeyPurpose.INDEX:
                await self.reindex.run(tell)
            case KeyPurpose.DIGESTING:
                return
            case _:
                assert_never(purpose)

    async def _wrap_case_keys(self, current: int, tell: Tell) -> None:
        last: tuple[UUID, str, int] = (_NO_ID, "", 0)
        done = 0
        while rows := await self._fetch(self.turns.keys_pool, "next_wrapped", current, *last, WRAPPED_AT_ONCE):
            named = [(r["owner_id"], r["purpose"], r["generation"]) for r in rows]
            slots = [slot_of(KeyName(owner, Purpose(purpose)), generation) for owner, purpose, generation in named]
            wrapping = self.turns.ring.wrapping
            opened = await wrapping.unwrap([(r["wrapped"], slot) for r, slot in zip(rows, slots, strict=True)])
            wrapped = await wrapping.wrap(list(zip(opened, slots, strict=True)), current)
            told = [(*name, one) for name, one in zip(named, wrapped, strict=True)]
            await self._in_keys("wrap_anew", *(list(column) for column in zip(*told, strict=True)), current)
            last, done = named[-1], done + len(rows)
            tell(done)

    async def _renew_case_keys(self, current: int, tell: Tell) -> None:
        last: tuple[UUID, str] = (_NO_ID, "")
        done = 0
        while rows := await self._fetch(self.turns.keys_pool, "next_older", current, *last, 2 * AT_ONCE):
            names = [KeyName(r["owner_id"], Purpose(r["purpose"])) for r in rows]
            await with_retries(partial(self.keys.make, names))
            owners = sorted({name.owner for name in names})
            done += await self._in_data(wrap_anew, owners, current)
            last = (rows[-1]["owner_id"], rows[-1]["purpose"])
            tell(done)

    async def _renew_data_keys(self, current: int, tell: Tell) -> None:
        done = 0
        for query, column, seal in (
            ("next_cases", "case_id", seal_cases_anew),
            ("next_unread", "unread_id", seal_unread_anew),
        ):
            last = _NO_ID
            while rows := await self._fetch(self.turns.pool, query, last, AT_ONCE):
                owners = [r[column] for r in rows]
                done += await self._in_data(seal, owners, current)
                last = owners[-1]
                tell(done)

    async def _in_data(self, act: InData, owners: Sequence[UUID], current: int) -> int:
        async def once() -> int:
            async with self.turns.pool.acquire() as db, db.transaction():
                return await act(db, self.keys, owners, current)

        return await with_retries(once)

    async def _fetch(self, pool: Pool, name: str, *told: object) -> Sequence[Row]:
        return await with_retries(lambda: pool.fetch(SQL[name], *told))

    def _require_done(self, purpose: KeyPurpose, current: int) -> RequireDone:
        """What lies under an older version and has no key at all is erased."""

        async def look(db: Connection) -> None:
            found = await db.fetch(SQL[f"under_{purpose}"], current)
            if purpose in COUNTED:
                owners = [row["owner_id"] for row in found]
                found = await self.turns.keys_pool.fetch(SQL["owners_alive"], owners) if owners else []
            if purpose is KeyPurpose.CASE and not found:
                found = await db.fetch(SQL["ties_under"], current)
            if found:
                raise Unfinished

        return look

    async def status(self) -> list[VersionRow]:
        """Every version of every key that lies somewhere, and how many values lie under it."""
        counts: dict[tuple[KeyPurpose, int], int] = {}
        for purpose in KeyPurpose:
            pool = self.turns.keys_pool if purpose is KeyPurpose.WRAPPING else self.turns.pool
            for row in await self._fetch(pool, f"count_{purpose}"):
                counts[purpose, row["version"]] = row["n"]
        rows = await self.turns.versions()
        return [row._replace(values=counts.get((row.purpose, row.version), 0)) for row in rows]

    async def prune(self, days: int) -> list[VersionRow]:
        """Forgets versions that have been retired for so many days: from then on a backup that is older opens no more.
        Those that were forgotten.
        """
        async with self.turns.alone():
            await self.turns.look()
            before = datetime.now(UTC) - timedelta(days=days)
            old = [r for r in await self.status() if r.retired_at and r.retired_at <= before]
            held = await self.turns.ring.wrapping.versions()
            return [row for row in old if await self._forget(row, held)]

    async def _forget(self, row: VersionRow, wraps: frozenset[int]) -> bool:
        ring, purpose, version = self.turns.ring, row.purpose, row.version
        found = ring.held(purpose)
        match purpose:
            case KeyPurpose.WRAPPING:
                if row.values or version not in wraps:
                    return False
                await ring.wrapping.drop([version])
            case KeyPurpose.CASE:
                if await self._in_keys("drop_older", version + 1) == "DELETE 0":
                    return False
            case KeyPurpose.INDEX | KeyPurpose.DIGESTING:
                if row.values or found is None or version not in found.versions:
                    return False
                ring.file.drop(purpose, [version])
                ring.refresh()
            case KeyPurpose.DATA:
                return False
        await self.turns.told(purpose, version, "dropped")
        return True

    async def _in_keys(self, name: str, *told: object) -> str:
        return str(await with_retries(lambda: self.turns.keys_pool.execute(SQL[name], *told)))


async def _nothing() -> None:
    """What most keys need before a new version is taken up."""
