"""The keys by which reports find each other: what two tellings of one household often have in common, and strangers
seldom. What they lead to is compared in `evidence`.

A key that grows with the population (a name, a day of birth) stands with a second thing: a town, a year, another
surname of the household, the week in which it was told.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, combinations
from typing import NamedTuple

from pipeline.domain.facts import Facts, Person, Place
from pipeline.domain.normalise.name import HIDDEN, NameForm
from pipeline.domain.normalise.phone import LineKind
from pipeline.domain.normalise.place_agreement import building_key, door_key, road_key, street_key
from pipeline.domain.normalise.sound import blurred
from pipeline.domain.normalise.text import plain, unspaced

PERIOD_S = 7 * 24 * 3600
SHORT_PERIOD_S = 2 * 24 * 3600
"""What was told in one period, or in two that follow one another, meets."""

NAME_SHOWS_FROM = 3
"""Characters of a name whose middle may be hidden and that still says something."""

STORY_SHOWS_FROM = 10
SURNAMES_MAX = 4
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
    NAME_AND_YEAR = "name_and_year"
    NAME_AND_SURNAME = "name_and_surname"
    NAME_AND_WEEK = "name_and_week"
    MASKED_AND_SURNAME = "masked_and_surname"
    SURNAMES_AND_DAYS = "surnames_and_days"
    STORY_AND_WEEK = "story_and_week"
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


def quoted_keys(facts: Facts) -> frozenset[Key]:
    """What leads to all who bear the numbers that this version quotes."""
    return frozenset(bears(number) for number in facts.related_report_nos if number)


def quoted(number: str) -> Key:
    return Key(KeyKind.QUOTES, _quotable(number))


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
    """What leads from this version to other reports: a number that it quotes is sought as one that another bears, and
    what was told in the period before and after counts, too.
    """
    return frozenset({*_quotes((facts.report_no,)), *quoted_keys(facts), *household_keys(facts, either_side=1)})


def _quotes(numbers: Sequence[str]) -> Iterator[Key]:
    return (quoted(number) for number in numbers if number)


@dataclass(frozen=True, slots=True)
class _About:
    """What stands beside a person or a place in a key."""

    towns: tuple[str, ...]
    surnames: tuple[str, ...]
    weeks: tuple[int, ...]
    days: tuple[int, ...]


def household_keys(facts: Facts, either_side: int = 0) -> frozenset[Key]:
    """What leads to the people of a report and to where they live, for the period in which it was told and so many on
    either side of it. A code name leads nowhere.
    """
    places = tuple(dict.fromkeys(_places(facts)))
    about = _About(
        towns=tuple(dict.fromkeys(place.town for place in places if place.town)),
        surnames=tuple(sorted(_surnames(facts))),
        weeks=_periods(facts, PERIOD_S, either_side),
        days=_periods(facts, SHORT_PERIOD_S, either_side),
    )
    of_people = chain.from_iterable(_person_keys(person, about) for person in facts.persons)
    of_places = chain.from_iterable(_place_keys(place, about) for place in places)
    return frozenset(chain(of_people, of_places, _telling_keys(facts, about)))


def _places(facts: Facts) -> Iterator[Place]:
    for person in facts.persons:
        yield from (p for p in (person.address, person.current_place, person.registered_address) if p)
    if facts.occurred_place:
        yield facts.occurred_place


def _surnames(facts: Facts) -> frozenset[str]:
    """Of the people and in the story."""
    named = (person.name_form.surname for person in facts.persons if person.name_form)
    return frozenset(s for s in named if s) | (facts.story.surnames if facts.story else frozenset())


def _periods(facts: Facts, length_s: int, either_side: int) -> tuple[int, ...]:
    own = int(facts.clock_start.timestamp() // length_s)
    return tuple(range(own - either_side, own + either_side + 1))


def _person_keys(person: Person, about: _About) -> Iterator[Key]:
    identity, birth = person.identity, person.birth
    surname = person.name_form.surname if person.name_form else None
    if identity and not identity.masked and not identity.is_specimen:
        yield Key(KeyKind.IDENTITY, identity.text)
    for line in person.lines:
        if line.kind in _WHOLE and not line.says_nothing:
            yield Key(KeyKind.PHONE, line.number)
    if birth and birth.date and not birth.is_filler:
        yield from (Key(KeyKind.BIRTH_AND_TOWN, f"{birth.date} {town}") for town in about.towns)
        if surname:
            yield Key(KeyKind.SURNAME_AND_BIRTH, f"{surname} {birth.date}")
    if person.name_form:
        yield from _name_keys(person.name_form, about)
        whole = _whole_name(person.name_form)
        if whole and birth and birth.year and not birth.about:
            yield Key(KeyKind.NAME_AND_YEAR, f"{whole} {birth.year}")


def _name_keys(name: NameForm, about: _About) -> Iterator[Key]:
    others = [surname for surname in about.surnames if surname != name.surname]
    whole = _whole_name(name)
    if whole:
        yield from (Key(KeyKind.NAME_AND_TOWN, f"{whole} {town}") for town in about.towns)
        yield from (Key(KeyKind.NAME_AND_SURNAME, f"{whole} {other}") for other in others)
        yield from (Key(KeyKind.NAME_AND_WEEK, f"{whole} {week}") for week in about.weeks)
    if name.surname and name.given and len(name.folded) >= NAME_SHOWS_FROM and name.folded[-1] != HIDDEN:
        ends = f"{name.surname}{name.folded[-1]}"
        for other in others:
            yield from (Key(KeyKind.MASKED_AND_SURNAME, f"{ends} {other} {week}") for week in about.weeks)


def _whole_name(name: NameForm) -> str | None:
    """A name as it sounds, a Roman one by its letters; None where some of it is hidden or left out."""
    if name.masked or name.nickname:
        return None
    if name.sound and name.given:
        return " ".join(blurred(name.sound))
    return "".join(sorted(name.roman.split())) if name.roman else None


def _place_keys(place: Place, about: _About) -> Iterator[Key]:
    building, door, road, street = building_key(place), door_key(place), road_key(place), street_key(place)
    if building:
        yield Key(KeyKind.BUILDING, building)
        yield from (Key(KeyKind.BUILDING_AND_WEEK, f"{building} {week}") for week in about.weeks)
        yield from (Key(KeyKind.SURNAME_AND_BUILDING, f"{surname} {building}") for surname in about.surnames)
    if door:
        yield Key(KeyKind.DOOR, door)
    if road:
        yield from (Key(KeyKind.SURNAME_AND_ROAD, f"{surname} {road}") for surname in about.surnames)
    if street:
        yield from (Key(KeyKind.SURNAME_AND_STREET, f"{surname} {street}") for surname in about.surnames)


def _telling_keys(facts: Facts, about: _About) -> Iterator[Key]:
    """One story in the same words within weeks, and two surnames that are told of together within days."""
    if facts.story and len(facts.story.text) >= STORY_SHOWS_FROM:
        yield from (Key(KeyKind.STORY_AND_WEEK, f"{facts.story.text} {week}") for week in about.weeks)
    for one, other in combinations(about.surnames[:SURNAMES_MAX], 2):
        yield from (Key(KeyKind.SURNAMES_AND_DAYS, f"{one}{other} {day}") for day in about.days)


def quotes(one: Facts, other: Facts) -> bool:
    """Whether the first quotes the number that the other, of another source, bears."""
    if one.source == other.source or not (one.related_report_nos and other.report_no):
        return False
    return _quotable(other.report_no) in map(_quotable, one.related_report_nos)
