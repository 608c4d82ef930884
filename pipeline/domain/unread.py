"""Quarantined reports that people believe after all: who may say so, of what."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from pipeline.contracts.vocabulary import Outcome
from pipeline.domain.access import told
from pipeline.errors import UnreadRefusedError

SENT_AGAIN_AFTER = timedelta(minutes=1)
"""A report that was sent back and is not settled by then is sent once more; it counts once."""


@dataclass(frozen=True, slots=True)
class Released:
    by: str
    second: str
    sent_at: datetime | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An unread report as it is stored. `received_at` is when it first came in."""

    unread_id: UUID
    kind: str
    code: str
    topic: str
    received_at: datetime
    receipt_key: UUID | None
    released: Released | None


class Fate(StrEnum):
    """What calling for a release has brought about."""

    SENT_BACK = "sent_back"
    ON_ITS_WAY = "on_its_way"
    SETTLED = "settled"


def require_two(by: str, second: str) -> None:
    """Raises UnreadRefusedError."""
    try:
        told("unread", by, {"by": by, "second": second})
    except ValueError:
        raise UnreadRefusedError("say two staff codes, such as S1024: never a name or a number of a person") from None
    if by.lower() == second.lower():
        raise UnreadRefusedError("nobody releases a report alone: --second is another person")


def require_releasable(found: Quarantined | None, unread_id: UUID) -> Quarantined:
    """Raises UnreadRefusedError."""
    if found is None:
        raise UnreadRefusedError(f"there is no unread report {unread_id}")
    if found.kind != Outcome.QUARANTINE:
        raise UnreadRefusedError(
            f"{unread_id} is a dead letter ({found.code}): no case can be made of what cannot be read. "
            "Read it, act on it, and let its source send it again, corrected"
        )
    return found


def fate_before_sending(released: Released, now: datetime) -> Fate | None:
    """What an earlier call has reached; None where it has to be sent back now."""
    if released.settled_at:
        return Fate.SETTLED
    if released.sent_at and now - released.sent_at < SENT_AGAIN_AFTER:
        return Fate.ON_ITS_WAY
    return None
