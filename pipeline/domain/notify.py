"""Whom a notification reaches, when a failed one is tried again, and when it is given up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from pipeline.contracts.notify import EVERYWHERE, Audience, Channel, Target, Told

TRIES_MAX: Final = 14
BACKOFF_FIRST: Final = timedelta(seconds=2)
BACKOFF_MAX: Final = timedelta(minutes=10)
"""2, 4, 8 … 512 s, then every 10 minutes: given up after about an hour. Meanwhile the next rung rings all the same."""

JITTER: Final = 0.2
"""At most so much of a wait is added, so that what failed together does not come back together."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A notification on its way to one target, for the `attempt`-th time (from 1); `forgiven` of them count no more,
    since a person had it sent again.
    """

    told: Told
    target: str
    channel: Channel
    attempt: int
    forgiven: int = 0


class Ended(StrEnum):
    """How a try ended."""

    SENT = "sent"
    TRY_AGAIN = "try_again"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`code` says why, in one word of ours or as a status. `wait` is what the receiver asked for."""

    ended: Ended
    code: str
    wait: timedelta | None = None


class Fate(StrEnum):
    """What becomes of a delivery. `dead` is a dead letter: a person must look."""

    SENT = "sent"
    WAITING = "waiting"
    DEAD = "dead"


def fate_of(sending: Sending, outcome: Outcome) -> Fate:
    """What becomes of it after this try."""
    if outcome.ended is Ended.SENT:
        return Fate.SENT
    if outcome.ended is Ended.REFUSED or sending.attempt - sending.forgiven >= TRIES_MAX:
        return Fate.DEAD
    return Fate.WAITING


def wait_after(sending: Sending, outcome: Outcome) -> timedelta:
    """How long until it is tried again: twice as long each time, up to a bound; longer where the receiver asks for it,
    up to the same bound. The jitter follows from ids, so that it is the same for the same try.
    """
    tries = sending.attempt - sending.forgiven
    wait = min(BACKOFF_MAX, BACKOFF_FIRST * (1 << min(tries - 1, TRIES_MAX)))
    if outcome.wait is not None:
        wait = min(BACKOFF_MAX, max(wait, outcome.wait))
    drawn = sha256(f"{sending.told.notification_id} {sending.target} {sending.attempt}".encode()).digest()
    return wait * (1 + JITTER * int.from_bytes(drawn[:4]) / 2**32)


def reach(targets: Sequence[Target], audience: Audience, centre: str | None, county: str | None) -> tuple[Target, ...]:
    """The targets of this audience that fit most closely: those of its centre, else of its county, else of all."""
    ours = [target for target in targets if target.audience is audience]
    for where in (centre, county, EVERYWHERE):
        found = tuple(target for target in ours if target.where == where)
        if found:
            return found
    return ()


def channels_of(targets: Sequence[Target]) -> tuple[Channel, ...]:
    return tuple(dict.fromkeys(target.channel for target in targets))
