"""What ties members of staff to reports: tokens of the blind index, and sealed what they were made of."""

from collections.abc import Iterable

import orjson

from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.key_versions import look_at_keys
from pipeline.adapters.postgres.keys import CaseKeys, KeyName, Purpose
from pipeline.adapters.postgres.sql import Queries
from pipeline.adapters.postgres.staff_book import tell_staff_changed
from pipeline.adapters.vault import KeyPurpose, KeyRing, KeySet, Slot, seal, unseal
from pipeline.contracts.ids import derived
from pipeline.domain.link import Key, KeyKind
from pipeline.errors import StaffRefusedError

SQL = Queries.of("ties")


class Ties:
    """`pool` is of the operators' role. Every call raises UnavailableError while a database is away."""

    def __init__(self, pool: Pool, keys: CaseKeys, ring: KeyRing) -> None:
        self._pool, self._keys, self._ring = pool, keys, ring

    async def tie(self, staff: str, keys: Iterable[Key]) -> int:
        """From now on, cases that one of these keys leads to are not there for this member of staff; how many keys.
        What was told before is replaced. Raises StaffRefusedError where nobody has this code.
        """
        if not await with_retries(lambda: self._pool.fetchval(SQL["is_staff"], staff)):
            raise StaffRefusedError("unknown_staff", f"nobody has the staff code {staff}")
        return await self._put(staff, sorted(keys), "tied")

    async def untie(self, staff: str) -> int:
        """Forgets all of it; how many keys there were."""
        rows = await with_retries(lambda: self._pool.fetch(SQL["sealed"], staff))
        await self._put(staff, [], "untied")
        return len(rows)

    async def renew(self) -> int:
        """Makes every token anew under each live index key, and seals what it was made of under the newest key; of how
        many members of staff. Whoever replaces either key calls it after the new version is live, and again before the
        old one goes.
        """
        people = [row["staff"] for row in await with_retries(lambda: self._pool.fetch(SQL["tied"]))]
        for staff in people:
            await self._put(staff, await self._known(staff), "tied_anew")
        return len(people)

    async def _known(self, staff: str) -> list[Key]:
        rows = await with_retries(lambda: self._pool.fetch(SQL["sealed"], staff))
        name = _key_name(staff)
        opened = await self._keys.opening((name, row["sealed"]) for row in rows)
        told = {unseal(opened[name], row["sealed"], _slot(name)) for row in rows}
        return sorted(Key(KeyKind(kind), value) for kind, value in map(orjson.loads, told))

    async def _put(self, staff: str, keys: list[Key], what: str) -> int:
        name = _key_name(staff)
        await with_retries(lambda: look_at_keys(self._pool, self._ring))
        rows = self._rows(keys, (await self._keys.make([name]))[name], name) if keys else []

        async def act() -> None:
            async with self._pool.acquire() as db, db.transaction():
                await db.execute(SQL["forget"], staff)
                await db.execute(SQL["tie"], staff, *([row[n] for row in rows] for n in range(3)))
                await tell_staff_changed(db, staff, what, {"keys": len(keys)})

        await with_retries(act)
        return len(keys)

    def _rows(self, keys: list[Key], sealing: KeySet, name: KeyName) -> list[tuple[bytes, bytes, int]]:
        """A token under each live version: reports lie under any of them."""
        versions = sorted(self._ring.live(KeyPurpose.INDEX).versions)
        sealed = {key: seal(sealing, orjson.dumps([key.kind, key.value]), _slot(name)) for key in keys}
        return [(self._ring.token(key, version), sealed[key], version) for key in keys for version in versions]


def _key_name(staff: str) -> KeyName:
    return KeyName(derived("staff", staff.casefold()), Purpose.STAFF)


def _slot(name: KeyName) -> Slot:
    return Slot("staff_tie", "sealed", name.owner)
