"""Sealing and opening: AES-GCM from the `cryptography` library.

A sealed value begins with the version of the key that sealed it (4 bytes, big-endian), then the nonce (12 bytes), then
what AES-GCM gives. The additional data names table, column, row and that version, so that a value moved elsewhere, or
said to be of another version, does not open.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pipeline.errors import KeysRefusedError

KEY_BYTES = 32
NONCE_BYTES = 12
HEAD_BYTES = 4
FIRST_VERSION = 1


class Slot(NamedTuple):
    """Where a sealed value lies."""

    table: str
    column: str
    row: UUID

    def additional_data(self, version: int = FIRST_VERSION) -> bytes:
        return f"{self.table}|{self.column}|{self.row.hex}|{version}".encode()


@dataclass(frozen=True, slots=True)
class KeySet:
    """One key in all its versions that are known here. New values are sealed under `current`."""

    current: int
    versions: Mapping[int, bytes] = field(repr=False)

    @classmethod
    def of(cls, key: bytes, version: int = FIRST_VERSION) -> "KeySet":
        return cls(version, {version: key})

    @property
    def newest(self) -> bytes:
        """Raises KeysRefusedError where the current version is not here."""
        return self.of_version(self.current)

    def of_version(self, version: int) -> bytes:
        """Raises KeysRefusedError where it is not here."""
        try:
            return self.versions[version]
        except KeyError:
            raise KeysRefusedError(f"version {version} of a key is missing") from None


def new_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def version_of(sealed: bytes) -> int:
    """Under which version of its key this was sealed."""
    return int.from_bytes(sealed[:HEAD_BYTES], "big")


def head(version: int) -> bytes:
    return version.to_bytes(HEAD_BYTES, "big")


def seal(key: bytes | KeySet, plain: bytes, slot: Slot, version: int = FIRST_VERSION) -> bytes:
    """Under the set's current version; a bare key is of the version that is told."""
    if isinstance(key, KeySet):
        version, key = key.current, key.newest
    nonce = os.urandom(NONCE_BYTES)
    return head(version) + nonce + AESGCM(key).encrypt(nonce, plain, slot.additional_data(version))


def unseal(key: bytes | KeySet, sealed: bytes, slot: Slot) -> bytes:
    """Raises KeysRefusedError when the key is another, its version is not here, or the value was moved or changed."""
    version = version_of(sealed)
    nonce, text = sealed[HEAD_BYTES : HEAD_BYTES + NONCE_BYTES], sealed[HEAD_BYTES + NONCE_BYTES :]
    if isinstance(key, KeySet):
        if version not in key.versions:
            raise KeysRefusedError(
                f"a sealed value of {slot.table}.{slot.column} needs version {version} of its key, which is missing"
            )
        key = key.versions[version]
    try:
        return AESGCM(key).decrypt(nonce, text, slot.additional_data(version))
    except (InvalidTag, ValueError) as error:
        raise KeysRefusedError(f"a sealed value of {slot.table}.{slot.column} does not open") from error
