"""Kafka, by aiokafka's public API: the intake topics read in turn, and what explains an offset that is not there."""

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Protocol, Self
from uuid import UUID

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import CommitFailedError, KafkaError, TopicAlreadyExistsError
from aiokafka.structs import ConsumerRecord

from pipeline.contracts.messages import Coordinate, Message, Stream
from pipeline.contracts.topics import INTAKE_PATTERN, MESSAGE_BYTES_MAX, OUTGOING, RETENTION_OF_INTAKE_MS
from pipeline.domain.outgoing import Outgoing, Published
from pipeline.errors import LogWentBackError, UnavailableError
from pipeline.ports import Bounds, EndOf, Sent, Stretch

SESSION_TIMEOUT_MS = 6000
HEARTBEAT_MS = 1000
MAX_POLL_INTERVAL_MS = 20000
METADATA_MAX_AGE_MS = 5000
IDLE_WAIT_MS = 500
HINT_TIMEOUT_S = 2.0
PROBE_TIMEOUT_MS = 2000
READ_MESSAGES_MAX = 1000
ONLOOKER_FETCH_WAIT_MS = 20
"""Turning to another partition waits for the poll in flight; an onlooker turns often."""

PRODUCE_TIMEOUT_MS = 15000
ANSWER_TIMEOUT_S = 15.0


_INTAKE = re.compile(INTAKE_PATTERN)


class Listener(Protocol):
    """Told which partitions come and go. What `given` answers is where to read on: one offset for each."""

    async def given(self, bounds: Mapping[Stream, Bounds], end_of: EndOf) -> Mapping[Stream, int]: ...

    async def taken(self, streams: Collection[Stream]) -> None: ...


class Intake(ConsumerRebalanceListener):
    """The intake topics as one consumer of the group reads them.

    aiokafka only logs what a listener raises, so this one keeps its error, and `take` raises it before anything read
    is handed out.
    """

    def __init__(self, bootstrap: str, group: str, client_id: str, listener: Listener) -> None:
        self._listener = listener
        self._failure: BaseException | None = None
        self._turn = 0
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=group,
            client_id=client_id,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=SESSION_TIMEOUT_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
            metadata_max_age_ms=METADATA_MAX_AGE_MS,
            max_partition_fetch_bytes=MESSAGE_BYTES_MAX,
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


def as_message(record: ConsumerRecord) -> Message:
    return Message(
        at=Coordinate(record.topic, record.partition, record.offset),
        value=record.value or b"",
        headers=tuple((name, value or b"") for name, value in record.headers),
        arrived_at=datetime.fromtimestamp(max(record.timestamp, 0) / 1000, UTC),
    )


@asynccontextmanager
async def _answer_in_time() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            yield
    except TimeoutError as error:
        raise UnavailableError(f"Kafka did not answer within {ANSWER_TIMEOUT_S:.0f} s") from error


class Onlooker:
    """Reads any stretch of any topic, in no group. One reader at a time: its calls take turns."""

    def __init__(self, bootstrap: str, client_id: str) -> None:
        self._admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id=client_id)
        self._turn = asyncio.Lock()
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            client_id=client_id,
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            fetch_max_wait_ms=ONLOOKER_FETCH_WAIT_MS,
            max_partition_fetch_bytes=MESSAGE_BYTES_MAX,
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

    async def read_intake(self, stream: Stream, first: int) -> Stretch[Message]:
        return await self._read(stream, first)

    async def read_outgoing(self, stream: Stream, first: int) -> Stretch[Sent]:
        read = await self._read(stream, first)
        return Stretch(tuple(Sent(message_id_of(m), m.at) for m in read.found), read.after)

    async def _read(self, stream: Stream, first: int) -> Stretch[Message]:
        tp = TopicPartition(*stream)
        async with _answer_in_time(), self._turn:
            if self._consumer.assignment() != {tp}:
                self._consumer.assign([tp])
            self._consumer.seek(tp, first)
            got = await self._consumer.getmany(tp, timeout_ms=PROBE_TIMEOUT_MS, max_records=READ_MESSAGES_MAX)
            after = await self._consumer.position(tp)
        return Stretch(tuple(as_message(record) for records in got.values() for record in records), after)


async def explain_gap(bootstrap: str, stream: Stream, first: int, found: int) -> bool:
    """Whether the offsets [first, found) hold no message for anyone: a second reader, started at `first`, must see
    `found` next. False where it sees another, or nothing in time.

    Raises LogWentBackError when the log no longer reaches back to `first`: what was there has been removed unread.
    """
    async with Onlooker(bootstrap, "anwang-gap-probe") as probe:
        beginning = (await probe.intake())[stream].first
        if beginning > first:
            where = f"{stream.topic}/{stream.partition}"
            raise LogWentBackError(f"{where}: offsets {first} to {beginning - 1} were removed unread")
        seen = (await probe.read_intake(stream, first)).found
        return bool(seen) and seen[0].at.offset == found


MESSAGE_ID_HEADER = "message_id"


class Outlet:
    """Where the relay sends: an idempotent producer, acknowledged by all replicas, batched for a few milliseconds."""

    def __init__(self, bootstrap: str, client_id: str) -> None:
        self._producer = new_producer(bootstrap, client_id)

    async def start(self) -> None:
        await self._producer.start()

    async def stop(self) -> None:
        await self._producer.stop()

    async def send(self, messages: Sequence[Outgoing]) -> list[Published]:
        """Where each of these stands, once all replicas have them all; any failure is raised."""
        waiting = [
            await self._producer.send(
                m.topic, key=m.key, value=m.body, headers=[(MESSAGE_ID_HEADER, m.message_id.hex.encode())]
            )
            for m in messages
        ]
        done = await asyncio.gather(*waiting)
        return [
            Published(m, Coordinate(at.topic, at.partition, at.offset)) for m, at in zip(messages, done, strict=True)
        ]


def message_id_of(message: Message) -> UUID | None:
    """The id that the relay gave a message of an outgoing topic; None for what is not ours."""
    value = dict(message.headers).get(MESSAGE_ID_HEADER, b"")
    try:
        return UUID(value.decode("ascii"))
    except ValueError:
        return None


def new_producer(bootstrap: str, client_id: str) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        linger_ms=2,
        request_timeout_ms=PRODUCE_TIMEOUT_MS,
        max_request_size=MESSAGE_BYTES_MAX,
    )


async def ensure_topics(bootstrap: str, intake: Sequence[str], *, partitions: int, replicas: int) -> tuple[str, ...]:
    """Creates those of our topics that are missing and returns their names. Existing ones are left as they are."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="anwang-topics")
    await admin.start()
    try:
        there = set(await admin.list_topics())
        size = {"max.message.bytes": str(MESSAGE_BYTES_MAX), "cleanup.policy": "delete"}
        keep = {"retention.ms": str(RETENTION_OF_INTAKE_MS)}
        wanted = [
            *(NewTopic(t, partitions, replicas, topic_configs=size | keep) for t in intake),
            *(NewTopic(t, partitions, replicas, topic_configs=size | {"retention.ms": "-1"}) for t in OUTGOING),
        ]
        missing = [t for t in wanted if t.name not in there]
        if missing:
            await _create(admin, missing)
        return tuple(t.name for t in missing)
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, topics: list[NewTopic]) -> None:
    try:
        await admin.create_topics(topics)
    except TopicAlreadyExistsError:
        return
