"""The CloudEvents 1.0 envelope on Kafka: structured and binary mode, read from any bytes at all."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from pipeline.contracts.jsontext import DEPTH_MAX, Json, NotJsonError, TooDeepError, WireFault, clean_text, read_json

SPEC_VERSION: Final = "1.0"
REPORT_TYPE: Final = "report.submitted.v1"
WIRE_FAULTS = "wirefaults"
"""Extension attribute of a stored document: what was odd about the bytes that it was read from."""

_HEADER_PREFIX = "ce_"
_OWN = frozenset({"specversion", "id", "source", "type", "time", "data", "data_base64", WIRE_FAULTS})

Headers = Sequence[tuple[str, bytes | None]]
NO_DEFAULTS: Final[Mapping[str, Json]] = MappingProxyType({})


class UnreadableCode(StrEnum):
    """Why a message is a dead letter."""

    NO_VALUE = "no_value"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    NOT_AN_OBJECT = "not_an_object"
    NOT_A_CLOUDEVENT = "not_a_cloudevent"
    OTHER_TYPE = "other_type"
    DATA_MISSING = "data_missing"
    DATA_NOT_AN_OBJECT = "data_not_an_object"
    FIELD_MISSING = "field_missing"
    NO_PERSON = "no_person"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A dead letter. `path` is a field of the contract, never one of the sender's; `event_id` is the envelope's, where
    it could be read.
    """

    code: UnreadableCode
    path: str | None = None
    event_id: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Envelope:
    """`time` is text, not yet judged. `extensions` holds the attributes that Anwang does not use."""

    specversion: str
    id: str
    source: str
    type: str
    time: str | None
    data: Mapping[str, Json] = field(repr=False)
    extensions: Mapping[str, Json] = field(repr=False)
    faults: tuple[WireFault, ...]

    def document(self) -> dict[str, Json]:
        """The event in structured mode. Reading it again gives an equal envelope."""
        faults = {WIRE_FAULTS: " ".join(self.faults)} if self.faults else {}
        time = {} if self.time is None else {"time": self.time}
        own = {"specversion": self.specversion, "id": self.id, "source": self.source, "type": self.type}
        return {**own, **time, **self.extensions, **faults, "data": dict(self.data)}


class _UnreadableError(Exception):
    def __init__(self, code: UnreadableCode, event_id: str | None = None) -> None:
        super().__init__(code)
        self.unreadable = Unreadable(code, event_id=event_id)


def open_envelope(
    value: bytes | None, headers: Headers, defaults: Mapping[str, Json] = NO_DEFAULTS
) -> Envelope | Unreadable:
    """The envelope of one message, or why there is none. Never raises. The headers decide the mode: a content type of
    CloudEvents, or no `ce_specversion`, means structured. A byte order mark is passed over; `data` may also be base64
    or a JSON text. `defaults` are the attributes where the message itself has none.
    """
    if value is None:
        return Unreadable(UnreadableCode.NO_VALUE)
    seen: set[WireFault] = set()
    attributes = _attributes(headers, seen)
    try:
        if attributes is None:
            told = _structured(value, seen)
            return _envelope({**told, **{n: v for n, v in defaults.items() if told.get(n) is None}}, seen)
        return _envelope(_binary(value, {**defaults, **attributes}, seen), seen)
    except _UnreadableError as error:
        return error.unreadable


def _structured(value: bytes, seen: set[WireFault]) -> dict[str, Json]:
    event = _parse(value, seen, DEPTH_MAX)
    if not isinstance(event, dict):
        raise _UnreadableError(UnreadableCode.NOT_AN_OBJECT)
    return event


def _binary(value: bytes, attributes: dict[str, Json], seen: set[WireFault]) -> dict[str, Json]:
    event_id, _ = _identity(attributes)
    try:
        return {**attributes, "data": _parse(value, seen, DEPTH_MAX - 1) if value else None}
    except _UnreadableError as error:
        raise _UnreadableError(error.unreadable.code, event_id) from None


def _attributes(headers: Headers, seen: set[WireFault]) -> dict[str, Json] | None:
    """The attributes of a message in binary mode, None in structured mode."""
    if not headers:
        return None
    texts = {clean_text(name.lower(), seen): _header(raw, seen) for name, raw in headers}
    content_type = (texts.get("content-type") or "").strip().lower()
    if content_type.startswith("application/cloudevents") or "ce_specversion" not in texts:
        return None
    found: dict[str, Json] = {
        name.removeprefix(_HEADER_PREFIX): text
        for name, text in texts.items()
        if name.startswith(_HEADER_PREFIX) and name not in {"ce_data", "ce_data_base64"} and text is not None
    }
    return {**found, "datacontenttype": content_type} if content_type else found


def _header(raw: bytes | None, seen: set[WireFault]) -> str | None:
    try:
        return None if raw is None else clean_text(raw.decode("utf-8"), seen)
    except UnicodeDecodeError:
        seen.add(WireFault.HEADER_UNREADABLE)
        return None


def _parse(value: bytes, seen: set[WireFault], depth_max: int) -> Json:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        raise _UnreadableError(UnreadableCode.NOT_UTF8) from None
    if text.startswith("\ufeff"):
        seen.add(WireFault.BYTE_ORDER_MARK)
        text = text[1:]
    try:
        return read_json(text, seen, depth_max)
    except NotJsonError:
        raise _UnreadableError(UnreadableCode.NOT_JSON) from None
    except TooDeepError:
        raise _UnreadableError(UnreadableCode.TOO_DEEP) from None


def _identity(event: Mapping[str, Json]) -> tuple[str, str]:
    """Id and source of a report's CloudEvent."""
    event_id, source, kind = event.get("id"), event.get("source"), event.get("type")
    known = event_id if isinstance(event_id, str) else None
    if event.get("specversion") != SPEC_VERSION or not (_filled(event_id) and _filled(source) and _filled(kind)):
        raise _UnreadableError(UnreadableCode.NOT_A_CLOUDEVENT, known)
    if kind != REPORT_TYPE:
        raise _UnreadableError(UnreadableCode.OTHER_TYPE, known)
    return str(event_id), str(source)


def _filled(value: Json) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _envelope(event: Mapping[str, Json], seen: set[WireFault]) -> Envelope:
    event_id, source = _identity(event)
    data = _data(event, event_id, seen)
    time = event.get("time")
    stored = event.get(WIRE_FAULTS)
    if isinstance(stored, str):
        seen.update(set(WireFault).intersection(stored.split()))
    return Envelope(
        specversion=SPEC_VERSION,
        id=event_id,
        source=source,
        type=REPORT_TYPE,
        time=time if isinstance(time, str) or time is None else str(time),
        data=data,
        extensions={name: value for name, value in event.items() if name not in _OWN},
        faults=tuple(fault for fault in WireFault if fault in seen),
    )


def _data(event: Mapping[str, Json], event_id: str, seen: set[WireFault]) -> Mapping[str, Json]:
    data, encoded = event.get("data"), event.get("data_base64")
    try:
        if data is None and isinstance(encoded, str):
            data = _parse(_decoded(encoded), seen, DEPTH_MAX - 1)
        elif encoded is not None:
            seen.add(WireFault.DATA_TWICE)
        if isinstance(data, str):
            data = _parse(data.encode("utf-8"), seen, DEPTH_MAX - 1)
            seen.add(WireFault.DATA_AS_TEXT)
    except _UnreadableError as error:
        raise _UnreadableError(error.unreadable.code, event_id) from None
    if data is None:
        raise _UnreadableError(UnreadableCode.DATA_MISSING, event_id)
    if not isinstance(data, dict):
        raise _UnreadableError(UnreadableCode.DATA_NOT_AN_OBJECT, event_id)
    return data


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise _UnreadableError(UnreadableCode.DATA_MISSING) from None
