"""Log lines as JSON on standard error, by allow-list: what is not declared is dropped and counted.

No text that another's error or another's code made up ever passes, since it may hold what a report says. A line names
an error by its class, by our own words where the error is ours, and by the places in the code that it came through.
"""

import ast
import asyncio
import logging
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import Any, BinaryIO

import orjson
import structlog
from structlog.typing import EventDict, WrappedLogger

from pipeline.adapters.log_fields import FIELDS, Event, SourceText
from pipeline.errors import AnwangError

FRAMES_MAX = 30
CAUSES_MAX = 5
SOURCE_FILES_MAX = 64

LEVELS: Mapping[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def no_count() -> None:
    """What a dropped part of a line costs where nobody counts."""


class Log:
    """The log of one process. Fields that `FIELDS` does not declare, and values that are not safe, are left out, and
    `dropped` is called for each. `error` takes an exception.
    """

    def __init__(
        self, process: str, level: str, out: BinaryIO | None = None, dropped: Callable[[], None] = no_count
    ) -> None:
        self._process = process
        self._dropped = dropped
        self._logger: Any = structlog.wrap_logger(
            structlog.BytesLogger(out or sys.stderr.buffer),
            processors=[self._allowed, _rendered],
            wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        )

    def debug(self, event: Event, **fields: object) -> None:
        self._logger.debug(event, **fields)

    def info(self, event: Event, **fields: object) -> None:
        self._logger.info(event, **fields)

    def warning(self, event: Event, **fields: object) -> None:
        self._logger.warning(event, **fields)

    def error(self, event: Event, *, error: BaseException | None = None, **fields: object) -> None:
        self._logger.error(event, error=error, **fields)

    def failed(self, error: BaseException | None, why: str | None = None) -> None:
        """Something ended, or could not be handed to anyone, by this error."""
        self.error(Event.FAILED, error=error, why=why)

    def _allowed(self, _logger: WrappedLogger, level: str, told: EventDict) -> EventDict:
        event, error = told.pop("event"), told.pop("error", None)
        if not isinstance(event, Event):
            self._dropped()
            raise structlog.DropEvent
        line: EventDict = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "level": level,
            "process": self._process,
            "event": event.value,
        }
        for key, value in told.items():
            safe = FIELDS[key](value) if key in FIELDS else None
            if safe is not None:
                line[key] = safe
            elif value is not None:
                self._dropped()
        if isinstance(error, BaseException):
            line["errors"] = list(told_of(error))
        return line


def _rendered(_logger: WrappedLogger, _level: str, line: EventDict) -> bytes:
    return orjson.dumps(line)


def told_of(error: BaseException) -> Iterator[Mapping[str, object]]:
    """An error and its causes, the first cause last: class, places, and the words only of errors of ours."""
    told: BaseException | None = error
    for _ in range(CAUSES_MAX):
        if told is None:
            return
        words = {"text": str(told)} if isinstance(told, AnwangError) else {}
        yield {"class": type(told).__qualname__, **words, "places": list(places(told.__traceback__))}
        told = told.__cause__ or (None if told.__suppress_context__ else told.__context__)


def places(trace: TracebackType | None) -> Iterator[str]:
    """Where an error came through, as `module:line function`; the last 30."""
    frames = [(frame, line) for frame, line in walk_tb(trace)][-FRAMES_MAX:]
    for frame, line in frames:
        yield f"{frame.f_globals.get('__name__', '?')}:{line} {frame.f_code.co_name}"


class _Libraries(logging.Handler):
    """Takes what libraries log: who, where, and the text only if it stands so in the library's source."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        stands = isinstance(record.msg, str) and record.msg in _texts_in(record.pathname)
        self._log.error(
            Event.LIBRARY,
            error=error,
            logger=record.name,
            where=f"{record.module}:{record.lineno}",
            text=SourceText(record.msg) if stands else None,
        )


@lru_cache(SOURCE_FILES_MAX)
def _texts_in(path: str) -> frozenset[str]:
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return frozenset()
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return frozenset(text for text in constants if isinstance(text, str))


def take_over(log: Log) -> None:
    """From now on everything that Python or a library would write about an error goes through `log`."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    root.addHandler(_Libraries(log))
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    logging.raiseExceptions = False

    def uncaught(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        log.failed(error)

    sys.excepthook = uncaught
    threading.excepthook = lambda told: log.failed(told.exc_value, "thread")
    sys.unraisablehook = lambda told: log.failed(told.exc_value, "unraisable")


def take_over_loop(log: Log, loop: asyncio.AbstractEventLoop) -> None:
    """The same for what the event loop cannot hand to anyone."""

    def handler(_loop: asyncio.AbstractEventLoop, context: Mapping[str, object]) -> None:
        error = context.get("exception")
        log.failed(error if isinstance(error, BaseException) else None, "event_loop")

    loop.set_exception_handler(handler)
