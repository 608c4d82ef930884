"""Replays history under two policies and says who moves. It changes nothing."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

from pipeline.commands.policy_file import policy_of, text_of
from pipeline.commands.policy_moves import Head, print_json, print_tables
from pipeline.contracts.decision import TAIPEI
from pipeline.domain.policy.reading import read_policy
from pipeline.domain.policy.simulate import History, Trial
from pipeline.domain.policy.tally import Tally
from pipeline.domain.terms import TermsBook
from pipeline.errors import AnwangError
from pipeline.settings import Settings


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

    def trial(self, terms: TermsBook) -> Trial:
        """In the directory of these terms, which also tell what was in force."""
        old = partial(terms.under, read_policy(self.old)) if self.old else terms.at
        return Trial(old, partial(terms.under, read_policy(self.new)), self.begin, self.end)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=TAIPEI)


Replay = Callable[[Settings, Wish, Plan], Tally]


def simulate(settings: Settings, wish: Wish, replay: Replay) -> None:
    """Prints the tables, or one JSON object, of what `replay` counts. Raises AnwangError where a file or the database
    cannot be read.
    """
    plan, began = Plan.of(wish), time.monotonic()
    tally = replay(settings, wish, plan)
    against = policy_of(wish.against) if wish.against or wish.reports else None
    head = Head(
        policy_of(wish.new).version,
        against.version if against else None,
        plan.begin,
        plan.end,
        is_linked=wish.reports is None or wish.decisions is not None,
        seconds=time.monotonic() - began,
    )
    (print_json if wish.as_json else print_tables)(head, tally)


def counted(histories: Iterable[History], trial: Trial, tally: Tally) -> Tally:
    """The tally with the cases of which anything was told in the time of the trial."""
    for history in histories:
        if ends := trial.ends(history):
            tally.add(*ends)
    return tally
