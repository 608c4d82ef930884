"""The store of case keys: a database of its own, written before the data that needs them."""

import time
from collections import OrderedDict
from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from pipeline.adapters.postgres.database import Pool
from pipeline.adapters.postgres.sql import Queries
from pipeline.adapters.vault import KEY_VERSION, KeyRing, new_key

CACHED_FOR_S = 60.0

ERASED = Queries.of("erased_keys")


class Purpose(StrEnum):
    REPORT = "report"
    ORIGINAL = "original"
    UNREAD = "unread"


class KeyName(NamedTuple):
    owner: UUID
    purpose: Purpose


Keys = dict[KeyName, bytes]


class CaseKeys:
    """Unwrapped keys of cases, kept in memory for at most 60 s."""

    def __init__(self, pool: Pool, ring: KeyRing) -> None:
        self._pool = pool
        self._ring = ring
        self._cached: OrderedDict[KeyName, tuple[float, bytes]] = OrderedDict()
        self._erased_no: int | None = None

    def _present(self, names: Iterable[KeyName]) -> Keys:
        self._forget(time.monotonic() - CACHED_FOR_S)
        return {name: self._cached[name][1] for name in names if name in self._cached}

    def _forget(self, oldest: float) -> None:
        """Drops what was put here before `oldest`. The cache stands in the order of time."""
        while self._cached and next(iter(self._cached.values()))[0] < oldest:
            self._cached.popitem(last=False)

    async def fetch(self, names: Iterable[KeyName]) -> Keys:
        """Those of these keys that exist. One that is gone belongs to an erased case: what was erased before this is
        asked is given to nobody, though it was kept in memory.
        """
        await self._drop_erased()
        wanted = set(names)
        present = self._present(wanted)
        missing = wanted - present.keys()
        return present | await self._fetch(missing) if missing else present

    async def make(self, names: Iterable[KeyName]) -> Keys:
        """The keys of all these; one that did not exist has been made and stored before this returns. The key of an
        erased owner is stored by nobody: what a restored database settles again of it is sealed, and never opens.
        """
        all_names = set(names)
        present = await self.fetch(all_names)
        wanted = sorted(all_names - present.keys())
        if not wanted:
            return present
        rows = [
            (n.owner, n.purpose, KEY_VERSION, self._ring.wrap_owner_key(new_key(), n.owner, n.purpose)) for n in wanted
        ]
        await self._pool.execute(
            """
            INSERT INTO case_key (owner_id, purpose, key_version, wrapped)
            SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::bytea[]) ON CONFLICT DO NOTHING
            """,
            *(list(column) for column in zip(*rows, strict=True)),
        )
        made = await self._fetch(wanted)
        return present | made | {name: new_key() for name in wanted if name not in made}

    async def _drop_erased(self) -> None:
        if self._erased_no is None:
            self._erased_no = await self._pool.fetchval(ERASED["last_erased"])
            return
        for row in await self._pool.fetch(ERASED["erased_after"], self._erased_no):
            self.forget(row["owner_id"])
            self._erased_no = row["number"]

    def forget(self, owner: UUID) -> None:
        """Its keys are in memory no more."""
        for purpose in Purpose:
            self._cached.pop(KeyName(owner, purpose), None)

    async def _fetch(self, names: Collection[KeyName]) -> Keys:
        rows = await self._pool.fetch(
            """
            SELECT owner_id, purpose, wrapped FROM case_key
            JOIN unnest($1::uuid[], $2::text[]) AS wanted (owner_id, purpose) USING (owner_id, purpose)
            """,
            [n.owner for n in names],
            [n.purpose for n in names],
        )
        names_found = [KeyName(row["owner_id"], Purpose(row["purpose"])) for row in rows]
        found = {
            name: self._ring.unwrap_owner_key(row["wrapped"], name.owner, name.purpose)
            for name, row in zip(names_found, rows, strict=True)
        }
        since = time.monotonic()
        for name, key in found.items():
            self._cached[name] = (since, key)
            self._cached.move_to_end(name)
        return found
