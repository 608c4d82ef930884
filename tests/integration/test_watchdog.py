"""The auditor finds, by itself, what would never ring and what rings late."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from crew import crew_of
from lab import Lab
from staff import people_pool, signed_in
from test_desk_acts import act
from test_explain_live import ROOT
from test_watch import IMMEDIATE, pass_minutes, unarmed, watched
from test_who_sees_what import centre_of, one_case

from pipeline.adapters.postgres.watchdog_store import WatchdogStore
from pipeline.domain.posts import PostRole
from pipeline.domain.timekeeping import CASE_UNARMED, CLOCK_UNARMED, LATE, Timekeeping
from pipeline.stages.watchdog import TimerWatchdog


def watchdog(lab: Lab) -> TimerWatchdog:
    return TimerWatchdog(WatchdogStore(lab.pools.auditor), lab.heard, every_s=0)


async def found(lab: Lab) -> Timekeeping:
    looked = await watchdog(lab).turn()
    assert looked is not None
    return looked


async def ringing(lab: Lab) -> set[tuple[str, str]]:
    rows = await lab.pool.fetch("SELECT code, subject FROM alarm WHERE settled_at IS NULL AND raised_by = 'auditor'")
    return {(row["code"], row["subject"]) for row in rows}


async def test_a_timer_that_was_removed_stopped_or_set_for_another_time_is_found_and_falls_silent_when_it_is_back(
    lab: Lab,
) -> None:
    case = await one_case(lab)
    await watched(lab)
    assert (await found(lab)).faults == frozenset()
    incident = await lab.pool.fetchval("SELECT incident_id FROM clock LIMIT 1")
    for spoil in (
        "DELETE FROM timer",
        "UPDATE timer SET next_at = NULL",
        "UPDATE timer SET next_at = now() + interval '9 years'",
        "UPDATE timer SET case_id = gen_random_uuid(), due_at = due_at + interval '1 day'",
    ):
        kept = await lab.pool.fetch("SELECT * FROM timer")
        await lab.pool.execute(spoil)
        assert (await found(lab)).faults >= {(CASE_UNARMED, str(case)), (CLOCK_UNARMED, f"{incident}/dispatch")}
        assert await ringing(lab) >= {(CASE_UNARMED, str(case)), (CLOCK_UNARMED, f"{incident}/dispatch")}
        async with lab.pool.acquire() as db, db.transaction():
            await db.execute("DELETE FROM timer")
            await db.executemany(
                "INSERT INTO timer VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                [tuple(row.values()) for row in kept],
            )
        assert (await found(lab)).faults == frozenset()
        assert await ringing(lab) == set()


@pytest.mark.parametrize(
    "spoil",
    ["DELETE FROM timer", "UPDATE timer SET next_at = NULL", "UPDATE timer SET next_at = now() + interval '750 days'"],
    ids=["gone", "standing", "never"],
)
async def test_a_timer_that_is_missing_rings_and_is_armed_again_where_it_stood(lab: Lab, spoil: str) -> None:
    case = await one_case(lab, **IMMEDIATE)
    await watched(lab)
    await pass_minutes(lab, 6)
    await watched(lab)
    ladder = "SELECT kind, subject, case_id, rung FROM timer ORDER BY kind, subject"
    stood = [tuple(row) for row in await lab.pool.fetch(ladder)]
    assert {row[0] for row in stood} == {"clock", "stage"}
    told = await lab.count("notification")
    await lab.pool.execute(spoil)
    assert (await found(lab)).faults >= {(CASE_UNARMED, str(case))}
    await watched(lab)
    looked = await found(lab)
    assert (looked.cases, looked.clocks) == ([], [])
    assert [tuple(row) for row in await lab.pool.fetch(ladder)] == stood
    assert await lab.count("notification") == told, "nothing that had rung rang again"
    assert lab.heard.armed == Counter(row[0] for row in stood)
    rung = await lab.pool.fetch("SELECT subject FROM alarm WHERE code = 'timer_armed_again' AND raised_by = 'watch'")
    assert {row["subject"] for row in rung} == set(lab.heard.armed)
    await pass_minutes(lab, 5)
    await watched(lab)
    assert await lab.pool.fetchval("SELECT array_agg(rung ORDER BY rung) FROM timer_firing WHERE kind = 'stage'") == [
        0,
        1,
        2,
    ]


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE timer SET next_at = now() + interval '100 days' WHERE kind = 'stage'",
        "UPDATE timer SET case_id = gen_random_uuid() WHERE kind = 'stage'",
    ],
    ids=["put off", "another's"],
)
async def test_a_ladder_that_was_put_off_or_given_to_another_case_is_armed_again(lab: Lab, spoil: str) -> None:
    case = await one_case(lab)
    await watched(lab)
    await lab.pool.execute(spoil)
    assert (await found(lab)).faults >= {(CASE_UNARMED, str(case))}
    await watched(lab)
    assert (await found(lab)).cases == []
    assert lab.heard.armed == {"stage": 1}


async def due_times(lab: Lab) -> dict[tuple[str, str, UUID], datetime]:
    rows = await lab.pool.fetch("SELECT kind, subject, case_id, due_at FROM timer")
    return {(row["kind"], row["subject"], row["case_id"]): row["due_at"] for row in rows}


async def test_timers_of_a_claim_and_of_a_task_are_armed_again_too(lab: Lab) -> None:
    people = await people_pool(lab)
    case = await one_case(lab)
    token = await signed_in(lab, "w1", PostRole.PROTECTIVE_WORKER, await centre_of(lab, case))
    await act(people, token, case, "claim", lease_s=1800)
    await one_case(lab, report_no="hotline-113-1", **IMMEDIATE)
    await watched(lab)
    before = await due_times(lab)
    assert {kind for kind, _, _ in before} == {"clock", "lease", "stage", "task"}
    await lab.pool.execute("DELETE FROM timer")
    await watched(lab)
    after = await due_times(lab)
    assert after.keys() == before.keys()
    assert max(abs(after[which] - before[which]) for which in before) < timedelta(seconds=1), "also what stood still"
    armed = lab.heard.armed.copy()
    await watched(lab)
    assert lab.heard.armed == armed, "what is set is left alone"


async def test_a_running_watch_and_auditor_ring_and_arm_within_a_minute(lab: Lab) -> None:
    await one_case(lab, **IMMEDIATE)
    async with crew_of(lab, {"watch": "watch", "auditor": "auditor"}, PYTHONPATH=str(ROOT)):
        await lab.pool.execute("SELECT pg_sleep(2)")
        await lab.pool.execute("DELETE FROM timer")
        async with asyncio.timeout(60):
            while await unarmed(lab) or not await lab.pool.fetchval(
                "SELECT count(*) FROM alarm WHERE code IN ('timer_armed_again', 'case_without_timer')"
            ):
                await lab.pool.execute("SELECT pg_sleep(0.2)")


async def test_a_met_clock_and_a_closed_case_need_no_timer(lab: Lab) -> None:
    await one_case(lab)
    await lab.pool.execute(
        "INSERT INTO clock_met (incident_id, name, met_by) SELECT incident_id, name, 'w1' FROM clock"
    )
    assert (await found(lab)).clocks == []
    await lab.pool.execute("UPDATE ticket SET stage = 'closed'")
    assert await lab.count("timer") == 0
    assert (await found(lab)).faults == frozenset()


async def test_timers_that_nobody_looks_at_ring_and_so_do_rungs_that_rang_late(lab: Lab) -> None:
    await one_case(lab, **IMMEDIATE)
    await watched(lab)
    await pass_minutes(lab, 3)
    looked = await found(lab)
    assert 55 < looked.oldest_s < 120
    assert await ringing(lab) == {(LATE, "overdue")}
    await watched(lab)
    late = await lab.pool.fetchval("SELECT max(extract(epoch FROM fired_at - planned_at)) FROM timer_firing")
    assert late > 55
    assert (await found(lab)).p99_s > 2
    assert await ringing(lab) == {(LATE, "p99")}
    await lab.pool.execute("UPDATE timer_firing SET fired_at = fired_at - interval '11 minutes'")
    await found(lab)
    assert await ringing(lab) == set()


async def test_what_the_watchdog_rings_does_not_unbalance_the_ledger(lab: Lab) -> None:
    await one_case(lab)
    await lab.publish_all()
    await lab.pool.execute("DELETE FROM timer")
    await found(lab)
    assert await ringing(lab)
    assert (await lab.audit()).balances


async def test_between_two_looks_it_rests(lab: Lab) -> None:
    dog = TimerWatchdog(WatchdogStore(lab.pools.auditor), lab.heard, every_s=600)
    assert await dog.turn() is not None
    assert await dog.turn() is None
