"""Puts sound values in place of what cannot be read, so that one mistake in a file does not hide the others."""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from pipeline.contracts.policy import PolicyFile
from pipeline.domain.policy.form_faults import FormFault, form_faults
from pipeline.domain.policy.guessing import meant
from pipeline.domain.policy.located import Located
from pipeline.domain.policy.toml_places import Path

ROUNDS_MAX = 20
_KEYS = ("name", "code")
_STRAY = "extra_forbidden"
_INT = "int_type"
_OWN_WORDS = "value_error"
"""What a table says of its keys together: it follows where one of them is not known."""
_NUMBER = re.compile(r"[0-9]{1,6}")
_ANY_ORDER = frozenset({"category", "crisis_flag", "indicator", "role", "age", "instrument", "rule", "danger"})
_RANKS = frozenset({("queue",), ("priority",), ("grade",)})
"""Where a row says something graver than the row above, it is taken to mean the same."""
_FIRST_DECIDES = frozenset({"queue", "child_grade", "priority", "county"})
_WORDLESS = frozenset({"zh", "en", "law", "source"})
"""Keys on which no decision depends."""
_PUT_RIGHT_WHOLE = ("desk",)
"""A table of tables: the first fault hurts all of it, and the others of the same reading are told all the same."""

Rows = list[dict[str, Any]]


@dataclass(slots=True)
class Mend:
    """`tables` are the file's as far as they could be read. `hurt`: the paths that hold something else than the file
    says. `lost`: codes and names of rows that are not there. `is_whole`: whether what stands in can be judged by.
    """

    tables: PolicyFile
    faults: list[FormFault]
    hurt: set[Path] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    is_whole: bool = True

    def touches(self, path: Path) -> bool:
        """Whether a complaint at this path may come of a mistake that is told already."""
        return any(path[: len(h)] == h or h[: len(path)] == path for h in self.hurt)


def mend(told: Located, sound: Mapping[str, Any]) -> Mend:
    """`sound` are the values of a policy that is. Raises ValidationError where even then nothing can be made of it."""
    work = _Work(deepcopy(dict(told.values)), sound)
    work.restore(told)
    for _ in range(ROUNDS_MAX):
        try:
            tables = PolicyFile.model_validate(work.values)
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=True, include_input=False)
            work.hurt_before = frozenset(work.hurt)
            for fault in form_faults(found, work.values):
                work.put_right(fault)
        else:
            return Mend(tables, work.faults, work.hurt, work.lost, work.is_whole)
    return Mend(PolicyFile.model_validate(sound), work.faults, {()}, work.lost, is_whole=False)


def with_sound_rows(tables: PolicyFile, paths: Sequence[Path], sound: Mapping[str, Any]) -> PolicyFile:
    """The same tables, where the rows at these paths are those of a sound policy, if it has them."""
    changed: dict[str, Any] = {}
    sound_tables = PolicyFile.model_validate(sound)
    for path in paths:
        match path:
            case (str(table), int(place), *_):
                rows = changed.setdefault(table, list(getattr(tables, table)))
                known = {word: row for row in getattr(sound_tables, table) if (word := word_of(row))}
                for at in _concerned(table, place, rows):
                    rows[at] = known.get(word_of(rows[at]) or "", rows[at])
                if path[2:] in _RANKS and word_of(rows[place]) not in known:
                    rank = str(path[2])
                    rows[place] = rows[place].model_copy(update={rank: getattr(rows[place - 1], rank)})
            case (str(top), *_) if not isinstance(getattr(tables, top), tuple):
                changed[top] = getattr(sound_tables, top)
    return tables.model_copy(update={name: tuple(v) if isinstance(v, list) else v for name, v in changed.items()})


def with_meant_words(tables: PolicyFile, complaints: Sequence[tuple[Path, str]]) -> PolicyFile:
    """The same tables, where a word that nobody knows is the one that is near to it."""
    values = tables.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for path, words in complaints:
        if word := meant(words):
            _replace(values, path, word, is_key=False)
    return PolicyFile.model_validate(values)


def _concerned(table: str, place: int, rows: Sequence[Any]) -> Sequence[int]:
    """A row, and those with which it was compared."""
    if table == "clock":
        return [at for at, row in enumerate(rows) if row.code == rows[place].code]
    return [place] if table in _ANY_ORDER else [max(0, place - 1), place]


def word_of(row: object) -> str | None:
    """What a row is called."""
    return next((str(getattr(row, name)) for name in ("name", "code") if hasattr(row, name)), None)


class _Work:
    def __init__(self, values: dict[str, Any], sound: Mapping[str, Any]) -> None:
        self.values = values
        self.faults: list[FormFault] = []
        self.hurt: set[Path] = set()
        self.hurt_before: frozenset[Path] = frozenset()
        self.strays: set[Path] = set()
        self.lost: set[str] = set()
        self.is_whole = True
        self._sound = sound

    def restore(self, told: Located) -> None:
        """What went with lines that are no TOML comes back, where a sound policy has it and its order is free."""
        self.lost = set(told.lost_words)
        self.hurt = {path for path in told.lost_keys if len(path) > 1}
        for path in self.hurt:
            self._bring_back(path)
        for table, rows in self._sound.items():
            mine = self.values.get(table)
            if table not in self.values and table in {p[0] for p in told.lost_keys if len(p) == 1}:
                self.values[table] = deepcopy(rows)
                self.hurt.add((table,))
            elif isinstance(rows, list) and isinstance(mine, list):
                self._append(table, mine, rows)
        if self.lost - {_key(r) for rows in self._sound.values() if isinstance(rows, list) for r in rows}:
            self.is_whole = False

    def _bring_back(self, path: Path) -> None:
        match path:
            case (str(table), int(place), str(key)) if isinstance(rows := self.values.get(table), list):
                same = self._stands_in(table, rows, place)
                if same and key in same:
                    self._take(rows[place], key, same[key])

    def _append(self, table: str, mine: Rows, rows: Rows) -> None:
        there = {_key(row) for row in mine if isinstance(row, dict)}
        for row in rows:
            key = _key(row)
            if key not in self.lost or key in there:
                continue
            if table in _ANY_ORDER:
                self.hurt.add((table, len(mine)))
                mine.append(deepcopy(row))
            else:
                self.hurt.add((table, len(mine) - 1, "when"))
                self.is_whole = False

    def put_right(self, fault: FormFault) -> None:
        is_of_stray = fault.kind == _OWN_WORDS and any(path[:-1] == fault.path for path in self.strays)
        hurt = self.hurt_before if fault.path[:1] == _PUT_RIGHT_WHOLE else self.hurt
        if not fault.follows and not is_of_stray and not any(fault.path[: len(h)] == h for h in hurt):
            self.faults.append(fault)
        if fault.kind == _STRAY:
            self.strays.add(fault.path)
        match fault.path:
            case (str(table), int(place), *rest) if isinstance(self.values.get(table), list):
                self._row(table, place, rest, fault)
            case (str(stray),) if fault.kind == _STRAY:
                self._move(stray)
            case (str(top), *_):
                self.hurt.add((top,))
                self._take(self.values, top, self._sound.get(top))
            case _:
                raise ValueError(fault.words)

    def _move(self, stray: str) -> None:
        """The rows of a table whose name is misspelt go to the one that is meant."""
        near = get_close_matches(stray, list(PolicyFile.model_fields), n=1, cutoff=0.75)
        rows = self.values.pop(stray)
        mine = self.values.setdefault(near[0], []) if near and isinstance(rows, list) else None
        if not near or (near[0] in self.values and mine is None):
            return
        if isinstance(mine, list) and near[0] not in _FIRST_DECIDES:
            self.hurt |= {(near[0], len(mine) + at) for at in range(len(rows))}
            mine += rows
        else:
            self.is_whole = False
            self.lost |= {key for row in rows if isinstance(row, dict) and (key := _key(row))} if mine else set()

    def _row(self, table: str, place: int, rest: Sequence[str | int], fault: FormFault) -> None:
        rows = self.values[table]
        is_new = fault.path not in self.hurt
        if is_new and fault.kind == _INT and _replace_number(rows[place], rest):
            self.hurt.add(fault.path)
            return
        if (
            is_new
            and (word := meant(fault.words))
            and rest
            and _replace(rows[place], rest, word, is_key=fault.kind == _STRAY)
        ):
            self.hurt.add(fault.path)
            return
        if fault.kind == _STRAY and _delete(rows[place], rest):
            self.hurt.add(fault.path)
            self.is_whole &= self._stands_in(table, rows, place) is not None
            return
        other = self._stands_in(table, rows, place)
        if not rest or not isinstance(rows[place], dict) or (table, place, rest[0]) in self.hurt:
            rows[place] = self._some_row(table, rows, place)
            self.hurt.add((table, place))
            self.is_whole &= other is not None
            return
        name = str(rest[0])
        self.hurt.add((table, place, name))
        if name in _KEYS:
            other = self._some_row(table, rows, place)
        elif other is None:
            other = self._some_row(table, rows, place)
            self.is_whole &= name in _WORDLESS or table == "example"
        self._take(rows[place], name, other.get(name))

    def _stands_in(self, table: str, rows: Rows, place: int) -> Mapping[str, Any] | None:
        """The same row of the sound policy."""
        key = _key(rows[place]) if isinstance(rows[place], dict) else None
        return next((r for r in self._sound.get(table, ()) if key and _key(r) == key), None)

    def _some_row(self, table: str, rows: Rows, place: int) -> dict[str, Any]:
        """A sound row in place of this one: the same, else one that the file lacks, else any under its own word."""
        known: Rows = self._sound.get(table) or [{}]
        mine = _key(rows[place]) if isinstance(rows[place], dict) else None
        there = {_key(r) for i, r in enumerate(rows) if isinstance(r, dict) and i != place}
        free = {str(_key(r)): r for r in known if _key(r) not in there}
        near = get_close_matches(str(mine), list(free), n=1, cutoff=0.5) or list(free)[:1]
        row = dict(deepcopy(free[near[0]] if near else known[-1]))
        for name in _KEYS:
            if name in row and not near:
                row[name] = f"unread_{place}"
                self.lost.add(str(mine))
        return row

    def _take(self, holder: dict[str, Any], name: str, value: object) -> None:
        if value is None:
            holder.pop(name, None)
        else:
            holder[name] = deepcopy(value)


def _key(row: Mapping[str, Any]) -> str | None:
    return next((str(row[name]) for name in _KEYS if name in row), None)


def _delete(row: object, rest: Sequence[str | int]) -> bool:
    holder = _inside(row, rest[:-1])
    return bool(rest) and isinstance(holder, dict) and holder.pop(str(rest[-1]), None) is not None


def _replace(row: object, rest: Sequence[str | int], word: str, *, is_key: bool) -> bool:
    """Whether the word that is meant stands there now."""
    holder, last = _inside(row, rest[:-1]), rest[-1]
    if is_key and isinstance(holder, dict) and last in holder and word not in holder:
        holder[word] = holder.pop(str(last))
        return True
    if not is_key and isinstance(_inside(row, rest), str) and isinstance(holder, dict | list):
        meant_value = int(word) if word.isdigit() else word
        holder[last] = meant_value  # type: ignore[index] # a key of a table, or a place in a list
        return True
    return False


def _replace_number(row: object, rest: Sequence[str | int]) -> bool:
    """Whether a number that was written as a text stands there as a number now."""
    word = _inside(row, rest)
    return isinstance(word, str) and _NUMBER.fullmatch(word) is not None and _replace(row, rest, word, is_key=False)


def _inside(row: object, path: Sequence[str | int]) -> object:
    here: Any = row
    for part in path:
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            return None
    return here
