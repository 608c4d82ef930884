"""Where a gateway hands reports over to the broker: acknowledged by all replicas, or known not to be."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from pipeline.adapters.kafka.outlet import PRODUCE_TIMEOUT_MS, new_producer
from pipeline.contracts.messages import RECEIPT_KEY_HEADER
from pipeline.domain.intake import Post
from pipeline.errors import NotTakenError

CONTENT_TYPE = ("content-type", b"application/cloudevents+json; charset=utf-8")
LOOK_EVERY_S = 0.5
LOOK_TIMEOUT_S = 1.5
ANSWER_WITHIN_S = PRODUCE_TIMEOUT_MS / 1000 + 5.0


class Door:
    """Open while the broker answers. What is handed over just before it goes away waits for its return, up to 15 s;
    what comes later is refused at once, so that nobody waits and nothing is in doubt.
    """

    def __init__(self, bootstrap: str, client_id: str, answers: Callable[[], Awaitable[bool]]) -> None:
        self._bootstrap = bootstrap
        self._client_id = client_id
        self._answers = answers
        self._producer: AIOKafkaProducer | None = None
        self._is_open = False

    @property
    def is_open(self) -> bool:
        return self._is_open and self._producer is not None

    async def watch(self) -> None:
        """Looks whether the broker answers, until cancelled."""
        here = asyncio.current_task()
        while here and not here.cancelling():
            self._is_open = await self._look()
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
        producer = new_producer(self._bootstrap, self._client_id)
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        return producer

    async def send(self, post: Post) -> None:
        """Raises NotTakenError. An unsure one may stand on the topic all the same; sent again, it is the same event."""
        if self._producer is None or not self._is_open:
            raise NotTakenError("the broker is away")
        headers = [CONTENT_TYPE, (RECEIPT_KEY_HEADER, post.event_key.hex.encode())]
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await self._producer.send_and_wait(post.topic, post.value, key=post.key, headers=headers)
        except MessageSizeTooLargeError:
            raise NotTakenError("the broker takes nothing so large") from None
        except (KafkaError, TimeoutError) as error:
            self._is_open = False
            raise NotTakenError(f"the broker did not acknowledge: {type(error).__name__}", is_unsure=True) from error

    async def stop(self) -> None:
        if self._producer:
            with contextlib.suppress(KafkaError):
                await self._producer.stop()
