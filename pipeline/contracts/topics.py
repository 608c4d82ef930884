"""The topics: who writes what where. A source that writes to Kafka itself has a topic of its own; all others share
their kind's.
"""

import re
from collections.abc import Iterable

from pipeline.contracts.vocabulary import Queue

INTAKE_PATTERN = r"^intake\."
"""Whatever is called so is read: a topic with an odd name must not wait unread."""

INTAKE_NAME = r"intake\.[a-z0-9-]+(\.[a-z0-9-]+)?\.v1"
"""The names that we give, and that logs repeat."""

CASE_EVENTS = "case.events.v1"
OUTGOING = ("queue.protective.v1", "queue.family.v1", CASE_EVENTS)

RETENTION_OF_INTAKE_MS = 30 * 24 * 3600 * 1000
MESSAGE_BYTES_MAX = 12 * 1024 * 1024

_OWN_TOPIC_KINDS = frozenset({"hotline"})
_HAS_OWN_PREFIX = re.compile(r"^(?P<kind>[a-z0-9]+)-(?P<code>.+)$")


def queue_topic(queue: Queue) -> str:
    return f"queue.{queue.value}.v1"


def intake_topic(code: str, kind: str) -> str:
    """The topic that the source `code` of this kind writes to: `hotline-113` has `intake.hotline.113.v1`, any clinic
    `intake.clinic.v1`.
    """
    own = _HAS_OWN_PREFIX.match(code)
    if kind in _OWN_TOPIC_KINDS and own:
        return f"intake.{kind}.{own['code']}.v1"
    return f"intake.{kind}.v1"


def intake_topics(sources: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """All intake topics of these (code, kind), each once, in order of name."""
    return tuple(sorted({intake_topic(code, kind) for code, kind in sources}))
