"""Where anchors of the audit lie outside the database: the key that signs them, and a file with a line for each."""

import base64
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from pipeline.adapters.signing import SigningKey, read_public, shown, verify
from pipeline.domain.anchors import Anchor
from pipeline.errors import KeysRefusedError

PUBLIC_SUFFIX = ".pub"
FILE_MODE = 0o640
LINE_BYTES_MAX = 1 << 20


def create_key(path: Path) -> None:
    """Draws the key, and writes its public half beside it, which a verifier elsewhere needs. Raises FileExistsError."""
    if path.exists():
        raise FileExistsError(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = SigningKey.create(path)
    path.with_suffix(PUBLIC_SUFFIX).write_text(f"{shown(key.public_key)}\n", "ascii")


def signer(path: Path) -> Callable[[int, str], Anchor]:
    """Makes an anchor of its number and statement, with the key of this file. Raises KeysRefusedError."""
    if not path.exists():
        raise KeysRefusedError(f"the key {path} that signs anchors is missing: run `anwang keys init`")
    key = SigningKey.load(path)
    return lambda number, statement: Anchor(number, statement, key.public_key, key.sign(statement.encode()))


def trusted_keys(path: Path) -> frozenset[bytes]:
    """The public keys of a file, one a line: more than one where the key was drawn anew. Raises KeysRefusedError."""
    try:
        lines = path.read_text("ascii").split()
    except (OSError, UnicodeDecodeError):
        raise KeysRefusedError(f"the public key {path} of the anchors cannot be read") from None
    keys = frozenset(map(read_public, lines))
    if not keys or b"" in keys:
        raise KeysRefusedError(f"{path} holds no public key of anchors")
    return keys


def is_signed_by(anchor: Anchor, trusted: frozenset[bytes]) -> bool:
    """Whether its signature is good, and of a key that is trusted."""
    return anchor.public_key in trusted and verify(anchor.public_key, anchor.signature, anchor.statement.encode())


class AnchorFile:
    """One line of JSON an anchor, only ever added to. It belongs where who writes the database cannot write."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[Anchor] | None:
        """The anchors in the order in which they stand; None where there is no file. A line that was cut short by a
        crash counts for nothing. Raises KeysRefusedError for another line that is none.
        """
        try:
            lines = self._path.read_text("utf-8").split("\n")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            raise KeysRefusedError(f"the file of anchors {self._path} cannot be read") from None
        try:
            return [_read(line) for line in lines[:-1] if line]
        except (ValueError, KeyError, TypeError):
            raise KeysRefusedError(f"the file of anchors {self._path} holds a line that is no anchor") from None

    def last(self) -> int:
        """The number of the last anchor; 0 where there is none. Raises KeysRefusedError as `read`."""
        try:
            with self._path.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - LINE_BYTES_MAX))
                lines = file.read().split(b"\n")[:-1]
            return _read(lines[-1].decode()).anchor_no if lines else 0
        except FileNotFoundError:
            return 0
        except (OSError, ValueError, KeyError, TypeError):
            raise KeysRefusedError(f"the file of anchors {self._path} cannot be read") from None

    def append(self, anchors: Iterable[Anchor]) -> None:
        """They are on disk when this returns. A line that a crash cut short is taken away first. Raises OSError."""
        text = "".join(f"{_line(anchor)}\n" for anchor in anchors).encode()
        with os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT, FILE_MODE), "r+b") as file:
            end = file.seek(0, os.SEEK_END)
            tail = file.seek(max(0, end - LINE_BYTES_MAX))
            file.truncate(tail + file.read().rfind(b"\n") + 1)
            file.seek(0, os.SEEK_END)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())


def _line(anchor: Anchor) -> str:
    told = {
        "anchor": anchor.anchor_no,
        "statement": anchor.statement,
        "public_key": shown(anchor.public_key),
        "signature": base64.b64encode(anchor.signature).decode(),
    }
    if anchor.timestamp_token:
        told["timestamp"] = base64.b64encode(anchor.timestamp_token).decode()
    return json.dumps(told, separators=(",", ":"))


def _read(line: str) -> Anchor:
    told = dict(json.loads(line))
    stamp = told.get("timestamp")
    return Anchor(
        int(told["anchor"]),
        str(told["statement"]),
        read_public(told["public_key"]),
        base64.b64decode(told["signature"], validate=True),
        base64.b64decode(stamp, validate=True) if stamp else None,
    )
