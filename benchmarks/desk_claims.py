"""200 clients fight over one queue: no case may ever be held by two, and how long a claim takes.

    python benchmarks/desk_claims.py [--tries 20000] [--rates 25 50 100 200] [--seconds 20] [--cases 2000]

Starts a Postgres of its own, with `--open` other open cases beside. First, as fast as they can, two hundred people who
are signed in claim, each either the next case of the queue or one that they have chosen, hold it for a moment, write
with an old fence, and give it back, until so many claims were tried. Then each arrives at its own times, so many in a
second altogether, and claims the next case; a claim lasts from the time at which it was to begin until its answer, the
waiting for a connection included.

What was answered is then compared with every case's own history, and the whole desk is looked at. Exit code 0 only
when no two held a case, nothing else is wrong, and the p95 at the first rate is at most 30 ms.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import asyncpg
import desk_data
from desk_data import Size
from own_postgres import serving
from plans import EXPLAIN, explaining, plan_of

from pipeline.adapters.postgres.database import Role, open_pool
from pipeline.adapters.postgres.people_desk import Answer, PeopleDesk, Said
from pipeline.domain.desk import DeskAct
from pipeline.domain.posts import PostRole
from pipeline.local.folders import open_folders

sys.path.append(str(Path(__file__).parents[1] / "tests" / "integration"))
from desk_check import desk_faults

P95_MAX_MS = 30.0
CLIENTS = 200
CONNECTIONS = 8
"""As many as the desk opens for people."""
CENTRE, COUNTY, QUEUE = "bench-protective", "臺北市", "protective"
HOLD_S = 0.005
"""A client that fights holds a case for up to so long."""
STALE_SHARE, NEXT_SHARE = 0.1, 0.5
SEED = 20260302
CLAIMS = """
SELECT e.case_id, (b.said #>> '{handled,fence}')::bigint AS fence, b.said #>> '{handled,act}' AS act,
    b.said #>> '{handled,by}' AS by
FROM case_event e, LATERAL (SELECT convert_from(e.body, 'UTF8')::jsonb) AS b (said)
WHERE e.kind = 'case.handled.v1' ORDER BY e.case_id, e.version"""


class Hold(NamedTuple):
    """A claim that was answered with `done`, and when the client was told so and began to give it back."""

    case_id: UUID
    fence: int
    staff: str
    told_at: float
    left_at: float


class Client(NamedTuple):
    staff: str
    token: str


@dataclass
class Fight:
    """What all clients share."""

    desk: PeopleDesk
    cases: Sequence[UUID]
    left: int
    answers: Counter[str] = field(default_factory=Counter)
    took_s: list[float] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    async def fight(self, who: Client) -> None:
        """Until nothing is left to try."""
        chance = random.Random(f"{SEED} {who.staff}")  # noqa: S311 - the same in every run
        while self.left > 0:
            self.left -= 1
            began = time.perf_counter()
            if chance.random() < NEXT_SHARE:
                answer = await self.desk.claim_next(who.token, QUEUE, CENTRE, Said())
            else:
                answer = await self.desk.act(who.token, chance.choice(self.cases), DeskAct.CLAIM, Said())
            self.took_s.append(time.perf_counter() - began)
            self.answers[answer["code"]] += 1
            if answer["code"] == "done":
                await self.hold(who, answer, chance.random() * HOLD_S, is_stale=chance.random() < STALE_SHARE)

    async def arrive(self, who: Client, at: Sequence[float]) -> None:
        """Claims the next case at each of these times, or at once where it is late."""
        for begins in at:
            await asyncio.sleep(max(0.0, begins - time.perf_counter()))
            answer = await self.desk.claim_next(who.token, QUEUE, CENTRE, Said())
            self.took_s.append(time.perf_counter() - begins)
            self.answers[answer["code"]] += 1
            if answer["code"] == "done":
                await self.hold(who, answer, 0.0, is_stale=False)

    async def hold(self, who: Client, answer: Answer, for_s: float, *, is_stale: bool) -> None:
        case_id, fence, told_at = UUID(answer["case_id"]), answer["fence"], time.perf_counter()
        await asyncio.sleep(for_s)
        if is_stale:
            old = await self.desk.act(who.token, case_id, DeskAct.SCREEN_OPEN, Said(fence - 1))
            self._expect(old, "fence_stale", f"{who.staff} wrote on {case_id} with an old fence")
        left_at = time.perf_counter()
        self.holds.append(Hold(case_id, fence, who.staff, told_at, left_at))
        back = await self.desk.act(who.token, case_id, DeskAct.GIVE_BACK, Said(fence))
        self._expect(back, "done", f"{who.staff} could not give back {case_id}")

    def _expect(self, answer: Answer, code: str, words: str) -> None:
        if answer["code"] != code:
            self.wrong.append(f"{words}: {answer['code']}")


async def clients_of(db: asyncpg.Connection) -> list[Client]:
    names = [f"bench-{number}" for number in range(CLIENTS)]
    return [Client(name, await desk_data.sign_in(db, name, PostRole.SCREENER, CENTRE)) for name in names]


async def queue_up(db: asyncpg.Connection, count: int) -> list[UUID]:
    """Cases that wait in one queue, each with the beginning of a history."""
    await db.execute(desk_data.SQL["hot"], count, QUEUE, CENTRE, COUNTY)
    await db.execute(desk_data.SQL["hot_clocks"])
    await db.execute(desk_data.SQL["hot_begin"])
    await db.execute("VACUUM ANALYZE")
    return [row["case_id"] for row in await db.fetch("SELECT case_id FROM ticket WHERE centre = $1", CENTRE)]


def overlaps(holds: Iterable[Hold]) -> Iterator[str]:
    """By the clients' own clock: one was told that it holds a case before who had it had begun to give it back."""
    of_case: defaultdict[UUID, list[Hold]] = defaultdict(list)
    for hold in holds:
        of_case[hold.case_id].append(hold)
    for case_id, held in of_case.items():
        held.sort(key=lambda hold: hold.told_at)
        for one, after in pairwise(held):
            if after.told_at < one.left_at or after.fence <= one.fence:
                yield f"{case_id}: {one.staff} and {after.staff} held it at once, fences {one.fence}, {after.fence}"


async def untold(db: asyncpg.Connection, holds: Iterable[Hold], cases: Sequence[UUID]) -> list[str]:
    """Where the histories tell of other claims than the answers did, or a fence that did not rise, or one hand that
    took a case out of another.
    """
    told, faults = {(hold.case_id, hold.fence): hold.staff for hold in holds}, list[str]()
    kept: dict[tuple[UUID, int], str] = {}
    holder, last = dict.fromkeys(cases, ""), dict.fromkeys(cases, 0)
    for row in await db.fetch(CLAIMS):
        case_id = row["case_id"]
        if row["fence"] <= last[case_id]:
            faults.append(f"{case_id}: fence {row['fence']} after {last[case_id]}")
        if (row["act"] == "claim") == bool(holder[case_id]):
            faults.append(f"{case_id}: {row['act']} by {row['by']} while held by {holder[case_id] or 'nobody'}")
        if row["act"] == "claim":
            kept[case_id, row["fence"]] = row["by"]
        holder[case_id], last[case_id] = row["by"] if row["act"] == "claim" else "", row["fence"]
    if kept != told:
        other = len(kept.items() ^ told.items())
        faults.append(f"{len(kept)} claims in the histories, {len(told)} answered; {other} differ")
    return faults


def show(name: str, fight: Fight, seconds: float) -> float:
    """Prints a row; the p95 in milliseconds."""
    times = sorted(fight.took_s)
    p50, p95, p99 = (1000 * times[min(len(times) - 1, int(share * len(times)))] for share in (0.5, 0.95, 0.99))
    done, tried = fight.answers["done"], fight.answers.total()
    answers = ", ".join(f"{code} {count:,}" for code, count in fight.answers.most_common())
    rates = (f"{tried / seconds:.0f}", f"{done / seconds:.0f}")
    cells = (f"{tried:,}", *rates, f"{p50:.1f}", f"{p95:.1f}", f"{p99:.1f}", answers)
    sys.stdout.write(f"| {' | '.join((name, *cells))} |\n")
    sys.stdout.flush()
    return p95


async def race(fight: Fight, clients: Sequence[Client]) -> float:
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for who in clients:
            group.create_task(fight.fight(who))
    return time.perf_counter() - began


async def pace(fight: Fight, clients: Sequence[Client], rate: float, seconds: float) -> float:
    """Each client comes at its own even beat, all of them spread evenly."""
    began, every = time.perf_counter() + 0.5, len(clients) / rate
    async with asyncio.TaskGroup() as group:
        for number, who in enumerate(clients):
            first = began + number / rate
            group.create_task(fight.arrive(who, [first + turn * every for turn in range(round(seconds / every))]))
    return time.perf_counter() - began


async def plan(db: asyncpg.Connection, who: Client) -> None:
    """Prints how the next case of the queue is found and locked."""
    found = "SELECT t.* {}FROM ticket t JOIN case_file c"
    changes = (
        ("RETURNS jsonb", "RETURNS text"),
        ("    answer jsonb;", "    answer jsonb; line text; lines text := '';"),
        (found.format("INTO was "), f"FOR line IN {EXPLAIN} {found.format('')}"),
        ("SKIP LOCKED;", "SKIP LOCKED LOOP lines := lines || line || chr(10); END LOOP; RETURN lines;"),
    )
    await explaining(db, "claim_next", changes)
    lines = await plan_of(db, who.token, "SELECT bench_claim_next($1, $2, '{}')", QUEUE, CENTRE)
    sys.stdout.write(f"\nHow claim_next finds the next case\n\n{lines}\n")


async def run(folder: Path, told: argparse.Namespace) -> int:
    async with serving(open_folders(folder)) as socket_folder:
        made = await desk_data.provide(socket_folder, Size(told.open, 0))
        db = await asyncpg.connect(made.dsn)
        clients, cases = await clients_of(db), await queue_up(db, told.cases)
        pool = await open_pool(made.dsn, name="bench", role=Role.PEOPLE, connections_max=told.connections)
        fights = [Fight(PeopleDesk(pool), cases, told.tries)]
        sys.stdout.write(f"{CLIENTS} clients, {told.connections} connections, {told.cases:,} cases in the queue\n\n")
        sys.stdout.write("| | tries | tries/s | claims/s | p50 ms | p95 ms | p99 ms | answers |\n")
        sys.stdout.write("|---|---|---|---|---|---|---|---|\n")
        show("a fight", fights[0], await race(fights[0], clients))
        p95 = []
        for rate in told.rates:
            fights.append(Fight(PeopleDesk(pool), cases, 0))
            p95.append(show(f"{rate:g} a second", fights[-1], await pace(fights[-1], clients, rate, told.seconds)))
        holds = [hold for fight in fights for hold in fight.holds]
        doubles = list(overlaps(holds))
        faults = [*await untold(db, holds, cases), *(fault for fight in fights for fault in fight.wrong)]
        sys.stdout.write(
            f"\nDouble claims: {len(doubles)}. Answers that no history tells of, or the reverse: {len(faults)}.\n"
        )
        await pool.close()
        await plan(db, clients[0])
        whole = await open_pool(made.dsn, name="bench", role=None, connections_max=1, timeout_ms=3_600_000)
        faults += await desk_faults(whole, cases)
        await whole.close()
        await db.close()
    sys.stdout.write(f"\nFaults in all: {len(doubles) + len(faults)}.\n")
    sys.stdout.writelines(f"{fault}\n" for fault in [*doubles, *faults][:20])
    return int(bool(doubles or faults) or p95[0] > P95_MAX_MS)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=20_000)
    parser.add_argument("--cases", type=int, default=2_000)
    parser.add_argument("--open", type=int, default=20_000, help="Other open cases.")
    parser.add_argument("--rates", type=float, nargs="+", default=[50, 100, 200, 300], help="Claims a second.")
    parser.add_argument("--seconds", type=float, default=20.0, help="For each rate.")
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    with tempfile.TemporaryDirectory() as scratch:
        return asyncio.run(run(Path(scratch), parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
