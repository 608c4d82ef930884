"""The one statement that finds candidates, beside the same rule written down in Python."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from lab import Lab

from pipeline.adapters.postgres.docket_reader import SQL
from pipeline.domain.candidates import BEARERS_MAX, CANDIDATES_MAX, RARITY_MIN, RARITY_OF_ONE
from pipeline.local.bench.chance import Chance

REPORTS = 300
Bearers = Mapping[int, Sequence[int]]


class Asked(NamedTuple):
    item: int
    token: int
    is_named: bool = False
    worth_min: int = 0


def an_id(number: int) -> UUID:
    return UUID(int=number + 1)


def a_token(number: int) -> bytes:
    return number.to_bytes(16)


async def hold(lab: Lab, borne: Bearers) -> None:
    """As many cases of one report each, which bear these tokens; of each token the newest bearer stands last."""
    ids = [an_id(number) for number in range(REPORTS)]
    rows = [(a_token(token), an_id(report)) for token, reports in borne.items() for report in reports]
    async with lab.pool.acquire() as db, db.transaction():
        await db.execute("SET LOCAL session_replication_role = replica")
        await db.execute("INSERT INTO incident (incident_id, case_id) SELECT i, i FROM unnest($1::uuid[]) AS i", ids)
        await db.execute(
            "INSERT INTO report (report_id, incident_id, source) SELECT i, i, 's' FROM unnest($1::uuid[]) AS i", ids
        )
        await db.executemany("INSERT INTO link_key (token, report_id, source) VALUES ($1, $2, 's')", rows)


async def found(lab: Lab, asked: Sequence[Asked]) -> Mapping[int, frozenset[int]]:
    """Which reports each token leads to."""
    columns = [a.item for a in asked], [a_token(a.token) for a in asked], [a.is_named for a in asked]
    bounds = BEARERS_MAX, CANDIDATES_MAX, RARITY_OF_ONE, RARITY_MIN
    rows = await lab.pool.fetch(
        SQL["find"], *columns, [], *bounds, [a.worth_min for a in asked], [a.token for a in asked]
    )
    assert all(row["case_id"] == row["report_id"] for row in rows)
    led: defaultdict[int, set[int]] = defaultdict(set)
    for row in rows:
        led[int.from_bytes(row["token"])].add(row["report_id"].int - 1)
    return {token: frozenset(reports) for token, reports in led.items()}


def kept(borne: Bearers, asked: Iterable[Asked]) -> frozenset[int]:
    """The reports that one report of a batch is led to."""
    rarity, named = Counter[int](), set[int]()
    for one in asked:
        newest = borne[one.token][-BEARERS_MAX:]
        for report in newest:
            rarity[report] += max(RARITY_OF_ONE // len(newest), one.worth_min)
        named |= set(newest) if one.is_named else set()
    led = named | {report for report, worth in rarity.items() if worth >= RARITY_MIN}
    ranked = sorted(led, key=lambda report: (report not in named, -rarity[report], report))
    return frozenset(ranked[:CANDIDATES_MAX]) | named


async def test_a_batch_finds_what_the_rule_says(lab: Lab) -> None:
    chance = Chance(5)
    sizes = [1, 2, 3, 5, 8, 20, 40, BEARERS_MAX - 1, BEARERS_MAX, BEARERS_MAX + 20]
    borne = {token: chance.sample(range(REPORTS), sizes[token % len(sizes)]) for token in range(200)}
    await hold(lab, borne)
    asked = [
        Asked(item, token, chance.random() < 0.05, RARITY_MIN if chance.random() < 0.05 else 0)
        for item in range(40)
        for token in chance.sample(range(200), 12)
    ]
    led = await found(lab, asked)
    of_item = [kept(borne, [a for a in asked if a.item == item]) for item in range(40)]
    everyone = frozenset().union(*of_item)
    expected = {token: everyone & set(borne[token][-BEARERS_MAX:]) for token in {a.token for a in asked}}
    assert led == {token: reports for token, reports in expected.items() if reports}


async def test_a_key_that_many_bear_leads_nowhere_by_itself(lab: Lab) -> None:
    await hold(lab, {1: range(BEARERS_MAX), 2: [7]})
    assert await found(lab, [Asked(0, 1)]) == {}
    assert await found(lab, [Asked(0, 1), Asked(0, 2)]) == {1: {7}, 2: {7}}


async def test_what_a_number_names_is_never_left_out(lab: Lab) -> None:
    rare = {token: [token] for token in range(CANDIDATES_MAX + 5)}
    await hold(lab, {**rare, 100: range(200, 200 + BEARERS_MAX)})
    led = await found(lab, [Asked(0, 100, is_named=True), *(Asked(0, token) for token in rare)])
    assert led[100] == set(range(200, 200 + BEARERS_MAX))
