import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from pipeline.adapters.postgres import keys
from pipeline.adapters.postgres.keys import CACHED_FOR_S, CaseKeys, KeyName, Purpose, slot_of
from pipeline.adapters.vault import KeyPurpose, KeyRing, new_key, seal

FIRST, SECOND = (KeyName(UUID(int=number), Purpose.REPORT) for number in (1, 2))


class Store:
    """A pool that knows every key until it is told otherwise, and notes what it was asked for."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self.asked: list[list[UUID]] = []
        self.erased: set[UUID] = set()
        self.erasures: list[UUID] = []

    def erase(self, owner: UUID) -> None:
        self.erased.add(owner)
        self.erasures.append(owner)

    async def fetchval(self, _statement: str) -> int:
        return len(self.erasures)

    async def fetch(self, statement: str, *told: Any) -> list[dict[str, object]]:  # noqa: ANN401 - as asyncpg
        if statement == keys.ERASED["erased_after"]:
            return [{"owner_id": o, "number": n} for n, o in enumerate(self.erasures, 1) if n > told[0]]
        return self._keys_of(*told)

    def _keys_of(self, owners: Sequence[UUID], purposes: Sequence[str]) -> list[dict[str, object]]:
        self.asked.append(list(owners))
        return [
            {"owner_id": owner, "purpose": purpose, "generation": 1, "wrapped": wrapped(self._ring, owner, purpose)}
            for owner, purpose in zip(owners, purposes, strict=True)
            if owner not in self.erased
        ]


def wrapped(ring: KeyRing, owner: UUID, purpose: str) -> bytes:
    key = ring.held(KeyPurpose.WRAPPING)
    assert key
    return seal(key, new_key(), slot_of(KeyName(owner, Purpose(purpose)), 1))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(keys.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(KeyRing.create(tmp_path / "ring.json"))


@pytest.fixture
def cached(store: Store) -> CaseKeys:
    return CaseKeys(store, store._ring)  # type: ignore[arg-type]  # noqa: SLF001


async def test_a_key_is_asked_for_once_a_minute(cached: CaseKeys, store: Store, clock: list[float]) -> None:
    await cached.fetch([FIRST])
    clock[0] += CACHED_FOR_S - 1
    await cached.fetch([FIRST])
    assert store.asked == [[FIRST.owner]]


async def test_the_key_of_an_erased_case_is_given_to_nobody_from_then_on(cached: CaseKeys, store: Store) -> None:
    store.erase(UUID(int=7))
    assert (await cached.fetch([FIRST, SECOND])).keys() == {FIRST, SECOND}
    store.erase(FIRST.owner)
    assert (await cached.fetch([FIRST, SECOND])).keys() == {SECOND}
    assert (await cached.fetch([FIRST])) == {}
    assert [FIRST.owner] in store.asked, "it was dropped and asked for anew, and the other one was kept"
    assert [SECOND.owner] not in store.asked


async def test_the_key_that_is_lost_otherwise_is_gone_a_minute_later(
    cached: CaseKeys, store: Store, clock: list[float]
) -> None:
    await cached.fetch([FIRST])
    store.erased.add(FIRST.owner)
    clock[0] += CACHED_FOR_S / 2
    await cached.fetch([SECOND])
    clock[0] += CACHED_FOR_S / 2 + 1
    assert (await cached.fetch([FIRST, SECOND])).keys() == {SECOND}


async def test_a_key_that_came_anew_does_not_keep_older_ones(
    cached: CaseKeys, store: Store, clock: list[float]
) -> None:
    await cached.fetch([FIRST])
    clock[0] += 10
    await cached.fetch([SECOND])
    clock[0] += CACHED_FOR_S - 5
    await cached.fetch([FIRST])
    clock[0] += 6
    store.erased.add(SECOND.owner)
    assert (await cached.fetch([FIRST, SECOND])).keys() == {FIRST}


async def test_a_key_leaves_memory_though_nobody_asks(cached: CaseKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    loop, timers = asyncio.get_running_loop(), list[tuple[float, Callable[[], object]]]()
    monkeypatch.setattr(loop, "call_later", lambda wait_s, act, *told: timers.append((wait_s, partial(act, *told))))
    began = time.monotonic()
    await cached.fetch([FIRST, SECOND])
    ((wait_s, act),) = timers
    assert CACHED_FOR_S - 1 < wait_s <= CACHED_FOR_S
    act()
    assert len(cached._cached) == 2  # noqa: SLF001 - what lies in memory
    monkeypatch.setattr(keys.time, "monotonic", lambda: began + CACHED_FOR_S + 1)
    timers.pop()[1]()
    assert not cached._cached  # noqa: SLF001


async def test_which_keys_were_given_out_is_told_once(cached: CaseKeys) -> None:
    await cached.fetch([FIRST])
    await cached.fetch([FIRST, SECOND])
    assert cached.used() == {FIRST, SECOND}
    assert cached.used() == frozenset()
    cached.forget(FIRST.owner)
    assert set(cached._cached) == {SECOND}  # noqa: SLF001
