"""Any stretch of any topic, read in no group: for the auditor, the ledger, a new relay, and to explain a gap."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from pipeline.adapters.kafka.brokers import Brokers
from pipeline.adapters.kafka.records import METADATA_MAX_AGE_MS, as_message, message_id_of
from pipeline.contracts.messages import Message, Stream
from pipeline.contracts.topics import INTAKE_PATTERN, OUTGOING
from pipeline.errors import LogWentBackError, UnavailableError
from pipeline.ports import Bounds, Sent, Stretch

READ_TIMEOUT_MS = 2000
READ_MESSAGES_MAX = 1000
ANSWER_TIMEOUT_S = 15.0
FETCH_WAIT_MS = 20
"""Turning to another partition waits for the poll in flight; an onlooker turns often."""

_INTAKE = re.compile(INTAKE_PATTERN)


@asynccontextmanager
async def _answer_in_time() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            yield
    except TimeoutError as error:
        raise UnavailableError(f"Kafka did not answer within {ANSWER_TIMEOUT_S:.0f} s") from error


class Onlooker:
    """Reads any stretch of any topic, in no group. One reader at a time: its calls take turns."""

    def __init__(self, brokers: Brokers, client_id: str) -> None:
        self._admin = AIOKafkaAdminClient(**brokers.options(), client_id=client_id)
        self._turn = asyncio.Lock()
        self._consumer = AIOKafkaConsumer(
            **brokers.options(),
            client_id=client_id,
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            fetch_max_wait_ms=FETCH_WAIT_MS,
            metadata_max_age_ms=METADATA_MAX_AGE_MS,
        )

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opening:
            opening.push_async_callback(self._admin.close)
            opening.push_async_callback(self._consumer.stop)
            await self._admin.start()
            await self._consumer.start()
            self._closing = opening.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._closing.aclose()

    async def intake(self) -> Mapping[Stream, Bounds]:
        """First and next offset of every intake log."""
        async with _answer_in_time():
            return await self._bounds([t for t in await self._admin.list_topics() if _INTAKE.match(t)])

    async def outgoing(self) -> Mapping[Stream, Bounds]:
        async with _answer_in_time():
            there = set(await self._admin.list_topics())
            return await self._bounds([t for t in OUTGOING if t in there])

    async def _bounds(self, topics: Sequence[str]) -> Mapping[Stream, Bounds]:
        if not topics:
            return {}
        described = await self._admin.describe_topics(sorted(topics))
        tps = [TopicPartition(t["topic"], p["partition"]) for t in described for p in t["partitions"]]
        firsts, ends = await self._consumer.beginning_offsets(tps), await self._consumer.end_offsets(tps)
        return {Stream(*tp): Bounds(firsts[tp], ends[tp]) for tp in tps}

    async def read_intake(
        self, stream: Stream, first: int, *, messages_max: int = READ_MESSAGES_MAX
    ) -> Stretch[Message]:
        return await self._read(stream, first, messages_max)

    async def read_outgoing(self, stream: Stream, first: int) -> Stretch[Sent]:
        read = await self._read(stream, first, READ_MESSAGES_MAX)
        return Stretch(tuple(Sent(message_id_of(m), m.at) for m in read.found), read.after)

    async def _read(self, stream: Stream, first: int, messages_max: int) -> Stretch[Message]:
        tp = TopicPartition(*stream)
        async with _answer_in_time(), self._turn:
            if self._consumer.assignment() != {tp}:
                self._consumer.assign([tp])
            self._consumer.seek(tp, first)
            got = await self._consumer.getmany(tp, timeout_ms=READ_TIMEOUT_MS, max_records=messages_max)
            after = await self._consumer.position(tp)
        return Stretch(tuple(as_message(record) for records in got.values() for record in records), after)


async def explain_gap(brokers: Brokers, stream: Stream, first: int, found: int) -> bool:
    """Whether the offsets [first, found) hold no message for anyone: a second reader, started at `first`, must see
    `found` next. False where it sees another, or nothing in time.

    Raises LogWentBackError when the log no longer reaches back to `first`: what was there has been removed unread.
    """
    async with Onlooker(brokers, "anwang-gap-probe") as probe:
        beginning = (await probe.intake())[stream].first
        if beginning > first:
            where = f"{stream.topic}/{stream.partition}"
            raise LogWentBackError(f"{where}: offsets {first} to {beginning - 1} were removed unread")
        seen = (await probe.read_intake(stream, first)).found
        return bool(seen) and seen[0].at.offset == found
