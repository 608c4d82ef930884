"""Do two reports tell of the same household, and of the same incident? The evidence is named by field, never by
person.

These are the exact keys: a valid national ID, a phone together with a birth date, a quoted report number. Time and
place decide whether two reports of one household tell of one incident; the kind of danger does not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import product
from typing import NamedTuple

from pipeline.contracts.vocabulary import Role
from pipeline.domain.facts import Facts, Person

SAME_OCCURRENCE_MAX = timedelta(hours=12)
TOLD_BEFORE_OCCURRENCE_MAX = timedelta(hours=12)
TOLD_AFTER_OCCURRENCE_MAX = timedelta(days=5)
BOTH_UNDATED_MAX = timedelta(days=5)
SIBLINGS_OCCURRENCE_MAX = timedelta(hours=6)

QUOTED = "report_no_quoted"
"""The one reason that links whatever else is missing."""

_LIVES_THERE = frozenset({Role.VICTIM, Role.CAREGIVER, Role.GUARDIAN, Role.CHILD_WITNESS, Role.HOUSEHOLD_MEMBER})


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


class Strength(StrEnum):
    """How far the evidence goes, from the least to the most."""

    NONE = "none"
    ASK = "ask"
    HOUSEHOLD = "household"
    INCIDENT = "incident"


@dataclass(frozen=True, slots=True)
class Evidence:
    """`reasons` name fields and how they agree, such as `national_id_equal`."""

    strength: Strength
    reasons: tuple[str, ...] = ()


def event_key(facts: Facts) -> Key:
    return Key(KeyKind.EVENT, f"{facts.source}\n{facts.event_id}")


def number_key(facts: Facts) -> Key:
    return Key(KeyKind.NUMBER, f"{facts.source}\n{facts.report_no}")


def stored_keys(facts: Facts) -> frozenset[Key]:
    """What this version can be found by later."""
    return frozenset(
        {
            event_key(facts),
            number_key(facts),
            Key(KeyKind.BEARS, facts.report_no),
            *(Key(KeyKind.QUOTES, number) for number in facts.related_report_nos),
            *_person_keys(facts),
        }
    )


def sought_keys(facts: Facts) -> frozenset[Key]:
    """What this version looks for among those that came before: a number that it quotes is sought as one that another
    bears.
    """
    return frozenset(
        {
            event_key(facts),
            number_key(facts),
            Key(KeyKind.QUOTES, facts.report_no),
            *(Key(KeyKind.BEARS, number) for number in (facts.report_no, *facts.related_report_nos)),
            *_person_keys(facts),
        }
    )


def _person_keys(facts: Facts) -> Iterator[Key]:
    for person in facts.persons:
        if person.national_id:
            yield Key(KeyKind.NATIONAL_ID, person.national_id)
        if person.birth_date:
            for phone in person.phones:
                yield Key(KeyKind.PHONE_AND_BIRTH, f"{phone}\n{person.birth_date.isoformat()}")


def contradict(one: Facts, other: Facts) -> bool:
    """Whether the victims of two reports cannot be the same people: both name victims, and no pair of them agrees."""
    pairs = list(product(one.victims, other.victims))
    return bool(pairs) and all(_disagree(a, b) for a, b in pairs)


def _disagree(a: Person, b: Person) -> bool:
    names_differ = bool(a.name and b.name and a.name != b.name and not (a.masked or b.masked))
    births_agree = bool(a.birth_date and a.birth_date == b.birth_date)
    if a.national_id and b.national_id:
        names_agree = bool(a.name and a.name == b.name)
        return a.national_id != b.national_id and not (names_agree and births_agree)
    return names_differ and not births_agree


def quotes(one: Facts, other: Facts) -> bool:
    """Whether either quotes the number that the other, of another source, bears."""
    return one.source != other.source and (
        other.report_no in one.related_report_nos or one.report_no in other.related_report_nos
    )


def compare(new: Facts, known: Facts, *, number_is_shared: bool = False) -> Evidence:
    """The evidence that two reports belong together. `number_is_shared`: several reports bear the number that is
    quoted here.
    """
    if quotes(new, known):
        if number_is_shared:
            return Evidence(Strength.ASK, (QUOTED, "report_no_borne_by_several"))
        if contradict(new, known):
            return Evidence(Strength.ASK, (QUOTED, "victims_contradict"))
        return Evidence(Strength.INCIDENT, (QUOTED,))
    return _by_persons(new, known)


def _by_persons(new: Facts, known: Facts) -> Evidence:
    shared = [(a, b, r) for a, b in product(new.persons, known.persons) for r in _same_person(a, b)]
    reasons = tuple(sorted({f"{r}:{b.role.value}" for _, b, r in shared}))
    if any(_names_and_births_differ(a, b) for a, b, _ in shared):
        return Evidence(Strength.ASK, (*reasons, "name_and_birth_date_differ"))
    people = {(a.index, b.index) for a, b, _ in shared}
    at_home = any(a.role in _LIVES_THERE and b.role in _LIVES_THERE for a, b, _ in shared)
    if not at_home and len(people) < 2:  # noqa: PLR2004 - one perpetrator alone is no household, two people are
        return Evidence(Strength.NONE)
    same_victim = any(a.role is Role.VICTIM and b.role is Role.VICTIM for a, b, _ in shared)
    when = _same_time(new, known) if same_victim else _siblings_time(new, known)
    if when and not _other_place(new, known):
        return Evidence(Strength.INCIDENT, (*reasons, when))
    return Evidence(Strength.HOUSEHOLD, reasons)


def _same_person(a: Person, b: Person) -> Iterator[str]:
    if a.national_id and a.national_id == b.national_id:
        yield "national_id_equal"
    elif not (a.national_id and b.national_id) and a.birth_date and a.birth_date == b.birth_date:
        if set(a.phones) & set(b.phones):
            yield "phone_and_birth_date_equal"


def _names_and_births_differ(a: Person, b: Person) -> bool:
    names = a.name and b.name and not (a.masked or b.masked) and a.name != b.name
    births = a.birth_date and b.birth_date and a.birth_date != b.birth_date
    return bool(names and births)


def _same_time(new: Facts, known: Facts) -> str | None:
    if new.occurred_at and known.occurred_at:
        near = abs(new.occurred_at - known.occurred_at) <= SAME_OCCURRENCE_MAX
        return "occurred_at_near" if near else None
    if new.occurred_at or known.occurred_at:
        dated, told = (new, known) if new.occurred_at else (known, new)
        assert dated.occurred_at is not None  # noqa: S101 - tells the type checker what the line above chose
        lag = told.clock_start - dated.occurred_at
        near = -TOLD_BEFORE_OCCURRENCE_MAX <= lag <= TOLD_AFTER_OCCURRENCE_MAX
        return "known_at_near_occurred_at" if near else None
    near = abs(new.clock_start - known.clock_start) <= BOTH_UNDATED_MAX
    return "known_at_near" if near else None


def _siblings_time(new: Facts, known: Facts) -> str | None:
    if new.occurred_at and known.occurred_at and abs(new.occurred_at - known.occurred_at) <= SIBLINGS_OCCURRENCE_MAX:
        return "occurred_at_near"
    return None


def _other_place(new: Facts, known: Facts) -> bool:
    a, b = new.occurred_place, known.occurred_place
    if a is None or b is None:
        return False
    counties_differ = bool(a.counties and b.counties and not set(a.counties) & set(b.counties))
    return counties_differ or bool(a.town and b.town and a.town != b.town)
