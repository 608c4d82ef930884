"""Which county a case belongs to, and so which centre: by the kind of danger, then of place, then order of arrival."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import assert_never

from pipeline.contracts.policy import CountyRow
from pipeline.contracts.vocabulary import PlaceKind
from pipeline.domain.assignment import Assigned, assign
from pipeline.domain.dangers import IncidentView, ReportView, gather
from pipeline.domain.facts import Facts, Place
from pipeline.domain.jurisdiction import onward
from pipeline.domain.needs import needs_of
from pipeline.domain.policy.conditions import Situation
from pipeline.domain.policy.own_words import COUNTY_ASSUMED, COUNTY_UNKNOWN
from pipeline.domain.policy.policy import Met, Policy
from pipeline.domain.score import Standing
from pipeline.domain.terms import Terms
from pipeline.domain.whereabouts import town_in

_CERTAIN: frozenset[str] = frozenset()
_ASSUMED, _UNKNOWN = frozenset({COUNTY_ASSUMED}), frozenset({COUNTY_UNKNOWN})


@dataclass(frozen=True, slots=True)
class Pin:
    """Holds a case where a transfer put it: at `centre`, which accepted it. `by_law` is the county that the rules named
    then.
    """

    by_law: str | None
    centre: str


@dataclass(frozen=True, slots=True)
class Routing:
    """`tags` follow the present county and are not kept when it changes. One with a `pin` stays: see `pinning`.
    `assigned` tells why this centre, who works along, and who must be told.
    """

    county: str | None
    centre: str
    tags: frozenset[str] = frozenset()
    pin: Pin | None = None
    assigned: Assigned | None = None


def place(
    terms: Terms,
    own: IncidentView,
    others: Sequence[IncidentView],
    standing: Standing,
    before: Assigned | None = None,
) -> Routing:
    """The county and centre of a case. `before` is what the case was assigned to so far."""
    county, tags = county_of(terms.policy, own, others, standing)
    told = _in_order(own, others)
    town, kind = town_in(county, told)
    needs = needs_of((own, *others), standing, kind, onward(terms.centres.areas, told))
    assigned = assign(
        county, town, standing.queue, needs, at=terms.at, load=terms.load, book=terms.centres, before=before
    )
    return Routing(county, assigned.centre, tags, assigned=assigned)


def county_of(
    policy: Policy, own: IncidentView, others: Sequence[IncidentView], standing: Standing
) -> tuple[str | None, frozenset[str]]:
    """The county of a case and the tags that go with it, from the newest version of each of its reports.

    The reports of the event's `own` incident come first, then those of the case's `others`, each in order of arrival.
    Where no place names a county, that of a source is assumed.
    """
    kinds, told = county_row(policy, (own, *others), standing).row.places, _in_order(own, others)
    return next(chain(_by_place(kinds, told), _by_source(told)), (None, _UNKNOWN))


def county_row(policy: Policy, incidents: Sequence[IncidentView], standing: Standing) -> Met[CountyRow]:
    """Which row of the policy says where the county of these incidents is read."""
    dangers = gather(incidents, policy.stand_in)
    return policy.county(Situation(dangers, standing.queue, standing.child_grade, standing.priority))


def _in_order(own: IncidentView, others: Sequence[IncidentView]) -> tuple[Facts, ...]:
    """The newest version of each report."""
    return (*(report.newest for report in own.reports), *(report.newest for report in _by_arrival(others)))


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
