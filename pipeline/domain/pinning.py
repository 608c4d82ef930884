"""A transferred case stays where it was taken in, whatever reports come; where the law now names another county, a
person is asked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from pipeline.domain.assignment import Assigned, WhyCode, assign
from pipeline.domain.dangers import IncidentView
from pipeline.domain.jurisdiction import onward
from pipeline.domain.needs import PRESSING, needs_of
from pipeline.domain.policy.own_words import COUNTY_CONTESTED
from pipeline.domain.route import Pin, Routing
from pipeline.domain.score import Standing
from pipeline.domain.terms import Terms
from pipeline.domain.whereabouts import town_in


class Routed(Protocol):
    @property
    def routing(self) -> Routing | None: ...


@dataclass(frozen=True, slots=True)
class Judged:
    """A case as it is judged now: its incidents, that of the event first, where it stands, and under which terms."""

    incidents: Sequence[IncidentView]
    standing: Standing
    terms: Terms


def handed_to(centre: str, county: str, before: Routing, case: Judged) -> Routing:
    """The routing of a case that this centre has just accepted: it is there, full or closed."""
    pressing = case.standing.priority in PRESSING
    there = Assigned(centre, centre, county, None, case.standing.queue, is_pressing=pressing)
    held = Routing(county, centre, pin=Pin(decided_then(before), centre), assigned=there)
    assigned = _assigned(held, centre, case)
    why = tuple(why for why in assigned.why if why.code is not WhyCode.STAYS)
    return replace(held, assigned=replace(assigned, why=why))


def kept(decided: Routing, origins: Iterable[Routed], case: Judged) -> Routing:
    """The routing that the rules have `decided`, unless a case that this one comes from was transferred: then the
    oldest such. Within the county it follows its queue, and the hours of the centre that accepted it.
    """
    held = next((o.routing for o in origins if o.routing and o.routing.pin), None)
    if held is None or held.pin is None:
        return decided
    contested = decided.county is not None and decided.county not in {held.county, decided_then(held)}
    assigned = _assigned(held, held.pin.centre, case)
    tags = frozenset({COUNTY_CONTESTED}) if contested else frozenset[str]()
    return replace(held, centre=assigned.centre, tags=tags, assigned=assigned)


def decided_then(held: Routing) -> str | None:
    """The county that the rules named when the case was transferred."""
    return held.pin.by_law if held.pin else held.county


def _assigned(held: Routing, accepted: str, case: Judged) -> Assigned:
    """Within the county that accepted the case."""
    terms = case.terms
    told = [report.newest for incident in case.incidents for report in incident.reports]
    town, kind = town_in(held.county, told)
    needs = needs_of(case.incidents, case.standing, kind, onward(terms.centres.areas, told))
    return assign(
        held.county,
        town,
        case.standing.queue,
        needs,
        at=terms.at,
        load=terms.load,
        book=terms.centres,
        before=held.assigned,
        taken_by=accepted,
    )
