"""A policy as a release: a file that was proposed, signed by two people, and activated from a time on. What is stored
of it is believed only as far as its signatures hold.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, Protocol

from pipeline.domain.policy.book import Activation, PolicyBook
from pipeline.domain.policy.policy import Policy
from pipeline.domain.policy.reading import PolicyFaultsError, read_policy
from pipeline.domain.policy.release_records import (
    Kind,
    Records,
    Release,
    Signer,
    Step,
    digest_of,
    is_one,
    release_bytes,
    roll_back_bytes,
)

SIGNERS_MIN = 2


class Verify(Protocol):
    """Whether an Ed25519 signature of these bytes is of this key."""

    def __call__(self, public_key: bytes, signature: bytes, message: bytes) -> bool: ...


class UntrustedError(ValueError):
    """What is stored may not be used; the text says why, for a log and a person."""


class Refused(NamedTuple):
    """What is stored and may not be used: a release's version, or a step by its number."""

    subject: str
    why: str


def signed_by(records: Records, release: Release, verify: Verify, now: datetime | None = None) -> tuple[Signer, ...]:
    """Whose signatures of this release hold, the first first, each person once. What was signed before a key was
    revoked holds on; with `now`, only keys that hold then count.
    """
    found: dict[str, Signer] = {}
    message = release_bytes(release.version, digest_of(release.file))
    for told in sorted(records.signatures, key=lambda s: s.signed_at):
        signer = records.signers.get(told.public_key)
        if told.version != release.version or signer is None or not is_one(signer.staff, told.staff):
            continue
        may = signer.may_sign(told.signed_at) and (now is None or signer.may_sign(now))
        if may and verify(signer.public_key, told.signature, message):
            found.setdefault(signer.staff.casefold(), signer)
    return tuple(found.values())


def as_proposed(release: Release) -> Policy:
    """Reads a stored file. Raises UntrustedError where it is not the proposed one, or cannot be read any more."""
    if digest_of(release.file) != release.digest:
        raise UntrustedError("its file is not the one that was proposed")
    try:
        policy = _read(release.file)
    except PolicyFaultsError as error:
        raise UntrustedError(f"its file cannot be read by this program: {error.faults[0]}") from None
    if policy.version != release.version:
        raise UntrustedError("its file bears another version")
    return policy


@lru_cache(maxsize=32)
def _read(file: str) -> Policy:
    return read_policy(file)


def trusted(records: Records, version: str, verify: Verify) -> tuple[Policy, tuple[Signer, ...]]:
    """A policy that two people signed, and who did. Raises UntrustedError."""
    release = records.releases.get(version)
    if release is None:
        raise UntrustedError("nobody has proposed it")
    policy, signers = as_proposed(release), signed_by(records, release, verify)
    if len(signers) < SIGNERS_MIN:
        raise UntrustedError(f"{len(signers)} of {SIGNERS_MIN} signatures hold")
    return policy, signers


def book_of(records: Records, verify: Verify) -> tuple[PolicyBook, tuple[Refused, ...]]:
    """What was in force when, of what may be believed; and what may not, which is as if it were not there."""
    refused: dict[Refused, None] = {}
    ends: dict[int, datetime] = {}
    for step in _of(records, Kind.ROLL_BACK):
        try:
            undoes = _undone(records, step, verify)
            ends[undoes] = min(step.starts_at, ends.get(undoes, step.starts_at))
        except UntrustedError as error:
            refused[Refused(f"activation {step.number}", str(error))] = None
    activations = []
    for step in _of(records, Kind.ACTIVATE):
        version = step.version or ""
        try:
            policy = _activated(records, step, verify)
            activations.append(Activation(step.starts_at, policy, ends.get(step.number), step.number))
        except UntrustedError as error:
            refused[Refused(version, str(error))] = None
    return PolicyBook(tuple(activations)), tuple(refused)


def _of(records: Records, kind: Kind) -> Iterator[Step]:
    return (step for step in records.steps if step.kind is kind)


def _activated(records: Records, step: Step, verify: Verify) -> Policy:
    policy, signers = trusted(records, step.version or "", verify)
    by, second = step.activated_by, step.seconded_by
    if is_one(by, second) or not all(any(is_one(s.staff, who) for s in signers) for who in (by, second)):
        raise UntrustedError(f"activation {step.number} was not made by two people who signed")
    return policy


def _undone(records: Records, step: Step, verify: Verify) -> int:
    """Which activation a roll-back ends, if two people signed it."""
    ended = records.step(step.undoes)
    if (
        ended is None
        or ended.kind is not Kind.ACTIVATE
        or ended.version is None
        or is_one(step.activated_by, step.seconded_by)
    ):
        raise UntrustedError("this roll-back does not say what it undoes, or who agreed")
    message = roll_back_bytes(ended.number, ended.version, step.version)
    for staff, signature in ((step.activated_by, step.signature), (step.seconded_by, step.second_signature)):
        signer = records.signer_of(staff, step.made_at)
        if signer is None or signature is None or not verify(signer.public_key, signature, message):
            raise UntrustedError(f"the signature of {staff} under this roll-back does not hold")
    return ended.number
