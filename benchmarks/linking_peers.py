"""Ourselves, Splink and exact keys on the same reports in the same run, and an oracle on what survived in them.

    PYTHONPATH=. python benchmarks/linking_peers.py reports.ndjson --truth truth.csv
    PYTHONPATH=. python benchmarks/linking_peers.py --mix towers rural --seed 1000 1001 1002

Needs requirements/bench.lock. The others see the whole file at once; we decide in the order of arrival.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean
from time import perf_counter
from typing import NamedTuple

from peers import exact_keys, splink_peer
from peers.columns import Report, read
from peers.grouping import Pair, grouped

from pipeline.commands.bench import LinkRun
from pipeline.domain.directory import Directory
from pipeline.local.bench.ceiling import oracle
from pipeline.local.bench.measures import Agreement, Result, measure
from pipeline.local.bench.mess import messy
from pipeline.local.bench.mix import MIXES
from pipeline.local.bench.table import spread
from pipeline.local.bench.truth import Groups, groups_of, read_truth
from pipeline.settings import Settings, directory_of

LEVELS: Mapping[str, Callable[[Result], Agreement]] = {
    "incident": lambda result: result.incidents,
    "household": lambda result: result.households,
}
HEADINGS = ("reports of", "by", "level", "P", "R", "F1", "B³ F1", "wrong joins / 10,000", "missed / 10,000", "seconds")


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


class Run(NamedTuple):
    name: str
    engine: str
    result: Result
    seconds: float


def runs(work: Work) -> Iterator[Run]:
    for name, engine in ENGINES.items():
        begin = perf_counter()
        found = engine(work)
        yield Run(work.name, name, measure(work.truth, found), perf_counter() - begin)


def rows(done: Sequence[Run]) -> Iterator[Sequence[str]]:
    """Of several seeds the mean, and in brackets the least and the most."""
    for name, engine in dict.fromkeys((run.name, run.engine) for run in done):
        alike = [run for run in done if (run.name, run.engine) == (name, engine)]
        seconds = spread([run.seconds for run in alike], "{:.1f}")
        for level, of_level in LEVELS.items():
            yield name, engine, level, *figures([of_level(run.result) for run in alike]), seconds


def in_short(done: Sequence[Run]) -> Iterator[Sequence[str]]:
    """F1 of incidents and of households, a column for each engine."""
    for name in dict.fromkeys(run.name for run in done):
        of_engine = ([run.result for run in done if (run.name, run.engine) == (name, engine)] for engine in ENGINES)
        yield name, *(" / ".join(f1(results)) for results in of_engine)


def f1(results: Sequence[Result]) -> Iterator[str]:
    for of_level in LEVELS.values():
        yield f"{mean(of_level(result).pairwise.f1 for result in results):.3f}"


def figures(found: Sequence[Agreement]) -> Iterator[str]:
    yield spread([a.pairwise.precision for a in found], "{:.3f}")
    yield spread([a.pairwise.recall for a in found], "{:.3f}")
    yield spread([a.pairwise.f1 for a in found], "{:.3f}")
    yield spread([a.b_cubed.f1 for a in found], "{:.3f}")
    yield spread([a.wrong_joins_per_10_000 for a in found], "{:.0f}")
    yield spread([a.missed_joins_per_10_000 for a in found], "{:.0f}")


def from_file(file: Path, truth: Path, directory: Directory) -> Work:
    return Work(file.name, file.read_bytes().splitlines(), read_truth(truth), directory)


def invented(mix: str, seed: int, events: int, directory: Directory) -> Work:
    mess = messy(MIXES[mix], seed, events)
    truth = groups_of(line.truth for line in mess.lines)
    lines = [line.value for line in mess.lines]
    return Work(mix, lines, truth, directory.with_sources(mess.sources))


def works(told: argparse.Namespace) -> Iterator[Work]:
    directory = directory_of(Settings())
    if told.file:
        yield from_file(told.file, told.truth, directory)
    else:
        yield from (invented(mix, seed, told.events, directory) for mix in told.mix for seed in told.seed)


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="one CloudEvent a line")
    parser.add_argument("--truth", type=Path, metavar="TRUTH.csv", help="event_id, incident and household")
    parser.add_argument("--mix", choices=MIXES, nargs="+", default=["sample"], help="what invented reports are like")
    parser.add_argument("--seed", type=int, nargs="+", default=[1], help="each another run of every mix")
    parser.add_argument("--events", type=int, default=3000, help="how many reports are invented")
    told = parser.parse_args()
    if (told.file is None) != (told.truth is None):
        parser.error("FILE and --truth go together")
    return told


def main() -> None:
    done = []
    for work in works(asked()):
        for run in runs(work):
            done.append(run)
            sys.stderr.write(f"{run.name}: {run.engine}: F1 {' / '.join(f1([run.result]))}\n")
    sys.stdout.write("F1 of incidents / of households:\n\n")
    show(("reports of", *ENGINES), in_short(done))
    sys.stdout.write("\n")
    show(HEADINGS, rows(done))


def show(headings: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    sys.stdout.write("".join(f"| {' | '.join(line)} |\n" for line in (headings, ["---"] * len(headings), *lines)))


if __name__ == "__main__":
    main()
