"""When people may bring a release into force, and take it back. Each step gives what is to be written, or raises
ReleaseRefusedError.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pipeline.contracts.decision import in_taipei
from pipeline.domain.policy.book import Activation, PolicyBook
from pipeline.domain.policy.policy import Policy
from pipeline.domain.policy.release import SIGNERS_MIN, Verify, book_of, signed_by
from pipeline.domain.policy.release_records import Records, Signer, is_one
from pipeline.domain.policy.release_refusals import ReleaseRefusal, refused
from pipeline.domain.policy.release_steps import require_two, usable

START_AHEAD_MIN: Final = timedelta(seconds=60)
"""Of an activation: longer than a worker's turn, and than clocks of a broker and a database may differ, so that every
worker knows of it before the first report that it judges comes in.
"""

ROLL_BACK_AHEAD: Final = timedelta(seconds=5)
"""Of a roll-back. It may not wait: every report meanwhile is judged by what people no longer want. It still lies ahead,
since a report that came in earlier keeps the policy of its time, also where it is settled again after a crash.
"""


@dataclass(frozen=True, slots=True)
class Start:
    """An activation that people want; the two are staff codes."""

    version: str
    starts_at: datetime
    activated_by: str
    seconded_by: str


def may_activate(records: Records, wanted: Start, now: datetime, verify: Verify) -> Policy:
    policy = usable(records, wanted.version)
    require_two(wanted.activated_by, wanted.seconded_by)
    signers = signed_by(records, records.releases[wanted.version], verify, now)
    if len(signers) < SIGNERS_MIN:
        raise refused(ReleaseRefusal.NOT_SIGNED_BY_TWO, version=wanted.version, signatures=len(signers))
    for staff in (wanted.activated_by, wanted.seconded_by):
        if not any(is_one(signer.staff, staff) for signer in signers):
            raise refused(ReleaseRefusal.HAS_NOT_SIGNED, staff=staff, version=wanted.version)
    _require_time(policy, wanted.starts_at, now)
    if book_of(records, verify)[0].at(wanted.starts_at).digest == policy.digest:
        raise refused(ReleaseRefusal.IN_FORCE_ALREADY, version=wanted.version)
    return policy


def _require_time(policy: Policy, starts_at: datetime, now: datetime) -> None:
    if starts_at < now + START_AHEAD_MIN:
        seconds, at = int(START_AHEAD_MIN.total_seconds()), in_taipei(now).isoformat(timespec="seconds")
        raise refused(ReleaseRefusal.TOO_SOON, seconds=seconds, now=at)
    if not policy.may_be_in_force(in_taipei(starts_at).date()):
        first, last = policy.tables.effective_from, policy.tables.effective_to
        raise refused(ReleaseRefusal.NOT_EFFECTIVE, version=policy.version, first=first, last=last or "then on")


@dataclass(frozen=True, slots=True)
class RollBack:
    """Which activation ends and when, what is left by it, and what comes back: None is the shipped policy. One that
    `was_planned` never begins.
    """

    undoes: int
    leaves: str
    version: str | None
    starts_at: datetime
    was_planned: bool = False


def plan_roll_back(book: PolicyBook, now: datetime, number: int | None = None) -> RollBack:
    """Ends the activation that is in force, or the one of this number, which may be planned only."""
    soon = now + ROLL_BACK_AHEAD
    ended = _to_end(book, soon, number)
    starts_at = max(soon, ended.starts_at)
    rest = PolicyBook(tuple(a for a in book.activations if a.number != ended.number))
    back = rest.activation_at(starts_at)
    was_planned = ended.starts_at > soon
    return RollBack(ended.number, ended.policy.version, back.policy.version if back else None, starts_at, was_planned)


def _to_end(book: PolicyBook, soon: datetime, number: int | None) -> Activation:
    in_force = book.activation_at(soon)
    if number is None:
        if in_force is None:
            raise refused(ReleaseRefusal.NOTHING_TO_UNDO)
        return in_force
    for activation in book.activations:
        is_planned = activation.starts_at > soon and activation.ends_at is None
        if activation.number == number and (is_planned or activation is in_force):
            return activation
    raise refused(ReleaseRefusal.NOT_TO_BE_UNDONE, number=number)


def may_roll_back(records: Records, keys: tuple[bytes, bytes], now: datetime) -> tuple[Signer, Signer]:
    """The two people whose keys these are."""
    one, other = (records.signers.get(key) for key in keys)
    if one is None or other is None or not (one.may_sign(now) and other.may_sign(now)):
        raise refused(ReleaseRefusal.UNKNOWN_KEY)
    require_two(one.staff, other.staff)
    return one, other
