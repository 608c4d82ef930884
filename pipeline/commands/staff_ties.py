"""Conflicts of interest: what somebody who works here says of themselves, so that they see no case of theirs."""

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable

from pipeline import wiring
from pipeline.adapters.postgres.ties import Ties
from pipeline.domain.conflict import ADDRESSES_MAX, AboutStaff, tie_keys
from pipeline.errors import StaffRefusedError
from pipeline.settings import Settings

PHONES_MAX = 5


def tie(settings: Settings, code: str) -> None:
    """Asks on a terminal without showing what is typed, else reads a line for each question. Raises StaffRefusedError
    where nothing can be read of it, or nobody has this code.
    """
    keys = tie_keys(_asked(), wiring.taipei_now().date())
    if not keys:
        raise StaffRefusedError("nothing_told", "nothing of this can be read: nobody could be known by it")
    count = _with(settings, lambda ties: ties.tie(code, keys))
    sys.stdout.write(f"{code} is known by {count} keys; cases that one of them leads to are not there for {code}\n")


def untie(settings: Settings, code: str) -> None:
    count = _with(settings, lambda ties: ties.untie(code))
    sys.stdout.write(f"{count} keys of {code} are forgotten\n")


def _asked() -> AboutStaff:
    phones = f"telephones, not that of the centre, with a ; between them, at most {PHONES_MAX}"
    addresses = f"addresses where you live or are registered, with a ; between them, at most {ADDRESSES_MAX}"
    return AboutStaff(
        national_id=_line("national ID"),
        name=_line("name"),
        birth_date=_line("date of birth"),
        phones=_several(_line(phones))[:PHONES_MAX],
        addresses=_several(_line(addresses))[:ADDRESSES_MAX],
    )


def _line(question: str) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(f"{question}: ").strip()
    return sys.stdin.readline().strip()


def _several(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.replace("\uff1b", ";").split(";") if part.strip())


def _with(settings: Settings, act: Callable[[Ties], Awaitable[int]]) -> int:
    async def within() -> int:
        async with wiring.ties(settings) as ties:
            return await act(ties)

    return asyncio.run(within())
