"""The store of case keys: a database of its own, written before the data that needs them."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple
from uuid import UUID
from weakref import WeakMethod

from pipeline.adapters.postgres.database import Pool
from pipeline.adapters.postgres.key_versions import SQL, look_at_wrapping
from pipeline.adapters.postgres.sql import Queries
from pipeline.adapters.vault import FIRST_VERSION, KeyPurpose, KeyRing, KeySet, Slot, new_key, version_of

CACHED_FOR_S = 60.0

ERASED = Queries.of("erased_keys")


class Purpose(StrEnum):
    REPORT = "report"
    ORIGINAL = "original"
    UNREAD = "unread"
    STAFF = "staff"
    NOTE = "note"


class KeyName(NamedTuple):
    owner: UUID
    purpose: Purpose


Keys = dict[KeyName, KeySet]
Wrapped = tuple[KeyName, bytes]
"""Whose key wraps a value, and the wrapped value."""


class CaseKeys:
    """Unwrapped keys of cases, kept in memory for at most 60 s: a timer drops them, whether or not anybody asks. `user`
    is the process that uses them, as the audit of access calls it.
    """

    def __init__(self, pool: Pool, ring: KeyRing, user: str = "operate") -> None:
        self.user = user
        self._pool = pool
        self._ring = ring
        self._cached: OrderedDict[KeyName, tuple[float, KeySet]] = OrderedDict()
        self._is_timed = False
        self._used: set[KeyName] = set()
        self._erased_no: int | None = None

    def _present(self, names: Iterable[KeyName]) -> Keys:
        self._expire(time.monotonic() - CACHED_FOR_S)
        return {name: self._cached[name][1] for name in names if name in self._cached}

    def _expire(self, oldest: float) -> None:
        """Drops what was put here before `oldest`. The cache stands in the order of time."""
        while self._cached and next(iter(self._cached.values()))[0] <= oldest:
            self._cached.popitem(last=False)

    def _on_time(self) -> None:
        self._is_timed = False
        self._expire(time.monotonic() - CACHED_FOR_S)
        self._set_timer()

    def _set_timer(self) -> None:
        if self._cached and not self._is_timed:
            self._is_timed = True
            wait_s = next(iter(self._cached.values()))[0] + CACHED_FOR_S - time.monotonic()
            asyncio.get_running_loop().call_later(max(0.0, wait_s), _call, WeakMethod(self._on_time))

    def forget(self, owner: UUID) -> None:
        """Drops all keys of this owner from memory, at once."""
        for name in [name for name in self._cached if name.owner == owner]:
            del self._cached[name]

    @property
    def are_used(self) -> bool:
        """Whether any was given out since `used` was last asked."""
        return bool(self._used)

    def used(self) -> frozenset[KeyName]:
        """The keys that were given out since this was last asked."""
        used, self._used = frozenset(self._used), set()
        return used

    def _give(self, keys: Keys) -> Keys:
        self._used |= keys.keys()
        return keys

    async def fetch(self, names: Iterable[KeyName]) -> Keys:
        """Those of these keys that exist. One that is gone belongs to an erased case: what was erased before this is
        asked is given to nobody, though it was kept in memory.
        """
        await self._drop_erased()
        return self._give(await self._found(set(names)))

    async def _found(self, wanted: set[KeyName]) -> Keys:
        present = self._present(wanted)
        missing = wanted - present.keys()
        return present | await self._fetch(missing) if missing else present

    async def _drop_erased(self) -> None:
        if self._erased_no is None:
            self._erased_no = await self._pool.fetchval(ERASED["last_erased"])
            return
        for row in await self._pool.fetch(ERASED["erased_after"], self._erased_no):
            self.forget(row["owner_id"])
            self._erased_no = row["number"]

    async def opening(self, wrapped: Iterable[Wrapped]) -> Keys:
        """As `fetch`, the keys that open all of these: where a key was replaced since it was fetched, it is fetched
        anew.
        """
        await self._drop_erased()
        needed = {(name, version_of(sealed)) for name, sealed in wrapped}
        keys = await self._found({name for name, _ in needed})
        stale = {name for name, version in needed if name in keys and version not in keys[name].versions}
        return self._give(keys | await self._fetch(stale) if stale else keys)

    async def make(self, names: Iterable[KeyName]) -> Keys:
        """The keys of all these, in the generation that new values need; one that did not exist has been made and
        stored before this returns. The key of an erased owner is stored by nobody: what a restored database settles
        again of it is sealed, and never opens. Nothing is opened by these: whether a case was erased meanwhile, who
        writes sees under the lock for linking.
        """
        all_names, generation = set(names), self._ring.current(KeyPurpose.CASE)
        present = await self._found(all_names)
        wanted = sorted(n for n in all_names if n not in present or present[n].current < generation)
        if wanted:
            await self._add(wanted, generation)
            present |= await self._fetch(wanted)
            present |= {name: KeySet.of(new_key(), generation) for name in wanted if name not in present}
        return self._give(present)

    async def _add(self, names: Collection[KeyName], generation: int) -> None:
        await look_at_wrapping(self._pool, self._ring)
        version = self._ring.current(KeyPurpose.WRAPPING)
        drawn = [(new_key(), slot_of(name, generation)) for name in names]
        wrapped = await self._ring.wrapping.wrap(drawn, version)
        rows = [(n.owner, n.purpose, generation, version, w) for n, w in zip(names, wrapped, strict=True)]
        await self._pool.execute(SQL["add"], *(list(column) for column in zip(*rows, strict=True)))

    async def _fetch(self, names: Collection[KeyName]) -> Keys:
        rows = await self._pool.fetch(SQL["fetch"], [n.owner for n in names], [n.purpose for n in names])
        told = [(KeyName(r["owner_id"], Purpose(r["purpose"])), r["generation"], r["wrapped"]) for r in rows]
        keys = await self._ring.wrapping.unwrap([(w, slot_of(name, g)) for name, g, w in told])
        opened = sorted((name, g, key) for (name, g, _), key in zip(told, keys, strict=True))
        found = {name: _key_set(of_it) for name, of_it in groupby(opened, key=lambda one: one[0])}
        since = time.monotonic()
        for name, key_set in found.items():
            self._cached[name] = (since, key_set)
            self._cached.move_to_end(name)
        self._set_timer()
        return found


def slot_of(name: KeyName, generation: int) -> Slot:
    """Where a case key lies, wrapped. The first generation's is called as it was before there were others."""
    column = name.purpose.value if generation == FIRST_VERSION else f"{name.purpose}/{generation}"
    return Slot("case_key", column, name.owner)


def _key_set(rows: Iterable[tuple[KeyName, int, bytes]]) -> KeySet:
    versions = {generation: key for _, generation, key in rows}
    return KeySet(max(versions), versions)


def _call(method: "WeakMethod[Callable[[], None]]") -> None:
    if act := method():
        act()
