"""Sources that sign, and those who only seem to."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, Key, OctKey, OKPKey
from lab import Lab

from pipeline import wiring
from pipeline.adapters.credentials import Purpose
from pipeline.adapters.postgres.enrolment import Enrolment
from pipeline.adapters.postgres.proofs import Proofs
from pipeline.adapters.signatures import PublicKey
from pipeline.contracts.vocabulary import ReporterRole
from pipeline.domain.directory import Directory, Source

LINE = Source("hotline-900", "hotline", ReporterRole.HOTLINE_WORKER, own_topic=True)
OTHER_LINE = Source("hotline-901", "hotline", ReporterRole.HOTLINE_WORKER, own_topic=True)


def header(key: Key, algorithm: str = "EdDSA", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {"alg": algorithm, "kid": key.thumbprint(), "b64": False, "crit": ["b64"], **more}


def signed(value: bytes, key: Key, **more: Any) -> str:  # noqa: ANN401 - any JSON
    """A detached JWS, by the algorithm of the key unless `alg` says another."""
    told = header(key, "EdDSA" if isinstance(key, OKPKey) else "ES256")
    told |= more
    return jws.serialize_compact(told, value, key, algorithms=["EdDSA", "Ed25519", "ES256"])


def with_header(signature: str, told: dict[str, Any]) -> str:
    """The same signature under another header."""
    encoded = base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()
    return f"{encoded}..{signature.rpartition('.')[2]}"


def confused(value: bytes, key: OKPKey) -> str:
    """An HMAC under the public key, which everybody knows, in place of a signature."""
    told = header(key, "HS256")
    secret = OctKey.import_key({"kty": "oct", "k": key.as_dict(private=False)["x"]})
    return jws.serialize_compact(told, value, secret, algorithms=["HS256"])


@dataclass
class Signers:
    """A hotline that must sign, with two keys of its own, one of them revoked; another hotline with a key."""

    lab: Lab
    key: OKPKey = field(default_factory=lambda: OKPKey.generate_key("Ed25519"))
    second: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))
    revoked: OKPKey = field(default_factory=lambda: OKPKey.generate_key("Ed25519"))
    others: OKPKey = field(default_factory=lambda: OKPKey.generate_key("Ed25519"))
    token: str = ""

    async def enrol(self, *, due: bool = True) -> None:
        lines = [LINE, OTHER_LINE]
        await wiring.create_topics(self.lab.settings, Directory({s.code: s for s in lines}))
        register, proofs = Enrolment(self.lab.pool), Proofs(self.lab.pool)
        issued = await register.plan(lines, Purpose.TOKEN)
        await register.enrol(lines, issued, Purpose.TOKEN, None)
        self.token = issued.secrets[LINE.code]
        for source, key in ((LINE, self.key), (LINE, self.second), (LINE, self.revoked), (OTHER_LINE, self.others)):
            told = public(key)
            await proofs.add_key(source.code, told, told.kid)
        await proofs.revoke_key(LINE.code, self.revoked.thumbprint())
        await proofs.require_signature(LINE.code, due=due)


def public(key: OKPKey | ECKey) -> PublicKey:
    told = key.as_dict(private=False)
    return PublicKey(
        {n: str(told[n]) for n in ("kty", "crv", "x", "y") if n in told}, key.thumbprint(), key.thumbprint()
    )
