"""The centres that take cases: where each stands, for which towns, when it is open and how much it holds."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

from pipeline.contracts.vocabulary import Queue
from pipeline.domain.jurisdiction import Area
from pipeline.domain.opening import ALWAYS, Hours
from pipeline.errors import AnwangError

NATIONAL = "national"

Load = Mapping[str, int]
"""How many open cases each centre has, as counted at one moment; a centre that is not named has none."""


class CentreKind(StrEnum):
    """What a centre is for. A county's protective centre takes protective cases, its family service centres the others;
    the rest work along with a family service centre, which keeps the lead.
    """

    NATIONAL = "national"
    PROTECTIVE = "protective"
    FAMILY = "family"
    ELDER = "elder"
    WOMEN_FAMILY = "women_family"
    DISABILITY = "disability"
    CHILD = "child"
    YOUTH = "youth"
    EARLY_INTERVENTION = "early_intervention"
    INDIGENOUS = "indigenous"
    NEW_IMMIGRANT = "new_immigrant"


KIND_OF: Mapping[Queue, CentreKind] = {Queue.PROTECTIVE: CentreKind.PROTECTIVE, Queue.FAMILY: CentreKind.FAMILY}

SPECIALISED = tuple(k for k in CentreKind if k not in {CentreKind.NATIONAL, CentreKind.PROTECTIVE, CentreKind.FAMILY})
"""In the order in which they are shown."""


class Fault(NamedTuple):
    """Something in the files of a directory that will not do."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.what}"


class CentresRefusedError(AnwangError):
    """The files of a directory will not do; `faults` are all that was found, in order of file and line."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(map(str, self.faults)))


class County(NamedTuple):
    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Centre:
    """`county` is its Chinese name, None for the national window. `capacity` is the number of open cases from which it
    is full; None is without limit. `serves` are towns of its county; empty is all of them. Where `is_known` is not set,
    the name is a default that a bureau should put right.
    """

    code: str
    kind: CentreKind
    county: str | None
    zh: str
    en: str
    hours: Hours = ALWAYS
    capacity: int | None = None
    overflow_to: tuple[str, ...] = ()
    serves: frozenset[str] = frozenset()
    skills: frozenset[str] = frozenset()
    is_known: bool = False

    def is_full(self, load: Load) -> bool:
        return self.capacity is not None and load.get(self.code, 0) >= self.capacity

    def is_for(self, town: str | None) -> bool:
        return not self.serves or town in self.serves


class District(NamedTuple):
    """A town and its family service centre; `is_default`: nobody who knows has said so yet."""

    county: str
    town: str
    centre: str
    is_default: bool


@dataclass(frozen=True)
class CentreBook:
    """The whole directory, one version of it. Built by `centre_files.read_book`, which lets nothing incomplete pass:
    every county has a protective centre that never closes and a family window, every town a family service centre.
    """

    version: str
    effective_from: date
    counties: Mapping[str, County]
    centres: Mapping[str, Centre]
    districts: Mapping[tuple[str, str], District]
    closed_days: frozenset[date] = frozenset()
    areas: tuple[Area, ...] = ()
    digest: str = ""

    def closed_on(self, days: Collection[date]) -> "CentreBook":
        """The same with more days on which centres stay closed, such as a calendar's holidays."""
        return replace(self, closed_days=self.closed_days | frozenset(days))

    @property
    def edition(self) -> str:
        """The version with the beginning of the files' SHA-256: whatever was changed is another edition."""
        return f"{self.version}+{self.digest[:8]}"

    def find(self, code: str) -> Centre | None:
        return self.centres.get(code)

    @property
    def national(self) -> Centre:
        return self.centres[NATIONAL]

    def duty(self, county: str) -> Centre:
        """The county's protective centre, which never closes."""
        return self.centres[f"{self.counties[county].code}-{CentreKind.PROTECTIVE}"]

    def family_window(self, county: str) -> Centre:
        """For cases of the county of which no town is known."""
        return self.centres[f"{self.counties[county].code}-{CentreKind.FAMILY}"]

    def family(self, county: str, town: str | None) -> Centre | None:
        """The town's family service centre; None without a town, or for one that is not the county's."""
        district = self.districts.get((county, town)) if town else None
        return self.centres[district.centre] if district else None

    def working_along(self, kind: CentreKind, county: str, town: str | None) -> tuple[Centre, ...]:
        """The specialised centres of one kind for a town, in order of their codes."""
        return tuple(c for c in self._by_kind.get((kind, county), ()) if c.is_for(town))

    def is_open(self, centre: Centre, at: datetime) -> bool:
        return centre.hours.is_open(at, self.closed_days)

    def opens(self, centre: Centre, at: datetime) -> datetime | None:
        return centre.hours.opens(at, self.closed_days)

    @cached_property
    def _by_kind(self) -> Mapping[tuple[CentreKind, str | None], tuple[Centre, ...]]:
        found: dict[tuple[CentreKind, str | None], tuple[Centre, ...]] = {}
        for centre in sorted(self.centres.values(), key=lambda c: c.code):
            found[centre.kind, centre.county] = (*found.get((centre.kind, centre.county), ()), centre)
        return MappingProxyType(found)
