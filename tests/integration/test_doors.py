"""The HTTP intake before a real broker and a real database."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from crew import eventually
from doors import BATCH, CLINIC, REPORTS, STRUCTURED, Doors, enrolled, open_doors, report
from lab import Lab

from pipeline.adapters.credentials import Purpose, digest_of
from pipeline.adapters.kafka.outlet import new_producer
from pipeline.adapters.postgres.doorkeeper import SQL as DOOR
from pipeline.adapters.postgres.doorkeeper import Doorkeeper
from pipeline.adapters.postgres.enrolment import SQL as ENROLMENT
from pipeline.adapters.postgres.enrolment import Enrolment
from pipeline.contracts.ids import event_key
from pipeline.contracts.vocabulary import ReporterRole
from pipeline.domain.directory import Directory, Source

OTHER = Source("school-9002", "school", ReporterRole.EDUCATION, "臺中市")
MARK = "王大明機密"
REVOKED_FROM = """
WITH next AS (UPDATE register_version SET number = number + 1 RETURNING number)
UPDATE source SET revoked_at = $1, changed_no = next.number FROM next
"""


@pytest.fixture
async def doors(lab: Lab) -> AsyncIterator[Doors]:
    async with open_doors(lab) as opened:
        yield opened


async def test_a_report_gets_a_receipt_and_its_source_sees_it_settled(doors: Doors) -> None:
    async with doors.client() as client:
        answer = await client.post(REPORTS, json=report(1), headers=STRUCTURED)
        assert answer.status_code == HTTPStatus.ACCEPTED
        told = answer.json()
        assert told == {"receipt_id": told["receipt_id"], "state": "received", "faults": []}
        assert answer.headers["location"] == f"/v1/receipts/{told['receipt_id']}"

        async def settled() -> bool:
            return await doors.state_of(client, told["receipt_id"]) == "settled"

        await eventually(settled, 10, "settling")
    assert await doors.settled_events() == {"event-1"}
    row = await doors.lab.pool.fetchrow("SELECT source, topic FROM report_version JOIN inbox USING (event_key)")
    assert (row["source"], row["topic"]) == (CLINIC.code, "intake.clinic.v1")


async def test_the_same_event_again_has_the_same_receipt_and_is_one_report(doors: Doors) -> None:
    async with doors.client() as client:
        answers = [await client.post(REPORTS, json=report(1), headers=STRUCTURED) for _ in range(3)]
        assert len({a.json()["receipt_id"] for a in answers}) == 1

        async def all_in() -> bool:
            return await doors.lab.count("inbox") == 3

        await eventually(all_in, 10, "settling")
    assert await doors.lab.count("report_version") == 1


async def test_all_three_modes_come_to_the_same_report(doors: Doors) -> None:
    told = report(1)
    attributes = {f"ce-{name}": told[name] for name in ("specversion", "id", "type", "time")}
    async with doors.client() as client:
        answers = [
            await client.post(REPORTS, json=told, headers=STRUCTURED),
            await client.post(REPORTS, json=told["data"], headers=attributes),
            await client.post(REPORTS, content=json.dumps([told]), headers=BATCH),
        ]
    assert [a.status_code for a in answers] == [HTTPStatus.ACCEPTED] * 3
    receipts = [answers[0].json(), answers[1].json(), *answers[2].json()["receipts"]]
    assert len({r["receipt_id"] for r in receipts}) == 1


async def test_an_idempotency_key_stands_for_an_id(doors: Doors) -> None:
    told = {name: value for name, value in report(1).items() if name != "id"}
    async with doors.client() as client:
        without = await client.post(REPORTS, json=told, headers=STRUCTURED)
        keyed = [
            await client.post(REPORTS, json=told, headers={**STRUCTURED, "idempotency-key": key})
            for key in ("first", "first", "second")
        ]
    assert (without.status_code, without.json()["code"]) == (HTTPStatus.UNPROCESSABLE_ENTITY, "id_missing")
    receipts = [a.json()["receipt_id"] for a in keyed]
    assert receipts[0] == receipts[1] != receipts[2]


async def test_a_batch_is_taken_whole_or_not_at_all(doors: Doors) -> None:
    good = [report(n) for n in range(20)]
    bad: list[Any] = [*good[:7], {**report(7), "data": {"report_no": "x"}}, *good[8:]]
    async with doors.client() as client:
        refused = await client.post(REPORTS, content=json.dumps(bad), headers=BATCH)
        assert (refused.status_code, refused.json()["code"]) == (HTTPStatus.UNPROCESSABLE_ENTITY, "field_missing")
        assert (refused.json()["event"], refused.json()["path"]) == (7, "channel")
        assert (await doors.lab.audit()).received == 0
        taken = await client.post(REPORTS, content=json.dumps(good), headers=BATCH)
    assert len({r["receipt_id"] for r in taken.json()["receipts"]}) == 20


async def test_a_source_can_neither_send_for_another_nor_ask_for_its_receipts(doors: Doors) -> None:
    others = await enrolled(doors.lab, OTHER)
    async with doors.client() as clinic, doors.client(others) as school:
        stolen = await school.post(REPORTS, json={**report(1), "source": f"/sources/{CLINIC.code}"}, headers=STRUCTURED)
        assert (stolen.status_code, stolen.json()["code"]) == (HTTPStatus.FORBIDDEN, "source_not_yours")
        receipt = (await clinic.post(REPORTS, json=report(1), headers=STRUCTURED)).json()["receipt_id"]
        asked = await school.get(f"/v1/receipts/{receipt}")
        assert (asked.status_code, asked.json()["code"]) == (HTTPStatus.NOT_FOUND, "receipt_unknown")
        assert (await school.get("/v1/receipts/" + "A" * 43)).status_code == HTTPStatus.NOT_FOUND
    assert {r["source"] for r in await doors.lab.pool.fetch("SELECT source FROM report_version")} <= {CLINIC.code}


async def test_a_new_token_opens_at_once_and_a_revoked_source_opens_nothing(doors: Doors) -> None:
    book = Enrolment(doors.lab.pools.operate)
    async with doors.client() as client:
        await client.post(REPORTS, json=report(1), headers=STRUCTURED)
        newer = await book.rotate(CLINIC.code, Purpose.TOKEN, ends_at=datetime.now(UTC), expires_at=None)
        async with doors.client(newer) as renewed:
            assert (await renewed.post(REPORTS, json=report(2), headers=STRUCTURED)).status_code == HTTPStatus.ACCEPTED
            await book.revoke(CLINIC.code, datetime.now(UTC))

            async def refused() -> bool:
                answers = [await c.post(REPORTS, json=report(3), headers=STRUCTURED) for c in (client, renewed)]
                return {a.status_code for a in answers} == {HTTPStatus.UNAUTHORIZED}

            assert await eventually(refused, 5, "refusing") < 3


async def test_what_a_revoked_source_writes_to_kafka_is_quarantined_and_shown(doors: Doors) -> None:
    await Enrolment(doors.lab.pools.operate).revoke(CLINIC.code, datetime.now(UTC))
    await doors.lab.send([{**report(1), "source": f"/sources/{CLINIC.code}"}], topic="intake.clinic.v1")

    async def shown() -> bool:
        rows = await doors.lab.pool.fetch("SELECT kind, code FROM unread_report")
        return [tuple(row) for row in rows] == [("quarantine", "source_revoked")]

    await eventually(shown, 10, "quarantine")


async def test_a_writer_to_kafka_cannot_make_another_sources_receipt_settled(doors: Doors) -> None:
    for name in ("assess-1", "assess-2"):
        doors.crew.process(name).suspend()
    async with doors.client() as client:
        receipt = (await client.post(REPORTS, json=report(1), headers=STRUCTURED)).json()["receipt_id"]
        key = event_key(CLINIC.code, "event-1")
        forged = {**report(2), "source": "/sources/hotline-113"}
        await send_with_header(doors, "intake.hotline.113.v1", forged, ("receipt_key", key.hex.encode()))
        await doors.lab.pool.execute(REVOKED_FROM, datetime.now(UTC) - timedelta(hours=1))
        for name in ("assess-1", "assess-2"):
            doors.crew.process(name).resume()

        async def both_in() -> bool:
            return await doors.lab.count("inbox") == 2

        await eventually(both_in, 30, "settling")
        await doors.lab.pool.execute(REVOKED_FROM, None)

        async def told() -> bool:
            answer = await client.get(f"/v1/receipts/{receipt}")
            return answer.status_code == HTTPStatus.OK and answer.json()["state"] == "with_a_person"

        await eventually(told, 10, "telling")


async def send_with_header(doors: Doors, topic: str, told: dict[str, Any], header: tuple[str, bytes]) -> None:
    producer = new_producer(doors.lab.brokers, "forger")
    await producer.start()
    try:
        await producer.send_and_wait(topic, json.dumps(told).encode(), headers=[header])
    finally:
        await producer.stop()


async def test_one_time_codes_are_good_once_even_for_two_at_the_same_moment(doors: Doors) -> None:
    code = await enrolled(doors.lab, OTHER, Purpose.ENROLMENT)
    async with doors.client("none") as client:
        typed = {"code": f" {code.lower().replace('-', ' ')}"}
        answers = await asyncio.gather(*(client.post("/v1/credentials", json=typed) for _ in range(5)))
    assert sorted(a.status_code for a in answers) == [HTTPStatus.CREATED, *[HTTPStatus.FORBIDDEN] * 4]
    (token,) = [a.json()["token"] for a in answers if a.status_code == HTTPStatus.CREATED]
    async with doors.client(token) as school:
        answer = await school.post(REPORTS, json=report(5), headers=STRUCTURED)
    assert answer.status_code == HTTPStatus.ACCEPTED


async def test_a_one_time_code_is_spent_for_a_transaction_that_began_before_it_was(lab: Lab) -> None:
    code = await enrolled(lab, OTHER, Purpose.ENROLMENT)
    doorkeeper = Doorkeeper(lab.pool, Directory({}))
    async with lab.pool.acquire() as slow, slow.transaction():
        await slow.fetchval("SELECT now()")
        assert await doorkeeper.redeem(code) is not None
        number = await slow.fetchval(ENROLMENT["next_version"])
        assert await slow.fetchval(DOOR["spend"], digest_of(code), number) is None
    assert await doorkeeper.redeem(code) is None


@pytest.mark.parametrize("how", ["body", "id", "source", "key", "type", "header", "path", "code"])
async def test_no_answer_repeats_what_was_sent(how: str, doors: Doors) -> None:
    told = report(1)
    headers = dict(STRUCTURED)
    url = REPORTS
    match how:
        case "body":
            told["data"] = {"report_no": MARK, MARK: MARK, "persons": [{"name": MARK}]}
        case "id" | "source" | "type":
            told[how] = {"id": "", "source": f"/sources/{MARK}", "type": MARK}[how]
        case "key":
            headers["idempotency-key"] = "x" * 300 + "mark"
        case "header":
            headers = {"content-type": "text/mark"}
        case "path":
            url = f"/v1/receipts/{MARK}"
        case "code":
            url, told = "/v1/credentials", {"code": MARK, MARK: MARK}
    async with doors.client() as client:
        if how == "path":
            answer = await client.get(url)
        else:
            answer = await client.post(url, content=json.dumps(told, ensure_ascii=False).encode(), headers=headers)
    assert answer.status_code >= HTTPStatus.BAD_REQUEST
    assert answer.headers["content-type"] == "application/problem+json"
    assert MARK not in answer.text
    assert "mark" not in answer.text
    assert MARK not in str(doors.crew.log("intake"))


async def test_too_much_too_large_and_too_often_are_refused_with_what_to_do(lab: Lab) -> None:
    async with open_doors(lab, {}, ANWANG_INTAKE_RATE="5/minute", ANWANG_BODY_BYTES_MAX="10000") as doors:
        async with doors.client() as client:
            large = await client.post(REPORTS, json=report(1, narrative="字" * 10_000), headers=STRUCTURED)
            many = await client.post(REPORTS, content=json.dumps([0] * 501), headers=BATCH)
            deep = await client.post(REPORTS, content="[" * 4000, headers=STRUCTURED)
            assert (large.status_code, large.json()["code"]) == (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large")
            assert (many.status_code, many.json()["code"]) == (HTTPStatus.UNPROCESSABLE_ENTITY, "too_many_events")
            assert (deep.status_code, deep.json()["code"]) == (HTTPStatus.BAD_REQUEST, "too_deep")
            answers = [await client.post(REPORTS, json=report(n), headers=STRUCTURED) for n in range(3)]
        assert [a.status_code for a in answers] == [202, 202, 429]
        assert 1 <= int(answers[2].headers["retry-after"]) <= 60


async def test_what_its_worker_cannot_settle_is_told_to_be_with_a_person(doors: Doors) -> None:
    """Revoked between its receipt and its settlement, while the workers sleep."""
    for name in ("assess-1", "assess-2"):
        doors.crew.process(name).suspend()
    async with doors.client() as client:
        receipt = (await client.post(REPORTS, json=report(1), headers=STRUCTURED)).json()["receipt_id"]
        assert await doors.state_of(client, receipt) == "received"
        await doors.lab.pool.execute(REVOKED_FROM, datetime.now(UTC) - timedelta(hours=1))
        for name in ("assess-1", "assess-2"):
            doors.crew.process(name).resume()

        async def unread() -> bool:
            return await doors.lab.count("unread_report") == 1

        await eventually(unread, 30, "quarantine")
        await doors.lab.pool.execute(REVOKED_FROM, None)

        async def told() -> bool:
            answer = await client.get(f"/v1/receipts/{receipt}")
            return answer.status_code == HTTPStatus.OK and answer.json()["state"] == "with_a_person"

        await eventually(told, 10, "telling")
