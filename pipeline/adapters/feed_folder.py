"""A folder in which files are left: which of them is complete, and where each goes when it has been dealt with."""

import asyncio
import time as clocks
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, time
from pathlib import Path
from typing import Final, NamedTuple

from pipeline.adapters.feed_state import FeedState, load_state, save_state
from pipeline.adapters.import_journal import FINDINGS_KEPT_MAX, Progress
from pipeline.adapters.import_run import AsideRefusedError, Import, Job
from pipeline.adapters.mappings import Loaded
from pipeline.adapters.sender import Sender
from pipeline.adapters.tables import TableRefusedError
from pipeline.contracts.feeds import Feed
from pipeline.domain.directory import Source
from pipeline.domain.importing.faults import LineFinding
from pipeline.domain.importing.feeds import Came, Step, is_late
from pipeline.errors import UnavailableError

DONE, FAILED, MARKER = "done", "failed", ".done"
NOT_YET: Final = (".part", ".tmp", ".filepart", ".crdownload", ".swp", MARKER, ".why.txt")
"""How programs name a file that they are still writing, and what is ours."""

FindSource = Callable[[str], Awaitable[Source | None]]
"""The registered source of a code, as of now; None where it may not report."""


class _Seen(NamedTuple):
    size: int
    changed_ns: int


class _Pending(NamedTuple):
    """A file that has been dealt with and is to be put away."""

    file: Path
    where: str
    why: tuple[str, ...]


class FeedFolder:
    """Keeps the promises of `stages.feeds.Folder` for one folder. One file at a time is on its way in."""

    def __init__(  # noqa: PLR0913 - what one feed hangs on
        self,
        feed: Feed,
        loaded: Loaded,
        data_dir: Path,
        *,
        sender: Sender,
        find_source: FindSource,
        now: Callable[[], datetime],
    ) -> None:
        self._feed, self._loaded, self._sender, self._find_source, self._now = feed, loaded, sender, find_source, now
        self._folder = Path(feed.folder)
        self._journals = data_dir / "imports"
        self._state_file = data_dir / "feeds" / f"{feed.name}.json"
        self._state: FeedState = load_state(self._state_file, now())
        self._still: dict[Path, tuple[_Seen, float]] = {}
        self._active: Import | None = None
        self._taken_as = _Seen(0, 0)
        self._grew = False
        self._pending: _Pending | None = None
        self._unreadable: set[Path] = set()
        save_state(self._state_file, self._state)

    @property
    def name(self) -> str:
        return self._feed.name

    def is_late(self) -> bool:
        if self._feed.expected_by is None:
            return False
        by = time.fromisoformat(self._feed.expected_by)
        return is_late(by, self._now(), self._state.last_came_at, self._state.watched_since)

    async def step(self) -> Step | Came:
        try:
            if self._pending:
                self._put_away(self._pending)
                self._pending = None
            if self._active is None:
                return await self._begin()
            return await self._go_on(self._active)
        except AsideRefusedError:
            self._leave()
            return Step.STUCK
        except OSError as error:
            if error.filename:
                self._unreadable.add(Path(error.filename))
            self._leave()
            return Step.STUCK

    def close(self) -> None:
        self._leave()

    async def _begin(self) -> Step | Came:
        self._bring_back_what_grew()
        file = next(iter(self._complete()), None)
        if file is None:
            return Step.NOTHING
        code = self._feed.source or self._loaded.mapping.source
        source = await self._find_source(code) if code else None
        if source is None:
            return Step.STUCK
        self._taken_as = _seen(file)
        aside = self._folder / FAILED / f"{file.stem}.faulty.csv"
        self._active = await asyncio.to_thread(
            Import, Job(file, self._loaded, source, aside, as_it_is=True), self._journals
        )
        if self._active.was_done:
            return self._end(self._active)
        try:
            await asyncio.to_thread(self._active.open)
        except TableRefusedError as error:
            return self._refuse(self._active, error)
        return Step.MORE

    async def _go_on(self, bringing: Import) -> Step | Came:
        try:
            if await bringing.step(self._sender, self._now()):
                return Step.MORE
        except TableRefusedError as error:
            return self._refuse(bringing, error)
        except UnavailableError:
            self._sender.begin_anew()
            self._leave()
            return Step.STUCK
        return self._end(bringing)

    def _end(self, bringing: Import) -> Step | Came:
        """A file that changed while it was read stays, and is taken again when it stands still."""
        file, done = bringing.job.file, bringing.progress
        if _seen(file) != self._taken_as:
            self._leave()
            return Came(is_faulty=False, is_partial=True)
        is_faulty = bool(done.aside)
        why = _why(done, bringing.findings) if bringing.findings or not done.is_whole else []
        self._put_away_next(file, FAILED if is_faulty or not done.is_whole else DONE, why)
        return Came(is_faulty=is_faulty, is_partial=not done.is_whole or self._grew)

    def _refuse(self, bringing: Import, error: TableRefusedError) -> Came:
        how_far = f"{bringing.progress.sent} of its lines were sent" if bringing.progress.sent else "nothing was sent"
        self._put_away_next(bringing.job.file, FAILED, [how_far, str(error)])
        return Came(is_faulty=True, is_partial=False)

    def _put_away_next(self, file: Path, where: str, why: list[str]) -> None:
        """At the next step: what rings rings first, so that a kill between the two cannot silence it."""
        self._leave()
        self._pending = _Pending(file, where, tuple(why))

    def _put_away(self, pending: "_Pending") -> None:
        file = pending.file
        if not file.exists():  # somebody took it away meanwhile
            return
        to = _free(self._folder / pending.where, file.name, self._now())
        to.parent.mkdir(mode=0o700, exist_ok=True)
        if pending.why:
            to.with_name(f"{to.name}.why.txt").write_text("\n".join(pending.why) + "\n", "utf-8")
        file.rename(to)
        file.with_name(file.name + MARKER).unlink(missing_ok=True)
        self._grew = False
        self._state = self._state.came(self._now(), to, self._taken_as.size)
        save_state(self._state_file, self._state)

    def _leave(self) -> None:
        if self._active:
            self._active.close()
            self._active = None

    def _bring_back_what_grew(self) -> None:
        """Who had the file open may have written on after it was moved."""
        for known in self._state.fresh(self._now()):
            moved = Path(known.path)
            with suppress(FileNotFoundError):
                if moved.stat().st_size > known.size:
                    moved.rename(_free(self._folder, moved.name, self._now()))
                    self._state = self._state.without(known.path)
                    save_state(self._state_file, self._state)
                    self._grew = True

    def _complete(self) -> list[Path]:
        """The files that are complete, the oldest first; those that could not be read stand behind all others."""
        now_s = clocks.monotonic()
        found: dict[Path, _Seen] = {}
        for file in filter(_is_a_report_file, self._folder.iterdir()):
            with suppress(FileNotFoundError):  # its sender gives it another name just now
                found[file] = _seen(file)
        self._still = {
            file: known if (known := self._still.get(file, (seen, now_s)))[0] == seen else (seen, now_s)
            for file, seen in found.items()
        }
        ready = [file for file, (_, since) in self._still.items() if self._is_complete(file, now_s - since)]
        self._unreadable &= set(found)
        return sorted(ready, key=lambda file: (file in self._unreadable, found[file].changed_ns, file.name))

    def _is_complete(self, file: Path, still_s: float) -> bool:
        marked = file.with_name(file.name + MARKER).is_file()
        return marked or (not self._feed.marker and still_s >= self._feed.settle_s)


def _is_a_report_file(path: Path) -> bool:
    return path.is_file() and not path.name.startswith((".", "~$")) and not path.name.endswith(NOT_YET)


def _seen(file: Path) -> _Seen:
    told = file.stat()
    return _Seen(told.st_size, told.st_mtime_ns)


def _free(folder: Path, name: str, now: datetime) -> Path:
    """The name itself, else with the day before it, else with a number, too."""
    day = f"{now:%Y%m%d}"
    names = (name, f"{day}-{name}", *(f"{day}-{n}-{name}" for n in range(2, 10_000)))
    return next(folder / free for free in names if not (folder / free).exists())


def _why(done: Progress, findings: list[LineFinding]) -> list[str]:
    """For a person: lines and columns, nothing that stands in them."""
    why = [f"{done.rows} lines: {done.sent} sent, {done.noted} of them with faults, {done.aside} set aside"]
    if not done.is_whole:
        why.append("the count of lines at the end is missing or another: part of the file is not here")
    if done.aside_to:
        why.append(f"what was set aside: {Path(done.aside_to).name}")
    if len(findings) > FINDINGS_KEPT_MAX:
        why.append(f"the first {FINDINGS_KEPT_MAX} faults; `anwang import --dry-run` names all")
    return [*why, *map(_said, findings[:FINDINGS_KEPT_MAX])]


def _said(found: LineFinding) -> str:
    return f"line {found.line}, {found.finding.said()}"
