"""The keys by which reports find each other, exact in this version: a valid national ID, a phone together with a birth
date, a quoted report number. What they lead to is compared in `evidence`.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import chain, combinations
from typing import NamedTuple

from pipeline.domain.facts import Facts, Person, Place
from pipeline.domain.normalise.phone import LineKind
from pipeline.domain.normalise.place_agreement import building_key, door_key, road_key, street_key
from pipeline.domain.normalise.sound import blurred
from pipeline.domain.normalise.text import plain, unspaced

WEEK_S = 7 * 24 * 3600
NAMES_MAX = 6
_WHOLE = frozenset({LineKind.MOBILE, LineKind.LANDLINE, LineKind.FOREIGN})


class KeyKind(StrEnum):
    EVENT = "event"
    NUMBER = "number"
    BEARS = "bears"
    QUOTES = "quotes"
    IDENTITY = "identity"
    PHONE = "phone"
    SURNAME_AND_BIRTH = "surname_and_birth"
    BIRTH_AND_TOWN = "birth_and_town"
    NAME_AND_TOWN = "name_and_town"
    NAME_AND_WEEK = "name_and_week"
    NAME_AND_YEAR = "name_and_year"
    TWO_NAMES = "two_names"
    DOOR = "door"
    BUILDING = "building"
    BUILDING_AND_WEEK = "building_and_week"
    SURNAME_AND_BUILDING = "surname_and_building"
    SURNAME_AND_ROAD = "surname_and_road"
    SURNAME_AND_STREET = "surname_and_street"


class Key(NamedTuple):
    """What a report can be found by. `value` is personal; outside memory it stands only as a keyed token."""

    kind: KeyKind
    value: str


def event_key(facts: Facts) -> Key:
    return Key(KeyKind.EVENT, f"{facts.source}\n{facts.event_id}")


def number_key(facts: Facts) -> Key | None:
    """None where the number could not be read: what has none in common is not one report."""
    return Key(KeyKind.NUMBER, f"{facts.source}\n{facts.report_no}") if facts.report_no else None


def bears(number: str) -> Key:
    return Key(KeyKind.BEARS, _quotable(number))


def _quotable(number: str) -> str:
    """A number as it is compared with a quote of it, which other hands have written."""
    return unspaced(plain(number)).casefold()


def stored_keys(facts: Facts) -> frozenset[Key]:
    """What this version can be found by later."""
    number = number_key(facts)
    own = (number, bears(facts.report_no)) if number else ()
    return frozenset({event_key(facts), *own, *_quotes(facts.related_report_nos), *household_keys(facts)})


def sought_keys(facts: Facts) -> frozenset[Key]:
    """What this version looks for among those that came before: what it may be a version of, whom it may be linked
    with, and who else bears a number in question.
    """
    number = number_key(facts)
    own = (number, bears(facts.report_no)) if number else ()
    return frozenset({event_key(facts), *own, *linking_keys(facts)})


def linking_keys(facts: Facts) -> frozenset[Key]:
    """What leads from this version to other reports: a number that it quotes is sought as one that another bears."""
    quoted = (bears(number) for number in facts.related_report_nos if number)
    return frozenset({*_quotes((facts.report_no,)), *quoted, *household_keys(facts)})


def _quotes(numbers: Sequence[str]) -> Iterator[Key]:
    return (Key(KeyKind.QUOTES, _quotable(number)) for number in numbers if number)


def household_keys(facts: Facts) -> frozenset[Key]:
    """What leads to the people of a report and to where they live. A code name leads nowhere."""
    places = tuple(dict.fromkeys(_places(facts)))
    towns = tuple(dict.fromkeys(place.town for place in places if place.town))
    weeks = _weeks(facts)
    called = facts.story.surnames if facts.story else frozenset()
    surnames = {p.name_form.surname for p in facts.persons if p.name_form and p.name_form.surname} | called
    return frozenset(
        chain(
            chain.from_iterable(_person_keys(person, towns, weeks) for person in facts.persons),
            chain.from_iterable(_place_keys(place, surnames, weeks) for place in places),
            _pair_keys(facts.persons),
        )
    )


def _places(facts: Facts) -> Iterator[Place]:
    for person in facts.persons:
        yield from (p for p in (person.address, person.current_place, person.registered_address) if p)
    if facts.occurred_place:
        yield facts.occurred_place


def _weeks(facts: Facts) -> tuple[int, int]:
    """The fortnights that the time of telling lies in: two that overlap, so that what is a week apart meets."""
    week = int(facts.clock_start.timestamp() // WEEK_S)
    return week, week + 1


def _person_keys(person: Person, towns: Sequence[str], weeks: Sequence[int]) -> Iterator[Key]:
    name, identity, birth = person.name_form, person.identity, person.birth
    if identity and not identity.masked and not identity.is_specimen:
        yield Key(KeyKind.IDENTITY, identity.text)
    for line in person.lines:
        if line.number and not line.says_nothing and line.kind in _WHOLE:
            yield Key(KeyKind.PHONE, line.number)
    day = birth.date if birth and not birth.is_filler else None
    if day:
        yield from (Key(KeyKind.BIRTH_AND_TOWN, f"{day} {town}") for town in towns)
        if name and name.surname:
            yield Key(KeyKind.SURNAME_AND_BIRTH, f"{name.surname} {day}")
    if name and name.given and not name.masked and not name.nickname:
        sound = " ".join(blurred(name.sound))
        yield from (Key(KeyKind.NAME_AND_TOWN, f"{sound} {town}") for town in towns)
        yield from (Key(KeyKind.NAME_AND_WEEK, f"{name.folded} {week}") for week in weeks)
        if birth and birth.year and not birth.about:
            yield Key(KeyKind.NAME_AND_YEAR, f"{sound} {birth.year}")


def _place_keys(place: Place, surnames: Iterable[str], weeks: Sequence[int]) -> Iterator[Key]:
    building, door, road, street = building_key(place), door_key(place), road_key(place), street_key(place)
    if building:
        yield Key(KeyKind.BUILDING, building)
        yield from (Key(KeyKind.BUILDING_AND_WEEK, f"{building} {week}") for week in weeks)
        yield from (Key(KeyKind.SURNAME_AND_BUILDING, f"{surname} {building}") for surname in surnames)
    if door:
        yield Key(KeyKind.DOOR, door)
    if road:
        yield from (Key(KeyKind.SURNAME_AND_ROAD, f"{surname} {road}") for surname in surnames)
    if street:
        yield from (Key(KeyKind.SURNAME_AND_STREET, f"{surname} {street}") for surname in surnames)


def _pair_keys(persons: Sequence[Person]) -> Iterator[Key]:
    """Two people who are told of together, where both are named in full."""
    names = sorted({p.name_form.folded for p in persons if p.name_form and p.name_form.given and not p.name_form.masked})
    return (Key(KeyKind.TWO_NAMES, f"{a} {b}") for a, b in combinations(names[:NAMES_MAX], 2))


def quotes(one: Facts, other: Facts) -> bool:
    """Whether the first quotes the number that the other, of another source, bears."""
    if one.source == other.source or not (one.related_report_nos and other.report_no):
        return False
    return _quotable(other.report_no) in map(_quotable, one.related_report_nos)
