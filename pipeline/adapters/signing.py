"""Signatures of people under a policy: Ed25519 from the `cryptography` library. A private key lies in a file that only
its owner reads, as PKCS #8 in PEM.
"""

import base64
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from pipeline.errors import KeysRefusedError

MODE = 0o600
PREFIX = "ed25519:"
PUBLIC_BYTES = 32


class SigningKey:
    """One person's key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def create(cls, path: Path) -> "SigningKey":
        """Draws a new key into a new file; an existing one is never replaced. Raises KeysRefusedError."""
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "wb") as file:
                file.write(pem)
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:
            raise KeysRefusedError(f"{path} exists; a key is never written over another file") from None
        except OSError as error:
            raise KeysRefusedError(f"{path} cannot be written: {error.strerror}") from None
        return cls(key)

    @classmethod
    def load(cls, path: Path) -> "SigningKey":
        """Raises KeysRefusedError when the file is missing, open to others or no such key."""
        try:
            is_open = bool(path.stat().st_mode & 0o077)
            pem = path.read_bytes()
        except OSError as error:
            raise KeysRefusedError(f"the key {path} cannot be read: {error.strerror}") from None
        if is_open:
            raise KeysRefusedError(f"the key {path} may be read by others; its mode must be 0600")
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise KeysRefusedError(f"{path} holds no key of `anwang policy key new`") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise KeysRefusedError(f"{path} holds no key of `anwang policy key new`")
        return cls(key)

    @property
    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether this signature of these bytes is of this key."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def shown(public_key: bytes) -> str:
    """As people pass it on."""
    return PREFIX + base64.b64encode(public_key).decode()


def read_public(text: str) -> bytes:
    """The bytes of a public key as `shown` writes it; none where it is no such text."""
    try:
        return base64.b64decode(text.strip().removeprefix(PREFIX), validate=True)
    except ValueError:
        return b""
