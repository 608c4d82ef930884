"""A transferred case stays where it was taken in, whatever reports come; where the law now names another county, a
person is asked.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from pipeline.contracts.vocabulary import Queue
from pipeline.domain.route import COUNTY_CONTESTED, Pin, Routing, centre_of


class Routed(Protocol):
    @property
    def routing(self) -> Routing | None: ...


def pinned(county: str, centre: str, queue: Queue, by_law: str | None) -> Routing:
    return Routing(county, centre, pin=Pin(by_law, queue))


def kept(decided: Routing, queue: Queue, origins: Iterable[Routed]) -> Routing:
    """The routing that the rules have `decided`, unless a case that this one comes from was transferred: then the
    oldest such. Within the county it follows its queue.
    """
    held = next((o.routing for o in origins if o.routing and o.routing.pin), None)
    if held is None or held.pin is None:
        return decided
    if held.pin.queue is not queue:
        held = replace(held, centre=centre_of(held.county, queue), pin=replace(held.pin, queue=queue))
    contested = decided.county is not None and decided.county not in {held.county, decided_then(held)}
    return replace(held, tags=frozenset({COUNTY_CONTESTED}) if contested else frozenset())


def decided_then(held: Routing) -> str | None:
    """The county that the rules named when the case was transferred."""
    return held.pin.by_law if held.pin else held.county
