"""Erases cases by two people, and again after a restore."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import UUID, uuid4

import orjson

from pipeline import wiring
from pipeline.adapters.postgres.erasures import Erasures, Open, Wish
from pipeline.adapters.probes import asked
from pipeline.commands.erase_due import require_due
from pipeline.contracts.case import ErasureReason
from pipeline.domain.erasure import ErasureRecord
from pipeline.settings import Settings

ERASURES_MAX = 10_000

T = TypeVar("T")


def propose(settings: Settings, case: str, *, reason: str, by: str, erasure_id: UUID | None = None) -> None:
    """A proposal is a new one unless its id is told. Raises RulingRefusedError."""
    if reason == ErasureReason.TERM_OVER:
        require_due(settings, case)
    wish = Wish(erasure_id or uuid4(), ErasureReason(reason), by)
    case_id = asked(_with(settings, lambda erasures: erasures.propose(case, wish)))
    if case_id is None:
        _say("proposed before; nothing changed")
    else:
        _say(f"erasure {wish.erasure_id} proposed: case {case_id}, {wish.reason}; another person approves it")


def approve(settings: Settings, erasure_ids: Sequence[UUID], *, by: str) -> None:
    """One after the other; what was erased before stays so when a later one is refused. Raises RulingRefusedError."""

    async def act(erasures: Erasures) -> None:
        for erasure_id in erasure_ids:
            await _tell_erased(erasures, await erasures.approve(erasure_id, by))

    asked(_with(settings, act))


def refuse(settings: Settings, erasure_id: UUID, *, by: str) -> None:
    """Raises RulingRefusedError."""
    is_new = asked(_with(settings, lambda erasures: erasures.refuse(erasure_id, by)))
    _say(f"erasure {erasure_id} refused" if is_new else "refused before; nothing changed")


def resume(settings: Settings) -> None:
    """Finishes what was begun."""

    async def act(erasures: Erasures) -> bool:
        found = await erasures.resume()
        for record in found:
            await _tell_erased(erasures, record)
        return bool(found)

    if not asked(_with(settings, act)):
        _say("nothing was left to do")


def show_open(settings: Settings, *, as_json: bool) -> None:
    found = asked(_with(settings, lambda erasures: erasures.open_ones(ERASURES_MAX)))
    for one in found:
        if as_json:
            sys.stdout.buffer.write(orjson.dumps(one._asdict(), option=orjson.OPT_APPEND_NEWLINE))
        else:
            _say(_in_words(one))
    if not as_json:
        _say(f"{len(found)} erasures wait for an answer or are under way")


def apply_list(settings: Settings) -> bool:
    """Whether nothing is left to a person: a report of an erased case may stand in another case of a restored
    database.
    """

    async def act(erasures: Erasures) -> list[tuple[UUID, UUID]]:
        return [left for record in await everywhere(erasures) for left in await _applied(erasures, record)]

    left = asked(_with(settings, act))
    for report_id, case_id in left:
        _say(f"report {report_id} of an erased case stands in case {case_id}: split it off, then erase that case")
    return not left


async def everywhere(erasures: Erasures) -> Sequence[ErasureRecord]:
    """All that the list, the data or the keys know as erased, the oldest first."""
    known = {**await erasures.records(), **await erasures.keys.records(), **erasures.listed.read()}
    return sorted(known.values(), key=lambda record: (record.begun_at, record.erasure_id))


async def _applied(erasures: Erasures, record: ErasureRecord) -> list[tuple[UUID, UUID]]:
    await erasures.bring_in(record)
    await _tell_erased(erasures, record)
    return await erasures.elsewhere(record)


async def _with(settings: Settings, act: Callable[[Erasures], Awaitable[T]]) -> T:
    async with wiring.erasing(settings) as erasures:
        return await act(erasures)


def _in_words(one: Open) -> str:
    where = f"{one.queue} at {one.centre}" if one.queue else "not in this database"
    at = one.proposed_at.isoformat(timespec="seconds")
    said = f"{one.reason}, by {one.proposed_by} at {at}"
    return f"erasure {one.erasure_id} {one.state}: case {one.case_id}, {where}, {said}"


async def _tell_erased(erasures: Erasures, record: ErasureRecord) -> None:
    _say(f"case {record.case_id} erased ({len(record.reports)} reports): {record.reason}, erasure {record.erasure_id}")
    for case_id in await erasures.past_homes(record):
        _say(
            f"  reports of it lay in case {case_id} before, whose key stays: backups of the data from then open them"
            " until `anwang keys rotate case` and `anwang keys prune` are done"
        )


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
