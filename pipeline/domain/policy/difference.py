"""What one policy says otherwise than another, table by table and row by row."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import BaseModel

from pipeline.contracts.policy import PolicyFile
from pipeline.contracts.policy_desk import DeskRules
from pipeline.domain.policy.desk_rules import desk_of

_HEADS = ("version", "effective_from", "effective_to", "zh", "en", "stand_in")
_BY_ORDER = frozenset({"queue", "child_grade", "priority", "county", "clock"})
"""Tables of which the first row that holds decides."""

_WORDS = ("name", "code", "kind", "priority", "stage", "role", "en")
"""What names a row, the first that it has."""

_FIRST = {"code": 0, "name": 0, "zh": 2, "en": 3}
"""A row is shown from its word to its labels."""


class Kind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


class Change(NamedTuple):
    """One difference. `row` names the row inside `table`; `field` where in it, such as `when all 2 any_of`. `old` and
    `new` are the values, None where there is none; of a row that moved its places, from 1.
    """

    table: str
    kind: Kind
    row: str = ""
    field: str = ""
    old: Any = None
    new: Any = None


def changes(old: PolicyFile, new: PolicyFile) -> Iterator[Change]:
    """All differences, in the order of a file. Nothing stands here for policies that judge and read alike."""
    for head in _HEADS:
        yield from _field("", "", head, _plain(getattr(old, head)), _plain(getattr(new, head)))
    for table in PolicyFile.model_fields:
        if table == "calendar":
            yield from _calendar(old, new)
        elif table == "desk":
            yield from _desk(desk_of(old), desk_of(new))
        elif table not in _HEADS:
            yield from _rows(table, getattr(old, table), getattr(new, table))


def _rows(table: str, old: Sequence[BaseModel], new: Sequence[BaseModel]) -> Iterator[Change]:
    olds, news = _named(table, old), _named(table, new)
    for name, row in olds.items():
        if name not in news:
            yield Change(table, Kind.REMOVED, name, old=_plain(row))
    for name, row in news.items():
        if name not in olds:
            yield Change(table, Kind.ADDED, name, new=_plain(row))
        else:
            yield from _fields(table, name, _plain(olds[name]), _plain(row))
    if table in _BY_ORDER:
        yield from _moved(table, list(olds), list(news))


def _named(table: str, rows: Sequence[BaseModel]) -> Mapping[str, BaseModel]:
    names: dict[str, BaseModel] = {}
    for row in rows:
        word = next(str(getattr(row, key)) for key in _WORDS if hasattr(row, key))
        if table == "person":
            word = f"{word} of {shown(_plain(row)['person'])}"
        elif table == "clock":
            word = f"{getattr(row, 'code', '')} {word}"
        names[word if word not in names else f"{word} ({len(names) + 1})"] = row
    return names


def _fields(table: str, name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for field in dict.fromkeys((*old, *new)):
        was, now = old.get(field), new.get(field)
        if was != now and field in {"item", "band"}:
            key = "field" if field == "item" else "code"
            yield from _inner(table, name, field, {r[key]: r for r in was or ()}, {r[key]: r for r in now or ()})
        else:
            yield from _field(table, name, field, was, now)


def _inner(table: str, name: str, field: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Questions and bands of one instrument."""
    for key in dict.fromkeys((*old, *new)):
        row = f"{name} {field} {key}"
        if key not in new:
            yield Change(table, Kind.REMOVED, row, old=old[key])
        elif key not in old:
            yield Change(table, Kind.ADDED, row, new=new[key])
        else:
            yield from _fields(table, row, old[key], new[key])


def _field(table: str, row: str, field: str, old: object, new: object) -> Iterator[Change]:
    """The innermost values that differ."""
    match old, new:
        case (Mapping(), Mapping()) if set(old) == set(new) or (set(old) & set(new) and "when" not in field.split()):
            for key in {**old, **new}:
                yield from _field(table, row, f"{field} {key}", old.get(key), new.get(key))
        case (list(), list()) if _are_words(old + new) and set(old) != set(new):
            yield from (Change(table, Kind.REMOVED, row, field, old=word) for word in old if word not in new)
            yield from (Change(table, Kind.ADDED, row, field, new=word) for word in new if word not in old)
        case (list(), list()) if len(old) == len(new) and not _are_words(old + new):
            for place, (one, other) in enumerate(zip(old, new, strict=True), 1):
                yield from _field(table, row, f"{field} {place}", one, other)
        case _ if old != new:
            yield Change(table, Kind.CHANGED, row, field, old, new)


def _are_words(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _moved(table: str, old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    """The fewest rows whose moving makes the one order the other."""
    place = {name: at for at, name in enumerate(old)}
    common = [name for name in new if name in place]
    stayed = _longest_rising([place[name] for name in common])
    for name in common:
        if place[name] not in stayed:
            yield Change(table, Kind.MOVED, name, old=place[name] + 1, new=new.index(name) + 1)


def _longest_rising(places: Sequence[int]) -> set[int]:
    ends: list[int] = []
    best: list[list[int]] = []
    for at in places:
        length = bisect_left(ends, at)
        line = [*(best[length - 1] if length else []), at]
        ends[length : length + 1] = [at]
        best[length : length + 1] = [line]
    return set(best[-1]) if best else set()


def _calendar(old: PolicyFile, new: PolicyFile) -> Iterator[Change]:
    yield from _field("calendar", "", "source", old.calendar.source, new.calendar.source)
    for kind in ("off", "worked"):
        was, now = getattr(old.calendar, kind), getattr(new.calendar, kind)
        for year in sorted({*was, *now}):
            olds, news = set(was.get(year, ())), set(now.get(year, ()))
            for day in sorted(olds ^ news):
                row = f"{kind} {year}-{day}"
                yield Change("calendar", Kind.REMOVED if day in olds else Kind.ADDED, row)


def _desk(old: DeskRules, new: DeskRules) -> Iterator[Change]:
    for field in DeskRules.model_fields:
        was, now = getattr(old, field), getattr(new, field)
        if isinstance(was, tuple):
            yield from _rows(f"desk {field}", was, now)
        else:
            yield from _field("desk", "", field, was, now)


def _plain(value: object) -> Any:  # noqa: ANN401 - what stands in a file
    if not isinstance(value, BaseModel):
        return str(value) if isinstance(value, date) else value
    dumped = value.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    return dict(sorted(dumped.items(), key=lambda item: _FIRST.get(item[0], 1)))


def shown(value: object) -> str:
    """As it stands in a file."""
    match value:
        case Mapping():
            return "{ " + ", ".join(f"{key} = {shown(v)}" for key, v in value.items()) + " }"
        case list() | tuple():
            return "[" + ", ".join(map(shown, value)) + "]"
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case _:
            return str(value)
