"""Sends a report that was set aside back to the topic that it came from."""

from collections.abc import Sequence

from aiokafka.errors import KafkaError

from pipeline.adapters.kafka.brokers import Brokers
from pipeline.adapters.kafka.door import CONTENT_TYPE
from pipeline.adapters.kafka.outlet import new_producer
from pipeline.contracts.messages import RECEIPT_KEY_HEADER, RELEASE_HEADER, Header, unwired
from pipeline.domain.unread import Quarantined
from pipeline.errors import UnavailableError


async def send_back(brokers: Brokers, found: Quarantined, wire: bytes) -> None:
    """Returns once all replicas have it. Raises UnavailableError; sent again, it is the same event."""
    attributes, value = unwired(wire)
    producer = new_producer(brokers, "anwang-unread")
    try:
        await producer.start()
        await producer.send_and_wait(found.topic, value, headers=_headers(found, attributes))
    except KafkaError as error:
        raise UnavailableError(f"{found.topic} did not take it back: {type(error).__name__}") from error
    finally:
        await producer.stop()


def _headers(found: Quarantined, attributes: Sequence[Header]) -> list[Header]:
    receipt = [(RECEIPT_KEY_HEADER, found.receipt_key.hex.encode())] if found.receipt_key else []
    mode = list(attributes) or [CONTENT_TYPE]
    return [*mode, (RELEASE_HEADER, found.unread_id.hex.encode()), *receipt]
