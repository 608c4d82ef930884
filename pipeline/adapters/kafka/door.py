"""Where a gateway hands reports over to the broker: acknowledged by all replicas, or known not to be."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from aiokafka import AIOKafkaProducer
from aiokafka import errors as kafka
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from pipeline.adapters.kafka.brokers import Brokers
from pipeline.adapters.kafka.outlet import PRODUCE_TIMEOUT_MS, new_producer
from pipeline.contracts.messages import RECEIPT_KEY_HEADER, SIGNATURE_HEADER
from pipeline.domain.intake import Post
from pipeline.errors import NotTakenError

CONTENT_TYPE = ("content-type", b"application/cloudevents+json; charset=utf-8")
LOOK_EVERY_S = 0.5
LOOK_TIMEOUT_S = 1.5
ANSWER_WITHIN_S = PRODUCE_TIMEOUT_MS / 1000 + 5.0

BACKDATED_MAX_S = 3 * 24 * 3600.0
"""Kafka removes by this time, at once where a topic keeps less."""

OF_ONE_TOPIC = (
    kafka.UnknownTopicOrPartitionError,
    kafka.InvalidTopicError,
    kafka.TopicAuthorizationFailedError,
    kafka.LeaderNotAvailableError,
    kafka.NotLeaderForPartitionError,
    kafka.NotEnoughReplicasError,
    kafka.NotEnoughReplicasAfterAppendError,
    kafka.CorruptRecordException,
)
"""What a topic or a partition of it refuses, the others may take."""


class Door:
    """Open while the broker answers. What is handed over just before it goes away waits for its return, up to 15 s;
    what comes later is refused at once, so that nobody waits and nothing is in doubt. A failure that may be the
    producer's own costs it its place.
    """

    def __init__(self, brokers: Brokers, client_id: str, answers: Callable[[], Awaitable[bool]]) -> None:
        self._brokers = brokers
        self._client_id = client_id
        self._answers = answers
        self._producer: AIOKafkaProducer | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._is_open = False
        self.looked = asyncio.Event()

    @property
    def is_open(self) -> bool:
        return self._is_open and self._producer is not None

    async def watch(self) -> None:
        """Looks whether the broker answers, until cancelled."""
        here = asyncio.current_task()
        while here and not here.cancelling():
            self._is_open = await self._look()
            self.looked.set()
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self) -> bool:
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_S):
                answered = await self._answers()
            if answered and self._producer is None:
                self._producer = await self._started()
        except (KafkaError, OSError, TimeoutError):
            return False
        return answered

    async def _started(self) -> AIOKafkaProducer:
        producer = new_producer(self._brokers, self._client_id, idempotent=False)
        async with contextlib.AsyncExitStack() as unless_started:
            unless_started.push_async_callback(producer.stop)
            await producer.start()
            unless_started.pop_all()
        return producer

    async def send(self, post: Post) -> None:
        """Raises NotTakenError. An unsure one may stand on the topic all the same; sent again, it is the same event."""
        producer = self._producer
        if producer is None or not self._is_open:
            raise NotTakenError("the broker is away")
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await producer.send_and_wait(
                    post.topic,
                    post.value,
                    key=post.key,
                    headers=_headers(post),
                    timestamp_ms=int(max(post.arrived_at.timestamp(), time.time() - BACKDATED_MAX_S) * 1000),
                )
        except MessageSizeTooLargeError:
            raise NotTakenError("the broker takes nothing so large", is_too_large=True) from None
        except OF_ONE_TOPIC as error:
            raise NotTakenError(f"its topic does not take it: {type(error).__name__}", is_unsure=True) from error
        except (KafkaError, TimeoutError) as error:
            self._replace(producer)
            raise NotTakenError(f"the broker did not acknowledge: {type(error).__name__}", is_unsure=True) from error

    def _replace(self, producer: AIOKafkaProducer) -> None:
        """The next look starts another one; this one finishes what it has in hand."""
        if producer is self._producer:
            self._is_open, self._producer = False, None
            leaving = asyncio.create_task(_stopped(producer))
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    async def stop(self) -> None:
        if self._producer:
            await _stopped(self._producer)
        await asyncio.gather(*self._leaving)


def _headers(post: Post) -> list[tuple[str, bytes]]:
    signed = [(SIGNATURE_HEADER, post.signature.encode())] if post.signature else []
    return [CONTENT_TYPE, (RECEIPT_KEY_HEADER, post.event_key.hex.encode()), *signed]


async def _stopped(producer: AIOKafkaProducer) -> None:
    with contextlib.suppress(KafkaError, TimeoutError):
        async with asyncio.timeout(ANSWER_WITHIN_S):
            await producer.stop()
