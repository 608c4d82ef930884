"""Sends lines to intake topics as a careful source would: acknowledged by all replicas, none passed over."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.structs import RecordMetadata  # noqa: TC002 - one import is enough

from pipeline.adapters.kafka.brokers import Brokers
from pipeline.adapters.kafka.outlet import new_producer
from pipeline.contracts.messages import Coordinate
from pipeline.errors import UnavailableError

UNACKNOWLEDGED_MAX = 1000
HEADERS = [("content-type", b"application/cloudevents+json; charset=utf-8")]


@dataclass(frozen=True, slots=True)
class Post:
    """One line on its way. `number` counts the file's lines from 1."""

    number: int
    topic: str
    key: bytes | None
    value: bytes
    event_id: str | None


Acked = Callable[[Post, Coordinate], None]


class Sender:
    """`failed` holds the numbers of lines that were not acknowledged, `refused` the topics that took none."""

    def __init__(self, producer: AIOKafkaProducer, acked: Acked) -> None:
        self._producer = producer
        self._acked = acked
        self._room = asyncio.Semaphore(UNACKNOWLEDGED_MAX)
        self.refused: set[str] = set()
        self.failed: list[int] = []

    def begin_anew(self) -> None:
        """What was refused is asked again."""
        self.refused.clear()
        self.failed.clear()

    async def send(self, blocks: Iterator[Sequence[Post]]) -> None:
        """Hands over all and waits for every acknowledgement. The blocks are read in another thread, so that what is
        handed over goes out while the next is awaited.
        """
        while posts := await asyncio.to_thread(next, blocks, ()):
            for post in posts:
                await self._room.acquire()
                await self._hand_over(post)
        await self._producer.flush()

    async def _hand_over(self, post: Post) -> None:
        """A topic that refuses once is not asked again: each time would cost the whole time-out."""
        try:
            if post.topic not in self.refused:
                future = await self._producer.send(post.topic, post.value, key=post.key, headers=HEADERS)
                future.add_done_callback(lambda done: self._note(done, post))
                return
        except MessageSizeTooLargeError:
            pass
        except KafkaError:
            self.refused.add(post.topic)
        self._room.release()
        self.failed.append(post.number)

    def _note(self, done: "asyncio.Future[RecordMetadata]", post: Post) -> None:
        self._room.release()
        if done.cancelled() or done.exception():
            self.failed.append(post.number)
            return
        at = done.result()
        self._acked(post, Coordinate(at.topic, at.partition, at.offset))


@asynccontextmanager
async def sender(brokers: Brokers, acked: Acked) -> AsyncIterator[Sender]:
    """Raises UnavailableError when no broker answers, BrokerRefusedError when one lets nobody like us in."""
    await brokers.prove()
    producer = new_producer(brokers, "anwang-send", idempotent=False)
    try:
        await producer.start()
    except KafkaError as error:
        await producer.stop()
        raise UnavailableError(f"no broker answers at {brokers.bootstrap}: {type(error).__name__}") from error
    try:
        yield Sender(producer, acked)
    finally:
        await producer.stop()
