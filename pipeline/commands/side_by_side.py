"""Work that is shared out to processes, with a line that tells how far it is."""

import gc
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, Generic, NamedTuple, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from pipeline.errors import AnwangError

T = TypeVar("T")
R = TypeVar("R")

ALLOCATIONS_BETWEEN_SWEEPS = 100_000
"""A piece makes much that lives until its end: to look for garbage as often as usual costs a twelfth of the time."""

WAITING_FOR_EACH = 3
"""Pieces that lie ready for one process, so that it never waits for the next."""


class ProcessEndedError(AnwangError):
    """A process was ended from outside, as by a machine without memory, before its work was done."""


class Workers(NamedTuple, Generic[T, R]):
    """How many, and what makes what each of them works with, from what it is given. It is made with the first piece."""

    processes: int
    prepare: Callable[..., Callable[[T], R]]
    given: tuple[Any, ...]


def shared_out(pieces: Iterable[T], workers: Workers[T, R]) -> Iterator[R]:
    """What each piece comes to, in order. Never more than a few pieces are held. Raises what the work raises, and
    ProcessEndedError.
    """
    with ProcessPoolExecutor(
        workers.processes, mp_context=get_context("spawn"), initializer=_begin, initargs=workers[1:]
    ) as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for piece in pieces:
                waiting.append(pool.submit(_work, piece))
                if len(waiting) >= workers.processes * WAITING_FOR_EACH:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool:
            raise ProcessEndedError("a process was ended from outside before its work was done") from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_GIVEN: list[tuple[Callable[..., Callable[[Any], Any]], tuple[Any, ...]]] = []
_MADE: list[Callable[[Any], Any]] = []
"""Of this process."""


def _begin(prepare: Callable[..., Callable[[Any], Any]], given: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the process that handed the work out
    gc.set_threshold(ALLOCATIONS_BETWEEN_SWEEPS)
    _GIVEN.append((prepare, given))


def _work(piece: Any) -> Any:  # noqa: ANN401 - of whatever kind the pieces are
    if not _MADE:
        [(prepare, given)] = _GIVEN
        _MADE.append(prepare(*given))
    return _MADE[0](piece)


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
