"""Replays history under two policies and says who moves. It changes nothing."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from pipeline.adapters.report_file import CaseLines, Index, Line, read_filing
from pipeline.commands.policy_file import policy_of, text_of
from pipeline.commands.policy_moves import Head, print_json, print_tables
from pipeline.commands.side_by_side import Workers, progress, shared_out
from pipeline.contracts.decision import TAIPEI
from pipeline.domain.policy.policy import Policy
from pipeline.domain.policy.reading import read_policy, shipped
from pipeline.domain.policy.simulate import Course, History, Trial
from pipeline.domain.policy.tally import Tally
from pipeline.errors import AnwangError
from pipeline.settings import Settings, directory_of

LINES_AT_ONCE = 500


class SimulationRefusedError(AnwangError):
    """What was asked for cannot be tried; the text says why."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked for. Days are Taipei's, both of them included."""

    new: Path
    against: Path | None = None
    first: date | None = None
    last: date | None = None
    reports: Path | None = None
    decisions: Path | None = None
    examples: int = 3
    processes: int = 2
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What every process is told. Without an old policy, the one that was in force."""

    new: str
    old: str | None
    begin: datetime | None
    end: datetime | None
    examples: int

    @classmethod
    def of(cls, wish: Wish) -> "Plan":
        """Raises PolicyRefusedError and SimulationRefusedError."""
        if wish.first and wish.last and wish.last < wish.first:
            raise SimulationRefusedError("--to is before --from")
        if wish.decisions and not wish.reports:
            raise SimulationRefusedError("--decisions tells how the reports of a file belong together: name it, too")
        policy_of(wish.new)
        return cls(
            text_of(wish.new),
            text_of(wish.against) if wish.against and policy_of(wish.against) else None,
            _midnight(wish.first) if wish.first else None,
            _midnight(wish.last + timedelta(days=1)) if wish.last else None,
            wish.examples,
        )

    def trial(self, in_force: Course) -> Trial:
        return Trial(
            _always(read_policy(self.old)) if self.old else in_force, read_policy(self.new), self.begin, self.end
        )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=TAIPEI)


def _always(policy: Policy) -> Course:
    return lambda _: policy


def simulate(settings: Settings, wish: Wish) -> None:
    """Prints the tables, or one JSON object. Raises AnwangError where a file or the database cannot be read."""
    plan, began = Plan.of(wish), time.monotonic()
    tally = of_file(settings, wish, plan) if wish.reports else Tally()
    head = Head(
        policy_of(wish.new).version,
        policy_of(wish.against).version if wish.against else None,
        plan.begin,
        plan.end,
        is_linked=wish.reports is None or wish.decisions is not None,
        seconds=time.monotonic() - began,
    )
    (print_json if wish.as_json else print_tables)(head, tally)


# --- a file


def of_file(settings: Settings, wish: Wish, plan: Plan) -> Tally:
    """Raises ReportFileError."""
    assert wish.reports  # noqa: S101 - the caller looked
    filing = read_filing(wish.decisions) if wish.decisions else None
    with progress("reads bytes", wish.reports.stat().st_size if wish.reports.is_file() else 0) as show:
        index = Index.of(wish.reports, filing, show)
    tally = Tally(plan.examples, unfiled=index.unfiled)
    workers = Workers(wish.processes, _prepare_file, (settings, wish.reports, plan, datetime.now(UTC)))
    with progress("judges reports", len(index)) as show:
        for part in shared_out(index.blocks(LINES_AT_ONCE), _judge_lines, workers):
            tally.join(part)
            show(tally.reports + tally.unread)
    return tally


@dataclass(slots=True)
class _FileWork:
    lines: CaseLines
    trial: Trial
    examples: int


_AT_WORK: list[_FileWork] = []
"""Of this process."""


def _prepare_file(settings: Settings, path: Path, plan: Plan, read_at: datetime) -> None:
    lines = CaseLines(path, directory_of(settings), read_at)
    _AT_WORK[:] = [_FileWork(lines, plan.trial(_always(shipped())), plan.examples)]


def _judge_lines(block: Sequence[Line]) -> Tally:
    [work] = _AT_WORK
    read = work.lines.read(block)
    tally = Tally(work.examples, unread=read.unread)
    for history in read.histories:
        add(history, work.trial, tally)
    return tally


def add(history: History, trial: Trial, tally: Tally) -> None:
    """Counts a case, if anything was told of it in the time of the trial."""
    ends = trial.ends(history)
    if ends:
        tally.add(*ends)
