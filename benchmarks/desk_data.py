"""A country's desk, put straight into the tables: so many open and closed cases, spread as in Taiwan.

The six special municipalities hold seven tenths of the people, and of the cases here; three in a hundred cases are
`immediate`; six in ten open ones are in service. Each case has one incident, one report and one claim at most; sealed
texts, histories and messages are left out, since no list and no claim reads them.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import asyncpg

from pipeline.adapters.postgres.migrate import DATA, migrate
from pipeline.adapters.postgres.sql import Queries
from pipeline.contracts.vocabulary import Queue
from pipeline.domain.centres import KIND_OF, CentreKind
from pipeline.domain.counties import COUNTY_CODES
from pipeline.domain.posts import PostRole
from pipeline.domain.terms import shipped_centres
from pipeline.local import postgres

SQL = Queries((Path(__file__).parent / "desk_data.sql").read_text("utf-8"))
SPECIAL_SHARE = 0.7
CASES_A_WORKER = 30
CHUNK = 500_000
STEPS = ("cases", "tickets", "claims", "incidents", "reports", "clocks", "keys", "timers")


class Size(NamedTuple):
    """Numbers of cases."""

    opened: int
    closed: int

    @property
    def database(self) -> str:
        return f"desk_{self.opened}_{self.closed}"


class Where(NamedTuple):
    """A centre of the directory that is shipped, and which share of the country's cases it has."""

    code: str
    county: str
    queue: Queue
    share: float


@dataclass(frozen=True, slots=True)
class Desk:
    """A database that is filled, and how long that took; 0 where an earlier run did."""

    dsn: str
    size: Size
    fill_s: float


def centres() -> tuple[Where, ...]:
    """The one or more centres of each queue of a county share its cases evenly."""
    book = shipped_centres()
    found = [
        (centre, queue)
        for queue in (Queue.PROTECTIVE, Queue.FAMILY)
        for centre in book.centres.values()
        if centre.kind is KIND_OF[queue] and centre.kind is not CentreKind.NATIONAL and centre.county in COUNTY_CODES
    ]
    beside = {(c.county, q): sum(o.county == c.county and p is q for o, p in found) for c, q in found}
    return tuple(
        Where(c.code, c.county, q, _share(c.county) / 2 / beside[c.county, q]) for c, q in found if c.county is not None
    )


def _share(county: str) -> float:
    special = [name for name, code in COUNTY_CODES.items() if code.startswith("6")]
    if county in special:
        return SPECIAL_SHARE / len(special)
    return (1 - SPECIAL_SHARE) / (len(COUNTY_CODES) - len(special))


async def provide(socket_folder: Path, size: Size) -> Desk:
    """Fills a database of this size, unless an earlier run with the same folder did."""
    dsn = postgres.dsn_of(socket_folder, size.database)
    if await _is_filled(socket_folder, size):
        return Desk(dsn, size, 0.0)
    began = time.monotonic()
    await postgres.drop_database(socket_folder, size.database)
    await postgres.create_database(socket_folder, size.database)
    await migrate(dsn, DATA)
    await fill(dsn, size)
    return Desk(dsn, size, time.monotonic() - began)


async def _is_filled(socket_folder: Path, size: Size) -> bool:
    try:
        db = await asyncpg.connect(postgres.dsn_of(socket_folder, size.database))
    except asyncpg.InvalidCatalogNameError:
        return False
    try:
        return await db.fetchval("SELECT to_regclass('bench_filled') IS NOT NULL") is True
    finally:
        await db.close()


async def fill(dsn: str, size: Size) -> None:
    """Indexes that no constraint needs are made afterwards. Meanwhile a crash of the machine would break the server's
    files, which are then made anew.
    """
    db = await asyncpg.connect(dsn)
    try:
        await db.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        await db.execute("SET work_mem = '256MB'; SET maintenance_work_mem = '1GB'")
        await _full_pages(db, "off")
        later = await db.fetch(SQL["indexes"])
        for index in later:
            await db.execute(f"DROP INDEX {index['name']}")
        await db.execute(SQL["prepare"])
        await db.executemany(SQL["add_centre"], list(_centre_rows(size)))
        await db.execute(SQL["add_staff"])
        await db.execute(SQL["add_posts"])
        total = size.opened + size.closed
        for first in range(1, total + 1, CHUNK):
            await _draw(db, first, min(total, first + CHUNK - 1), size.opened)
        for index in later:
            await db.execute(index["made_by"])
        await db.execute("VACUUM ANALYZE")
        await db.execute("CREATE TABLE bench_filled ()")
        await _full_pages(db, "on")
        await db.execute("CHECKPOINT")
    finally:
        await db.close()


async def _full_pages(db: asyncpg.Connection, state: str) -> None:
    await db.execute(f"ALTER SYSTEM SET full_page_writes = {state}")
    await db.execute("SELECT pg_reload_conf()")


async def _draw(db: asyncpg.Connection, first: int, last: int, opened: int) -> None:
    """One transaction for so many cases."""
    async with db.transaction():
        await db.execute(_with_numbers(SQL["drawn"], first, last, opened))
        for step in STEPS:
            await db.execute(SQL[step])
        await db.execute("DROP TABLE drawn")


def _with_numbers(text: str, *numbers: int) -> str:
    """What makes a table takes no parameters."""
    for place, number in enumerate(numbers, 1):
        text = text.replace(f"${place}", str(int(number)))
    return text


def _centre_rows(size: Size) -> Iterator[tuple[object, ...]]:
    begins = 0.0
    for number, where in enumerate(centres(), 1):
        ends = begins + where.share
        staff = max(2, round(size.opened * where.share / CASES_A_WORKER))
        yield number, where.code, where.county, where.queue.value, begins, ends, staff
        begins = ends


async def sign_in(db: asyncpg.Connection, staff: str, role: PostRole, scope: str) -> str:
    """The token of a session of this person, who is added where the desk does not know them."""
    token = f"bench-{staff}-{role}-{scope}"
    await db.execute("INSERT INTO staff (staff) VALUES ($1) ON CONFLICT DO NOTHING", staff)
    await db.execute(
        "INSERT INTO post (staff, role, scope) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", staff, role.value, scope
    )
    await db.execute(
        "INSERT INTO staff_session (digest, staff, role, scope, ends_at, idle_for)"
        " VALUES ($1, $2, $3, $4, now() + interval '7 days', interval '7 days')"
        " ON CONFLICT (digest) DO UPDATE SET seen_at = now(), ends_at = excluded.ends_at",
        sha256(token.encode()).digest(),
        staff,
        role.value,
        scope,
    )
    return token


async def tie(db: asyncpg.Connection, staff: str, opened: int, persons: int, towers: int) -> None:
    """Makes this member of staff a party to about so many cases."""
    await db.execute("SET session_replication_role = replica")
    await db.execute(SQL["ties"] + " ON CONFLICT DO NOTHING", staff, persons, opened, towers)
    await db.execute("SET session_replication_role = origin")
