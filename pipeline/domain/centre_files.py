"""Reads the files of a directory, and finds everything in them that will not do: located, all of it at once."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import NamedTuple

from pipeline.domain.centre_rows import HEAD, OFFICIAL_TOWNS, YES_NO, Head, centre_faults, centre_of_row, read_head
from pipeline.domain.centres import (
    NATIONAL,
    Centre,
    CentreBook,
    CentreKind,
    CentresRefusedError,
    County,
    District,
    Fault,
)
from pipeline.domain.counties import COUNTY_CODES
from pipeline.domain.jurisdiction import Area, AreaFault, read_areas
from pipeline.domain.opening import ALWAYS

COUNTIES, CENTRES, DISTRICTS, JURISDICTION = "counties.csv", "centres.csv", "districts.csv", "jurisdiction.toml"
FILES = (HEAD, COUNTIES, CENTRES, DISTRICTS, JURISDICTION)
COLUMNS: Mapping[str, tuple[str, ...]] = {
    COUNTIES: ("code", "zh", "en"),
    CENTRES: (
        *("code", "kind", "county", "zh", "en", "hours", "capacity", "overflow_to", "serves", "skills", "known"),
    ),
    DISTRICTS: ("county", "town", "centre", "default"),
}


class _Row(NamedTuple):
    line: int
    told: Mapping[str, str]


def read_book(texts: Mapping[str, str]) -> CentreBook:
    """The directory that these files, by name, hold. Raises CentresRefusedError with all their faults."""
    reading = _Reading(texts)
    book = reading.book()
    if reading.faults or book is None:
        raise CentresRefusedError(sorted(reading.faults, key=lambda f: (FILES.index(f.file), f.line, f.what)))
    return book


@dataclass
class _Reading:
    texts: Mapping[str, str]
    faults: list[Fault] = field(default_factory=list)
    counties: dict[str, County] = field(default_factory=dict)
    centres: dict[str, Centre] = field(default_factory=dict)
    districts: dict[tuple[str, str], District] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    """Counties, and towns behind their county, that a row names, whatever else is wrong in it."""

    def book(self) -> CentreBook | None:
        missing = [name for name in FILES if name not in self.texts]
        for name in missing:
            self._fault(name, 1, "this file is not there")
        if missing:
            return None
        head = self._head()
        self._counties()
        self._centres()
        self._overflows()
        self._districts()
        self._wanting()
        areas = self._areas()
        if head is None:
            return None
        return CentreBook(
            head.version,
            head.effective_from,
            MappingProxyType(self.counties),
            MappingProxyType(self.centres),
            MappingProxyType(self.districts),
            head.closed_days,
            areas,
            sha256("\0".join(self.texts[name] for name in FILES).encode()).hexdigest(),
        )

    def _fault(self, file: str, line: int, what: str) -> None:
        self.faults.append(Fault(file, line, what))

    def _head(self) -> Head | None:
        found = read_head(self.texts[HEAD])
        if isinstance(found, Head):
            return found
        self.faults += found
        return None

    def _areas(self) -> tuple[Area, ...]:
        areas: list[Area] = []
        for found in read_areas(self.texts[JURISDICTION]):
            if isinstance(found, AreaFault):
                self._fault(JURISDICTION, *found)
            else:
                areas.append(found)
        return tuple(areas)

    def _rows(self, file: str) -> Iterator[_Row]:
        """Rows of the right width, their cells without spaces around."""
        reader = csv.reader(self.texts[file].removeprefix("\ufeff").splitlines(), strict=True)
        columns = COLUMNS[file]
        try:
            head = tuple(cell.strip() for cell in next(reader, []))
            if head != columns:
                self._fault(file, 1, f"the columns must be {','.join(columns)}")
                return
            for cells in reader:
                if len(cells) == len(columns):
                    yield _Row(reader.line_num, dict(zip(columns, (c.strip() for c in cells), strict=True)))
                elif cells:
                    self._fault(file, reader.line_num, f"{len(cells)} cells where {len(columns)} belong")
        except csv.Error:
            self._fault(file, reader.line_num, "this is not CSV")

    def _counties(self) -> None:
        for line, told in self._rows(COUNTIES):
            self.named.add(told["zh"])
            if COUNTY_CODES.get(told["zh"]) != told["code"]:
                self._fault(COUNTIES, line, f"{told['code']} {told['zh']} is no county with its official code")
            elif told["zh"] in self.counties:
                self._fault(COUNTIES, line, f"{told['zh']} is there twice")
            elif not told["en"]:
                self._fault(COUNTIES, line, f"{told['zh']} needs an English name")
            else:
                self.counties[told["zh"]] = County(told["code"], told["zh"], told["en"])

    def _centres(self) -> None:
        for line, told in self._rows(CENTRES):
            faults = list(centre_faults(told))
            if told["code"] in self.lines:
                faults.append(f"the code {told['code']} stands in line {self.lines[told['code']]}, too")
            for what in faults:
                self._fault(CENTRES, line, what)
            self.lines.setdefault(told["code"], line)
            if not faults:
                self.centres[told["code"]] = centre_of_row(told)

    def _overflows(self) -> None:
        for centre in self.centres.values():
            for code in centre.overflow_to:
                if what := self._wrong_overflow(centre, code):
                    self._fault(CENTRES, self.lines[centre.code], what)

    def _wrong_overflow(self, centre: Centre, code: str) -> str | None:
        other = self.centres.get(code)
        if other is None:
            return None if code in self.lines else f"overflow_to names {code}, which is no centre"
        if code == centre.code:
            return "overflow_to names the centre itself"
        if other.county != centre.county:
            return f"overflow_to names {code}, which is in another county: that is a transfer"
        return None if other.kind is centre.kind else f"overflow_to names {code}, which is no {centre.kind} centre"

    def _districts(self) -> None:
        for line, told in self._rows(DISTRICTS):
            at = told["county"], told["town"]
            self.named.add("".join(at))
            if at not in OFFICIAL_TOWNS:
                self._fault(DISTRICTS, line, f"{''.join(at)} is no town of the official list")
            elif at in self.districts:
                self._fault(DISTRICTS, line, f"{''.join(at)} is there twice")
            elif told["default"] not in YES_NO:
                self._fault(DISTRICTS, line, "default is yes or no")
            else:
                self.districts[at] = District(*at, told["centre"], YES_NO[told["default"]])
                if what := self._wrong_family(*at, told["centre"]):
                    self._fault(DISTRICTS, line, what)

    def _wrong_family(self, county: str, town: str, code: str) -> str | None:
        centre = self.centres.get(code)
        if centre is None:
            return None if code in self.lines else f"{code} is no centre of {CENTRES}"
        if centre.kind is not CentreKind.FAMILY:
            return f"{code} is no family service centre"
        if centre.county != county:
            return f"{code} is in another county than {county}{town}"
        return None if centre.is_for(town) else f"{code} serves other towns by {CENTRES}, not {town}"

    def _wanting(self) -> None:
        """What must be there and is not: told at the end of the file where it belongs."""
        for name in COUNTY_CODES.keys() - self.named:
            self._missing(COUNTIES, name)
        for code, kind in _required():
            if code not in self.lines:
                self._missing(CENTRES, f"the {kind} centre {code}")
            elif (centre := self.centres.get(code)) and (what := _wrong_required(centre, kind)):
                self._fault(CENTRES, self.lines[code], what)
        for name in {"".join(at) for at in OFFICIAL_TOWNS} - self.named:
            self._missing(DISTRICTS, name)

    def _missing(self, file: str, name: str) -> None:
        """Not told of a file whose columns are wrong: nothing was read of it."""
        if not any(fault.file == file and fault.line == 1 for fault in self.faults):
            self._fault(file, max(1, len(self.texts[file].splitlines())), f"{name} is missing")


def _required() -> Iterator[tuple[str, CentreKind]]:
    yield NATIONAL, CentreKind.NATIONAL
    for code in COUNTY_CODES.values():
        for kind in (CentreKind.PROTECTIVE, CentreKind.FAMILY):
            yield f"{code}-{kind}", kind


def _wrong_required(centre: Centre, kind: CentreKind) -> str | None:
    if centre.kind is not kind:
        return f"{centre.code} must be of the kind {kind}"
    if kind is not CentreKind.NATIONAL and COUNTY_CODES.get(centre.county or "") != centre.code.split("-")[0]:
        return f"{centre.code} must be of the county whose code it bears"
    if kind is not CentreKind.FAMILY and centre.hours != ALWAYS:
        return f"{centre.code} must be open 24h: urgent cases go there when others are closed"
    return None
