"""Who is who in all reports of a case, and on which side each stands: what keeps a victim's contacts off the card of
the one whom the victim fears.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Final, NamedTuple, TypeAlias, assert_never

from pipeline.contracts.jsontext import Json
from pipeline.contracts.vocabulary import Role
from pipeline.domain.facts import Facts, Person
from pipeline.domain.normalise.birth_agreement import BirthAgreement as Births
from pipeline.domain.normalise.birth_agreement import compare_births
from pipeline.domain.normalise.identity import Identity
from pipeline.domain.normalise.name_agreement import NameAgreement as Names
from pipeline.domain.normalise.name_agreement import compare_names

PEOPLE_MAX: Final = 300
"""Different people of one case that are told apart by comparing; of more, nobody's contacts are shown."""


class Side(StrEnum):
    """`OWN`: victim in one report and alleged perpetrator in another, or perhaps the same as somebody of the other
    side: their contacts stand on no card but one of their own.
    """

    VICTIM = "victim"
    OTHER = "other"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Told:
    """One version of a report as it was opened. `report` counts reports from 1 in their order of arrival; `data` is as
    it was sent, without the reporter and without the narrative, which is `story` where it may be read.
    """

    report: int
    facts: Facts
    data: Mapping[str, Json]
    story: str | None = None
    is_newest: bool = True


class Entry(NamedTuple):
    """A person as one version has it: as read, and as written."""

    told: Told
    person: Person
    written: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Party:
    """One person with all that any version says of them. `number` counts from 1 in the order in which they were told
    of.
    """

    number: int
    side: Side
    entries: tuple[Entry, ...]

    @property
    def group(self) -> "Group":
        return self.number if self.side is Side.OWN else self.side

    @property
    def roles(self) -> tuple[Role, ...]:
        return tuple(dict.fromkeys(e.person.role for e in self.entries))


Group: TypeAlias = Side | int
"""Whose contacts may stand on one card: a side's, or those of one person."""

_SURELY = frozenset({Names.EQUAL, Names.VARIANT, Names.ROMAN_ORDER, Names.SOUND})
_PERHAPS = _SURELY | {
    *(Names.SOUND_NEAR, Names.MARRIED, Names.MASK_FITS, Names.MASK_SOUND, Names.SWAPPED, Names.ONE_CHARACTER_OFF),
    *(Names.PART, Names.NICKNAME),
}
_SAME_BIRTH = frozenset({Births.EQUAL, Births.ALTERNATIVE, Births.SWAPPED, Births.ERA_OFF})
_OTHER_BIRTH = frozenset({Births.DIFFERENT, Births.YEAR_BESIDE})


def parties(told: Sequence[Told]) -> tuple[Party, ...] | None:
    """Everybody of a case, in the order in which they were told of; None where they are too many to be told apart."""
    entries = [entry for version in told for entry in entries_of(version)]
    alike: dict[object, list[int]] = {}
    for position, entry in enumerate(entries):
        alike.setdefault(_looks(entry, position), []).append(position)
    groups = list(alike.values())
    if len(groups) > PEOPLE_MAX:
        return None
    heads = [entries[positions[0]] for positions in groups]
    owner = list(range(len(groups)))
    for i, j in combinations(range(len(groups)), 2):
        if owner[i] != owner[j] and is_same(heads[i].person, heads[j].person):
            first, second = sorted((owner[i], owner[j]))
            owner = [first if one == second else one for one in owner]
    people = [
        tuple(entries[p] for p in sorted(p for k, own in enumerate(owner) if own == head for p in groups[k]))
        for head in dict.fromkeys(owner)
    ]
    return _sided(people)


def entries_of(told: Told) -> Iterable[Entry]:
    persons = told.data.get("persons")
    written = persons if isinstance(persons, list) else [persons]
    for person in told.facts.persons:
        one = written[person.index]
        yield Entry(told, person, one if isinstance(one, Mapping) else {})


def _looks(entry: Entry, position: int) -> object:
    """Entries of which this is equal are one person; one that says too little is compared by itself."""
    p = entry.person
    identity = p.identity.text if p.identity and not p.identity.masked else None
    name = p.name_form.folded if p.name_form and not p.name_form.masked else None
    return (identity, name, p.birth) if identity or (name and p.birth and p.birth.date) else position


def _sided(people: Sequence[tuple[Entry, ...]]) -> tuple[Party, ...]:
    sides = [_side_of_roles({e.person.role for e in entries}) for entries in people]
    doubtful = {
        number
        for i, j in combinations(range(len(people)), 2)
        if sides[i] is not sides[j] and _may_be_one(people[i], people[j])
        for number in (i, j)
    }
    return tuple(
        Party(n + 1, Side.OWN if n in doubtful else side, entries)
        for n, (side, entries) in enumerate(zip(sides, people, strict=True))
    )


def _side_of_roles(roles: Iterable[Role]) -> Side:
    """Whoever is with the victim, or may be, stands on the victim's side."""
    kinds = {_is_accused(role) for role in roles}
    if kinds == {True}:
        return Side.OTHER
    return Side.OWN if True in kinds and Role.VICTIM in roles else Side.OTHER if True in kinds else Side.VICTIM


def _is_accused(role: Role) -> bool:
    match role:
        case Role.ALLEGED_PERPETRATOR:
            return True
        case Role.VICTIM | Role.CAREGIVER | Role.GUARDIAN | Role.CHILD_WITNESS | Role.HOUSEHOLD_MEMBER | Role.OTHER:
            return False
        case _:
            assert_never(role)


def is_same(a: Person, b: Person) -> bool:
    """Whether two entries are one person, by national ID, by name and birth, or by a name that nothing speaks
    against.
    """
    ours, theirs = _number(a.identity), _number(b.identity)
    if ours and theirs:
        return ours == theirs
    names, births = compare_names(a.name_form, b.name_form), compare_births(a.birth, b.birth)
    if births in _SAME_BIRTH:
        return names in _PERHAPS
    return names in _SURELY and births not in _OTHER_BIRTH and _is_whole(a) and _is_whole(b)


def _number(identity: Identity | None) -> str | None:
    return identity.text if identity and not identity.masked and not identity.is_specimen else None


def _is_whole(person: Person) -> bool:
    name = person.name_form
    return name is not None and not name.masked and not name.nickname


def _may_be_one(ours: Sequence[Entry], theirs: Sequence[Entry]) -> bool:
    """Of two who stand in one version of a report, each is somebody."""
    versions = {id(e.told) for e in ours}
    if any(id(e.told) in versions for e in theirs):
        return False
    return any(_may_be(a.person, b.person) for a in _different(ours) for b in _different(theirs))


def _different(entries: Sequence[Entry]) -> Iterable[Entry]:
    seen = {(e.person.name_form, e.person.birth, e.person.identity): e for e in entries}
    return seen.values()


def _may_be(a: Person, b: Person) -> bool:
    ours, theirs = _number(a.identity), _number(b.identity)
    if ours and theirs:
        return False
    births = compare_births(a.birth, b.birth)
    return compare_names(a.name_form, b.name_form) in _PERHAPS and births not in _OTHER_BIRTH
