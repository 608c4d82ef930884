"""Records as messages, and the header by which the relay knows its own again."""

from datetime import UTC, datetime
from uuid import UUID

from aiokafka.structs import ConsumerRecord

from pipeline.contracts.messages import Coordinate, Message

METADATA_MAX_AGE_MS = 5000
"""A new source's topic is read within seconds."""

LAST_MS = int(datetime(9997, 1, 1, tzinfo=UTC).timestamp() * 1000)
"""A producer may write any time into a record; later than this no clock can be set."""

MESSAGE_ID_HEADER = "message_id"


def as_message(record: ConsumerRecord) -> Message:
    return Message(
        at=Coordinate(record.topic, record.partition, record.offset),
        value=record.value or b"",
        headers=tuple((name, value or b"") for name, value in record.headers),
        arrived_at=datetime.fromtimestamp(min(max(record.timestamp, 0), LAST_MS) / 1000, UTC),
    )


def message_id_of(message: Message) -> UUID | None:
    """The id that the relay gave a message of an outgoing topic; None for what is not ours."""
    value = dict(message.headers).get(MESSAGE_ID_HEADER, b"")
    try:
        return UUID(value.decode("ascii"))
    except ValueError:
        return None
