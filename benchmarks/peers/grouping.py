"""From pairs to households, and from households to incidents: what both peers share."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from peers.columns import Report

from pipeline.local.bench.truth import Groups

Pair = tuple[int, int]
"""Positions in the list of reports."""

BOTH_DATED_MAX = timedelta(hours=24)
TOLD_BEFORE_MAX, TOLD_AFTER_MAX = timedelta(hours=6), timedelta(days=5)
UNDATED_MAX = timedelta(days=5)
"""Occurrence windows: what did best for Splink on invented reports of five mixes."""


def grouped(reports: Sequence[Report], pairs: Iterable[Pair]) -> dict[str, Groups]:
    """By event id: all that hangs together is one household; what hangs together inside the windows is one incident. A
    quoted number joins in both.
    """
    quoted = set(quotes(reports))
    joined = quoted.union(pairs)
    households = components(len(reports), joined)
    incidents = components(len(reports), quoted | {pair for pair in joined if within(reports, pair)})
    return {
        event_id: Groups(str(incidents[position]), str(households[position]))
        for position, report in enumerate(reports)
        for event_id in report.event_ids
    }


def quotes(reports: Sequence[Report]) -> Iterator[Pair]:
    """Only where one report alone bears the number."""
    bearers = defaultdict(list)
    for position, report in enumerate(reports):
        bearers[report.number].append(position)
    for position, report in enumerate(reports):
        for number in report.quoted:
            match bearers.get(number, []):
                case [bearer] if bearer != position:
                    yield position, bearer


def components(count: int, pairs: Iterable[Pair]) -> list[int]:
    heads = list(range(count))

    def head(position: int) -> int:
        while heads[position] != position:
            heads[position] = heads[heads[position]]
            position = heads[position]
        return position

    for one, other in pairs:
        heads[head(one)] = head(other)
    return [head(position) for position in range(count)]


def within(reports: Sequence[Report], pair: Pair) -> bool:
    """Whether time allows that both tell of one incident."""
    (one, told), (other, other_told) = (_times(reports[position]) for position in pair)
    if one and other:
        return abs(one - other) <= BOTH_DATED_MAX
    if one:
        return -TOLD_BEFORE_MAX <= other_told - one <= TOLD_AFTER_MAX
    if other:
        return -TOLD_BEFORE_MAX <= told - other <= TOLD_AFTER_MAX
    return abs(told - other_told) <= UNDATED_MAX


def _times(report: Report) -> tuple[datetime | None, datetime]:
    """When it happened, as the newest version tells it, and when it was first known."""
    facts = [told.facts for told in report.versions]
    occurred = next((f.occurred_at for f in reversed(facts) if f.occurred_at), None)
    return occurred, min(f.clock_start for f in facts)
