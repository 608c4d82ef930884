"""Each quick start of `examples/` sends with its own client, is settled, and reads its case back from the queue."""

import asyncio
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from crew import run
from lab import Lab, event
from staff import signed_in
from test_desk import bearing, desk_for_nobody

from pipeline.adapters.kafka.outlet import new_producer
from pipeline.contracts.vocabulary import Outcome
from pipeline.domain.posts import PostRole

pytestmark = pytest.mark.examples

EXAMPLES = Path(__file__).parents[2] / "examples"
QUEUE, CENTRE = "queue.protective.v1", "63000-protective"
WITHIN_S = 100.0
STANDS = re.compile(r"event (\S+) stands at ([\w.-]+)/(\d+)/(\d+)")


@dataclass(frozen=True, slots=True)
class QuickStart:
    """What a person types in the folder, as examples/README.md tells."""

    folder: str
    tool: str
    prepare: tuple[str, ...]
    send: tuple[str, ...]
    read: tuple[str, ...]


def maven(program: str) -> tuple[str, ...]:
    return ("mvn", "-B", "-q", "exec:java", f"-Dexec.mainClass=example.{program}")


QUICK_STARTS = (
    QuickStart("python", sys.executable, (), (sys.executable, "send_report.py"), (sys.executable, "read_queue.py")),
    QuickStart("javascript", "npm", ("npm", "ci"), ("node", "send-report.js"), ("node", "read-queue.js")),
    QuickStart("java", "mvn", ("mvn", "-B", "-q", "compile"), maven("SendReport"), maven("ReadQueue")),
)


@dataclass(frozen=True, slots=True)
class Sent:
    event_id: str
    topic: str
    partition: int
    offset: int


@pytest.fixture(params=QUICK_STARTS, ids=lambda q: q.folder)
async def quick_start(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[QuickStart, Path]:
    """A quick start in a copy of its folder, prepared as its user would."""
    start: QuickStart = request.param
    if not shutil.which(start.tool):
        pytest.skip(f"the {start.folder} quick start needs {start.tool}, which is not on this machine")
    folder = shutil.copytree(EXAMPLES / start.folder, tmp_path / start.folder)
    if start.prepare:
        await said(start.prepare, folder)
    return start, folder


def typed(command: tuple[str, ...], *arguments: str) -> tuple[str, ...]:
    """The command with its arguments, which Maven takes as one."""
    return (*command, f"-Dexec.args={' '.join(arguments)}") if command[0] == "mvn" else (*command, *arguments)


async def said(command: tuple[str, ...], folder: Path, **more: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env={**os.environ, **more}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), WITHIN_S)
    assert process.returncode == 0, err.decode()
    return out.decode()


@asynccontextmanager
async def reading(command: tuple[str, ...], folder: Path, **more: str) -> AsyncIterator[asyncio.StreamReader]:
    """What a program that never ends by itself says; it is killed with all that it started."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env={**os.environ, **more}, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    assert process.stdout
    try:
        yield process.stdout
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def next_line(out: asyncio.StreamReader) -> str:
    line = await asyncio.wait_for(out.readline(), WITHIN_S)
    assert line, "the reader has ended"
    return re.sub(r"\x1b\[[0-9;]*m", "", line.decode()).strip()


async def sent_by(start: QuickStart, folder: Path, lab: Lab, **more: str) -> Sent:
    told = typed(start.send, lab.settings.kafka_bootstrap, "hotline-113", "intake.hotline.113.v1")
    out = await said(told, folder, **more)
    found = STANDS.search(out)
    assert found, out
    return Sent(found[1], found[2], int(found[3]), int(found[4]))


async def tell(lab: Lab, *records: Mapping[str, Any]) -> None:
    """These records on the queue, all under one key and so in this order."""
    producer = new_producer(lab.brokers, "test-teller")
    await producer.start()
    try:
        for record in records:
            await producer.send_and_wait(QUEUE, json.dumps(record).encode(), key=b"one key")
    finally:
        await producer.stop()


async def test_a_report_is_sent_settled_and_read_back(quick_start: tuple[QuickStart, Path], lab: Lab) -> None:
    start, folder = quick_start
    sent = await sent_by(start, folder, lab)
    await lab.settle_all(1)
    await lab.publish_all()
    row = await lab.pool.fetchrow(
        "SELECT i.topic, i.partition, i.kafka_offset, i.outcome, v.event_id, v.faults "
        "FROM inbox i JOIN report_version v USING (event_key)"
    )
    assert (row["topic"], row["partition"], row["kafka_offset"]) == (sent.topic, sent.partition, sent.offset)
    assert (row["outcome"], row["event_id"], list(row["faults"])) == (Outcome.CASE, sent.event_id, [])
    (record,) = await lab.records(QUEUE)
    assert (record["centre"], record["event_id"]) == (CENTRE, sent.event_id)
    async with reading(typed(start.read, lab.settings.kafka_bootstrap, QUEUE, CENTRE), folder) as out:
        told = await next_line(out)
        assert told == " ".join(
            ["assigned", record["case_id"], sent.event_id, record["priority"], record["next_deadline"], "waiting 1"]
        )


async def test_the_reader_keeps_the_newest_state_and_takes_a_withdrawn_case_off_its_list(
    quick_start: tuple[QuickStart, Path], lab: Lab
) -> None:
    start, folder = quick_start
    known = json.loads((EXAMPLES.parent / "schemas" / "examples" / "queue.record.v1.1.json").read_text("utf-8"))
    first = {**known, "centre": CENTRE, "case_version": 3, "kind": "assigned"}
    other = {**first, "case_id": "00000000-0000-5000-8000-000000000002"}
    await tell(
        lab,
        first,
        {**first, "case_version": 2, "priority": "late"},
        first,
        {**other, "centre": "elsewhere"},
        {**other, "case_version": 1},
        {**first, "case_version": 10, "kind": "withdrawn"},
        {**first, "case_version": 9, "priority": "late"},
        {**first, "case_version": 4, "history": first["history"] + 1},
    )
    async with reading(typed(start.read, lab.settings.kafka_bootstrap, QUEUE, CENTRE), folder) as out:
        lines = [(await next_line(out)).split() for _ in range(4)]
    assert [(line[0], line[1], line[-1]) for line in lines] == [
        ("assigned", first["case_id"], "1"),
        ("assigned", other["case_id"], "2"),
        ("withdrawn", first["case_id"], "1"),
        ("assigned", first["case_id"], "2"),
    ]


async def account(lab: Lab, user: str, *argv: str) -> dict[str, str]:
    """What the operator hands to whoever this account is made for."""
    ended = await run(lab.settings, *argv)
    assert ended.exit_code == 0, ended.err
    password = ended.out.partition("password: ")[2].split()[0]
    return {"KAFKA_USER": user, "KAFKA_PASSWORD": password, "KAFKA_CA_FILE": str(lab.settings.kafka_ca_file)}


async def test_a_quick_start_sends_and_reads_with_an_account_over_tls(
    quick_start: tuple[QuickStart, Path], guarded_lab: Lab
) -> None:
    start, folder = quick_start
    source = await account(guarded_lab, "source.hotline-113", "source", "add", "hotline-113", "--kafka")
    reader = await account(guarded_lab, f"reader.{start.folder}", "reader", "add", start.folder)
    sent = await sent_by(start, folder, guarded_lab, **source)
    await guarded_lab.settle_all(1)
    await guarded_lab.publish_all()
    async with reading(typed(start.read, guarded_lab.settings.kafka_bootstrap, QUEUE, CENTRE), folder, **reader) as out:
        assert sent.event_id in await next_line(out)


DESK_CLIENTS = {
    "python": (sys.executable, "work_queue.py"),
    "javascript": ("node", "work-queue.js"),
}


@pytest.mark.parametrize("folder", DESK_CLIENTS)
async def test_a_centre_reads_its_queue_and_answers_at_the_desk(folder: str, lab: Lab, tmp_path: Path) -> None:
    start = next(q for q in QUICK_STARTS if q.folder == folder)
    if not shutil.which(start.tool):
        pytest.skip(f"the {folder} quick start needs {start.tool}, which is not on this machine")
    there = shutil.copytree(EXAMPLES / folder, tmp_path / folder)
    if start.prepare:
        await said(start.prepare, there)
    away = {"role": "victim", "name": "林測試", "address": "新北市板橋區文化路一段1號"}
    await lab.send([event(n, crisis_flags=["life_threatened"]) for n in range(3)] + [event(3, persons=[away])])
    await lab.settle_all(4)
    await lab.publish_all()
    mine = {r["case_id"] for r in await lab.records(QUEUE) if r["centre"] == CENTRE}
    assert len(mine) == 3
    gone, held = sorted(mine)[:2]
    record = next(r for r in await lab.records(QUEUE) if r["case_id"] == gone)
    await tell(lab, {**record, "kind": "withdrawn", "case_version": 9})
    token = await signed_in(lab, "screener1", PostRole.SCREENER, CENTRE)
    other = await signed_in(lab, "other1", PostRole.SCREENER, CENTRE)
    async with desk_for_nobody(lab) as client:
        assert (await client.post(f"/v1/cases/{held}/claim", headers=bearing(other))).status_code == HTTPStatus.OK
        command = (*DESK_CLIENTS[folder], lab.settings.kafka_bootstrap, QUEUE, CENTRE, str(client.base_url).rstrip("/"))
        async with answering(command, there, DESK_TOKEN=token) as (say, out):
            lines = []
            while len(lines) < 3:
                lines.append((await next_line(out)).split())
                if lines[-1][0] == "claimed":
                    say.write(b"open\n")
    (taken,) = mine - {gone, held}
    assert sorted((line[0], line[1]) for line in lines) == sorted(
        [("claimed", taken), ("screened", taken), ("held_by_another", held)]
    )
    stages = {str(r["case_id"]): r["stage"] for r in await lab.pool.fetch("SELECT case_id, stage FROM ticket")}
    assert (stages[taken], stages[held], stages[gone]) == ("screened", "claimed", "waiting")
    by = await lab.pool.fetch("SELECT act, staff FROM desk_act WHERE case_id = $1 ORDER BY at", UUID(taken))
    assert [tuple(row) for row in by] == [("claim", "screener1"), ("screen_open", "screener1")]


@asynccontextmanager
async def answering(
    command: tuple[str, ...], folder: Path, **more: str
) -> AsyncIterator[tuple[asyncio.StreamWriter, asyncio.StreamReader]]:
    """A program that asks: what is written to it, and what it says."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**os.environ, **more},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        yield process.stdin, process.stdout
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
