"""What a verifier finds in the chains of access: every row is hashed anew and compared with its neighbours, the heads
and the anchors.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from pipeline.domain.access import BEGINNING, AccessEvent, event_hash
from pipeline.domain.anchors import Head

FINDINGS_MAX = 1000
FIRST = Head(0, BEGINNING)
PLACED_MAX = 100
"""Among so many changed rows it is looked which of them stands in another's place."""


class Fault(StrEnum):
    CHANGED = "changed"
    REWRITTEN = "rewritten"
    MISPLACED = "misplaced"
    REMOVED = "removed"
    DOUBLED = "doubled"
    CUT_OFF = "cut_off"
    ADDED = "added"
    HEADLESS = "headless"
    UNLIKE_ANCHOR = "unlike_anchor"
    ANCHOR_REMOVED = "anchor_removed"
    ANCHOR_CHANGED = "anchor_changed"
    ANCHOR_UNSIGNED = "anchor_unsigned"
    ANCHOR_UNLIKE_FILE = "anchor_unlike_file"
    STAMP_OF_ANOTHER = "stamp_of_another"


WORDS: Mapping[Fault, str] = {
    Fault.CHANGED: "it is not what was written: its hash is another",
    Fault.REWRITTEN: "it was written anew: what stands next to it follows another",
    Fault.MISPLACED: "it is not in its place: event {belongs} stands here",
    Fault.REMOVED: "it is not there",
    Fault.DOUBLED: "its number stands twice, or out of order",
    Fault.CUT_OFF: "it is not there: the end of the stream was cut off",
    Fault.ADDED: "it was added past the head of the stream",
    Fault.HEADLESS: "the stream has no head",
    Fault.UNLIKE_ANCHOR: "it is not what an anchor signed: it, or one before it, was written anew",
    Fault.ANCHOR_REMOVED: "it is not there",
    Fault.ANCHOR_CHANGED: "it is not the statement of this anchor, or does not follow the one before it",
    Fault.ANCHOR_UNSIGNED: "its signature is not of a key that is trusted",
    Fault.ANCHOR_UNLIKE_FILE: "the table and the file say different things",
    Fault.STAMP_OF_ANOTHER: "its timestamp is of something else",
}


class Finding(NamedTuple):
    """What is wrong at `number` of a stream, or from there to `last`. `belongs` is the number that the event was
    written under.
    """

    stream: str
    number: int
    fault: Fault
    last: int | None = None
    belongs: int | None = None

    @property
    def words(self) -> str:
        where = f"{self.number}" if self.last in (None, self.number) else f"{self.number} to {self.last}"
        return f"{self.stream} {where}: {WORDS[self.fault].format(belongs=self.belongs)}"


class ChainCheck:
    """Takes the rows in order of stream and number, in as many portions as one likes, and the heads at the end.
    `signed` are the heads that anchors hold, by stream and number. A stream begins behind its head in `starts`, where
    it has one: what was found whole before need not be read again.
    """

    def __init__(
        self, signed: Mapping[str, Mapping[int, bytes]], starts: Mapping[str, Head] = MappingProxyType({})
    ) -> None:
        self._signed = signed
        self._starts = starts
        self._anchored: Mapping[int, bytes] = {}
        self._seen: dict[tuple[str, int], bytes] = {}
        self._ends: dict[str, Head] = {}
        self._stream = ""
        self._end = FIRST
        self._changed: dict[tuple[str, int], AccessEvent] = {}
        self._found: dict[tuple[str, int], Finding] = {}
        self.events = 0

    def read(self, rows: Iterable[AccessEvent]) -> None:
        number, last_hash = self._end
        for row in rows:
            if row.stream != self._stream:
                self._end = Head(number, last_hash)
                self._turn_to(row.stream)
                number, last_hash = self._end
            self.events += 1
            if event_hash(row.prior_hash, row) != row.hash:
                self._note_changed(row)
            elif row.number == number + 1 and row.prior_hash != last_hash:
                self._note(row.stream, max(number, 1), Fault.REWRITTEN)
            if row.number > number + 1:
                self._note(row.stream, number + 1, Fault.REMOVED, row.number - 1)
            elif row.number <= number:
                self._note(row.stream, row.number, Fault.DOUBLED)
            if row.number in self._anchored:
                self._seen[row.stream, row.number] = row.hash
            number, last_hash = row.number, row.hash
        self._end = Head(number, last_hash)

    def _turn_to(self, stream: str) -> None:
        self._close()
        self._stream, self._end = stream, self._starts.get(stream, FIRST)
        self._anchored = self._signed.get(stream, {})

    def _close(self) -> None:
        if self._stream:
            self._ends[self._stream] = self._end

    def _note(self, stream: str, number: int, fault: Fault, last: int | None = None) -> None:
        if len(self._found) < FINDINGS_MAX:
            self._found.setdefault((stream, number), Finding(stream, number, fault, last))

    def _note_changed(self, row: AccessEvent) -> None:
        self._note(row.stream, row.number, Fault.CHANGED)
        if len(self._changed) < PLACED_MAX:
            self._changed[row.stream, row.number] = row

    def end(self, heads: Mapping[str, Head]) -> list[Finding]:
        """All that is wrong, in order; at most FINDINGS_MAX."""
        self._close()
        for stream in sorted({*heads, *self._ends, *self._signed}):
            self._compare_head(stream, self._ends.get(stream) or self._starts.get(stream, FIRST), heads.get(stream))
        self._place()
        for stream, signed in self._signed.items():
            self._compare_anchors(stream, signed)
        return sorted(self._found.values())

    def _compare_head(self, stream: str, end: Head, head: Head | None) -> None:
        until = max([head.number if head else 0, *self._signed.get(stream, ())])
        if until > end.number:
            self._note(stream, end.number + 1, Fault.CUT_OFF, until)
        if head is None and end.number:
            self._note(stream, end.number, Fault.HEADLESS)
        elif head and head.number < end.number:
            self._note(stream, head.number + 1, Fault.ADDED, end.number)
        elif head and head.number == end.number and head.hash != end.hash:
            self._note(stream, end.number, Fault.REWRITTEN)

    def _place(self) -> None:
        """A changed row that is whole under another number is not changed but misplaced."""
        for (stream, number), row in self._changed.items():
            near = {m for other, m in self._changed if other == stream} | {number - 1, number + 1}
            belongs = next((m for m in sorted(near - {number}) if self._fits(row, m)), None)
            if belongs is not None and (stream, number) in self._found:
                self._found[stream, number] = Finding(stream, number, Fault.MISPLACED, belongs=belongs)

    def _fits(self, row: AccessEvent, number: int) -> bool:
        """Whether the row, or what it tells, was written under this number."""
        moved = row._replace(number=number)
        there = self._changed.get((row.stream, number))
        return event_hash(row.prior_hash, moved) == row.hash or (
            there is not None and event_hash(there.prior_hash, moved) == there.hash
        )

    def _compare_anchors(self, stream: str, signed: Mapping[int, bytes]) -> None:
        """Names what lies between the last anchor that holds and the first that does not."""
        faulty = [f.number for f in self._found.values() if f.stream == stream]
        held = 0
        for number in sorted(signed):
            found = self._seen.get((stream, number))
            if found == signed[number]:
                held = number
            elif found is not None and not any(held < at <= number for at in faulty):
                self._note(stream, held + 1, Fault.UNLIKE_ANCHOR, number)
                return


def expected(signed: Sequence[tuple[str, Head]]) -> dict[str, dict[int, bytes]]:
    """The heads that anchors hold, by stream and number."""
    by_stream: dict[str, dict[int, bytes]] = {}
    for stream, head in signed:
        by_stream.setdefault(stream, {}).setdefault(head.number, head.hash)
    return by_stream
