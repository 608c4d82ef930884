"""Folders in which others leave files: each complete file is brought in, a late or a partial one rings."""

import time
from collections.abc import Sequence
from typing import Protocol, assert_never

from pipeline.domain.importing.feeds import Came, Step
from pipeline.ports import Telling

BUDGET_S = 5.0
"""A turn works so long; a large file takes several turns. Far below the 30 s after which a turn counts as hung."""


class Folder(Protocol):
    """One feed. Steps raise UnavailableError when the broker does not acknowledge; what was acknowledged is known."""

    @property
    def name(self) -> str: ...
    def is_late(self) -> bool: ...
    async def step(self) -> Step | Came: ...


class Bell(Protocol):
    """Rings until somebody settles it; both ringing calls tell whether it rings anew."""

    async def raise_alarm(self, code: str, subject: str) -> bool: ...
    async def keep_ringing(self, code: str, subject: str) -> bool: ...
    async def silence_alarm(self, code: str, subject: str) -> None: ...


class FeedWatch:
    def __init__(self, folders: Sequence[Folder], bell: Bell, telling: Telling, *, budget_s: float = BUDGET_S) -> None:
        self._folders = list(folders)
        self._bell = bell
        self._telling = telling
        self._budget_s = budget_s
        self._quiet: set[tuple[str, str]] = set()

    async def turn(self) -> None:
        """Works at each feed until nothing is left to do or the time is over; the next turn begins with the next feed,
        so that a long file keeps none waiting. In every turn each is asked whether it is late.
        """
        until = time.monotonic() + self._budget_s
        for folder in tuple(self._folders):
            self._folders.append(self._folders.pop(0))
            while (goes_on := await self._goes_on(folder)) and time.monotonic() < until:
                pass
            if goes_on:
                break
        for folder in self._folders:
            await self._late(folder)

    async def _goes_on(self, folder: Folder) -> bool:
        """Whether this feed may have more to do at once."""
        step = await folder.step()
        await self._ring_or_silence("feed_stuck", folder, rings=step is Step.STUCK)
        match step:
            case Step.NOTHING | Step.STUCK:
                return False
            case Step.MORE:
                return True
            case Came():
                if step.is_faulty:
                    await self._ring("feed_faulty", folder)
                if step.is_partial:
                    await self._ring("feed_partial", folder)
                return True
            case _:
                assert_never(step)

    async def _late(self, folder: Folder) -> None:
        await self._ring_or_silence("feed_late", folder, rings=folder.is_late())

    async def _ring(self, code: str, folder: Folder) -> None:
        if await self._bell.raise_alarm(code, _subject(folder)):
            self._telling.alarm(code, _subject(folder))

    async def _ring_or_silence(self, code: str, folder: Folder, *, rings: bool) -> None:
        subject = _subject(folder)
        if rings:
            self._quiet.discard((code, subject))
            if await self._bell.keep_ringing(code, subject):
                self._telling.alarm(code, subject)
        elif (code, subject) not in self._quiet:
            await self._bell.silence_alarm(code, subject)
            self._quiet.add((code, subject))


def _subject(folder: Folder) -> str:
    return f"feed {folder.name}"
