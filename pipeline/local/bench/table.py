"""The measures as a table of Markdown."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import mean
from typing import NamedTuple

from pipeline.local.bench.measures import Agreement, Result

HEADINGS = (
    "reports of",
    "level",
    "P",
    "R",
    "F1",
    "ceiling",
    "B³ F1",
    "wrong joins / 10,000",
    "missed / 10,000",
    "for a person",
    "errors among these",
    "ms a report (p95)",
)
SCENES = ("scene", "reports", "wrong joins: incidents", "households", "missed: households")
LEVELS: dict[str, Callable[[Result], Agreement]] = {
    "incident": lambda r: r.incidents,
    "household": lambda r: r.households,
}


class Row(NamedTuple):
    """One run and what was measured in it; runs of one name stand in the table together. `ceiling` is what an oracle
    reaches, `held` the share of the errors among what was asked of a person, None where there was no error; times are
    ms for one report.
    """

    name: str
    result: Result
    ceiling: Result
    review_share: float
    held: float | None
    mean_ms: float
    p95_ms: float


class Sprung(NamedTuple):
    """A scene of the trap, and what went wrong there: joins of incidents and of households."""

    scene: str
    events: int
    wrong_incidents: int
    wrong_households: int
    missed_households: int

    @property
    def holds(self) -> bool:
        return not (self.wrong_incidents or self.wrong_households)


def in_markdown(rows: Sequence[Row], traps: Sequence[Sprung]) -> str:
    """Of several runs the mean, and in brackets the least and the most."""
    runs: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        runs[row.name].append(row)
    held = sum(trap.holds for trap in traps)
    parts = [
        _table(HEADINGS, (line for name, of_name in runs.items() for line in _lines(name, of_name))),
        f"Look-alikes: {held} of {len(traps)} without a wrong join.\n",
        _table(SCENES, ([trap.scene, *map(str, trap[1:])] for trap in traps)),
    ]
    return "\n".join(parts)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _lines(name: str, runs: Sequence[Row]) -> Iterator[Sequence[str]]:
    """What is measured of a run as a whole stands in its first line."""
    label = _label(name, [run.result for run in runs])
    whole = _of_the_whole(runs)
    for level, of_level in LEVELS.items():
        yield label, level, *_of_a_level(runs, of_level), *whole
        label, whole = "", ("",) * len(whole)


def _label(name: str, results: Sequence[Result]) -> str:
    """With how many runs, of how many events each, and how many of all were lost, if any."""
    events = round(mean(result.incidents.events + result.lost for result in results))
    lost = sum(result.lost for result in results)
    times = f"{len(results)} × " if len(results) > 1 else ""
    return f"{name}, {times}{events:,}" + (f", {lost:,} lost" if lost else "")


def _of_a_level(runs: Sequence[Row], of_level: Callable[[Result], Agreement]) -> Iterator[str]:
    found = [of_level(run.result) for run in runs]
    yield _share(a.pairwise.precision for a in found)
    yield _share(a.pairwise.recall for a in found)
    yield _share(a.pairwise.f1 for a in found)
    yield f"{mean(of_level(run.ceiling).pairwise.f1 for run in runs):.3f}"
    yield _share(a.b_cubed.f1 for a in found)
    yield spread([a.wrong_joins_per_10_000 for a in found], "{:.0f}")
    yield spread([a.missed_joins_per_10_000 for a in found], "{:.0f}")


def _of_the_whole(runs: Sequence[Row]) -> Sequence[str]:
    held = [run.held for run in runs if run.held is not None]
    times = mean(run.mean_ms for run in runs), max(run.p95_ms for run in runs)
    return (
        spread([run.review_share for run in runs], "{:.1%}"),
        spread(held, "{:.0%}") if held else "-",
        f"{times[0]:.1f} ({times[1]:.1f})",
    )


def _share(values: Iterable[float]) -> str:
    return spread(list(values), "{:.3f}")


def spread(values: Sequence[float], form: str) -> str:
    """The mean, and of several values the least and the most in brackets."""
    middle = form.format(mean(values))
    return middle if len(values) == 1 else f"{middle} ({form.format(min(values))}–{form.format(max(values))})"
