"""What people decide of links: confirm, part, split, merge, and the questions that wait for them."""

import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar
from uuid import UUID, uuid4

import orjson

from pipeline import wiring
from pipeline.adapters.postgres.rulings import Rulings
from pipeline.adapters.probes import asked
from pipeline.contracts.case import RulingKind
from pipeline.domain.bonds import Scope
from pipeline.domain.casefile import CaseFile
from pipeline.domain.questions import Question, Side, as_told
from pipeline.domain.rulings import Ruled
from pipeline.domain.wishes import Wish
from pipeline.settings import Settings

QUESTIONS_MAX = 1000

T = TypeVar("T")


def decide(settings: Settings, wish: Wish) -> None:
    """Does what a person wants decided and tells what it changed. Raises RulingRefusedError."""
    ruled = asked(_with_book(settings, lambda book: book.decide(wish)))
    sys.stdout.write("\n".join(_changed(wish, ruled)) + "\n")


def wish_of(  # noqa: PLR0913 - as the flags of the commands
    kind: str,
    scope: str,
    names: Sequence[str],
    *,
    by: str,
    second: str | None = None,
    ruling_id: UUID | None = None,
    case: str | None = None,
    is_answer: bool = False,
) -> Wish:
    """A ruling is a new one unless its id is told."""
    return Wish(ruling_id or uuid4(), RulingKind(kind), Scope(scope), tuple(names), by, second, case, is_answer)


def reindex(settings: Settings) -> None:
    """Gives every stored report the keys by which this release finds it, and says how far it has come."""

    async def act() -> int:
        async with wiring.links(settings) as found:
            return await found.reindex.run(_tell_progress)

    sys.stdout.write(f"{asked(act()):,} reports have the keys of this release\n")


def _tell_progress(reports: int) -> None:
    sys.stderr.write(f"{reports:,} reports\n")


def show_questions(settings: Settings, *, as_json: bool) -> None:
    found = asked(_with_book(settings, lambda book: book.questions(QUESTIONS_MAX)))
    if as_json:
        for question in found:
            sys.stdout.buffer.write(orjson.dumps(as_told(question), option=orjson.OPT_APPEND_NEWLINE))
        return
    for question in found:
        sys.stdout.write("\n".join(_in_words(question)) + "\n")
    more = " or more" if len(found) == QUESTIONS_MAX else ""
    sys.stdout.write(f"{len(found)}{more} open questions\n")


def _in_words(question: Question) -> list[str]:
    return [
        f"asked {question.asked_at.isoformat(timespec='seconds')}",
        *(_side(side) for side in (question.one, question.other)),
        *(f"  {words.zh}  {words.en}" for words in question.words),
    ]


def _side(side: Side) -> str:
    where = f"{side.county or '-'} {side.centre} {side.queue} {side.priority}"
    return f"  report {side.report_id}  case {side.case_id}  {side.state}  {where}"


def _changed(wish: Wish, ruled: Ruled | None) -> Iterator[str]:
    if ruled is None:
        yield f"{wish.ruling_id} was done before; nothing changed"
        return
    yield f"{wish.kind} {wish.ruling_id} by {wish.ruled_by}"
    for gone in ruled.absorbed:
        yield f"  case {gone.case.case_id} is an alias of {gone.into} now"
    for change in ruled.changes:
        yield f"  {_standing(change.after)}"


def _standing(case: CaseFile) -> str:
    standing, routing = case.judged
    holds = f"{len(case.reports)} reports, {len(case.incidents)} incidents"
    waits = f"{standing.queue} {standing.priority} at {routing.centre}"
    return f"case {case.case_id} version {case.version}: {holds}, {waits}"


async def _with_book(settings: Settings, act: Callable[[Rulings], Awaitable[T]]) -> T:
    async with wiring.links(settings) as found:
        return await act(found.rulings)
