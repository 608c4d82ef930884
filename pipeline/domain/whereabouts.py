"""Which town of a county a case is in, and which counties its places lie in: by the kind of place, then in order."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple, assert_never

from pipeline.domain.facts import Facts, Place


class PlaceTold(StrEnum):
    """What a place is to the case: where the victim is now, lives, or is registered; where it happened."""

    CURRENT = "current"
    RESIDENCE = "residence"
    REGISTERED = "registered"
    OCCURRED = "occurred"


NEAREST_FIRST = (PlaceTold.CURRENT, PlaceTold.RESIDENCE, PlaceTold.OCCURRED, PlaceTold.REGISTERED)
"""Where a worker would go to find the victim."""


class Whereabouts(NamedTuple):
    """A town and what it is to the case; both None where no town can be read."""

    town: str | None = None
    told: PlaceTold | None = None


def town_in(county: str | None, told: Sequence[Facts], order: Sequence[PlaceTold] = NEAREST_FIRST) -> Whereabouts:
    """The first town of this county: the kind of place first, then the order of the reports."""
    found = (
        Whereabouts(place.town, kind)
        for kind in order
        for facts in told
        for place in places_of(facts, kind)
        if county and place.town and county in place.counties
    )
    return next(found, Whereabouts())


def county_by(told: Sequence[Facts], order: Sequence[PlaceTold]) -> str | None:
    """The first county that a place of these kinds names for certain."""
    found = (p.county for kind in order for facts in told for p in places_of(facts, kind) if p.county)
    return next(found, None)


def places_of(facts: Facts, kind: PlaceTold) -> Iterator[Place]:
    match kind:
        case PlaceTold.CURRENT:
            found = [victim.current_place for victim in facts.victims]
        case PlaceTold.RESIDENCE:
            found = [victim.address for victim in facts.victims]
        case PlaceTold.REGISTERED:
            found = [victim.registered_address for victim in facts.victims]
        case PlaceTold.OCCURRED:
            found = [facts.occurred_place]
        case _:
            assert_never(kind)
    return (place for place in found if place)
