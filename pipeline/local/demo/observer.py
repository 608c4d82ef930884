"""Watches the run from outside: the sender's list, the queue topics, Kafka's ends and what Postgres has settled."""

import asyncio
import json
import re
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from pipeline.contracts.topics import INTAKE_PATTERN, MESSAGE_BYTES_MAX, queue_topic
from pipeline.contracts.vocabulary import Queue
from pipeline.domain.kinds import channel_of
from pipeline.local.demo.board import Board
from pipeline.local.demo.ground import partitions_of
from pipeline.local.demo.picture import Ledger
from pipeline.local.demo.traffic import read_acks

LOOK_INTERVAL_S = 0.4
ANSWER_TIMEOUT_S = 10.0
AUDIT_TIMEOUT_S = 45.0
RATE_WINDOW = 12
INTAKE = re.compile(INTAKE_PATTERN)

SQL_OUTCOMES = "SELECT outcome, count(*) FROM inbox GROUP BY outcome"
SQL_PASSED = """
    SELECT (SELECT coalesce(sum(next_offset - first_offset), 0) FROM stream_cursor)
         - (SELECT coalesce(sum(to_offset - from_offset), 0) FROM stream_hole)
"""
SQL_AUDITED = "SELECT topic, partition, next_offset FROM audit_mark WHERE book = 'intake'"
SQL_UNAUDITED_SENT = """
    SELECT count(*) FROM relay_mark sent
    LEFT JOIN audit_mark seen ON seen.book = 'outgoing' AND seen.topic = sent.topic AND seen.partition = sent.partition
    WHERE sent.next_offset > coalesce(seen.next_offset, 0)
"""
SQL_ALARMS = """
    SELECT code, count(*) FROM alarm
    WHERE settled_at IS NULL AND code NOT IN ('unread_report', 'notification_no_target') GROUP BY code ORDER BY code
"""
"""Two are meant to ring: what nobody can read is sent on purpose, and a demo has nobody whom it could tell."""
SQL_UNREAD = "SELECT count(*) FROM unread_report WHERE read_at IS NULL"
SQL_UNPUBLISHED = "SELECT count(*) FROM outbox WHERE published_offset IS NULL"

AWAY = (OSError, TimeoutError, KafkaError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What a server that is just being started again answers with."""


@dataclass(slots=True)
class Observer:
    """Everything it knows is read again from the servers; a server that is away for a while is asked again."""

    kafka: str
    dsn: str
    acked: Path
    board: Board = field(default_factory=Board)
    sent: Counter[str] = field(default_factory=Counter)
    sent_ms: dict[str, int] = field(default_factory=dict)
    outcomes: Mapping[str, int] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    changed_at: float = field(default_factory=time.monotonic)
    first_row_at: float | None = None
    first_sent_ms: int | None = None
    last_queued_ms: int = 0
    acknowledged: int = 0
    alarms: Mapping[str, int] = field(default_factory=dict)
    _numbers: set[int] = field(default_factory=set)
    _read_bytes: int = 0
    _pace: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=RATE_WINDOW))

    async def watch(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as watching:
            watching.create_task(_again(self._follow_queues))
            watching.create_task(_again(self._follow_ledger))

    @property
    def per_s(self) -> float:
        if len(self._pace) < 2:  # noqa: PLR2004 - a pace lies between two moments
            return 0.0
        (began, before), (ended, after) = self._pace[0], self._pace[-1]
        return (after - before) / max(ended - began, 0.001)

    def through_per_s(self) -> float:
        """Over the whole path: from the first sending to the last queue record."""
        took_ms = self.last_queued_ms - (self.first_sent_ms or 0)
        return self.ledger.settled * 1000 / took_ms if took_ms > 0 and self.first_sent_ms else 0.0

    def settled_all(self) -> bool:
        """Nothing that stands in Kafka waits to be settled, nothing that was settled waits to be published."""
        return self.ledger.in_flight == 0 and self.ledger.unpublished == 0

    async def audited(self) -> bool:
        """Waits until the auditor has read all that came in and all that was sent; False when it rings before that, or
        does not get there.
        """
        deadline = time.monotonic() + AUDIT_TIMEOUT_S
        while time.monotonic() < deadline:
            with suppress(*AWAY):
                if await self._look_at_audit():
                    return True
                if self.alarms:
                    return False
            await asyncio.sleep(LOOK_INTERVAL_S)
        return False

    async def _look_at_audit(self) -> bool:
        database = await asyncpg.connect(self.dsn, timeout=ANSWER_TIMEOUT_S, command_timeout=ANSWER_TIMEOUT_S)
        try:
            self.alarms = {row[0]: row[1] for row in await database.fetch(SQL_ALARMS)}
            marks = {(row[0], row[1]): row[2] for row in await database.fetch(SQL_AUDITED)}
            unaudited_sent = await database.fetchval(SQL_UNAUDITED_SENT)
        finally:
            await database.close()
        intake = await partitions_of(self.kafka, _is_intake)
        async with _consumer(self.kafka) as consumer:
            ends = await consumer.end_offsets(intake)
        return not unaudited_sent and all(marks.get((p.topic, p.partition), 0) >= end for p, end in ends.items())

    async def _follow_queues(self) -> None:
        partitions = await partitions_of(self.kafka, _is_queue)
        async with _consumer(self.kafka) as consumer:
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            while True:
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    for record in records:
                        self.board.take(json.loads(record.value), record.timestamp)
                        self.last_queued_ms = max(self.last_queued_ms, record.timestamp)
                        self.first_row_at = self.first_row_at or time.time()

    async def _follow_ledger(self) -> None:
        intake = await partitions_of(self.kafka, _is_intake)
        database = await asyncpg.connect(self.dsn, timeout=ANSWER_TIMEOUT_S, command_timeout=ANSWER_TIMEOUT_S)
        try:
            async with _consumer(self.kafka) as consumer:
                while True:
                    await self._look(database, consumer, intake)
                    await asyncio.sleep(LOOK_INTERVAL_S)
        finally:
            database.terminate()

    async def _look(
        self, database: asyncpg.Connection, consumer: AIOKafkaConsumer, intake: list[TopicPartition]
    ) -> None:
        """Acknowledged before settled before received: a moment between them never looks like a loss."""
        self._read_acks()
        acknowledged = len(self._numbers)
        async with database.transaction(isolation="repeatable_read", readonly=True):
            outcomes = {row[0]: row[1] for row in await database.fetch(SQL_OUTCOMES)}
            passed = int(await database.fetchval(SQL_PASSED))
            unread = await database.fetchval(SQL_UNREAD)
            unpublished = await database.fetchval(SQL_UNPUBLISHED)
        settled = sum(outcomes.values())
        received = await _received(consumer, intake)
        ledger = Ledger(received, settled, max(0, passed - settled), unread, unpublished)
        if ledger != self.ledger:
            self.changed_at = time.monotonic()
        self.outcomes, self.ledger, self.acknowledged = outcomes, ledger, acknowledged
        self._pace.append((time.monotonic(), settled))

    def _read_acks(self) -> None:
        with self.acked.open("rb") as file:
            file.seek(self._read_bytes)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read_bytes += len(whole)
        for ack in read_acks(whole.splitlines()):
            self._numbers.add(ack.number)
            self.sent[channel_of(ack.kind)] += 1
            self.first_sent_ms = min(self.first_sent_ms or ack.sent_ms, ack.sent_ms)
            if ack.event_id:
                self.sent_ms.setdefault(ack.event_id, ack.sent_ms)


async def _again(follow: Callable[[], Awaitable[None]]) -> None:
    while True:
        with suppress(*AWAY):
            await follow()
        await asyncio.sleep(LOOK_INTERVAL_S)


@asynccontextmanager
async def _consumer(bootstrap: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, max_partition_fetch_bytes=MESSAGE_BYTES_MAX
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def _received(consumer: AIOKafkaConsumer, intake: list[TopicPartition]) -> int:
    ends = await consumer.end_offsets(intake)
    begins = await consumer.beginning_offsets(intake)
    return int(sum(ends.values()) - sum(begins.values()))


def _is_intake(topic: str) -> bool:
    return INTAKE.match(topic) is not None


def _is_queue(topic: str) -> bool:
    return topic in {queue_topic(queue) for queue in Queue}
