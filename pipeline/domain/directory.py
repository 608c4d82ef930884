"""Who may report: the registered sources."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pipeline.contracts.vocabulary import ReporterRole
from pipeline.domain.counties import COUNTY_CODES

COLUMNS = ("source", "kind", "role", "county")


@dataclass(frozen=True, slots=True)
class Source:
    """`county` is the one the source is registered with, written with 臺; None for a national one."""

    code: str
    kind: str
    role: ReporterRole
    county: str | None


@dataclass(frozen=True, slots=True)
class Directory:
    sources: Mapping[str, Source]

    def find(self, code: str) -> Source | None:
        return self.sources.get(code)


def load_directory(csv_text: str) -> Directory:
    """Reads the columns source, kind, role, county. Raises ValueError, naming the line of a row that cannot be used."""
    reader = csv.DictReader(csv_text.removeprefix("\ufeff").splitlines(), strict=True)
    try:
        return _read(reader)
    except csv.Error:
        raise ValueError(f"line {reader.reader.line_num}: this is not CSV") from None


def _read(reader: "csv.DictReader[str]") -> Directory:
    if not set(COLUMNS) <= set(reader.fieldnames or ()):
        raise ValueError(f"line 1: the sources need the columns {', '.join(COLUMNS)}")
    sources: dict[str, Source] = {}
    for row in reader:
        source = _source(row, reader.line_num)
        if source.code in sources:
            raise ValueError(f"line {reader.line_num}: this source is there twice")
        sources[source.code] = source
    return Directory(MappingProxyType(sources))


def _source(row: Mapping[str, str | None], line: int) -> Source:
    code, kind, role, county = ((row[column] or "").strip() for column in COLUMNS)
    county = county.replace("台", "臺")
    if county and county not in COUNTY_CODES:
        raise ValueError(f"line {line}: the county of this source is unknown")
    if not code or not kind:
        raise ValueError(f"line {line}: a source needs a code and a kind")
    try:
        return Source(code, kind, ReporterRole(role), county or None)
    except ValueError:
        raise ValueError(f"line {line}: the role of this source is unknown") from None
