"""Ways in which a message cannot be read: each turns a good report into bytes that must end as a dead letter."""

import json
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]


def _write(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def _without(document: Json, field: str) -> bytes:
    return _write({key: value for key, value in document.items() if key != field})


def _with_data(document: Json, **changed: object) -> bytes:
    return _write(document | {"data": document["data"] | changed})


def cut_off(document: Json) -> bytes:
    return _write(document)[:-40]


def other_encoding(document: Json) -> bytes:
    return b"\xff\xfe" + _write(document)[2:]


def plain_text(_: Json) -> bytes:
    return "民眾來電，地址不詳".encode()


def a_list(document: Json) -> bytes:
    return _write([document])


def only_null(_: Json) -> bytes:
    return b"null"


def nested_deeply(_: Json) -> bytes:
    return b'{"data":' * 4_000 + b"1" + b"}" * 4_000


def no_specversion(document: Json) -> bytes:
    return _without(document, "specversion")


def version_to_come(document: Json) -> bytes:
    return _write(document | {"specversion": "2.0"})


def other_type(document: Json) -> bytes:
    return _write(document | {"type": "report.withdrawn.v1"})


def no_data(document: Json) -> bytes:
    return _without(document, "data")


def no_persons(document: Json) -> bytes:
    return _with_data(document, persons=[])


def persons_without_role(document: Json) -> bytes:
    return _with_data(document, persons=[{"sex": "female"}])


def empty_report_no(document: Json) -> bytes:
    return _with_data(document, report_no="")


Spoil = Callable[[Json], bytes]

GARBAGE: tuple[Spoil, ...] = (
    cut_off,
    other_encoding,
    plain_text,
    a_list,
    only_null,
    nested_deeply,
    no_specversion,
    version_to_come,
    other_type,
    no_data,
    no_persons,
    persons_without_role,
    empty_report_no,
)
