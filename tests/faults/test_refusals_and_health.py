"""What a process refuses to start on, and what it tells of itself while a server is away or its loop stands still."""

import asyncio
import json
import signal
from http import HTTPStatus
from pathlib import Path

import pytest
from crew import HOTLINE, WORKERS, Crew, crew_of, eventually, run, send_together, server_process, servers_root
from lab import Lab, event

from pipeline.adapters.postgres.migrate import DATA, KEYS, shipped
from pipeline.adapters.vault import KeyRing
from pipeline.local.servers import Servers

STAGES = ("assess", "relay", "auditor")


async def refused(lab: Lab, stage: str) -> str:
    """The one thing that the process says beside its start, when it exits with 1."""
    ended = await run(lab.settings, "run", stage, within_s=20, ANWANG_HTTP_PORT="off")
    assert ended.exit_code == 1
    assert ended.out == ""
    lines = [json.loads(line) for line in ended.err.splitlines()]
    assert [line["event"] for line in lines] == ["started", "failed"], ended.err
    return str(lines[1]["errors"][0]["text"])


@pytest.mark.parametrize("stage", STAGES)
async def test_a_process_with_another_key_ring_refuses_to_start(lab: Lab, stage: str) -> None:
    async with crew_of(lab, {}) as crew, crew.single(stage):
        await eventually(lambda: crew.is_ready(stage), 20, "the first process's start")
    lab.settings.key_file.unlink()
    KeyRing.create(lab.settings.key_file)
    said = await refused(lab, stage)
    assert said.endswith(f"of the key ring {lab.settings.key_file} is not the one that the database was sealed with")
    assert "version 1" in said


@pytest.mark.parametrize("stage", STAGES)
async def test_a_process_without_a_private_key_ring_refuses_to_start(lab: Lab, stage: str) -> None:
    ring = lab.settings.key_file
    ring.chmod(0o644)
    assert await refused(lab, stage) == f"the key ring {ring} may be read by others; its mode must be 0600"
    ring.unlink()
    assert await refused(lab, stage) == f"the key ring {ring} is missing or cannot be read"


async def test_two_processes_that_migrate_at_once_apply_each_migration_once(lab: Lab, servers: Servers) -> None:
    names = ("fresh", "fresh_keys")
    dsns = [await servers.create_database(name) for name in names]
    settings = lab.settings.model_copy(update={"postgres_dsn": dsns[0], "keys_dsn": dsns[1]})
    ended = await asyncio.gather(*(run(settings, "migrate") for _ in range(3)))
    assert [e.exit_code for e in ended] == [0, 0, 0], ended
    applied = [line for e in ended for line in e.out.splitlines() if line.startswith("applied")]
    assert sorted(applied) == sorted(f"applied {m.name}" for folder in (DATA, KEYS) for m in shipped(folder))
    for name in names:
        await servers.drop_database(name)


CHANGED = "UPDATE schema_migration SET checksum = '\\x00'"
NEWER = "INSERT INTO schema_migration (number, name, checksum) VALUES (9999, 'of_the_future.sql', '\\x00')"


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (CHANGED, "was changed after it had been applied"),
        (NEWER, "the database has migration 9999, which this program does not know"),
    ],
)
@pytest.mark.parametrize("of_the_keys", [False, True])
async def test_a_schema_that_is_not_this_programs_is_refused(
    lab: Lab, statement: str, why: str, *, of_the_keys: bool
) -> None:
    await (lab.keys_pool if of_the_keys else lab.pool).execute(statement)
    migrating = await run(lab.settings, "migrate")
    assert migrating.exit_code == 1
    assert migrating.out == ""
    assert why in migrating.err
    assert len(migrating.err.splitlines()) == 1
    assert why in await refused(lab, "assess")


async def test_an_empty_database_is_refused_with_what_to_do(lab: Lab, servers: Servers) -> None:
    dsn = await servers.create_database("empty")
    settings = lab.settings.model_copy(update={"postgres_dsn": dsn})
    ended = await run(settings, "run", "relay", ANWANG_HTTP_PORT="off")
    assert ended.exit_code == 1
    assert "the database is empty: run `anwang migrate` first" in ended.err
    await servers.drop_database("empty")


async def test_a_process_is_not_ready_while_postgres_is_away_and_ready_again_after(lab: Lab, servers: Servers) -> None:
    root = await servers_root(servers)
    supervisor = server_process(root, "supervisor")
    async with crew_of(lab, WORKERS, planted="impatient") as crew:
        supervisor.suspend()
        try:
            server_process(root, "postgres").send_signal(signal.SIGINT)
            await eventually(lambda: answers(crew, HTTPStatus.SERVICE_UNAVAILABLE), 15, "503")
            status, body = await crew.ask("assess-1", "/readyz")
            assert (status, json.loads(body)["why"]) in {(503, "no_answer.database"), (503, "no_answer.keys")}
            assert (await crew.ask("assess-1", "/healthz"))[0] == HTTPStatus.OK
        finally:
            supervisor.resume()
        await eventually(lambda: answers(crew, HTTPStatus.OK), 20, "200")
        assert crew.restarts("assess-1") == 0


async def answers(crew: Crew, status: int) -> bool:
    return (await crew.ask("assess-1", "/readyz"))[0] == status


async def test_a_loop_that_stands_still_is_told_before_the_watchdog_ends_it(lab: Lab) -> None:
    async with crew_of(lab, {"assess-1": "assess"}, planted="impatient") as crew:
        await send_together(lab, [event(1) | {"id": "hang-in-await"}], HOTLINE)
        await eventually(lambda: is_unhealthy(crew), 10, "503")
        assert crew.restarts("assess-1") == 0
        await eventually(lambda: is_restarted(crew), 10, "the watchdog")
        trace = Path(lab.settings.data_dir) / "log" / "assess-1.hang"
        assert "Timeout" in trace.read_text()


async def is_unhealthy(crew: Crew) -> bool:
    status, body = await crew.ask("assess-1", "/healthz")
    return status == HTTPStatus.SERVICE_UNAVAILABLE and json.loads(body)["why"] == "no_progress"


async def is_restarted(crew: Crew) -> bool:
    return crew.restarts("assess-1") == 1
