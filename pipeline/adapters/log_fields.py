"""What a log line may hold: the declared keys, and for each what makes a value safe."""

import re
from collections.abc import Callable, Mapping
from enum import Enum, StrEnum
from uuid import UUID

from pipeline.contracts.topics import INTAKE_NAME, OUTGOING


class Event(StrEnum):
    """What a line may tell of."""

    STARTED = "started"
    READY = "ready"
    NOT_READY = "not_ready"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    LAST_ONE_HUNG = "last_one_hung"
    CLAIMED = "claimed"
    SETTLED = "settled"
    UNREAD = "unread"
    REFUSED = "refused"
    PUBLISHED = "published"
    AUDITED = "audited"
    ALARM = "alarm"
    LIBRARY = "library"


class SourceText(str):
    """A text that stands word for word in a program's source, so that it can hold nothing of a report."""

    __slots__ = ()


Safe = Callable[[object], object]
"""The value where it may be told, else None."""


def _number(value: object) -> object:
    return value if isinstance(value, int | float) else None


def _matching(pattern: str) -> Safe:
    known = re.compile(pattern)

    def safe(value: object) -> object:
        text = _text(value)
        return text if text is not None and known.fullmatch(text) else None

    return safe


def _text(value: object) -> str | None:
    if isinstance(value, Enum):
        value = value.value
    return str(value) if isinstance(value, str | UUID) else None


def _counts(value: object) -> object:
    """Numbers by code or topic; other entries are left out."""
    if not isinstance(value, Mapping):
        return None
    return {_text(k): n for k, n in value.items() if isinstance(n, int) and (topic(k) or code(k))}


def _source_text(value: object) -> object:
    return str(value) if isinstance(value, SourceText) else None


_TOPIC = "|".join([INTAKE_NAME, *map(re.escape, OUTGOING)])
_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SUBJECT_WORD = (
    rf"(?:(?:{_TOPIC})(?:/\d+)?|{_ID}|\d+|offset|offsets|version|to|outbox|unread|spool|database"
    r"|(?:feed|gateway|stream) [a-zA-Z0-9][a-zA-Z0-9._-]{0,63})"
)

code = _matching(r"[a-z][a-z0-9_.]{0,63}")
topic = _matching(_TOPIC)

FIELDS: Mapping[str, Safe] = {
    "process": _matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"),
    "version": _matching(r"[0-9][0-9a-z.+]{0,31}"),
    "pid": _number,
    "port": _number,
    "signal": _number,
    "exit_code": _number,
    "topic": topic,
    "partition": _number,
    "offset": _number,
    "next_offset": _number,
    "epoch": _number,
    "messages": _number,
    "seconds": _number,
    "settled": _counts,
    "published": _counts,
    "findings": _counts,
    "received": _number,
    "in_flight": _number,
    "spooled": _number,
    "lost": _number,
    "unpublished": _number,
    "oldest_unsettled_s": _number,
    "unread_open": _number,
    "unread_overdue": _number,
    "balanced": _number,
    "outcome": code,
    "code": code,
    "why": code,
    "subject": _matching(rf"{_SUBJECT_WORD}(?: {_SUBJECT_WORD})*"),
    "case_id": _matching(_ID),
    "report_id": _matching(_ID),
    "unread_id": _matching(_ID),
    "logger": _matching(r"[A-Za-z_][A-Za-z0-9_.]{0,127}"),
    "where": _matching(r"[A-Za-z0-9._-]+(:\d+)?"),
    "text": _source_text,
}
