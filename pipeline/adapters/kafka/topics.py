"""Makes the topics that are missing."""

from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from pipeline.adapters.kafka.brokers import Brokers
from pipeline.contracts.topics import MESSAGE_BYTES_MAX, OUTGOING, RETENTION_OF_INTAKE_MS
from pipeline.errors import UnavailableError


async def ensure_topics(brokers: Brokers, intake: Sequence[str], *, partitions: int, replicas: int) -> tuple[str, ...]:
    """Creates those of our topics that are missing and returns their names. Existing ones are left as they are."""
    admin = AIOKafkaAdminClient(**brokers.options(), client_id="anwang-topics")
    await admin.start()
    try:
        there = set(await admin.list_topics())
        size = {"max.message.bytes": str(MESSAGE_BYTES_MAX), "cleanup.policy": "delete"}
        size["min.insync.replicas"] = str(max(1, replicas - 1))
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
    """Raises UnavailableError, naming topic and cause, when Kafka refuses one that is not there already."""
    answer = await admin.create_topics(topics)
    for name, code, *_ in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise UnavailableError(f"Kafka did not make the topic {name}: {error.__name__}")
