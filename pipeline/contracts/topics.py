"""The topics: who writes what where. A source that writes to Kafka itself has a topic of its own; all others share
their channel's.
"""

from typing import Final

from pipeline.contracts.vocabulary import Queue

INTAKE_PATTERN = r"^intake\."
"""Whatever is called so is read: a topic with an odd name must not wait unread."""

INTAKE_NAME = r"intake\.[a-z0-9-]+(\.[a-z0-9-]+)?\.v1"
"""The names that we give, and that logs repeat."""

CASE_EVENTS = "case.events.v1"
OUTGOING = ("queue.protective.v1", "queue.family.v1", CASE_EVENTS)

RETENTION_OF_INTAKE_MS = 30 * 24 * 3600 * 1000
MESSAGE_BYTES_MAX = 12 * 1024 * 1024

WRITE_THEMSELVES: Final = frozenset({"hotline"})
"""Kinds whose sources have topics of their own unless the register says otherwise."""


def queue_topic(queue: Queue) -> str:
    return f"queue.{queue.value}.v1"


def intake_topic(kind: str, own: str | None = None) -> str:
    """The topic that a channel's sources share, such as `intake.clinic.v1`, or that of the source with the code `own`
    alone: `hotline-113` has `intake.hotline.113.v1`.
    """
    return f"intake.{kind}.{own.removeprefix(f'{kind}-')}.v1" if own else f"intake.{kind}.v1"
