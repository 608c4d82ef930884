"""A report made ready to be compared with many others: what does not depend on the other one is worked out once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from pipeline.contracts.vocabulary import Category, Role, Sex
from pipeline.domain.facts import Facts, Person, Place
from pipeline.domain.normalise.birth import FILLERS, Birth
from pipeline.domain.normalise.identity import Identity, read_identity
from pipeline.domain.normalise.name import NameForm, read_name_form
from pipeline.domain.normalise.phone import Line, read_lines
from pipeline.domain.normalise.place import said
from pipeline.domain.normalise.story import Story

PEOPLE_MAX = 12
"""Of one report so many people are compared: the victims, and those about whom something is told, first."""

HOMES_MAX = 12
GROWN, OLD = 18, 65


class Age(StrEnum):
    CHILD = "child"
    ADULT = "adult"
    ELDER = "elder"
    UNKNOWN = "unknown"


class Kin(NamedTuple):
    """What is told of a victim even where nobody is named."""

    sex: Sex | None
    age: Age


class Somebody(NamedTuple):
    """A person without what says nothing: specimen numbers, filler dates, services' telephones."""

    role: Role
    name: NameForm | None
    identity: Identity | None
    birth: Birth | None
    lines: tuple[Line, ...]
    sex: Sex | None

    @property
    def is_told(self) -> bool:
        return bool(self.name or self.identity or self.birth or self.lines)


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """`told` and `occurred` are seconds since 1970. `homes` are the addresses of all people, each once. `surnames` are
    those of the people and of the story.
    """

    told: float
    occurred: float | None
    categories: frozenset[Category]
    people: tuple[Somebody, ...]
    homes: tuple[Place, ...]
    scene: Place | None
    surnames: frozenset[str]
    story: Story | None
    victims: frozenset[Kin]


def profile(facts: Facts) -> Profile:
    people = tuple(map(_somebody, facts.persons))
    named = {p.name.surname for p in people if p.name and p.name.surname}
    return Profile(
        told=facts.clock_start.timestamp(),
        occurred=facts.occurred_at.timestamp() if facts.occurred_at else None,
        categories=frozenset(facts.categories),
        people=_most_told(people),
        homes=_homes(facts.persons),
        scene=facts.occurred_place,
        surnames=frozenset(named | (facts.story.surnames if facts.story else frozenset())),
        story=facts.story,
        victims=frozenset(_kin(p, facts) for p in people if p.role is Role.VICTIM),
    )


def _somebody(person: Person) -> Somebody:
    name = person.name_form or (read_name_form(person.name) if person.name else None)
    identity = person.identity or (read_identity(person.national_id) if person.national_id else None)
    birth = person.birth or _whole(person.birth_date)
    lines = person.lines or tuple(line for phone in person.phones for line in read_lines(phone))
    return Somebody(
        role=person.role,
        name=name,
        identity=None if identity and identity.is_specimen else identity,
        birth=None if birth and birth.date in FILLERS else birth,
        lines=tuple(line for line in lines if not line.says_nothing),
        sex=person.sex,
    )


def _whole(day: date | None) -> Birth | None:
    return Birth(day.year, day.month, day.day) if day else None


def _most_told(people: tuple[Somebody, ...]) -> tuple[Somebody, ...]:
    if len(people) <= PEOPLE_MAX:
        return people
    return tuple(sorted(people, key=lambda p: (not p.is_told, p.role is not Role.VICTIM))[:PEOPLE_MAX])


def _homes(persons: Iterable[Person]) -> tuple[Place, ...]:
    told = (place for p in persons for place in (p.address, p.current_place, p.registered_address) if place)
    return tuple({said(place): place for place in told}.values())[:HOMES_MAX]


_OF_CHILDREN = frozenset({Category.CHILD_PROTECTION, Category.CHILD_SEXUAL_EXPLOITATION})


def _kin(person: Somebody, facts: Facts) -> Kin:
    title = person.name.title if person.name else None
    return Kin(person.sex or (title.sex if title else None), _age(person, facts))


def _age(person: Somebody, facts: Facts) -> Age:
    """By the birth date, else by a title, else by the kind of danger."""
    if person.birth and person.birth.year:
        years = facts.clock_start.year - person.birth.year
        return Age.CHILD if years < GROWN else Age.ELDER if years >= OLD else Age.ADULT
    title = person.name.title if person.name else None
    if title and title.is_child is not None:
        return Age.CHILD if title.is_child else Age.ADULT
    if not _OF_CHILDREN.isdisjoint(facts.categories):
        return Age.CHILD
    if Category.INTIMATE_PARTNER_VIOLENCE in facts.categories:
        return Age.ADULT
    return Age.ELDER if Category.ELDER_PROTECTION in facts.categories else Age.UNKNOWN
