"""A rehearsal of an import: everything is read, nothing is sent."""

import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.adapters.documents import to_bytes
from pipeline.adapters.import_journal import Progress
from pipeline.adapters.import_run import Block, Job, Reader
from pipeline.commands.import_words import NOT_WHOLE, as_told, counts, listed, print_findings, print_json, warn
from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.envelope import Unreadable
from pipeline.domain.directory import Directory
from pipeline.domain.importing.faults import LineFinding
from pipeline.domain.importing.row import ReadRow
from pipeline.domain.normalise.reading import read_event


@dataclass(slots=True)
class _Sums:
    """What a rehearsal counts."""

    rows: int = 0
    sent: int = 0
    noted: int = 0
    aside: int = 0
    is_whole: bool = True
    categories: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    dates: list[str] = field(default_factory=list)
    findings: list[LineFinding] = field(default_factory=list)

    @property
    def counts(self) -> Progress:
        return Progress(rows=self.rows, sent=self.sent, noted=self.noted, aside=self.aside, is_whole=self.is_whole)


class Rehearsal:
    """Reads everything, sends nothing, and lets the pipeline's own reader look at each report."""

    def __init__(self, job: Job, directory: Directory, *, as_json: bool) -> None:
        self._job, self._directory, self._as_json = job, directory, as_json
        self._sums = _Sums()

    def run(self) -> int:
        now = datetime.now(TAIPEI)
        with ExitStack() as stack:
            reader = Reader(self._job, stack)
            warn(reader.plan)
            while block := reader.next_block(now.date()):
                self._count(block, now)
            self._sums.is_whole = reader.table.is_whole
        self._say()
        sums = self._sums
        return 0 if sums.is_whole and not sums.findings else 1

    def _count(self, block: Block, now: datetime) -> None:
        sums = self._sums
        sums.rows += block.rows
        sums.sent += len(block.good)
        sums.aside += len(block.aside)
        sums.findings += sorted(block.findings(), key=lambda found: found.line)
        for read in block.good:
            sums.noted += bool(read.findings)
            self._look(read, now)

    def _look(self, read: ReadRow, now: datetime) -> None:
        found = read_event(to_bytes(dict(read.event or {})), (), now, self._directory)
        if isinstance(found, Unreadable):
            self._sums.notes[f"unreadable:{found.code}"] += 1
            return
        self._sums.categories.update(found.facts.categories)
        self._sums.notes.update(found.facts.faults)
        day = found.facts.received_at.date().isoformat()
        self._sums.dates = [min([day, *self._sums.dates]), max([day, *self._sums.dates])]

    def _say(self) -> None:
        sums = self._sums
        if self._as_json:
            print_json(
                {
                    "dry_run": True,
                    **as_told(sums.counts),
                    "categories": {str(category): count for category, count in sums.categories.items()},
                    "received": sums.dates,
                    "notes": sums.notes,
                    "faults": listed(sums.findings),
                }
            )
            return
        print_findings(sums.findings)
        sys.stdout.write(
            counts(sums.counts).replace(" sent", " would be sent").replace("set aside", "would be set aside") + "\n"
        )
        for category, count in sums.categories.most_common():
            sys.stdout.write(f"  {category}  {count}\n")
        if sums.dates:
            sys.stdout.write(f"received {sums.dates[0]} to {sums.dates[1]}\n")
        for note, count in sums.notes.most_common():
            sys.stdout.write(f"  noted, sent all the same: {note}  {count}\n")
        if not sums.is_whole:
            sys.stdout.write(NOT_WHOLE)
