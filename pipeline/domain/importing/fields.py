"""One field of a report from the cells that tell it. What cannot be read stays as it is written, and is found."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from types import MappingProxyType
from typing import Final, NamedTuple

from pipeline.contracts.jsontext import Json
from pipeline.contracts.mapping import Part, Spelling
from pipeline.contracts.targets import Holds, Target
from pipeline.domain.importing.area import area_name
from pipeline.domain.importing.days import Cell, read_day, read_time, split_moment
from pipeline.domain.importing.faults import Finding, RowFault
from pipeline.domain.importing.plan import Field, Told, code_key
from pipeline.domain.normalise.date import AGE_MAX_YEARS, read_instant
from pipeline.domain.normalise.text import plain

LIST_ITEM: Final = "\x1f"
"""Between the items of a list that came as one, as in JSON."""

OFFSET: Final = "+08:00"
YEARS_MAX: Final[Mapping[str, int]] = MappingProxyType({"occurred_at": 100})
YEARS_MAX_ELSE: Final = 20
"""A moment that is longer ago was most likely written with a digit too few: 13/5/6 for 113/5/6."""

_LOST_ZERO = re.compile(r"9\d{8}|[2-8]\d{8}", re.ASCII)
"""Nine digits: a mobile or an eight-digit line whose first 0 a spreadsheet took away."""


class Filled(NamedTuple):
    """A cell in which something stands."""

    told: Told
    cell: Cell
    text: str


@dataclass(frozen=True, slots=True)
class Value:
    """`value` is None where nothing is told."""

    value: Json
    findings: tuple[Finding, ...] = ()


def read_field(field: Field, filled: Sequence[Filled], today: date) -> Value:
    """The field's value. `today` is Taiwan's."""
    return _READERS[field.target.holds](field, filled, today) if filled else Value(None)


def _text(_field: Field, filled: Sequence[Filled], _today: date) -> Value:
    parts, findings = [], []
    for told, _, text in filled:
        if told.column.area_code:
            name = area_name(plain(text))
            if name is None:
                findings.append(Finding(RowFault.AREA_UNKNOWN, told.column.header))
            parts.append(name or text)
        elif told.codes is not None:
            words = _coded(told, text, is_number=False)
            if words is None:
                findings.append(Finding(RowFault.CODE_UNKNOWN, told.column.header))
            parts.append("".join(words) if words is not None else text)
        else:
            parts.append(text)
    return Value("".join(parts), tuple(findings))


def _word(field: Field, filled: Sequence[Filled], _today: date) -> Value:
    told, cell, text = filled[-1]
    words, findings = _words_of(told, field.target, text, is_number=not isinstance(cell, str))
    return Value(words[0] if words else None, findings)


def _words(field: Field, filled: Sequence[Filled], _today: date) -> Value:
    found: dict[str, None] = {}
    findings: list[Finding] = []
    for told, cell, text in filled:
        for piece in _pieces(told, text):
            words, complaints = _words_of(told, field.target, piece, is_number=not isinstance(cell, str))
            found.update(dict.fromkeys(words))
            findings += complaints
    return Value(list(found), tuple(findings))


def _words_of(told: Told, target: Target, text: str, *, is_number: bool) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    if told.codes is not None:
        words = _coded(told, text, is_number=is_number)
        return (text,) if words is None else words, () if words is not None else (_at(told, RowFault.CODE_UNKNOWN),)
    known = target.words is None or text in target.words
    return (text,), () if known else (_at(told, RowFault.WORD_UNKNOWN),)


def _coded(told: Told, text: str, *, is_number: bool) -> tuple[str, ...] | None:
    key = code_key(text)
    words = (told.codes or {}).get(key)
    return words if words is not None or not is_number else (told.numbers or {}).get(key)


def _phones(_field: Field, filled: Sequence[Filled], _today: date) -> Value:
    return Value([_with_zero(piece) for told, _, text in filled for piece in _pieces(told, text)])


def _with_zero(number: str) -> str:
    return "0" + number if _LOST_ZERO.fullmatch(number) else number


def _boolean(_field: Field, filled: Sequence[Filled], _today: date) -> Value:
    told, cell, text = filled[-1]
    if isinstance(cell, bool):
        return Value(cell)
    key = code_key(text)
    if key in told.yes:
        return Value(value=True)
    if key in told.no:
        return Value(value=False)
    return Value(text, (_at(told, RowFault.BOOLEAN_UNREADABLE),))


def _number(field: Field, filled: Sequence[Filled], _today: date) -> Value:
    told, _, text = filled[-1]
    number = _whole(text)
    if number is None:
        return Value(text, (_at(told, RowFault.NUMBER_UNREADABLE),))
    within = field.target.low <= number <= field.target.high
    return Value(number, () if within else (_at(told, RowFault.NUMBER_OUT_OF_RANGE),))


def _items(field: Field, filled: Sequence[Filled], _today: date) -> Value:
    found: dict[str, Json] = {}
    findings: list[Finding] = []
    for told, _, text in filled:
        for piece in _pieces(told, text):
            number = _whole(piece)
            found[piece if number is None else str(number)] = True
            if number is None:
                findings.append(_at(told, RowFault.NUMBER_UNREADABLE))
            elif not field.target.low <= number <= field.target.high:
                findings.append(_at(told, RowFault.NUMBER_OUT_OF_RANGE))
    return Value(found, tuple(findings))


def _whole(text: str) -> int | None:
    digits = plain(text)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < len("1000000") else None


def _birth_date(_field: Field, filled: Sequence[Filled], today: date) -> Value:
    told, cell, text = filled[-1]
    day = read_day(split_moment(cell)[0], told.column.dates)
    if day is None:
        return Value(text, (_at(told, RowFault.DATE_UNREADABLE),))
    return Value(day.isoformat(), tuple(_bounds(told, day, today, AGE_MAX_YEARS)))


def _instant(field: Field, filled: Sequence[Filled], today: date) -> Value:
    written = " ".join(text for _, _, text in filled)
    days = [f for f in filled if f.told.column.part is not Part.TIME]
    times = [f for f in filled if f.told.column.part is Part.TIME]
    if not days:
        column = next((t.column for t in field.told if t.column.part is not Part.TIME), field.told[0].column)
        return Value(written, (Finding(RowFault.EMPTY, column.header),))
    told, cell, text = days[-1]
    moment = read_instant(text) if Spelling.ISO in told.column.dates and isinstance(cell, str) and not times else None
    if moment is not None and moment.instant is not None and not moment.assumed:
        return Value(moment.instant.isoformat(), tuple(_bounds(told, moment.instant.date(), today, _years(field))))
    day_cell, time_cell = split_moment(cell)
    at = times[-1].told if times else told
    day = read_day(day_cell, told.column.dates)
    clock = _clock(times[-1].cell if times else time_cell)
    findings = [
        *([] if day else [_at(told, RowFault.DATE_UNREADABLE)]),
        *([] if clock else [_at(at, RowFault.TIME_UNREADABLE)]),
    ]
    if day is None or clock is None:
        return Value(written, tuple(findings))
    return Value(f"{day.isoformat()}T{clock.isoformat()}{OFFSET}", tuple(_bounds(told, day, today, _years(field))))


def _clock(cell: Cell) -> time | None:
    return time(0) if cell is None else read_time(cell)


def _years(field: Field) -> int:
    return YEARS_MAX.get(field.path, YEARS_MAX_ELSE)


def _bounds(told: Told, day: date, today: date, years_max: int) -> Iterator[Finding]:
    if day > today:
        yield _at(told, RowFault.DATE_IN_FUTURE)
    elif today.year - day.year > years_max:
        yield _at(told, RowFault.DATE_TOO_OLD)


def _pieces(told: Told, text: str) -> list[str]:
    for separator in told.column.separators or "":
        text = text.replace(separator, LIST_ITEM)
    return [piece for part in text.split(LIST_ITEM) if (piece := part.strip())]


def _at(told: Told, fault: RowFault) -> Finding:
    return Finding(fault, told.column.header)


_READERS: Mapping[Holds, Callable[[Field, Sequence[Filled], date], Value]] = MappingProxyType(
    {
        Holds.TEXT: _text,
        Holds.TEXTS: _words,
        Holds.WORD: _word,
        Holds.WORDS: _words,
        Holds.INSTANT: _instant,
        Holds.BIRTH_DATE: _birth_date,
        Holds.BOOLEAN: _boolean,
        Holds.NUMBER: _number,
        Holds.ITEMS: _items,
        Holds.PHONES: _phones,
    }
)
