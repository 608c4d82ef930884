"""The measures as a table of Markdown."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pipeline.local.bench.measures import Agreement, Result

HEADINGS = ("reports of", "level", "P", "R", "F1", "B³ P", "B³ R", "B³ F1", "wrong joins / 10,000", "missed / 10,000")
SPREAD = ("over all", "level", "F1 least", "F1 mean", "F1 most", "P least")
OTHERS = ("reports of", "events", "lost", "for a person", "errors among what is asked", "ms a report", "p95")
SCENES = ("scene", "reports", "wrong joins: incidents", "households", "missed: households")
LEVELS = ("incident", "household")


class Row(NamedTuple):
    """One file and what was measured on it. `held` is the share of the errors among what was asked of a person, None
    where there was no error; times are ms for one report.
    """

    name: str
    result: Result
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
    held = sum(trap.holds for trap in traps)
    parts = [
        _table(HEADINGS, _measured(rows)),
        *([_table(SPREAD, _spread(rows))] if len(rows) > 1 else []),
        _table(OTHERS, map(_other, rows)),
        f"Look-alikes: {held} of {len(traps)} without a wrong join.\n",
        _table(SCENES, ([trap.scene, *map(str, trap[1:])] for trap in traps)),
    ]
    return "\n".join(parts)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _measured(rows: Sequence[Row]) -> Iterator[Sequence[str]]:
    for row in rows:
        for level, found in zip(LEVELS, _both(row), strict=True):
            scores = (*found.pairwise, found.pairwise.f1, *found.b_cubed, found.b_cubed.f1)
            joins = (found.wrong_joins_per_10_000, found.missed_joins_per_10_000)
            yield row.name, level, *(f"{s:.4f}" for s in scores), *(f"{j:.0f}" for j in joins)


def _both(row: Row) -> tuple[Agreement, Agreement]:
    return row.result.incidents, row.result.households


def _spread(rows: Sequence[Row]) -> Iterator[Sequence[str]]:
    for level, *found in zip(LEVELS, *map(_both, rows), strict=True):
        f1 = [agreement.pairwise.f1 for agreement in found]
        least = min(agreement.pairwise.precision for agreement in found)
        told = (min(f1), sum(f1) / len(f1), max(f1), least)
        yield f"{len(rows)} runs", level, *(f"{t:.4f}" for t in told)


def _other(row: Row) -> Sequence[str]:
    held = "-" if row.held is None else f"{row.held:.1%}"
    events = row.result.incidents.events + row.result.lost
    return (
        row.name,
        f"{events}",
        f"{row.result.lost}",
        f"{row.review_share:.2%}",
        held,
        f"{row.mean_ms:.2f}",
        f"{row.p95_ms:.2f}",
    )
