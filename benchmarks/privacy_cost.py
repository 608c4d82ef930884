"""What privacy costs: of all the time that a report takes from its topic to its queue, how much goes into sealing and
opening, into tokens and digests, into the keys' database, and into the audit of access.

`PYTHONPATH=. python benchmarks/privacy_cost.py [--reports 3000] [--at-most 25]` starts a broker and a database of its
own and runs one worker and one relay in this process, over invented reports that link with each other. Each part is
timed where it happens; what waits for the database counts in full. It ends with 1 where the sum is above `--at-most`
per cent of the whole.
"""

import argparse
import asyncio
import contextlib
import functools
import inspect
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import asyncpg

from pipeline import wiring
from pipeline.adapters.anchors import create_key
from pipeline.adapters.kafka.brokers import brokers_of
from pipeline.adapters.kafka.outlet import new_producer
from pipeline.adapters.postgres import case_writer, settlement_writer
from pipeline.adapters.postgres.access_log import AccessLog
from pipeline.adapters.postgres.keys import CaseKeys
from pipeline.adapters.telemetry import Telemetry
from pipeline.adapters.vault import GateKeys, KeyRing, seal, unseal
from pipeline.local.bench.mess import Line, messy
from pipeline.local.bench.mix import MIXES
from pipeline.local.daemon import background_servers
from pipeline.settings import Settings, directory_of

SEED = 7
PARTS = {
    "sealing and opening": (seal, unseal),
    "tokens and digests": (KeyRing.token, KeyRing.tokens, KeyRing.digest, KeyRing.is_digest, KeyRing.keyed),
    "the keys' database": (CaseKeys.fetch, CaseKeys.make, CaseKeys.opening),
    "the audit of access": (AccessLog.append, AccessLog.append_many),
}
WRITES = {
    "add_original": "sealing and opening",
    "wrap_anew": "sealing and opening",
    "wrap_original_anew": "sealing and opening",
    "add_link_key": "tokens and digests",
}
"""Statements that would not be there without it. Which columns would be shorter is not counted."""


class Clock:
    """Seconds by part. What is called inside another part counts for the outer one alone."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._is_inside = False

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **named: Any) -> Any:  # noqa: ANN401 - stands for any function
            return self._counted(part, lambda: function(*args, **named))

        @functools.wraps(function)
        async def acall(*args: Any, **named: Any) -> Any:  # noqa: ANN401 - as above
            if self._is_inside:
                return await function(*args, **named)
            self._is_inside, began = True, time.perf_counter()
            try:
                return await function(*args, **named)
            finally:
                self._is_inside = False
                self.seconds[part] += time.perf_counter() - began

        return acall if inspect.iscoroutinefunction(function) else call

    def _counted(self, part: str, act: Callable[[], Any]) -> Any:  # noqa: ANN401 - as above
        if self._is_inside:
            return act()
        self._is_inside, began = True, time.perf_counter()
        try:
            return act()
        finally:
            self._is_inside = False
            self.seconds[part] += time.perf_counter() - began


def put_in(clock: Clock) -> None:
    """Replaces each function wherever this program has it by name."""
    for part, functions in PARTS.items():
        for function in functions:
            _replace(function, clock.timed(part, function))
    plain = case_writer.write_many

    async def write_many(db: Any, name: str, rows: Sequence[tuple[object, ...]]) -> None:  # noqa: ANN401 - a connection
        write = clock.timed(WRITES[name], plain) if name in WRITES else plain
        await write(db, name, rows)

    case_writer.write_many = settlement_writer.write_many = write_many


def _replace(function: Callable[..., Any], timed: Callable[..., Any]) -> None:
    owner, _, name = function.__qualname__.rpartition(".")
    for module in [m for n, m in sys.modules.items() if n.startswith("pipeline.")]:
        if owner and hasattr(getattr(module, owner, None), name):
            is_static = isinstance(inspect.getattr_static(getattr(module, owner), name), staticmethod)
            setattr(getattr(module, owner), name, staticmethod(timed) if is_static else timed)
            return
        if not owner and getattr(module, name, None) is function:
            setattr(module, name, timed)


async def fill(settings: Settings, lines: Sequence[Line]) -> int:
    """How many messages stand on the topics."""
    sources, brokers = directory_of(settings).sources, brokers_of(settings)
    producer = new_producer(brokers, "bench")
    await producer.start()
    try:
        for line in lines:
            code = json.loads(line.value)["source"].removeprefix("/sources/")
            await producer.send(sources[code].topic, line.value)
        await producer.flush()
    finally:
        await producer.stop()
    return len(lines)


async def work(settings: Settings, messages: int) -> float:
    """Seconds until all of them are settled and published."""
    database = await asyncpg.connect(settings.postgres_dsn)
    telling = Telemetry("bench", "warning")
    began = time.perf_counter()
    tasks = [asyncio.create_task(run(settings, telling, lambda: None)) for run in (wiring.run_assess, wiring.run_relay)]
    try:
        while True:
            await asyncio.sleep(0.25)
            for task in tasks:
                if task.done():
                    task.result()
            settled, waiting = await database.fetchrow(
                "SELECT (SELECT count(*) FROM inbox), (SELECT count(*) FROM outbox WHERE published_offset IS NULL)"
            )
            if settled >= messages and not waiting:
                return time.perf_counter() - began
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await database.close()


async def measure(settings: Settings, lines: Sequence[Line]) -> tuple[int, float, Clock]:
    KeyRing.create(settings.key_file)
    GateKeys.create(settings.gate_key_file)
    create_key(settings.anchor_key_file)
    await wiring.migrate_all(settings)
    await wiring.create_topics(settings)
    messages, clock = await fill(settings, lines), Clock()
    put_in(clock)
    return messages, await work(settings, messages), clock


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--reports", type=int, default=3000)
    asked.add_argument("--at-most", type=float, default=25.0, help="per cent of the whole")
    told = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder, background_servers(Path(folder) / "servers") as servers:
        mess = messy(MIXES["sample"], SEED, told.reports)
        *_, sources = mess.write(Path(folder) / "mess")
        settings = Settings(
            sources_file=sources,
            **servers.kafka_settings(),
            postgres_dsn=asyncio.run(servers.create_database("bench")),
            keys_dsn=asyncio.run(servers.create_database("bench_keys")),
            data_dir=Path(folder) / "data",
        )
        messages, seconds, clock = asyncio.run(measure(settings, mess.lines))
    total = sum(clock.seconds.values())
    sys.stdout.write("| part | ms a report | per cent of the whole |\n|---|---|---|\n")
    for part in PARTS:
        spent = clock.seconds[part]
        sys.stdout.write(f"| {part} | {spent / messages * 1000:.3f} | {spent / seconds * 100:.1f} |\n")
    sys.stdout.write(f"| together | {total / messages * 1000:.3f} | {total / seconds * 100:.1f} |\n")
    sys.stdout.write(f"| the whole path, {messages} reports | {seconds / messages * 1000:.3f} | 100 |\n")
    return int(total / seconds * 100 > told.at_most)


if __name__ == "__main__":
    sys.exit(main())
