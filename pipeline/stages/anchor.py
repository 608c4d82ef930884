"""Signs where the streams of access stand, each some minutes, so that what is older cannot be written anew unseen."""

import time
from collections.abc import Mapping, Sequence

from pipeline.domain.access_check import FIRST, ChainCheck, Finding
from pipeline.domain.anchors import Anchor, Head, mark_of, moved, read_statement, statement_of
from pipeline.errors import KeysRefusedError, UnavailableError
from pipeline.ports import Anchored, AnchorLines, Sign, Stamp, Telling

PORTION = 10_000
EVENTS_MAX = 200_000
"""Read in one turn; a stream that moved on further is signed as far as it was read, and read on in the next."""
ANCHORS = "stream anchors"


class Anchoring:
    """Only what was found whole since the last anchor is signed. A stream that is not rings and is left as it is."""

    def __init__(  # noqa: PLR0913 - the stage's whole world, each part named
        self, book: Anchored, file: AnchorLines, sign: Sign, *, stamp: Stamp | None, telling: Telling, every_s: float
    ) -> None:
        self._book = book
        self._file = file
        self._sign = sign
        self._stamp = stamp
        self._telling = telling
        self._every_s = every_s
        self._due_at = float("-inf")
        self._last: Anchor | None = None
        self._signed: dict[str, Head] = {}

    async def turn(self) -> Anchor | None:
        """The anchor, if one was due and anything had moved."""
        if time.monotonic() < self._due_at:
            return None
        self._due_at = time.monotonic() + self._every_s
        if not await self._catch_up():
            return None
        heads = await self._whole(moved(await self._book.heads(), self._signed))
        if not heads:
            return None
        anchor = await self._make(heads)
        if not await self._book.add_anchor(anchor):
            return None
        self._take(anchor)
        await self._write([anchor])
        return anchor

    async def _catch_up(self) -> bool:
        """Takes up what was anchored since the last turn, by an auditor before us or beside us, and adds to the file
        what it did not come to add. False, and it rings, where the file holds more than the table, or cannot be read.
        """
        for anchor in await self._book.anchors(self._last.anchor_no if self._last else 0):
            self._take(anchor)
        try:
            in_file = self._file.last()
        except KeysRefusedError:
            in_file = None
        last = self._last.anchor_no if self._last else 0
        is_whole = in_file is not None and in_file <= last
        await self._ring_or_silence("audit_anchors_gone", rings=not is_whole)
        if in_file is not None and in_file < last:
            await self._write(await self._book.anchors(in_file))
        return is_whole

    async def _write(self, anchors: Sequence[Anchor]) -> None:
        """A file that cannot be written rings; the next turn adds what is missing."""
        try:
            self._file.append(anchors)
        except OSError:
            await self._ring_or_silence("audit_file_unwritten", rings=True)
        else:
            await self._ring_or_silence("audit_file_unwritten", rings=False)

    def _take(self, anchor: Anchor) -> None:
        said = read_statement(anchor.statement)
        self._signed |= said.heads if said else {}
        self._last = anchor

    async def _whole(self, heads: Mapping[str, Head]) -> dict[str, Head]:
        """As far as each of these streams follows from its last anchor without a fault."""
        left, found = EVENTS_MAX, {}
        for stream, head in sorted(heads.items()):
            start = self._signed.get(stream, FIRST)
            read, end, faults = await self._read(stream, start, head, left)
            left -= read
            if faults:
                await self._ring("audit_broken", f"stream {stream} {faults[0].number}")
            elif end.number > start.number:
                found[stream] = end
        if left <= 0:
            self._due_at = float("-inf")
        return found

    async def _read(self, stream: str, start: Head, head: Head, events_max: int) -> tuple[int, Head, Sequence[Finding]]:
        """How many events were read, how far they reach, and what is wrong with them."""
        check, end, left = ChainCheck({}, {stream: start}), start, events_max
        while left > 0 and end.number < head.number:
            rows = await self._book.stretch(stream, end.number, head.number, min(left, PORTION))
            if not rows:
                break
            check.read(rows)
            left -= len(rows)
            end = Head(rows[-1].number, rows[-1].hash)
        return events_max - left, end, check.end({stream: head if left > 0 else end})

    async def _make(self, heads: Mapping[str, Head]) -> Anchor:
        number = self._last.anchor_no + 1 if self._last else 1
        anchor = self._sign(number, statement_of(number, await self._book.now(), mark_of(self._last), heads))
        if self._stamp is None:
            return anchor
        try:
            token = await self._stamp(anchor)
        except UnavailableError:
            token = None
        await self._ring_or_silence("audit_unstamped", rings=token is None)
        return anchor._replace(timestamp_token=token)

    async def _ring(self, code: str, subject: str) -> None:
        if await self._book.raise_alarm(code, subject):
            self._telling.alarm(code, subject)

    async def _ring_or_silence(self, code: str, *, rings: bool) -> None:
        if rings:
            await self._ring(code, ANCHORS)
        else:
            await self._book.silence_alarm(code, ANCHORS)
