"""A file on its way in: rows are read, those that can be reports are sent, the others are set aside, and the journal
says how far it is.
"""

import asyncio
import csv
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import count, islice
from pathlib import Path
from typing import Final

from pipeline.adapters.documents import to_bytes
from pipeline.adapters.import_journal import FINDINGS_KEPT_MAX, Journal, Progress, digest_of
from pipeline.adapters.mappings import Loaded
from pipeline.adapters.sender import Post, Sender
from pipeline.adapters.tables import Table, TableRefusedError, open_table
from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.mapping import FAULTS_COLUMN
from pipeline.domain.directory import Source
from pipeline.domain.importing.days import text_of
from pipeline.domain.importing.faults import LineFinding
from pipeline.domain.importing.plan import Plan, plan_for
from pipeline.domain.importing.row import UNDECODED, ReadRow, Row, read_row
from pipeline.errors import AnwangError, UnavailableError

BLOCK_ROWS: Final = 500
"""Read, sent, acknowledged and written down together: what a kill makes us send twice, at most."""

_BOM = "\ufeff"


class AsideRefusedError(AnwangError):
    """The disk takes no line that is to be set aside; the text names the file."""


@dataclass(frozen=True, slots=True)
class Job:
    """`as_it_is`: rows with faults are sent, too, where they can be a report. `aside` is where the others go."""

    file: Path
    loaded: Loaded
    source: Source
    aside: Path
    as_it_is: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows, read: to send, and to set aside."""

    last_line: int
    rows: int
    good: tuple[ReadRow, ...] = field(repr=False)
    aside: tuple[tuple[Row, ReadRow], ...] = field(repr=False)

    def findings(self) -> Iterator[LineFinding]:
        """Of all its rows, in no certain order."""
        for read in (*self.good, *(read for _, read in self.aside)):
            yield from (LineFinding(read.line, finding) for finding in read.findings)


class Reader:
    """The rows of a job, block by block. Raises TableRefusedError when it is made, and while it is read."""

    def __init__(self, job: Job, stack: ExitStack) -> None:
        self._job = job
        self.table: Table = stack.enter_context(open_table(job.file, job.loaded.mapping))
        try:
            self.plan: Plan = plan_for(job.loaded.mapping, job.source.code, self.table.headers)
        except ValueError as error:
            raise TableRefusedError(f"{job.file}: {error}") from None
        self._rows = iter(self.table)

    def next_block(self, today: date, after_line: int = 0) -> Block | None:
        """The next rows, of those behind a line; None at the end."""
        taken = list(islice(self._rows, BLOCK_ROWS))
        if not taken:
            return None
        rows = [row for row in taken if row.line > after_line]
        read = [(row, read_row(self.plan, row, today)) for row in rows]
        good = tuple(r for _, r in read if self._goes(r))
        return Block(taken[-1].line, len(rows), good, tuple((row, r) for row, r in read if not self._goes(r)))

    def _goes(self, read: ReadRow) -> bool:
        return read.event is not None and (self._job.as_it_is or not read.findings)


class Import:
    """One file, sent. `progress` counts the runs before, too; of their faults `findings` holds those that were kept."""

    def __init__(self, job: Job, journals: Path) -> None:
        self.job = job
        manner = "as-it-is" if job.as_it_is else "strict"
        self._journal = Journal(journals, digest_of(job.file), job.loaded.digest, job.source.code, manner)
        self.progress: Progress = self._journal.read()
        self.began_at: Progress = self.progress
        self.findings: list[LineFinding] = list(self.progress.findings)
        self._stack = ExitStack()
        self._reader: Reader | None = None

    @property
    def was_done(self) -> bool:
        """An earlier run has sent all of it; nothing is left to do."""
        return self.began_at.is_done

    def open(self) -> Plan:
        """Raises TableRefusedError."""
        self._reader = Reader(self.job, self._stack)
        return self._reader.plan

    def close(self) -> None:
        self._stack.close()

    async def step(self, sender: Sender, now: datetime) -> bool:
        """Brings the next rows in; False when there were none left. Raises UnavailableError where the broker does not
        acknowledge, AsideRefusedError where the disk does not take what is to be set aside: nothing is marked then,
        and the next run takes these rows again.
        """
        if self._reader is None:
            raise RuntimeError("open comes first")
        today = now.astimezone(TAIPEI).date()
        block = await asyncio.to_thread(self._reader.next_block, today, self.progress.line)
        if block is None:
            ended_at = now.isoformat(timespec="seconds")
            self._write(replace(self.progress, is_done=True, is_whole=self._reader.table.is_whole, ended_at=ended_at))
            return False
        if block.last_line > self.progress.line:
            await self._take(block, sender, self._reader.table.headers)
        return True

    async def _take(self, block: Block, sender: Sender, headers: tuple[str, ...]) -> None:
        """Lines are set aside first: what is written twice is cut off, what is sent twice is not."""
        done = self._set_aside(block, headers)
        await self._send(block, sender)
        self.findings += sorted(block.findings(), key=lambda found: found.line)
        self._write(
            replace(
                done,
                line=block.last_line,
                rows=done.rows + block.rows,
                sent=done.sent + len(block.good),
                noted=done.noted + sum(1 for read in block.good if read.findings),
                aside=done.aside + len(block.aside),
                findings=tuple(self.findings[:FINDINGS_KEPT_MAX]),
            )
        )

    async def _send(self, block: Block, sender: Sender) -> None:
        source = self.job.source
        posts = [post_of(read, source) for read in block.good]
        if posts:
            await sender.send(iter([posts]))
        if sender.failed:
            raise UnavailableError(
                f"topic {source.topic} did not acknowledge line {min(sender.failed)} of {self.job.file}"
            )

    def _set_aside(self, block: Block, headers: tuple[str, ...]) -> Progress:
        done = self.progress
        if not block.aside:
            return done
        try:
            to, known = _where(done, self.job.aside)
            written = _append(to, known, headers, block.aside, delimiter=self.job.loaded.mapping.file.delimiter)
        except OSError as error:
            raise AsideRefusedError(f"{error.filename or self.job.aside} cannot be written: {error.strerror}") from None
        return replace(done, aside_to=str(to), aside_bytes=written)

    def _write(self, progress: Progress) -> None:
        self._journal.write(progress)
        self.progress = progress


def post_of(read: ReadRow, source: Source) -> Post:
    event = read.event or {}
    return Post(read.line, source.topic, source.code.encode(), to_bytes(dict(event)), str(event.get("id")))


def _where(done: Progress, wished: Path) -> tuple[Path, int]:
    """The file of lines set aside, and how much of it is known. One that a person has worked at, or taken away, since
    it was written is let be.
    """
    if done.aside_to and _ends_a_line(Path(done.aside_to), done.aside_bytes):
        return Path(done.aside_to), done.aside_bytes
    return _free(wished), 0


def _ends_a_line(path: Path, known_bytes: int) -> bool:
    try:
        with path.open("rb") as there:
            there.seek(known_bytes - 1)
            return there.read(1) == b"\n"
    except FileNotFoundError:
        return False


def _free(path: Path) -> Path:
    """This name, or one like it that nothing has: lines that a person has mended meanwhile are not written over."""
    tries = (path.with_name(f"{path.stem}-{n}{path.suffix}" if n > 1 else path.name) for n in count(1))
    return next(free for free in tries if not free.exists())


def _append(
    path: Path,
    known_bytes: int,
    headers: tuple[str, ...],
    rows: tuple[tuple[Row, ReadRow], ...],
    *,
    delimiter: str,
) -> int:
    """Behind what is known of this file; how long it is then. What a kill left behind that is cut off."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(own, "r+", encoding="utf-8", newline="") as out:
        out.truncate(known_bytes)
        out.seek(known_bytes)
        writer = csv.writer(out, delimiter=delimiter)
        if not known_bytes:
            out.write(_BOM)
            writer.writerow([FAULTS_COLUMN, *(header for header in headers if header != FAULTS_COLUMN)])
        writer.writerows(_told(headers, row, read) for row, read in rows)
        out.flush()
        os.fsync(out.fileno())
        return out.seek(0, os.SEEK_END)


def _told(headers: tuple[str, ...], row: Row, read: ReadRow) -> list[str]:
    """The reasons first: cells that are too many hang over at the end."""
    cells = [UNDECODED.sub("\ufffd", text_of(cell)) for cell in row.cells]
    if FAULTS_COLUMN in headers and row.fault is None:
        del cells[headers.index(FAULTS_COLUMN) : headers.index(FAULTS_COLUMN) + 1]
    return [f"line {row.line}: " + "; ".join(finding.said() for finding in read.findings), *cells]
