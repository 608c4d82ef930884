"""Shows and proposes the closed cases that the law no longer lets us keep."""

import sys
from datetime import date
from uuid import uuid4

import orjson

from pipeline import wiring
from pipeline.adapters.postgres.erasures import Wish
from pipeline.adapters.postgres.retaining import Due, today
from pipeline.adapters.probes import asked
from pipeline.contracts.case import ErasureReason
from pipeline.domain.erasure import ErasureRefusal, refused
from pipeline.errors import AnwangError
from pipeline.settings import Settings


class DayRefusedError(AnwangError):
    """What was said as a day is none."""


def show_due(settings: Settings, on: str | None, *, propose_by: str | None, as_json: bool) -> None:
    """With `propose_by` each is proposed, too; a day to come is shown and never proposed. Raises RulingRefusedError,
    DayRefusedError.
    """
    day = _day(on) if on else today()
    if propose_by and day > today():
        raise DayRefusedError("what is due on a day to come is not proposed today")
    found = asked(_found(settings, day))
    proposed = asked(_proposed(settings, found, propose_by)) if propose_by else {}
    for due in found:
        _show(due, proposed.get(str(due.case_id)), as_json=as_json)
    if not as_json:
        sys.stdout.write(f"{len(found)} cases may be erased on {day}\n")


def require_due(settings: Settings, case: str) -> None:
    """Raises RulingRefusedError unless the law's time for keeping this case has passed."""

    async def act() -> bool:
        async with wiring.links(settings, "erase") as found, wiring.erasing(settings) as erasures:
            return await found.retaining.is_due(await erasures.case_of(case), today())

    if not asked(act()):
        raise refused(ErasureRefusal.NOT_DUE)


async def _found(settings: Settings, day: date) -> list[Due]:
    async with wiring.links(settings, "erase") as found:
        return await found.retaining.due(day)


async def _proposed(settings: Settings, found: list[Due], by: str) -> dict[str, str]:
    """By case, the ids of the erasures."""
    wishes = {str(due.case_id): Wish(uuid4(), ErasureReason.TERM_OVER, by) for due in found}
    async with wiring.erasing(settings) as erasures:
        for case_id, wish in wishes.items():
            await erasures.propose(case_id, wish)
    return {case_id: str(wish.erasure_id) for case_id, wish in wishes.items()}


def _show(due: Due, erasure_id: str | None, *, as_json: bool) -> None:
    if as_json:
        told = {"case_id": due.case_id, "last_day": due.last_day, "since": due.since, "erasure_id": erasure_id}
        sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
        return
    more = f"; erasure {erasure_id} proposed" if erasure_id else ""
    sys.stdout.write(f"case {due.case_id}: since {due.since}, last thing on {due.last_day}{more}\n")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DayRefusedError("say a day as 2033-01-31") from None
