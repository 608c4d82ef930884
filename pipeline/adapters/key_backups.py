"""Backups of the store of case keys: files in a folder that go after seven days, as the keys of the erased must."""

import gzip
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson

from pipeline.errors import AnwangError

KEPT_FOR: Final = timedelta(days=7)
LINES_AT_ONCE: Final = 5000
COMPRESSION: Final = 1

_NAME: Final = re.compile(r"case-keys-(\d{8}T\d{6}Z)\.ndjson\.gz(?:\.part)?")
_TIME: Final = "%Y%m%dT%H%M%SZ"

Line = dict[str, Any]


class KeyBackupRefusedError(AnwangError):
    """A backup cannot be written or read; the text names the file."""


@contextmanager
def new_backup(folder: Path, now: datetime) -> Iterator[tuple[Path, gzip.GzipFile]]:
    """The file's name and the file to write to. It bears its name once all of it is on disk."""
    path = folder / f"case-keys-{now.astimezone(UTC).strftime(_TIME)}.ndjson.gz"
    part = path.with_name(path.name + ".part")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=COMPRESSION) as packed:
                yield path, packed
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
        _sync(folder)
    except OSError as error:
        raise KeyBackupRefusedError(f"{path} cannot be written: {error.strerror}") from None


def prune(folder: Path, now: datetime) -> Sequence[Path]:
    """Removes the backups that are older than seven days by their names, also those that were broken off."""
    old = [path for path in sorted(folder.iterdir()) if _is_old(path, now)]
    try:
        for path in old:
            path.unlink()
        _sync(folder)
    except OSError as error:
        raise KeyBackupRefusedError(f"an old backup in {folder} cannot be removed: {error.strerror}") from None
    return old


def lines_of(path: Path) -> Iterator[list[Line]]:
    """So many at once. Raises KeyBackupRefusedError for a file that is no whole backup."""
    found: list[Line] = []
    try:
        with gzip.open(path) as file:
            for text in file:
                found.append(orjson.loads(text))
                if len(found) == LINES_AT_ONCE:
                    yield found
                    found = []
    except (OSError, EOFError, ValueError):
        raise KeyBackupRefusedError(f"{path} is no whole backup of case keys") from None
    yield found


def _is_old(path: Path, now: datetime) -> bool:
    named = _NAME.fullmatch(path.name)
    return named is not None and datetime.strptime(named[1], _TIME).replace(tzinfo=UTC) < now - KEPT_FOR


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
