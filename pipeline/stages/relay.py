"""Postgres → queue and event topics: send what waits in the outbox, in order, then mark where it stands."""

import time
from collections import Counter

from pipeline.errors import LogWentBackError
from pipeline.ports import Box, Onlooking, Outlet, Telling

MESSAGES_MAX = 500
IDLE_WAIT_S = 0.25
BEAT_EVERY_S = 1.0


class Relay:
    """Holds the lease or waits for it. The first thing that a new holder does is to look what the one before it had
    sent.
    """

    def __init__(self, box: Box, outlet: Outlet, topics: Onlooking, telling: Telling) -> None:
        self._box = box
        self._outlet = outlet
        self._topics = topics
        self._telling = telling
        self._epoch: int | None = None
        self._beat_at = 0.0

    @property
    def epoch(self) -> int | None:
        return self._epoch

    async def turn(self) -> int:
        """Sends and marks what waits; the number of messages sent. Waits up to a quarter of a second for the first."""
        if self._epoch is None:
            await self._take_over()
            return 0
        messages = await self._box.waiting(MESSAGES_MAX)
        if not messages:
            await self._keep_lease(self._epoch)
            await self._box.wait(IDLE_WAIT_S)
            return 0
        sent = await self._outlet.send(messages)
        await self._box.mark(self._epoch, sent)
        self._telling.delivered([m.written_at for m in messages])
        self._telling.published(Counter(m.topic for m in messages))
        return len(sent)

    async def give_back(self) -> None:
        """Lets the next relay begin at once."""
        if self._epoch is not None:
            await self._box.give_back(self._epoch)

    async def _take_over(self) -> None:
        epoch = await self._box.take_lease()
        if epoch is None:
            await self._box.wait(IDLE_WAIT_S)
            return
        await self._look_first(epoch)
        self._epoch = epoch

    async def _look_first(self, epoch: int) -> None:
        marks = await self._box.marks()
        for stream, (beginning, end) in (await self._topics.outgoing()).items():
            at = max(marks.get(stream, beginning), beginning)
            if at > end:
                where = f"{stream.topic}/{stream.partition}"
                await self._box.raise_alarm("outgoing_log_went_back", where)
                self._telling.alarm("outgoing_log_went_back", where)
                raise LogWentBackError(f"{where}: the log ends at {end}, but the outbox says that {at} stand there")
            while at < end:
                read = await self._topics.read_outgoing(stream, at)
                at = read.after
                found = [(sent.message_id, sent.at) for sent in read.found if sent.message_id is not None]
                await self._box.mark_found(epoch, found, stream, at)

    async def _keep_lease(self, epoch: int) -> None:
        if time.monotonic() - self._beat_at >= BEAT_EVERY_S:
            self._beat_at = time.monotonic()
            await self._box.beat(epoch)
