"""What is stored of releases: files, keys, signatures, activations and roll-backs, and which bytes people sign."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

_RELEASE, _ROLL_BACK = b"anwang-policy-v1\0", b"anwang-policy-roll-back-v1\0"
"""What a signature is for begins the signed bytes: one for a release is none for a roll-back."""


@dataclass(frozen=True, slots=True)
class Release:
    """A file that was proposed. `digest` is the SHA-256 of its bytes as hexadecimal digits."""

    version: str
    digest: str
    file: str = field(repr=False)
    proposed_by: str
    proposed_at: datetime
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Signer:
    public_key: bytes
    staff: str
    registered_at: datetime
    revoked_at: datetime | None = None

    def may_sign(self, at: datetime) -> bool:
        return self.registered_at <= at and (self.revoked_at is None or at < self.revoked_at)


@dataclass(frozen=True, slots=True)
class Signature:
    version: str
    staff: str
    public_key: bytes
    signature: bytes = field(repr=False)
    signed_at: datetime


class Kind(StrEnum):
    ACTIVATE = "activate"
    ROLL_BACK = "roll_back"


@dataclass(frozen=True, slots=True)
class Step:
    """An activation, or a roll-back, which ends the activation of the number `undoes`; its `version` comes back then,
    None being the shipped policy.
    """

    number: int
    kind: Kind
    version: str | None
    starts_at: datetime
    activated_by: str
    seconded_by: str
    made_at: datetime
    undoes: int | None = None
    signature: bytes | None = None
    second_signature: bytes | None = None


@dataclass(frozen=True, slots=True)
class Records:
    """All that is stored of releases; steps in the order in which they were made."""

    releases: Mapping[str, Release] = field(default_factory=dict)
    signers: Mapping[bytes, Signer] = field(default_factory=dict)
    signatures: tuple[Signature, ...] = ()
    steps: tuple[Step, ...] = ()

    def step(self, number: int | None) -> Step | None:
        return next((s for s in self.steps if s.number == number), None)

    def signer_of(self, staff: str, at: datetime) -> Signer | None:
        """Who may sign under this staff code then."""
        return next((s for s in self.signers.values() if is_one(s.staff, staff) and s.may_sign(at)), None)


def is_one(staff: str, other: str) -> bool:
    """Staff codes are one whether in capitals or not."""
    return staff.casefold() == other.casefold()


def digest_of(file: str) -> str:
    return sha256(file.encode()).hexdigest()


def release_bytes(version: str, digest: str) -> bytes:
    """What is signed of a release."""
    return _RELEASE + version.encode() + bytes.fromhex(digest)


def roll_back_bytes(undoes: int, leaves: str, version: str | None) -> bytes:
    """What is signed of a roll-back: which activation ends, which policy is left, and which comes back."""
    return _ROLL_BACK + "\0".join((str(undoes), leaves, version or "")).encode()
