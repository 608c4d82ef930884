"""What waits for people rings in a real Postgres: rung by rung, whatever becomes of case and process meanwhile."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from lab import Lab
from staff import people_pool, signed_in
from test_desk_acts import act
from test_rulings_live import SECOND, hear, reports_of, say
from test_rulings_live import told as report
from test_transfers_live import THERE, like, the_case, transfers_of, wish
from test_who_sees_what import centre_of, one_case

from pipeline.adapters.postgres.database import Pool
from pipeline.contracts.case import RulingKind
from pipeline.domain.posts import PostRole
from pipeline.domain.transfer import Answer

IMMEDIATE = {"crisis_flags": ["life_threatened"]}


@pytest.fixture
async def people(lab: Lab) -> Pool:
    return await people_pool(lab)


async def pass_minutes(lab: Lab, minutes: float) -> None:
    """As if so much time had passed since all that the timers know of; what is due then is due now."""
    async with lab.pool.acquire() as db, db.transaction():
        await db.execute("SET LOCAL session_replication_role = replica")
        for statement in (
            "UPDATE timer SET begun_at = begun_at - $1, next_at = next_at - $1, due_at = due_at - $1",
            "UPDATE timer SET held_since = held_since - $1",
            "UPDATE timer_firing SET fired_at = fired_at - $1, planned_at = planned_at - $1",
            "UPDATE notification SET acked_at = acked_at - $1, made_at = made_at - $1, due_at = due_at - $1",
            "UPDATE ticket SET since = since - $1",
            "UPDATE claim SET lease_until = lease_until - $1",
            "UPDATE clock SET due_at = due_at - $1",
            "UPDATE task SET opened_at = opened_at - $1, due_at = due_at - $1, done_at = done_at - $1",
        ):
            await db.execute(statement.replace("$1", f"interval '{minutes} minutes'"))


async def watched(lab: Lab) -> None:
    """Until nothing is due any more."""
    watch = lab.watch()
    for _ in range(20):
        await watch.turn()
        if not await lab.pool.fetchval("SELECT count(*) FROM timer WHERE next_at <= clock_timestamp()"):
            return
    raise AssertionError("timers are due again and again")


async def told(lab: Lab, case: UUID, code: str = "unclaimed") -> list[str]:
    rows = await lab.pool.fetch(
        "SELECT audience FROM notification WHERE case_id = $1 AND code = $2 ORDER BY made_at, rung", case, code
    )
    return [row["audience"] for row in rows]


async def timer(lab: Lab, kind: str, subject: object) -> object:
    return await lab.pool.fetchrow("SELECT * FROM timer WHERE kind = $1 AND subject = $2", kind, str(subject))


async def test_an_immediate_case_that_nobody_claims_rings_at_two_five_and_ten_minutes(lab: Lab) -> None:
    case = await one_case(lab, **IMMEDIATE)
    assert await lab.pool.fetchval("SELECT priority FROM case_file") == "immediate"
    found = {}
    await watched(lab)
    for minute in range(1, 12):
        await pass_minutes(lab, 1)
        await watched(lab)
        found[minute] = await told(lab, case)
    assert (found[1], found[2], found[4]) == ([], ["holder"], ["holder"])
    assert (found[5], found[9]) == (["holder", "supervisor"], ["holder", "supervisor"])
    assert found[10] == found[11] == ["holder", "supervisor", "centre_head"]
    rows = await lab.pool.fetch("SELECT needs_ack, priority, staff FROM notification WHERE code = 'unclaimed'")
    assert {tuple(row) for row in rows} == {(True, "immediate", None)}
    firings = await lab.pool.fetchval("SELECT count(*) FROM timer_firing WHERE kind = 'stage'")
    assert firings == 3


async def test_an_acknowledgement_stops_the_ladder_and_silence_rings_on(lab: Lab) -> None:
    case = await one_case(lab, **IMMEDIATE)
    await signed_in(lab, "s1", PostRole.SCREENER)
    await watched(lab)
    await pass_minutes(lab, 2)
    await watched(lab)
    await lab.pool.execute(
        "UPDATE notification SET acked_at = clock_timestamp(), acked_by = 's1' WHERE code = 'unclaimed'"
    )
    await pass_minutes(lab, 9)
    await watched(lab)
    assert await told(lab, case) == ["holder"]
    await pass_minutes(lab, 5)
    await watched(lab)
    assert await told(lab, case) == ["holder", "supervisor"]


async def test_whoever_claims_a_case_stops_its_ladder_and_a_return_goes_on_with_it(lab: Lab, people: Pool) -> None:
    case = await one_case(lab, **IMMEDIATE)
    token = await signed_in(lab, "s1", PostRole.SCREENER, await centre_of(lab, case))
    await watched(lab)
    await pass_minutes(lab, 6)
    await watched(lab)
    claimed = await act(people, token, case, "claim")
    assert await timer(lab, "lease", case) is not None
    await pass_minutes(lab, 10)
    await watched(lab)
    assert await told(lab, case) == ["holder", "supervisor"]
    await act(people, token, case, "return", claimed["fence"], reason="contact_missing")
    await watched(lab)
    assert await told(lab, case) == ["holder", "supervisor", "centre_head"]


async def test_claims_that_screen_nothing_do_not_keep_a_case_silent(lab: Lab, people: Pool) -> None:
    case = await one_case(lab, **IMMEDIATE)
    token = await signed_in(lab, "s1", PostRole.SCREENER, await centre_of(lab, case))
    await watched(lab)
    rung = {}
    for turn in range(1, 36):
        claimed = await act(people, token, case, "claim")
        await pass_minutes(lab, 1.5)
        await watched(lab)
        await act(people, token, case, "give_back", claimed["fence"])
        await watched(lab)
        rung[turn] = await told(lab, case) + await told(lab, case, "stage_overdue")
    assert rung[20] == []  # it was held for one lease in all
    assert set(rung[35]) == {"holder", "supervisor", "centre_head", "bureau"}


async def test_a_claim_that_is_renewed_for_ever_rings_when_one_lease_is_over(lab: Lab, people: Pool) -> None:
    case = await one_case(lab, **IMMEDIATE)
    token = await signed_in(lab, "s1", PostRole.SCREENER, await centre_of(lab, case))
    await watched(lab)
    await act(people, token, case, "claim")
    await pass_minutes(lab, 29)
    await watched(lab)
    assert await told(lab, case, "stage_overdue") == []
    for _ in range(3):
        await lab.pool.execute("UPDATE claim SET lease_until = clock_timestamp() + interval '30 minutes'")
        await pass_minutes(lab, 10)
        await watched(lab)
    assert await told(lab, case, "stage_overdue") == ["holder", "supervisor", "centre_head", "bureau"]


async def test_a_step_of_any_name_does_not_keep_a_case_silent_and_a_visit_does(lab: Lab, people: Pool) -> None:
    case = await one_case(lab)
    token = await signed_in(lab, "w1", PostRole.PROTECTIVE_WORKER, await centre_of(lab, case))
    fence = 0
    for what in ("claim", "screen_open", "accept"):
        fence = (await act(people, token, case, what, fence))["fence"]
    await watched(lab)
    begun = await lab.pool.fetchval("SELECT begun_at FROM timer WHERE kind = 'stage'")
    assert (await act(people, token, case, "step", fence, step="x"))["code"] == "done"
    silent = await lab.pool.fetchval("SELECT begun_at FROM timer WHERE kind = 'stage'")
    said = {"step": "home_visit", "method": "B", "outcome": "reached"}
    assert (await act(people, token, case, "step", fence, **said))["code"] == "done"
    assert await lab.pool.fetchval("SELECT begun_at FROM timer WHERE kind = 'stage'") > silent >= begun


async def test_a_claim_without_a_sign_of_life_is_given_back_and_one_that_was_renewed_is_not(
    lab: Lab, people: Pool
) -> None:
    case = await one_case(lab)
    token = await signed_in(lab, "s1", PostRole.SCREENER, await centre_of(lab, case))
    claimed = await act(people, token, case, "claim", lease_s=1800)
    await pass_minutes(lab, 29)
    await watched(lab)
    assert await lab.pool.fetchval("SELECT stage FROM ticket") == "claimed"
    await lab.pool.execute("UPDATE claim SET lease_until = clock_timestamp() + interval '30 minutes'")
    await pass_minutes(lab, 29)
    await watched(lab)
    assert await lab.pool.fetchval("SELECT fence FROM ticket") == claimed["fence"]
    await pass_minutes(lab, 2)
    await watched(lab)
    assert await lab.pool.fetchval("SELECT stage FROM ticket") == "waiting"
    assert await lab.pool.fetchval("SELECT count(*) FROM claim") == 0
    assert await timer(lab, "lease", case) is None
    assert await timer(lab, "stage", case) is not None


async def test_a_clock_of_the_law_climbs_until_its_work_is_done(lab: Lab, people: Pool) -> None:
    case = await one_case(lab)
    token = await signed_in(lab, "w1", PostRole.PROTECTIVE_WORKER, await centre_of(lab, case))
    await lab.pool.execute("SET session_replication_role = replica")
    await lab.pool.execute("UPDATE clock SET due_at = clock_timestamp() + interval '24 hours'")
    await lab.pool.execute("UPDATE timer SET rung = 0, due_at = clock_timestamp() + interval '24 hours'")
    await lab.pool.execute("RESET session_replication_role")
    await watched(lab)
    assert await told(lab, case, "clock_warning") == []
    await pass_minutes(lab, 22 * 60)
    await watched(lab)
    assert await told(lab, case, "clock_warning") == ["holder", "supervisor"]
    await pass_minutes(lab, 121)
    await watched(lab)
    assert await told(lab, case, "clock_breached") == ["supervisor"]
    claimed = await act(people, token, case, "claim")
    await act(people, token, case, "screen_open", claimed["fence"])
    accepted = await act(people, token, case, "accept")
    assert accepted["code"] == "done"
    assert await lab.pool.fetchval("SELECT count(*) FROM timer WHERE kind = 'clock'") == 0
    await pass_minutes(lab, 600)
    await watched(lab)
    assert await told(lab, case, "clock_breached") == ["supervisor"]


async def test_steps_are_asked_for_in_a_case_that_was_accepted_and_ring_for_its_holder(lab: Lab, people: Pool) -> None:
    case = await one_case(lab, categories=["sexual_assault"], crisis_flags=["life_threatened"])
    token = await signed_in(lab, "w1", PostRole.PROTECTIVE_WORKER, await centre_of(lab, case))
    claimed = await act(people, token, case, "claim")
    await act(people, token, case, "screen_open", claimed["fence"])
    await act(people, token, case, "accept")
    await watched(lab)
    await watched(lab)
    rows = await lab.pool.fetch("SELECT kind, due_at - opened_at AS within FROM task ORDER BY kind")
    assert [(r["kind"], round(r["within"].total_seconds() / 60)) for r in rows] == [
        ("integrated_team", 240),
        ("joint_call_out", 120),
    ]
    await pass_minutes(lab, 121)
    await watched(lab)
    [due] = await lab.pool.fetch("SELECT * FROM notification WHERE code = 'task_due'")
    assert (due["audience"], due["staff"]) == ("holder", "w1")
    assert await told(lab, case, "task_overdue") == ["supervisor"]


async def test_a_step_that_closing_a_case_cut_off_is_asked_for_anew_when_it_is_opened_again(
    lab: Lab, people: Pool
) -> None:
    case = await one_case(lab, crisis_flags=["life_threatened"])
    token = await signed_in(lab, "w1", PostRole.SUPERVISOR, await centre_of(lab, case))
    for number in (1, 2):
        claimed = await act(people, token, case, "claim")
        await act(people, token, case, "screen_open", claimed["fence"])
        accepted = await act(people, token, case, "accept")
        await watched(lab)
        tasks = await lab.pool.fetch(
            "SELECT done_at, dropped FROM task WHERE kind = 'joint_call_out' ORDER BY opened_at"
        )
        assert [(row["done_at"] is None, row["dropped"]) for row in tasks] == [(False, True)] * (number - 1) + [
            (True, False)
        ]
        await act(people, token, case, "close", accepted["fence"], reason="safe_now", result="established")
        await act(people, token, case, "reopen", reason="appeal")


async def test_a_raise_of_a_case_that_somebody_holds_is_theirs_to_acknowledge(lab: Lab, people: Pool) -> None:
    case = await one_case(lab)
    token = await signed_in(lab, "w1", PostRole.PROTECTIVE_WORKER, await centre_of(lab, case))
    await act(people, token, case, "claim")
    await one_case(lab, report_no="hotline-113-1", **IMMEDIATE)
    assert [tuple(r) for r in await lab.pool.fetch("SELECT case_id, kind, due_at FROM task")] == [
        (case, "raised", None)
    ]
    await watched(lab)
    assert await lab.pool.fetchval("SELECT due_at - opened_at = interval '30 minutes' FROM task")
    await pass_minutes(lab, 31)
    await watched(lab)
    assert await told(lab, case, "task_overdue") == ["supervisor"]


async def test_timers_survive_a_merge_and_a_split_and_keep_their_rungs(lab: Lab) -> None:
    await hear(lab, report(1), report(2))
    await watched(lab)
    rung = {row["subject"]: row["rung"] for row in await lab.pool.fetch("SELECT * FROM timer WHERE kind = 'clock'")}
    assert min(rung.values()) > 0, "of a report of last spring all that warns has rung"
    rang = await lab.count("notification")
    one, other = await reports_of(lab, 1, 2)
    for kind, reports in ((RulingKind.MERGE, (one, other)), (RulingKind.SPLIT, (other,))):
        await say(lab, kind, *reports)
        assert await unarmed(lab) == []
        await watched(lab)
        assert await unarmed(lab) == []
        rows = await lab.pool.fetch("SELECT * FROM timer WHERE kind = 'clock'")
        assert {row["subject"]: row["rung"] for row in rows} == rung
    assert await lab.count("notification") == rang, "nothing that had rung rang again"


async def test_timers_survive_a_transfer_and_tell_the_other_centre(lab: Lab) -> None:
    await hear(lab, like(1))
    transfers, name = transfers_of(lab), "event-1"
    await watched(lab)
    await transfers.propose(name, wish())
    assert await unarmed(lab) == []
    await transfers.answer(str(await the_case(lab)), Answer(SECOND))
    assert await unarmed(lab) == []
    await watched(lab)
    await pass_minutes(lab, 60 * 24)
    await watched(lab)
    centres = await lab.pool.fetch("SELECT DISTINCT centre FROM notification WHERE code = 'unclaimed'")
    assert [row["centre"] for row in centres] == [THERE]


async def test_timers_survive_a_return_and_end_with_the_case_and_begin_again_with_its_reopening(
    lab: Lab, people: Pool
) -> None:
    case = await one_case(lab)
    centre = await centre_of(lab, case)
    token = await signed_in(lab, "w1", PostRole.PROTECTIVE_WORKER, centre)
    head = await signed_in(lab, "h1", PostRole.SUPERVISOR, centre)
    await watched(lab)
    claimed = await act(people, token, case, "claim")
    await act(people, token, case, "return", claimed["fence"], reason="not_our_area")
    assert await unarmed(lab) == []
    claimed = await act(people, token, case, "claim")
    await act(people, token, case, "screen_open", claimed["fence"])
    accepted = await act(people, token, case, "accept")
    assert await unarmed(lab) == []
    closed = await act(people, token, case, "close", accepted["fence"], reason="safe_now", result="established")
    assert closed["code"] == "done"
    assert await lab.count("timer") == 0
    assert (await act(people, head, case, "reopen", reason="danger_again"))["code"] == "done"
    assert await unarmed(lab) == []
    await watched(lab)
    assert await timer(lab, "stage", case) is not None


async def test_a_watcher_that_is_killed_at_any_moment_loses_no_timer_and_tells_nothing_twice(
    lab: Lab, tmp_path: Path
) -> None:
    await hear(lab, *(report(number) for number in range(1, 5)))
    cases = await lab.count("case_file")
    clocks = await lab.count("clock")
    for round_no in range(4):
        await pass_minutes(lab, 60 * 24)
        async with running_watch(lab, tmp_path / str(round_no)) as process:
            await until_true(lab, "SELECT count(*) > $1 FROM timer_firing", round_no)
            process.kill()
            await process.wait()
        assert await unarmed(lab) == []
    await watched(lab)
    assert await unarmed(lab) == []
    assert await lab.pool.fetchval("SELECT count(*) FROM timer WHERE kind = 'stage'") == cases
    assert await lab.pool.fetchval("SELECT count(*) FROM timer WHERE kind = 'clock'") == clocks
    rows = await lab.pool.fetch("SELECT kind, subject, rung, count(*) AS n FROM timer_firing GROUP BY 1, 2, 3")
    assert {row["n"] for row in rows} == {1}
    assert len(rows) == await lab.count("notification")


@asynccontextmanager
async def running_watch(lab: Lab, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    settings = {
        "ANWANG_POSTGRES_DSN": lab.settings.postgres_dsn,
        "ANWANG_DATA_DIR": str(folder),
        "ANWANG_HTTP_PORT": "0",
        "ANWANG_LOG_LEVEL": "error",
    }
    await asyncio.to_thread(folder.mkdir)
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pipeline.cli", "run", "watch", env={**os.environ, **settings}, cwd=folder
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def until_true(lab: Lab, question: str, *values: object) -> None:
    async with asyncio.timeout(60):
        while not await lab.pool.fetchval(question, *values):
            await lab.pool.execute("SELECT pg_sleep(0.02)")


async def unarmed(lab: Lab) -> list[str]:
    rows = await lab.pool.fetch(
        """
        SELECT k.incident_id || '/' || k.name AS subject FROM clock k
        JOIN incident i USING (incident_id) JOIN ticket t USING (case_id)
        WHERE is_open_stage(t.stage)
          AND NOT EXISTS (SELECT FROM clock_met m WHERE (m.incident_id, m.name) = (k.incident_id, k.name))
          AND NOT EXISTS (SELECT FROM timer r WHERE r.kind = 'clock' AND r.subject = k.incident_id || '/' || k.name
            AND r.next_at IS NOT NULL AND r.due_at = k.due_at AND r.case_id = i.case_id)
        UNION ALL
        SELECT t.case_id::text FROM ticket t WHERE is_open_stage(t.stage) AND NOT EXISTS (
            SELECT FROM timer r WHERE r.kind IN ('stage', 'lease') AND r.case_id = t.case_id AND r.next_at IS NOT NULL)
        """
    )
    return [row["subject"] for row in rows]


async def test_several_watchers_at_once_ring_each_rung_once(lab: Lab) -> None:
    await lab.send([])
    for number in range(6):
        await one_case(lab, number + 1, **IMMEDIATE)
    await watched(lab)
    await pass_minutes(lab, 11)
    await asyncio.gather(*(watched(lab) for _ in range(4)))
    rows = await lab.pool.fetch("SELECT kind, subject, rung, planned_at FROM timer_firing")
    assert max(Counter(tuple(row) for row in rows).values()) == 1
    rung = await lab.pool.fetch("SELECT subject, rung FROM notification WHERE code = 'unclaimed'")
    assert Counter(row["rung"] for row in rung) == {0: 6, 1: 6, 2: 6}


async def test_what_a_watcher_rang_before_it_died_is_not_told_twice(lab: Lab) -> None:
    """Its transaction is gone with it; whoever looks next derives the same ids."""
    await one_case(lab, **IMMEDIATE)
    await watched(lab)
    await pass_minutes(lab, 3)
    before = await lab.pool.fetch("SELECT * FROM timer")
    await watched(lab)
    ids = {row["notification_id"] for row in await lab.pool.fetch("SELECT notification_id FROM notification")}
    async with lab.pool.acquire() as db, db.transaction():
        await db.execute("DELETE FROM timer")
        await db.execute("DELETE FROM timer_firing")
        await db.executemany(
            "INSERT INTO timer VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            [tuple(row.values()) for row in before],
        )
    await watched(lab)
    again = {row["notification_id"] for row in await lab.pool.fetch("SELECT notification_id FROM notification")}
    assert again == ids
    assert ids


async def test_a_timer_of_nothing_does_not_keep_the_others_from_ringing(lab: Lab) -> None:
    case = await one_case(lab, **IMMEDIATE)
    await watched(lab)
    await lab.pool.execute(
        "INSERT INTO timer (kind, subject, case_id, begun_at, due_at, next_at)"
        " SELECT kind, 'nothing', $1, now(), now(), now() - interval '1 day'"
        " FROM unnest(ARRAY['clock', 'stage', 'lease', 'task']) AS kind",
        case,
    )
    await pass_minutes(lab, 2)
    await watched(lab)
    assert await told(lab, case) == ["holder"]
