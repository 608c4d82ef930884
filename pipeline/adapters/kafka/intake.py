"""The intake topics as one worker of the group reads them: partition by partition, from the database's cursor."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, KafkaError

from pipeline.adapters.kafka.brokers import Brokers
from pipeline.adapters.kafka.records import METADATA_MAX_AGE_MS, as_message
from pipeline.contracts.messages import Message, Stream
from pipeline.contracts.topics import INTAKE_PATTERN
from pipeline.ports import Bounds, EndOf

if TYPE_CHECKING:
    from aiokafka.structs import ConsumerRecord

SESSION_TIMEOUT_MS = 6000
HEARTBEAT_MS = 1000
MAX_POLL_INTERVAL_MS = 20000
IDLE_WAIT_MS = 500
HINT_TIMEOUT_S = 2.0


class Listener(Protocol):
    """Told which partitions come and go. What `given` answers is where to read on: one offset for each."""

    async def given(self, bounds: Mapping[Stream, Bounds], end_of: EndOf) -> Mapping[Stream, int]: ...

    async def taken(self, streams: Collection[Stream]) -> None: ...


class Intake(ConsumerRebalanceListener):
    """The intake topics as one consumer of the group reads them.

    aiokafka only logs what a listener raises, so this one keeps its error, and `take` raises it before anything read
    is handed out.
    """

    def __init__(self, brokers: Brokers, group: str, client_id: str, listener: Listener) -> None:
        self._listener = listener
        self._failure: BaseException | None = None
        self._turn = 0
        self._consumer = AIOKafkaConsumer(
            **brokers.options(),
            group_id=group,
            client_id=client_id,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=SESSION_TIMEOUT_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
            metadata_max_age_ms=METADATA_MAX_AGE_MS,
        )

    async def start(self) -> None:
        self._consumer.subscribe(pattern=INTAKE_PATTERN, listener=self)
        await self._consumer.start()

    async def stop(self) -> None:
        await self._consumer.stop()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        with self._keeping_failures():
            await self._listener.taken([Stream(*tp) for tp in revoked])

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        with self._keeping_failures():
            await self._seek(assigned)

    @contextmanager
    def _keeping_failures(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self._failure = error
            raise

    async def _seek(self, assigned: Collection[TopicPartition]) -> None:
        firsts = await self._consumer.beginning_offsets(list(assigned))
        ends = await self._consumer.end_offsets(list(assigned))
        bounds = {Stream(*tp): Bounds(firsts[tp], ends[tp]) for tp in assigned}
        for stream, offset in (await self._listener.given(bounds, self._end_of)).items():
            self._consumer.seek(TopicPartition(*stream), offset)

    async def _end_of(self, stream: Stream) -> int:
        tp = TopicPartition(*stream)
        return int((await self._consumer.end_offsets([tp]))[tp])

    async def take(self, messages_max: int) -> Sequence[Message]:
        """Up to `messages_max` messages, partition by partition in turn, so that none waits behind a full one. Waits
        up to 500 ms for the first. Raises what went wrong when partitions were given.
        """
        taken: list[ConsumerRecord] = []
        for tp in self._in_turn():
            left = messages_max - len(taken)
            if left <= 0:
                break
            for records in (await self._consumer.getmany(tp, timeout_ms=0, max_records=left)).values():
                taken += records
        if not taken:
            got = await self._consumer.getmany(timeout_ms=IDLE_WAIT_MS, max_records=messages_max)
            taken = [record for records in got.values() for record in records]
        if self._failure:
            raise self._failure
        return [as_message(record) for record in taken]

    def _in_turn(self) -> list[TopicPartition]:
        assigned = sorted(self._consumer.assignment())
        self._turn += 1
        cut = self._turn % len(assigned) if assigned else 0
        return assigned[cut:] + assigned[:cut]

    def rewind(self, offsets: Mapping[Stream, int]) -> None:
        """Reads these partitions on from here, those that are still given to this reader."""
        here = self._consumer.assignment()
        for stream, offset in offsets.items():
            if (tp := TopicPartition(*stream)) in here:
                self._consumer.seek(tp, offset)

    async def hint(self, offsets: Mapping[Stream, int]) -> bool:
        """Tells Kafka how far the database has come, for lag tools only; False when Kafka would not hear it."""
        if not offsets:
            return bool(await self._consumer.topics())
        try:
            async with asyncio.timeout(HINT_TIMEOUT_S):
                await self._consumer.commit({TopicPartition(*s): offset for s, offset in offsets.items()})
        except (CommitFailedError, KafkaError, TimeoutError):
            return False
        return True
