"""Publishes a file of reports to the topics of their sources."""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import orjson

from pipeline import wiring
from pipeline.adapters.kafka.brokers import Brokers, brokers_of
from pipeline.adapters.probes import asked
from pipeline.adapters.sender import Post, Sender, sender
from pipeline.commands.lines import FileRefusedError, blocks_of
from pipeline.contracts.envelope import Unreadable, open_envelope
from pipeline.contracts.messages import Coordinate
from pipeline.contracts.topics import intake_topic
from pipeline.domain.directory import Directory
from pipeline.domain.normalise.reading import SOURCE_PREFIX
from pipeline.errors import UnavailableError
from pipeline.settings import Settings, directory_of

DOOR_OF_STRANGERS = intake_topic("partner")
"""Where a line goes whose source is unknown or that cannot be read, so that it is seen."""

SAY_EVERY_S = 2.0
LINES_NAMED_MAX = 20


def send_file(settings: Settings, file: str, acks: Path | None) -> int:
    """0 when every line was acknowledged, else 1. Tells counts and line numbers, never what a line holds."""
    with ExitStack() as exits:
        tally = _Tally(exits.enter_context(_opened(acks)) if acks else None)
        directory = sources_now(settings)
        sent = asyncio.run(_send(brokers_of(settings), _posts(file, directory, tally), tally))
    tally.say()
    for topic in sorted(sent.refused):
        sys.stderr.write(f"topic {topic} takes nothing; `anwang topics` makes those that are missing\n")
    failed = sent.failed
    if failed:
        named = ", ".join(str(n) for n in sorted(failed)[:LINES_NAMED_MAX])
        more = f" and {len(failed) - LINES_NAMED_MAX} more" if len(failed) > LINES_NAMED_MAX else ""
        sys.stderr.write(f"not acknowledged: line {named}{more}\n")
    return 1 if failed else 0


def sources_now(settings: Settings) -> Directory:
    """Who is enrolled; only those of the file, with a word on standard error, while the database is away."""
    try:
        return asked(wiring.read_directory(settings))
    except UnavailableError:
        sys.stderr.write("note: the database does not answer; only the sources of the file are known\n")
        return directory_of(settings)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("ab")
    except OSError as error:
        raise FileRefusedError(f"{path} cannot be written: {error.strerror}") from error


async def _send(brokers: Brokers, posts: Iterator[list[Post]], tally: "_Tally") -> Sender:
    async with sender(brokers, tally.acknowledged) as sending:
        await sending.send(posts)
        return sending


def _posts(file: str, directory: Directory, tally: "_Tally") -> Iterator[list[Post]]:
    for block in blocks_of(file):
        tally.read(len(block))
        yield [post_of(number, line, directory) for number, line in block]


def post_of(number: int, line: bytes, directory: Directory) -> Post:
    """Where a line goes: the topic of its source, with the source's code as key."""
    envelope = open_envelope(line, ())
    if isinstance(envelope, Unreadable):
        return Post(number, DOOR_OF_STRANGERS, None, line, envelope.event_id)
    written = envelope.source
    source = directory.find(written.removeprefix(SOURCE_PREFIX)) if written.startswith(SOURCE_PREFIX) else None
    if source is None:
        return Post(number, DOOR_OF_STRANGERS, None, line, envelope.id)
    return Post(number, source.topic, source.code.encode(), line, envelope.id)


class _Tally:
    """Counts, writes acknowledgements down and says now and then how far it is."""

    def __init__(self, acks: BinaryIO | None) -> None:
        self._acks = acks
        self._began = self._said_at = time.monotonic()
        self._lines = self._acknowledged = 0

    def read(self, lines: int) -> None:
        self._lines += lines
        if time.monotonic() - self._said_at > SAY_EVERY_S:
            self.say()

    def acknowledged(self, post: Post, at: Coordinate) -> None:
        self._acknowledged += 1
        if self._acks:
            told = {"line": post.number, "event_id": post.event_id, **at._asdict()}
            self._acks.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))

    def say(self) -> None:
        self._said_at = time.monotonic()
        took_s = self._said_at - self._began
        sys.stderr.write(f"{self._lines} lines, {self._acknowledged} acknowledged, {took_s:.1f} s\n")
