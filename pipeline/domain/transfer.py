"""A case goes to another county only when that one accepts: proposed, then accepted or refused. Until then it stays
where it is, and its clocks run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from uuid import UUID

from pipeline.contracts.case import Transfer, TransferReason, TransferRefusalReason, TransferState
from pipeline.domain.casefile import CaseFile, CaseState
from pipeline.domain.centres import KIND_OF, Centre, CentreBook
from pipeline.domain.pinning import Judged, handed_to
from pipeline.domain.policy.own_words import COUNTY_ASSUMED, COUNTY_UNKNOWN
from pipeline.domain.regroup import Change
from pipeline.domain.rulings import is_staff_code
from pipeline.domain.terms import Terms
from pipeline.errors import RulingRefusedError


class TransferRefusal(StrEnum):
    """Why a transfer is not done."""

    NOT_A_STAFF_CODE = "not_a_staff_code"
    CASE_NOT_OPEN = "case_not_open"
    UNKNOWN_CENTRE = "unknown_centre"
    ALREADY_THERE = "already_there"
    OTHER_QUEUE = "other_queue"
    ALREADY_PROPOSED = "already_proposed"
    NOT_PROPOSED = "not_proposed"
    ANSWERED_BEFORE = "answered_before"
    ONE_PERSON = "one_person"
    MOVED_SINCE = "moved_since"
    STAYS_WITH_FIRST = "stays_with_first"


MEANINGS: Final[Mapping[TransferRefusal, str]] = {
    TransferRefusal.NOT_A_STAFF_CODE: "a person is told by a staff code: letters and digits with at least one digit, "
    "never a name, an ID or a telephone",
    TransferRefusal.CASE_NOT_OPEN: "the case is closed or went up in another one",
    TransferRefusal.UNKNOWN_CENTRE: "the directory has no such centre of a county: see `anwang directory show TOWN`",
    TransferRefusal.ALREADY_THERE: "the case is at this centre",
    TransferRefusal.OTHER_QUEUE: "a protective case goes to a protective centre, any other to a family service centre",
    TransferRefusal.ALREADY_PROPOSED: "a transfer of this case waits for its answer",
    TransferRefusal.NOT_PROPOSED: "no transfer of this id, or of this case, waits for an answer",
    TransferRefusal.ANSWERED_BEFORE: "this transfer was answered before, and otherwise",
    TransferRefusal.ONE_PERSON: "who proposed a transfer does not accept it: the other centre does",
    TransferRefusal.STAYS_WITH_FIRST: "a child in immediate danger of whom no place is known stays with the county "
    "that got the report first; say where the child lives, moved to or was placed, if that is the reason",
    TransferRefusal.MOVED_SINCE: "the case has left the centre that proposed this: refuse it, and propose it anew",
}


_NO_PLACE = frozenset({COUNTY_ASSUMED, COUNTY_UNKNOWN})
_CHILD_IS_THERE = frozenset(
    {TransferReason.VICTIM_LIVES_THERE, TransferReason.VICTIM_MOVED, TransferReason.PLACED_THERE}
)
"""D0050009 a16: the county that got the report of a missing child first may not pass it on."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a person of one centre wants. Said again with the same id it counts once."""

    transfer_id: UUID
    to_centre: str
    reason: TransferReason
    proposed_by: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person of the other centre says; without `refused_for` it is accepted."""

    answered_by: str
    refused_for: TransferRefusalReason | None = None


@dataclass(frozen=True, slots=True)
class Handed:
    """A transfer as it stands now, and what it does to the case."""

    transfer: Transfer
    change: Change


def refused(code: TransferRefusal) -> RulingRefusedError:
    return RulingRefusedError(code, MEANINGS[code])


def propose(wish: Proposal, case: CaseFile, book: CentreBook, *, waits: bool = False) -> Handed:
    """`waits`: another transfer of this case has no answer yet. Raises RulingRefusedError."""
    _require_open(case, wish.proposed_by)
    if waits:
        raise refused(TransferRefusal.ALREADY_PROPOSED)
    standing, routing = case.judged
    if standing.child_grade == 1 and routing.tags & _NO_PLACE and wish.reason not in _CHILD_IS_THERE:
        raise refused(TransferRefusal.STAYS_WITH_FIRST)
    to = _target(wish.to_centre, case, book)
    transfer = Transfer(
        transfer_id=wish.transfer_id,
        from_centre=routing.centre,
        to_centre=to.code,
        to_county=to.county or "",
        reason=wish.reason,
        state=TransferState.PROPOSED,
        proposed_by=wish.proposed_by,
    )
    return Handed(transfer, Change(case, case.next))


def answer(transfer: Transfer, said: Answer, case: CaseFile, terms: Terms) -> Handed:
    """Accepted, the case waits at the other centre, its routing pinned; its clocks stay. Raises RulingRefusedError."""
    _require_open(case, said.answered_by)
    if transfer.state is not TransferState.PROPOSED:
        raise refused(TransferRefusal.ANSWERED_BEFORE)
    if said.refused_for:
        return Handed(_answered(transfer, said, TransferState.REFUSED), Change(case, case.next))
    if said.answered_by.casefold() == transfer.proposed_by.casefold():
        raise refused(TransferRefusal.ONE_PERSON)
    standing, routing = case.judged
    if routing.centre != transfer.from_centre:
        raise refused(TransferRefusal.MOVED_SINCE)
    to = _target(transfer.to_centre, case, terms.centres)
    views = tuple(incident.view for incident in case.incidents)
    there = handed_to(to.code, transfer.to_county, routing, Judged(views, standing, terms))
    after = replace(case.next, routing=there, state=CaseState.WAITING)
    return Handed(_answered(transfer, said, TransferState.ACCEPTED), Change(case, after))


def is_the_same(transfer: Transfer, said: Answer) -> bool:
    """Whether this answer was given before."""
    was = (transfer.state is TransferState.ACCEPTED, transfer.answered_by, transfer.refused_for)
    return transfer.state is not TransferState.PROPOSED and was == (
        said.refused_for is None,
        said.answered_by,
        said.refused_for,
    )


def _answered(transfer: Transfer, said: Answer, state: TransferState) -> Transfer:
    told = {"state": state, "answered_by": said.answered_by, "refused_for": said.refused_for}
    return transfer.model_copy(update=told)


def _require_open(case: CaseFile, person: str) -> None:
    if not is_staff_code(person):
        raise refused(TransferRefusal.NOT_A_STAFF_CODE)
    if case.state not in (CaseState.WAITING, CaseState.CLAIMED):
        raise refused(TransferRefusal.CASE_NOT_OPEN)


def _target(code: str, case: CaseFile, book: CentreBook) -> Centre:
    standing, routing = case.judged
    centre = book.find(code)
    if centre is None or centre.county is None:
        raise refused(TransferRefusal.UNKNOWN_CENTRE)
    if centre.code == routing.centre:
        raise refused(TransferRefusal.ALREADY_THERE)
    if centre.kind is not KIND_OF[standing.queue]:
        raise refused(TransferRefusal.OTHER_QUEUE)
    return centre
