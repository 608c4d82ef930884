"""Brings a table of reports in, attended: a person sees what is wrong with which line and mends it."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn

from pipeline import wiring
from pipeline.adapters.import_journal import Progress
from pipeline.adapters.import_run import Import, Job
from pipeline.adapters.kafka.brokers import brokers_of
from pipeline.adapters.mappings import load_mapping
from pipeline.adapters.probes import asked
from pipeline.adapters.sender import sender
from pipeline.commands.import_rehearsal import Rehearsal
from pipeline.commands.import_words import NOT_WHOLE, as_told, counts, listed, print_findings, print_json, warn
from pipeline.domain.directory import Directory, Source
from pipeline.errors import AnwangError
from pipeline.settings import Settings, directory_of

SAY_EVERY_S = 2.0


class ImportRefusedError(AnwangError):
    """What was asked for cannot be done; the text says why."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked for."""

    file: Path
    mapping: str
    source: str | None = None
    faulty: Path | None = None
    dry_run: bool = False
    as_it_is: bool = False
    as_json: bool = False


def import_file(settings: Settings, wish: Wish) -> int:
    """0 where every line went in, or an earlier run has dealt with the file; 1 where a line was set aside or has a
    fault, or part of the file is missing.
    """
    loaded = load_mapping(wish.mapping)
    code = wish.source or loaded.mapping.source
    if code is None:
        raise ImportRefusedError(f"the mapping {loaded.name} serves many sources: say whose file it is with --source")
    if not wish.file.is_file():
        raise ImportRefusedError(f"{wish.file} is no file")
    directory = _directory(settings, code, dry_run=wish.dry_run)
    source = _source(code, directory)
    job = Job(wish.file, loaded, source, wish.faulty or faulty_beside(wish.file), wish.as_it_is)
    if wish.dry_run:
        return Rehearsal(job, directory, as_json=wish.as_json).run()
    return asked(_bring_in(settings, job, wish))


def _directory(settings: Settings, code: str, *, dry_run: bool) -> Directory:
    """A rehearsal needs no server, unless its source is enrolled by command alone."""
    shipped = directory_of(settings)
    return shipped if dry_run and shipped.find(code) else asked(wiring.read_directory(settings))


def _source(code: str, directory: Directory) -> Source:
    source = directory.find(code)
    if source is None:
        raise ImportRefusedError(f"the source {code} is not registered: `anwang source list` shows those that are")
    if source.revoked_at is not None:
        raise ImportRefusedError(f"the source {code} was revoked: nobody would believe its reports")
    return source


def faulty_beside(file: Path) -> Path:
    """Where the lines of a file go that cannot go in."""
    return file.with_name(f"{file.stem}.faulty.csv")


async def _bring_in(settings: Settings, job: Job, wish: Wish) -> int:
    try:
        bringing = Import(job, settings.data_dir / "imports")
    except OSError as error:
        raise ImportRefusedError(f"{job.file} cannot be read: {error.strerror}") from None
    if bringing.was_done:
        return _say_done_before(bringing, wish)
    try:
        warn(bringing.open())
        if bringing.progress.line:
            sys.stderr.write(f"goes on behind line {bringing.progress.line}\n")
        with _shown() as show:
            async with sender(brokers_of(settings), lambda _post, _at: None) as sending:
                while await bringing.step(sending, wiring.taipei_now()):
                    show(bringing.progress)
    finally:
        bringing.close()
    return _say_end(bringing, wish)


def _say_done_before(bringing: Import, wish: Wish) -> int:
    done = bringing.progress
    if wish.as_json:
        print_json({"already_imported": True, **as_told(done), "faults": listed(bringing.findings)})
        return 0
    print_findings(bringing.findings)
    sys.stdout.write(f"this file was imported before, at {done.ended_at}: {counts(done)}; nothing is sent again\n")
    return 0


def _say_end(bringing: Import, wish: Wish) -> int:
    done = bringing.progress
    if not wish.as_json:
        print_findings(bringing.findings)
        sys.stdout.write(counts(done) + "\n")
        if done.aside:
            sys.stdout.write(f"mend the lines in {done.aside_to} and import that file\n")
        if not done.is_whole:
            sys.stdout.write(NOT_WHOLE)
    else:
        print_json({"already_imported": False, **as_told(done), "faults": listed(bringing.findings)})
    return 0 if done.is_whole and not done.aside and not done.noted else 1


@contextmanager
def _shown() -> Iterator[Callable[[Progress], None]]:
    """A line that moves on a terminal, else a plain one now and then."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Plain().show
        return
    with Bar(SpinnerColumn(), TextColumn("{task.description}"), console=console, transient=True) as bar:
        task = bar.add_task("reads")
        yield lambda done: bar.update(task, description=counts(done))


class _Plain:
    def __init__(self) -> None:
        self._said_at = time.monotonic()

    def show(self, done: Progress) -> None:
        if time.monotonic() - self._said_at > SAY_EVERY_S:
            self._said_at = time.monotonic()
            sys.stderr.write(counts(done) + "\n")
