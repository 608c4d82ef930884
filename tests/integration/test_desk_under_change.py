"""A policy that is activated while the desk and watch run: both go by it, and what began before keeps its own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import httpx
from crew import crew_of
from lab import Lab
from staff import signed_in
from test_desk import bearing, problem
from test_explain_live import ROOT
from test_policy_live import BY_HAND, DEFAULT, FIRST, SECOND, Bureau, bureau_of, file_of
from test_rulings_live import hear, reports_of
from test_rulings_live import told as report
from test_watch import IMMEDIATE

from pipeline.domain.posts import PostRole
from pipeline.local.ports import LOOPBACK, remembered_ports

CHANGED = {
    "lease_min = 30": "lease_min = 7",
    '{ role = "screener", cases = 20 }': '{ role = "screener", cases = 1 }',
    'after_min = 2, tell = "holder", acknowledge_min = 3': 'after_min = 4, tell = "holder", acknowledge_min = 1',
    'zh = "生命受對方或家人威脅"': 'zh = "新的說法"',
}
SOON_S = 15


@asynccontextmanager
async def desk_and_watch(lab: Lab) -> AsyncIterator[httpx.AsyncClient]:
    port = remembered_ports(lab.settings.data_dir / "desk.json", ["desk"])["desk"]
    more = {"ANWANG_DESK_PORT": str(port), "ANWANG_DESK_LOCAL_ACCOUNTS": "true", "PYTHONPATH": str(ROOT)}
    async with (
        crew_of(lab, {"desk": "desk", "watch": "watch"}, **more),
        httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", timeout=30) as client,
    ):
        yield client


async def in_force_now(lab: Lab, bureau: Bureau, version: str) -> None:
    """Signed by two, and activated two minutes ago to be in force from now on."""
    text = file_of(version)
    for old, new in CHANGED.items():
        assert old in text
        text = text.replace(old, new)
    await bureau.sign(version, text)
    by_hand = BY_HAND.replace("seconded_by)", "seconded_by, made_at)").replace("$4)", "$4, now() - interval '2 min')")
    await lab.pool.execute(by_hand, version, await bureau.now(), FIRST, SECOND)


async def first_rung(lab: Lab, case: UUID) -> tuple[str, timedelta]:
    """By which policy the case's timer runs, and when its ladder begins."""
    ask = "SELECT policy_version, due_at - begun_at AS due FROM timer WHERE kind = 'stage' AND subject = $1"
    async with asyncio.timeout(SOON_S):
        while (row := await lab.pool.fetchrow(ask, str(case))) is None or row["policy_version"] is None:
            await lab.pool.execute("SELECT pg_sleep(0.05)")
    return row["policy_version"], row["due"]


async def lease_of(lab: Lab, claimed: httpx.Response) -> timedelta:
    assert claimed.status_code == 200, claimed.text
    left = datetime.fromisoformat(claimed.json()["lease_until"]) - await lab.pool.fetchval("SELECT now()")
    return timedelta(minutes=round(left.total_seconds() / 60))


async def test_the_desk_and_watch_go_by_a_policy_from_the_moment_it_is_in_force(lab: Lab) -> None:
    bureau = await bureau_of(lab)
    await hear(lab, report(1, **IMMEDIATE), report(2))
    cases = [await case_of(lab, number) for number in (1, 2)]
    await lab.pool.execute("UPDATE case_file SET centre = (SELECT min(centre) FROM case_file)")
    centre = await lab.pool.fetchval("SELECT DISTINCT centre FROM case_file")
    token = bearing(await signed_in(lab, "s1", PostRole.SCREENER, centre))
    async with desk_and_watch(lab) as client:
        assert await first_rung(lab, cases[0]) == (DEFAULT, timedelta(minutes=2))
        claimed = await client.post(f"/v1/cases/{cases[1]}/claim", headers=token)
        assert await lease_of(lab, claimed) == timedelta(minutes=30)
        await in_force_now(lab, bureau, "bureau-1")
        fence = {"fence": claimed.json()["fence"]}
        renew = partial(client.put, f"/v1/cases/{cases[1]}/claim", headers=token, json=fence)
        await until_renewed(lab, renew, timedelta(minutes=7))
        assert problem(await client.post(f"/v1/cases/{cases[0]}/claim", headers=token)) == (409, "capacity_reached")
        shown = (await client.get(f"/v1/cases/{cases[0]}", headers=token)).json()
        assert "新的說法" in {reason["zh"] for reason in shown["reasons"]}
        await hear(lab, report(3, **IMMEDIATE))
        assert await first_rung(lab, await case_of(lab, 3)) == ("bureau-1", timedelta(minutes=4))
        await lab.pool.execute("UPDATE timer SET next_at = now() WHERE subject = $1", str(cases[0]))
        await asyncio.sleep(2)
        assert await first_rung(lab, cases[0]) == (DEFAULT, timedelta(minutes=2)), "it keeps what it began under"


async def case_of(lab: Lab, number: int) -> UUID:
    [one] = await reports_of(lab, number)
    ask = "SELECT case_id FROM report JOIN incident USING (incident_id) WHERE report_id = $1"
    found: UUID = await lab.pool.fetchval(ask, one)
    return found


async def until_renewed(lab: Lab, renew: Callable[[], Awaitable[httpx.Response]], lease: timedelta) -> None:
    async with asyncio.timeout(SOON_S):
        while await lease_of(lab, await renew()) != lease:
            await lab.pool.execute("SELECT pg_sleep(0.1)")
