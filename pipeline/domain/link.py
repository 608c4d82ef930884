"""The keys by which reports find each other, exact in this version: a valid national ID, a phone together with a birth
date, a quoted report number. What they lead to is compared in `evidence`.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import chain, combinations
from typing import NamedTuple

from pipeline.domain.facts import Facts, Person, Place
from pipeline.domain.normalise.name import HIDDEN, NameForm
from pipeline.domain.normalise.phone import LineKind
from pipeline.domain.normalise.place_agreement import building_key, door_key, road_key, street_key
from pipeline.domain.normalise.sound import blurred
from pipeline.domain.normalise.text import plain, unspaced

WEEK_S = 7 * 24 * 3600
MASKED_FROM = 3
STORY_FROM = 10
DAY_S = 2 * 24 * 3600
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
    NAME_AND_SURNAME = "name_and_surname"
    MASKED_AND_SURNAME = "masked_and_surname"
    DOOR = "door"
    BUILDING = "building"
    BUILDING_AND_WEEK = "building_and_week"
    SURNAME_AND_BUILDING = "surname_and_building"
    SURNAME_AND_ROAD = "surname_and_road"
    SURNAME_AND_STREET = "surname_and_street"
    STORY_AND_WEEK = "story_and_week"
    TWO_SURNAMES_AND_DAY = "two_surnames_and_day"


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
    return frozenset({event_key(facts), *own, *_quotes(facts.related_report_nos), *household_keys(facts, (_week(facts),))})


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
    week = _week(facts)
    near = household_keys(facts, (week - 1, week, week + 1))
    return frozenset({*_quotes((facts.report_no,)), *quoted, *near})


def _quotes(numbers: Sequence[str]) -> Iterator[Key]:
    return (Key(KeyKind.QUOTES, _quotable(number)) for number in numbers if number)


def household_keys(facts: Facts, weeks: Sequence[int]) -> frozenset[Key]:
    """What leads to the people of a report and to where they live, told in these weeks. A code name leads nowhere."""
    places = tuple(dict.fromkeys(_places(facts)))
    towns = tuple(dict.fromkeys(place.town for place in places if place.town))
    called = facts.story.surnames if facts.story else frozenset()
    surnames = {p.name_form.surname for p in facts.persons if p.name_form and p.name_form.surname} | called
    return frozenset(
        chain(
            chain.from_iterable(_person_keys(person, towns, weeks, surnames) for person in facts.persons),
            chain.from_iterable(_place_keys(place, surnames, weeks) for place in places),
            _story_keys(facts, surnames, weeks),
        )
    )


def _places(facts: Facts) -> Iterator[Place]:
    for person in facts.persons:
        yield from (p for p in (person.address, person.current_place, person.registered_address) if p)
    if facts.occurred_place:
        yield facts.occurred_place


def _week(facts: Facts) -> int:
    return int(facts.clock_start.timestamp() // WEEK_S)


def _person_keys(
    person: Person, towns: Sequence[str], weeks: Sequence[int], surnames: Iterable[str]
) -> Iterator[Key]:
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
    sound = _whole_name(name)
    if name and sound:
        yield from (Key(KeyKind.NAME_AND_TOWN, f"{sound} {town}") for town in towns)
        yield from (Key(KeyKind.NAME_AND_WEEK, f"{sound} {week}") for week in weeks)
        yield from (Key(KeyKind.NAME_AND_SURNAME, f"{sound} {s}") for s in surnames if s != name.surname)
        if birth and birth.year and not birth.about:
            yield Key(KeyKind.NAME_AND_YEAR, f"{sound} {birth.year}")
    if name and name.surname and name.given and len(name.folded) >= MASKED_FROM and name.folded[-1] != HIDDEN:
        yield from (
            Key(KeyKind.MASKED_AND_SURNAME, f"{name.surname}{name.folded[-1]} {s} {week}")
            for s in surnames for week in weeks if s != name.surname
        )


def _whole_name(name: NameForm | None) -> str | None:
    """A name as it sounds, None where some of it is hidden or left out; a Roman one by its letters."""
    if name is None or name.masked or name.nickname:
        return None
    if name.sound and name.given:
        return " ".join(blurred(name.sound))
    return "".join(sorted(name.roman.split())) if name.roman else None


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


def _story_keys(facts: Facts, surnames: Iterable[str], weeks: Sequence[int]) -> Iterator[Key]:
    if facts.story and len(facts.story.text) >= STORY_FROM:
        yield from (Key(KeyKind.STORY_AND_WEEK, f"{facts.story.text} {week}") for week in weeks)
    day = int(facts.clock_start.timestamp() // DAY_S)
    days = (day,) if len(weeks) == 1 else (day - 1, day, day + 1)
    for a, b in combinations(sorted(surnames)[:4], 2):
        yield from (Key(KeyKind.TWO_SURNAMES_AND_DAY, f"{a}{b} {d}") for d in days)


def quotes(one: Facts, other: Facts) -> bool:
    """Whether the first quotes the number that the other, of another source, bears."""
    if one.source == other.source or not (one.related_report_nos and other.report_no):
        return False
    return _quotable(other.report_no) in map(_quotable, one.related_report_nos)
