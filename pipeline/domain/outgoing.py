"""A message of the outbox, and where it ended."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pipeline.contracts.messages import Coordinate


@dataclass(frozen=True, slots=True)
class Outgoing:
    outbox_id: int
    message_id: UUID
    topic: str
    key: bytes
    body: bytes
    written_at: datetime


class Published(NamedTuple):
    outgoing: Outgoing
    at: Coordinate
