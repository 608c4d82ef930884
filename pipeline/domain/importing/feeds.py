"""What becomes of a feed's files, and when a feed is late."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final

NEAREST: Final = timedelta(hours=12)


class Step(StrEnum):
    """What one step with a feed came to, short of the end of a file."""

    NOTHING = "nothing"
    MORE = "more"
    """Some rows of a file are in; there are others."""
    STUCK = "stuck"
    """Nothing can be done before somebody mends it: no folder, or a source that is not registered."""


@dataclass(frozen=True, slots=True)
class Came:
    """A file has been dealt with. `is_faulty`: something of it, or all, was set aside for a person. `is_partial`: part
    of it is missing, or came after it was taken.
    """

    is_faulty: bool
    is_partial: bool


def is_late(expected_by: time, now: datetime, last_came_at: datetime | None, watched_since: datetime) -> bool:
    """Whether no file came for the last time at which one was expected. A file counts for the time that is nearest to
    it, so that a late one does not stand for the next day's. All times carry Taiwan's offset. A deadline that passed
    before anybody watched is nobody's.
    """
    deadline = datetime.combine(now.date(), expected_by, tzinfo=now.tzinfo)
    if now < deadline:
        deadline -= timedelta(days=1)
    if watched_since > deadline:
        return False
    return last_came_at is None or last_came_at <= deadline - NEAREST
