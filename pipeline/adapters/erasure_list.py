"""The list of erasures: a file that lies beside neither database, a line each; a restore brings nothing back by it."""

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from pydantic import ValidationError

from pipeline.domain.erasure import RECORD, ErasureRecord
from pipeline.errors import AnwangError


class ErasureListRefusedError(AnwangError):
    """The list cannot be read or written; the text names the file and the line, never what stands there."""


class ErasureList:
    """Only added to. A line that was broken off by a crash is no line; the erasure that wrote it goes on."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Mapping[UUID, ErasureRecord]:
        """By id; a file that is not there holds none. Raises ErasureListRefusedError."""
        try:
            lines = self._path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ErasureListRefusedError(f"{self._path} cannot be read: {error.strerror}") from None
        found = [self._record(number, line) for number, line in enumerate(lines[:-1], 1) if line]
        return {record.erasure_id: record for record in found}

    def _record(self, number: int, line: bytes) -> ErasureRecord:
        try:
            return RECORD.validate_json(line)
        except ValidationError:
            raise ErasureListRefusedError(f"{self._path}, line {number}: this is no erasure") from None

    def require_writable(self) -> None:
        """Raises ErasureListRefusedError. An erasure that could not be listed is not begun."""
        self.read()
        os.close(self._open())

    def add(self, record: ErasureRecord) -> None:
        """On disk when this returns; what stands there already is not written again."""
        if record.erasure_id in self.read():
            return
        handle = self._open()
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            self._cut_torn_line(handle)
            line = RECORD.dump_json(record) + b"\n"
            while line:
                line = line[os.write(handle, line) :]
            os.fsync(handle)
            self._sync_folder()
        except OSError as error:
            raise ErasureListRefusedError(f"{self._path} cannot be written: {error.strerror}") from None
        finally:
            os.close(handle)

    def _open(self) -> int:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise ErasureListRefusedError(f"{self._path} cannot be written: {error.strerror}") from None

    def _cut_torn_line(self, handle: int) -> None:
        stood = self._path.read_bytes()
        if stood and not stood.endswith(b"\n"):
            os.ftruncate(handle, stood.rfind(b"\n") + 1)

    def _sync_folder(self) -> None:
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
