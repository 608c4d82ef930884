"""The auditor finds, by itself, what would never ring and what rings late."""

from lab import Lab
from test_watch import IMMEDIATE, pass_minutes, watched
from test_who_sees_what import one_case

from pipeline.adapters.postgres.watchdog_store import WatchdogStore
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
