"""A report made ready to be compared with many others: what does not depend on the other one is worked out once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from pipeline.contracts.vocabulary import Category, Role, Sex
from pipeline.domain.facts import Facts, Person, Place
from pipeline.domain.kinds import channel_of
from pipeline.domain.name_share import Commonness, commonness, is_common_surname
from pipeline.domain.normalise.birth import FILLERS, Birth
from pipeline.domain.normalise.identity import Identity, read_identity
from pipeline.domain.normalise.name import NameForm, read_name_form
from pipeline.domain.normalise.phone import Line, read_lines
from pipeline.domain.normalise.place import said
from pipeline.domain.normalise.story import Story

PEOPLE_MAX = 12
"""Of one report so many people are compared; those about whom most is told."""

LIVES_THERE = frozenset({Role.VICTIM, Role.CAREGIVER, Role.GUARDIAN, Role.CHILD_WITNESS, Role.HOUSEHOLD_MEMBER})


class Somebody(NamedTuple):
    """A person without what says nothing: specimen numbers, filler dates, services' telephones."""

    role: Role
    name: NameForm | None
    common: Commonness
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

    source: str
    channel: str
    told: float
    occurred: float | None
    categories: frozenset[Category]
    people: tuple[Somebody, ...]
    homes: tuple[Place, ...]
    scene: Place | None
    surnames: frozenset[str]
    story: Story | None
    kin: frozenset[str]


CHILD, ELDER = 18, 65


def _kin(p, facts):
    cats = {str(c) for c in facts.categories}
    age = facts.clock_start.year - p.birth.year if p.birth and p.birth.year else None
    title = p.name.title if p.name else None
    if age is not None: a = "child" if age < CHILD else "elder" if age >= ELDER else "adult"
    elif title and title.is_child is not None: a = "child" if title.is_child else "adult"
    elif "child_protection" in cats or "child_sexual_exploitation" in cats: a = "child"
    elif "intimate_partner_violence" in cats: a = "adult"
    elif "elder_protection" in cats: a = "elder"
    else: a = "-"
    sex = p.sex or (title.sex if title else None)
    return (str(sex)[0] if sex else "-") + a


def profile(facts: Facts) -> Profile:
    people = tuple(map(_somebody, facts.persons))
    story = facts.story
    named = {p.name.surname for p in people if p.name and p.name.surname}
    return Profile(
        source=facts.source,
        channel=facts.source.rpartition("-")[0] or facts.source,
        told=facts.clock_start.timestamp(),
        occurred=facts.occurred_at.timestamp() if facts.occurred_at else None,
        categories=frozenset(facts.categories),
        people=_most_told(people),
        homes=_homes(facts.persons),
        scene=facts.occurred_place,
        surnames=frozenset(named | (story.surnames if story else frozenset())),
        story=story,
        kin=frozenset(_kin(p, facts) for p in people if p.role is Role.VICTIM),
    )


def _most_told(people: tuple[Somebody, ...]) -> tuple[Somebody, ...]:
    if len(people) <= PEOPLE_MAX:
        return people
    return tuple(sorted(people, key=lambda p: (not p.is_told, p.role is not Role.VICTIM))[:PEOPLE_MAX])


def _somebody(person: Person) -> Somebody:
    name = person.name_form or (read_name_form(person.name) if person.name else None)
    identity = person.identity or (read_identity(person.national_id) if person.national_id else None)
    birth = person.birth or _whole(person.birth_date)
    lines = person.lines or tuple(line for phone in person.phones for line in read_lines(phone))
    return Somebody(
        role=person.role,
        name=name,
        common=commonness(name),
        identity=None if identity and identity.is_specimen else identity,
        birth=None if birth and birth.date in FILLERS else birth,
        lines=tuple(line for line in lines if not line.says_nothing),
        sex=person.sex,
    )


def _whole(day: date | None) -> Birth | None:
    return Birth(day.year, day.month, day.day) if day else None


def _homes(persons: Iterable[Person]) -> tuple[Place, ...]:
    told = (place for p in persons for place in (p.address, p.current_place, p.registered_address) if place)
    return tuple({said(place): place for place in told}.values())
