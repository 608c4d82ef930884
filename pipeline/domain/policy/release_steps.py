"""Which steps people may take with releases before one is activated: propose, register a key, sign. Each gives what is
to be written, or raises ReleaseRefusedError.
"""

from datetime import datetime
from typing import Final

from pipeline.domain.policy.examples import example_faults
from pipeline.domain.policy.located import Fault, read_toml
from pipeline.domain.policy.policy import Policy
from pipeline.domain.policy.reading import PolicyFaultsError, read_policy, shipped
from pipeline.domain.policy.release import UntrustedError, as_proposed
from pipeline.domain.policy.release_records import Records, Release, Signer, digest_of, is_one
from pipeline.domain.policy.release_refusals import ReleaseRefusal, refused
from pipeline.domain.rulings import is_staff_code

PUBLIC_KEY_BYTES: Final = 32


def may_propose(records: Records, file: str, by: str) -> Policy:
    """The policy of a file that may be proposed. The same file may be proposed again; that changes nothing."""
    require_staff(by)
    try:
        policy = read_policy(file)
    except PolicyFaultsError as error:
        raise _faulty(error.faults) from None
    _require_free(records, policy)
    located = read_toml(file)
    if faults := [located.fault(path, words) for path, words in example_faults(policy)]:
        raise _faulty(tuple(sorted(faults)))
    return policy


def _faulty(faults: tuple[Fault, ...]) -> Exception:
    return refused(ReleaseRefusal.FAULTY, faults="\n".join(map(str, faults)))


def _require_free(records: Records, policy: Policy) -> None:
    """A decision names its policy by version: a version is one file for ever."""
    known = records.releases.get(policy.version)
    digests = [known.digest] if known else []
    if shipped().version == policy.version:
        digests.append(shipped().digest)
    if any(digest != policy.digest for digest in digests):
        raise refused(ReleaseRefusal.VERSION_TAKEN, version=policy.version)


def may_register(records: Records, staff: str, public_key: bytes, now: datetime) -> None:
    require_staff(staff)
    if len(public_key) != PUBLIC_KEY_BYTES:
        raise refused(ReleaseRefusal.NOT_A_PUBLIC_KEY)
    if public_key in records.signers:
        raise refused(ReleaseRefusal.KEY_TAKEN)
    if records.signer_of(staff, now):
        raise refused(ReleaseRefusal.HAS_A_KEY, staff=staff)


def may_revoke(records: Records, staff: str, now: datetime) -> Signer:
    """The key that this person signs with."""
    signer = records.signer_of(staff, now)
    if signer is None:
        raise refused(ReleaseRefusal.NO_KEY, staff=staff)
    return signer


def release_of(records: Records, version: str) -> Release:
    """A release whose stored file is the one that was proposed."""
    release = records.releases.get(version)
    if release is None:
        raise refused(ReleaseRefusal.UNKNOWN_VERSION, version=version)
    if digest_of(release.file) != release.digest:
        raise refused(ReleaseRefusal.NOT_AS_PROPOSED, version=version)
    return release


def usable(records: Records, version: str) -> Policy:
    """A policy by which this program can judge, whether or not anybody signed it."""
    try:
        return as_proposed(release_of(records, version))
    except UntrustedError as error:
        raise refused(ReleaseRefusal.UNUSABLE, version=version, why=error) from None


def may_sign(records: Records, version: str, staff: str, public_key: bytes, now: datetime) -> Release:
    """The release that is to be signed with this key. Who proposed it may sign; one signature more is needed then as
    ever.
    """
    release, signer = release_of(records, version), may_revoke(records, staff, now)
    if signer.public_key != public_key:
        raise refused(ReleaseRefusal.NOT_THEIR_KEY, staff=staff)
    if any(s.version == version and s.public_key == public_key for s in records.signatures):
        raise refused(ReleaseRefusal.SIGNED_ALREADY, staff=staff, version=version)
    return release


def require_two(one: str, other: str) -> None:
    require_staff(one)
    require_staff(other)
    if is_one(one, other):
        raise refused(ReleaseRefusal.SECOND_IS_FIRST)


def require_staff(code: str) -> None:
    if not is_staff_code(code):
        raise refused(ReleaseRefusal.NOT_A_STAFF_CODE, staff=code)
