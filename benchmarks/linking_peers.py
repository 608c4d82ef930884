"""Ourselves, Splink and exact keys on the same reports in the same run, and an oracle on what survived in them.

    PYTHONPATH=. python benchmarks/linking_peers.py reports.ndjson --truth truth.csv
    PYTHONPATH=. python benchmarks/linking_peers.py --mix towers --seed 1000 1001 1002

Needs requirements/bench.lock. The others see the whole file at once; we decide in the order of arrival.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from peers import exact_keys, splink_peer
from peers.columns import Report, read
from peers.grouping import Pair, grouped

from pipeline.commands.bench import LinkRun
from pipeline.domain.directory import Directory
from pipeline.local.bench.ceiling import oracle
from pipeline.local.bench.measures import Agreement, measure
from pipeline.local.bench.mess import messy
from pipeline.local.bench.mix import MIXES
from pipeline.local.bench.truth import Groups, groups_of, read_truth
from pipeline.settings import Settings, directory_of

HEADINGS = ("reports of", "by", "level", "P", "R", "F1", "B³ F1", "wrong joins / 10,000", "missed / 10,000", "seconds")
LEVELS = ("incident", "household")


class Work(NamedTuple):
    """Reports in order of arrival, and what is true of them."""

    name: str
    lines: Sequence[bytes]
    truth: Mapping[str, Groups]
    directory: Directory


Engine = Callable[[Work], Mapping[str, Groups]]


def by_us(work: Work) -> Mapping[str, Groups]:
    run = LinkRun(work.directory, datetime.now(UTC))
    for line in work.lines:
        run.take(line)
    return run.found()


def by_oracle(work: Work) -> Mapping[str, Groups]:
    reports = read(work.lines, work.directory, datetime.now(UTC))
    return oracle((told.facts for report in reports for told in report.versions), work.truth)


def in_batch(pairs: Callable[[Sequence[Report]], Iterable[Pair]]) -> Engine:
    def engine(work: Work) -> Mapping[str, Groups]:
        reports = read(work.lines, work.directory, datetime.now(UTC))
        return grouped(reports, pairs(reports))

    return engine


ENGINES: Mapping[str, Engine] = {
    "exact keys": in_batch(exact_keys.pairs),
    "Splink": in_batch(splink_peer.pairs),
    "Anwang": by_us,
    "oracle": by_oracle,
}


def rows(work: Work) -> Iterator[tuple[str, ...]]:
    for name, engine in ENGINES.items():
        begin = perf_counter()
        found = engine(work)
        seconds = perf_counter() - begin
        result = measure(work.truth, found)
        for level, agreement in zip(LEVELS, (result.incidents, result.households), strict=True):
            yield (work.name, name, level, *figures(agreement), f"{seconds:.1f}")


def figures(agreement: Agreement) -> tuple[str, ...]:
    pairwise = agreement.pairwise
    scores = (*pairwise, pairwise.f1, agreement.b_cubed.f1)
    joins = (agreement.wrong_joins_per_10_000, agreement.missed_joins_per_10_000)
    return (*(f"{score:.4f}" for score in scores), *(f"{join:.0f}" for join in joins))


def from_file(file: Path, truth: Path, directory: Directory) -> Work:
    return Work(file.name, file.read_bytes().splitlines(), read_truth(truth), directory)


def invented(mix: str, seed: int, events: int, directory: Directory) -> Work:
    mess = messy(MIXES[mix], seed, events)
    truth = groups_of(line.truth for line in mess.lines)
    lines = [line.value for line in mess.lines]
    return Work(f"{mix}, seed {seed}", lines, truth, directory.with_sources(mess.sources))


def works(told: argparse.Namespace) -> Iterator[Work]:
    directory = directory_of(Settings())
    if told.file:
        yield from_file(told.file, told.truth, directory)
    else:
        yield from (invented(told.mix, seed, told.events, directory) for seed in told.seed)


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="one CloudEvent a line")
    parser.add_argument("--truth", type=Path, metavar="TRUTH.csv", help="event_id, incident and household")
    parser.add_argument("--mix", choices=sorted(MIXES), default="sample", help="what invented reports are like")
    parser.add_argument("--seed", type=int, nargs="+", default=[1], help="each another run")
    parser.add_argument("--events", type=int, default=3000, help="how many reports are invented")
    told = parser.parse_args()
    if (told.file is None) != (told.truth is None):
        parser.error("FILE and --truth go together")
    return told


def main() -> None:
    sys.stdout.write(f"| {' | '.join(HEADINGS)} |\n|{' --- |' * len(HEADINGS)}\n")
    for work in works(asked()):
        for row in rows(work):
            sys.stdout.write(f"| {' | '.join(row)} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
