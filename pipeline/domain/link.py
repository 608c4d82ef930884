"""The keys by which reports find each other, exact in this version: a valid national ID, a phone together with a birth
date, a quoted report number. What they lead to is compared in `evidence`.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from pipeline.domain.facts import Facts, Person
from pipeline.domain.normalise.text import plain, unspaced


class KeyKind(StrEnum):
    EVENT = "event"
    NUMBER = "number"
    BEARS = "bears"
    QUOTES = "quotes"
    NATIONAL_ID = "national_id"
    PHONE_AND_BIRTH = "phone_and_birth"


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
    return frozenset({event_key(facts), *own, *_quotes(facts.related_report_nos), *person_keys(facts.persons)})


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
    return frozenset({*_quotes((facts.report_no,)), *quoted, *person_keys(facts.persons)})


def _quotes(numbers: Sequence[str]) -> Iterator[Key]:
    return (Key(KeyKind.QUOTES, _quotable(number)) for number in numbers if number)


def person_keys(persons: Sequence[Person]) -> Iterator[Key]:
    """What leads to the people of a report. A code name leads nowhere."""
    for person in persons:
        if person.national_id:
            yield Key(KeyKind.NATIONAL_ID, person.national_id)
        if person.birth_date:
            for phone in person.phones:
                yield Key(KeyKind.PHONE_AND_BIRTH, f"{phone}\n{person.birth_date.isoformat()}")


def quotes(one: Facts, other: Facts) -> bool:
    """Whether the first quotes the number that the other, of another source, bears."""
    if one.source == other.source or not (one.related_report_nos and other.report_no):
        return False
    return _quotable(other.report_no) in map(_quotable, one.related_report_nos)
