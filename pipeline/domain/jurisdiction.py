"""What the law says beyond the county that takes a case: who serves it later, who pays, and whom to tell."""

import tomllib
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from pipeline.contracts.vocabulary import Category
from pipeline.domain.facts import Facts
from pipeline.domain.whereabouts import PlaceTold, county_by

Filled = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,31}$")]


class Told(StrEnum):
    """Which other county is told of a case: the one whose source took the report in, or the one of registration."""

    RECEIVING = "receiving"
    REGISTERED = "registered"


class _Datum(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Area(_Datum):
    """One row of the law's table. The county that takes the case is not decided here: the policy's county rule does.
    `later_service` and `cost` are the places whose county may serve the case later or bears its cost, the first that
    is known; nothing where the law says nothing.
    """

    code: Slug
    zh: Filled
    en: Filled
    categories: Annotated[tuple[Category, ...], Field(min_length=1)]
    later_service: tuple[PlaceTold, ...] = ()
    cost: tuple[PlaceTold, ...] = ()
    tell: tuple[Told, ...] = ()
    law: Filled
    urgent: Filled
    normal: Filled
    several: str = ""


class _Table(_Datum):
    area: Annotated[tuple[Area, ...], Field(min_length=1)]


class Tell(NamedTuple):
    """A county that must be told of a case, and by which area of the law."""

    county: str
    told: Told
    area: str


class Onward(NamedTuple):
    """What follows from a case's areas; a county is told together with the area that says so."""

    later: tuple[str, str] | None = None
    cost: tuple[str, str] | None = None
    tell: tuple[Tell, ...] = ()


NOTHING_ONWARD = Onward()


def onward(areas: Sequence[Area], told: Sequence[Facts]) -> Onward:
    """Of the areas that a category of these reports meets, in their order. `told` are the newest versions of a case's
    reports, those of the event's own incident first.
    """
    categories = {word for facts in told for word in facts.categories}
    met = [area for area in areas if not categories.isdisjoint(area.categories)]
    later = ((c, area.code) for area in met if (c := county_by(told, area.later_service)))
    cost = ((c, area.code) for area in met if (c := county_by(told, area.cost)))
    tell = {(t.county, t.told): t for area in reversed(met) for t in _tells(area, told)}
    return Onward(next(later, None), next(cost, None), tuple(sorted(tell.values())))


def _tells(area: Area, told: Sequence[Facts]) -> Iterator[Tell]:
    if Told.RECEIVING in area.tell:
        # only a report of the area itself: a source of another county that told of something else owes nothing
        own = (f for f in told if not set(area.categories).isdisjoint(f.categories))
        yield from (Tell(f.source_county, Told.RECEIVING, area.code) for f in own if f.source_county)
    if Told.REGISTERED in area.tell and (county := county_by(told, (PlaceTold.REGISTERED,))):
        yield Tell(county, Told.REGISTERED, area.code)


class AreaFault(NamedTuple):
    line: int
    what: str


def read_areas(text: str) -> tuple[Area, ...] | tuple[AreaFault, ...]:
    """The areas, or all that will not do in them, by line."""
    try:
        told = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        return (AreaFault(toml_line(error, text), "this is not TOML"),)
    try:
        areas = _Table.model_validate(told).area
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        return tuple(AreaFault(_line(f["loc"], text), _what(f["loc"], f["msg"])) for f in faults)
    codes = [area.code for area in areas]
    twice = [n for n, code in enumerate(codes) if code in codes[:n]]
    return tuple(AreaFault(_line(("area", n), text), f"{codes[n]} is there twice") for n in twice) or areas


def toml_line(error: tomllib.TOMLDecodeError, text: str) -> int:
    """Where a text ceases to be TOML."""
    _, found, tail = str(error).partition("at line ")
    return int(tail.split(",")[0]) if found else max(1, len(text.splitlines()))


def _line(loc: Sequence[int | str], text: str) -> int:
    """The line of a key, else that where its area begins, else the first."""
    lines = text.splitlines()
    heads = [n for n, line in enumerate(lines) if line.strip() == "[[area]]"]
    numbers = [part for part in loc if isinstance(part, int)]
    if not numbers or numbers[0] >= len(heads):
        return 1
    begin = heads[numbers[0]]
    end = heads[numbers[0] + 1] if numbers[0] + 1 < len(heads) else len(lines)
    key = str(loc[2]) if len(loc) > 2 else ""  # noqa: PLR2004 - area, its number, its key
    own = (n for n in range(begin, end) if key and lines[n].split("=")[0].strip() == key)
    return next(own, begin) + 1


def _what(loc: Sequence[int | str], message: str) -> str:
    return f"{'.'.join(map(str, loc[2:])) or loc[-1]}: {message}"
