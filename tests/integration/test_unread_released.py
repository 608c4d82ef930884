"""A quarantined report that two people believe: settled once, as of when it first came in, whatever breaks between."""

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from crew import run
from lab import Lab, event
from signers import LINE, Signers, signed

from pipeline import wiring
from pipeline.adapters.kafka.brokers import brokers_of
from pipeline.adapters.kafka.outlet import new_producer
from pipeline.adapters.kafka.returning import send_back
from pipeline.adapters.postgres.audit_store import AuditStore
from pipeline.adapters.postgres.enrolment import Enrolment
from pipeline.adapters.postgres.keys import CaseKeys
from pipeline.adapters.postgres.unread_book import UnreadBook
from pipeline.adapters.telemetry import utc_now
from pipeline.contracts.ids import event_key
from pipeline.contracts.vocabulary import ReporterRole
from pipeline.domain.directory import Source
from pipeline.domain.ledger import UnreadRow
from pipeline.domain.unread import Fate, Quarantined
from pipeline.errors import UnreadRefusedError
from pipeline.stages.release import Releasing

A, B = "S1024", "S2048"
LONG_AGO = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=30)


class KilledError(BaseException):
    """Stands for `kill -9` at this point."""


@pytest.fixture
async def signers(lab: Lab) -> Signers:
    made = Signers(lab)
    await made.enrol()
    return made


def undated(number: int = 1) -> dict[str, Any]:
    """A report that says of no time when it was received: its clocks start when it came in."""
    told = event(number, source=LINE.code)
    told["data"]["received_at"] = "a while ago"
    del told["time"]
    return told


async def send(lab: Lab, value: bytes, headers: list[tuple[str, bytes]] | None = None, **more: Any) -> None:  # noqa: ANN401 - of the producer
    producer = new_producer(brokers_of(lab.settings), "test-source")
    await producer.start()
    try:
        await producer.send_and_wait(more.pop("topic", LINE.topic), value, headers=headers, **more)
    finally:
        await producer.stop()


async def quarantined(lab: Lab, value: bytes, headers: list[tuple[str, bytes]] | None = None, **more: Any) -> UnreadRow:  # noqa: ANN401 - as above
    """The unread report that this became."""
    await send(lab, value, headers, **more)
    await lab.settle_all(await lab.count("inbox") + 1)
    (row,) = await AuditStore(lab.pool).unread_list()
    return row


async def release(lab: Lab, unread_id: UUID) -> Fate:
    return (await wiring.release_unread(lab.settings, unread_id, A, B))[0]


async def outcomes(lab: Lab) -> list[str]:
    rows = await lab.pool.fetch("SELECT outcome FROM inbox ORDER BY settled_at, kafka_offset")
    return [row["outcome"] for row in rows]


async def require_balance(lab: Lab) -> None:
    await lab.publish_all()
    ledger = await lab.audit()
    assert ledger.balances, ledger
    assert (ledger.in_flight, ledger.lost) == (0, 0)


@pytest.mark.usefixtures("signers")
async def test_a_released_report_is_settled_as_of_when_it_first_came_in_and_says_why_it_was_doubted(lab: Lab) -> None:
    value = json.dumps(undated()).encode()
    waiting = await quarantined(lab, value, timestamp_ms=int(LONG_AGO.timestamp() * 1000))
    assert waiting.code == "signature_missing"
    assert await release(lab, waiting.unread_id) is Fate.SENT_BACK
    assert [row.unread_id for row in await AuditStore(lab.pool).unread_list()] == [waiting.unread_id]
    await lab.settle_all(2)

    stored = await lab.pool.fetchrow("SELECT event_key, arrived_at, faults FROM report_version")
    assert stored["arrived_at"] == LONG_AGO
    assert "released:signature_missing" in stored["faults"]
    decision = await lab.pool.fetchval("SELECT decision FROM decision")
    assert "released:signature_missing" in decision["faults"]
    first_due = await lab.pool.fetchval("SELECT min(due_at) FROM clock")
    assert LONG_AGO < first_due < datetime.now(UTC)
    told = json.loads(await lab.pool.fetchval("SELECT body FROM case_event"))
    assert (told["type"], told["released"], told["source"]) == ("case.assessed.v1", "signature_missing", LINE.code)

    noted = await lab.pool.fetchrow("SELECT * FROM unread_release")
    assert (noted["released_by"], noted["seconded_by"], noted["code"]) == (A, B, "signature_missing")
    assert (noted["event_key"], noted["received_at"]) == (stored["event_key"], LONG_AGO)
    assert await AuditStore(lab.pool).unread_list() == []
    assert await AuditStore(lab.pool).open_alarms() == []
    assert await lab.pool.fetchval("SELECT read_by FROM unread_report") == A
    assert await outcomes(lab) == ["quarantine", "case"]
    await require_balance(lab)


@pytest.mark.usefixtures("signers")
async def test_a_released_decision_can_be_made_again_to_the_byte(lab: Lab) -> None:
    waiting = await quarantined(lab, json.dumps(undated()).encode())
    await release(lab, waiting.unread_id)
    await lab.settle_all(2)
    case_id = await lab.pool.fetchval("SELECT case_id FROM case_file")
    again = await run(lab.settings, "decide", "again", str(case_id))
    assert again.exit_code == 0, again.out + again.err


@pytest.mark.usefixtures("signers")
async def test_who_releases_twice_or_together_makes_one_case(lab: Lab) -> None:
    waiting = await quarantined(lab, json.dumps(event(1, source=LINE.code)).encode())
    fates = await asyncio.gather(*(release(lab, waiting.unread_id) for _ in range(3)))
    sent = fates.count(Fate.SENT_BACK)
    assert sent >= 1
    assert await release(lab, waiting.unread_id) is Fate.ON_ITS_WAY
    await lab.settle_all(1 + sent)
    assert await release(lab, waiting.unread_id) is Fate.SETTLED
    assert sorted(await outcomes(lab)) == ["case", "quarantine", *["redelivery"] * (sent - 1)]
    assert (await lab.count("report"), await lab.count("case_event"), await lab.count("unread_release")) == (1, 1, 1)
    await require_balance(lab)


async def test_what_its_source_sent_rightly_meanwhile_is_not_doubled_by_a_release(lab: Lab, signers: Signers) -> None:
    value = json.dumps(event(1, source=LINE.code)).encode()
    waiting = await quarantined(lab, value)
    await send(lab, value, [("jws-signature", signed(value, signers.key).encode())])
    await lab.settle_all(2)
    assert await lab.count("report") == 1
    await release(lab, waiting.unread_id)
    await lab.settle_all(3)
    assert await outcomes(lab) == ["quarantine", "case", "redelivery"]
    assert (await lab.count("report"), await lab.count("case_event")) == (1, 1)
    assert await AuditStore(lab.pool).unread_list() == []
    await require_balance(lab)


async def test_what_its_source_sends_rightly_after_a_release_is_a_redelivery(lab: Lab, signers: Signers) -> None:
    value = json.dumps(event(1, source=LINE.code)).encode()
    waiting = await quarantined(lab, value)
    await release(lab, waiting.unread_id)
    await lab.settle_all(2)
    respaced = json.dumps(event(1, source=LINE.code), indent=2).encode()
    await send(lab, respaced, [("jws-signature", signed(respaced, signers.key).encode())])
    await send(lab, value)
    await lab.settle_all(4)
    assert sorted(await outcomes(lab)) == ["case", "quarantine", "redelivery", "redelivery"]
    assert (await lab.count("report"), await lab.count("case_event")) == (1, 1)
    await require_balance(lab)


class Killing(UnreadBook):
    """A book that is killed at one of its steps, before or after it is done."""

    def __init__(self, lab: Lab, at: str) -> None:
        super().__init__(lab.pool, CaseKeys(lab.keys_pool, lab.ring), lab.ring)
        self._at = at

    async def release(self, found: Quarantined, wire: bytes, by: str, second: str) -> None:
        await super().release(found, wire, by, second)
        if self._at == "noted":
            raise KilledError

    async def mark_sent(self, unread_id: UUID) -> None:
        if self._at == "sent":
            raise KilledError
        await super().mark_sent(unread_id)
        if self._at == "marked":
            raise KilledError


@pytest.mark.usefixtures("signers")
@pytest.mark.parametrize(("at", "settles_first"), [("noted", False), ("sent", False), ("sent", True), ("marked", True)])
async def test_whoever_is_killed_between_its_steps_the_next_call_goes_on_and_nothing_is_doubled(
    at: str,
    settles_first: bool,  # noqa: FBT001 - a parameter of the test
    lab: Lab,
) -> None:
    waiting = await quarantined(lab, json.dumps(event(1, source=LINE.code)).encode())
    back = partial(send_back, brokers_of(lab.settings))
    killed = Releasing(Killing(lab, at), back, await lab.sources.look(), utc_now)
    with suppress(KilledError):
        await killed.release(waiting.unread_id, A, B)
    assert [row.unread_id for row in await AuditStore(lab.pool).unread_list()] == [waiting.unread_id]
    if settles_first:
        await lab.settle_all(2)
    fate = await release(lab, waiting.unread_id)
    assert fate is (Fate.SETTLED if settles_first else Fate.SENT_BACK)
    sent = 2 if (at, settles_first) == ("sent", False) else 1
    await lab.settle_all(1 + sent)
    assert sorted(await outcomes(lab)) == sorted(["case", "quarantine", *["redelivery"] * (sent - 1)])
    assert (await lab.count("report"), await lab.count("unread_release")) == (1, 1)
    assert await AuditStore(lab.pool).unread_list() == []
    await require_balance(lab)


@pytest.mark.usefixtures("signers")
async def test_a_release_believes_these_bytes_alone_and_a_header_releases_nothing(lab: Lab) -> None:
    waiting = await quarantined(lab, json.dumps(event(1, source=LINE.code)).encode())
    forged = json.dumps(event(1, source=LINE.code, crisis_flags=["life_danger"])).encode()
    marked = [("released", waiting.unread_id.hex.encode())]
    await send(lab, forged, marked)
    await lab.settle_all(2)
    await release(lab, waiting.unread_id)
    await send(lab, forged, marked)
    await lab.settle_all(4)
    assert sorted(await outcomes(lab)) == ["case", "quarantine", "quarantine", "quarantine"]
    (other,) = await AuditStore(lab.pool).unread_list()
    assert (other.code, other.times_seen) == ("signature_missing", 2)


@pytest.mark.usefixtures("signers")
async def test_one_in_binary_mode_is_released_with_its_attributes(lab: Lab) -> None:
    whole = event(1, source=LINE.code)
    attributes = [(f"ce_{n}", str(whole[n]).encode()) for n in ("specversion", "id", "source", "type", "time")]
    waiting = await quarantined(lab, json.dumps(whole["data"]).encode(), attributes)
    await release(lab, waiting.unread_id)
    await lab.settle_all(2)
    assert await outcomes(lab) == ["quarantine", "case"]
    assert await lab.pool.fetchval("SELECT event_id FROM report_version") == whole["id"]
    await require_balance(lab)


async def test_a_revoked_source_and_a_strange_topic_are_no_hindrance_to_two_people(lab: Lab, signers: Signers) -> None:
    value = json.dumps(event(1, source=LINE.code)).encode()
    first = await quarantined(lab, value, topic="intake.hotline.113.v1")
    assert first.code == "source_not_of_this_topic"
    await release(lab, first.unread_id)
    await lab.settle_all(2)
    await Enrolment(lab.pool).revoke(LINE.code, datetime.now(UTC))
    other = json.dumps(event(2, source=LINE.code)).encode()
    second = await quarantined(lab, other, [("jws-signature", signed(other, signers.key).encode())])
    assert second.code == "source_revoked"
    await release(lab, second.unread_id)
    await lab.settle_all(4)
    assert await outcomes(lab) == ["quarantine", "case", "quarantine", "case"]
    faults = [row["faults"][-1] for row in await lab.pool.fetch("SELECT faults FROM report_version")]
    assert sorted(faults) == ["released:source_not_of_this_topic", "released:source_revoked"]
    await require_balance(lab)


async def test_what_came_by_http_is_told_to_be_settled_once_it_was_released(lab: Lab) -> None:
    key = event_key("hotline-113", "event-1")
    told = json.dumps(event(1)).encode()
    line = Source("hotline-113", "hotline", ReporterRole.HOTLINE_WORKER, own_topic=True)
    await Enrolment(lab.pool).enrol([line], await Enrolment(lab.pool).plan([line], None), None, None)
    await Enrolment(lab.pool).revoke("hotline-113", datetime.now(UTC))
    waiting = await quarantined(lab, told, [("receipt_key", key.hex.encode())], topic="intake.hotline.113.v1")
    await release(lab, waiting.unread_id)
    await lab.settle_all(2)
    settled = await lab.pool.fetch("SELECT outcome FROM inbox WHERE receipt_key = $1 ORDER BY outcome", key)
    assert [row["outcome"] for row in settled] == ["case", "quarantine"]


async def test_one_that_ended_its_workers_goes_through_once_it_no_longer_does(lab: Lab) -> None:
    await lab.pool.execute(
        "INSERT INTO attempt (topic, partition, first_offset, last_offset, worker, deaths, begun_at) "
        "SELECT 'intake.hotline.113.v1', p, 0, 0, 'dead', 3, clock_timestamp() FROM generate_series(0, 1) AS p"
    )
    waiting = await quarantined(
        lab,
        json.dumps(undated() | {"source": "/sources/hotline-113"}).encode(),
        topic="intake.hotline.113.v1",
        timestamp_ms=int(LONG_AGO.timestamp() * 1000),
    )
    assert waiting.code == "ended_its_worker"
    await lab.pool.execute("DELETE FROM attempt")
    await release(lab, waiting.unread_id)
    await lab.settle_all(2)
    assert await outcomes(lab) == ["quarantine", "case"]
    assert await lab.pool.fetchval("SELECT arrived_at FROM report_version") == LONG_AGO
    assert await AuditStore(lab.pool).unread_list() == []


async def test_a_source_that_nobody_knows_is_enrolled_before_its_report_is_released(lab: Lab) -> None:
    value = json.dumps(event(1, source="clinic-77")).encode()
    waiting = await quarantined(lab, value, topic="intake.clinic.v1")
    assert waiting.code == "source_unregistered"
    with pytest.raises(UnreadRefusedError, match="source add"):
        await release(lab, waiting.unread_id)
    assert await lab.count("unread_release") == 0
    source = Source("clinic-77", "clinic", ReporterRole.MEDICAL)
    await Enrolment(lab.pool).enrol([source], await Enrolment(lab.pool).plan([source], None), None, None)
    await release(lab, waiting.unread_id)
    await lab.settle_all(2)
    assert await outcomes(lab) == ["quarantine", "case"]


@pytest.mark.usefixtures("signers")
async def test_what_nobody_releases_stays_listed_and_rings(lab: Lab) -> None:
    waiting = await quarantined(lab, json.dumps(event(1, source=LINE.code)).encode())
    await lab.pool.execute("UPDATE unread_report SET due_at = now() - interval '1 minute'")
    await lab.audit()
    assert ("unread_overdue", "unread") in lab.heard.alarms
    rung = {(a.code, a.subject) for a in await AuditStore(lab.pool).open_alarms()}
    assert {("unread_report", str(waiting.unread_id)), ("unread_overdue", "unread")} <= rung
    assert [row.unread_id for row in await AuditStore(lab.pool).unread_list()] == [waiting.unread_id]
    assert await lab.count("report") == 0


@pytest.mark.usefixtures("signers")
async def test_the_command_wants_two_people_and_a_report_that_can_be_read(lab: Lab) -> None:
    dead = await quarantined(lab, b"{}")
    refused = await run(lab.settings, "unread", "release", str(dead.unread_id), "--by", A, "--second", B)
    assert (refused.exit_code, "dead letter" in refused.err) == (1, True)
    await run(lab.settings, "unread", "--read", str(dead.unread_id), "--by", "duty officer 7")
    waiting = await quarantined(lab, json.dumps(event(1, source=LINE.code)).encode())
    alone = await run(lab.settings, "unread", "release", str(waiting.unread_id), "--by", A, "--second", A.lower())
    assert (alone.exit_code, "alone" in alone.err) == (1, True)
    named = await run(lab.settings, "unread", "release", str(waiting.unread_id), "--by", A, "--second", "王大明")
    assert (named.exit_code, "never a name" in named.err) == (1, True)
    assert await lab.count("unread_release") == 0
    done = await run(lab.settings, "unread", "release", str(waiting.unread_id), "--by", A, "--second", B)
    assert done.out.startswith(f"{waiting.unread_id} released by {A} and {B}; it goes its way now"), done.err
    listed = await run(lab.settings, "unread")
    assert f"released by {A} and {B}" in listed.out
    await lab.settle_all(3)
    assert (await run(lab.settings, "unread")).out == "0 unread\n"
