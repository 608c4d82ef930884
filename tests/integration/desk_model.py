"""The desk as a few lines of Python: what each act must be answered, and where the case stands afterwards."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pipeline.contracts.vocabulary import Queue
from pipeline.domain.desk import (
    MEETS,
    OPEN,
    TRANSITIONS,
    By,
    CloseResult,
    DeskAct,
    Holder,
    Stage,
    Transition,
    next_stage,
)
from pipeline.domain.posts import EVERYWHERE, PostRole
from pipeline.domain.steps import Came, Method, Outcome, StepTold, Why, fault_of

Said = Mapping[str, Any]
OUR_QUEUE = {PostRole.PROTECTIVE_WORKER: Queue.PROTECTIVE, PostRole.FAMILY_WORKER: Queue.FAMILY}


@dataclass(frozen=True, slots=True)
class Person:
    code: str
    role: PostRole
    scope: str

    def works_on(self, queue: str) -> bool:
        return self.role not in OUR_QUEUE or OUR_QUEUE[self.role] == queue


@dataclass(slots=True)
class Ticket:
    case_id: UUID
    queue: str
    centre: str
    county: str
    place: int
    opened_at: datetime
    clocks: frozenset[str]
    stage: Stage = Stage.WAITING
    fence: int = 0
    version: int = 1
    returns: int = 0
    screening: str | None = None
    result: str | None = None
    reason: str | None = None
    proposed_by: str | None = None
    disputed_by: str | None = None
    dispute_level: str | None = None
    holder: str | None = None
    lease_over: bool = False
    met: set[str] = field(default_factory=set)

    @property
    def order(self) -> tuple[int, datetime, UUID]:
        return self.place, self.opened_at, self.case_id


@dataclass(slots=True)
class Desk:
    people: dict[str, Person]
    tickets: dict[UUID, Ticket]
    parties: set[tuple[str, UUID]] = field(default_factory=set)
    done: dict[UUID, tuple[str, UUID, str, dict[str, Any]]] = field(default_factory=dict)

    def sees(self, who: Person, ticket: Ticket) -> bool:
        covered = who.scope in {ticket.centre, ticket.county, EVERYWHERE}
        return covered and who.works_on(ticket.queue) and (who.code, ticket.case_id) not in self.parties

    def held(self, who: str) -> int:
        return sum(t.holder == who for t in self.tickets.values())

    def act(self, who: Person, case: UUID, act: DeskAct, fence: int | None, said: Said) -> dict[str, Any]:
        ticket = self.tickets[case]
        if not self.sees(who, ticket):
            return {"code": "unknown_case"}
        if (before := self.done.get(said.get("act_id", case))) is not None:
            return before[3] if before[:3] == (who.code, case, act) else {"code": "key_reused"}
        version = ticket.version
        if act is DeskAct.CLAIM and ticket.lease_over:
            self.lapse(case)
        if act is DeskAct.CLAIM and ticket.stage is Stage.CLAIMED and ticket.holder == who.code:
            return _answer(ticket)
        row = TRANSITIONS.get((act, ticket.stage))
        if row is None:
            held = act is DeskAct.CLAIM and ticket.holder not in {None, who.code}
            return {"code": "held_by_another" if held else "not_in_this_stage"}
        code = _why_not(who, row, ticket, fence) or _unsaid(row, said, version)
        if code is None and act in {DeskAct.CLAIM, DeskAct.ACCEPT} and self.held(who.code) >= said.get("capacity", 99):
            code = "capacity_reached"
        actor = self._named(row, ticket, said.get("to", "")) if row.holder is Holder.NAMED else who
        if code is None and actor is None:
            code = "nobody_there"
        if code is not None or actor is None:
            return {"code": code}
        answer = self._move(row, ticket, actor.code, said)
        if "act_id" in said:
            self.done[said["act_id"]] = (who.code, case, act, answer)
        return answer

    def claim_next(self, who: Person, queue: str, centre: str, said: Said) -> dict[str, Any]:
        if who.role is PostRole.DISPATCHER or not who.works_on(queue):
            return {"code": "not_your_work"}
        if self.held(who.code) >= said.get("capacity", 99):
            return {"code": "capacity_reached"}
        there = [t for t in self.tickets.values() if (t.stage, t.queue, t.centre) == (Stage.WAITING, queue, centre)]
        mine = sorted((t for t in there if self.sees(who, t)), key=lambda t: t.order)
        if not mine:
            return {"code": "nothing_waits"}
        return self._move(TRANSITIONS[DeskAct.CLAIM, Stage.WAITING], mine[0], who.code, said)

    def renew(self, who: Person, case: UUID, fence: int | None) -> str:
        ticket = self.tickets[case]
        if not self.sees(who, ticket):
            return "unknown_case"
        return _grip(ticket, who.code, fence) or "done"

    def end_shift(self, who: Person) -> int:
        mine = [t for t in self.tickets.values() if (t.holder, t.stage) == (who.code, Stage.CLAIMED)]
        for ticket in mine:
            self._by_system(ticket, DeskAct.GIVE_BACK, "shift_over")
        return len(mine)

    def lapse(self, case: UUID) -> bool:
        ticket = self.tickets[case]
        if ticket.lease_over:
            self._by_system(ticket, DeskAct.LAPSE, "silence")
            return True
        return False

    def becomes_party(self, who: str, case: UUID) -> None:
        self.parties.add((who, case))
        ticket = self.tickets[case]
        if ticket.holder == who:
            self._by_system(ticket, DeskAct.HOLDER_GONE, "holder_gone")

    def _by_system(self, ticket: Ticket, act: DeskAct, why: str) -> None:
        self._move(TRANSITIONS[act, ticket.stage], ticket, "system", {"reason": why})

    def _named(self, row: Transition, ticket: Ticket, to: str) -> Person | None:
        found = self.people.get(to)
        if found is None or not self.sees(found, ticket) or found.role is PostRole.DISPATCHER:
            return None
        screens = row.next_stage is Stage.CLAIMED
        return None if found.role is PostRole.SCREENER and not screens else found

    def _move(self, row: Transition, ticket: Ticket, actor: str, said: Said) -> dict[str, Any]:
        stage = next_stage(row.act, ticket.stage, ticket.returns)
        assert stage
        changes_hands = row.holder is not Holder.AS_BEFORE
        ticket.fence += changes_hands
        if changes_hands:
            ticket.holder = None if row.holder is Holder.NOBODY else actor
        ticket.lease_over = False
        ticket.version += 1
        _note(row, ticket, actor, said)
        ticket.stage = stage
        told = step_of(said) if row.act is DeskAct.STEP else None
        clock = told.step if told and told.meets else MEETS.get(row.act)
        ticket.met |= {clock} & ticket.clocks if clock else set()
        return _answer(ticket)


def _answer(ticket: Ticket) -> dict[str, Any]:
    return {
        "code": "done",
        "case_id": str(ticket.case_id),
        "stage": ticket.stage,
        "fence": ticket.fence,
        "version": ticket.version,
        "held_by": ticket.holder,
    }


def _grip(ticket: Ticket, who: str, fence: int | None) -> str | None:
    if ticket.holder is None:
        return "not_held"
    if ticket.holder != who:
        return "held_by_another"
    if fence != ticket.fence:
        return "fence_stale"
    return "lease_over" if ticket.lease_over else None


def _why_not(who: Person, row: Transition, ticket: Ticket, fence: int | None) -> str | None:
    match row.allowed:
        case _ if who.role is PostRole.DISPATCHER:
            return "not_your_work"
        case By.SYSTEM:
            return "not_in_this_stage"
        case By.HANDS | By.WORKER:
            screens = row.allowed is By.WORKER and who.role is PostRole.SCREENER
            return "not_your_work" if screens else None
        case By.HOLDER:
            return _grip(ticket, who.code, fence)
        case By.HOLDER_OR_SUPERVISOR:
            return None if who.role is PostRole.SUPERVISOR else _grip(ticket, who.code, fence)
        case _:
            return _why_not_as_supervisor(who, row, ticket)


def _why_not_as_supervisor(who: Person, row: Transition, ticket: Ticket) -> str | None:
    if who.role is not PostRole.SUPERVISOR:
        return "not_your_work"
    if row.allowed is By.OTHER_SUPERVISOR:
        return _second_is(ticket.proposed_by, who)
    if row.allowed is By.PLATFORM:
        return "not_your_work" if who.scope == ticket.centre else _second_is(ticket.disputed_by, who)
    is_there = row.act is DeskAct.ESCALATE_DISPUTE and ticket.dispute_level == "city"
    return "not_in_this_stage" if is_there else None


def _second_is(first: str | None, who: Person) -> str | None:
    return "second_is_first" if first == who.code else None


def _unsaid(row: Transition, said: Said, version: int) -> str | None:
    if said.get("version", version) != version:
        return "version_stale"
    if row.reasons and said.get("reason") not in row.reasons:
        return "reason_unknown"
    results = {CloseResult.ESTABLISHED, CloseResult.NOT_ESTABLISHED}
    if row.act is DeskAct.CLOSE and said.get("result") not in results:
        return "result_unknown"
    if row.act is not DeskAct.STEP:
        return None
    return fault_of(step_of(said)) if said.get("step") else "step_unknown"


def step_of(said: Said) -> StepTold:
    return StepTold(
        said["step"],
        Method(said["method"]) if "method" in said else None,
        Outcome(said["outcome"]) if "outcome" in said else None,
        Why(said["why"]) if "why" in said else None,
        frozenset(Came(one) for one in said.get("came", ())),
        said.get("told_once"),
    )


def _note(row: Transition, ticket: Ticket, actor: str, said: Said) -> None:
    """What the ticket remembers of the act, but for stage and holder."""
    told = said.get("reason") if row.reasons or row.allowed is By.SYSTEM or actor == "system" else None
    kept = ticket.reason if row.act is DeskAct.SIGN_NOT_OPEN else None
    ticket.reason = told or kept
    ticket.proposed_by = {DeskAct.PROPOSE_NOT_OPEN: actor, DeskAct.SIGN_NOT_OPEN: ticket.proposed_by}.get(row.act)
    ticket.disputed_by = {DeskAct.DISPUTE: actor, DeskAct.ESCALATE_DISPUTE: ticket.disputed_by}.get(row.act)
    levels = {DeskAct.DISPUTE: "district", DeskAct.ESCALATE_DISPUTE: "city"}
    ticket.dispute_level = levels.get(row.act)
    match row.act:
        case DeskAct.RETURN:
            ticket.returns += 1
        case DeskAct.SCREEN_OPEN:
            ticket.screening = "open"
        case DeskAct.SCREEN_SHORT:
            ticket.screening = "short_service"
        case DeskAct.PROPOSE_NOT_OPEN:
            ticket.screening = "not_open"
        case DeskAct.REFUSE_NOT_OPEN:
            ticket.screening = None
        case DeskAct.SIGN_NOT_OPEN:
            ticket.result = CloseResult.NOT_OPENED
        case DeskAct.CLOSE:
            ticket.result = said["result"]
        case DeskAct.REOPEN:
            ticket.returns, ticket.screening, ticket.result = 0, None, None
        case _:
            pass


def ways_on(ticket: Ticket) -> Iterator[Transition]:
    """What people may do with it in its stage."""
    return (row for row in TRANSITIONS.values() if row.stage is ticket.stage and row.allowed is not By.SYSTEM)


def is_open(ticket: Ticket) -> bool:
    return ticket.stage in OPEN
