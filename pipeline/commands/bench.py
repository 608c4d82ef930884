"""How well reports are linked: the product's own decisions over reports whose truth is known."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from pipeline.commands.lines import lines_of
from pipeline.contracts.envelope import Unreadable
from pipeline.domain.assess import Settlement, assess
from pipeline.domain.directory import Directory
from pipeline.domain.docket import Docket
from pipeline.domain.normalise.reading import read_event
from pipeline.domain.terms import shipped_terms
from pipeline.local.bench import trap
from pipeline.local.bench.ceiling import oracle
from pipeline.local.bench.measures import KINDS, Pair, asked_about, measure
from pipeline.local.bench.mess import messy
from pipeline.local.bench.mix import MIXES
from pipeline.local.bench.table import Row, Sprung, in_markdown
from pipeline.local.bench.truth import Groups, groups_of, read_truth

if TYPE_CHECKING:
    from uuid import UUID

    from pipeline.domain.facts import Facts


class LinkRun:
    """Events in order of arrival, decided one by one; where each stands after the last one, what was asked of a person,
    and the seconds that each took, reading included.
    """

    def __init__(self, directory: Directory, arrived_at: datetime) -> None:
        self._directory, self._arrived_at = directory, arrived_at
        self._docket = Docket()
        self._event_of: dict[UUID, str] = {}
        self._report_of: dict[str, UUID] = {}
        self.asks: list[Pair] = []
        self.read: list[Facts] = []
        self.seconds: list[float] = []

    def take(self, line: bytes) -> None:
        begin = perf_counter()
        reading = read_event(line, (), self._arrived_at, self._directory)
        settled = (
            None
            if isinstance(reading, Unreadable)
            else assess(reading.facts, self._docket, shipped_terms().at(self._arrived_at))
        )
        self.seconds.append(perf_counter() - begin)
        if settled:
            self.read.append(settled.facts)
            self._note(settled)

    def _note(self, settled: Settlement) -> None:
        event_id = settled.facts.event_id
        self._event_of.setdefault(settled.report_id, event_id)
        self._report_of.setdefault(event_id, settled.report_id)
        self.asks += [(event_id, self._event_of[ask.other_report_id]) for ask in settled.asks]

    def found(self) -> dict[str, Groups]:
        """The final state, by event id."""
        return {event_id: self._groups(report_id) for event_id, report_id in self._report_of.items()}

    def _groups(self, report_id: "UUID") -> Groups:
        case = self._docket.case_of(report_id)
        return Groups(str(case.incident_of(report_id).incident_id), str(case.household_id))


def bench_file(file: str, truth: Path, directory: Directory) -> None:
    """Prints the measures of one file of reports."""
    known = read_truth(truth)
    _show([_measured(Path(file).name, (line for _, line in lines_of(file)), known, directory)], directory)


def bench_mixes(mixes: Iterable[str], seeds: Sequence[int], events: int, directory: Directory) -> None:
    """Prints the measures of reports that are invented here, one run for each mix and seed."""
    _show([_of_mix(mix, seed, events, directory) for mix in mixes for seed in seeds], directory)


def _of_mix(mix: str, seed: int, events: int, directory: Directory) -> Row:
    mess = messy(MIXES[mix], seed, events)
    truth = groups_of(line.truth for line in mess.lines)
    return _measured(mix, (line.value for line in mess.lines), truth, directory.with_sources(mess.sources))


def write_mess(folder: Path, mix: str, seed: int, events: int) -> None:
    """Writes reports.ndjson, truth.csv and sources.csv, and prints their names."""
    for path in messy(MIXES[mix], seed, events).write(folder):
        sys.stdout.write(f"{path}\n")


def _show(rows: list[Row], directory: Directory) -> None:
    sys.stdout.write(in_markdown(rows, _sprung(directory)))


def _run(lines: Iterable[bytes], directory: Directory) -> LinkRun:
    run = LinkRun(directory, datetime.now(UTC))
    for line in lines:
        run.take(line)
    return run


def _measured(name: str, lines: Iterable[bytes], truth: Mapping[str, Groups], directory: Directory) -> Row:
    run = _run(lines, directory)
    found = run.found()
    result = measure(truth, found)
    errors = sum(level.wrong_joins + level.missed_joins for level in (result.incidents, result.households))
    held = sum(asked_about(truth, found, run.asks, kind) for kind in KINDS)
    times = sorted(run.seconds)
    return Row(
        name,
        result,
        ceiling=measure(truth, oracle(run.read, truth)),
        review_share=len({event for event, _ in run.asks}) / max(1, len(found)),
        held=held / errors if errors else None,
        mean_ms=1000 * sum(times) / max(1, len(times)),
        p95_ms=1000 * times[int(0.95 * (len(times) - 1))] if times else 0,
    )


def _sprung(directory: Directory) -> list[Sprung]:
    """All scenes told as one file; the last row is what was joined across scenes."""
    scenes = trap.scenes()
    found = _run(trap.in_order(scenes), directory).found()
    rows = [_of_scene(scene.name, scene.truth, found) for scene in scenes]
    whole = _of_scene("between scenes", {e: groups for scene in scenes for e, groups in scene.truth.items()}, found)
    return [
        *rows,
        whole._replace(
            wrong_incidents=whole.wrong_incidents - sum(row.wrong_incidents for row in rows),
            wrong_households=whole.wrong_households - sum(row.wrong_households for row in rows),
            missed_households=0,
        ),
    ]


def _of_scene(name: str, truth: Mapping[str, Groups], found: Mapping[str, Groups]) -> Sprung:
    incidents, households, _ = measure(truth, found)
    return Sprung(name, len(truth), incidents.wrong_joins, households.wrong_joins, households.missed_joins)
