"""Two people release a report that was quarantined."""

import sys
from uuid import UUID

from pipeline import wiring
from pipeline.adapters.probes import asked
from pipeline.domain.unread import Fate
from pipeline.settings import Settings

_SAID = {
    Fate.SENT_BACK: "goes its way now; it stays listed until a case has it",
    Fate.ON_ITS_WAY: "was sent back less than a minute ago; it stays listed until a case has it",
    Fate.SETTLED: "is settled already; nothing was sent",
}


def release(settings: Settings, unread_id: UUID, by: str, second: str) -> None:
    """Raises UnreadRefusedError, UnavailableError, KeysRefusedError."""
    fate, noted = asked(wiring.release_unread(settings, unread_id, by, second))
    people = f"released by {noted.released.by} and {noted.released.second}" if noted.released else "released"
    sys.stdout.write(f"{unread_id} {people}; it {_SAID[fate]}\n")
