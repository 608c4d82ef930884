"""The audit of access: who looked at what, as events in chains of hashes, with ids, codes and counts alone."""

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple, TypeAlias
from uuid import UUID

BEGINNING = bytes(32)
"""What the first event of a stream follows."""

OWNERS_NAMED_MAX = 50
"""An event of keys_used names so many owners of keys; a digest stands for all of them."""


class AccessKind(StrEnum):
    """What happened. A new kind needs no migration."""

    READ = "read"
    REVEAL = "reveal"
    REFUSAL = "refusal"
    EXPORT = "export"
    KEYS_USED = "keys_used"
    KEY_ROTATED = "key_rotated"
    ERASURE_PROPOSED = "erasure_proposed"
    ERASURE_REFUSED = "erasure_refused"
    ERASED = "erased"
    OVERRIDE = "override"
    RULING = "ruling"
    TRANSFER = "transfer"
    CLAIM_ENDED = "claim_ended"
    NOTE = "note"
    CO_WORK = "co_work"
    DECIDED_AGAIN = "decided_again"
    EXPLAINED = "explained"
    UNREAD_READ = "unread_read"
    RELEASED = "released"
    ALARM_SETTLED = "alarm_settled"
    SOURCE_CHANGED = "source_changed"
    POLICY_CHANGED = "policy_changed"
    STAFF_CHANGED = "staff_changed"
    LOGIN = "login"
    LOGIN_REFUSED = "login_refused"
    LOGOUT = "logout"
    AUDIT_READ = "audit_read"
    ACKNOWLEDGED = "acknowledged"
    CALL_OUT = "call_out"
    REPORT_TOLD = "report_told"


Code: TypeAlias = UUID | int | str | None
"""A bool is an int. A str is a code: letters, digits and few signs, without a space."""
Body: TypeAlias = Mapping[str, "Code | list[Code]"]

_STREAM = re.compile(r"\w[\w.-]{0,63}")
"""Letters of any script: a stream may be named after a county."""
_ACTOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,99}")
_PERSONAL = re.compile(r"[A-Za-z][A-Da-d1289]\d{8}|\+?[\d-]{8,}")
"""A national ID, or what could be a telephone number or a date of birth."""


def told(stream: str, actor: str, body: Body) -> dict[str, object]:
    """The body as JSON values. Raises ValueError for a stream, an actor or a value that could hold something personal;
    the error's text does not repeat it.
    """
    if not _STREAM.fullmatch(stream) or not _ACTOR.fullmatch(actor):
        raise ValueError("a stream and an actor are codes")
    if not all(map(_NAME.fullmatch, body)):
        raise ValueError("the fields of an event of access are code words")
    return {name: [*map(_code, v)] if isinstance(v, list) else _code(v) for name, v in body.items()}


def _code(value: Code) -> int | str | None:
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, UUID):
        return str(value)
    if not _CODE.fullmatch(value) or _PERSONAL.fullmatch(value):
        raise ValueError("an event of access holds ids, codes and counts alone")
    return str(value)


def as_code(text: str) -> str:
    """The text where it is a code, else a digest by which the same one is known again."""
    if _CODE.fullmatch(text) and not _PERSONAL.fullmatch(text):
        return text
    return f"digest:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def actor_of(text: str) -> str:
    """As `as_code`, of who did something: people may have told a name where a staff code was due."""
    return text if _ACTOR.fullmatch(text) and not _PERSONAL.fullmatch(text) else as_code(text)[:64]


class Deed(NamedTuple):
    """What somebody did."""

    kind: AccessKind
    actor: str
    body: Body


def keys_used(owners: Collection[UUID]) -> Body:
    """Whose keys opened or sealed something: how many, the first of them in order, and a digest of all."""
    ordered = sorted(set(owners))
    digest = sha256(b"".join(owner.bytes for owner in ordered)).hexdigest()
    return {"count": len(ordered), "owners": [*ordered[:OWNERS_NAMED_MAX]], "digest": digest}


class AccessEvent(NamedTuple):
    """One row. `at` is in UTC to the microsecond, `body` the text of the JSON, both as the database writes them."""

    stream: str
    number: int
    at: str
    kind: str
    actor: str
    body: str
    prior_hash: bytes
    hash: bytes


def event_hash(prior_hash: bytes, event: AccessEvent) -> bytes:
    """The hash of the event that follows `prior_hash`. Every part stands with its length in bytes before it, so that
    no two events have one text. `access_hash` of the database makes the same.
    """
    stream, number, at, kind, actor, body, _, _ = event
    text = ""
    for part in (stream, str(number), at, kind, actor, body):
        length = len(part) if part.isascii() else len(part.encode())
        text += f"{length}:{part},"
    return sha256(prior_hash + text.encode()).digest()
