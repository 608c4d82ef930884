"""The HTTP intake while its servers, or it itself, are killed: every 202 is settled, and what is refused is not."""

import asyncio
import json
from collections import Counter
from http import HTTPStatus
from pathlib import Path

import httpx
import psutil
import pytest
from crew import all_published, eventually, server_process, servers_root
from doors import REPORTS, STRUCTURED, Doors, open_doors, report
from lab import Lab

from pipeline.local.servers import Servers

CLIENTS = 50
KILLS = 2
AFTER_EACH_KILL_S = 8.0


@pytest.fixture
async def servers_folder(servers: Servers) -> Path:
    return await servers_root(servers)


async def kill(process: psutil.Process) -> None:
    """kill -9; its supervisor starts it again. Returns when it has gone."""
    process.kill()
    await asyncio.to_thread(process.wait, 10)


async def settled_all(doors: Doors, wanted: set[str]) -> None:
    async def come() -> bool:
        return wanted <= await doors.settled_events()

    await eventually(come, 60, "settling")
    await eventually(lambda: all_published(doors.lab), 30, "publishing")


async def test_fifty_clients_and_a_broker_that_is_killed_twice(lab: Lab, servers_folder: Path) -> None:
    """No client sends anything again: what stands in the database is just what was answered with 202."""
    answers: dict[str, int] = {}
    stop = asyncio.Event()

    async def call(doors: Doors, number: int) -> None:
        async with doors.client() as client:
            sent = 0
            while not stop.is_set():
                told = report(sent % 1000, report_no=f"{number}-{sent}") | {"id": f"{number}-{sent}"}
                answers[told["id"]] = (await client.post(REPORTS, json=told, headers=STRUCTURED)).status_code
                sent += 1
                if answers[told["id"]] != HTTPStatus.ACCEPTED:
                    await asyncio.sleep(0.2)

    async with open_doors(lab, ANWANG_INTAKE_RATE="1000000/minute") as doors:
        async with asyncio.TaskGroup() as clients:
            for number in range(CLIENTS):
                clients.create_task(call(doors, number))
            for _ in range(KILLS):
                await asyncio.sleep(2)
                await kill(server_process(servers_folder, "kafka"))
                await asyncio.sleep(AFTER_EACH_KILL_S)
            stop.set()
        taken = {event_id for event_id, status in answers.items() if status == HTTPStatus.ACCEPTED}
        await settled_all(doors, taken)
        assert await doors.settled_events() == taken
        assert set(Counter(answers.values())) == {HTTPStatus.ACCEPTED, HTTPStatus.SERVICE_UNAVAILABLE}
        ledger = await lab.audit()
        assert ledger.balances, ledger
        assert doors.crew.restarts("intake") == 0


async def test_while_the_broker_is_away_nothing_is_promised(lab: Lab, servers_folder: Path) -> None:
    async with open_doors(lab) as doors, doors.client() as client:
        server_process(servers_folder, "kafka").suspend()
        try:
            answer = await answered(client, 1, HTTPStatus.SERVICE_UNAVAILABLE)
        finally:
            server_process(servers_folder, "kafka").resume()
        assert answer.headers["retry-after"] == "5"
        assert answer.json()["code"] in {"broker_away", "unsure"}
        assert (await answered(client, 2, HTTPStatus.ACCEPTED)).json()["state"] == "received"


async def answered(client: httpx.AsyncClient, number: int, status: int) -> httpx.Response:
    """The first answer of this status to a report that is sent again and again."""
    while True:
        answer = await client.post(REPORTS, json=report(number), headers=STRUCTURED)
        if answer.status_code == status:
            return answer
        assert answer.status_code in {HTTPStatus.ACCEPTED, HTTPStatus.SERVICE_UNAVAILABLE}
        await asyncio.sleep(0.2)


@pytest.mark.parametrize("also_killed", [False, True], ids=["goes on", "is killed, too"])
async def test_with_a_spool_reports_wait_sealed_on_disk(
    lab: Lab,
    servers_folder: Path,
    also_killed: bool,  # noqa: FBT001 - the parameter of a test
    tmp_path: Path,
) -> None:
    spool = tmp_path / "spool"
    stages = {"assess-1": "assess", "relay": "relay"}
    async with open_doors(lab, stages, ANWANG_SPOOL_DIR=str(spool)) as doors, doors.client() as client:
        server_process(servers_folder, "kafka").suspend()
        try:
            await eventually(lambda: spooled(doors), 20, "spooling")
            answers = [await client.post(REPORTS, json=report(n), headers=STRUCTURED) for n in range(10, 30)]
            assert {a.status_code for a in answers} == {HTTPStatus.ACCEPTED}
            on_disk = b"".join(f.read_bytes() for f in spool.iterdir())
            assert on_disk
            assert b"event-1" not in on_disk
            assert report(10)["data"]["persons"][0]["name"].encode() not in on_disk
            if also_killed:
                doors.crew.process("intake").kill()
                await eventually(lambda: doors.crew.is_ready("intake"), 20, "the intake's return")

            async def counted() -> bool:
                return await lab.pool.fetchval("SELECT waiting FROM spool") >= len(answers)

            await eventually(counted, 10, "counting")
        finally:
            server_process(servers_folder, "kafka").resume()
        await settled_all(doors, {f"event-{n}" for n in range(10, 30)})

        async def empty() -> bool:
            return await lab.pool.fetchval("SELECT waiting FROM spool") == 0

        await eventually(empty, 20, "draining")
        assert await lab.count("report_version") == len(await doors.settled_events())
        assert (await lab.audit()).balances


async def spooled(doors: Doors) -> bool:
    """Reports are sent until one of them lies on the disk."""
    async with doors.client() as client:
        assert (await client.post(REPORTS, json=report(9), headers=STRUCTURED)).status_code == HTTPStatus.ACCEPTED
    return bool(await doors.lab.pool.fetchval("SELECT coalesce(max(waiting), 0) FROM spool"))


async def test_while_the_database_is_away_reports_are_taken_and_receipts_are_not_answered(
    lab: Lab, servers_folder: Path
) -> None:
    async with open_doors(lab) as doors, doors.client() as client:
        receipt = (await client.post(REPORTS, json=report(1), headers=STRUCTURED)).json()["receipt_id"]
        postgres = server_process(servers_folder, "postgres")
        sessions = [postgres, *postgres.children(recursive=True)]
        try:
            for process in sessions:
                process.suspend()
            taken = [await client.post(REPORTS, json=report(n), headers=STRUCTURED) for n in range(2, 12)]
            asked = await client.get(f"/v1/receipts/{receipt}")
        finally:
            for process in sessions:
                process.resume()
        assert {a.status_code for a in taken} == {HTTPStatus.ACCEPTED}
        assert (asked.status_code, asked.json()["code"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "database_away")
        await settled_all(doors, {f"event-{n}" for n in range(1, 12)})


async def test_an_intake_that_is_told_to_end_answers_what_it_has_in_hand(lab: Lab, servers_folder: Path) -> None:
    async with open_doors(lab, {}) as doors, doors.client() as client:
        server_process(servers_folder, "kafka").suspend()
        try:
            waiting = asyncio.create_task(client.post(REPORTS, json=report(1), headers=STRUCTURED))
            await asyncio.sleep(0.3)
            doors.crew.process("intake").terminate()
            await asyncio.sleep(0.3)
        finally:
            server_process(servers_folder, "kafka").resume()
        answer = await waiting
    assert answer.status_code in {HTTPStatus.ACCEPTED, HTTPStatus.SERVICE_UNAVAILABLE}
    assert json.loads(answer.text)
