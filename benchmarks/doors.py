"""The HTTP intake under fire: clients that never send anything twice, and a broker that is killed while they call.

    python benchmarks/doors.py --minutes 10 --clients 50 --kills 2

Starts Kafka, Postgres and all processes in a folder of its own. Exit code 0 only when what is settled is just what was
answered with 202, and the ledger balances.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx

from pipeline.local.daemon import status

SETTLE_WITHIN_S = 300.0


@dataclass
class Run:
    folder: Path
    url: str
    token: str
    every_s: float
    until: float
    answers: dict[str, int] = field(default_factory=dict)
    took_s: list[float] = field(default_factory=list)

    async def call(self, number: int) -> None:
        """One client: one report at a time, each with an id of its own."""
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/cloudevents+json"}
        async with httpx.AsyncClient(base_url=self.url, headers=headers, timeout=60) as client:
            await asyncio.sleep(self.every_s * (number % 10) / 10)
            while (began := time.monotonic()) < self.until:
                event_id = str(uuid.uuid4())
                answer = await client.post("/v1/reports", content=json.dumps(report(event_id)))
                self.answers[event_id] = answer.status_code
                self.took_s.append(time.monotonic() - began)
                await asyncio.sleep(max(0.0, self.every_s - (time.monotonic() - began)))


def report(event_id: str) -> dict[str, object]:
    data = {
        "report_no": event_id,
        "channel": "clinic",
        "received_at": "2026-03-02T10:00:00+08:00",
        "categories": ["intimate_partner_violence"],
        "persons": [{"role": "victim", "name": "測試", "address": "臺北市文山區木柵路一段12號"}],
    }
    time_ = "2026-03-02T10:00:00+08:00"
    return {"specversion": "1.0", "id": event_id, "type": "report.submitted.v1", "time": time_, "data": data}


def anwang(folder: Path, *argv: str) -> str:
    environment = {**os.environ, "ANWANG_INTAKE_RATE": "9000000/minute", "ANWANG_INTAKE_PORT": "8213"}
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "pipeline.cli", *argv],
        cwd=folder,
        env=environment,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return ended.stdout


async def fire(run: Run, clients: int, kills: int, seconds: float) -> int:
    """How often the broker was killed."""
    killed = 0
    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            group.create_task(run.call(number))
        for _ in range(kills):
            await asyncio.sleep(seconds / (kills + 1))
            known = status(run.folder / ".anwang")
            kafka = next(c.mark for c in known.children if c.name == "kafka") if known else None
            if kafka:
                os.kill(kafka.pid, signal.SIGKILL)
                killed += 1
                sys.stderr.write(f"{time.monotonic() - run.until + seconds:.0f} s: kill -9 of the broker\n")
    return killed


async def settled(run: Run) -> set[str]:
    """The events in the database, once nothing is in flight or on a disk, or the time is over."""
    known = status(run.folder / ".anwang")
    if known is None or known.servers is None:
        return set()
    connection = await asyncpg.connect(known.servers.postgres_dsn)
    try:
        give_up, is_still = time.monotonic() + SETTLE_WITHIN_S, False
        while not is_still and time.monotonic() < give_up:
            await asyncio.sleep(2)
            ledger = json.loads(anwang(run.folder, "ledger", "--json"))
            is_still = ledger["in_flight"] == ledger["spooled"] == 0
        return {row["event_id"] for row in await connection.fetch("SELECT event_id FROM report_version")}
    finally:
        await connection.close()


def measure(folder: Path, told: argparse.Namespace) -> dict[str, object]:
    url = next(line for line in anwang(folder, "up").splitlines() if "HTTP intake" in line).split()[3]
    added = anwang(folder, "source", "add", "clinic-9001", "--kind", "clinic", "--county", "臺北市")
    token = next(line for line in added.splitlines() if line.startswith("token: ")).removeprefix("token: ")
    seconds = told.minutes * 60
    every_s = told.clients / told.per_s
    run = Run(folder, url.removesuffix("/v1/reports;"), token, every_s, time.monotonic() + seconds)
    killed = asyncio.run(fire(run, told.clients, told.kills, seconds))
    found = asyncio.run(settled(run))
    taken = {event_id for event_id, code in run.answers.items() if code == httpx.codes.ACCEPTED}
    ledger = json.loads(anwang(folder, "ledger", "--json"))
    quantiles = statistics.quantiles(run.took_s, n=100)
    return {
        "answers": {str(code): count for code, count in sorted(Counter(run.answers.values()).items())},
        "kills": killed,
        "settled": len(found),
        "taken_but_not_settled": len(taken - found),
        "settled_but_not_taken": len(found - taken),
        "answer_ms": {"p50": round(quantiles[49] * 1000), "p99": round(quantiles[98] * 1000)},
        "ledger": ledger,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--per-s", type=float, default=100, help="Reports a second, of all clients together.")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            result = measure(folder, told)
        finally:
            anwang(folder, "down")
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    whole = not result["taken_but_not_settled"] and not result["settled_but_not_taken"]
    fired = result["kills"] == told.kills
    return 0 if whole and fired and result["ledger"]["balances"] else 1  # type: ignore[index]


if __name__ == "__main__":
    sys.exit(main())
