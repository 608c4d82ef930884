"""Notifications that wait → their targets: each is sent, tried again, or given up with an alarm. Nothing is dropped."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

from pipeline.contracts.notify import Audience, Channel, Target, Told
from pipeline.domain.notify import Ended, Fate, Outcome, Sending, reach
from pipeline.ports import Telling

SPREAD_MAX = 200
FLYING_MAX = 64
EACH_MAX = 8
"""Tries under way at once, in all and to one target: a target that answers late keeps no other waiting."""

CLOSE_WITHIN_S = 12.0
"""A try takes less; what is broken off is tried again by whoever comes next."""

NO_FILE = "notify_file"


class Box(Protocol):
    """Keeps what is to be told. Every call tries again while the database is away, then raises UnavailableError."""

    async def revive(self) -> None: ...
    async def spread(
        self, reach: Callable[[Audience, str | None, str | None], Sequence[Target]], notifications_max: int
    ) -> list[Told]: ...
    async def take(self, busy: Sequence[str], each_max: int, sendings_max: int) -> list[Sending]: ...
    async def note(self, sending: Sending, outcome: Outcome) -> Fate: ...


class Post(Protocol):
    """Carries a notification to a target, within 10 s, and says how it ended; it raises nothing."""

    async def send(self, target: Target, told: Told) -> Outcome: ...


class Bell(Protocol):
    """Rings until somebody settles it; whether it rings anew."""

    async def raise_alarm(self, code: str, subject: str) -> bool: ...


class Notifying:
    def __init__(  # noqa: PLR0913 - what it keeps, whom it tells, by what, and whom it rings
        self,
        box: Box,
        targets: Sequence[Target],
        posts: Mapping[Channel, Post],
        *,
        bell: Bell,
        telling: Telling,
        now: Callable[[], datetime],
    ) -> None:
        self._box, self._posts, self._bell, self._telling, self._now = box, posts, bell, telling, now
        self._targets = {target.name: target for target in targets}
        self._flying: dict[asyncio.Task[None], str] = {}
        self._has_begun = False

    async def turn(self) -> int:
        """Begins to send what is due; how much. What is under way goes on beside it: no target is waited for."""
        if not self._has_begun:
            await self._box.revive()
            self._has_begun = True
        await self._spread()
        self._land()
        room = FLYING_MAX - len(self._flying)
        if room <= 0:
            return 0
        of_target = Counter(self._flying.values())
        busy = [name for name, flying in of_target.items() if flying >= EACH_MAX]
        sendings = await self._box.take(busy, EACH_MAX, room)
        for sending in sendings:
            self._flying[asyncio.create_task(self._send(sending))] = sending.target
        return len(sendings)

    async def drain(self) -> None:
        """Waits for what is under way."""
        if self._flying:
            await asyncio.wait(self._flying)
        self._land()

    async def close(self) -> None:
        """Waits for what is under way, but not for ever."""
        if self._flying:
            _, late = await asyncio.wait(self._flying, timeout=CLOSE_WITHIN_S)
            for task in late:
                task.cancel()

    def _land(self) -> None:
        for task in [task for task in self._flying if task.done()]:
            del self._flying[task]
            task.result()

    async def _spread(self) -> None:
        targets = tuple(self._targets.values())
        lacking = await self._box.spread(partial(reach, targets), SPREAD_MAX)
        for subject in dict.fromkeys(_lacks(told) if targets else NO_FILE for told in lacking):
            await self._ring("notification_no_target", subject)

    async def _send(self, sending: Sending) -> None:
        outcome = await self._carried(sending)
        fate = await self._box.note(sending, outcome)
        waited_s = (self._now() - sending.told.made_at).total_seconds()
        self._telling.notified(sending.channel.value, outcome.code, waited_s if fate is Fate.SENT else None)
        if fate is Fate.DEAD:
            await self._ring("notification_dead", sending.target)

    async def _carried(self, sending: Sending) -> Outcome:
        target = self._targets.get(sending.target)
        post = self._posts.get(target.channel) if target else None
        if target is None or post is None:
            return Outcome(Ended.REFUSED, "target_gone")
        return await post.send(target, sending.told)

    async def _ring(self, code: str, subject: str) -> None:
        if await self._bell.raise_alarm(code, subject):
            self._telling.alarm(code, subject)


def _lacks(told: Told) -> str:
    return f"{told.audience} {told.centre or told.county or '-'}"
