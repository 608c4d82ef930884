"""What survives in a report by which another can be known: each statement as a mark, at every level of exactness, so
that two reports that agree roughly share the rough marks and lack the exact ones.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipeline.contracts.vocabulary import Role
from pipeline.domain.facts import Facts, Person, Place
from pipeline.domain.normalise.birth import Birth
from pipeline.domain.normalise.name import HIDDEN, NameForm
from pipeline.domain.normalise.place_agreement import building_key, door_key, road_key, street_key
from pipeline.domain.normalise.sound import blurred

Mark = tuple[str, ...]
Marks = frozenset[Mark]


class Survived(NamedTuple):
    """`people` are the marks of each person, `of_victims` what they tell of the victims. Code names, specimen numbers
    and filler dates are no marks.
    """

    people: tuple[Marks, ...]
    of_victims: Marks
    places: Marks
    surnames: Marks

    @property
    def all(self) -> Marks:
        return frozenset[Mark]().union(*self.people, self.places, self.surnames)


def marks_of(versions: Sequence[Facts]) -> Survived:
    """Of one report by all its versions."""
    persons = [person for facts in versions for person in facts.persons]
    people = tuple(frozenset(_of_person(person)) for person in persons)
    victims = (marks for person, marks in zip(persons, people, strict=True) if person.role is Role.VICTIM)
    lived = (place for p in persons for place in (p.address, p.current_place, p.registered_address))
    places = (*lived, *(facts.occurred_place for facts in versions))
    called = (surname for facts in versions if facts.story for surname in facts.story.surnames)
    named = (person.name_form.surname for person in persons if person.name_form)
    return Survived(
        people=tuple(dict.fromkeys(marks for marks in people if marks)),
        of_victims=frozenset[Mark]().union(*victims),
        places=frozenset(mark for place in places for mark in _of_place(place)),
        surnames=frozenset(("surname", surname) for surname in (*called, *named) if surname),
    )


def _of_person(person: Person) -> Iterator[Mark]:
    names = tuple(_of_name(person.name_form)) if person.name_form else ()
    births = tuple(_of_birth(person.birth)) if person.birth and not person.birth.is_filler else ()
    yield from names
    yield from births
    yield from ((*name, *birth) for name in names for birth in births)
    if person.identity and not person.identity.is_specimen:
        yield from _with_one_off("id", person.identity.text)
    for line in person.lines:
        if not line.says_nothing:
            yield from _with_one_off("phone", line.number)


def _of_name(form: NameForm) -> Iterator[Mark]:
    """As written, by ear, and each character of it with the surname, which is what masks and slips leave."""
    if form.roman:
        yield from (("word", word) for word in form.roman.split())
    sound = blurred(form.sound)
    if HIDDEN not in form.folded and len(sound) > 1:
        yield "name", form.folded
        yield "sound", *sound
    yield from (("part", sound[0], str(i), s) for i, s in enumerate(sound) if i and s != HIDDEN)


def _of_birth(birth: Birth) -> Iterator[Mark]:
    for day in filter(None, (birth.date, *birth.alternatives)):
        yield "born", str(day)
        yield "birthday", f"{day:%m-%d}"
    if birth.year:
        yield "year", str(birth.year)


def _with_one_off(kind: str, number: str) -> Iterator[Mark]:
    """The number, and what is left of it when any one of its characters is taken out."""
    yield kind, number
    yield from ((f"{kind}_but_one", str(i), number[:i] + number[i + 1 :]) for i in range(len(number)))


def _of_place(place: Place | None) -> Iterator[Mark]:
    if place is None:
        return
    for kind, key in (("door", door_key), ("building", building_key), ("street", street_key), ("road", road_key)):
        if found := key(place):
            yield kind, found
    if place.town:
        yield "town", place.town
    if place.town and place.parts.village:
        yield "village", place.town, place.parts.village
