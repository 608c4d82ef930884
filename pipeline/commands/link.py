"""What people decide of links: confirm, part, split, merge, and the questions that wait for them."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar
from uuid import UUID, uuid4

import orjson

from pipeline import wiring
from pipeline.adapters.postgres.rulings import Rulings
from pipeline.adapters.probes import asked
from pipeline.contracts.case import Ruling, RulingKind
from pipeline.domain.bonds import Scope
from pipeline.domain.casefile import CaseFile
from pipeline.domain.explain import reason_words
from pipeline.domain.questions import Question, Side
from pipeline.domain.rulings import Ruled
from pipeline.settings import Settings

QUESTIONS_MAX = 1000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class People:
    """Who says so, by staff codes, and the ruling's own id: the same one again changes nothing."""

    by: str
    second: str | None
    ruling_id: UUID


def people(by: str, second: str | None, ruling_id: UUID | None) -> People:
    """A ruling is a new one unless its id is told."""
    return People(by, second, ruling_id or uuid4())


def split(settings: Settings, people: People, case: str, reports: Sequence[str], scope: Scope) -> None:
    """These reports leave the case, or with the scope of an incident their incident."""

    async def act(book: Rulings) -> Ruled | None:
        return await _say(book, people, RulingKind.SPLIT, scope, await book.leaving(case, tuple(reports)))

    _tell(people, asked(_with_book(settings, act)))


def merge(settings: Settings, people: People, one: str, other: str, scope: Scope) -> None:
    """These cases, or incidents, are one."""

    async def act(book: Rulings) -> Ruled | None:
        return await _say(
            book, people, RulingKind.MERGE, scope, [await book.whole(one, scope), await book.whole(other, scope)]
        )

    _tell(people, asked(_with_book(settings, act)))


def say(settings: Settings, people: People, kind: RulingKind, reports: Sequence[str], scope: Scope) -> None:
    """A word on reports themselves: they belong together, or they do not."""

    async def act(book: Rulings) -> Ruled | None:
        return await _say(book, people, kind, scope, [await book.report(name) for name in reports])

    _tell(people, asked(_with_book(settings, act)))


def answer(settings: Settings, people: People, one: str, other: str, *, yes: bool) -> None:
    """Ends an open question about two reports: one household, or not."""
    kind = RulingKind.CONFIRM if yes else RulingKind.PART

    async def act(book: Rulings) -> Ruled | None:
        reports = [await book.report(one), await book.report(other)]
        await book.require_question(*reports)
        return await _say(book, people, kind, Scope.HOUSEHOLD, reports)

    _tell(people, asked(_with_book(settings, act)))


async def _say(book: Rulings, people: People, kind: RulingKind, scope: Scope, reports: Sequence[UUID]) -> Ruled | None:
    ruling = Ruling(
        ruling_id=people.ruling_id,
        kind=kind,
        scope=scope.value,
        reports=tuple(reports),
        ruled_by=people.by,
        seconded_by=people.second,
    )
    return await book.apply(ruling)


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


def as_told(question: Question) -> dict[str, object]:
    """As JSON: with the reasons in words, and without a source."""
    return {**asdict(question), "reasons": [words._asdict() for words in reason_words(question.reasons)]}


def _in_words(question: Question) -> list[str]:
    return [
        f"asked {question.asked_at.isoformat(timespec='seconds')}",
        *(_side(side) for side in (question.one, question.other)),
        *(f"  {words.zh}  {words.en}" for words in reason_words(question.reasons)),
    ]


def _side(side: Side) -> str:
    where = f"{side.county or '-'} {side.centre} {side.queue} {side.priority}"
    return f"  report {side.report_id}  case {side.case_id}  {side.state}  {where}"


def _tell(people: People, ruled: Ruled | None) -> None:
    if ruled is None:
        sys.stdout.write(f"{people.ruling_id} was done before; nothing changed\n")
        return
    sys.stdout.write(f"{ruled.ruling.kind} {people.ruling_id} by {people.by}\n")
    for gone in ruled.absorbed:
        sys.stdout.write(f"  case {gone.case.case_id} is an alias of {gone.into} now\n")
    for change in ruled.changes:
        sys.stdout.write(f"  {_standing(change.after)}\n")


def _standing(case: CaseFile) -> str:
    standing, routing = case.judged
    holds = f"{len(case.reports)} reports, {len(case.incidents)} incidents"
    waits = f"{standing.queue} {standing.priority} at {routing.centre}"
    return f"case {case.case_id} version {case.version}: {holds}, {waits}"


async def _with_book(settings: Settings, act: Callable[[Rulings], Awaitable[T]]) -> T:
    async with wiring.links(settings) as found:
        return await act(found.rulings)
