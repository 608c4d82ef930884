"""One row of a directory's files, and its head: what will not do in them, and what they say."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

from pipeline.data import towns
from pipeline.domain.centres import Centre, CentreKind, Fault
from pipeline.domain.counties import COUNTY_CODES
from pipeline.domain.jurisdiction import toml_line
from pipeline.domain.opening import read_hours

HEAD = "directory.toml"

ZH_DEFAULT, EN_DEFAULT = "(預設)", "(default)"
"""How the names of centres end that are not known."""

YES_NO: Mapping[str, bool] = {"yes": True, "no": False}
OFFICIAL_TOWNS = frozenset((t.county, t.town) for t in towns())

CAPACITY_MAX = 1_000_000

_CODE = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")


def centre_faults(told: Mapping[str, str]) -> Iterator[str]:
    kinds, county = set(CentreKind), told["county"]
    if not _CODE.fullmatch(told["code"]):
        yield "a code is small letters, digits and hyphens, at most 64"
    if told["kind"] not in kinds:
        yield f"{told['kind']!r} is no kind: kinds are {', '.join(CentreKind)}"
    elif (told["kind"] == CentreKind.NATIONAL) != (county == ""):
        yield "the national window, and it alone, has no county"
    if county and county not in COUNTY_CODES:
        yield f"{county!r} is no county; write 臺, and the whole name"
    yield from _value_faults(told)
    yield from (
        f"{town} is no town of {county}"
        for town in told["serves"].split()
        if county in COUNTY_CODES and (county, town) not in OFFICIAL_TOWNS
    )
    yield from _name_faults(told)


def _value_faults(told: Mapping[str, str]) -> Iterator[str]:
    try:
        read_hours(told["hours"])
    except ValueError as error:
        yield str(error)
    capacity = told["capacity"]
    if capacity and not (capacity.isascii() and capacity.isdecimal() and 0 < int(capacity) <= CAPACITY_MAX):
        yield "capacity is a number of open cases from 1, or empty for no limit"


def _name_faults(told: Mapping[str, str]) -> Iterator[str]:
    if not told["zh"] or not told["en"]:
        yield "a centre needs a Chinese and an English name"
    if told["known"] not in YES_NO:
        yield "known is yes or no"
        return
    marks = told["zh"].endswith(ZH_DEFAULT), told["en"].endswith(EN_DEFAULT)
    if told["known"] == "no" and not all(marks):
        yield f"a name that is not known ends in {ZH_DEFAULT} and {EN_DEFAULT}"
    if told["known"] == "yes" and any(marks):
        yield f"a name that is known does not end in {ZH_DEFAULT} or {EN_DEFAULT}"


def centre_of_row(told: Mapping[str, str]) -> Centre:
    return Centre(
        code=told["code"],
        kind=CentreKind(told["kind"]),
        county=told["county"] or None,
        zh=told["zh"],
        en=told["en"],
        hours=read_hours(told["hours"]),
        capacity=int(told["capacity"]) if told["capacity"] else None,
        overflow_to=tuple(dict.fromkeys(told["overflow_to"].split())),
        serves=frozenset(told["serves"].split()),
        skills=frozenset(told["skills"].split()),
        is_known=YES_NO[told["known"]],
    )


class Head(NamedTuple):
    version: str
    effective_from: date
    closed_days: frozenset[date]


def read_head(text: str) -> "Head | list[Fault]":
    try:
        told = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        return [Fault(HEAD, toml_line(error, text), "this is not TOML")]
    days = told.get("closed_days", [])
    wrong = {key: f"{key} is no key of this file" for key in told.keys() - {"version", "effective_from", "closed_days"}}
    if not _VERSION.fullmatch(str(told.get("version", ""))):
        wrong["version"] = "version must be there: letters, digits, dots and hyphens"
    if type(told.get("effective_from")) is not date:
        wrong["effective_from"] = "effective_from must be there: a date such as 2026-01-01"
    if not isinstance(days, list) or any(type(day) is not date for day in days):
        wrong["closed_days"] = "closed_days is a list of dates such as [2026-09-28]"
    if wrong:
        return [Fault(HEAD, _line_of(key, text), what) for key, what in sorted(wrong.items())]
    return Head(str(told["version"]), told["effective_from"], frozenset(days))


def _line_of(key: str, text: str) -> int:
    lines = (n for n, line in enumerate(text.splitlines(), 1) if re.match(rf"\s*\[?\s*\"?{re.escape(key)}\b", line))
    return next(lines, 1)
