"""What people do with cases at the desk, act by act, in a real Postgres."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from desk_check import desk_faults
from lab import Lab, event
from staff import acts_of, people_pool, signed_in
from test_who_sees_what import centre_of, one_case

from pipeline.adapters.postgres.acting import acting_as
from pipeline.adapters.postgres.database import Pool
from pipeline.contracts.case import CaseEvent, CaseEventType
from pipeline.domain.chain import BEGINNING, link_hash
from pipeline.domain.desk import MEETS, TRANSITIONS, DeskAct, Stage
from pipeline.domain.posts import PostRole


@pytest.fixture
async def people(lab: Lab) -> Pool:
    return await people_pool(lab)


async def act(
    people: Pool, token: str, case: UUID, name: str, fence: int | None = None, **said: object
) -> dict[str, Any]:
    async with acting_as(people, token) as acting:
        told: dict[str, Any] = await acting.db.fetchval("SELECT act_on_case($1, $2, $3, $4)", case, name, fence, said)
        return told


async def test_the_database_has_the_state_machine_that_the_code_has(lab: Lab) -> None:
    rows = await lab.pool.fetch("SELECT * FROM desk_transition")
    told = {
        (r["act"], r["stage"], r["next_stage"], r["allowed"], r["holder"], frozenset(r["reasons"]), r["meets"])
        for r in rows
    }
    assert told == {(*t, MEETS.get(t.act)) for t in TRANSITIONS.values()}


async def test_a_case_is_claimed_screened_accepted_served_and_closed(lab: Lab, people: Pool) -> None:
    case = await one_case(lab)
    centre = await centre_of(lab, case)
    screener = await signed_in(lab, "s1", PostRole.SCREENER, centre)
    worker = await signed_in(lab, "w1", PostRole.PROTECTIVE_WORKER, centre)
    claimed = await act(people, screener, case, "claim")
    assert (claimed["code"], claimed["stage"], claimed["held_by"]) == ("done", "claimed", "s1")
    assert (await act(people, worker, case, "claim"))["code"] == "held_by_another"
    assert (await act(people, worker, case, "screen_open", claimed["fence"]))["code"] == "held_by_another"
    assert (await act(people, screener, case, "screen_open", claimed["fence"] - 1))["code"] == "fence_stale"
    screened = await act(people, screener, case, "screen_open", claimed["fence"])
    assert (screened["code"], screened["stage"], screened["held_by"]) == ("done", "screened", None)
    accepted = await act(people, worker, case, "accept")
    assert (accepted["code"], accepted["stage"], accepted["held_by"]) == ("done", "accepted", "w1")
    served = await act(
        people, worker, case, "step", accepted["fence"], step="child_visit", method="B", outcome="reached"
    )
    assert served["stage"] == "in_service"
    assert (await act(people, worker, case, "close", accepted["fence"], reason="safe_now"))["code"] == "result_unknown"
    assert (await act(people, worker, case, "close", accepted["fence"], result="established"))[
        "code"
    ] == "reason_unknown"
    closed = await act(people, worker, case, "close", accepted["fence"], result="established", reason="safe_now")
    assert closed["stage"] == "closed"
    assert await lab.pool.fetchval("SELECT state FROM case_file WHERE case_id = $1", case) == "closed"
    assert await lab.pool.fetchval("SELECT count(*) FROM timer WHERE case_id = $1", case) == 0
    events = await lab.pool.fetch("SELECT * FROM case_event WHERE case_id = $1 ORDER BY version", case)
    head = BEGINNING
    for row in events:
        assert (row["prior_hash"], row["hash"]) == (head, link_hash(head, case, row["version"], row["body"]))
        head = row["hash"]
    assert await lab.pool.fetchval("SELECT head_hash FROM case_file WHERE case_id = $1", case) == head
    handled = [CaseEvent.model_validate_json(row["body"]) for row in events if row["kind"] == CaseEventType.HANDLED]
    assert [e.handled and e.handled.act for e in handled] == ["claim", "screen_open", "accept", "step", "close"]
    last = await lab.pool.fetchval(
        "SELECT message FROM outbox WHERE case_id = $1 AND centre = $2 ORDER BY outbox_id DESC LIMIT 1", case, centre
    )
    assert (json.loads(last)["kind"], json.loads(last)["case_version"]) == ("withdrawn", events[-1]["version"])


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_the_third_return_of_a_case_goes_to_a_supervisor(lab: Lab, people: Pool, number: int) -> None:
    case = await one_case(lab)
    centre = await centre_of(lab, case)
    screener = await signed_in(lab, "s1", PostRole.SCREENER, centre)
    for _ in range(number):
        claimed = await act(people, screener, case, DeskAct.CLAIM)
        returned = await act(people, screener, case, DeskAct.RETURN, claimed["fence"], reason="contact_missing")
    assert returned["stage"] == (Stage.WITH_SUPERVISOR if number == 3 else Stage.WAITING)


async def in_dispute(lab: Lab, people: Pool, case: UUID) -> str:
    """Raised by head1 of the case's centre; the token of head2 of the same centre."""
    centre = await centre_of(lab, case)
    raises = await signed_in(lab, "head1", PostRole.SUPERVISOR, centre)
    assert (await act(people, raises, case, DeskAct.DISPUTE, reason="jurisdiction"))["stage"] == Stage.DISPUTED
    return await signed_in(lab, "head2", PostRole.SUPERVISOR, centre)


@pytest.mark.parametrize("escalated", [False, True])
@pytest.mark.parametrize("above", ["the county", "*"])
async def test_no_centre_settles_its_own_dispute_but_whoever_is_above_it(
    lab: Lab, people: Pool, *, above: str, escalated: bool
) -> None:
    case = await one_case(lab)
    head = await in_dispute(lab, people, case)
    county = await lab.pool.fetchval("SELECT county FROM case_file WHERE case_id = $1", case)
    platform = await signed_in(lab, "p1", PostRole.SUPERVISOR, "*" if above == "*" else county)
    if escalated:
        await act(people, head, case, DeskAct.ESCALATE_DISPUTE)
    told = await act(people, head, case, DeskAct.SETTLE_DISPUTE, reason="stays_here")
    assert told == {"code": "not_your_work"}
    settled = await act(people, platform, case, DeskAct.SETTLE_DISPUTE, reason="stays_here")
    assert (settled["code"], settled["stage"]) == ("done", Stage.WAITING)


async def test_whoever_raised_a_dispute_does_not_settle_it_from_above_either(lab: Lab, people: Pool) -> None:
    case = await one_case(lab)
    await in_dispute(lab, people, case)
    promoted = await signed_in(lab, "head1", PostRole.SUPERVISOR, "*")
    assert await act(people, promoted, case, DeskAct.SETTLE_DISPUTE, reason="stays_here") == {"code": "second_is_first"}


async def test_a_dispute_is_brought_before_the_citys_list_once(lab: Lab, people: Pool) -> None:
    case = await one_case(lab)
    head = await in_dispute(lab, people, case)
    assert (await act(people, head, case, DeskAct.ESCALATE_DISPUTE))["code"] == "done"
    before = await lab.pool.fetchval("SELECT version FROM case_file WHERE case_id = $1", case)
    assert await act(people, head, case, DeskAct.ESCALATE_DISPUTE) == {"code": "not_in_this_stage"}
    assert await lab.pool.fetchval("SELECT version FROM case_file WHERE case_id = $1", case) == before
    assert await lab.pool.fetchval("SELECT dispute_level FROM ticket WHERE case_id = $1", case) == "city"


FAMILYS: dict[str, Any] = {"categories": ["vulnerable_family"]}


def living(address: str) -> list[dict[str, str]]:
    return [{"role": "victim", "name": "蔡品睿", "national_id": "F252907845", "address": address}]


LATER_TOLD = {
    "another county": {"persons": living("高雄市左營區測試路9號"), **FAMILYS},
    "another queue": {"categories": ["child_protection"], "indicators": ["injury_visible"]},
}


async def closed_case(lab: Lab, people: Pool, **data: object) -> tuple[UUID, str]:
    """Closed by w1, and its centre."""
    case = await one_case(lab, **data)
    centre = await centre_of(lab, case)
    worker = await signed_in(lab, "w1", PostRole.SUPERVISOR, centre)
    claimed = await act(people, worker, case, DeskAct.CLAIM)
    await act(people, worker, case, DeskAct.SCREEN_OPEN, claimed["fence"])
    accepted = await act(people, worker, case, DeskAct.ACCEPT)
    closed = await act(people, worker, case, DeskAct.CLOSE, accepted["fence"], result="established", reason="safe_now")
    assert closed["stage"] == Stage.CLOSED
    return case, centre


async def tell_anew(lab: Lab, data: dict[str, Any]) -> None:
    """The report of `one_case` once more, with other words."""
    before = await lab.count("inbox")
    await lab.send([event(1, **data) | {"id": f"anew-{uuid4()}"}])
    await lab.settle_all(before + 1)


@pytest.mark.parametrize("data", LATER_TOLD.values(), ids=LATER_TOLD)
async def test_what_comes_for_a_closed_case_is_a_task_of_the_centre_that_closed_it_wherever_it_would_go_now(
    lab: Lab, people: Pool, data: dict[str, Any]
) -> None:
    case, centre = await closed_case(lab, people, persons=living("臺北市松山區測試路3號"), **FAMILYS)
    await tell_anew(lab, {"persons": living("臺北市松山區測試路3號")} | data)
    assert await lab.pool.fetchval("SELECT version FROM case_file WHERE case_id = $1", case) > 5
    assert await centre_of(lab, case) == centre
    head = await signed_in(lab, "head1", PostRole.SUPERVISOR, centre)
    elsewhere = await signed_in(lab, "head2", PostRole.SUPERVISOR, "64000-family")
    waiting = "SELECT * FROM tasks_of_mine(NULL, 'anyone', 'infinity', NULL, 50)"
    async with acting_as(people, head) as acting:
        tasks = await acting.db.fetch(waiting)
    kinds = {task["kind"] for task in tasks}
    assert "arrived_on_closed" in kinds
    assert {(task["case_id"], task["centre"], task["stage"]) for task in tasks} == {(case, centre, "closed")}
    async with acting_as(people, elsewhere) as acting:
        assert await acting.db.fetch(waiting) == []
    for task in tasks:
        async with acting_as(people, head) as acting:
            assert await acting.db.fetchval("SELECT done_with($1)", task["task_id"]) == "done"
    reopened = await act(people, head, case, DeskAct.REOPEN, reason="new_information")
    assert (reopened["code"], reopened["stage"]) == ("done", Stage.WAITING)
    queue = await lab.pool.fetchval("SELECT queue FROM case_file WHERE case_id = $1", case)
    last = await lab.pool.fetchrow(
        "SELECT topic, message FROM outbox WHERE case_id = $1 AND centre IS NOT NULL ORDER BY outbox_id DESC LIMIT 1",
        case,
    )
    assert last
    record = json.loads(last["message"])
    assert (last["topic"], record["kind"], record["queue"]) == (f"queue.{queue}.v1", "assigned", queue)
    assert await desk_faults(lab.pool) == []


async def test_each_thing_that_comes_for_a_closed_case_waits_for_its_own_acknowledgement(
    lab: Lab, people: Pool
) -> None:
    case, _ = await closed_case(lab, people, **FAMILYS)
    since = await lab.pool.fetchval("SELECT since FROM ticket WHERE case_id = $1", case)
    open_tasks = "SELECT kind FROM task WHERE case_id = $1 AND done_at IS NULL ORDER BY kind"
    await tell_anew(lab, FAMILYS | {"crisis_flags": ["life_threatened"]})
    assert [row["kind"] for row in await lab.pool.fetch(open_tasks, case)] == ["arrived_on_closed"]
    await tell_anew(lab, FAMILYS | {"indicators": ["repeat_harm"]})
    kinds = [row["kind"] for row in await lab.pool.fetch(open_tasks, case)]
    assert kinds == ["arrived_on_closed", "arrived_on_closed"]
    assert await lab.pool.fetchval("SELECT since FROM ticket WHERE case_id = $1", case) == since
    assert await desk_faults(lab.pool) == []


TASK = "INSERT INTO task (task_id, case_id, kind) VALUES ($1, $2, $3)"


async def done_with(people: Pool, token: str, task: UUID) -> str:
    async with acting_as(people, token) as acting:
        return str(await acting.db.fetchval("SELECT done_with($1)", task))


async def test_who_acknowledged_a_task_stands_in_the_cases_own_chain_once(lab: Lab, people: Pool) -> None:
    case, task = await one_case(lab), uuid4()
    worker = await signed_in(lab, "w1", PostRole.PROTECTIVE_WORKER, await centre_of(lab, case))
    held = await act(people, worker, case, DeskAct.CLAIM)
    await lab.pool.execute(TASK, task, case, "raised")
    assert [await done_with(people, worker, task) for _ in range(2)] == ["done", "done"]
    body = await lab.pool.fetchval("SELECT body FROM case_event WHERE case_id = $1 ORDER BY version DESC LIMIT 1", case)
    told = CaseEvent.model_validate_json(body)
    assert told.handled
    assert told.handled.model_dump(exclude={"reason", "result"}) == {
        "act": "task_done",
        "was": "claimed",
        "stage": "claimed",
        "fence": held["fence"],
        "by": "w1",
        "holder": "w1",
        "step": "raised",
    }
    assert told.case_version == held["version"] + 1
    assert await desk_faults(lab.pool) == []


async def test_acknowledging_what_came_for_a_closed_case_opens_no_other_task(lab: Lab, people: Pool) -> None:
    case, centre = await closed_case(lab, people, **FAMILYS)
    await tell_anew(lab, FAMILYS | {"indicators": ["repeat_harm"]})
    head = await signed_in(lab, "head1", PostRole.SUPERVISOR, centre)
    worker = await signed_in(lab, "worker9", PostRole.FAMILY_WORKER, centre)
    for row in await lab.pool.fetch("SELECT task_id FROM task WHERE case_id = $1 AND done_at IS NULL", case):
        assert await done_with(people, worker, row["task_id"]) == "not_your_work"
        assert await done_with(people, head, row["task_id"]) == "done"
    assert await lab.pool.fetchval("SELECT count(*) FROM task WHERE case_id = $1 AND done_at IS NULL", case) == 0
    assert ("task_done", "head1") in await acts_of(lab, case)
    assert await lab.pool.fetchval("SELECT stage FROM ticket WHERE case_id = $1", case) == Stage.CLOSED
    assert await desk_faults(lab.pool) == []


@pytest.mark.parametrize(("kind", "of_supervisor"), [("joint_call_out", "done"), ("co_work", "needs_a_step")])
async def test_what_asks_for_a_step_is_not_waved_through(lab: Lab, people: Pool, kind: str, of_supervisor: str) -> None:
    case, task = await one_case(lab), uuid4()
    centre = await centre_of(lab, case)
    worker = await signed_in(lab, "w1", PostRole.PROTECTIVE_WORKER, centre)
    await act(people, worker, case, DeskAct.CLAIM)
    await lab.pool.execute(TASK, task, case, kind)
    assert await done_with(people, worker, task) == "needs_a_step"
    assert await lab.pool.fetchval("SELECT done_at FROM task WHERE task_id = $1", task) is None
    head = await signed_in(lab, "head1", PostRole.SUPERVISOR, centre)
    assert await done_with(people, head, task) == of_supervisor


async def test_a_new_case_of_the_people_of_a_closed_one_is_a_task_of_the_centre_that_closed_theirs(
    lab: Lab, people: Pool
) -> None:
    case, _ = await closed_case(lab, people, persons=living("臺北市松山區測試路3號"), **FAMILYS)
    other = await one_case(lab, 2, persons=living("高雄市左營區測試路9號"), **FAMILYS)
    linked, centre = await lab.pool.fetchrow("SELECT linked_case_id, centre FROM case_file WHERE case_id = $1", other)
    assert linked == case
    assert centre != await centre_of(lab, case)
    tasks = await lab.pool.fetch("SELECT case_id, kind FROM task WHERE done_at IS NULL")
    assert [tuple(row) for row in tasks] == [(case, "arrived_on_closed")]
    assert await desk_faults(lab.pool) == []
