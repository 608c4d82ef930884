"""Who is who: the one place that chooses an adapter for each port, builds the processes from settings, and drives
them.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from pipeline.adapters.kafka.intake import Intake
from pipeline.adapters.kafka.onlooker import Onlooker, explain_gap
from pipeline.adapters.kafka.outlet import Outlet
from pipeline.adapters.kafka.topics import ensure_topics
from pipeline.adapters.postgres.assess_store import AssessStore
from pipeline.adapters.postgres.audit_store import AuditStore
from pipeline.adapters.postgres.database import (
    COUNTING_TIMEOUT_MS,
    STATEMENT_TIMEOUT_MS,
    Pool,
    open_pool,
    with_retries,
)
from pipeline.adapters.postgres.keys import CaseKeys
from pipeline.adapters.postgres.migrate import DATA, KEYS, migrate, prove_keys, refuse_other_schema
from pipeline.adapters.postgres.relay_store import RelayStore
from pipeline.adapters.vault import KeyRing
from pipeline.contracts.messages import Stream
from pipeline.contracts.topics import intake_topics
from pipeline.domain.ledger import AlarmRow, LedgerState, UnreadRow
from pipeline.ports import Telling
from pipeline.settings import Settings, directory_of
from pipeline.stages.assess import Assess, Claims
from pipeline.stages.audit import Auditor
from pipeline.stages.ledger import ledger_state
from pipeline.stages.relay import Relay

AUDIT_EVERY_S = 1.0

Beat = Callable[[], None]


def worker_name(stage: str) -> str:
    """Another one after every start, so that what a dead process left behind is known for another's."""
    return f"{stage}-{socket.gethostname()[:24]}-{os.getpid()}-{os.urandom(3).hex()}"


def stop_on_signals() -> asyncio.Event:
    """Set by SIGTERM and SIGINT: the turn in hand is finished, then the process ends."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def drive(turn: Callable[[], Awaitable[object]], beat: Beat, *, pause_s: float = 0.0) -> None:
    """Turns until told to stop. Only a turn that has ended moves the beat. Whatever a turn raises ends the process."""
    stop = stop_on_signals()
    while not stop.is_set():
        await turn()
        beat()
        if pause_s:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await stop.wait()


@dataclass(frozen=True, slots=True)
class Ground:
    """What every process stands on: an open database of the right schema, and the right keys."""

    pool: Pool
    ring: KeyRing


@asynccontextmanager
async def ground(
    settings: Settings, name: str, *, connections_max: int = 4, timeout_ms: int = STATEMENT_TIMEOUT_MS
) -> AsyncIterator[Ground]:
    ring = KeyRing.load(settings.key_file)
    async with AsyncExitStack() as stack:
        pool = await _pool(stack, settings.postgres_dsn, name, connections_max=connections_max, timeout_ms=timeout_ms)
        async with pool.acquire() as db:
            await refuse_other_schema(db, DATA)
            await prove_keys(db, ring.proof)
        yield Ground(pool, ring)


async def _pool(  # noqa: PLR0913 - as open_pool, and the stack that closes it
    stack: AsyncExitStack,
    dsn: str,
    name: str,
    *,
    connections_max: int = 4,
    durable: bool = True,
    timeout_ms: int = STATEMENT_TIMEOUT_MS,
) -> Pool:
    pool = await with_retries(
        lambda: open_pool(dsn, name=name, connections_max=connections_max, durable=durable, timeout_ms=timeout_ms)
    )
    stack.callback(pool.terminate)
    return pool


async def run_assess(settings: Settings, telling: Telling, beat: Beat) -> None:
    name = worker_name("assess")
    async with ground(settings, name) as on, AsyncExitStack() as stack:
        keys_pool = await _pool(stack, settings.keys_dsn, name, connections_max=2)
        async with keys_pool.acquire() as db:
            await refuse_other_schema(db, KEYS)
        marks = await _pool(stack, settings.postgres_dsn, name, connections_max=1, durable=False)
        directory = directory_of(settings)
        store = AssessStore(on.pool, marks, CaseKeys(keys_pool, on.ring), on.ring, directory=directory, worker=name)
        claims = Claims(store, telling)
        intake = Intake(settings.kafka_bootstrap, settings.kafka_group, name, claims)
        stack.push_async_callback(intake.stop)
        await intake.start()

        async def explain(stream: Stream, first: int, found: int) -> bool:
            return await explain_gap(settings.kafka_bootstrap, stream, first, found)

        stage = Assess(
            intake, store, claims, explain=explain, digest=on.ring.digest, directory=directory, telling=telling
        )
        await drive(stage.turn, beat)
        await stage.hint()


async def run_relay(settings: Settings, telling: Telling, beat: Beat) -> None:
    name = worker_name("relay")
    async with ground(settings, name) as on, AsyncExitStack() as stack:
        box = RelayStore(on.pool, settings.postgres_dsn, name)
        stack.push_async_callback(box.close)
        onlooker = await stack.enter_async_context(Onlooker(settings.kafka_bootstrap, name))
        outlet = Outlet(settings.kafka_bootstrap, name)
        stack.push_async_callback(outlet.stop)
        await outlet.start()
        relay = Relay(box, outlet, onlooker, telling)
        stack.push_async_callback(relay.give_back)
        await drive(relay.turn, beat)


async def run_auditor(settings: Settings, telling: Telling, beat: Beat) -> None:
    name = worker_name("auditor")
    async with (
        ground(settings, name, timeout_ms=COUNTING_TIMEOUT_MS) as on,
        Onlooker(settings.kafka_bootstrap, name) as onlooker,
    ):
        auditor = Auditor(AuditStore(on.pool), onlooker, on.ring.digest, telling)
        await drive(auditor.turn, beat, pause_s=AUDIT_EVERY_S)


async def read_ledger(settings: Settings) -> LedgerState:
    """The ledger as it stands now, counted anew."""
    name = worker_name("ledger")
    async with (
        ground(settings, name, timeout_ms=COUNTING_TIMEOUT_MS) as on,
        Onlooker(settings.kafka_bootstrap, name) as onlooker,
    ):
        return await ledger_state(AuditStore(on.pool), onlooker)


async def read_unread(settings: Settings) -> list[UnreadRow]:
    """The reports that wait for a person because nobody could read or may believe them."""
    async with ground(settings, worker_name("unread")) as on:
        return await AuditStore(on.pool).unread_list()


async def mark_read(settings: Settings, unread_id: UUID, by: str) -> bool:
    """A person has read this report; False where no such one waits."""
    async with ground(settings, worker_name("unread")) as on:
        return await AuditStore(on.pool).mark_read(unread_id, by)


async def read_alarms(settings: Settings) -> list[AlarmRow]:
    """What rings now."""
    async with ground(settings, worker_name("alarms")) as on:
        return await AuditStore(on.pool).open_alarms()


async def settle_alarm(settings: Settings, alarm_id: int, by: str) -> bool:
    """A person has looked at this alarm; False where no such one rings."""
    async with ground(settings, worker_name("alarms")) as on:
        return await AuditStore(on.pool).settle_alarm(alarm_id, by)


async def migrate_all(settings: Settings) -> tuple[str, ...]:
    """Brings both databases to this program's schema; the names of what was applied."""
    return (*await migrate(settings.keys_dsn, KEYS), *await migrate(settings.postgres_dsn, DATA))


async def create_topics(settings: Settings) -> tuple[str, ...]:
    """Creates the topics that are missing; their names."""
    sources = directory_of(settings).sources.values()
    return await ensure_topics(
        settings.kafka_bootstrap,
        intake_topics((s.code, s.kind) for s in sources),
        partitions=settings.partitions,
        replicas=settings.replicas,
    )
