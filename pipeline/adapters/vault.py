"""Sealing, opening and blind-index tokens: AES-GCM and HMAC from the `cryptography` library, keys from a file that
only its owner reads.

A report's data key is wrapped under a key of its case; case keys lie in a database of their own, wrapped under the key
ring's wrapping key, which lies in neither. The additional data of every sealed value names table, column, row and key
version, so that one moved elsewhere does not open.
"""

import base64
import hmac
import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pipeline.domain.link import Key, KeyKind
from pipeline.errors import KeysRefusedError

KEY_BYTES = 32
NONCE_BYTES = 12
TOKEN_BYTES = 16
KEY_VERSION = 1


class Slot(NamedTuple):
    """Where a sealed value lies."""

    table: str
    column: str
    row: UUID

    @property
    def additional_data(self) -> bytes:
        return f"{self.table}|{self.column}|{self.row.hex}|{KEY_VERSION}".encode()


def new_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def seal(key: bytes, plain: bytes, slot: Slot) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, slot.additional_data)


def unseal(key: bytes, sealed: bytes, slot: Slot) -> bytes:
    """Raises KeysRefusedError when the key is another or the value was moved or changed."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], slot.additional_data)
    except InvalidTag as error:
        raise KeysRefusedError(f"a sealed value of {slot.table}.{slot.column} does not open") from error


def _read_keys(path: Path, names: Sequence[str]) -> dict[str, bytes]:
    try:
        mode = path.stat().st_mode
        if mode & 0o077:
            raise KeysRefusedError(f"the key ring {path} may be read by others; its mode must be 0600")
        found = json.loads(path.read_text())
        keys = {name: base64.b64decode(found[name]) for name in names}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeysRefusedError(f"the key ring {path} is missing or cannot be read") from error
    if any(len(key) != KEY_BYTES for key in keys.values()):
        raise KeysRefusedError(f"the key ring {path} holds a key of the wrong length")
    return keys


def _draw_keys(path: Path, names: Sequence[str]) -> None:
    drawn = {name: base64.b64encode(new_key()).decode() for name in names}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"version": KEY_VERSION, **drawn}, file)
        file.flush()
        os.fsync(file.fileno())


@dataclass(frozen=True)
class KeyRing:
    """The keys that lie in no database. `wrapping` wraps case keys, `index` makes tokens, `digesting` makes digests of
    messages.
    """

    wrapping: bytes
    index: bytes
    digesting: bytes

    @classmethod
    def load(cls, path: Path) -> "KeyRing":
        """Raises KeysRefusedError when the file is missing, open to others or no key ring."""
        return cls(**_read_keys(path, ("wrapping", "index", "digesting")))

    @classmethod
    def create(cls, path: Path) -> "KeyRing":
        """Draws new keys into a new file; an existing one is never replaced (FileExistsError)."""
        _draw_keys(path, ("wrapping", "index", "digesting"))
        return cls.load(path)

    @cached_property
    def _index_keys(self) -> dict[KeyKind, bytes]:
        return {
            kind: HKDF(SHA256(), KEY_BYTES, salt=None, info=f"index|{kind.value}".encode()).derive(self.index)
            for kind in KeyKind
        }

    def token(self, key: Key) -> bytes:
        """The blind-index token of a link key: 16 bytes that tell nothing without the index key."""
        value = key.value.encode("utf-8", "surrogatepass")
        return hmac.digest(self._index_keys[key.kind], value, sha256)[:TOKEN_BYTES]

    def digest(self, value: bytes) -> bytes:
        """32 bytes by which the same message is known again."""
        return hmac.digest(self.digesting, value, sha256)

    @property
    def proof(self) -> bytes:
        """Tells this key ring from another: a digest over all of its keys."""
        return hmac.digest(self.digesting, b"anwang key check" + sha256(self.wrapping + self.index).digest(), sha256)

    def wrap_owner_key(self, key: bytes, owner: UUID, purpose: str) -> bytes:
        return seal(self.wrapping, key, Slot("case_key", purpose, owner))

    def unwrap_owner_key(self, wrapped: bytes, owner: UUID, purpose: str) -> bytes:
        return unseal(self.wrapping, wrapped, Slot("case_key", purpose, owner))


@dataclass(frozen=True)
class GateKeys:
    """The keys of the door, in a file of their own: who holds them opens no report that is settled. `receipts` makes
    receipt numbers, `spool` seals what waits on disk.
    """

    receipts: bytes
    spool: bytes

    @classmethod
    def load(cls, path: Path) -> "GateKeys":
        """Raises KeysRefusedError when the file is missing, open to others or holds other keys."""
        return cls(**_read_keys(path, ("receipts", "spool")))

    @classmethod
    def create(cls, path: Path) -> "GateKeys":
        """Draws new keys into a new file; an existing one is never replaced (FileExistsError)."""
        _draw_keys(path, ("receipts", "spool"))
        return cls.load(path)

    def receipt(self, source: str, event_key: UUID) -> str:
        """The receipt number of an event: always the same one, and nobody else can make or read it."""
        sealed = AESSIV(self.receipts).encrypt(event_key.bytes, [source.encode()])
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def event_key(self, source: str, receipt: str) -> UUID | None:
        """The event that a receipt of this source stands for; None for what is no receipt of it."""
        try:
            sealed = base64.b64decode(receipt + "=" * (-len(receipt) % 4), altchars=b"-_", validate=True)
            return UUID(bytes=AESSIV(self.receipts).decrypt(sealed, [source.encode()]))
        except (InvalidTag, ValueError):
            return None
