"""The real broker and the real Postgres, started as a bare machine would start them."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from pipeline.local import postgres, postgres_programs
from pipeline.local.errors import AlreadyRunningError, LocalError
from pipeline.local.folders import open_folders
from pipeline.local.processes import is_alive
from pipeline.local.servers import Servers
from pipeline.local.stack import Stack

JARS = Path(__file__).parents[2] / ".anwang" / "kafka" / "libs"
TOPIC = "intake.test.v1"
CHILDREN = ("postgres", "kafka")


def long_path(base: Path) -> Path:
    return base / ("long-" + "x" * (150 - len(str(base)) - 6))


@pytest.fixture(params=["plain", "a space and 安網, a:colon", "150 characters"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    base = tmp_path / "r"
    return long_path(base) if request.param == "150 characters" else base / request.param


@asynccontextmanager
async def producing(servers: Servers) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=servers.kafka_bootstrap, max_request_size=11_000_000, enable_idempotence=True
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def make_topic(servers: Servers) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.kafka_bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(TOPIC, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def send(servers: Servers, *values: bytes) -> None:
    async with producing(servers) as producer:
        for value in values:
            await producer.send_and_wait(TOPIC, value)


async def receive(servers: Servers, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(
        TOPIC,
        bootstrap_servers=servers.kafka_bootstrap,
        auto_offset_reset="earliest",
        group_id="readers",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def ask(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_a_message_and_a_row_go_in_and_come_out_from_any_path(root: Path) -> None:
    async with Stack(root, jars_folder=JARS) as stack:
        await make_topic(stack.servers)
        await send(stack.servers, b"one")
        assert await receive(stack.servers, 1) == [b"one"]
        assert await ask(stack.servers.postgres_dsn, "SELECT current_database()") == "anwang"
        assert await ask(stack.servers.keys_dsn, "SELECT current_database()") == "anwang_keys"


async def test_after_kill_minus_9_both_servers_come_back_where_they_were_with_their_data(tmp_path: Path) -> None:
    async with Stack(tmp_path / "r", jars_folder=JARS) as stack:
        servers = stack.servers
        await make_topic(servers)
        await send(servers, b"before")
        await ask(servers.postgres_dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
        for state in stack.states():
            assert state.mark
            os.kill(state.mark.pid, signal.SIGKILL)
        async with asyncio.timeout(30):
            for name in CHILDREN:
                await stack.supervisor.wait_ready(name, restarts_min=1)
        assert stack.servers == servers
        await send(servers, b"after")
        assert await receive(servers, 2) == [b"before", b"after"]
        assert await ask(servers.postgres_dsn, "SELECT answer FROM kept") == 42


async def test_a_second_start_finds_ports_and_data_again(tmp_path: Path) -> None:
    async with Stack(tmp_path / "r", jars_folder=JARS) as first:
        bootstrap = first.servers.kafka_bootstrap
        await make_topic(first.servers)
        await send(first.servers, b"kept")
    async with Stack(tmp_path / "r", jars_folder=JARS) as second:
        assert second.servers.kafka_bootstrap == bootstrap
        assert await receive(second.servers, 1) == [b"kept"]


async def test_a_message_of_10_mb_goes_through(tmp_path: Path) -> None:
    big = b"x" * 10_485_760
    async with Stack(tmp_path / "r", jars_folder=JARS) as stack:
        await make_topic(stack.servers)
        await send(stack.servers, big, b"behind it")
        assert await receive(stack.servers, 2) == [big, b"behind it"]


async def test_nothing_is_left_running_and_no_socket_is_left_behind(tmp_path: Path) -> None:
    async with Stack(tmp_path / "r", jars_folder=JARS) as stack:
        sockets = stack.servers.socket_folder
        marks = [state.mark for state in stack.states() if state.mark]
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert len(marks) == len(CHILDREN)
    assert not any(is_alive(mark) for mark in marks)
    assert not sockets.exists()
    assert not list((tmp_path / "r" / "run").glob("status*"))


async def test_a_second_supervisor_of_the_same_folder_is_refused(tmp_path: Path) -> None:
    async with Stack(tmp_path / "r", jars_folder=JARS):
        with pytest.raises(AlreadyRunningError, match=f"pid {os.getpid()}"):
            async with Stack(tmp_path / "r", jars_folder=JARS):
                pass


async def test_when_the_broker_cannot_start_postgres_is_ended_too(tmp_path: Path) -> None:
    folders = open_folders(tmp_path / "r")
    (folders.kafka / "data").mkdir()
    (folders.kafka / "data" / "meta.properties").write_text("version=1\ncluster.id=x\nnode.id=99\n", encoding="ascii")
    stack = Stack(folders.root, jars_folder=JARS)
    with pytest.raises(LocalError, match=r"kafka did not become ready; its log is .*kafka\.log"):
        await stack.__aenter__()
    assert stack.states() == ()


@pytest.fixture
def usual_ports() -> Iterator[None]:
    """Another program's Kafka and Postgres, as far as their ports go."""
    with contextlib.ExitStack() as held:
        for port in (9092, 5432):
            other = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                other.bind(("127.0.0.1", port))
                other.listen()
        yield


@pytest.mark.usefixtures("usual_ports")
async def test_other_servers_on_the_usual_ports_do_no_harm(tmp_path: Path) -> None:
    async with Stack(tmp_path / "r", jars_folder=JARS) as stack:
        assert await ask(stack.servers.postgres_dsn, "SELECT 1") == 1
        assert not stack.servers.kafka_bootstrap.endswith(":9092")


async def test_a_remembered_port_that_was_taken_meanwhile_is_exchanged(tmp_path: Path) -> None:
    async with Stack(tmp_path / "r", jars_folder=JARS) as first:
        await make_topic(first.servers)
        await send(first.servers, b"kept")
        host, port = first.servers.kafka_bootstrap.split(":")
    with socket.create_server((host, int(port))):
        async with Stack(tmp_path / "r", jars_folder=JARS) as second:
            assert second.servers.kafka_bootstrap != first.servers.kafka_bootstrap
            assert await receive(second.servers, 1) == [b"kept"]


async def test_values_of_failed_statements_stay_out_of_the_log(tmp_path: Path) -> None:
    async with Stack(tmp_path / "r", jars_folder=JARS) as stack:
        dsn = stack.servers.postgres_dsn
        await ask(dsn, "CREATE TABLE one (id text PRIMARY KEY)")
        await ask(dsn, "INSERT INTO one VALUES ('A123456789')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await ask(dsn, "INSERT INTO one VALUES ('A123456789')")
        with pytest.raises(asyncpg.DataError):
            await ask(dsn, "SELECT 'A123456789'::date")
    logs = [path.read_text(encoding="utf-8") for path in (tmp_path / "r" / "log").iterdir()]
    assert any("database system is ready" in text for text in logs)
    assert not any("A123456789" in text for text in logs)


async def test_databases_are_made_and_dropped_even_while_somebody_is_connected(tmp_path: Path) -> None:
    async with Stack(tmp_path / "r", jars_folder=JARS) as stack:
        dsn = await stack.servers.create_database('odd "name"; --')
        dsn = await stack.servers.create_database("fresh")
        assert await stack.servers.create_database("fresh") == dsn
        connection = await asyncpg.connect(dsn)
        await stack.servers.drop_database("fresh")
        await stack.servers.drop_database("fresh")
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await asyncpg.connect(dsn)
        connection.terminate()


async def test_postgres_runs_from_a_checkout_that_only_its_owner_may_enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    checkout = long_path(closed / "a space")
    bundled = postgres_programs.find_binaries()
    wheel = bundled.parents[1]
    shutil.copytree(bundled.parent, checkout / wheel.name / bundled.parent.name)
    shutil.copytree(wheel.with_name(f"{wheel.name}.libs"), checkout / f"{wheel.name}.libs")
    copied = checkout / bundled.relative_to(wheel.parent)
    monkeypatch.setattr(postgres, "find_binaries", lambda _major=None: copied)
    async with Stack(checkout / ".anwang", jars_folder=JARS) as stack:
        assert await ask(stack.servers.postgres_dsn, "SELECT 1") == 1
