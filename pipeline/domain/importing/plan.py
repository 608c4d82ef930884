"""A mapping laid over the columns that a file really has."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pipeline.contracts.mapping import FAULTS_COLUMN, Column, ReportMapping
from pipeline.contracts.targets import Target
from pipeline.domain.normalise.text import plain

Codes = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Told:
    """A column that fills a field. `codes` is its table by plain spelling, `numbers` the same for cells that lost
    their leading zeros.
    """

    column: Column
    at: int
    codes: Codes | None = None
    numbers: Codes | None = None
    yes: frozenset[str] = frozenset()
    no: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Field:
    path: str
    target: Target
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """`identity` names the columns by which a row is known again, with their places. `absent` and `unread` are headers
    that the file lacks, and that the mapping does not read.
    """

    mapping: ReportMapping
    source: str
    width: int
    fields: tuple[Field, ...]
    identity: tuple[tuple[str, int], ...]
    blank: frozenset[str]
    absent: tuple[str, ...]
    unread: tuple[str, ...]


def plan_for(mapping: ReportMapping, source: str, headers: Sequence[str]) -> Plan:
    """Raises ValueError where a column that must be filled is not there, or one stands there twice."""
    names = [header_key(header) for header in headers]
    place = {name: at for at, name in reversed(list(enumerate(names)))}
    wanted = {header: header_key(header) for header in mapping.headers}
    twice = [header for header, key in wanted.items() if names.count(key) > 1]
    if twice:
        raise ValueError(f"the column {', '.join(twice)} is there twice")
    must = {column.header for column in mapping.column if column.required}
    absent = tuple(header for header, key in wanted.items() if key not in place)
    if lacking := [header for header in absent if header in must]:
        raise ValueError(f"the column {', '.join(lacking)} is missing")
    known = {*wanted.values(), FAULTS_COLUMN, *map(header_key, mapping.ignore)}
    return Plan(
        mapping=mapping,
        source=source,
        width=len(headers),
        fields=tuple(_fields(mapping, {h: place[k] for h, k in wanted.items() if k in place})),
        identity=tuple((header, place[key]) for header, key in wanted.items() if key in place),
        blank=frozenset({"", *map(plain, mapping.blank)}),
        absent=absent,
        unread=tuple(h for h, name in zip(headers, names, strict=True) if name and name not in known),
    )


def header_key(header: str) -> str:
    """How headers are compared: without spaces and line breaks, whatever the width of their characters."""
    return "".join(plain(header).split()).casefold()


def code_key(code: str) -> str:
    return plain(code).upper()


def _fields(mapping: ReportMapping, places: Mapping[str, int]) -> Iterator[Field]:
    for path in dict.fromkeys(column.to for column in mapping.column):
        told = tuple(_told(c, places[c.header], mapping) for c in mapping.column if c.to == path and c.header in places)
        target = mapping.target(path)
        if told and target:
            yield Field(path, target, told)


def _told(column: Column, at: int, mapping: ReportMapping) -> Told:
    codes = None if column.codes is None else _codes(mapping, column.codes)
    return Told(
        column,
        at,
        codes,
        None if codes is None else _without_zeros(codes),
        frozenset(map(code_key, column.yes)),
        frozenset(map(code_key, column.no)),
    )


def _codes(mapping: ReportMapping, name: str) -> Codes:
    table = mapping.codes[name].items()
    return MappingProxyType({code_key(c): words if isinstance(words, tuple) else (words,) for c, words in table})


def _without_zeros(codes: Codes) -> Codes:
    """By the number that a code is, where only one code is that number."""
    bare = {code: code.lstrip("0") or "0" for code in codes if code.isdigit()}
    alone = [code for code, number in bare.items() if list(bare.values()).count(number) == 1]
    return MappingProxyType({bare[code]: codes[code] for code in alone})
