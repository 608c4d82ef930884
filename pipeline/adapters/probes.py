"""Small questions to the servers: beside the work, so that readiness is known while nothing comes in, too, and from a
command that wants one answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from pipeline.adapters.kafka.brokers import Brokers
from pipeline.adapters.pulse import Pulse
from pipeline.errors import UnavailableError

PROBE_TIMEOUT_S = 3.0
AGAIN_AFTER_YES_S = 5.0
AGAIN_AFTER_NO_S = 0.1
"""A starting process is watched closely: somebody waits for it to be ready."""

T = TypeVar("T")
Probe = Callable[[], Awaitable[bool]]


async def watch(pulse: Pulse, probes: Mapping[str, Probe]) -> None:
    """Asks every probe again and again, each on its own, until cancelled."""
    async with asyncio.TaskGroup() as group:
        for need, probe in probes.items():
            group.create_task(_watch(pulse, need, probe))


async def _watch(pulse: Pulse, need: str, probe: Probe) -> None:
    pause_s, here = 0.0, asyncio.current_task()
    while here and not here.cancelling():  # a library may swallow the cancellation that ends this loop
        await asyncio.sleep(pause_s)
        answered = False
        with suppress(OSError, TimeoutError, KafkaError, asyncpg.PostgresError, asyncpg.InterfaceError):
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                answered = await probe()
        if answered:
            pulse.answered(need)
        pause_s = AGAIN_AFTER_YES_S if answered else min(AGAIN_AFTER_YES_S, max(AGAIN_AFTER_NO_S, pause_s * 1.5))


async def database_answers(dsn: str) -> bool:
    connection = await asyncpg.connect(dsn, timeout=PROBE_TIMEOUT_S, command_timeout=PROBE_TIMEOUT_S)
    try:
        return bool(await connection.fetchval("SELECT 1") == 1)
    finally:
        connection.terminate()


async def broker_answers(brokers: Brokers) -> bool:
    admin = AIOKafkaAdminClient(**brokers.options(), client_id="anwang-probe")
    try:
        await admin.start()
        return bool((await admin.describe_cluster())["brokers"])
    finally:
        await admin.close()


async def is_member(brokers: Brokers, group: str, client_prefix: str) -> bool:
    """Whether the group is settled and has a member whose client id begins so."""
    admin = AIOKafkaAdminClient(**brokers.options(), client_id="anwang-probe")
    try:
        await admin.start()
        told = [g for answer in await admin.describe_consumer_groups([group]) for g in answer.to_object()["groups"]]
    finally:
        await admin.close()
    return any(
        member["client_id"].startswith(client_prefix)
        for found in told
        if found["state"] == "Stable"
        for member in found["members"]
    )


def asked(question: Coroutine[Any, Any, T], run: Callable[[Coroutine[Any, Any, T]], T] = asyncio.run) -> T:
    """The answer, waited for by `run`. Raises UnavailableError, without a word of the server's, where there is none."""
    try:
        return run(question)
    except KafkaError as error:
        raise UnavailableError(f"Kafka does not answer: {type(error).__name__}") from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise UnavailableError(f"Postgres refuses: {type(error).__name__}") from error
    except (OSError, TimeoutError) as error:
        raise UnavailableError(f"a server does not answer: {type(error).__name__}") from error
