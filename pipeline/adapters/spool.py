"""Reports on this machine's disk while the broker is away: in order, sealed, each on disk before it is acknowledged."""

import base64
import fcntl
import os
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from uuid import UUID

import orjson

from pipeline.adapters.vault import Slot, seal, unseal
from pipeline.domain.intake import Post
from pipeline.errors import NotTakenError, UnavailableError

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON;
CREATE TABLE IF NOT EXISTS spooled (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    event_key  BLOB NOT NULL UNIQUE,
    sealed     BLOB NOT NULL,
    spooled_at REAL NOT NULL
);
"""


class Spool:
    """One process holds it at a time. Calls wait for the disk: from an event loop, call them in threads, as many as you
    like; one at a time writes.
    """

    def __init__(self, folder: Path, key: bytes, *, bytes_max: int) -> None:
        """Raises UnavailableError when another process holds it or it cannot be written."""
        self._key = key
        self._bytes_max = bytes_max
        self._turn = Lock()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(folder / "spool.lock", os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.close(os.open(folder / "spool.sqlite3", os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(folder / "spool.sqlite3", check_same_thread=False, isolation_level=None)
            self._db.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise UnavailableError(f"the spool in {folder} cannot be had: {type(error).__name__}") from error

    def add(self, posts: Sequence[Post]) -> None:
        """One that waits already stays as it is: the same event is the same report."""
        rows = [(p.event_key.bytes, self._sealed(p), datetime.now(UTC).timestamp()) for p in posts]
        try:
            with self._turn, self._db:
                self._db.execute("BEGIN IMMEDIATE")
                if self._bytes_held() + sum(len(sealed) for _, sealed, _ in rows) > self._bytes_max:
                    raise NotTakenError("the spool is full")
                self._db.executemany(
                    "INSERT INTO spooled (event_key, sealed, spooled_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", rows
                )
        except sqlite3.Error as error:
            raise NotTakenError(f"the spool does not take it: {type(error).__name__}") from error

    def _bytes_held(self) -> int:
        pages, size, free = (
            self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size", "freelist_count")
        )
        return int((pages - free) * size)

    def oldest(self, posts_max: int) -> list[tuple[int, Post]]:
        """The next to be sent, with their numbers. Raises KeysRefusedError when the key is not the one they were sealed
        with.
        """
        with self._turn:
            rows = self._db.execute(
                "SELECT number, event_key, sealed FROM spooled ORDER BY number LIMIT ?", [posts_max]
            ).fetchall()
        return [(number, self._opened(UUID(bytes=key), sealed)) for number, key, sealed in rows]

    def remove(self, numbers: Sequence[int]) -> None:
        with self._turn, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("DELETE FROM spooled WHERE number = ?", [(number,) for number in numbers])

    def waiting(self) -> tuple[int, datetime | None]:
        """How many wait, and since when the oldest does."""
        with self._turn:
            count, oldest = self._db.execute("SELECT count(*), min(spooled_at) FROM spooled").fetchone()
        return count, None if oldest is None else datetime.fromtimestamp(oldest, UTC)

    def close(self) -> None:
        with self._turn:
            self._db.close()
        os.close(self._lock)

    def _sealed(self, post: Post) -> bytes:
        told = {"topic": post.topic, "key": post.key.decode(), "value": base64.b64encode(post.value).decode()}
        return seal(self._key, orjson.dumps(told), Slot("spooled", "sealed", post.event_key))

    def _opened(self, event_key: UUID, sealed: bytes) -> Post:
        told = orjson.loads(unseal(self._key, sealed, Slot("spooled", "sealed", event_key)))
        return Post(told["topic"], told["key"].encode(), event_key, base64.b64decode(told["value"]))
