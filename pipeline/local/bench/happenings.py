"""What happens to invented families, and when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.contracts.vocabulary import Category, Role, Sex
from pipeline.local.bench.chance import Chance
from pipeline.local.bench.households import Household, Outsider
from pipeline.local.bench.mix import Mix
from pipeline.local.bench.people import Human
from pipeline.local.bench.places import Door
from pipeline.local.bench.stories import PLOTS, Plot, Scene

GROWN, OF_TELLING_AGE = 18, 10
ELSEWHERE = 0.1
BOTH_SIBLINGS = 0.25
LATER_DAYS = (15, 100)
"""Means of the time to the next incident, beyond those that come soon."""


@dataclass(frozen=True, slots=True)
class Cast:
    victims: tuple[Human, ...]
    perpetrator: Outsider | None


@dataclass(frozen=True, slots=True)
class Incident:
    """One happening in one household. `home` is where they live on that day, `former` where they lived before;
    `witnesses` are told of beside victims and perpetrator.
    """

    incident_id: str
    household_id: str
    family: Household
    at: datetime
    plot: Plot
    scene: Scene
    detail: str
    cast: Cast
    witnesses: tuple[tuple[Role, Outsider], ...]
    home: Door
    place: Door
    former: Door | None = None


class Fate:
    """Decides what happens. `begin` is the first day, with an offset."""

    def __init__(self, chance: Chance, mix: Mix, begin: datetime) -> None:
        self._chance, self._mix, self._begin = chance, mix, begin

    def of(self, family: Household) -> Iterator[Incident]:
        """The incidents of one family in order of time; those beyond the last day do not happen."""
        chance, time = self._chance, self._mix.time
        household_id = f"{chance.getrandbits(128):032x}"
        at = self._begin + timedelta(days=chance.uniform(0, time.days))
        moved = False
        while at < self._begin + timedelta(days=time.days):
            yield self._incident(family, household_id, at, moved=moved)
            if not chance.happens(time.again):
                return
            soon = chance.happens(time.soon)
            later = time.soon_days[1] + chance.expovariate(1 / chance.choice(LATER_DAYS))
            at += timedelta(days=chance.uniform(*time.soon_days) if soon else later)
            moved = moved or family.next_door is not None

    def _incident(self, family: Household, household_id: str, at: datetime, *, moved: bool) -> Incident:
        chance = self._chance
        plot, cast = self._plot(family, at)
        home = family.next_door if moved and family.next_door else family.door
        scene = chance.choice(plot.scenes)
        return Incident(
            incident_id=f"{chance.getrandbits(128):032x}",
            household_id=household_id,
            family=family,
            at=at.replace(microsecond=0),
            plot=plot,
            scene=scene,
            detail=chance.choice(scene.details),
            cast=cast,
            witnesses=tuple(_witnesses(family, cast, home, at)),
            home=home,
            place=_out_of_doors(home) if chance.happens(ELSEWHERE) else home,
            former=family.door if moved else None,
        )

    def _plot(self, family: Household, at: datetime) -> tuple[Plot, Cast]:
        """One that this family has the people for."""
        while True:
            plot = self._chance.choices(PLOTS, [p.weight for p in PLOTS])[0]
            cast = self._cast(plot.category, family, at)
            if cast:
                return plot, cast

    def _cast(self, category: Category, family: Household, at: datetime) -> Cast | None:  # noqa: PLR0911 - one a category
        chance, adults = self._chance, family.adults
        match category:
            case Category.CHILD_PROTECTION:
                return self._with(self._some_children(family), family) if family.children else None
            case Category.INTIMATE_PARTNER_VIOLENCE:
                return self._partners(family)
            case Category.ELDER_PROTECTION:
                return self._with((chance.choice(family.elders),), family) if family.elders else None
            case Category.SEXUAL_ASSAULT:
                told = [h for h in (*adults[:1], *family.children) if _is_girl_or_woman(h, at)]
                return self._with((chance.choice(told),), family) if told else None
            case Category.SUICIDE_RISK:
                able = [h for h in family.members if h.age(at.date()) > OF_TELLING_AGE]
                return Cast((chance.choice(able),), None) if able else None
            case Category.VULNERABLE_FAMILY:
                heads = adults or family.elders
                return self._with((chance.choice((*heads, *family.children[:1])),), family)
            case _:
                grown = (*adults, *family.elders)
                return self._with((chance.choice(grown),), family) if len(grown) > 1 or family.outsider else None

    def _some_children(self, family: Household) -> tuple[Human, ...]:
        count = 2 if len(family.children) > 1 and self._chance.happens(BOTH_SIBLINGS) else 1
        return tuple(self._chance.sample(family.children, count))

    def _partners(self, family: Household) -> Cast | None:
        if len(family.adults) > 1:
            one, other = family.adults if self._chance.happens(0.85) else family.adults[::-1]
            return Cast((one,), Outsider(other, family.door))
        return Cast(family.adults[:1], family.outsider) if family.adults and family.outsider else None

    def _with(self, victims: tuple[Human, ...], family: Household) -> Cast:
        """With a perpetrator of the family, or from outside."""
        at_home = [Outsider(h, family.door) for h in (*family.adults, *family.elders) if h not in victims]
        outside = [family.outsider] * 2 if family.outsider else []
        able = [*at_home, *outside]
        return Cast(victims, self._chance.choice(able) if able else None)


def _is_girl_or_woman(human: Human, at: datetime) -> bool:
    return human.sex is Sex.FEMALE and human.age(at.date()) >= OF_TELLING_AGE


def _witnesses(family: Household, cast: Cast, home: Door, at: datetime) -> Iterator[tuple[Role, Outsider]]:
    shown = (*cast.victims, *((cast.perpetrator.human,) if cast.perpetrator else ()))
    for human in family.members:
        if human not in shown:
            young = human.age(at.date()) < GROWN
            role = Role.CHILD_WITNESS if young else Role.HOUSEHOLD_MEMBER
            yield role, Outsider(human, home)
    if family.relative:
        yield Role.OTHER, family.relative


def _out_of_doors(home: Door) -> Door:
    """Somewhere in the same town."""
    number = (home.number * 7) % 300 + 1
    village = home.town.villages[number % len(home.town.villages)]
    return Door(home.town, village, 1, home.road, number, section=home.section, hamlet=home.hamlet)
