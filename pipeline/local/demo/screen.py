"""Where a demo shows itself: alive on a terminal, else as plain lines."""

import sys
import time
from collections.abc import Callable
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live

from pipeline.local.demo.picture import Picture
from pipeline.local.demo.view import plain, render, rows_for

FRAMES_PER_S = 4
PLAIN_INTERVAL_S = 2.0


class Screen(Protocol):
    """`say` tells what is being waited for, `show` draws when it is time; `rows` is the room for cases of a queue."""

    @property
    def rows(self) -> int: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...
    def say(self, text: str) -> None: ...
    def show(self, draw: Callable[[], Picture]) -> None: ...


def screen_for_output() -> Screen:
    console = Console()
    return LiveScreen(console) if console.is_terminal and not console.is_dumb_terminal else PlainScreen()


class LiveScreen:
    """Redraws in place; the last picture stays."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")

    @property
    def rows(self) -> int:
        return rows_for(self._console.height)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def say(self, text: str) -> None:
        self._live.update(f"[bold]安網 Anwang[/bold]  [grey62]{text} …[/grey62]", refresh=True)

    def show(self, draw: Callable[[], Picture]) -> None:
        self._live.update(render(draw(), self._console.width), refresh=True)


class PlainScreen:
    """A line for every step, then one every two seconds; no control characters."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._said = ""
        self._shown_at = 0.0

    @property
    def rows(self) -> int:
        return 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._write(f"{time.monotonic() - self._began:6.1f} s  {text}")

    def show(self, draw: Callable[[], Picture]) -> None:
        if time.monotonic() - self._shown_at >= PLAIN_INTERVAL_S:
            self._shown_at = time.monotonic()
            self._write(plain(draw()))

    def _write(self, line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
