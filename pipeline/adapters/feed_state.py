"""What is known of a feed beyond its folder, on this machine's disk: since when it is watched, when a file last came,
and how long the files were that it took last.
"""

import os
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from pipeline.errors import AnwangError

TAKEN_MAX: Final = 20
"""So many files are looked at again, in case their sender had not finished."""

LOOKED_AT_AGAIN_FOR: Final = timedelta(hours=1)
"""Later it is rather a person who works at a file."""


class FeedStateRefusedError(AnwangError):
    """The state of a feed cannot be kept; the text names the file."""


class Taken(NamedTuple):
    """Where a file lies that was taken, and its size in bytes then."""

    path: str
    size: int
    at: datetime


@dataclass(frozen=True, slots=True)
class FeedState:
    """`taken`: the last files."""

    watched_since: datetime
    last_came_at: datetime | None = None
    taken: tuple[Taken, ...] = field(default=(), repr=False)

    def came(self, at: datetime, path: Path, size: int) -> "FeedState":
        return replace(self, last_came_at=at, taken=(*self.taken, Taken(str(path), size, at))[-TAKEN_MAX:])

    def without(self, path: str) -> "FeedState":
        return replace(self, taken=tuple(known for known in self.taken if known.path != path))

    def fresh(self, now: datetime) -> tuple[Taken, ...]:
        """Those that are looked at again."""
        return tuple(known for known in self.taken if now - known.at <= LOOKED_AT_AGAIN_FOR)


def load_state(path: Path, now: datetime) -> FeedState:
    """A feed that nobody has watched before is watched from now on. Raises FeedStateRefusedError."""
    try:
        told = orjson.loads(path.read_bytes())
        came = told["last_came_at"]
        return FeedState(
            datetime.fromisoformat(told["watched_since"]),
            datetime.fromisoformat(came) if came else None,
            tuple(Taken(str(name), int(size), datetime.fromisoformat(at)) for name, size, at in told["taken"]),
        )
    except FileNotFoundError:
        return FeedState(now)
    except (OSError, ValueError, KeyError, TypeError):
        raise FeedStateRefusedError(f"{path} cannot be read; take it away to begin anew") from None


def save_state(path: Path, state: FeedState) -> None:
    """Wholly or not at all. Raises FeedStateRefusedError."""
    beside = path.with_suffix(".new")
    told = {
        "watched_since": state.watched_since,
        "last_came_at": state.last_came_at,
        "taken": [tuple(known) for known in state.taken],
    }
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with beside.open("wb") as out:
            out.write(orjson.dumps(told))
            out.flush()
            os.fsync(out.fileno())
        beside.replace(path)
    except OSError as error:
        raise FeedStateRefusedError(f"{path} cannot be written: {error.strerror}") from None
