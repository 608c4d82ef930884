"""How long it takes to find one forged event of access among a million, and whether it is named.

    python benchmarks/verify_audit.py FOLDER [--events N]

Events are planted by the function of the database that the product uses itself, over four streams, and an anchor is
signed. Then, one after the other, a superuser with the triggers off changes, removes and swaps events and writes the
end of a chain anew by every rule; after each the whole is verified, and then set right again. Postgres runs in FOLDER.

Exit code 0 only when each forgery is named, nothing else is, and each verification takes less than a minute.
"""
# ruff: noqa: S608, T201 - statements are put together from our own numbers; a benchmark prints

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from own_postgres import serving

from pipeline.adapters.anchors import create_key, signer
from pipeline.adapters.postgres.access_log import AccessBook, Verified
from pipeline.adapters.postgres.database import COUNTING_TIMEOUT_MS, Role, open_pool
from pipeline.adapters.postgres.migrate import DATA, migrate
from pipeline.domain.access import BEGINNING
from pipeline.domain.access_check import Fault, Finding
from pipeline.domain.anchors import statement_of
from pipeline.local.folders import open_folders
from pipeline.local.postgres import dsn_of

STREAMS = ("assess", "desk.63000-protective", "desk.65000-family", "operate")
PORTION = 10_000
PLANT = """
SELECT audit_append_many($1, (
    SELECT jsonb_agg(jsonb_build_object('kind', 'read', 'actor', 'S' || (1000 + i % 400), 'body', jsonb_build_object(
        'case_id', gen_random_uuid(), 'role', 'screener', 'fields', '["name", "phone"]'::jsonb, 'count', i)))
    FROM generate_series(1, $2::int) i))
"""
ONE = "stream = 'desk.65000-family' AND number = {number}"
Forgery = tuple[str, Sequence[str], Sequence[Finding]]


def forgeries(last: int) -> list[Forgery]:
    """What is forged, the statements that do it, and what must be found; of a stream of `last` events."""
    stream, here, there = "desk.65000-family", last // 3, last // 2
    at_here, at_there, nowhere = (ONE.format(number=n) for n in (here, there, 10**12))
    return [
        (
            "changed",
            [f"UPDATE access_event SET actor = 'S9999' WHERE {at_here}"],
            [Finding(stream, here, Fault.CHANGED)],
        ),
        (
            "changed, hashed anew",
            [
                f"""UPDATE access_event SET actor = 'S9999',
                hash = access_hash(prior_hash, stream, number, at, kind, 'S9999', body) WHERE {at_here}"""
            ],
            [Finding(stream, here, Fault.REWRITTEN)],
        ),
        ("removed", [f"DELETE FROM access_event WHERE {at_here}"], [Finding(stream, here, Fault.REMOVED, here)]),
        (
            "swapped",
            [
                f"UPDATE access_event SET number = {10**12} WHERE {at_here}",
                f"UPDATE access_event SET number = {here} WHERE {at_there}",
                f"UPDATE access_event SET number = {there} WHERE {nowhere}",
            ],
            [
                Finding(stream, here, Fault.MISPLACED, belongs=there),
                Finding(stream, there, Fault.MISPLACED, belongs=here),
            ],
        ),
        (
            "cut off with its head",
            [
                f"DELETE FROM access_event WHERE stream = '{stream}' AND number > {last - 10}",
                f"""UPDATE access_head h SET number = e.number, hash = e.hash FROM access_event e
                WHERE e.stream = h.stream AND h.stream = '{stream}' AND e.number = {last - 10}""",
            ],
            [Finding(stream, last - 9, Fault.CUT_OFF, last)],
        ),
        (
            "its end invented anew by every rule",
            [
                f"DELETE FROM access_event WHERE stream = '{stream}' AND number > {last - 10}",
                f"""UPDATE access_head h SET number = e.number, hash = e.hash FROM access_event e
                WHERE e.stream = h.stream AND h.stream = '{stream}' AND e.number = {last - 10}""",
                f"SELECT audit_append('{stream}', 'read', 'S9999', '{{}}') FROM generate_series(1, 10)",
            ],
            [Finding(stream, 1, Fault.UNLIKE_ANCHOR, last)],
        ),
    ]


@asynccontextmanager
async def forged(dsn: str, statements: Sequence[str]) -> AsyncIterator[None]:
    """As long as the block lasts; the stream is kept beside and put back."""
    db = await asyncpg.connect(dsn)
    try:
        await db.execute("SET session_replication_role = replica")
        for table in ("access_event", "access_head"):
            await db.execute(f"CREATE TABLE kept_{table} AS SELECT * FROM {table} WHERE stream = 'desk.65000-family'")
        for statement in statements:
            await db.execute(statement)
        yield
        for table in ("access_event", "access_head"):
            await db.execute(f"DELETE FROM {table} WHERE stream = 'desk.65000-family'")
            await db.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")
            await db.execute(f"DROP TABLE kept_{table}")
    finally:
        await db.close()


async def plant(dsn: str, events: int) -> None:
    db = await asyncpg.connect(dsn)
    try:
        for stream in STREAMS:
            for _ in range(events // len(STREAMS) // PORTION):
                await db.execute(PLANT, stream, PORTION)
    finally:
        await db.close()


async def measure(folder: Path, events: int) -> bool:
    """Whether everything forged was found, and in time."""
    is_good = True
    async with serving(open_folders(folder)) as socket:
        root = await asyncpg.connect(dsn_of(socket, "postgres"))
        await root.execute("CREATE DATABASE verified")
        await root.close()
        dsn = dsn_of(socket, "verified")
        await migrate(dsn, DATA)
        began = time.perf_counter()
        await plant(dsn, events)
        print(f"planted {events:,} events in {time.perf_counter() - began:.1f} s")
        pool = await open_pool(dsn, name="verify", role=Role.AUDITOR, connections_max=1, timeout_ms=COUNTING_TIMEOUT_MS)
        book = AccessBook(pool)
        create_key(folder / "anchor.pem")
        heads = await book.heads()
        await book.add_anchor(signer(folder / "anchor.pem")(1, statement_of(1, await book.now(), BEGINNING, heads)))

        async def verify() -> tuple[Verified, float]:
            began = time.perf_counter()
            found = await book.verify(None, is_signed=lambda _: True, is_stamped=lambda _: True)
            return found, time.perf_counter() - began

        whole, took_s = await verify()
        print(f"| whole | {took_s:.1f} s | {whole.events:,} events, {len(whole.findings)} faults |")
        is_good = not whole.findings
        for name, statements, expected in forgeries(events // len(STREAMS)):
            async with forged(dsn, statements):
                found, took_s = await verify()
            print(f"| {name} | {took_s:.1f} s | {'; '.join(f.words for f in found.findings)} |")
            is_good = is_good and found.findings == list(expected) and took_s < 60  # noqa: PLR2004 - a minute
        pool.terminate()
    return is_good


if __name__ == "__main__":
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("folder", type=Path)
    told.add_argument("--events", type=int, default=1_000_000)
    args = told.parse_args()
    raise SystemExit(not asyncio.run(measure(args.folder, args.events)))
