"""What every process and command stands on: open databases of the right schema, and the right keys."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from pipeline.adapters.erasure_list import ErasureList
from pipeline.adapters.postgres.database import (
    STATEMENT_TIMEOUT_MS,
    Pool,
    Role,
    open_pool,
    with_retries,
)
from pipeline.adapters.postgres.erasure_check import require_applied
from pipeline.adapters.postgres.key_versions import prove_keys, prove_wrapping
from pipeline.adapters.postgres.migrate import DATA, KEYS, refuse_other_schema
from pipeline.adapters.postgres.quiet import refuse_talkative_log
from pipeline.adapters.vault import FIRST_VERSION, KeyRing, Wrapping
from pipeline.adapters.vault.hsm import hsm_wrapping
from pipeline.settings import Settings

ASK_FOR_S = 2.0
"""Somebody waits for the answer of a command."""


def worker_name(stage: str) -> str:
    """Another one after every start, so that what a dead process left behind is known for another's."""
    return f"{stage}-{socket.gethostname()[:24]}-{os.getpid()}-{os.urandom(3).hex()}"


@dataclass(frozen=True, slots=True)
class Ground:
    """What every process stands on: an open database of the right schema, and the right keys."""

    pool: Pool
    ring: KeyRing


async def create_ring(settings: Settings) -> None:
    """Draws a new key ring and, where case keys are wrapped elsewhere, the key that wraps them. Raises FileExistsError
    where a ring is there already, OSError, KeysRefusedError.
    """
    wrapping = wrapping_of(settings)
    KeyRing.create(settings.key_file, wrapping)
    if wrapping:
        await wrapping.draw(FIRST_VERSION)


def wrapping_of(settings: Settings) -> Wrapping | None:
    """What wraps in the place of the key ring's own key."""
    if settings.wrapping_key == "file":
        return None
    return hsm_wrapping(settings.wrapping_key, settings.hsm_pin_file)


@asynccontextmanager
async def ground(  # noqa: PLR0913 - as open_pool, and what may be there
    settings: Settings,
    name: str,
    role: Role,
    *,
    connections_max: int = 4,
    timeout_ms: int = STATEMENT_TIMEOUT_MS,
    is_applied: bool = True,
) -> AsyncIterator[Ground]:
    """`is_applied=False`: also where a restore has brought back what was erased."""
    ring = KeyRing.load(settings.key_file, wrapping_of(settings))
    async with AsyncExitStack() as stack:
        pool = await pool_of(
            stack, settings.postgres_dsn, name, role, connections_max=connections_max, timeout_ms=timeout_ms
        )
        async with pool.acquire() as db:
            await refuse_other_schema(db, DATA)
            await prove_keys(db, ring)
        if is_applied:
            await require_applied(pool, None, ErasureList(settings.erasure_list))
        yield Ground(pool, ring)


async def keys_pool_of(  # noqa: PLR0913 - as _pool, and what it is compared with
    stack: AsyncExitStack,
    settings: Settings,
    on: Ground,
    name: str,
    role: Role,
    *,
    connections_max: int = 2,
    timeout_ms: int = STATEMENT_TIMEOUT_MS,
) -> Pool:
    """The store of case keys; it must know every erasure that the data database and the list know, and they its own."""
    pool = await pool_of(stack, settings.keys_dsn, name, role, connections_max=connections_max, timeout_ms=timeout_ms)
    async with pool.acquire() as db:
        await refuse_other_schema(db, KEYS)
        await prove_wrapping(db, on.ring)
    await require_applied(on.pool, pool, ErasureList(settings.erasure_list))
    return pool


async def pool_of(  # noqa: PLR0913 - as open_pool, and the stack that closes it
    stack: AsyncExitStack,
    dsn: str,
    name: str,
    role: Role,
    *,
    connections_max: int = 4,
    durable: bool = True,
    timeout_ms: int = STATEMENT_TIMEOUT_MS,
) -> Pool:
    pool = await with_retries(
        lambda: open_pool(
            dsn, name=name, role=role, connections_max=connections_max, durable=durable, timeout_ms=timeout_ms
        )
    )
    stack.callback(pool.terminate)
    async with pool.acquire() as db:
        await refuse_talkative_log(db)
    return pool
