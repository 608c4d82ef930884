"""What people do with a case: raise it, lower it, or hand it to another centre, which accepts or refuses."""

import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar
from uuid import UUID, uuid4

import orjson

from pipeline import wiring
from pipeline.adapters.postgres.overrides import Overrides
from pipeline.adapters.postgres.transfers import Transfers, Waiting
from pipeline.adapters.probes import asked
from pipeline.contracts.case import OverrideKind, OverrideReason, TransferReason, TransferRefusalReason
from pipeline.contracts.vocabulary import Priority, Queue
from pipeline.domain.overrides import Overridden, OverrideWish
from pipeline.domain.parts import Wanted, grade_told
from pipeline.domain.transfer import Answer, Handed, Proposal
from pipeline.settings import Settings

TRANSFERS_MAX = 1000

T = TypeVar("T")


def propose_transfer(  # noqa: PLR0913 - as the flags of the command
    settings: Settings, case: str, *, to: str, reason: str, by: str, transfer_id: UUID | None = None
) -> None:
    """A transfer is a new one unless its id is told. Raises RulingRefusedError."""
    wish = Proposal(transfer_id or uuid4(), to, TransferReason(reason), by)
    _tell(asked(_with_transfers(settings, lambda transfers: transfers.propose(case, wish))))


def answer_transfer(settings: Settings, transfer_or_case: str, *, by: str, refused_for: str | None = None) -> None:
    """Raises RulingRefusedError."""
    said = Answer(by, TransferRefusalReason(refused_for) if refused_for else None)
    _tell(asked(_with_transfers(settings, lambda transfers: transfers.answer(transfer_or_case, said))))


def show_transfers(settings: Settings, *, as_json: bool) -> None:
    found = asked(_with_transfers(settings, lambda transfers: transfers.waiting(TRANSFERS_MAX)))
    for waiting in found:
        if as_json:
            sys.stdout.buffer.write(orjson.dumps(_as_told(waiting), option=orjson.OPT_APPEND_NEWLINE))
        else:
            sys.stdout.write("\n".join(_in_words(waiting)) + "\n")
    if not as_json:
        more = " or more" if len(found) == TRANSFERS_MAX else ""
        sys.stdout.write(f"{len(found)}{more} transfers wait for an answer\n")


def _tell(handed: Handed | None) -> None:
    if handed is None:
        sys.stdout.write("done before; nothing changed\n")
        return
    told, (_, routing) = handed.transfer, handed.change.after.judged
    sys.stdout.write(
        f"transfer {told.transfer_id} {told.state}: {told.from_centre} to {told.to_centre}, {told.reason}\n"
        f"  case {handed.change.after.case_id} version {handed.change.after.version} is at {routing.centre}\n"
    )


def _as_told(waiting: Waiting) -> dict[str, object]:
    beside = {"case_id": str(waiting.case_id), "proposed_at": waiting.proposed_at}
    return waiting.transfer.model_dump(mode="json") | beside | {"queue": waiting.queue, "priority": waiting.priority}


def _in_words(waiting: Waiting) -> Iterator[str]:
    told = waiting.transfer
    yield f"transfer {told.transfer_id}  case {waiting.case_id}  {waiting.queue} {waiting.priority}"
    at = waiting.proposed_at.isoformat(timespec="seconds")
    yield f"  {told.from_centre} to {told.to_centre}, {told.reason}, proposed by {told.proposed_by} at {at}"


def wish_of(  # noqa: PLR0913 - as the flags of the commands
    kind: str,
    queue: str | None,
    priority: str | None,
    child_grade: str | None,
    *,
    reason: str,
    by: str,
    second: str | None = None,
    override_id: UUID | None = None,
) -> OverrideWish:
    """An override is a new one unless its id is told."""
    wanted = Wanted(Queue(queue) if queue else None, Priority(priority) if priority else None, grade_told(child_grade))
    return OverrideWish(override_id or uuid4(), OverrideKind(kind), wanted, OverrideReason(reason), by, second)


def put(settings: Settings, case: str, wish: OverrideWish) -> None:
    """Raises or lowers, and tells how the case stands. Raises RulingRefusedError."""
    done = asked(_with_overrides(settings, lambda overrides: overrides.put(case, wish)))
    sys.stdout.write("\n".join(_changed(wish, done)) + "\n")


def _changed(wish: OverrideWish, done: Overridden | None) -> Iterator[str]:
    if done is None:
        yield f"{wish.override_id} was said before; nothing changed"
        return
    told, case = done.override, done.change.after
    standing, routing = case.judged
    yield f"{told.kind} {told.override_id} by {told.said_by}, {told.reason}"
    for part in told.parts:
        yield f"  {part.part} {part.was} to {part.now}" + (f", against {part.rule}" if part.rule else "")
    grade = f", child grade {standing.child_grade}" if standing.child_grade else ""
    yield f"case {case.case_id} version {case.version}: {standing.queue} {standing.priority}{grade} at {routing.centre}"


async def _with_overrides(settings: Settings, act: Callable[[Overrides], Awaitable[T]]) -> T:
    async with wiring.links(settings) as found:
        return await act(found.overrides)


async def _with_transfers(settings: Settings, act: Callable[[Transfers], Awaitable[T]]) -> T:
    async with wiring.links(settings) as found:
        return await act(found.transfers)
