"""How far the import of a file has come, so that it goes on after a kill and is not done twice. Holds counts and line
numbers, nothing of what a file says.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, Final

import orjson

from pipeline.domain.importing.faults import Finding, LineFinding, RowFault
from pipeline.errors import AnwangError

FINDINGS_KEPT_MAX: Final = 1000
"""So many faults of a file are known again after a kill."""


class JournalRefusedError(AnwangError):
    """The journal cannot be written or read; the text names the file."""


@dataclass(frozen=True, slots=True)
class Progress:
    """`line` is the last one of the file that is dealt with: acknowledged or set aside. `sent` counts the
    acknowledged, `noted` those among them with a fault, `aside` the ones set aside; `aside_bytes` is how much of the
    file `aside_to` is theirs. `findings` are the first of the file's faults.
    """

    line: int = 0
    rows: int = 0
    sent: int = 0
    noted: int = 0
    aside: int = 0
    aside_bytes: int = 0
    aside_to: str | None = None
    is_done: bool = False
    is_whole: bool = True
    ended_at: str | None = None
    findings: tuple[LineFinding, ...] = field(default=(), repr=False)


def digest_of(file: Path) -> str:
    """SHA-256 of the whole file."""
    with file.open("rb") as source:
        return file_digest(source, "sha256").hexdigest()


class Journal:
    """One import's: the same file, read by the same mapping, for the same source, in the same manner."""

    def __init__(self, folder: Path, *parts: str) -> None:
        self._path = folder / f"{sha256(chr(0).join(parts).encode()).hexdigest()}.json"

    def read(self) -> Progress:
        """Raises JournalRefusedError."""
        try:
            told = orjson.loads(self._path.read_bytes())
            return Progress(**{**told, "findings": tuple(map(_finding, told.get("findings", ())))})
        except FileNotFoundError:
            return Progress()
        except (OSError, AttributeError, KeyError, TypeError, ValueError):
            raise JournalRefusedError(
                f"the journal {self._path} cannot be read; take it away to send all again"
            ) from None

    def write(self, progress: Progress) -> None:
        """On disk when this returns, wholly or not at all."""
        beside = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with beside.open("wb") as out:
                out.write(orjson.dumps(asdict(progress)))
                out.flush()
                os.fsync(out.fileno())
            beside.replace(self._path)
        except OSError as error:
            raise JournalRefusedError(f"the journal {self._path} cannot be written: {error.strerror}") from None


def _finding(told: Mapping[str, Any]) -> LineFinding:
    return LineFinding(told["line"], Finding(RowFault(told["finding"]["fault"]), told["finding"]["column"]))
