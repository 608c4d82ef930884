"""What we send: the relay's messages, and the producer that every sender of ours uses."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer

from pipeline.adapters.kafka.brokers import Brokers
from pipeline.adapters.kafka.records import MESSAGE_ID_HEADER
from pipeline.contracts.messages import Coordinate
from pipeline.contracts.topics import MESSAGE_BYTES_MAX
from pipeline.domain.outgoing import Outgoing, Published

PRODUCE_TIMEOUT_MS = 15000


class Outlet:
    """Where the relay sends: an idempotent producer, acknowledged by all replicas, batched for a few milliseconds."""

    def __init__(self, brokers: Brokers, client_id: str) -> None:
        self._producer = new_producer(brokers, client_id)

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


def new_producer(brokers: Brokers, client_id: str, *, idempotent: bool = True) -> AIOKafkaProducer:
    """Acknowledged by all replicas. An idempotent one never writes a message twice; but aiokafka goes on counting past
    one that was refused, and the broker then refuses all that follow on its partition: it is for a sender that ends at
    its first failure.
    """
    return AIOKafkaProducer(
        **brokers.options(),
        client_id=client_id,
        acks="all",
        enable_idempotence=idempotent,
        linger_ms=2,
        request_timeout_ms=PRODUCE_TIMEOUT_MS,
        max_request_size=MESSAGE_BYTES_MAX,
    )
