"""Which county a case belongs to, and so which centre: by the kind of danger, then of place, then order of arrival."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import chain
from typing import NamedTuple, assert_never

from pipeline.contracts.vocabulary import Category, Priority, Queue, Tag
from pipeline.domain.counties import COUNTY_CODES
from pipeline.domain.dangers import IncidentView, ReportView
from pipeline.domain.facts import Facts, Place
from pipeline.domain.score import Standing

NATIONAL_CENTRE = "national"

_CERTAIN: frozenset[Tag] = frozenset()
_ASSUMED = frozenset({Tag.COUNTY_ASSUMED})
_UNKNOWN = frozenset({Tag.COUNTY_UNKNOWN})


@dataclass(frozen=True, slots=True)
class Pin:
    """Holds a case where a transfer put it: `by_law` is the county that the rules named then, `queue` the one whose
    centre took it.
    """

    by_law: str | None
    queue: Queue


@dataclass(frozen=True, slots=True)
class Routing:
    """`tags` follow the present county and are not kept when it changes. One with a `pin` stays: see `pinning`."""

    county: str | None
    centre: str
    tags: frozenset[Tag] = frozenset()
    pin: Pin | None = None


class PlaceKind(Enum):
    OCCURRED = auto()
    CURRENT = auto()
    RESIDENCE = auto()


class CountyRow(NamedTuple):
    name: str
    kinds: tuple[PlaceKind, ...]
    holds: Callable[[frozenset[Category], Priority], bool]


COUNTY_ROWS = (
    CountyRow(
        "elder",
        (PlaceKind.OCCURRED, PlaceKind.CURRENT, PlaceKind.RESIDENCE),
        lambda categories, _: Category.ELDER_PROTECTION in categories,
    ),
    CountyRow(
        "disability",
        (PlaceKind.CURRENT, PlaceKind.OCCURRED, PlaceKind.RESIDENCE),
        lambda categories, _: Category.DISABILITY_PROTECTION in categories,
    ),
    CountyRow(
        "pressing",
        (PlaceKind.CURRENT, PlaceKind.OCCURRED, PlaceKind.RESIDENCE),
        lambda _, priority: priority in {Priority.IMMEDIATE, Priority.URGENT},
    ),
    CountyRow("all_the_rest", (PlaceKind.RESIDENCE, PlaceKind.OCCURRED), lambda *_: True),
)


def place(own: IncidentView, others: Sequence[IncidentView], standing: Standing) -> Routing:
    """The county and centre of a case, from the newest version of each of its reports.

    The reports of the event's `own` incident come first, then those of the case's `others`, each in order of arrival.
    Where no place names a county, that of a source is assumed.
    """
    incidents = (own, *others)
    categories = frozenset(word for incident in incidents for facts in incident.versions for word in facts.categories)
    kinds = next(row.kinds for row in COUNTY_ROWS if row.holds(categories, standing.priority))
    told = (*(report.newest for report in own.reports), *(report.newest for report in _by_arrival(others)))
    county, tags = next(chain(_by_place(kinds, told), _by_source(told)), (None, _UNKNOWN))
    return Routing(county, centre_of(county, standing.queue), tags)


def centre_of(county: str | None, queue: Queue) -> str:
    """The code of a county's centre for one queue. No county, or one that is not official, is the national one's."""
    code = COUNTY_CODES.get(county) if county else None
    return f"{code}-{queue.value}" if code else NATIONAL_CENTRE


def _by_arrival(incidents: Sequence[IncidentView]) -> list[ReportView]:
    return sorted((report for incident in incidents for report in incident.reports), key=lambda r: r.arrival_no)


def _by_place(kinds: Sequence[PlaceKind], told: Sequence[Facts]) -> Iterator[tuple[str, frozenset[Tag]]]:
    for kind in kinds:
        for facts in told:
            for where in _places(kind, facts):
                if where.county:
                    yield where.county, _CERTAIN
                elif facts.source_county and facts.source_county in where.counties:
                    yield facts.source_county, _ASSUMED


def _by_source(told: Sequence[Facts]) -> Iterator[tuple[str, frozenset[Tag]]]:
    return ((facts.source_county, _ASSUMED) for facts in told if facts.source_county)


def _places(kind: PlaceKind, facts: Facts) -> Iterator[Place]:
    match kind:
        case PlaceKind.OCCURRED:
            found = [facts.occurred_place]
        case PlaceKind.CURRENT:
            found = [victim.current_place for victim in facts.victims]
        case PlaceKind.RESIDENCE:
            found = [home for victim in facts.victims for home in (victim.address, victim.registered_address)]
        case _:
            assert_never(kind)
    return (where for where in found if where)
