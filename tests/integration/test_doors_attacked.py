"""What refusing brokers, full disks and strangers do to the doors."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path

import httpx
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from crew import eventually, server_process, servers_root
from doors import REPORTS, STRUCTURED, Doors, enrolled, open_doors, report
from lab import Heard, Lab

from pipeline.adapters.credentials import Purpose
from pipeline.adapters.kafka.door import Door
from pipeline.adapters.probes import broker_answers
from pipeline.adapters.spool import Spool
from pipeline.adapters.vault import new_key
from pipeline.contracts.ids import event_key
from pipeline.contracts.vocabulary import ReporterRole
from pipeline.domain.directory import Source
from pipeline.domain.intake import Post
from pipeline.errors import NotTakenError
from pipeline.local.servers import Servers
from pipeline.stages.intake import DRAIN_MAX, Gate

SMALL, LARGE = "intake.small.v1", "intake.large.v1"
LONG_AGO = datetime.now(UTC) - timedelta(days=1)


def post(number: int, *, topic: str = SMALL, size: int = 10) -> Post:
    return Post(topic, b"clinic-1", event_key("clinic-1", str(number)), LONG_AGO, b"%d" % number + b"x" * size)


@asynccontextmanager
async def open_door(lab: Lab) -> AsyncIterator[Door]:
    door = Door(lab.brokers, "test-door", partial(broker_answers, lab.brokers))
    watching = asyncio.create_task(door.watch())

    async def is_open() -> bool:
        return door.is_open

    try:
        await eventually(is_open, 20, "the door")
        yield door
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        await door.stop()


@pytest.fixture
async def door(lab: Lab) -> AsyncIterator[Door]:
    """Before a topic that takes 50 kB and one that takes more."""
    admin = AIOKafkaAdminClient(**lab.brokers.options())
    await admin.start()
    try:
        small = NewTopic(SMALL, 1, 1, topic_configs={"max.message.bytes": "50000"})
        await admin.create_topics([small, NewTopic(LARGE, 1, 1)])
    finally:
        await admin.close()
    async with open_door(lab) as opened:
        yield opened


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "spool", new_key(), bytes_max=50_000_000)
    yield opened
    opened.close()


async def standing(lab: Lab, topic: str) -> list[tuple[bytes, int]]:
    """Values and times of what stands on the only partition of a topic."""
    consumer = AIOKafkaConsumer(**lab.brokers.options(), auto_offset_reset="earliest")
    await consumer.start()
    try:
        tp = TopicPartition(topic, 0)
        consumer.assign([tp])
        end = (await consumer.end_offsets([tp]))[tp]
        found: list[tuple[bytes, int]] = []
        while len(found) < end:
            found += [(r.value, r.timestamp) for r in (await consumer.getmany(tp, timeout_ms=2000)).get(tp, [])]
        return found
    finally:
        await consumer.stop()


async def test_a_report_that_the_broker_finds_too_large_costs_no_other_its_place(lab: Lab, door: Door) -> None:
    await door.send(post(1))
    with pytest.raises(NotTakenError) as refused:
        await door.send(post(2, size=60_000))
    assert refused.value.is_too_large
    for number in range(3, 6):
        await door.send(post(number))
    assert [value[:1] for value, _ in await standing(lab, SMALL)] == [b"1", b"3", b"4", b"5"]


async def test_a_topic_that_is_missing_leaves_the_door_open_for_the_others(door: Door) -> None:
    refused = asyncio.create_task(door.send(post(1, topic="intake.missing.v1")))
    done: set[asyncio.Task[None]] = set()
    while not done:
        assert door.is_open
        await door.send(post(2))
        done, _ = await asyncio.wait([refused], timeout=0.2)
    assert door.is_open
    assert isinstance(refused.exception(), NotTakenError)


async def test_what_was_spooled_is_sent_past_what_cannot_be_and_carries_the_time_when_it_came(
    lab: Lab, door: Door, spool: Spool
) -> None:
    spool.add([post(0, size=60_000), post(1, topic="intake.missing.v1"), *(post(n) for n in range(2, 2 * DRAIN_MAX))])
    gate = Gate(door, spool, Heard())
    while await gate.drain():
        pass
    spool.add([post(999)])
    while await gate.drain():
        pass
    found = await standing(lab, SMALL)
    assert [value for value, _ in found] == [post(n).value for n in [*range(2, 2 * DRAIN_MAX), 999]]
    assert {time for _, time in found} == {int(LONG_AGO.timestamp() * 1000)}
    assert [p.topic for _, p in spool.oldest(10)] == [SMALL, "intake.missing.v1"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(folder)], check=True)  # noqa: S607
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S607


async def test_what_cannot_be_taken_off_the_disk_is_not_sent_again(
    lab: Lab, door: Door, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.add([post(1)])
    gate = Gate(door, spool, Heard())
    with monkeypatch.context() as full:
        full.setattr(spool, "remove", lambda _numbers: False)
        for _ in range(3):
            assert await gate.drain() == 0
    spool.add([post(2)])
    while await gate.drain():
        pass
    assert [value for value, _ in await standing(lab, SMALL)] == [post(1).value, post(2).value]
    assert spool.waiting() == (0, None)


async def test_a_full_disk_refuses_and_what_was_sent_from_it_is_sent_once(
    lab: Lab, door: Door, small_disk: Path
) -> None:
    spool = Spool(small_disk / "spool", new_key(), bytes_max=50_000_000)
    told = [post(n, topic=LARGE, size=9_000) for n in range(1000)]
    with suppress(NotTakenError):
        for one in told:
            spool.add([one])
    kept, _ = spool.waiting()
    assert DRAIN_MAX < kept < len(told)
    (small_disk / "other").write_bytes(b"")
    with suppress(OSError), (small_disk / "other").open("wb", buffering=0) as other:
        while other.write(b"x" * 4096):
            pass
    with pytest.raises(NotTakenError):
        spool.add([post(0, topic=LARGE)])
    gate = Gate(door, spool, Heard())
    while await gate.drain():
        pass
    (small_disk / "other").unlink()
    while await gate.drain():
        pass
    assert [value for value, _ in await standing(lab, LARGE)] == [p.value for p in told[:kept]]
    assert spool.waiting() == (0, None)
    spool.close()


async def taken(client: httpx.AsyncClient) -> httpx.Response:
    """The answer to a report that is taken within five seconds."""
    answers: list[httpx.Response] = []

    async def is_taken() -> bool:
        answers.append(await client.post(REPORTS, json=report(1), headers=STRUCTURED))
        return answers[-1].status_code == HTTPStatus.ACCEPTED

    await eventually(is_taken, 5, "taking")
    return answers[-1]


async def talked(doors: Doors, *parts: bytes, within_s: float = 30.0) -> bytes:
    """All that the intake answers on one connection, until it closes it."""
    host, port = doors.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        with suppress(OSError):
            for part in parts:
                writer.write(part)
                await writer.drain()
        async with asyncio.timeout(within_s):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def test_a_stranger_holds_neither_connections_nor_memory(lab: Lab) -> None:
    async with open_doors(lab, {}) as doors:
        held = [asyncio.create_task(talked(doors, b"POST /v1/reports HTTP/1.1\r\nHost: x\r\nX-A:")) for _ in range(300)]
        before = doors.crew.process("intake").memory_info().rss
        head = b"POST /v1/credentials HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        answer = await talked(doors, head, b"Content-Length: 200000000\r\n\r\n", *[b"x" * 1_000_000] * 200)
        assert answer.startswith((b"HTTP/1.1 413", b"")), answer[:100]
        assert doors.crew.process("intake").memory_info().rss - before < 50_000_000
        async with doors.client() as client:
            await taken(client)
        assert set(await asyncio.gather(*held)) == {b""}


async def test_nothing_is_sent_on_to_another_address(lab: Lab) -> None:
    async with open_doors(lab, {}) as doors, doors.client() as client:
        for path in (f"{REPORTS}/", "/form/abc/", "//v1/reports"):
            answer = await client.post(path, json=report(1), headers={**STRUCTURED, "host": "elsewhere.example"})
            assert "location" not in answer.headers, path
            assert answer.status_code != HTTPStatus.TEMPORARY_REDIRECT


async def test_wrong_codes_shut_out_no_right_one_and_change_nothing(lab: Lab) -> None:
    async with open_doors(lab, {}, ANWANG_INTAKE_RATE="5/minute") as doors:
        code = await enrolled(lab, Source("school-9002", "school", ReporterRole.EDUCATION), Purpose.ENROLMENT)
        version = await lab.pool.fetchval("SELECT number FROM register_version")
        async with doors.client() as stranger:
            guesses = [await stranger.post("/v1/credentials", json={"code": f"AAAAA-{n}"}) for n in range(8)]
            assert {g.status_code for g in guesses} == {HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}
            assert await lab.pool.fetchval("SELECT number FROM register_version") == version
            right = await stranger.post("/v1/credentials", json={"code": code})
        assert right.status_code == HTTPStatus.CREATED


async def test_many_who_ask_while_the_database_hangs_cost_nobody_the_door(lab: Lab, servers: Servers) -> None:
    async with open_doors(lab, {}, ANWANG_INTAKE_RATE="1000000/minute") as doors, doors.client() as client:
        receipt = (await taken(client)).json()["receipt_id"]
        postgres = server_process(await servers_root(servers), "postgres")
        sessions = [postgres, *postgres.children(recursive=True)]
        began = time.monotonic()
        try:
            for process in sessions:
                with suppress(psutil.NoSuchProcess):
                    process.suspend()
            asking = [asyncio.create_task(client.get(f"/v1/receipts/{receipt}", timeout=120)) for _ in range(100)]
            while time.monotonic() - began < 40:
                await taken(client)
                await asyncio.sleep(1)
        finally:
            for process in sessions:
                with suppress(psutil.NoSuchProcess):
                    process.resume()
        told = await asyncio.gather(*asking)
        assert {a.status_code for a in told} == {HTTPStatus.SERVICE_UNAVAILABLE}
        assert max(a.elapsed.total_seconds() for a in told) < 10
        assert doors.crew.restarts("intake") == 0
