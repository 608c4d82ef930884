"""The file of keys: for each key its versions, one of them current. Only its owner may read it.

`{"format": 2, "index": {"current": 2, "keys": {"1": …, "2": …}, "retired": {"1": "2026-11-23"}}, …}`; each key is 32
bytes in base64. A file of the first form, `{"version": 1, "index": …}`, is read as version 1 of each.
"""

import base64
import fcntl
import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.adapters.vault.sealing import FIRST_VERSION, KEY_BYTES, KeySet, new_key
from pipeline.errors import KeysRefusedError

FORMAT = 2


@dataclass(frozen=True, slots=True)
class Held:
    """One key of a file. `retired` says since when a version opens nothing any more."""

    keys: KeySet
    retired: Mapping[int, date] = field(default_factory=dict)

    @property
    def newest(self) -> int:
        return max(self.keys.versions)

    def with_version(self, version: int) -> "Held":
        return replace(self, keys=KeySet(self.keys.current, {**self.keys.versions, version: new_key()}))

    def with_current(self, version: int, retired: Mapping[int, date]) -> "Held":
        old = {v: on for v, on in retired.items() if v in self.keys.versions}
        return Held(KeySet(version, self.keys.versions), old)

    def without(self, gone: Collection[int]) -> "Held":
        kept = {v: key for v, key in self.keys.versions.items() if v not in gone or v == self.keys.current}
        return Held(KeySet(self.keys.current, kept), {v: on for v, on in self.retired.items() if v in kept})


Content = Mapping[str, Held]
Stamp = tuple[int, int, int]


class KeyFile:
    """`needed` are the keys that must be in it; others may."""

    def __init__(self, path: Path, needed: Sequence[str], allowed: Sequence[str]) -> None:
        self.path = path
        self._needed = needed
        self._allowed = allowed

    def stamp(self) -> Stamp | None:
        """Another one once the file is another; None where it is not there."""
        try:
            told = self.path.stat()
        except OSError:
            return None
        return told.st_ino, told.st_mtime_ns, told.st_size

    def read(self) -> Content:
        """Raises KeysRefusedError when the file is missing, open to others or holds other keys."""
        try:
            if self.path.stat().st_mode & 0o077:
                raise KeysRefusedError(f"the key ring {self.path} may be read by others; its mode must be 0600")
            found = json.loads(self.path.read_text())
            return {name: _held(found[name]) for name in self._allowed if name in found or name in self._needed}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise KeysRefusedError(f"the key ring {self.path} is missing or cannot be read") from error

    def create(self, names: Sequence[str]) -> None:
        """Draws new keys into a new file; an existing one is never replaced (FileExistsError)."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        drawn = {name: Held(KeySet.of(new_key())) for name in names}
        with os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            _write(file, drawn)
        _flush_folder(self.path.parent)

    def draw(self, name: str, version: int) -> None:
        """Makes a new key of this version, unless there is one; the current version stays. Raises KeysRefusedError."""
        with self.changing() as content:
            held = content.get(name)
            if held is None:
                content[name] = Held(KeySet.of(new_key(), version))
            elif version not in held.keys.versions:
                content[name] = held.with_version(version)

    def settle(self, name: str, version: int, retired: Mapping[int, date]) -> None:
        """This version is current; of the others, these are retired. Raises KeysRefusedError."""
        with self.changing() as content:
            if name in content and version in content[name].keys.versions:
                content[name] = content[name].with_current(version, retired)

    def drop(self, name: str, versions: Collection[int]) -> None:
        """Forgets these versions; the current one only with all others. Raises KeysRefusedError."""
        with self.changing() as content:
            if name in content and content[name].keys.versions.keys() <= set(versions):
                del content[name]
            elif name in content:
                content[name] = content[name].without(versions)

    @contextmanager
    def changing(self) -> Iterator[dict[str, Held]]:
        """What stands in it, to be changed; in its place as a whole, or not at all. One at a time. Raises
        KeysRefusedError where it cannot be read or written.
        """
        try:
            with _alone(self.path):
                content = dict(self.read())
                yield content
                beside = self.path.with_name(f".{self.path.name}.new")
                with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                    _write(file, content)
                beside.replace(self.path)
                _flush_folder(self.path.parent)
        except OSError as error:
            raise KeysRefusedError(f"the key ring {self.path} cannot be written: {error.strerror}") from error


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    lock = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _write(file: Any, content: Content) -> None:  # noqa: ANN401 - a text file
    json.dump({"format": FORMAT, **{name: _told(held) for name, held in content.items()}}, file, indent=1)
    file.flush()
    os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _told(held: Held) -> dict[str, Any]:
    keys = {str(version): base64.b64encode(key).decode() for version, key in sorted(held.keys.versions.items())}
    retired = {str(version): on.isoformat() for version, on in sorted(held.retired.items())}
    return {"current": held.keys.current, "keys": keys, "retired": retired}


def _held(told: Any) -> Held:  # noqa: ANN401 - any JSON
    """Raises ValueError, TypeError or KeyError for what is none."""
    if isinstance(told, str):
        return Held(KeySet.of(_key(told), FIRST_VERSION))
    versions = {int(version): _key(text) for version, text in told["keys"].items()}
    if told["current"] not in versions or min(versions) < FIRST_VERSION:
        raise ValueError("the current version is not there")
    retired = {int(version): date.fromisoformat(on) for version, on in told.get("retired", {}).items()}
    return Held(KeySet(told["current"], versions), retired)


def _key(text: str) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != KEY_BYTES:
        raise KeysRefusedError("a key ring holds a key of the wrong length")
    return key
