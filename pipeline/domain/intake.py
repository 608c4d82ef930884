"""The door: what is taken in of what a source sends by HTTP or through a form, under which id, and what is refused."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from pipeline.contracts.envelope import Headers, Unreadable, UnreadableCode, open_envelope
from pipeline.contracts.jsontext import DEPTH_MAX, Json, NotJsonError, TooDeepError, read_json
from pipeline.contracts.topics import MESSAGE_BYTES_MAX
from pipeline.domain.directory import Directory, Source
from pipeline.domain.normalise.reading import SOURCE_PREFIX, read_event
from pipeline.domain.signed import SignatureFault, signature_fault

BATCH_MAX = 500
"""Events in one request."""

EVENT_BYTES_MAX = MESSAGE_BYTES_MAX - 16 * 1024
"""Beside it the message has to hold its key and headers. Numbers such as 9e15 are longer once they are written out."""


class Refusal(StrEnum):
    """Why the door does not take a request, beside `UnreadableCode`."""

    TOKEN_MISSING = "token_missing"  # noqa: S105 - a code, no token
    TOKEN_UNKNOWN = "token_unknown"  # noqa: S105 - a code, no token
    CERTIFICATE_MISSING = "certificate_missing"
    CERTIFICATE_NOT_YOURS = "certificate_not_yours"
    CODE_UNKNOWN = "code_unknown"
    SOURCE_NOT_YOURS = "source_not_yours"
    ID_MISSING = "id_missing"
    SIGNED_INCOMPLETE = "signed_incomplete"
    CONTENT_TYPE_UNKNOWN = "content_type_unknown"
    TOO_LARGE = "too_large"
    TOO_MANY_EVENTS = "too_many_events"
    NO_EVENTS = "no_events"
    TOO_MANY_REQUESTS = "too_many_requests"
    BROKER_AWAY = "broker_away"
    UNSURE = "unsure"
    BUSY = "busy"
    TOO_SLOW = "too_slow"
    INTERNAL = "internal"
    DATABASE_AWAY = "database_away"
    RECEIPT_UNKNOWN = "receipt_unknown"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    PARAMETER_WRONG = "parameter_wrong"


class DeskRefusal(StrEnum):
    """Why the desk does not do what a person asks, beside those."""

    SIGN_IN_REFUSED = "sign_in_refused"
    SIGN_IN_LOCKED = "sign_in_locked"
    NO_POST = "no_post"
    POST_AMBIGUOUS = "post_ambiguous"
    NO_SUCH_SIGN_IN = "no_such_sign_in"
    CROSS_SITE = "cross_site"
    NOT_YOUR_WORK = "not_your_work"
    CASE_UNKNOWN = "case_unknown"
    HELD_BY_ANOTHER = "held_by_another"
    NOT_HELD = "not_held"
    SECOND_MISSING = "second_missing"
    SECOND_REFUSED = "second_refused"
    NOTIFICATION_UNKNOWN = "notification_unknown"
    CONTACT_UNKNOWN = "contact_unknown"
    NOT_OPENED = "not_opened"
    ID_TAKEN = "id_taken"
    CONTACT_WITHHELD = "contact_withheld"
    CONTACT_ASK_A_PERSON = "contact_ask_a_person"
    CONTACT_THROUGH_ANOTHER = "contact_through_another"
    CONTACT_NOT_THIS_WAY = "contact_not_this_way"
    CONTACT_NOT_NOW = "contact_not_now"
    NO_DESK_SOURCE = "no_desk_source"
    KEY_REUSED = "key_reused"
    NOT_IN_THIS_STAGE = "not_in_this_stage"
    FENCE_STALE = "fence_stale"
    LEASE_OVER = "lease_over"
    VERSION_STALE = "version_stale"
    SECOND_IS_FIRST = "second_is_first"
    REASON_UNKNOWN = "reason_unknown"
    RESULT_UNKNOWN = "result_unknown"
    STEP_UNKNOWN = "step_unknown"
    CAPACITY_REACHED = "capacity_reached"
    NOBODY_THERE = "nobody_there"
    NOTHING_WAITS = "nothing_waits"
    TASK_UNKNOWN = "task_unknown"
    NEEDS_A_STEP = "needs_a_step"
    TOO_MANY_STREAMS = "too_many_streams"
    METHOD_UNKNOWN = "method_unknown"
    OUTCOME_UNKNOWN = "outcome_unknown"
    WHY_UNKNOWN = "why_unknown"
    CAME_UNKNOWN = "came_unknown"
    TOLD_ONCE_MISSING = "told_once_missing"
    INCIDENT_UNKNOWN = "incident_unknown"
    CO_WORK_UNKNOWN = "co_work_unknown"
    ASKED_BEFORE = "asked_before"
    ANSWERED_BEFORE = "answered_before"


ProblemCode = Refusal | UnreadableCode | DeskRefusal | SignatureFault


class ReceiptState(StrEnum):
    """All that a source learns of its report: the broker has it, it is settled, a centre has it in hand, that came to
    its end, or a person has it to read.
    """

    RECEIVED = "received"
    SETTLED = "settled"
    TAKEN_OVER = "taken_over"
    CLOSED = "closed"
    WITH_A_PERSON = "with_a_person"


class Sees(StrEnum):
    """How far a source may see what becomes of its report."""

    RECEIVED = "received"
    SETTLED = "settled"
    TAKEN_OVER = "taken_over"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class SourceSight:
    """`by_kind` says it of the kinds of source that see otherwise."""

    usual: Sees = Sees.TAKEN_OVER
    by_kind: Mapping[str, Sees] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, written: str) -> "SourceSight":
        """Of `taken_over police=closed hotline=settled`. Raises ValueError."""
        usual, *others = written.split()
        pairs = (one.partition("=") for one in others)
        return cls(Sees(usual), MappingProxyType({kind: Sees(word) for kind, _, word in pairs}))

    def for_kind(self, kind: str) -> Sees:
        return self.by_kind.get(kind, self.usual)

    def counts_taken_over(self, kind: str) -> bool:
        """Whether it may know how many of its reports a centre has in hand."""
        return self.for_kind(kind) in (Sees.TAKEN_OVER, Sees.CLOSED)


class MonthCount(NamedTuple):
    """A source's reports of one month. `taken_over` is None for fewer than five, and for who may not know it."""

    month: date
    accepted: int
    taken_over: int | None


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` is a field of the contract, `event` the position in a batch from 0; nothing of what was sent."""

    code: ProblemCode
    path: str | None = None
    event: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One event as it came. `key` stands for an id where the event has none, `signature` is detached from `value`."""

    value: bytes = field(repr=False)
    headers: Headers = field(default=(), repr=False)
    key: str | None = field(default=None, repr=False)
    signature: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Admitted:
    """An event that the pipeline will be able to read, in structured mode, with the authenticated source in it. A
    signed one keeps the bytes that it came with, and its signature. `faults` are `code:path`, as in a decision.
    """

    event_key: UUID
    value: bytes = field(repr=False)
    faults: tuple[str, ...]
    signature: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Post:
    """An admitted event on its way to the topic of its source. It carries the time when it came in, however long it
    then waits.
    """

    topic: str
    key: bytes
    event_key: UUID
    arrived_at: datetime
    value: bytes = field(repr=False)
    signature: str | None = field(default=None, repr=False)


def posts(source: Source, admitted: Sequence[Admitted], arrived_at: datetime) -> list[Post]:
    key = source.code.encode()
    return [Post(source.topic, key, one.event_key, arrived_at, one.value, one.signature) for one in admitted]


_BETWEEN = " \t\n\r,"
_ONE = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)


def batch_of(body: bytes) -> list[Told] | Problem:
    """The events of a batch, each with the very bytes that it came with."""
    try:
        text = body.decode("utf-8").removeprefix("\ufeff")
        events = read_json(text, set(), DEPTH_MAX + 1)
    except UnicodeDecodeError:
        return Problem(UnreadableCode.NOT_UTF8)
    except NotJsonError:
        return Problem(UnreadableCode.NOT_JSON)
    except TooDeepError:
        return Problem(UnreadableCode.TOO_DEEP)
    if not isinstance(events, list) or not events:
        return Problem(Refusal.NO_EVENTS)
    if len(events) > BATCH_MAX:
        return Problem(Refusal.TOO_MANY_EVENTS)
    return list(_cut(text, len(events)))


def _cut(text: str, events: int) -> Iterator[Told]:
    at = text.index("[") + 1
    for _ in range(events):
        while text[at] in _BETWEEN:
            at += 1
        start = at
        _, at = _ONE.raw_decode(text, start)
        yield Told(text[start:at].encode())


def certificate_fault(fingerprint: str | None, source: Source, directory: Directory, at: datetime) -> Refusal | None:
    """What is wrong with the client certificate that came with this source's token, or with its absence."""
    known = directory.certificates.get(fingerprint) if fingerprint else None
    if known and known.source == source.code and not known.is_revoked(at):
        return None
    if known or (fingerprint and source.certificate_due):
        return Refusal.CERTIFICATE_NOT_YOURS
    return Refusal.CERTIFICATE_MISSING if source.certificate_due else None


def admit_all(
    told: Sequence[Told], source: Source, arrived_at: datetime, directory: Directory
) -> list[Admitted] | Problem:
    """All events of a request, or the first reason why none of them is taken."""
    admitted = []
    for number, one in enumerate(told):
        found = admit(one, source, arrived_at, directory)
        if isinstance(found, Problem):
            return Problem(found.code, found.path, number if len(told) > 1 else None)
        admitted.append(found)
    return admitted


def admit(told: Told, source: Source, arrived_at: datetime, directory: Directory) -> Admitted | Problem:
    """Reads the event just as the pipeline will. One of another source is refused; one without a source is stamped."""
    stamp: Json = f"{SOURCE_PREFIX}{source.code}"
    missing = Unreadable(UnreadableCode.NOT_A_CLOUDEVENT)
    envelope = open_envelope(told.value, told.headers, {"source": stamp, **({"id": told.key} if told.key else {})})
    if envelope == missing and _lacks_only_its_id(told, stamp):
        return Problem(Refusal.ID_MISSING, "id")
    if isinstance(envelope, Unreadable):
        return Problem(envelope.code, envelope.path)
    not_yours = Problem(Refusal.SOURCE_NOT_YOURS, "source") if envelope.source != stamp else None
    if doubted := not_yours or _signature_problem(told, source, arrived_at, directory):
        return doubted
    value = told.value if told.signature is not None else _compact(envelope.document())
    reading = read_event(value, (), arrived_at, directory) if len(value) <= EVENT_BYTES_MAX else None
    if reading is None:
        return Problem(Refusal.TOO_LARGE)
    if isinstance(reading, Unreadable):
        return Problem(reading.code, reading.path)
    return Admitted(reading.facts.event_key, value, reading.facts.faults, told.signature)


def _signature_problem(told: Told, source: Source, arrived_at: datetime, directory: Directory) -> Problem | None:
    if fault := signature_fault(told, source, directory, arrived_at):
        return Problem(fault)
    lacking = _lacking(told.value) if told.signature is not None else None
    return Problem(Refusal.SIGNED_INCOMPLETE, lacking) if lacking else None


def _compact(document: Mapping[str, Json]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _lacking(value: bytes) -> str | None:
    """What the gateway would have to write into a signed event, which it may not."""
    for name in ("source", "id"):
        others = {other: "any" for other in ("source", "id") if other != name}
        if isinstance(open_envelope(value, (), others), Unreadable):
            return name
    return None


def _lacks_only_its_id(told: Told, stamp: Json) -> bool:
    found = open_envelope(told.value, told.headers, {"source": stamp, "id": "any"})
    return not isinstance(found, Unreadable) or found.code is not UnreadableCode.NOT_A_CLOUDEVENT
