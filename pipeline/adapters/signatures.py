"""Detached signatures of events by joserfc, and public keys of sources as they hand them over: PEM or JWK."""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey
from joserfc.jws import JWSRegistry, deserialize_compact

from pipeline.contracts.topics import MESSAGE_BYTES_MAX
from pipeline.domain.source_keys import Verifies
from pipeline.errors import RegisterRefusedError

ED25519: Final = ("EdDSA", "Ed25519")
ES256: Final = ("ES256",)
CURVES: Final = {"Ed25519": ("kty", "crv", "x"), "P-256": ("kty", "crv", "x", "y")}
"""With what makes up a public key on each of them."""

warnings.filterwarnings("ignore", message="EdDSA is deprecated", category=SecurityWarning)
"""RFC 9864 gives the algorithm a new name and takes nothing from it; most programs still write the old one."""


class PublicKey(NamedTuple):
    """`kid` is what the key calls itself, else its thumbprint of RFC 7638: that of the same key is always the same."""

    jwk: dict[str, str]
    kid: str
    thumbprint: str


class _Registry(JWSRegistry):
    """The library's own takes payloads of 128,000 bytes."""

    max_payload_length = MESSAGE_BYTES_MAX


def read_public_key(file: Path) -> PublicKey:
    """A key for Ed25519 or ES256 (P-256). Raises RegisterRefusedError, for a private key, too."""
    try:
        told = file.read_bytes()
    except OSError as error:
        raise RegisterRefusedError(f"{file} cannot be read: {error.strerror}") from None
    key = _imported(told)
    if key is None:
        raise RegisterRefusedError(f"{file} holds no public key for Ed25519 or ES256 (P-256), as PEM or JWK")
    if key.is_private:
        raise RegisterRefusedError(f"{file} holds a private key; that stays with its owner, give the public one")
    whole = key.as_dict(private=False)
    jwk = {name: str(whole[name]) for name in CURVES[key.curve_name]}
    return PublicKey(jwk, str(whole.get("kid") or key.thumbprint()), key.thumbprint())


def _imported(told: bytes) -> OKPKey | ECKey | None:
    for kind in (OKPKey, ECKey):
        try:
            key = kind.import_key(told if told.lstrip().startswith(b"-----BEGIN") else json.loads(told))
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            continue
        if key.curve_name in CURVES:
            return key
    return None


def verifier(jwk: Mapping[str, str]) -> Verifies:
    """What tells this key's signatures. The key says which algorithm is its own, never the signature alone."""
    key = (OKPKey if jwk["kty"] == "OKP" else ECKey).import_key(dict(jwk))
    registry = _Registry(algorithms=list(ED25519 if jwk["crv"] == "Ed25519" else ES256))

    def verifies(signature: str, value: bytes) -> bool:
        try:
            deserialize_compact(signature, key, registry=registry, payload=value)
        except (JoseError, ValueError):
            return False
        return True

    return verifies
