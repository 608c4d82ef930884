"""Work that is shared out to processes, with a line that tells how far it is."""

import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, NamedTuple, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

T = TypeVar("T")
R = TypeVar("R")

WAITING_FOR_EACH = 3
"""Pieces that lie ready for one process, so that it never waits for the next."""


class Workers(NamedTuple):
    """How many, and what each of them does first, with what."""

    processes: int
    prepare: Callable[..., None]
    given: tuple[Any, ...]


def shared_out(pieces: Iterable[T], work: Callable[[T], R], workers: Workers) -> Iterator[R]:
    """What each piece comes to, in order. Never more than a few pieces are held. Raises what the work raises."""
    with ProcessPoolExecutor(
        workers.processes,
        mp_context=get_context("spawn"),
        initializer=_begin,
        initargs=(workers.prepare, workers.given),
    ) as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for piece in pieces:
                waiting.append(pool.submit(work, piece))
                if len(waiting) >= workers.processes * WAITING_FOR_EACH:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _begin(prepare: Callable[..., None], given: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the process that handed the work out
    prepare(*given)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} a second" if task.speed else "")


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """On a terminal a line with the rate and the time left; the function is told how much is done by now."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _done: None
        return
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f} of {task.total:,.0f}")
    with Progress(*columns, _Rate(), TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)
    sys.stderr.flush()
