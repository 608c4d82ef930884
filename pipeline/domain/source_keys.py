"""By what a source is known beside its token: keys it signs with, certificates it connects with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

Verifies = Callable[[str, bytes], bool]
"""Whether this detached JWS of these bytes is of one key, by an algorithm of that key."""


@dataclass(frozen=True, slots=True)
class SourceKey:
    """A public key of one source alone. What arrives from `revoked_at` on is not believed by it."""

    source: str
    kid: str
    revoked_at: datetime | None
    verifies: Verifies = field(repr=False, compare=False)

    def is_revoked(self, at: datetime) -> bool:
        return self.revoked_at is not None and at >= self.revoked_at


@dataclass(frozen=True, slots=True)
class SourceCertificate:
    """A client certificate of one source alone, by the SHA-256 of its SubjectPublicKeyInfo, in hexadecimal digits: one
    that was renewed for the same key pair is the same.
    """

    source: str
    fingerprint: str
    revoked_at: datetime | None

    def is_revoked(self, at: datetime) -> bool:
        return self.revoked_at is not None and at >= self.revoked_at
