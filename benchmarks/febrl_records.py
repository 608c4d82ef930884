"""How two of Febrl's records agree, and by what they find each other: our levels, a mapping for their fields."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import combinations, pairwise
from typing import NamedTuple

from pipeline.domain.expectation import Pattern
from pipeline.domain.normalise.birth import Birth
from pipeline.domain.normalise.birth_agreement import BirthAgreement, compare_births
from pipeline.domain.normalise.closeness import differ_by_one, neighbours_swapped

Pair = tuple[str, str]
"""The ids of two records, in the order of their files, else the smaller first."""

BLOCK_MAX = 60
"""A key that more records share is left out."""

ALIKE = 0.5
BEGINNING = 3


class Closeness(StrEnum):
    """How far two words agree."""

    EQUAL = "equal"
    SLIP = "slip"  # one character, or two neighbours
    PART = "part"  # one is the beginning of the other
    ALIKE = "alike"  # half of the pairs of letters are common
    DIFFERENT = "different"


NEAR = frozenset({Closeness.EQUAL, Closeness.SLIP, Closeness.PART})


class Record(NamedTuple):
    """`street` and `estate` are the two lines of an address."""

    record_id: str
    given: str
    surname: str
    number: str
    street: str
    estate: str
    suburb: str
    postcode: str
    state: str
    birth: Birth | None


def closeness(a: str, b: str) -> Closeness | None:
    """None where one says nothing."""
    if not (a and b):
        return None
    if a == b:
        return Closeness.EQUAL
    if differ_by_one(a, b) or neighbours_swapped(a, b):
        return Closeness.SLIP
    if a.startswith(b) or b.startswith(a):
        return Closeness.PART
    return Closeness.ALIKE if _common(a, b) >= ALIKE else Closeness.DIFFERENT


def _common(a: str, b: str) -> float:
    """The share of the pairs of letters that two words have in common (Dice)."""
    ours, theirs = Counter(pairwise(a)), Counter(pairwise(b))
    return 2 * (ours & theirs).total() / max(1, ours.total() + theirs.total())


def agreements(a: Record, b: Record) -> Pattern:
    return tuple((aspect, level) for aspect, level in _levels(a, b) if level is not None)


def _levels(a: Record, b: Record) -> Iterator[tuple[str, str | None]]:
    yield from _crossing(("given", a.given, b.given), ("surname", a.surname, b.surname))
    yield from _crossing(("street", a.street, b.street), ("estate", a.estate, b.estate))
    for aspect in ("number", "suburb", "postcode", "state"):
        yield aspect, closeness(getattr(a, aspect), getattr(b, aspect))
    birth = compare_births(a.birth, b.birth)
    yield "birth", None if birth is BirthAgreement.UNKNOWN else birth


Told = tuple[str, str, str]
"""An aspect, and what each of two records tells."""


def _crossing(one: Told, other: Told) -> Iterator[tuple[str, str | None]]:
    """Two fields that may stand in each other's place."""
    (first, a, b), (second, c, d) = one, other
    straight = closeness(a, b), closeness(c, d)
    crossed = closeness(a, d), closeness(c, b)
    is_crossed = _near(crossed) > _near(straight)
    yield from zip((first, second), crossed if is_crossed else straight, strict=True)
    yield f"{first}_{second}", "crossed" if is_crossed else "in_order"


def _near(levels: Iterable[Closeness | None]) -> int:
    return sum(level in NEAR for level in levels)


# candidates


def keys(record: Record) -> Iterator[tuple[str, ...]]:
    """By each of them two records may find each other."""
    r, born = record, record.birth.date if record.birth else None
    names = tuple(sorted((r.given, r.surname)))
    if born:
        yield ("birth", str(born))
    yield ("names", *names)
    for place in (r.street, r.estate):
        yield ("place", place, r.number)
        yield ("place and postcode", place, r.postcode)
        for name in names:
            yield ("name and place", name, place)
    for name in names:
        yield ("name and suburb", name, r.suburb)
        yield ("name and postcode", name, r.postcode)
        yield ("name and beginning", name, names[name == names[0]][:BEGINNING])
        yield ("name and year", name, str(born.year) if born else "")
    yield ("door", r.suburb, r.postcode, r.number)


def candidates(files: Sequence[Sequence[Record]]) -> set[Pair]:
    """Of one file with itself, or of two files with each other."""
    blocks: defaultdict[tuple[str, ...], list[list[str]]] = defaultdict(lambda: [[] for _ in files])
    for position, records in enumerate(files):
        for record in records:
            for key in set(keys(record)):
                if all(key):
                    blocks[key][position].append(record.record_id)
    return {pair for block in blocks.values() if sum(map(len, block)) <= BLOCK_MAX for pair in _pairs(block)}


def _pairs(block: Sequence[Sequence[str]]) -> Iterator[Pair]:
    if len(block) == 1:
        yield from combinations(sorted(block[0]), 2)
    else:
        yield from ((a, b) for a in block[0] for b in block[1])
