"""Who sees which row and which sealed value, by the database's own word."""

import asyncio
from uuid import UUID

import asyncpg
import pytest
from lab import Lab, event
from staff import CLAIM, GIVE_BACK, acts_of, people_pool, signed_in

from pipeline.adapters.postgres.acting import acting_as
from pipeline.adapters.postgres.database import Pool
from pipeline.adapters.postgres.sql import Queries
from pipeline.domain.posts import WORK_ON_CASES, PostRole
from pipeline.errors import NobodyActsError

STORY = "他昨天又打了她"


@pytest.fixture
async def people(lab: Lab) -> Pool:
    return await people_pool(lab, connections_max=1)


async def one_case(lab: Lab, number: int = 1, **data: object) -> UUID:
    before = await lab.count("inbox")
    await lab.send([event(number, narrative=STORY, **data)])
    await lab.settle_all(before + 1)
    return await lab.pool.fetchval("SELECT case_id FROM case_file ORDER BY opened_at DESC LIMIT 1")


async def centre_of(lab: Lab, case_id: UUID) -> str:
    return str(await lab.pool.fetchval("SELECT centre FROM case_file WHERE case_id = $1", case_id))


async def said(people: Pool, token: str, statement: str, *values: object, second: str | None = None) -> object:
    async with acting_as(people, token, second=second) as acting:
        return await acting.db.fetchval(statement, *values)


ERASURES = Queries.of("erasures")
OPENED = "SELECT count(*) FROM revealed_{}"
SEEN = "SELECT count(*) FROM case_file"


async def test_every_table_is_closed_to_its_owner_too(lab: Lab) -> None:
    for pool in (lab.pool,):
        open_ones = await pool.fetch(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
            " AND NOT (relrowsecurity AND relforcerowsecurity)"
        )
        assert {row["relname"] for row in open_ones} == {"schema_migration"}


async def test_each_role_sees_the_cases_of_its_centre_and_its_work_alone(lab: Lab, people: Pool) -> None:
    case = await one_case(lab)
    here = await centre_of(lab, case)
    seen = {
        role: await said(people, await signed_in(lab, f"p-{role}", role, here), SEEN) for role in sorted(WORK_ON_CASES)
    }
    assert seen == {role: int(role is not PostRole.FAMILY_WORKER) for role in WORK_ON_CASES}
    away = {
        role: await said(people, await signed_in(lab, f"q-{role}", role, "09007-protective"), SEEN) for role in seen
    }
    assert set(away.values()) == {0}


@pytest.mark.parametrize("role", sorted(set(PostRole) - WORK_ON_CASES))
async def test_who_works_on_no_case_may_not_even_ask_for_one(lab: Lab, people: Pool, role: PostRole) -> None:
    await one_case(lab)
    token = await signed_in(lab, "w1", role)
    for table in ("case_file", "report_version", "report_original", "link_key", "revealed_report"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await said(people, token, f"SELECT count(*) FROM {table}")  # noqa: S608 - tables of ours


async def test_after_a_person_s_call_was_cancelled_the_same_connection_reads_nothing(lab: Lab, people: Pool) -> None:
    case = await one_case(lab)
    token = await signed_in(lab, "w1", PostRole.SUPERVISOR, await centre_of(lab, case))
    backend = await said(people, token, "SELECT pg_backend_pid()")
    asked = asyncio.create_task(said(people, token, "SELECT pg_sleep(30) FROM case_file"))
    await asyncio.sleep(0.2)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert await people.fetchval("SELECT pg_backend_pid()") == backend
    assert await people.fetchval("SELECT current_setting('anwang.session', true)") in (None, "")
    assert await people.fetchval("SELECT current_user") == "anwang_people"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await people.fetchval(SEEN)


@pytest.mark.parametrize("role", sorted(WORK_ON_CASES))
async def test_by_hand_a_role_without_a_session_reads_no_row(lab: Lab, role: PostRole) -> None:
    case = await one_case(lab)
    token = await signed_in(lab, "w1", PostRole.SCREENER, await centre_of(lab, case))
    async with lab.pool.acquire() as db, db.transaction():
        await db.execute(f"SET LOCAL ROLE anwang_{role}")
        assert await db.fetchval(SEEN) == 0
        await db.execute("SELECT set_config('anwang.session', 'guessed', true)")
        assert await db.fetchval(SEEN) == 0
        await db.execute("SELECT set_config('anwang.session', $1, true)", token)
        assert await db.fetchval(SEEN) == int(role is PostRole.SCREENER)
    for table in ("report_original", "link_key", "staff_session", "staff_tie", "access_event", "inbox", "outbox"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await by_hand(lab, role, f"SELECT FROM {table}")


async def by_hand(lab: Lab, role: PostRole, statement: str) -> None:
    async with lab.pool.acquire() as db, db.transaction():
        await db.execute(f"SET LOCAL ROLE anwang_{role}")
        await db.execute(statement)


async def test_an_ended_session_post_or_person_acts_no_more(lab: Lab, people: Pool) -> None:
    token = await signed_in(lab, "w1", PostRole.SCREENER)
    assert await said(people, token, "SELECT acting_staff()") == "w1"
    for end in (
        "UPDATE staff_session SET ended_at = now()",
        "UPDATE post SET ended_at = now()",
        "UPDATE staff SET ended_at = now()",
        "UPDATE staff_session SET ends_at = now()",
    ):
        undo = end.replace("ended_at = now()", "ended_at = NULL").replace(
            "ends_at = now()", "ends_at = now() + interval '1 h'"
        )
        await lab.pool.execute(end)
        with pytest.raises(NobodyActsError):
            await said(people, token, SEEN)
        await lab.pool.execute(undo)
        assert await said(people, token, "SELECT acting_staff()") == "w1"
    with pytest.raises(NobodyActsError):
        await said(people, "another", SEEN)


async def test_nothing_sealed_is_there_before_a_claim_and_the_reporter_only_by_two(lab: Lab, people: Pool) -> None:
    case = await one_case(lab)
    here = await centre_of(lab, case)
    worker = await signed_in(lab, "w1", PostRole.PROTECTIVE_WORKER, here)
    lead = await signed_in(lab, "s1", PostRole.SUPERVISOR, here)
    reports, stories, originals = (OPENED.format(t) for t in ("report", "story", "original"))
    opened = "SELECT open_case($1, $2, $3)"
    assert [await said(people, worker, q) for q in (reports, stories, originals)] == [0, 0, 0]
    assert await said(people, worker, opened, case, "claim", "work") == "not_held"
    assert await said(people, worker, CLAIM, case) == "done"
    assert [await said(people, worker, q) for q in (reports, stories, originals)] == [0, 0, 0]
    assert await said(people, worker, opened, case, "claim", "work") == "done"
    assert [await said(people, worker, q) for q in (reports, stories, originals)] == [1, 1, 0]
    assert await said(people, worker, opened, case, "reporter", "court") == "second_missing"
    assert await said(people, worker, opened, case, "reporter", "court", second=worker) == "second_is_first"
    colleague = await signed_in(lab, "w2", PostRole.PROTECTIVE_WORKER, here)
    assert await said(people, worker, opened, case, "reporter", "court", second=colleague) == "second_is_no_supervisor"
    strange = await signed_in(lab, "s2", PostRole.SUPERVISOR, "09007-protective")
    assert await said(people, worker, opened, case, "reporter", "court", second=strange) == "second_is_no_supervisor"
    assert await said(people, worker, originals) == 0
    assert await said(people, worker, opened, case, "reporter", "court", second=lead) == "done"
    assert await said(people, worker, originals) == 1
    assert await said(people, colleague, reports) == 0
    assert await said(people, worker, GIVE_BACK, case) == "done"
    assert [await said(people, worker, q) for q in (reports, stories)] == [0, 0]
    kinds = [
        r["kind"]
        for r in await lab.pool.fetch("SELECT kind FROM access_event WHERE stream LIKE 'desk.%' ORDER BY number")
    ]
    assert kinds == ["refusal", "reveal", *["refusal"] * 4, "reveal"]
    assert await acts_of(lab, case) == [("claim", "w1"), ("give_back", "w1")]


async def test_who_breaks_the_glass_sees_the_case_for_a_while_and_the_story_of_sexual_violence(
    lab: Lab, people: Pool
) -> None:
    case = await one_case(lab, categories=["sexual_assault"])
    here = await centre_of(lab, case)
    screener = await signed_in(lab, "c1", PostRole.SCREENER, here)
    assert await said(people, screener, CLAIM, case) == "done"
    assert await said(people, screener, "SELECT open_case($1, 'claim', 'work')", case) == "done"
    assert await said(people, screener, "SELECT count(*) FROM revealed_report") == 1
    assert await said(people, screener, "SELECT count(*) FROM revealed_story") == 0
    assert await said(people, screener, "SELECT open_case($1, 'break_glass', 'danger_now')", case) == "done"
    assert await said(people, screener, "SELECT count(*) FROM revealed_story") == 1


async def test_for_a_party_to_a_case_it_does_not_exist(lab: Lab, people: Pool) -> None:
    case = await one_case(lab)
    token = await signed_in(lab, "boss", PostRole.SUPERVISOR, "*")
    assert await said(people, token, SEEN) == 1
    await lab.pool.execute("INSERT INTO staff_tie (staff, token) SELECT 'boss', token FROM link_key LIMIT 1")
    assert await said(people, token, SEEN) == 0
    assert await said(people, token, "SELECT is_open_to_me($1)", case) is False
    assert await said(people, token, "SELECT is_open_to_me(gen_random_uuid())") is False
    assert await said(people, token, CLAIM, case) == "unknown_case"
    assert await said(people, token, "SELECT open_case($1, 'break_glass', 'danger_now')", case) == "unknown_case"
    codes = await lab.pool.fetch("SELECT DISTINCT body ->> 'code' AS code FROM access_event WHERE kind = 'refusal'")
    assert [row["code"] for row in codes] == ["conflict_of_interest"]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await said(people, token, "SELECT conflicts_of('boss')")


HOUSEHOLD = "UPDATE case_file SET household_id = $2 WHERE case_id = $1"


async def test_what_is_erased_or_was_merged_away_opens_nothing_to_a_party(lab: Lab, people: Pool) -> None:
    named, other = await one_case(lab, 1), await one_case(lab, 2)
    home = await lab.pool.fetchval("SELECT household_id FROM case_file WHERE case_id = $1", named)
    await lab.pool.execute(HOUSEHOLD, other, home)
    boss, colleague = [await signed_in(lab, who, PostRole.SUPERVISOR) for who in ("boss", "s2")]
    reports = [
        row["report_id"]
        for row in await lab.pool.fetch(
            "SELECT report_id FROM report JOIN incident USING (incident_id) WHERE case_id = $1", named
        )
    ]
    await lab.pool.execute(
        "INSERT INTO staff_tie (staff, token) SELECT 'boss', token FROM link_key WHERE report_id = ANY($1) LIMIT 1",
        reports,
    )
    assert [await said(people, token, SEEN) for token in (boss, colleague)] == [0, 2]
    for name in ("keep_conflicts", "drop_tokens"):
        await lab.pools.operate.execute(ERASURES[name], reports)
    assert [await said(people, token, SEEN) for token in (boss, colleague)] == [0, 2]
    await lab.pool.execute("UPDATE case_file SET state = 'erased' WHERE case_id = $1", named)
    assert [await said(people, token, SEEN) for token in (boss, colleague)] == [0, 1]
    await lab.pool.execute("UPDATE case_file SET state = 'merged' WHERE case_id = $1", other)
    assert [await said(people, token, SEEN) for token in (boss, colleague)] == [0, 0]


async def test_a_claim_that_was_given_back_opens_nothing_when_it_is_taken_again(lab: Lab, people: Pool) -> None:
    case = await one_case(lab)
    worker = await signed_in(lab, "w1", PostRole.PROTECTIVE_WORKER, await centre_of(lab, case))
    for act in (CLAIM, "SELECT open_case($1, 'claim', 'work')", GIVE_BACK, CLAIM):
        assert await said(people, worker, act, case) == "done"
    assert await said(people, worker, OPENED.format("report")) == 0
    assert await said(people, worker, "SELECT open_case($1, NULL, 'work')", case) == "unknown_kind"
    assert await said(people, worker, "SELECT open_case($1, 'claim', NULL)", case) == "reason_missing"


async def test_what_a_person_s_own_call_says_of_itself_is_told_as_a_code_or_not_at_all(lab: Lab, people: Pool) -> None:
    token = await signed_in(lab, "w1", PostRole.SUPERVISOR)
    await said(people, token, "SELECT refuse_act('A123456789', NULL, '林小姐 0912345678')")
    told = await lab.pool.fetchval("SELECT body FROM access_event WHERE kind = 'refusal'")
    assert (told["act"], told["code"]) == ("other", "other")
