"""Erasing a case: one person proposes, another approves, then nothing personal of it can be opened any more. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from pydantic import TypeAdapter

from pipeline.contracts.case import Erasure, ErasureReason
from pipeline.domain.casefile import CaseState
from pipeline.domain.rulings import is_staff_code
from pipeline.errors import RulingRefusedError


class ErasureState(StrEnum):
    """Begun: approved, the case is closed to everyone, and what is left to do is done whatever is killed meanwhile."""

    PROPOSED = "proposed"
    REFUSED = "refused"
    BEGUN = "begun"
    DONE = "done"


class ErasureRefusal(StrEnum):
    """Why an erasure is not done."""

    NOT_A_STAFF_CODE = "not_a_staff_code"
    UNKNOWN_CASE = "unknown_case"
    CASE_MERGED = "case_merged"
    ALREADY_ERASED = "already_erased"
    ALREADY_PROPOSED = "already_proposed"
    TRANSFER_WAITS = "transfer_waits"
    NOT_PROPOSED = "not_proposed"
    ANSWERED_BEFORE = "answered_before"
    ONE_PERSON = "one_person"
    NOT_DUE = "not_due"


MEANINGS: Final[Mapping[ErasureRefusal, str]] = {
    ErasureRefusal.NOT_A_STAFF_CODE: "a person is told by a staff code: letters and digits with at least one digit, "
    "never a name, an ID or a telephone",
    ErasureRefusal.UNKNOWN_CASE: "no case of this id is known",
    ErasureRefusal.CASE_MERGED: "this case went up in another: say the id of that one, or split it first",
    ErasureRefusal.ALREADY_ERASED: "this case was erased before",
    ErasureRefusal.ALREADY_PROPOSED: "an erasure of this case waits for its answer",
    ErasureRefusal.TRANSFER_WAITS: "a transfer of this case waits for its answer: accept or refuse that first",
    ErasureRefusal.NOT_PROPOSED: "no erasure of this id is known",
    ErasureRefusal.ANSWERED_BEFORE: "this erasure was answered before, and otherwise",
    ErasureRefusal.ONE_PERSON: "who proposed an erasure does not approve it: a second person does",
    ErasureRefusal.NOT_DUE: "the law's time for keeping this case has not passed: see `anwang case erase due`",
}


def refused(code: ErasureRefusal) -> RulingRefusedError:
    return RulingRefusedError(code, MEANINGS[code])


class Event(NamedTuple):
    """A message of an erased case: its key, and a keyed digest of its bytes in hexadecimal digits."""

    event_key: UUID
    digest: str


@dataclass(frozen=True, slots=True)
class ErasureRecord:
    """All that is needed to do an erasure again on a restored database: ids, codes, keyed digests. `owners` are the
    owners of keys that it destroys: the case, those that went up in it, and those that its reports would begin.
    """

    erasure_id: UUID
    case_id: UUID
    reason: ErasureReason
    proposed_by: str
    approved_by: str
    begun_at: datetime
    owners: tuple[UUID, ...]
    reports: tuple[UUID, ...]
    events: tuple[Event, ...]

    @property
    def told(self) -> Erasure:
        return Erasure(
            erasure_id=self.erasure_id,
            reason=self.reason,
            proposed_by=self.proposed_by,
            approved_by=self.approved_by,
        )


RECORD: Final = TypeAdapter(ErasureRecord)


class Standing(NamedTuple):
    """What matters of a case before it is erased. No state: the case is not known."""

    state: CaseState | None
    is_proposed: bool = False
    transfer_waits: bool = False


class Proposed(NamedTuple):
    """An erasure as it is stored."""

    state: ErasureState
    proposed_by: str
    answered_by: str | None


def require_proposable(standing: Standing, reason: ErasureReason, by: str) -> None:
    """Raises RulingRefusedError."""
    if not is_staff_code(by):
        raise refused(ErasureRefusal.NOT_A_STAFF_CODE)
    if standing.is_proposed:
        raise refused(ErasureRefusal.ALREADY_PROPOSED)
    require_erasable(standing, reason)


def require_erasable(standing: Standing, reason: ErasureReason) -> None:
    """Raises RulingRefusedError for a case that is not there to be erased, or of which something waits."""
    if standing.state is None:
        raise refused(ErasureRefusal.UNKNOWN_CASE)
    if standing.state is CaseState.MERGED:
        raise refused(ErasureRefusal.CASE_MERGED)
    if standing.state is CaseState.ERASED:
        raise refused(ErasureRefusal.ALREADY_ERASED)
    if standing.transfer_waits:
        raise refused(ErasureRefusal.TRANSFER_WAITS)
    if reason is ErasureReason.TERM_OVER and standing.state is not CaseState.CLOSED:
        raise refused(ErasureRefusal.NOT_DUE)


def require_answerable(proposed: Proposed | None, by: str, *, approves: bool) -> bool:
    """Whether it is left to answer: False where this answer was given before. Raises RulingRefusedError."""
    if not is_staff_code(by):
        raise refused(ErasureRefusal.NOT_A_STAFF_CODE)
    if proposed is None:
        raise refused(ErasureRefusal.NOT_PROPOSED)
    if proposed.state is not ErasureState.PROPOSED:
        if proposed.answered_by == by and (proposed.state is not ErasureState.REFUSED) == approves:
            return False
        raise refused(ErasureRefusal.ANSWERED_BEFORE)
    if approves and by.casefold() == proposed.proposed_by.casefold():
        raise refused(ErasureRefusal.ONE_PERSON)
    return True


@dataclass(frozen=True, slots=True)
class Known:
    """Which erasures each place knows, by id, with the owners of the keys. `back` are erased owners whose key is there,
    or whose case is open, again. `begun` are those that the data database has begun and not yet done.
    """

    listed: Collection[UUID]
    data: Collection[UUID]
    keys: Collection[UUID]
    begun: Collection[UUID] = ()
    back: Collection[UUID] = ()


def unapplied(known: Known) -> Sequence[str]:
    """Why nothing may be opened: in words, nothing where all places agree. An erasure that is under way is none."""
    return tuple(_complaints(known))


def _complaints(known: Known) -> Iterator[str]:
    under_way = {*known.begun} - {*known.listed}
    everywhere = {*known.listed, *known.data, *known.keys} - under_way
    if lost := everywhere - {*known.data}:
        yield f"the data database does not know {len(lost)} erasures"
    if lost := everywhere - {*known.keys}:
        yield f"the keys database does not know {len(lost)} erasures"
    if known.back:
        yield f"{len(known.back)} erased cases are there again"
