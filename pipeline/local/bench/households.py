"""Invented families: who lives with whom, who lives nearby, who left and comes back."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import assert_never

from pipeline.contracts.vocabulary import Sex
from pipeline.local.bench import people
from pipeline.local.bench.chance import Chance
from pipeline.local.bench.mix import World
from pipeline.local.bench.people import Human
from pipeline.local.bench.places import Door, Map

LANDLINES = 0.35
SHARED_MOBILES = 0.15
RENTED = 0.3


class Shape(StrEnum):
    COUPLE = "couple"
    PARENTS = "parents"
    ONE_PARENT = "one_parent"
    THREE_GENERATIONS = "three_generations"
    ELDER = "elder"
    ELDER_ALONE = "elder_alone"


SHAPES = {
    Shape.COUPLE: 0.17,
    Shape.PARENTS: 0.4,
    Shape.ONE_PARENT: 0.15,
    Shape.THREE_GENERATIONS: 0.11,
    Shape.ELDER: 0.12,
    Shape.ELDER_ALONE: 0.05,
}


@dataclass(frozen=True, slots=True)
class Outsider:
    """Somebody who lives elsewhere: a former partner, a friend, a grandmother around the corner."""

    human: Human
    door: Door


@dataclass(frozen=True, slots=True)
class Household:
    """People who live together. `next_door` is where they move to, if they do; `registered` where they stand in the
    books, if that is elsewhere. `desk` is a telephone of theirs that others give, too: the landlord's.
    """

    door: Door
    adults: tuple[Human, ...]
    children: tuple[Human, ...] = ()
    elders: tuple[Human, ...] = ()
    outsider: Outsider | None = None
    relative: Outsider | None = None
    next_door: Door | None = None
    registered: Door | None = None
    desk: str | None = None

    @property
    def members(self) -> tuple[Human, ...]:
        return (*self.adults, *self.children, *self.elders)


class Families:
    """Families without end, some of them related; the same chance gives the same ones."""

    def __init__(self, chance: Chance, world: World, ground: Map, today: date) -> None:
        self._chance, self._world, self._ground, self._today = chance, world, ground, today
        self._desks: dict[Door, str] = {}

    def __iter__(self) -> Iterator[Household]:
        while True:
            yield from self._related(self._family())

    def _related(self, home: Household) -> Iterator[Household]:
        chance, world = self._chance, self._world
        if home.children and chance.happens(world.parted):
            yield from self._parted(home)
        elif chance.happens(world.common_perpetrator):
            yield from self._same_perpetrator(home)
        elif home.adults and chance.happens(world.relatives_near):
            yield from self._with_grandparents(home)
        else:
            yield home

    def _family(self) -> Household:
        chance, world = self._chance, self._world
        door = self._ground.door()
        home = self._people(chance.weighted(SHAPES), door)
        if chance.happens(world.moves):
            home = replace(home, next_door=self._ground.door_near(door) if chance.happens(0.5) else self._ground.door())
        if chance.happens(0.2):
            home = replace(home, registered=self._ground.door())
        if chance.happens(RENTED):
            place = replace(door, floor=None, unit="")
            home = replace(home, desk=self._desks.setdefault(place, people.mobile(chance)))
        return home

    def _people(self, shape: Shape, door: Door) -> Household:
        match shape:
            case Shape.COUPLE:
                return Household(door, self._couple((20, 64), door))
            case Shape.PARENTS:
                return self._with_children(Household(door, self._couple((22, 46), door)))
            case Shape.ONE_PARENT:
                one = self._couple((20, 46), door)
                return self._with_children(Household(door, one[:1] if self._chance.happens(0.75) else one[1:]))
            case Shape.THREE_GENERATIONS:
                home = self._with_children(Household(door, self._couple((26, 46), door)))
                return replace(home, elders=self._elders(home.adults[-1], 1))
            case Shape.ELDER:
                grown = self._couple((34, 60), door)[-1]
                return Household(door, (grown,), elders=self._elders(grown, self._chance.choice((1, 1, 2))))
            case Shape.ELDER_ALONE:
                return Household(door, (), elders=self._elders(self._one((45, 55), Sex.MALE), 1))
            case _:
                assert_never(shape)

    def _one(self, ages: tuple[int, int], sex: Sex) -> Human:
        return people.adult(self._chance, self._world, self._today, sex, ages)

    def _couple(self, ages: tuple[int, int], door: Door) -> tuple[Human, Human]:
        chance = self._chance
        wife = self._one(ages, Sex.FEMALE)
        age = wife.age(self._today)
        husband = self._one((max(20, age - 4), age + 9), Sex.MALE)
        shared = (wife.phones[0],) if chance.happens(SHARED_MOBILES) else husband.phones
        home = (people.landline(chance, door.county),) if chance.happens(LANDLINES) else ()
        return replace(wife, phones=(*wife.phones, *home)), replace(husband, phones=(*shared, *home))

    def _with_children(self, home: Household) -> Household:
        chance, children = self._chance, list[Human]()
        oldest = max(1, min(17, min(a.age(self._today) for a in home.adults) - 19))
        for _ in range(chance.choices((1, 2, 3, 4), (45, 38, 14, 3))[0]):
            twin = children and chance.happens(self._world.twins)
            born = children[-1].birth if twin else people.birth(chance, self._today, (0, oldest))
            children.append(people.child(chance, self._world, born, home.adults, children))
        return replace(home, children=tuple(children))

    def _elders(self, grown: Human, count: int) -> tuple[Human, ...]:
        ages = (min(85, max(65, grown.age(self._today) + 20)), 92)
        sexes = self._chance.sample((Sex.FEMALE, Sex.MALE), 2)[:count]
        return tuple(self._relative(sex, ages, grown) for sex in sexes)

    def _relative(self, sex: Sex, ages: tuple[int, int], of: Human) -> Human:
        human = self._one(ages, sex)
        if sex is Sex.FEMALE or of.name.origin is not people.Origin.HAN:
            return human
        return replace(human, name=replace(human.name, surname=of.name.surname))

    def _parted(self, home: Household) -> Iterator[Household]:
        """One parent keeps the home, the other lives elsewhere; a child is at home with both."""
        if len(home.adults) == 1:
            yield home
            return
        mother, father = home.adults
        there = self._ground.door_near(home.door) if self._chance.happens(0.5) else self._ground.door()
        yield replace(home, adults=(mother,), outsider=Outsider(father, there))
        partner = (self._one((22, 45), Sex.FEMALE),) if self._chance.happens(0.5) else ()
        yield Household(there, (*partner, father), home.children[:1], outsider=Outsider(mother, home.door))

    def _same_perpetrator(self, home: Household) -> Iterator[Household]:
        him = Outsider(self._one((25, 55), Sex.MALE), self._ground.door())
        other = self._family()
        yield replace(home, outsider=him)
        yield replace(other, outsider=him)

    def _with_grandparents(self, home: Household) -> Iterator[Household]:
        door = self._ground.door_near(home.door)
        elders = self._elders(home.adults[-1], self._chance.choice((1, 2)))
        yield replace(home, relative=Outsider(elders[0], door))
        uncle = (self._relative(Sex.MALE, (30, 60), elders[0]),) if self._chance.happens(0.5) else ()
        yield Household(door, uncle, elders=elders)
