"""Whether a report that can be read may be believed: its source, its topic, its signature."""

from datetime import datetime
from enum import StrEnum

from pipeline.contracts.messages import Message
from pipeline.domain.directory import Directory, Source
from pipeline.domain.signed import SignatureFault, signature_fault


class Doubt(StrEnum):
    """Why a report is quarantined, beside `SignatureFault`."""

    SOURCE_UNREGISTERED = "source_unregistered"
    SOURCE_NOT_OF_THIS_TOPIC = "source_not_of_this_topic"
    SOURCE_REVOKED = "source_revoked"
    ENDED_ITS_WORKER = "ended_its_worker"


QuarantineCode = Doubt | SignatureFault

RELEASABLE: frozenset[str] = frozenset((Doubt.SOURCE_NOT_OF_THIS_TOPIC, Doubt.SOURCE_REVOKED, *SignatureFault))
"""What two people may set aside. A source that nobody knows has first to be enrolled, since cases name their sources;
and what ends workers goes through only once it no longer does.
"""


def doubt(message: Message, source_code: str, directory: Directory, now: datetime) -> QuarantineCode | None:
    """Why this message of this source is not believed; None where it is."""
    source = directory.find(source_code)
    if source is None:
        return Doubt.SOURCE_UNREGISTERED
    if source.topic != message.at.topic:
        return Doubt.SOURCE_NOT_OF_THIS_TOPIC
    at = judged_at(message, source, now)
    if source.is_revoked(at):
        return Doubt.SOURCE_REVOKED
    return signature_fault(message, source, directory, at)


def judged_at(message: Message, source: Source, now: datetime) -> datetime:
    """As of when source and key must hold. On a shared topic the gateway wrote the time; who writes to a topic of its
    own writes the time, too, and would write an old one after a revocation.
    """
    return max(message.arrived_at, now) if source.own_topic else message.arrived_at
