"""What a source learns of its own reports, and what it does not: by the database's own functions, and at the door."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from crew import run
from doors import CLINIC, STRUCTURED, enrolled, open_doors, report
from lab import Lab, until
from staff import people_pool, signed_in

from pipeline.adapters.kafka.outlet import new_producer
from pipeline.adapters.postgres.acting import acting_as
from pipeline.adapters.postgres.database import Pool, Role, open_pool
from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.ids import event_key
from pipeline.domain.posts import PostRole

VICTIM = {"role": "victim", "name": "蔡品睿", "national_id": "F252907845", "birth_date": "1990-02-01"}
HOURS, DAYS = timedelta(hours=1), timedelta(days=1)
LOOKS = (timedelta(), 23 * HOURS, 2 * HOURS, 20 * DAYS, 20 * DAYS)
"""How much time goes by before each look of a source at its report."""

AGE = (
    "UPDATE inbox SET arrived_at = arrived_at - $1::interval",
    "UPDATE report_version SET arrived_at = arrived_at - $1::interval",
    "UPDATE case_event SET recorded_at = recorded_at - $1::interval",
    "UPDATE past_home SET left_at = left_at - $1::interval",
    "UPDATE task SET done_at = done_at - $1::interval",
)


def key_of(number: int) -> UUID:
    return event_key(CLINIC.code, f"event-{number}")


async def hear(lab: Lab, number: int, **data: Any) -> None:  # noqa: ANN401 - any JSON
    """As the door hands it over, with a receipt's key; settled when this returns."""
    told = {**report(number, **data), "source": f"/sources/{CLINIC.code}"}
    producer = new_producer(lab.brokers, "test-door")
    await producer.start()
    headers = [("receipt_key", key_of(number).hex.encode())]
    await producer.send_and_wait(CLINIC.topic, json.dumps(told).encode(), headers=headers)
    await producer.stop()

    async def is_settled() -> bool:
        return bool(await lab.pool.fetchval("SELECT count(*) FROM inbox WHERE receipt_key = $1", key_of(number)))

    async with lab.assess() as stage:
        await until(stage.turn, is_settled)


async def age(lab: Lab, by: timedelta) -> None:
    """All that was has been so much longer ago."""
    async with lab.pool.acquire() as db, db.transaction():
        await db.execute("SET LOCAL session_replication_role = replica")
        for statement in AGE:
            await db.execute(statement, by)


class Desk:
    """What people do with the one case that holds a report."""

    def __init__(self, lab: Lab, people: Pool) -> None:
        self.lab, self.people = lab, people

    async def act(self, number: int, role: PostRole, act: str, **said: str) -> None:
        case, fence = await self.lab.pool.fetchrow(
            "SELECT t.case_id, t.fence FROM report_version JOIN report USING (report_id)"
            " JOIN incident USING (incident_id) JOIN ticket t USING (case_id) WHERE event_key = $1",
            key_of(number),
        )
        token = await signed_in(self.lab, f"of-{role}", role)
        async with acting_as(self.people, token) as acting:
            told: dict[str, Any] = await acting.db.fetchval(
                "SELECT act_on_case($1, $2, $3, $4)", case, act, fence, said
            )
        assert told["code"] == "done", told

    async def open(self, number: int) -> None:
        await self.act(number, PostRole.SCREENER, "claim")
        await self.act(number, PostRole.SCREENER, "screen_open")
        await self.act(number, PostRole.PROTECTIVE_WORKER, "accept")

    async def refuse(self, number: int) -> None:
        await self.act(number, PostRole.SCREENER, "claim")
        await self.act(number, PostRole.SCREENER, "propose_not_open", reason="safe_unwilling")
        await self.act(number, PostRole.SUPERVISOR, "sign_not_open")

    async def close(self, number: int) -> None:
        worker = PostRole.PROTECTIVE_WORKER
        await self.act(number, worker, "close", reason="safe_now", result="established")


@pytest.fixture
async def desk(lab: Lab) -> Desk:
    await enrolled(lab)
    return Desk(lab, await people_pool(lab))


@pytest.fixture
async def door(lab: Lab) -> Pool:
    """As the intake, which reads none of the tables behind its answer."""
    pool = await open_pool(lab.settings.postgres_dsn, name="door", role=Role.INTAKE)
    lab.stack.callback(pool.terminate)
    return pool


async def seen(door: Pool, number: int, sees: str = "taken_over") -> str:
    return str(await door.fetchval("SELECT receipt_state($1, $2)", key_of(number), sees))


async def watched(lab: Lab, door: Pool, number: int, sees: str = "taken_over") -> list[str]:
    """What a source sees that looks again and again."""
    found = []
    for by in LOOKS:
        await age(lab, by)
        found.append(await seen(door, number, sees))
    return found


async def test_that_a_centre_has_it_is_told_a_day_after_it_came(lab: Lab, desk: Desk, door: Pool) -> None:
    assert await seen(door, 1) == "received"
    await hear(lab, 1, persons=[VICTIM])
    assert await seen(door, 1) == "settled"
    await age(lab, 25 * HOURS)
    assert await seen(door, 1) == "settled"
    await desk.open(1)
    assert [await seen(door, 1, sees) for sees in ("received", "settled", "taken_over", "closed")] == [
        *("received", "settled", "taken_over", "taken_over")
    ]


async def test_a_later_report_of_a_case_in_hand_looks_as_the_first_report_of_a_new_one(
    lab: Lab, desk: Desk, door: Pool
) -> None:
    await hear(lab, 1, persons=[VICTIM])
    await desk.open(1)
    first = await watched(lab, door, 1)
    await hear(lab, 2, persons=[VICTIM])
    assert await lab.pool.fetchval("SELECT outcome FROM inbox WHERE receipt_key = $1", key_of(2)) == "duplicate"
    assert await watched(lab, door, 2) == first == ["settled", "settled", *["taken_over"] * 3]


async def test_a_case_that_was_never_opened_looks_as_one_in_service(lab: Lab, desk: Desk, door: Pool) -> None:
    await hear(lab, 1)
    await hear(lab, 2)
    await desk.open(1)
    await desk.refuse(2)
    for by in LOOKS:
        await age(lab, by)
        assert await seen(door, 1) == await seen(door, 2)
    assert await seen(door, 2) == "taken_over"


async def test_an_end_is_told_to_whom_it_may_be_and_a_month_after_the_report(lab: Lab, desk: Desk, door: Pool) -> None:
    await hear(lab, 1)
    await desk.open(1)
    await desk.close(1)
    assert await watched(lab, door, 1, "closed") == ["settled", "settled", "taken_over", "taken_over", "closed"]
    assert await seen(door, 1, "taken_over") == "taken_over"


async def test_what_was_in_hand_stays_so_when_it_is_given_back(lab: Lab, desk: Desk, door: Pool) -> None:
    await hear(lab, 1)
    await desk.act(1, PostRole.SCREENER, "claim")
    await desk.act(1, PostRole.SCREENER, "give_back")
    await age(lab, 25 * HOURS)
    assert await seen(door, 1) == "taken_over"


async def counted(pool: Pool) -> list[tuple[str, int, int]]:
    rows = await pool.fetch("SELECT source, accepted, taken_over FROM source_counts($1)", CLINIC.code)
    return [tuple(row) for row in rows]


async def test_a_source_counts_its_own_reports_in_steps_and_in_months_that_are_over(
    lab: Lab, desk: Desk, door: Pool
) -> None:
    for number in range(6):
        await hear(lab, number)
        if number:
            await desk.act(number, PostRole.SCREENER, "claim")
    assert await counted(lab.pools.operate) == [(CLINIC.code, 6, 5)]
    assert await door.fetch("SELECT FROM own_counts($1)", CLINIC.code) == []
    await age(lab, 62 * DAYS)
    (told,) = await door.fetch("SELECT month, accepted, taken_over FROM own_counts($1)", CLINIC.code)
    assert (told["accepted"], told["taken_over"]) == (6, 5)
    assert told["month"] < datetime.now(TAIPEI).date() - 31 * DAYS
    await desk.act(1, PostRole.SCREENER, "give_back")
    (told,) = await door.fetch("SELECT accepted, taken_over FROM own_counts($1)", CLINIC.code)
    assert tuple(told) == (6, None)
    assert await door.fetch("SELECT FROM own_counts('another-source')") == []


@pytest.mark.parametrize(
    ("sees", "state", "taken_over"),
    [("closed clinic=settled", "settled", None), ("settled clinic=taken_over", "taken_over", 5)],
)
async def test_the_door_tells_as_far_as_the_service_lets_this_kind_see(
    lab: Lab, sees: str, state: str, taken_over: int | None
) -> None:
    async with open_doors(lab, {}, ANWANG_SOURCE_SEES=sees) as doors, doors.client() as client:
        receipt = (await client.post("/v1/reports", json=report(0), headers=STRUCTURED)).json()["receipt_id"]
        await lab.settle_all(1)
        desk = Desk(lab, await people_pool(lab))
        for number in range(1, 6):
            await hear(lab, number)
        for number in range(6):
            await desk.act(number, PostRole.SCREENER, "claim")
        await age(lab, 62 * DAYS)
        assert (await client.get(f"/v1/receipts/{receipt}")).json() == {"receipt_id": receipt, "state": state}
        counts = (await client.get("/v1/reports/counts")).json()
        assert counts["source"] == CLINIC.code
        assert [(m["accepted"], m["taken_over"]) for m in counts["months"]] == [(6, taken_over)]


async def test_an_operator_counts_what_each_source_told_and_what_of_it_was_taken_in_hand(lab: Lab, desk: Desk) -> None:
    assert (await run(lab.settings, "source", "counts")).out == "no report yet\n"
    for number in range(3):
        await hear(lab, number)
    await desk.act(1, PostRole.SCREENER, "claim")
    month = datetime.now(TAIPEI).date().replace(day=1)
    ended = await run(lab.settings, "source", "counts", CLINIC.code, "--json")
    assert (ended.exit_code, ended.err) == (0, "")
    told = json.loads(ended.out)
    assert told == {"source": CLINIC.code, "month": month.isoformat(), "accepted": 3, "taken_over": 1}
    (line,) = (await run(lab.settings, "source", "counts")).out.splitlines()
    assert line.split() == [CLINIC.code, f"{month:%Y-%m}", "3", "reports", "1", "in", "hand"]
    assert (await run(lab.settings, "source", "counts", "nobody", "--json")).out == ""
