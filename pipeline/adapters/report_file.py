"""A file of reports as histories of cases: indexed once, then read case by case from wherever its lines stand."""

import csv
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import IO, NamedTuple
from uuid import UUID

import orjson

from pipeline.contracts.envelope import Unreadable
from pipeline.contracts.ids import derived
from pipeline.domain.directory import Directory
from pipeline.domain.facts import Facts
from pipeline.domain.normalise.reading import read_event
from pipeline.domain.policy.simulate import History, Told
from pipeline.domain.privacy import public_event_id
from pipeline.errors import AnwangError

TELL_EVERY = 2000
REDELIVERY = "redelivery"
"""Repeats an earlier decision, whose case may have gone up in another since."""
NOT_TOLD = 0


class ReportFileError(AnwangError):
    """A file that cannot be read, or holds no decisions; the text names it and why."""


class Place(NamedTuple):
    """Digests of the ids of the case and of the incident that an event is filed in."""

    case: int
    incident: int


Filing = Mapping[int, Place]
"""By the digest of the event's id."""

Tell = Callable[[int], None]


class Line(NamedTuple):
    """Where a line begins, its number from 1, and the digests of its case and incident."""

    offset: int
    number: int
    case: int
    incident: int


def read_filing(path: Path) -> Filing:
    """Which event is filed in which incident of which case, by the decisions of `anwang assess` or the CSV of its
    `--links`. The last decision of an event counts. Raises ReportFileError.
    """
    with _opened(path) as file:
        rows = _of_links(file) if path.suffix == ".csv" else _of_decisions(file)
        try:
            return {digest(e): Place(digest(c), digest(i)) for e, c, i in rows}
        except (ValueError, LookupError, TypeError, AttributeError):
            raise ReportFileError(f"{path} holds no decisions: event_id, case_id and incident_id are wanted") from None


def _of_links(file: IO[bytes]) -> Iterator[tuple[str, str, str]]:
    for row in csv.DictReader(line.decode("utf-8-sig") for line in file):
        yield row["event_id"], row["case_id"], row["incident_id"]


def _of_decisions(file: IO[bytes]) -> Iterator[tuple[str, str, str]]:
    for line in file:
        told = orjson.loads(line) if line.strip() else None
        if told and told["case_id"] and told.get("outcome") != REDELIVERY:
            yield told["event_id"], told["case_id"], told["incident_id"]


def digest(text: str) -> int:
    """Eight bytes, never NOT_TOLD."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()) or 1


@dataclass(slots=True)
class Index:
    """What stands where, in 40 bytes a line. `unfiled` counts the lines whose case is not told: a report of them stands
    alone, with the other versions of its number.
    """

    path: Path
    unfiled: int = 0
    _offsets: "array[int]" = field(default_factory=lambda: array("Q"))
    _numbers: "array[int]" = field(default_factory=lambda: array("Q"))
    _cases: "array[int]" = field(default_factory=lambda: array("Q"))
    _incidents: "array[int]" = field(default_factory=lambda: array("Q"))
    _events: "array[int]" = field(default_factory=lambda: array("Q"))

    @classmethod
    def of(cls, path: Path, filing: Filing | None, tell: Tell) -> "Index":
        """`tell` hears how many bytes have been read. Raises ReportFileError."""
        index, source_of, shared = cls(path), dict[int, int](), set[int]()
        with _opened(path) as file:
            offset = 0
            for number, line in enumerate(file, 1):
                if line.strip():
                    source, event, own = _named(line, number)
                    if filing is not None and source_of.setdefault(event, source) != source:
                        shared.add(event)
                    index._add(offset, number, own, event)
                offset += len(line)
                if not number % TELL_EVERY:
                    tell(offset)
        if filing is not None:
            index._file(filing, shared)
        return index

    def _add(self, offset: int, number: int, case: int, event: int) -> None:
        self._offsets.append(offset)
        self._numbers.append(number)
        self._cases.append(case)
        self._incidents.append(NOT_TOLD)
        self._events.append(event)

    def _file(self, filing: Filing, shared: set[int]) -> None:
        """An id that several sources use names no event."""
        for place, event in enumerate(self._events):
            filed = None if event in shared else filing.get(event)
            if filed is None:
                self.unfiled += 1
            else:
                self._cases[place], self._incidents[place] = filed

    def __len__(self) -> int:
        return len(self._offsets)

    def blocks(self, size: int) -> Iterator[Sequence[Line]]:
        """Blocks of about so many lines, none of which parts a case. Cases stand in the order in which they begin."""
        first: dict[int, int] = {}
        for place, case in enumerate(self._cases):
            first.setdefault(case, place)
        block: list[Line] = []
        for place in sorted(range(len(self)), key=lambda place: first[self._cases[place]]):
            line = Line(self._offsets[place], self._numbers[place], self._cases[place], self._incidents[place])
            if len(block) >= size and line.case != block[-1].case:
                yield block
                block = []
            block.append(line)
        if block:
            yield block


def _named(line: bytes, number: int) -> tuple[int, int, int]:
    """Digests of the source, of the event's id, and of the report's own number. What cannot be read here stands alone;
    whether it is a report is for others to say.
    """
    try:
        event = orjson.loads(line)
        source, data = event["source"], event["data"]
        own = data.get("report_no") or event["id"]
        return digest(f"{source}"), digest(f"{event['id']}"), digest(f"{source}\n{own}".strip())
    except (ValueError, LookupError, TypeError, AttributeError):
        return NOT_TOLD, digest(f"line {number}"), digest(f"line {number}")


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise ReportFileError(f"{path} cannot be read: {error.strerror}") from None


class Block(NamedTuple):
    """Histories of whole cases, how many of the lines hold no report, and how many an event that had come before."""

    histories: Sequence[History]
    unread: int
    repeated: int


class CaseLines:
    """Reads lines of a file as histories. `read_at` stands for the arrival of what tells no time of its own."""

    def __init__(self, path: Path, directory: Directory, read_at: datetime) -> None:
        self._path, self._directory, self._read_at = path, directory, read_at

    def read(self, block: Sequence[Line]) -> Block:
        """Raises ReportFileError."""
        cases: dict[int, dict[tuple[str, str, bytes], Told]] = {}
        unread = 0
        with _opened(self._path) as file:
            for line in block:
                file.seek(line.offset)
                told = self._told(file.readline(), line)
                if told is None:
                    unread += 1
                else:
                    facts = told.facts
                    event = facts.source, facts.event_id, facts.content_key
                    cases.setdefault(line.case, {}).setdefault(event, told)
        histories = [History(tuple(told.values())) for told in cases.values()]
        return Block(histories, unread, len(block) - unread - sum(len(h.told) for h in histories))

    def _told(self, value: bytes, line: Line) -> Told | None:
        reading = read_event(value, (), self._read_at, self._directory)
        if isinstance(reading, Unreadable):
            return None
        facts = reading.facts
        report_id = derived("report", facts.source, facts.report_no or facts.event_id, str(line.incident))
        incident_id = UUID(int=line.incident) if line.incident else report_id
        return Told(facts.received_at, report_id, incident_id, facts, _shown(facts, line))


def _shown(facts: Facts, line: Line) -> str:
    """The id as sent where it can hold nothing personal, else where it stands."""
    shown = public_event_id(facts.event_id, facts.event_key, source=facts.source)
    return shown if shown == facts.event_id else f"line {line.number}"
