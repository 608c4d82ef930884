"""Signatures of events: which key one names, whether that key may be believed, and what is wrong with it.

A signature is a detached JWS (RFC 7515, appendix F) whose payload is not encoded (RFC 7797): it holds for the very
bytes of the event. Only its header is read here; whether it is right is the key's to say.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from pipeline.contracts.envelope import Headers
from pipeline.domain.directory import Directory, Source
from pipeline.domain.source_keys import SourceKey

ALGORITHMS: Final = frozenset({"EdDSA", "Ed25519", "ES256"})
"""EdDSA with Ed25519 has had a name of its own since RFC 9864; both mean the same here."""

SIGNATURE_CHARACTERS_MAX = 2000
KID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._~:-]{0,127}")
"""What a key may be called: it is looked up as it is, and never a path or an address."""

_DETACHED = re.compile(r"(?P<header>[A-Za-z0-9_-]+)\.\.[A-Za-z0-9_-]+")
_TAKEN = frozenset({"alg", "kid", "b64", "crit", "typ"})


class SignatureFault(StrEnum):
    """Why an event is not believed for its signature."""

    MISSING = "signature_missing"
    UNREADABLE = "signature_unreadable"
    ALGORITHM = "signature_algorithm"
    IN_BINARY_MODE = "signature_in_binary_mode"
    KEY_UNKNOWN = "signature_key_unknown"
    KEY_OF_ANOTHER_SOURCE = "signature_key_of_another_source"
    KEY_REVOKED = "signature_key_revoked"
    WRONG = "signature_wrong"


@dataclass(frozen=True, slots=True)
class SignatureHeader:
    algorithm: str
    kid: str


def read_header(signature: str) -> SignatureHeader | SignatureFault:
    """What the header of a detached JWS says. Never raises, whatever the text."""
    shape = _DETACHED.fullmatch(signature) if len(signature) <= SIGNATURE_CHARACTERS_MAX else None
    told = _object(shape["header"]) if shape else None
    if told is None or not isinstance(told.get("alg"), str):
        return SignatureFault.UNREADABLE
    if told["alg"] not in ALGORITHMS:
        return SignatureFault.ALGORITHM
    kid = told.get("kid")
    is_plain = told.get("b64") is False and told.get("crit") == ["b64"] and told.keys() <= _TAKEN
    if not is_plain or not isinstance(kid, str) or not KID.fullmatch(kid):
        return SignatureFault.UNREADABLE
    return SignatureHeader(told["alg"], kid)


def _object(encoded: str) -> dict[str, object] | None:
    """A header that says one thing twice is no header: two readers might take it in two ways."""
    try:
        pairs = json.loads(
            base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True).decode("utf-8"),
            object_pairs_hook=list,
        )
        told = dict(pairs) if isinstance(pairs, list) else None
    except (ValueError, TypeError, RecursionError, binascii.Error):
        return None
    return told if told is not None and len(told) == len(pairs) else None


class Signable(Protocol):
    """An event as it came, with the signature that came beside it."""

    @property
    def value(self) -> bytes: ...
    @property
    def headers(self) -> Headers: ...
    @property
    def signature(self) -> str | None: ...


def signature_fault(told: Signable, source: Source, directory: Directory, at: datetime) -> SignatureFault | None:
    """What is wrong with the signature of an event of this source that came in at `at`; None where nothing is. One that
    is there must hold even where none is due.
    """
    if told.signature is None:
        return SignatureFault.MISSING if source.signature_due else None
    if any(name.lower() == "ce_specversion" for name, _ in told.headers):
        return SignatureFault.IN_BINARY_MODE
    header = read_header(told.signature)
    key = header if isinstance(header, SignatureFault) else _found(header.kid, source, directory)
    if isinstance(key, SignatureFault):
        return key
    if key.is_revoked(at):
        return SignatureFault.KEY_REVOKED
    return None if key.verifies(told.signature, told.value) else SignatureFault.WRONG


def _found(kid: str, source: Source, directory: Directory) -> SourceKey | SignatureFault:
    if key := directory.keys.get((source.code, kid)):
        return key
    is_anothers = any(other == kid for _, other in directory.keys)
    return SignatureFault.KEY_OF_ANOTHER_SOURCE if is_anothers else SignatureFault.KEY_UNKNOWN
