"""A page of a list at the desk, beside 100,000 open and 5,000,000 closed cases.

    python benchmarks/desk_lists.py --keep FOLDER [--open 100000] [--closed 5000000]

Starts a Postgres of its own and fills it, once for each FOLDER. Then people of a centre, of a county and of the whole
country ask for pages of a hundred, by each filter, the first page and pages from anywhere in the list, each page a
transaction of its own as in the product. One of them is a party to thousands of cases. Exit code 0 only when the p95
of every row is at most 100 ms.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import asyncpg
import desk_data
from desk_data import Desk, Size
from own_postgres import serving
from plans import plans_of

from pipeline.adapters.postgres.acting import acting_as
from pipeline.adapters.postgres.database import Pool, Role, open_pool
from pipeline.domain.posts import PostRole
from pipeline.local.folders import open_folders

P95_MAX_MS = 100.0
PAGE = 100
LIST = "SELECT * FROM tickets_of_mine($1, $2, $3, $4, $5, $6, $7, $8, $9)"
COLUMNS = ("who", "asks for", "page", "rows", "asked", "p50 ms", "p95 ms", "max ms")
RARE_TIES, MANY_PERSONS, MANY_TOWERS = 5, 2_000, 50


class After(NamedTuple):
    """Where a page ended."""

    place: int | None = None
    opened_at: datetime | None = None
    case_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    name: str
    queue: str | None = None
    centre: str | None = None
    stages: list[str] | None = None
    priority: str | None = None
    held: str = "anyone"

    def values(self, after: After) -> tuple[object, ...]:
        return self.queue, self.centre, self.stages, self.priority, self.held, *after, PAGE


class Person(NamedTuple):
    name: str
    token: str


FILTERS = (
    Filter("all that is open"),
    Filter("waiting", stages=["waiting"]),
    Filter("waiting, protective", queue="protective", stages=["waiting"]),
    Filter("waiting or screened", stages=["waiting", "screened"]),
    Filter("family", queue="family"),
    Filter("immediate", priority="immediate"),
    Filter("routine", priority="routine"),
    Filter("routine, waiting, family", queue="family", stages=["waiting"], priority="routine"),
    Filter("disputed", stages=["disputed"]),
    Filter("disputed, immediate", stages=["disputed"], priority="immediate"),
    Filter("not opening, with a supervisor", stages=["not_opening", "with_supervisor"]),
    Filter("held by nobody", held="nobody"),
    Filter("held by me", held="me"),
)


async def people_of(desk: Desk) -> tuple[list[Person], str]:
    """Who asks, and the fullest centre."""
    db = await asyncpg.connect(desk.dsn)
    try:
        centre, county = await db.fetchrow(
            "SELECT code, county FROM bench_centre ORDER BY share_to - share_from DESC LIMIT 1"
        )
        busiest, post, scope = await db.fetchrow(
            "SELECT staff, role, scope FROM claim GROUP BY 1, 2, 3 ORDER BY count(*) DESC, staff LIMIT 1"
        )
        await desk_data.tie(db, "few-ties", desk.size.opened, RARE_TIES, 0)
        await desk_data.tie(db, "many-ties", desk.size.opened, MANY_PERSONS, MANY_TOWERS)
        posts = (
            ("screener of a centre", "few-ties", PostRole.SCREENER, centre),
            ("worker who holds the most", busiest, PostRole(post), scope),
            ("screener of a county", "few-ties", PostRole.SCREENER, county),
            ("supervisor of the country", "few-ties", PostRole.SUPERVISOR, "*"),
            ("a party to thousands of cases", "many-ties", PostRole.SUPERVISOR, "*"),
        )
        return [Person(name, await desk_data.sign_in(db, *rest)) for name, *rest in posts], centre
    finally:
        await db.close()


async def page(people: Pool, who: Person, wanted: Filter, after: After) -> tuple[int, float]:
    """How many rows, and milliseconds from asking for the connection to the end of the transaction."""
    began = time.perf_counter()
    async with acting_as(people, who.token) as acting:
        rows = await acting.db.fetch(LIST, *wanted.values(after))
    return len(rows), (time.perf_counter() - began) * 1000


async def places_of(db: asyncpg.Connection, count: int) -> list[After]:
    """Places anywhere in the whole list, each that of an open case."""
    rows = await db.fetch(
        "SELECT place, opened_at, case_id FROM ticket WHERE stage <> 'closed' ORDER BY md5(case_id::text) LIMIT $1",
        count,
    )
    return [After(*row) for row in rows]


async def measure(desk: Desk, asked: int) -> float:
    """Prints a row for each; the greatest p95."""
    people = await open_pool(desk.dsn, name="bench", role=Role.PEOPLE, connections_max=1)
    db = await asyncpg.connect(desk.dsn)
    who, centre = await people_of(desk)
    worst, deep = 0.0, await places_of(db, asked)
    try:
        for person in who:
            filters = (*FILTERS, *(replace(f, name=f"{f.name}, of one centre", centre=centre) for f in FILTERS[:2]))
            for wanted in filters:
                for name, places in (("first", [After()] * asked), ("anywhere", deep)):
                    worst = max(worst, await _row(people, person, wanted, name, places))
    finally:
        await db.close()
        await people.close()
    return worst


async def _row(people: Pool, person: Person, wanted: Filter, name: str, places: Sequence[After]) -> float:
    await page(people, person, wanted, places[0])
    told = [await page(people, person, wanted, after) for after in places]
    times = sorted(ms for _, ms in told)
    rows = sum(count for count, _ in told) / len(told)
    p95 = _at(times, 0.95)
    figures = (f"{rows:.0f}", str(len(times)), *(f"{ms:.1f}" for ms in (_at(times, 0.5), p95, times[-1])))
    _show((person.name, wanted.name, name, *figures))
    return p95


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _show(cells: Iterable[str]) -> None:
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


async def plans(desk: Desk) -> None:
    """Prints what the database did for the supervisor of the country, filter by filter."""
    who, _ = await people_of(desk)
    person = next(p for p in who if p.name == "supervisor of the country")
    for wanted in FILTERS:

        async def ask(db: asyncpg.Connection, wanted: Filter = wanted) -> None:
            async with db.transaction():
                await db.execute("SELECT set_config('anwang.session', $1, true)", person.token)
                await db.fetch(LIST, *wanted.values(After()))

        plans = await plans_of(desk.dsn, ask, told_ms=0.0)
        found = [plan for plan in plans if "ticket t" in plan and "(SELECT t." in plan]
        sys.stdout.write(f"\n{person.name}, {wanted.name}\n\n{found[-1]}\n" if found else "")


async def run(folder: Path, size: Size, asked: int) -> float:
    async with serving(open_folders(folder)) as socket_folder:
        desk = await desk_data.provide(socket_folder, size)
        sys.stdout.write(f"{size.opened:,} open and {size.closed:,} closed cases, made in {desk.fill_s:.0f} s\n\n")
        _show(COLUMNS)
        sys.stdout.write(f"|{'---|' * len(COLUMNS)}\n")
        worst = await measure(desk, asked)
        await plans(desk)
    return worst


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--open", type=int, default=100_000)
    parser.add_argument("--closed", type=int, default=5_000_000)
    parser.add_argument("--asked", type=int, default=100, help="Pages for each row.")
    parser.add_argument("--keep", type=Path, help="A folder for the filled database, to be used again.")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        worst = asyncio.run(run(told.keep or Path(scratch), Size(told.open, told.closed), told.asked))
    sys.stdout.write(f"\nThe slowest row's p95: {worst:.1f} ms (asked: at most {P95_MAX_MS:.0f})\n")
    return int(worst > P95_MAX_MS)


if __name__ == "__main__":
    sys.exit(main())
