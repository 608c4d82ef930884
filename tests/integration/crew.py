"""The product's processes around a lab: started as in production, watched, killed, asked."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from lab import Lab, event

from pipeline.adapters.kafka.outlet import new_producer
from pipeline.adapters.postgres.database import with_retries
from pipeline.commands.options import KAFKA
from pipeline.local.demo.children import ready_at
from pipeline.local.folders import open_folders
from pipeline.local.ports import LOOPBACK, remembered_ports
from pipeline.local.servers import Servers
from pipeline.local.supervisor import Child, State, Supervisor
from pipeline.settings import Settings

PLANTED = Path(__file__).with_name("planted")
TREE = Path(__file__).parents[2]
"""What is tested is this checkout, whichever one is installed."""
POLL_S = 0.05
WORKERS = {"assess-1": "assess", "assess-2": "assess"}
WORKERS_AND_RELAY = {**WORKERS, "relay": "relay"}


async def eventually(holds: Callable[[], Awaitable[bool]], within_s: float, what: str = "it") -> float:
    """How many seconds it took until this held."""
    began, never = time.monotonic(), asyncio.Event()
    while not await holds():
        assert time.monotonic() - began < within_s, f"{what} did not come about within {within_s} s"
        with suppress(TimeoutError):
            await asyncio.wait_for(never.wait(), POLL_S)
    return time.monotonic() - began


def environment(settings: Settings, *, planted: str | None = None, **more: str) -> dict[str, str]:
    """A process's environment for these settings; `planted` puts a folder of ours onto its search path."""
    told = {
        **{f"ANWANG_{name.upper()}": str(value) for name, value in settings if name in KAFKA and value is not None},
        "ANWANG_KAFKA_GROUP": settings.kafka_group,
        "ANWANG_POSTGRES_DSN": settings.postgres_dsn,
        "ANWANG_KEYS_DSN": settings.keys_dsn,
        "ANWANG_DATA_DIR": str(settings.data_dir),
        "ANWANG_KEY_FILE": str(settings.key_file),
        "ANWANG_PARTITIONS": str(settings.partitions),
    }
    ours = {name: value for name, value in os.environ.items() if not name.startswith("ANWANG_")}
    searched = [*([PLANTED / planted] if planted else []), TREE]
    return {**ours, "PYTHONPATH": os.pathsep.join(map(str, searched)), **told, **more}


@dataclass(frozen=True, slots=True)
class Ended:
    exit_code: int
    out: str
    err: str


async def run(settings: Settings, *argv: str, within_s: float = 60.0, **more: str) -> Ended:
    """A command of ours, from its start to its end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pipeline.cli", *argv),
        env=environment(settings, **more),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=settings.data_dir,
    )
    out, err = await asyncio.wait_for(process.communicate(), within_s)
    return Ended(process.returncode or 0, out.decode(), err.decode())


class Crew:
    """Processes by name, each started again when it ends."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.folders = open_folders(lab.settings.data_dir)
        self.supervisor = Supervisor(self.folders)
        self._ports: Mapping[str, int] = {}

    async def start(self, stages: Mapping[str, str], *, planted: str | None = None, **more: str) -> None:
        """Starts all of them at once; they are ready when this returns."""
        self._ports = remembered_ports(self.folders.run / "http.json", tuple(stages))
        children = [self.child(name, stage, planted=planted, **more) for name, stage in stages.items()]
        await asyncio.gather(*map(self.supervisor.start, children))

    def child(self, name: str, stage: str, *, planted: str | None = None, **more: str) -> Child:
        port = self._ports[name]
        told = {"ANWANG_INSTANCE": name, "ANWANG_HTTP_PORT": str(port), **more}
        return Child(
            name=name,
            argv=(sys.executable, "-m", "pipeline.cli", "run", stage),
            env=environment(self.lab.settings, planted=planted, **told),
            ready=ready_at(port),
            cwd=self.folders.root,
        )

    def process(self, name: str) -> psutil.Process:
        mark = next(state.mark for state in self.supervisor.states() if state.name == name)
        assert mark, f"{name} does not run"
        return psutil.Process(mark.pid)

    def restarts(self, name: str) -> int:
        return next(state.restarts for state in self.supervisor.states() if state.name == name)

    async def all_ready(self) -> bool:
        return all(state.state is State.READY for state in self.supervisor.states())

    def log(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.folders.log_of(name).read_text("utf-8").splitlines()]

    def errors(self, name: str) -> list[str]:
        """The classes of the errors that ended this process so far."""
        return [line["errors"][0]["class"] for line in self.log(name) if line["event"] == "failed"]

    async def ask(self, name: str, path: str) -> tuple[int, str]:
        """The status and body that its HTTP server answers; 0 when nobody answers within two seconds."""
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(2):
                reader, writer = await asyncio.open_connection(LOOPBACK, self._ports[name])
                try:
                    writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
                    head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
                    return int(head.split()[1]), body
                finally:
                    writer.close()
        return 0, ""

    async def is_ready(self, name: str) -> bool:
        return (await self.ask(name, "/readyz"))[0] == HTTPStatus.OK

    @asynccontextmanager
    async def single(self, name: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """A process of this stage, such as `assess` or `assess-1`, that nobody starts again."""
        self._ports = {**self._ports, **remembered_ports(self.folders.run / "single.json", (name,))}
        child = self.child(name, name.partition("-")[0])
        with self.folders.log_of(name).open("ab") as log:
            process = await asyncio.create_subprocess_exec(*child.argv, env=dict(child.env), stdout=log, stderr=log)
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def owners(self) -> set[int]:
        """The processes that hold partitions. A worker is named `assess-<host>-<pid>-<random>`."""
        rows = await self.lab.pool.fetch("SELECT DISTINCT owner FROM stream_cursor")
        return {int(row["owner"].split("-")[-2]) for row in rows}

    async def is_owner(self, pid: int) -> bool:
        return pid in await self.owners()

    async def belongs_all_to(self, *names: str) -> bool:
        """Whether the partitions belong to these and to nobody else."""
        return await self.owners() == {self.process(name).pid for name in names}


@asynccontextmanager
async def crew_of(
    lab: Lab, stages: Mapping[str, str], *, planted: str | None = None, **more: str
) -> AsyncIterator[Crew]:
    crew = Crew(lab)
    try:
        await crew.start(stages, planted=planted, **more)
        yield crew
    finally:
        await asyncio.gather(*(crew.supervisor.stop_child(state.name) for state in crew.supervisor.states()))


async def send_together(lab: Lab, told: Sequence[Mapping[str, Any]], topic: str, partition: int | None = None) -> None:
    """All at once, so that they stand in few batches; acknowledged when this returns."""
    producer = new_producer(lab.brokers, "test-sender")
    await producer.start()
    try:
        waiting = [await producer.send(topic, json.dumps(e).encode(), partition=partition) for e in told]
        await asyncio.gather(*waiting)
    finally:
        await producer.stop()


HOTLINE = "intake.hotline.113.v1"


def events(first: int, count: int, **data: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON
    return [event(n, **data) for n in range(first, first + count)]


async def settled(lab: Lab) -> dict[str, int]:
    """How many messages became what; asks again while the database is away."""
    rows = await with_retries(
        lambda: lab.pool.fetch("SELECT outcome, count(*) FROM inbox GROUP BY outcome"), for_s=60.0
    )
    return dict(rows)


async def all_settled(lab: Lab, messages: int) -> bool:
    return sum((await settled(lab)).values()) >= messages


async def all_published(lab: Lab) -> bool:
    return await with_retries(lab.nothing_unpublished, for_s=60.0)


async def require_whole(lab: Lab, **outcomes: int) -> None:
    """Everything reached its queue once, became just this, and the auditor, who looks for itself, finds no fault."""
    await eventually(lambda: all_published(lab), 30, "publishing")
    assert await settled(lab) == outcomes
    ledger = await lab.audit()
    assert ledger.balances, ledger
    assert (ledger.in_flight, ledger.lost) == (0, 0)
    keys = [await lab.pool.fetchval(f"SELECT count({what}) FROM decision") for what in ("*", "DISTINCT event_key")]  # noqa: S608
    assert keys[0] == keys[1]


async def queued(lab: Lab) -> list[str]:
    """The events whose records stand on the queue topics, one for each record."""
    records = [await lab.records(topic) for topic in ("queue.protective.v1", "queue.family.v1")]
    return [record["event_id"] for told in records for record in told if record["kind"] == "assigned"]


async def servers_root(servers: Servers) -> Path:
    """Where these servers have their data, logs and status."""
    connection = await asyncpg.connect(servers.postgres_dsn)
    try:
        return Path(await connection.fetchval("SHOW data_directory")).parents[1]
    finally:
        await connection.close()


def server_process(root: Path, name: str) -> psutil.Process:
    """The running server of that name, `postgres` or `kafka`, or `supervisor`."""
    status = json.loads((root / "run" / "status.json").read_text("utf-8"))
    if name == "supervisor":
        return psutil.Process(status["supervisor"]["pid"])
    return psutil.Process(next(c["mark"]["pid"] for c in status["children"] if c["name"] == name))
