"""Messages that no sender should send, through the real broker: each becomes one row, and what follows it goes on."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from bad_input import BAD_INPUTS, BadInput
from crew import HOTLINE, WORKERS_AND_RELAY, Crew, all_published, all_settled, crew_of, eventually, settled
from lab import VICTIM, Lab, event

from pipeline.adapters.kafka.outlet import new_producer

QUEUES = ("queue.protective.v1", "queue.family.v1")
GOOD_ONE_MAX_S = 5.0
OF_NOBODY = {"source_unregistered", "source_not_of_this_topic"}


class Queues:
    """Everything on the queue topics, as it comes."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self.records: list[dict[str, Any]] = []

    async def wait_for(self, event_id: str, within_s: float) -> None:
        async with asyncio.timeout(within_s):
            while not any(record["event_id"] == event_id for record in self.records):
                self.records.append(json.loads((await self._consumer.getone()).value))


@asynccontextmanager
async def queues(lab: Lab) -> AsyncIterator[Queues]:
    consumer = AIOKafkaConsumer(**lab.brokers.options(), auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, p) for topic in QUEUES for p in range(lab.settings.partitions)])
        yield Queues(consumer)
    finally:
        await consumer.stop()


@asynccontextmanager
async def sending(lab: Lab) -> AsyncIterator[AIOKafkaProducer]:
    producer = new_producer(lab.brokers, "test-sender")
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


OUTCOMES = "SELECT i.kafka_offset, outcome, code FROM inbox i LEFT JOIN unread_report USING (unread_id)"


def fits(outcome: str, code: str | None, bad: BadInput) -> bool:
    """A source that nobody knows can be read, and yet may not be believed."""
    if bad.expectation == "dead_letter":
        return outcome == "dead_letter"
    return outcome != "dead_letter" and (outcome != "quarantine" or code in OF_NOBODY)


async def require_calm(crew: Crew) -> None:
    """Nobody has ended over it, and all go on: a worker that has just judged a crowd may need a moment."""
    await eventually(crew.all_ready, 20, "calm")
    assert [crew.restarts(name) for name in WORKERS_AND_RELAY] == [0, 0, 0]


async def test_each_bad_message_becomes_one_row_and_the_good_one_behind_it_reaches_its_queue_in_time(lab: Lab) -> None:
    slow: dict[str, float] = {}
    async with crew_of(lab, WORKERS_AND_RELAY) as crew, sending(lab) as producer, queues(lab) as told:
        offsets = {}
        for number, bad in enumerate(BAD_INPUTS):
            sent = await producer.send_and_wait(HOTLINE, bad.value, headers=list(bad.headers), partition=0)
            offsets[sent.offset] = bad
            began = time.monotonic()
            good = json.dumps(event(number)).encode()
            await producer.send_and_wait(HOTLINE, good, partition=0)
            await told.wait_for(f"event-{number}", 30)
            if time.monotonic() - began > GOOD_ONE_MAX_S:
                slow[bad.name] = round(time.monotonic() - began, 1)
        await require_calm(crew)
    rows = await lab.pool.fetch(OUTCOMES)
    became = {row["kafka_offset"]: (row["outcome"], row["code"]) for row in rows if row["kafka_offset"] in offsets}
    assert slow == {}
    assert became.keys() == offsets.keys()
    assert {offsets[at].name: said for at, said in became.items() if not fits(*said, offsets[at])} == {}
    ledger = await lab.audit()
    assert ledger.balances, ledger
    assert (ledger.received, ledger.in_flight) == (2 * len(BAD_INPUTS), 0)


async def test_what_is_said_at_great_length_is_told_in_few_words_and_stops_nobody(lab: Lab) -> None:
    many = 100_000
    told_at_length = [
        event(1, indicators=[f"indicator_{n}" for n in range(many)]),
        json.dumps(event(2, narrative="長" * 3_400_000), ensure_ascii=False).encode(),
        event(3, related_report_nos=[f"number-{n}" for n in range(many)]),
        event(4, categories=[f"category_{n}" for n in range(many)]),
        event(5, crisis_flags=[f"flag_{n}" for n in range(many)]),
        event(6, persons=[{"role": "victim", "name": f"測{n}", "phones": ["0912345678"]} for n in range(20_000)]),
    ]
    async with crew_of(lab, WORKERS_AND_RELAY) as crew, queues(lab) as told:
        await lab.send([*told_at_length, event(7)], topic=HOTLINE, partition=0)
        for number in range(1, 8):
            await told.wait_for(f"event-{number}", 60)
        await require_calm(crew)
    assert max(len(json.dumps(record)) for record in told.records) < 100_000
    assert await settled(lab) == {"case": 7}
    assert (await lab.audit()).balances


async def test_a_case_with_hundreds_of_reports_is_told_in_few_words(lab: Lab) -> None:
    hundreds = [event(n, persons=[VICTIM]) for n in range(400)]
    async with crew_of(lab, WORKERS_AND_RELAY) as crew, queues(lab) as told:
        await lab.send(hundreds, topic=HOTLINE, partition=0)
        await eventually(lambda: all_settled(lab, 400), 100, "settling")
        await told.wait_for("event-399", 30)
        await eventually(lambda: all_published(lab), 30, "publishing")
        await require_calm(crew)
    assert max(len(json.dumps(record)) for record in told.records) < 100_000


async def test_a_record_without_a_value_and_one_without_a_key_are_dead_letters(lab: Lab) -> None:
    async with sending(lab) as producer:
        await producer.send_and_wait(HOTLINE, None, key=b"a tombstone", partition=0)
        await producer.send_and_wait(HOTLINE, b"", partition=0)
    await lab.send([event(1)], partition=0)
    await lab.settle_all(3)
    assert await settled(lab) == {"dead_letter": 2, "case": 1}
    assert (await lab.audit()).balances
