"""Reports on this machine's disk while the broker is away: in order, sealed, each on disk before it is acknowledged."""

import base64
import fcntl
import hmac
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import UUID

import orjson

from pipeline.adapters.vault import FIRST_VERSION, KeySet, Slot, head, seal, unseal
from pipeline.domain.intake import Post
from pipeline.errors import AnwangError, NotTakenError, UnavailableError

RESERVE_BYTES = 32 * 1024 * 1024
"""Left free on the disk: to take a report off it, too, has to be written down first."""

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON;
CREATE TABLE IF NOT EXISTS spooled (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    post_key   BLOB NOT NULL UNIQUE,
    sealed     BLOB NOT NULL,
    arrived_at REAL NOT NULL
);
"""
_ADD = "INSERT INTO spooled (post_key, sealed, arrived_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_OLDEST = "SELECT number, post_key, sealed FROM spooled WHERE number > ? ORDER BY number LIMIT ?"
_WAITING = "SELECT (SELECT count(*) FROM spooled), (SELECT arrived_at FROM spooled ORDER BY number LIMIT 1)"
"""The second without a look at every row: it is asked twice a second."""


class Spool:
    """One process holds it at a time. Calls wait for the disk: from an event loop, call them in threads, as many as you
    like; one at a time writes. What is on the disk and cannot be read raises UnavailableError.
    """

    def __init__(self, folder: Path, key: bytes | Callable[[], KeySet], *, bytes_max: int) -> None:
        """`key` may give other versions while the spool is open. Raises UnavailableError when another process holds it
        or it cannot be written, KeysRefusedError when what waits in it was sealed with another key.
        """
        self._key = key if callable(key) else partial(KeySet.of, key)
        self._bytes_max = bytes_max
        self._folder = folder
        self._turn = Lock()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(folder / "spool.lock", os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.close(os.open(folder / "spool.sqlite3", os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(folder / "spool.sqlite3", check_same_thread=False, isolation_level=None)
            self._db.executescript(_SCHEMA)
            self._add_heads()
        except (OSError, sqlite3.Error) as error:
            raise UnavailableError(f"the spool in {folder} cannot be had: {type(error).__name__}") from error
        try:
            self.oldest(1)
        except AnwangError:
            self.close()
            raise

    def _add_heads(self) -> None:
        """What an older release left here does not say under which version of the key it was sealed: the first."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            if self._db.execute("PRAGMA user_version").fetchone()[0] == 0:
                rows = self._db.execute("SELECT number, sealed FROM spooled").fetchall()
                told = [(head(FIRST_VERSION) + sealed, number) for number, sealed in rows]
                self._db.executemany("UPDATE spooled SET sealed = ? WHERE number = ?", told)
                self._db.execute("PRAGMA user_version = 1")

    def add(self, posts: Sequence[Post]) -> None:
        """One that waits already stays as it is; another content under the same id is another report."""
        rows = [self._row(post) for post in posts]
        try:
            with self._turn, self._db:
                self._db.execute("BEGIN IMMEDIATE")
                self._require_room(sum(len(sealed) for _, sealed, _ in rows))
                self._db.executemany(_ADD, rows)
        except sqlite3.Error as error:
            raise NotTakenError(f"the spool does not take it: {type(error).__name__}") from error

    def _require_room(self, size: int) -> None:
        disk = os.statvfs(self._folder)
        if self._bytes_held() + size > self._bytes_max or disk.f_bavail * disk.f_frsize < size + RESERVE_BYTES:
            raise NotTakenError("the spool is full")

    def _bytes_held(self) -> int:
        pages, size, free = (
            self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size", "freelist_count")
        )
        return int((pages - free) * size)

    def oldest(self, posts_max: int, after: int = 0) -> list[tuple[int, Post]]:
        """The next to be sent behind the number `after`, with their numbers. Raises KeysRefusedError when the key is
        not the one they were sealed with.
        """
        rows = self._read(_OLDEST, after, posts_max)
        return [(number, self._opened(UUID(bytes=key), sealed)) for number, key, sealed in rows]

    def remove(self, numbers: Sequence[int]) -> bool:
        """Whether they are gone; where the disk is full, not one of them is."""
        try:
            with self._turn, self._db:
                self._db.execute("BEGIN IMMEDIATE")
                self._db.executemany("DELETE FROM spooled WHERE number = ?", [(number,) for number in numbers])
        except sqlite3.OperationalError:
            return False
        return True

    def waiting(self) -> tuple[int, datetime | None]:
        """How many wait, and since when the oldest does."""
        ((count, oldest),) = self._read(_WAITING)
        return count, None if oldest is None else datetime.fromtimestamp(oldest, UTC)

    def _read(self, sql: str, *told: int) -> list[tuple[Any, ...]]:
        try:
            with self._turn, closing(self._db.execute(sql, told)) as found:
                return found.fetchall()
        except sqlite3.Error as error:
            raise UnavailableError(f"the spool cannot be read: {type(error).__name__}") from error

    def close(self) -> None:
        with self._turn:
            self._db.close()
        os.close(self._lock)

    def _row(self, post: Post) -> tuple[bytes, bytes, float]:
        keys = self._key()
        post_key = UUID(bytes=hmac.digest(keys.newest, post.event_key.bytes + post.value, sha256)[:16])
        told = {
            "topic": post.topic,
            "key": post.key.decode(),
            "event_key": post.event_key.hex,
            "arrived_at": post.arrived_at.isoformat(),
            "value": base64.b64encode(post.value).decode(),
            **({"signature": post.signature} if post.signature else {}),
        }
        sealed = seal(keys, orjson.dumps(told), Slot("spooled", "sealed", post_key))
        return post_key.bytes, sealed, post.arrived_at.timestamp()

    def _opened(self, post_key: UUID, sealed: bytes) -> Post:
        told = orjson.loads(unseal(self._key(), sealed, Slot("spooled", "sealed", post_key)))
        return Post(
            topic=told["topic"],
            key=told["key"].encode(),
            event_key=UUID(told["event_key"]),
            arrived_at=datetime.fromisoformat(told["arrived_at"]),
            value=base64.b64decode(told["value"]),
            signature=told.get("signature"),
        )
