"""Versions of one report, and whether two reports can be of the same people at all."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, product

from pipeline.contracts.vocabulary import Role
from pipeline.domain.facts import Facts, Person
from pipeline.domain.normalise.name import HIDDEN


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
        story=next((v.story for v in in_order if v.story), None),
    )


def _identified(facts: Facts) -> frozenset[Role]:
    """By a number, or by telephone and birth date."""
    return frozenset(p.role for p in facts.persons if p.national_id or (p.birth_date and p.phones))


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
