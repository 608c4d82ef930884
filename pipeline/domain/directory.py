"""Who may report: the registered sources."""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from pipeline.contracts.topics import WRITE_THEMSELVES, intake_topic
from pipeline.contracts.vocabulary import ReporterRole
from pipeline.domain.counties import COUNTY_CODES
from pipeline.domain.kinds import channel_of
from pipeline.domain.source_keys import SourceCertificate, SourceKey

REQUIRED_COLUMNS = ("source", "kind", "role", "county")
OPTIONAL_COLUMNS = ("name", "own_topic")
YES, NO = "yes", "no"

_CODE = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")
"""What a topic, a URL and a log line can hold as it is."""


@dataclass(frozen=True, slots=True)
class Source:
    """`county` is the one the source is registered with, written with 臺; None for a national one. `name` is the
    organisation's. What arrives from `revoked_at` on is not believed; where `signature_due`, nothing unsigned is.
    Where `certificate_due`, no token opens the door without a certificate of its own.
    """

    code: str
    kind: str
    role: ReporterRole
    county: str | None = None
    name: str | None = None
    own_topic: bool = False
    revoked_at: datetime | None = None
    signature_due: bool = False
    certificate_due: bool = False

    @property
    def topic(self) -> str:
        """Its own, or the one that all sources of its channel share."""
        return intake_topic(self.kind, self.code) if self.own_topic else intake_topic(channel_of(self.kind))

    def is_revoked(self, at: datetime) -> bool:
        return self.revoked_at is not None and at >= self.revoked_at


@dataclass(frozen=True, slots=True)
class Directory:
    """`keys` are found by source and kid, `certificates` by fingerprint."""

    sources: Mapping[str, Source]
    keys: Mapping[tuple[str, str], SourceKey] = field(default_factory=lambda: MappingProxyType({}))
    certificates: Mapping[str, SourceCertificate] = field(default_factory=lambda: MappingProxyType({}))

    def find(self, code: str) -> Source | None:
        return self.sources.get(code)

    def with_sources(self, sources: Iterable[Source]) -> "Directory":
        """These beside the others, or in their place."""
        return replace(self, sources=MappingProxyType({**self.sources, **{s.code: s for s in sources}}))

    def with_proofs(self, keys: Iterable[SourceKey], certificates: Iterable[SourceCertificate]) -> "Directory":
        """These beside the others, or in their place."""
        return replace(
            self,
            keys=MappingProxyType({**self.keys, **{(k.source, k.kid): k for k in keys}}),
            certificates=MappingProxyType({**self.certificates, **{c.fingerprint: c for c in certificates}}),
        )

    def bearer_of(self, fingerprint: str, at: datetime) -> Source | None:
        """Whose certificate this is now; nobody's once it or its source was revoked."""
        known = self.certificates.get(fingerprint)
        source = self.find(known.source) if known and not known.is_revoked(at) else None
        return source if source and not source.is_revoked(at) else None

    def same_own_topic(self, source: Source) -> Source | None:
        """Another source whose own topic this one would write to: each could pass for the other."""
        if not source.own_topic:
            return None
        return next((s for s in self.sources.values() if s.topic == source.topic and s.code != source.code), None)

    def topics(self) -> tuple[str, ...]:
        """All intake topics, each once, in order of name."""
        return tuple(sorted({s.topic for s in self.sources.values()}))


def load_directory(csv_text: str) -> Directory:
    """Reads the columns source, kind, role, county and, where they are there, name and own_topic (yes or no; else only
    hotlines have one). Raises ValueError, naming the line of a row that cannot be used.
    """
    reader = csv.DictReader(csv_text.removeprefix("\ufeff").splitlines(), strict=True)
    try:
        return _read(reader)
    except csv.Error:
        raise ValueError(f"line {reader.reader.line_num}: this is not CSV") from None


def not_enrolled(code: str) -> str:
    """What is said of a source that there is not; what can be no code, such as a name, is not repeated."""
    who = f"no source {code}" if _CODE.fullmatch(code) else "no source of this name"
    return f"{who} is enrolled; `anwang source add` enrols one"


def source_of(told: Mapping[str, str | None]) -> Source:
    """One source, by the names of the columns. Raises ValueError, which says what will not do."""
    code, kind, role, county = ((told.get(column) or "").strip() for column in REQUIRED_COLUMNS)
    name, own_topic = ((told.get(column) or "").strip() for column in OPTIONAL_COLUMNS)
    county = county.replace("台", "臺")
    if not code or not kind:
        raise ValueError("a source needs a code and a kind")
    if not _CODE.fullmatch(code) or not _CODE.fullmatch(kind):
        raise ValueError("code and kind are small letters, digits and hyphens, at most 64")
    if county and county not in COUNTY_CODES:
        raise ValueError("the county of this source is unknown")
    if own_topic not in {"", YES, NO}:
        raise ValueError("own_topic is yes or no")
    if role not in set(ReporterRole):
        raise ValueError("the role of this source is unknown")
    own = own_topic == YES if own_topic else kind in WRITE_THEMSELVES
    return Source(code, kind, ReporterRole(role), county or None, name or None, own)


def _read(reader: "csv.DictReader[str]") -> Directory:
    if not set(REQUIRED_COLUMNS) <= set(reader.fieldnames or ()):
        raise ValueError(f"line 1: the sources need the columns {', '.join(REQUIRED_COLUMNS)}")
    sources: dict[str, Source] = {}
    for row in reader:
        try:
            source = source_of(row)
        except ValueError as error:
            raise ValueError(f"line {reader.line_num}: {error}") from None
        if source.code in sources:
            raise ValueError(f"line {reader.line_num}: this source is there twice")
        sources[source.code] = source
    return Directory(MappingProxyType(sources))
