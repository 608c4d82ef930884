"""How late the desk's timers ring, with a country's open cases, real `anwang run watch` processes, and a kill.

Fills a Postgres of its own (see desk_data.py), sets clocks of so many cases a second to ring over some seconds, runs
the watchers, kills one half-way (-9) and starts another, then asks the database: how many rang, how late, none twice,
none lost. Afterwards it times the watchdog's own look, removes a timer and times until that is found. Prints the plans.

    PYTHONPATH=. python benchmarks/desk_clocks.py --open 100000 --rate 100 --seconds 30
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import desk_data
from desk_data import Size
from own_postgres import serving

from pipeline.adapters.postgres.database import Role, open_pool
from pipeline.adapters.postgres.sql import Queries
from pipeline.adapters.postgres.watchdog_store import WatchdogStore
from pipeline.local.folders import open_folders

SETTLES_IN_S = 6.0
SQL = Queries((Path(__file__).parent / "desk_clocks.sql").read_text("utf-8"))
WATCH, WATCHDOG = Queries.of("timers"), Queries.of("watchdog")


@asynccontextmanager
async def watcher(dsn: str, folder: Path, number: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """One `anwang run watch`, until the block ends; it may have been killed by then."""
    settings = {
        "ANWANG_POSTGRES_DSN": dsn,
        "ANWANG_DATA_DIR": str(folder / f"watch-{number}"),
        "ANWANG_INSTANCE": f"watch-{number}",
        "ANWANG_HTTP_PORT": "0",
        "ANWANG_LOG_LEVEL": "warning",
    }
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pipeline.cli", "run", "watch", env={**os.environ, **settings}, cwd=folder
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.terminate()
        await running.wait()


async def ring(dsn: str, folder: Path, watchers: int, seconds: float) -> None:
    """All watchers for so long; the first is killed half-way, and another takes its place."""
    async with watcher(dsn, folder, 0) as first:
        others = [asyncio.create_task(_hold(dsn, folder, n, seconds + SETTLES_IN_S)) for n in range(1, watchers)]
        await asyncio.sleep(seconds / 2)
        first.send_signal(signal.SIGKILL)
        await first.wait()
        sys.stdout.write("a watcher was killed (-9) and another started\n")
        await asyncio.gather(_hold(dsn, folder, watchers, seconds / 2 + SETTLES_IN_S), *others)


async def _hold(dsn: str, folder: Path, number: int, seconds: float) -> None:
    async with watcher(dsn, folder, number):
        await asyncio.sleep(seconds)


async def watchdog(dsn: str) -> None:
    """Its look's time, and how long a timer that was removed stays unseen, but for the pause between two looks."""
    pool = await open_pool(dsn, name="bench-watchdog", role=Role.AUDITOR, timeout_ms=60_000)
    admin = await asyncpg.connect(dsn)
    try:
        store = WatchdogStore(pool)
        for _ in range(2):
            began = time.monotonic()
            found = await store.timekeeping(100)
            sys.stdout.write(f"watchdog: a look takes {time.monotonic() - began:.2f} s, faults {len(found.faults)}\n")
        await admin.execute("DELETE FROM timer WHERE (kind, subject) = (SELECT kind, subject FROM timer LIMIT 1)")
        began = time.monotonic()
        found = await store.timekeeping(100)
        sys.stdout.write(f"watchdog: a removed timer is found by a look of {time.monotonic() - began:.2f} s: "
                         f"{sorted(fault.code for fault in found.faults)}\n")  # fmt: skip
    finally:
        await admin.close()
        await pool.close()


async def plans(db: asyncpg.Connection) -> None:
    await db.execute("PREPARE due (int) AS " + WATCH["due"])
    for name, statement in (
        ("timers.due", "EXECUTE due(250)"),
        *((f"watchdog.{n}", WATCHDOG[n].replace("$1", "100")) for n in ("cases_unarmed", "clocks_unarmed", "lateness")),
    ):
        rows: Sequence[asyncpg.Record] = await db.fetch(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {statement}")
        sys.stdout.write(f"\n-- {name}\n" + "".join(f"{row[0]}\n" for row in rows))


async def run(folder: Path, told: argparse.Namespace) -> int:
    async with serving(open_folders(folder)) as socket_folder:
        made = await desk_data.provide(socket_folder, Size(told.open, told.closed))
        sys.stdout.write(f"{told.open} open and {told.closed} closed cases, filled in {made.fill_s:.0f} s\n")
        db = await asyncpg.connect(made.dsn)
        try:
            await db.execute(SQL["arm_clocks"])
            await db.execute("VACUUM ANALYZE timer, clock, ticket")
            wanted = int(told.rate * told.seconds)
            await db.execute(SQL["set_off"], wanted, told.seconds, told.lead)
            armed = await db.fetchval("SELECT count(*) FROM timer")
            sys.stdout.write(f"{armed} timers, of which {wanted} ring within {told.seconds:.0f} s\n")
            await ring(made.dsn, folder, told.watchers, told.lead + told.seconds)
            found = await db.fetchrow(SQL["found"])
            sys.stdout.write("rang {rang} (twice: {twice}), notifications {told}, overdue now {left}\n".format(**found))
            sys.stdout.write("late: p50 {p50:.2f} s, p99 {p99:.2f} s, max {max:.2f} s\n".format(**found))
            await watchdog(made.dsn)
            await plans(db)
        finally:
            await db.close()
    kept = (found["rang"], found["told"], found["twice"], found["left"]) == (wanted, wanted, 0, 0)
    return 0 if kept and found["p99"] <= told.p99 else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--open", type=int, default=100_000)
    parser.add_argument("--closed", type=int, default=200_000)
    parser.add_argument("--rate", type=float, default=100.0, help="Rungs a second.")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--lead", type=float, default=8.0, help="Seconds until the first rings.")
    parser.add_argument("--watchers", type=int, default=2)
    parser.add_argument("--p99", type=float, default=2.0, help="Seconds; above it the run fails.")
    with tempfile.TemporaryDirectory() as scratch:
        return asyncio.run(run(Path(scratch), parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
