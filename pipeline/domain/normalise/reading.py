"""From a message to facts: the one door through which a report comes in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.envelope import Envelope, Headers, Unreadable, UnreadableCode, open_envelope
from pipeline.contracts.ids import event_key
from pipeline.contracts.jsontext import Json, canonical
from pipeline.contracts.limits import NARRATIVE_CHARACTERS_MAX, REPORT_NO_CHARACTERS_MAX
from pipeline.contracts.vocabulary import Category, Channel, CrisisFlag, Indicator, ReporterRole, ReportType
from pipeline.domain.directory import Directory
from pipeline.domain.facts import Facts
from pipeline.domain.normalise.date import YEAR_MAX, YEAR_MIN, read_instant
from pipeline.domain.normalise.instruments import read_forms
from pipeline.domain.normalise.notes import ITEMS_MAX, Fault, Notes, Word
from pipeline.domain.normalise.person import optional_place, read_persons
from pipeline.domain.normalise.story import Story, read_story

SOURCE_PREFIX = "/sources/"
REQUIRED = ("report_no", "channel", "received_at", "categories", "persons")
FUTURE_TOLERANCE = timedelta(days=1)
"""A source's clock may be ahead of ours by so much before it is noted."""
EARLIEST = datetime(YEAR_MIN, 1, 1, tzinfo=TAIPEI)
"""Stands for an arrival that no calendar of ours holds: what hangs on it is due at once, never in some far year."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`document` is the CloudEvent in structured mode; reading it again at the same `arrived_at` gives equal facts."""

    facts: Facts
    document: dict[str, Json] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Times:
    sent_at: datetime
    received_at: datetime
    clock_start: datetime
    occurred_at: datetime | None


def read_event(
    value: bytes | None, headers: Headers, arrived_at: datetime, directory: Directory
) -> Reading | Unreadable:
    """What one message says, or why it cannot be read. Never raises, whatever the bytes and whatever the year of
    `arrived_at`, which carries an offset.
    """
    envelope = open_envelope(value, headers)
    if isinstance(envelope, Unreadable):
        return envelope
    missing = next((name for name in REQUIRED if _is_missing(envelope.data.get(name), name)), None)
    if missing:
        return Unreadable(UnreadableCode.FIELD_MISSING, missing, envelope.id)
    facts = _facts(envelope, arrived_at, directory)
    if not facts.persons:
        return Unreadable(UnreadableCode.NO_PERSON, "persons", envelope.id)
    return Reading(facts, envelope.document())


def _is_missing(value: Json, name: str) -> bool:
    return value is None or (name == "report_no" and isinstance(value, str) and not value.strip())


def _facts(envelope: Envelope, arrived_at: datetime, directory: Directory) -> Facts:
    notes, data = Notes(), envelope.data
    source, county = _source(envelope.source, notes, directory)
    arrived = arrived_at if YEAR_MIN <= arrived_at.year <= YEAR_MAX else EARLIEST
    times = _times(envelope.time, data, arrived, notes)
    _check_the_rest(data, notes)
    return Facts(
        event_key=event_key(source, envelope.id),
        event_id=envelope.id,
        content_key=sha256(canonical(dict(data))).digest(),
        source=source,
        source_county=county,
        report_no=_report_no(data.get("report_no"), notes),
        related_report_nos=_distinct(data.get("related_report_nos"), "related_report_nos", notes),
        sent_at=times.sent_at,
        received_at=times.received_at,
        clock_start=times.clock_start,
        occurred_at=times.occurred_at,
        occurred_place=optional_place(data.get("occurred_place"), "occurred_place", notes),
        categories=_words(Category, Category.OTHER, data.get("categories"), "categories", notes),
        crisis_flags=_words(CrisisFlag, CrisisFlag.OTHER, data.get("crisis_flags"), "crisis_flags", notes),
        indicators=_indicators(data.get("indicators"), notes),
        forms=read_forms(data.get("instruments"), notes),
        persons=read_persons(data.get("persons"), notes, times.received_at.astimezone(TAIPEI).date()),
        faults=(*map(str, envelope.faults), *notes.faults()),
        story=_story(data.get("narrative")),
    )


def _story(narrative: Json) -> Story | None:
    return read_story(narrative) if isinstance(narrative, str) else None


def _source(written: str, notes: Notes, directory: Directory) -> tuple[str, str | None]:
    """The code and the county of a source; a text that names no registered one is itself the code."""
    code = written.removeprefix(SOURCE_PREFIX)
    known = directory.find(code) if written.startswith(SOURCE_PREFIX) else None
    if known is None:
        notes.add(Fault.SOURCE_UNREGISTERED, "source")
        return code or written, None
    return code, known.county


def _times(time: str | None, data: Mapping[str, Json], arrived_at: datetime, notes: Notes) -> _Times:
    sent = _instant(time, "time", notes, arrived_at)
    received = _instant(data.get("received_at"), "received_at", notes, arrived_at)
    known = _instant(data.get("known_at"), "known_at", notes, arrived_at)
    occurred = _instant(data.get("occurred_at"), "occurred_at", notes, arrived_at)
    received_at = received or sent or arrived_at
    if known and known > received_at:
        notes.add(Fault.KNOWN_AFTER_RECEIVED, "known_at")
    return _Times(
        sent_at=sent or received or arrived_at,
        received_at=received_at,
        clock_start=min(known or received_at, received_at),
        occurred_at=occurred,
    )


def _instant(value: Json, path: str, notes: Notes, arrived_at: datetime) -> datetime | None:
    written = notes.text(value, path)
    if written is None:
        return None
    instant, assumed = read_instant(written)
    if instant is None:
        notes.add(Fault.TIME_UNREADABLE, path)
        return None
    if assumed:
        notes.add(Fault.OFFSET_MISSING, path)
    if instant > arrived_at + FUTURE_TOLERANCE:
        notes.add(Fault.TIME_IN_FUTURE, path)
    return instant


def _report_no(value: Json, notes: Notes) -> str:
    number = (notes.text(value, "report_no") or "").strip()
    if len(number) > REPORT_NO_CHARACTERS_MAX:
        notes.add(Fault.TOO_LONG, "report_no")
    return number


def _distinct(value: Json, path: str, notes: Notes) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.strip() for text, _ in notes.texts(value, path)))


def _words(kind: type[Word], other: Word, value: Json, path: str, notes: Notes) -> tuple[Word, ...]:
    """The words at their positions; what is no word of the vocabulary counts as `other`."""
    items = enumerate(notes.items(value, path))
    first = (notes.word(kind, "" if item is None else item, f"{path}[{position}]") or other for position, item in items)
    return (*first, *(other if word is None else word for word in _known_beyond(kind, value)))


def _indicators(value: Json, notes: Notes) -> tuple[str, ...]:
    items = enumerate(notes.items(value, "indicators"))
    first = (notes.text(item, f"indicators[{position}]") or "" for position, item in items)
    return (*first, *(word or "" for word in _known_beyond(Indicator, value)))


def _known_beyond(kind: type[Word], value: Json) -> list[Word | None]:
    """What stands behind the items that are looked at one by one, up to the last known word, each at its position: in
    however long a list, no danger is passed over.
    """
    beyond = value[ITEMS_MAX:] if isinstance(value, list) else []
    if not beyond:
        return []
    known: Mapping[Json, Word] = {word.value: word for word in kind}
    words = [known.get(item) if isinstance(item, str) else None for item in beyond]
    while words and words[-1] is None:
        words.pop()
    return words


def _check_the_rest(data: Mapping[str, Json], notes: Notes) -> None:
    """Notes what is wrong with fields that nothing is decided by."""
    notes.word(Channel, data.get("channel"), "channel")
    notes.word(ReportType, data.get("report_type"), "report_type")
    notes.word(ReporterRole, notes.mapping(data.get("reporter"), "reporter").get("role"), "reporter.role")
    if len(notes.text(data.get("narrative"), "narrative") or "") > NARRATIVE_CHARACTERS_MAX:
        notes.add(Fault.TOO_LONG, "narrative")
