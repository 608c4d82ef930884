"""What a case asks of a centre: how soon, which specialised centres beside it, and which counties it concerns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.contracts.vocabulary import Category, Indicator, Priority, Role
from pipeline.domain.ages import victim_years
from pipeline.domain.centres import SPECIALISED, CentreKind
from pipeline.domain.dangers import Dangers, IncidentView, gather
from pipeline.domain.jurisdiction import NOTHING_ONWARD, Onward
from pipeline.domain.score import Standing
from pipeline.domain.whereabouts import PlaceTold

ELDER_FROM_YEARS, YOUTH_FROM_YEARS, ADULT_FROM_YEARS = 65, 12, 18
"""老人福利法 a2; 兒童及少年福利與權益保障法 a2."""

DISABILITY, INDIGENOUS, NEW_IMMIGRANT = "disability", "indigenous", "new_immigrant"
"""Words among a person's conditions, or among the indicators."""

FAMILY = "family"
"""The word among `also` by which a policy brings in the family service centre."""

PRESSING = frozenset({Priority.IMMEDIATE, Priority.URGENT})

_FAMILY_ROLES = (Role.VICTIM, Role.CAREGIVER, Role.GUARDIAN)


@dataclass(frozen=True, slots=True)
class Needs:
    """`along` are the kinds of specialised centre that should work along; `with_family`: the family service centre,
    too, though another queue takes the case. `skills` are all words told of the case that a centre may be prepared
    for. `place` is what the town is to the case.
    """

    priority: Priority = Priority.ROUTINE
    along: tuple[CentreKind, ...] = ()
    with_family: bool = False
    skills: frozenset[str] = frozenset()
    place: PlaceTold | None = None
    onward: Onward = NOTHING_ONWARD

    @property
    def is_pressing(self) -> bool:
        return self.priority in PRESSING


def needs_of(
    incidents: Sequence[IncidentView],
    standing: Standing,
    place: PlaceTold | None = None,
    onward: Onward = NOTHING_ONWARD,
) -> Needs:
    """From all versions of all reports of a case, as dangers are."""
    dangers = gather(incidents)
    wanted = set(_kinds(dangers, incidents))
    conditions = {word for role, word in dangers.conditions if role in _FAMILY_ROLES}
    return Needs(
        priority=standing.priority,
        along=tuple(kind for kind in SPECIALISED if kind in wanted),
        with_family=FAMILY in standing.also,
        skills=frozenset({*conditions, *dangers.indicators, *dangers.categories}),
        place=place,
        onward=onward,
    )


def _kinds(dangers: Dangers, incidents: Sequence[IncidentView]) -> Iterator[CentreKind]:
    years = {n for incident in incidents for n in victim_years(incident.versions)}
    told = {word for role, word in dangers.conditions if role in _FAMILY_ROLES} | dangers.indicators.keys()
    if Category.ELDER_PROTECTION in dangers.categories or any(n >= ELDER_FROM_YEARS for n in years):
        yield CentreKind.ELDER
    if Category.INTIMATE_PARTNER_VIOLENCE in dangers.categories and not any(n < ADULT_FROM_YEARS for n in years):
        yield CentreKind.WOMEN_FAMILY
    if Category.DISABILITY_PROTECTION in dangers.categories or (Role.VICTIM, DISABILITY) in dangers.conditions:
        yield CentreKind.DISABILITY
    if any(n < YOUTH_FROM_YEARS for n in years) or (not years and Indicator.AGE_UNDER_6 in dangers.indicators):
        yield CentreKind.CHILD
    if Category.YOUTH_AT_RISK in dangers.categories or any(YOUTH_FROM_YEARS <= n < ADULT_FROM_YEARS for n in years):
        yield CentreKind.YOUTH
    if Category.DEVELOPMENTAL_DELAY in dangers.categories:
        yield CentreKind.EARLY_INTERVENTION
    if INDIGENOUS in told:
        yield CentreKind.INDIGENOUS
    if NEW_IMMIGRANT in told:
        yield CentreKind.NEW_IMMIGRANT
