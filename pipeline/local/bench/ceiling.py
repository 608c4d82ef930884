"""How well anybody could link a file: an estimate, by an oracle that knows the truth and how common everything is, and
that joins a true pair only where enough has survived of what both have in common.

One household: of all strangers in the file less than one is expected to have as much in common with a report by chance
(the shares of strangers who bear the rarest common mark of each person, of the place, and stand as near in time and
story, multiplied; where both contradict each other, divided by the share of true pairs that do so as much), and no
stranger really has: bears every common mark, is as near in time, as like in story, and contradicts as little. With such
a stranger about, whoever joins the true pair joins the stranger, too.

One incident: they are of one household by this, and most pairs of one household that stand as far apart in time and
story are of one incident.

What is joined holds together through others; versions of one report and quoted numbers always do. The oracle joins
nothing wrongly, so its precision is 1. It is an estimate, not a bound: chances are taken as independent of each other.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from pipeline.domain.facts import Facts
from pipeline.domain.link import quotes
from pipeline.local.bench.marks import Mark, Marks
from pipeline.local.bench.nearness import Nearness, Told, nearness, tell
from pipeline.local.bench.truth import Groups

STRANGERS_MAX = 1.0
"""Of those who look so, one is the true one; with more strangers than this it is rather one of them."""

STRIDES = (1, 3, 11, 37, 101, 331, 997)
"""Distances in the file of the pairs that stand for any two."""

Pair = tuple[int, int]
Level = Callable[[Groups], str]


def household(groups: Groups) -> str:
    return groups.household


def incident(groups: Groups) -> str:
    return groups.incident


def oracle(events: Iterable[Facts], truth: Mapping[str, Groups]) -> dict[str, Groups]:
    """Where the oracle puts every event, by event id. Events without a truth are left out."""
    reports = _reports(events, truth)
    file = _File(reports)
    sure = {pair for pair in file.true_pairs(incident) if _quote(*(reports[p].newest for p in pair))}
    of_household = sure | {pair for pair in file.true_pairs(household) if file.tells_apart(pair)}
    likely = _Likely(reports, file.true_pairs(household))
    of_incident = sure | {pair for pair in of_household if likely.one_incident(pair)}
    heads = [_heads(len(reports), joined) for joined in (of_incident, of_household)]
    return {
        facts.event_id: Groups(*(str(of[position]) for of in heads))
        for position, report in enumerate(reports)
        for facts in report.versions
    }


def _reports(events: Iterable[Facts], truth: Mapping[str, Groups]) -> Sequence[Told]:
    versions: dict[tuple[str, str], dict[str, Facts]] = {}
    for facts in events:
        if facts.event_id in truth:
            versions.setdefault((facts.source, facts.report_no), {})[facts.event_id] = facts
    return [tell(tuple(told.values()), truth) for told in versions.values()]


def _quote(one: Facts, other: Facts) -> bool:
    return quotes(one, other) or quotes(other, one)


class _File:
    """All reports, and how common among them is what two have in common."""

    def __init__(self, reports: Sequence[Told]) -> None:
        self._reports = reports
        self._bearers: defaultdict[Mark, list[int]] = defaultdict(list)
        for position, report in enumerate(reports):
            for mark in report.marks:
                self._bearers[mark].append(position)
        apart = (i for stride in STRIDES for i in zip(range(len(reports)), range(stride, len(reports)), strict=False))
        self._any = Counter(nearness(reports[i], reports[j]) for i, j in apart)
        true = (nearness(reports[i], reports[j]) for i, j in self.true_pairs(household))
        self._contradictions = sorted(near.contradictions for near in true)

    def true_pairs(self, level: Level) -> Iterator[Pair]:
        groups: defaultdict[str, list[int]] = defaultdict(list)
        for position, report in enumerate(self._reports):
            groups[level(report.truth)].append(position)
        for members in groups.values():
            yield from combinations(members, 2)

    def tells_apart(self, pair: Pair) -> bool:
        one, other = (self._reports[position] for position in pair)
        common = one.marks & other.marks
        near = nearness(one, other)
        return bool(common) and self._expected(one, other, near) < STRANGERS_MAX and not self._met(one, other, near)

    def _expected(self, one: Told, other: Told, near: Nearness) -> float:
        """Strangers who have as much in common with one of them."""
        expected = len(self._reports) * self._share_as_near(near) / self._share_contradicting(near.contradictions)
        for common in _in_common(one, other):
            expected *= min(self._share(mark, one.truth.household) for mark in common)
        return expected

    def _share(self, mark: Mark, own: str) -> float:
        """Of strangers who bear a mark; at least one."""
        strangers = sum(self._reports[p].truth.household != own for p in self._bearers[mark])
        return (strangers + 1) / len(self._reports)

    def _share_as_near(self, near: Nearness) -> float:
        """Of any two reports; at least one pair."""
        reaching = sum(count for other, count in self._any.items() if near.in_time_and_story_reached_by(other))
        return (reaching + 1) / (self._any.total() + 1)

    def _share_contradicting(self, least: int) -> float:
        """Of the true pairs."""
        return 1 - bisect_left(self._contradictions, least) / len(self._contradictions)

    def _met(self, one: Told, other: Told, near: Nearness) -> bool:
        """Whether a stranger really has as much in common."""
        common = one.marks & other.marks
        rarest = min(common, key=lambda mark: len(self._bearers[mark]))
        strangers = (self._reports[p] for p in self._bearers[rarest])
        return any(
            common <= c.marks
            and c.truth.household != one.truth.household
            and any(near.is_reached_by(nearness(known, c)) for known in (one, other))
            for c in strangers
        )


def _in_common(one: Told, other: Told) -> Iterator[Marks]:
    """What is in common of each person, of the place, and the surnames where no person is in common."""
    left = list(other.survived.people)
    found = False
    for person in one.survived.people:
        best = max(left, key=lambda theirs: len(person & theirs), default=frozenset[Mark]())
        if person & best:
            found = True
            left.remove(best)
            yield person & best
    if not found and (surnames := one.survived.surnames & other.survived.surnames):
        yield surnames
    if places := one.survived.places & other.survived.places:
        yield places


class _Likely:
    """Which pairs of one household are of one incident, by how far apart they stand."""

    def __init__(self, reports: Sequence[Told], pairs: Iterable[Pair]) -> None:
        self._reports = reports
        self._seen: defaultdict[Nearness, list[int]] = defaultdict(lambda: [0, 0])
        for pair in pairs:
            self._seen[self._cell(pair)][self._is_one(pair)] += 1

    def one_incident(self, pair: Pair) -> bool:
        """A true pair of one incident that is no exception."""
        others, same = self._seen[self._cell(pair)]
        return self._is_one(pair) and same >= others

    def _is_one(self, pair: Pair) -> bool:
        one, other = (self._reports[position].truth.incident for position in pair)
        return one == other

    def _cell(self, pair: Pair) -> Nearness:
        near = nearness(*(self._reports[position] for position in pair))
        return near._replace(contradictions=0)


def _heads(count: int, joined: Iterable[Pair]) -> Sequence[int]:
    """The first of all that hang together."""
    heads = list(range(count))

    def head(position: int) -> int:
        while heads[position] != position:
            position = heads[position]
        return position

    for one, other in joined:
        a, b = sorted((head(one), head(other)))
        heads[b] = a
    return [head(position) for position in range(count)]
