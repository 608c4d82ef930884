"""Who may ask and rule at the desk: a file of staff codes and digests of their tokens, for its owner's eyes alone."""

import csv
import os
from collections.abc import Mapping
from pathlib import Path

from pipeline.adapters.credentials import Purpose, digest_of, drawn
from pipeline.domain.refusals import RulingRefusal, refused
from pipeline.domain.rulings import is_staff_code
from pipeline.errors import KeysRefusedError

MODE = 0o600


class Staff:
    """As of the last look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._codes: Mapping[str, str] = {}

    def look(self) -> None:
        """Reads the file where it has changed. Raises KeysRefusedError where others may read it, or it is none."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._seen, self._codes = None, {}
            return
        mark = (found.st_mtime_ns, found.st_size, found.st_ino)
        if mark != self._seen:
            self._codes = {digest: code for code, digest in _read(self._path).items()}
            self._seen = mark

    def find(self, token: str) -> str | None:
        """The staff code whose token this is."""
        return self._codes.get(digest_of(token).hex())


def add(path: Path, code: str) -> str:
    """A new token, in the place of an earlier one of this code. Raises RulingRefusedError for what is no staff code."""
    if not is_staff_code(code):
        raise refused(RulingRefusal.NOT_A_STAFF_CODE)
    token = drawn(Purpose.TOKEN)
    _write(path, {**_known(path), code: digest_of(token).hex()})
    return token


def remove(path: Path, code: str) -> bool:
    """Whether there was one."""
    known = _known(path)
    if code not in known:
        return False
    _write(path, {c: d for c, d in known.items() if c != code})
    return True


def _known(path: Path) -> dict[str, str]:
    return _read(path) if path.exists() else {}


def _read(path: Path) -> dict[str, str]:
    try:
        if path.stat().st_mode & 0o077:
            raise KeysRefusedError(f"the staff file {path} may be read by others; its mode must be 0600")
        return dict(csv.reader(path.read_text("ascii").splitlines()))
    except (OSError, ValueError) as error:
        raise KeysRefusedError(f"the staff file {path} cannot be read") from error


def _write(path: Path, codes: Mapping[str, str]) -> None:
    """All of it or nothing, and never for others to read."""
    beside = path.with_suffix(f".{os.getpid()}")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE), "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(sorted(codes.items()))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
