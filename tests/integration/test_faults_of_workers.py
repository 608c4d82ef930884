"""What may happen to a worker between taking a report and settling it: each ends with every report settled once."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from lab import VICTIM, Lab, event, until

from pipeline.adapters.postgres.assess_store import AssessStore
from pipeline.adapters.postgres.docket_reader import SQL
from pipeline.contracts.messages import Coordinate, Message, Stream
from pipeline.contracts.vocabulary import Outcome
from pipeline.domain.batch import Accepted, Batch, Settled, Span
from pipeline.domain.normalise.reading import Reading, read_event
from pipeline.errors import FencedError, LogWentBackError
from pipeline.settings import directory_of

HOTLINE, CLINIC = Stream("intake.hotline.113.v1", 0), Stream("intake.clinic.v1", 0)


def batch_of(lab: Lab, stream: Stream, offset: int, epoch: int, *told: dict[str, Any]) -> Batch:
    items = tuple(accepted(lab, Coordinate(*stream, offset + n), one) for n, one in enumerate(told))
    return Batch(items, (Span(stream, offset, offset + len(told), epoch),))


def accepted(lab: Lab, at: Coordinate, told: dict[str, Any]) -> Accepted:
    value = json.dumps(told).encode()
    arrived_at = datetime(2026, 3, 2, tzinfo=UTC)
    reading = read_event(value, (), arrived_at, directory_of(lab.settings))
    assert isinstance(reading, Reading)
    return Accepted(Message(at, value, (), arrived_at), reading)


async def test_two_workers_with_two_reports_of_one_incident_paused_before_the_lock_make_one_case(lab: Lab) -> None:
    workers = [lab.store("one"), lab.store("two")]
    streams = [HOTLINE, CLINIC]
    told = [event(1, persons=[VICTIM]), event(2, source="clinic-0001", persons=[VICTIM])]
    epochs = [(await w.claim(s, 0)).epoch for w, s in zip(workers, streams, strict=True)]
    batches = [batch_of(lab, s, 0, e, t) for s, e, t in zip(streams, epochs, told, strict=True)]
    async with lab.pool.acquire() as gate, gate.transaction():
        await gate.execute(SQL["lock_linking"])
        running = [asyncio.create_task(w.settle(b)) for w, b in zip(workers, batches, strict=True)]
        await until(lambda: asyncio.wait(running, timeout=0.02), lambda: both_wait(lab))
    counts = await asyncio.gather(*running)
    assert sorted(next(iter(c.counts)) for c in counts) == [Outcome.CASE, Outcome.DUPLICATE]
    assert (await lab.count("case_file"), await lab.count("incident"), await lab.count("report")) == (1, 1, 2)


async def both_wait(lab: Lab) -> bool:
    waiting = """
        SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
        WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()
    """
    return bool(await lab.pool.fetchval(waiting) == 2)


async def test_a_worker_whose_partition_was_given_to_another_settles_nothing_more(lab: Lab) -> None:
    old, new = lab.store("old"), lab.store("new")
    before = await old.claim(HOTLINE, 0)
    await new.claim(HOTLINE, 0)
    with pytest.raises(FencedError):
        await old.settle(batch_of(lab, HOTLINE, 0, before.epoch, event(1)))
    assert await lab.count("inbox") == await lab.count("case_file") == await lab.count("outbox") == 0


async def test_a_worker_that_would_skip_an_offset_settles_nothing(lab: Lab) -> None:
    store = lab.store()
    claim = await store.claim(HOTLINE, 0)
    with pytest.raises(FencedError):
        await store.settle(batch_of(lab, HOTLINE, 1, claim.epoch, event(1)))
    assert await lab.count("inbox") == 0


class LosesTheAnswer(AssessStore):
    """Its first commit succeeds, and the answer never arrives."""

    lost = False

    async def _settle(self, batch: Batch) -> Settled:
        counts = await super()._settle(batch)
        if not self.lost:
            self.lost = True
            raise asyncpg.ConnectionDoesNotExistError("cut after COMMIT")
        return counts


async def test_a_commit_whose_answer_was_lost_is_not_done_again(lab: Lab) -> None:
    store = lab.store(kind=LosesTheAnswer)
    claim = await store.claim(HOTLINE, 0)
    await store.settle(batch_of(lab, HOTLINE, 0, claim.epoch, event(1)))
    assert isinstance(store, LosesTheAnswer)
    assert store.lost
    assert await lab.count("inbox") == await lab.count("case_file") == 1


async def test_a_worker_frozen_inside_its_transaction_keeps_its_successor_out_for_seconds_only(lab: Lab) -> None:
    frozen = await asyncpg.connect(
        lab.settings.postgres_dsn, server_settings={"idle_in_transaction_session_timeout": "3000"}
    )
    transaction = frozen.transaction()
    await transaction.start()
    await frozen.execute(SQL["lock_linking"])
    store = lab.store()
    claim = await store.claim(HOTLINE, 0)
    async with asyncio.timeout(8):
        await store.settle(batch_of(lab, HOTLINE, 0, claim.epoch, event(1)))
    assert await lab.count("inbox") == 1
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await frozen.execute("SELECT 1")
    frozen.terminate()


async def test_a_topic_made_anew_with_other_bytes_stops_the_worker_and_rings(lab: Lab) -> None:
    await lab.send([event(1)], partition=0)
    await lab.settle_all(1)
    await remake(lab, HOTLINE.topic)
    await lab.send([event(2), event(3)], partition=0)
    async with lab.assess() as stage:
        with pytest.raises(LogWentBackError):
            await until(stage.turn, lambda: lab.inbox_holds(2), turns_max=40)
    assert await lab.pool.fetchval("SELECT code FROM alarm") == "log_holds_other_bytes"
    assert await lab.count("inbox") == 1


async def test_a_log_that_ends_before_what_was_settled_stops_the_worker_and_rings(lab: Lab) -> None:
    await lab.send([event(1)], partition=0)
    await lab.settle_all(1)
    await remake(lab, HOTLINE.topic)
    async with lab.assess() as stage:
        with pytest.raises(LogWentBackError):
            await until(stage.turn, lambda: lab.inbox_holds(2), turns_max=60)
    assert await lab.pool.fetchval("SELECT code FROM alarm") == "log_went_back"


async def test_the_auditor_rings_when_a_topic_was_made_anew_behind_a_running_worker(lab: Lab) -> None:
    await lab.send([event(1)], partition=0)
    await lab.settle_all(1)
    assert (await lab.audit()).balances
    await remake(lab, HOTLINE.topic)
    await lab.send([event(2), event(3)], partition=0)
    assert (await lab.audit()).findings["log_holds_other_bytes"] == 1


async def remake(lab: Lab, topic: str) -> None:
    admin = AIOKafkaAdminClient(**lab.brokers.options())
    await admin.start()
    try:
        await admin.delete_topics([topic])
        while topic in await admin.list_topics():
            await admin.describe_cluster()
        await admin.create_topics([NewTopic(topic, lab.settings.partitions, 1)])
    finally:
        await admin.close()


async def test_a_topic_that_vanished_rings(lab: Lab) -> None:
    await lab.send([event(1)])
    await lab.settle_all(1)
    admin = AIOKafkaAdminClient(**lab.brokers.options())
    await admin.start()
    await admin.delete_topics(["intake.hotline.113.v1"])
    while "intake.hotline.113.v1" in await admin.list_topics():
        await admin.describe_cluster()
    await admin.close()
    ledger = await lab.audit()
    assert ledger.findings["topic_vanished"] == 2
    assert not ledger.balances


async def test_aborted_records_and_transaction_markers_are_holes_and_lose_nothing(lab: Lab) -> None:
    producer = AIOKafkaProducer(**lab.brokers.options(), transactional_id="hotline")
    await producer.start()
    topic = "intake.hotline.113.v1"
    encode = json.dumps
    async with producer.transaction():
        await producer.send_and_wait(topic, encode(event(1)).encode(), partition=0)
    await producer.begin_transaction()
    await producer.send_and_wait(topic, encode(event(2)).encode(), partition=0)
    await producer.abort_transaction()
    async with producer.transaction():
        await producer.send_and_wait(topic, encode(event(3)).encode(), partition=0)
    await producer.stop()
    await lab.settle_all(2)
    await lab.publish_all()
    async with lab.auditor() as auditor:
        await until(auditor.turn, lambda: no_longer_in_flight(lab), turns_max=2000)
    ledger = lab.heard.ledgers[-1]
    assert ledger.balances
    assert ledger.settled == {Outcome.CASE: 2}
    assert (ledger.received, ledger.in_flight, ledger.lost) == (2, 0, 0)
    assert {r["event_id"] for r in await lab.records("queue.protective.v1")} == {"event-1", "event-3"}


async def no_longer_in_flight(lab: Lab) -> bool:
    return lab.heard.ledgers[-1].in_flight == 0


async def test_an_incident_that_is_joined_away_within_one_batch_is_still_named_by_its_decision(lab: Lab) -> None:
    bridge = event(3, related_report_nos=["clinic-0001-2", "school-001-1"], persons=[{"role": "victim"}])
    store = lab.store()
    claim = await store.claim(HOTLINE, 0)
    told = event(1, source="school-001"), event(2, source="clinic-0001"), bridge
    await store.settle(batch_of(lab, HOTLINE, 0, claim.epoch, *told))
    assert await lab.count("incident") == 2
    assert await lab.pool.fetchval("SELECT count(DISTINCT incident_id) FROM decision") == 2
    assert await lab.pool.fetchval("SELECT count(DISTINCT incident_id) FROM report") == 1
    assert await lab.pool.fetchval("SELECT count(*) FROM case_alias") == 1
