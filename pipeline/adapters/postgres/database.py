"""Connections: bounded waits, JSON as values, and which errors are worth another try."""

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TypeAlias, TypeVar

import asyncpg
import orjson
from tenacity import AsyncRetrying, RetryError, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from pipeline.errors import UnavailableError

LOCK_TIMEOUT_MS = 3000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 3000
STATEMENT_TIMEOUT_MS = 5000
COUNTING_TIMEOUT_MS = 60000
CONNECT_TIMEOUT_S = 5.0
RETRY_FOR_S = 12.0
"""Stays below Kafka's max.poll.interval of 20 s, so that a worker that cannot write gives up before its partitions are
taken from it.
"""

TRANSIENT = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # how a connection that broke in mid-answer ends when it is given back
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.QueryCanceledError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    OSError,
    TimeoutError,
)

Pool: TypeAlias = asyncpg.Pool
Connection: TypeAlias = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy

T = TypeVar("T")


async def _as_json(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + orjson.dumps(value),
        decoder=lambda value: orjson.loads(value[1:]),
        format="binary",
    )


class Role(StrEnum):
    """What a connection may do; see `roles.sql`."""

    ASSESS = "anwang_assess"
    RELAY = "anwang_relay"
    AUDITOR = "anwang_auditor"
    INTAKE = "anwang_intake"
    FEEDS = "anwang_feeds"
    DESK = "anwang_desk"
    OPERATE = "anwang_operate"
    WATCH = "anwang_watch"
    PEOPLE = "anwang_people"


def session_settings(
    name: str, role: Role | None, *, durable: bool = True, timeout_ms: int = STATEMENT_TIMEOUT_MS
) -> dict[str, str]:
    """What every session of ours sets: no wait is without bound. The name is cut to what the server keeps of it.
    Without a role it acts as whoever logged in: to migrate.
    """
    settings = {
        "application_name": name[:63],
        "lock_timeout": str(LOCK_TIMEOUT_MS),
        "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_TIMEOUT_MS),
        "statement_timeout": str(timeout_ms),
        "synchronous_commit": "on" if durable else "off",
        "timezone": "UTC",
    }
    return settings if role is None else {**settings, "role": role.value}


async def connect(
    dsn: str, *, name: str, role: Role | None, timeout_ms: int = STATEMENT_TIMEOUT_MS
) -> asyncpg.Connection:
    """One connection outside a pool, under the same bounds."""
    settings = session_settings(name, role, timeout_ms=timeout_ms)
    return await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT_S, server_settings=settings)


async def open_pool(  # noqa: PLR0913 - where, who, and the bounds
    dsn: str,
    *,
    name: str,
    role: Role | None,
    connections_max: int = 4,
    durable: bool = True,
    timeout_ms: int = STATEMENT_TIMEOUT_MS,
) -> Pool:
    """A pool whose sessions never wait without bound. `durable=False` lets a commit return before it is on disk: for
    hints only.
    """
    pool = await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=connections_max,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=timeout_ms / 1000,
        init=_as_json,
        server_settings=session_settings(name, role, durable=durable, timeout_ms=timeout_ms),
    )
    assert pool is not None  # noqa: S101 - create_pool is typed for its un-awaited form
    return pool


async def with_retries(act: Callable[[], Awaitable[T]], *, for_s: float = RETRY_FOR_S) -> T:
    """Tries again while the error is transient; raises UnavailableError past the bound."""
    try:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(TRANSIENT),
            stop=stop_after_delay(for_s),
            wait=wait_exponential_jitter(multiplier=0.05, max=1.0),
            sleep=asyncio.sleep,
        ):
            with attempt:
                return await act()
    except RetryError as error:
        cause = error.last_attempt.exception()
        raise UnavailableError(
            f"the database did not answer within {for_s:.0f} s: {type(cause).__name__}",
            is_overrun=isinstance(cause, asyncpg.IdleInTransactionSessionTimeoutError),
        ) from cause
    raise AssertionError("a retry ends in a value or an error")
