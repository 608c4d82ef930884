"""Runs the worked examples of a policy: reports of one incident, in order, through the same code as every report."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from pipeline.contracts.decision import in_taipei
from pipeline.contracts.envelope import Unreadable
from pipeline.contracts.policy import Example, Expected
from pipeline.domain.clocks import start_clocks
from pipeline.domain.dangers import IncidentView, ReportView
from pipeline.domain.directory import Directory
from pipeline.domain.facts import Facts
from pipeline.domain.normalise.reading import read_event
from pipeline.domain.policy.located import Path
from pipeline.domain.policy.policy import Policy
from pipeline.domain.route import county_of
from pipeline.domain.score import Standing, judge

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
"""When the reports of an example were received unless they say otherwise: noon of 2 March 2026 in Taipei."""

_NOBODY = Directory(MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an example: where the case stands after its last report."""

    standing: Standing
    county: str | None
    tags: frozenset[str]
    clocks: Mapping[str, datetime]


def example_faults(policy: Policy) -> Iterator[tuple[Path, str]]:
    """The path of each expectation that is not met, and what came instead."""
    for number, example in enumerate(policy.tables.example):
        try:
            outcome = run(policy, example)
        except ValueError as error:
            yield ("example", number, "reports"), str(error)
            continue
        for key, wanted, came in _differing(example.expect, outcome):
            yield ("example", number, "expect", key), f"expected {_shown(wanted)}, but it is {_shown(came)}"


def run(policy: Policy, example: Example) -> Outcome:
    """Raises ValueError for a report that could not be read at all."""
    standing: Standing | None = None
    clocks: Mapping[str, datetime] = {}
    told: list[ReportView] = []
    for number, data in enumerate(example.reports):
        told.append(ReportView((_facts(number, data),), number))
        view = IncidentView(tuple(told), clocks)
        standing = judge(policy, (view,), standing)
        clocks = start_clocks(policy, view)
    if standing is None:
        raise ValueError("an example needs a report")
    county, tags = county_of(policy, IncidentView(tuple(told), clocks), (), standing)
    return Outcome(standing, county, standing.tags | tags, clocks)


def _facts(number: int, data: Mapping[str, Any]) -> Facts:
    whole = {
        "report_no": f"example-{number}",
        "channel": "hotline",
        "received_at": in_taipei(NOON).isoformat(),
        "persons": [{"role": "victim"}],
        **data,
    }
    event = {
        "specversion": "1.0",
        "id": f"example-{number}",
        "source": "/sources/example",
        "type": "report.submitted.v1",
        "time": whole["received_at"],
        "data": whole,
    }
    arrived_at = max(NOON, _instant(str(whole["received_at"])) or NOON)
    reading = read_event(json.dumps(event, default=str).encode(), (), arrived_at, _NOBODY)
    if isinstance(reading, Unreadable):
        raise ValueError(f"report {number + 1} cannot be read: {reading.code}")  # noqa: TRY004 - of the value
    doubts = [f for f in reading.facts.faults if not f.startswith("source_unregistered")]
    if doubts:
        raise ValueError(f"report {number + 1} has faults: {', '.join(doubts)}")
    return reading.facts


def _instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo else None


def _differing(expect: Expected, outcome: Outcome) -> Iterator[tuple[str, object, object]]:
    standing = outcome.standing
    codes = {reason.code for reason in standing.reasons}
    for key, wanted, came in (
        ("queue", expect.queue, standing.queue),
        ("priority", expect.priority, standing.priority),
        ("child_grade", expect.child_grade, standing.child_grade or "none"),
        ("tags", _sorted(expect.tags), tuple(sorted(outcome.tags))),
        ("also", _sorted(expect.also), tuple(sorted(standing.also))),
        ("county", expect.county, outcome.county),
        ("score", expect.score, standing.score),
    ):
        if wanted is not None and wanted != came:
            yield key, wanted, came
    if missing := tuple(sorted(set(expect.reasons or ()) - codes)):
        yield "reasons", missing, tuple(sorted(codes))
    wanted_clocks = {clock: _instant(due) or due for clock, due in (expect.clocks or {}).items()}
    if expect.clocks is not None and wanted_clocks != outcome.clocks:
        yield "clocks", *_parted(wanted_clocks, {clock: in_taipei(due) for clock, due in outcome.clocks.items()})


def _parted(wanted: Mapping[str, datetime | str], came: Mapping[str, datetime]) -> tuple[object, object]:
    """Those clocks of which the two differ."""
    differ = [clock for clock in {**wanted, **came} if wanted.get(clock) != came.get(clock)]
    return {c: wanted[c] for c in differ if c in wanted}, {c: came[c] for c in differ if c in came}


def _sorted(words: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if words is None else tuple(sorted(words))


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return (
            ", ".join(f"{k} {v.isoformat() if isinstance(v, datetime) else v}" for k, v in value.items()) or "nothing"
        )
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "nothing"
    return "nothing" if value is None else str(value)
