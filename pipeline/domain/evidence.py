"""Do two reports tell of the same household, and of the same incident? The evidence is named by field, never by
person. Time and place decide whether two reports of one household tell of one incident; the kind of danger does not.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from itertools import chain, islice, product
from typing import NamedTuple, assert_never

from pipeline.contracts.vocabulary import Role
from pipeline.domain.facts import Facts, Person
from pipeline.domain.link import Key, KeyKind, person_keys
from pipeline.domain.normalise.name import HIDDEN

SAME_OCCURRENCE_MAX = timedelta(hours=12)
TOLD_BEFORE_OCCURRENCE_MAX = timedelta(hours=12)
TOLD_AFTER_OCCURRENCE_MAX = timedelta(days=5)
BOTH_UNDATED_MAX = timedelta(days=5)
SIBLINGS_OCCURRENCE_MAX = timedelta(hours=6)

QUOTED = "report_no_quoted"
"""The one reason that links whatever else is missing."""

TOO_MANY = "too_many_persons"
"""So many persons of two reports are alike that their likeness says little: a default ID, a ward's telephone."""

PAIRS_MAX = 1000
"""Persons of two reports that are alike, counted in pairs. Thirty people who are all told of in both give thirty."""

_LIVES_THERE = frozenset({Role.VICTIM, Role.CAREGIVER, Role.GUARDIAN, Role.CHILD_WITNESS, Role.HOUSEHOLD_MEMBER})


class Strength(StrEnum):
    """How far the evidence goes, from the least to the most."""

    NONE = "none"
    HOUSEHOLD = "household"
    INCIDENT = "incident"


class Quote(StrEnum):
    """Whether one of two reports quotes the number of the other, and what makes it doubtful."""

    NONE = "none"
    CLEAR = "clear"
    BORNE_BY_SEVERAL = "report_no_borne_by_several"
    VICTIMS_CONTRADICT = "victims_contradict"


@dataclass(frozen=True, slots=True)
class Evidence:
    """`reasons` name fields and how they agree, such as `national_id_equal`. `doubts` are what a person should look
    at; they link nothing by themselves.
    """

    strength: Strength
    reasons: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


NOTHING_IN_COMMON = Evidence(Strength.NONE)


def together(versions: Sequence[Facts]) -> Facts:
    """What a report says by all its versions, in their order: the newest, and of the older ones what it leaves open.

    People of a role that no newer version identifies count as an older one names them; so a later note by code name
    does not cut a report off, and a corrected number puts the wrong one out of use.
    """
    newest = versions[-1]
    if len(versions) == 1:
        return newest
    persons, identified = list(newest.persons), _identified(newest)
    for older in reversed(versions[:-1]):
        known = _identified(older)
        persons += [p for p in older.persons if p.role in known - identified]
        identified |= known
    in_order = versions[::-1]
    return replace(
        newest,
        persons=tuple(persons),
        clock_start=min(v.clock_start for v in versions),
        occurred_at=next((v.occurred_at for v in in_order if v.occurred_at), None),
        occurred_place=next((v.occurred_place for v in in_order if v.occurred_place), None),
    )


def _identified(facts: Facts) -> frozenset[Role]:
    return frozenset(p.role for p in facts.persons if any(person_keys((p,))))


def contradict(one: Facts, other: Facts) -> bool:
    """Whether the victims of two reports cannot be the same people: both name victims, and no pair of them agrees.

    Two agree by their number, or by name and birth date together; where one of them has no number, by either.
    """
    ours, theirs = one.victims, other.victims
    if not (ours and theirs):
        return False
    if _share(ours, theirs, _number) or _share(ours, theirs, _name_and_birth):
        return False
    return not any(_share(a, b, _birth) or _may_share_a_name(a, b) for a, b in _where_a_number_lacks(ours, theirs))


Mark = Callable[[Person], Hashable | None]


def _share(ours: Sequence[Person], theirs: Sequence[Person], mark: Mark) -> bool:
    """Whether a person here and one there bear the same mark. None is no mark."""
    marks = {mark(person) for person in ours} - {None}
    return bool(marks) and not marks.isdisjoint(map(mark, theirs))


def _number(person: Person) -> Hashable | None:
    return person.national_id


def _birth(person: Person) -> Hashable | None:
    return person.birth_date


def _name(person: Person) -> Hashable | None:
    return person.name or None


def _name_and_birth(person: Person) -> Hashable | None:
    return (person.name, person.birth_date) if person.name and person.birth_date else None


def _number_and_birth(person: Person) -> Hashable | None:
    return (person.national_id, person.birth_date) if person.national_id and person.birth_date else None


def _number_and_name(person: Person) -> Hashable | None:
    return (person.national_id, person.name) if person.national_id and person.name else None


def _where_a_number_lacks(
    ours: Sequence[Person], theirs: Sequence[Person]
) -> Iterator[tuple[Sequence[Person], Sequence[Person]]]:
    """All pairs of which at least one person has no number."""
    yield [person for person in ours if not person.national_id], theirs
    yield ours, [person for person in theirs if not person.national_id]


def _may_share_a_name(ours: Sequence[Person], theirs: Sequence[Person]) -> bool:
    """Whether there is a pair whose names do not differ."""
    if not (ours and theirs):
        return False
    if not (all(p.name for p in ours) and all(p.name for p in theirs)) or _share(ours, theirs, _name):
        return True
    a, b = ({(p.name, p.masked): p for p in people}.values() for people in (ours, theirs))
    pairs = chain(product(filter(_is_masked, a), b), product(a, filter(_is_masked, b)))
    return any(not names_differ(x, y) for x, y in pairs)


def _is_masked(person: Person) -> bool:
    return person.masked


def names_differ(a: Person, b: Person) -> bool:
    """Whether both names are known and no hidden character could make them equal."""
    if not (a.name and b.name):
        return False
    if not (a.masked or b.masked):
        return a.name != b.name
    if a.name.isascii() or b.name.isascii():
        return False
    compared = zip(a.name, b.name, strict=False) if len(a.name) == len(b.name) else ((a.name[0], b.name[0]),)
    return any(x != y and HIDDEN not in (x, y) for x, y in compared)


def compare(new: Facts, known: Facts, quote: Quote = Quote.NONE) -> Evidence:
    """The evidence that two reports belong together. A doubtful quote leaves what the persons tell as it is."""
    found = _by_persons(new, known)
    match quote:
        case Quote.NONE:
            return found
        case Quote.CLEAR:
            return Evidence(Strength.INCIDENT, (QUOTED, *found.reasons))
        case Quote.BORNE_BY_SEVERAL | Quote.VICTIMS_CONTRADICT:
            return replace(found, doubts=(QUOTED, quote.value, *found.doubts))
        case _:
            assert_never(quote)


class _Match(NamedTuple):
    """A person of one report who seems to be a person of the other, and why. Positions, since two may look alike."""

    position: int
    other_position: int
    a: Person
    b: Person
    reason: str


def _by_persons(new: Facts, known: Facts) -> Evidence:
    matches = tuple(islice(_matches(new, known), PAIRS_MAX + 1))
    if not matches:
        return NOTHING_IN_COMMON
    if len(matches) > PAIRS_MAX:
        return Evidence(Strength.NONE, (), (*_named(matches), TOO_MANY))
    doubtful, sure = _parted(matches)
    doubts = (*_named(doubtful), "name_differs") if doubtful else ()
    if not _is_household(sure):
        return Evidence(Strength.NONE, (), doubts)
    when = _same_time(new, known) if _same_victim(new, known, sure) else _siblings_time(new, known)
    if when and not _other_place(new, known):
        return Evidence(Strength.INCIDENT, (*_named(sure), when), doubts)
    return Evidence(Strength.HOUSEHOLD, _named(sure), doubts)


def _parted(matches: Sequence[_Match]) -> tuple[list[_Match], list[_Match]]:
    """The doubtful ones and the others."""
    parts: tuple[list[_Match], list[_Match]] = [], []
    for match in matches:
        parts[not _is_doubtful(match)].append(match)
    return parts


def _matches(new: Facts, known: Facts) -> Iterator[_Match]:
    """Each pair once. Where both have a number, only that counts."""
    bearers: defaultdict[Key, list[int]] = defaultdict(list)
    for j, b in enumerate(known.persons):
        for key in dict.fromkeys(person_keys((b,))):
            bearers[key].append(j)
    for i, a in enumerate(new.persons):
        found: set[int] = set()
        for key in person_keys((a,)):
            by_number = key.kind is KeyKind.NATIONAL_ID
            reason = "national_id_equal" if by_number else "phone_and_birth_date_equal"
            for j in bearers.get(key, ()):
                b = known.persons[j]
                if j not in found and (by_number or not (a.national_id and b.national_id)):
                    found.add(j)
                    yield _Match(i, j, a, b, reason)


def _is_doubtful(m: _Match) -> bool:
    """One number of two people whose names and birth dates differ; or one telephone (a landlord's, a ward's) of two
    who were born on one day and whose names have nothing in common.
    """
    if not names_differ(m.a, m.b):
        return False
    if m.a.birth_date and m.b.birth_date and m.a.birth_date != m.b.birth_date:
        return True
    same_number = m.a.national_id and m.a.national_id == m.b.national_id
    return not same_number and set(m.a.name or "").isdisjoint(m.b.name or "")


def _is_household(matches: Sequence[_Match]) -> bool:
    """Somebody lives there by both reports; or two people are told of by both, not all of them as perpetrators."""
    if any(m.a.role in _LIVES_THERE and m.b.role in _LIVES_THERE for m in matches):
        return True
    people = min(len({m.position for m in matches}), len({m.other_position for m in matches}))
    at_home = any(m.a.role in _LIVES_THERE for m in matches) and any(m.b.role in _LIVES_THERE for m in matches)
    return people > 1 and at_home


def _same_victim(new: Facts, known: Facts, sure: Sequence[_Match]) -> bool:
    """In one household an equal name or birth date is enough."""
    if any(m.a.role is Role.VICTIM and m.b.role is Role.VICTIM for m in sure):
        return True
    ours, theirs = new.victims, known.victims
    named = [person for person in ours if not person.masked]
    return (
        _share(ours, theirs, _name_and_birth)
        or _share(ours, theirs, _number_and_birth)
        or _share(named, theirs, _number_and_name)
        or any(_share(a, b, _birth) for a, b in _where_a_number_lacks(ours, theirs))
        or any(_share(a, b, _name) for a, b in _where_a_number_lacks(named, theirs))
    )


def _named(matches: Sequence[_Match]) -> tuple[str, ...]:
    return tuple(sorted({f"{m.reason}:{m.b.role.value}" for m in matches}))


def same_happening(one: Facts, other: Facts) -> bool:
    """Whether time and place allow two reports, of one household, to tell of one incident."""
    return _same_time(one, other) is not None and not _other_place(one, other)


def _same_time(new: Facts, known: Facts) -> str | None:
    if new.occurred_at and known.occurred_at:
        near = abs(new.occurred_at - known.occurred_at) <= SAME_OCCURRENCE_MAX
        return "occurred_at_near" if near else None
    occurred_at = new.occurred_at or known.occurred_at
    if occurred_at is None:
        near = abs(new.clock_start - known.clock_start) <= BOTH_UNDATED_MAX
        return "known_at_near" if near else None
    lag = (known if new.occurred_at else new).clock_start - occurred_at
    near = -TOLD_BEFORE_OCCURRENCE_MAX <= lag <= TOLD_AFTER_OCCURRENCE_MAX
    return "known_at_near_occurred_at" if near else None


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
