"""Which county a case belongs to, and so which centre: by the kind of danger, then of place, then order of arrival."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import assert_never

from pipeline.contracts.policy import CountyRow
from pipeline.contracts.vocabulary import PlaceKind, Queue
from pipeline.domain.counties import COUNTY_CODES
from pipeline.domain.dangers import IncidentView, ReportView, gather
from pipeline.domain.facts import Facts, Place
from pipeline.domain.policy.conditions import Situation
from pipeline.domain.policy.policy import Met, Policy
from pipeline.domain.score import Standing

NATIONAL_CENTRE = "national"

COUNTY_ASSUMED, COUNTY_UNKNOWN = "county_assumed", "county_unknown"
"""Tags that follow the present county: a place leaves it open and the source's is taken, or nothing tells it."""

_CERTAIN: frozenset[str] = frozenset()
_ASSUMED, _UNKNOWN = frozenset({COUNTY_ASSUMED}), frozenset({COUNTY_UNKNOWN})


@dataclass(frozen=True, slots=True)
class Routing:
    """`tags` follow the present county and are not kept when it changes."""

    county: str | None
    centre: str
    tags: frozenset[str] = frozenset()


def place(policy: Policy, own: IncidentView, others: Sequence[IncidentView], standing: Standing) -> Routing:
    """The county and centre of a case, from the newest version of each of its reports.

    The reports of the event's `own` incident come first, then those of the case's `others`, each in order of arrival.
    Where no place names a county, that of a source is assumed.
    """
    kinds = county_row(policy, (own, *others), standing).row.places
    told = (*(report.newest for report in own.reports), *(report.newest for report in _by_arrival(others)))
    county, tags = next(chain(_by_place(kinds, told), _by_source(told)), (None, _UNKNOWN))
    return Routing(county, centre_of(county, standing.queue), tags)


def county_row(policy: Policy, incidents: Sequence[IncidentView], standing: Standing) -> Met[CountyRow]:
    """Which row of the policy says where the county of these incidents is read."""
    dangers = gather(incidents, policy.stand_in)
    return policy.county(Situation(dangers, standing.queue, standing.child_grade, standing.priority))


def centre_of(county: str | None, queue: Queue) -> str:
    """The code of a county's centre for one queue. No county, or one that is not official, is the national one's."""
    code = COUNTY_CODES.get(county) if county else None
    return f"{code}-{queue.value}" if code else NATIONAL_CENTRE


def _by_arrival(incidents: Sequence[IncidentView]) -> list[ReportView]:
    return sorted((report for incident in incidents for report in incident.reports), key=lambda r: r.arrival_no)


def _by_place(kinds: Sequence[PlaceKind], told: Sequence[Facts]) -> Iterator[tuple[str, frozenset[str]]]:
    for kind in kinds:
        for facts in told:
            for where in _places(kind, facts):
                if where.county:
                    yield where.county, _CERTAIN
                elif facts.source_county and facts.source_county in where.counties:
                    yield facts.source_county, _ASSUMED


def _by_source(told: Sequence[Facts]) -> Iterator[tuple[str, frozenset[str]]]:
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
