"""What another policy would say of a case as it was filed, beside the one in force. It has no effect on anything."""

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from uuid import UUID

from pipeline.contracts.decision import in_taipei
from pipeline.domain.casefile import CaseFile
from pipeline.domain.clocks import start_clocks
from pipeline.domain.route import place
from pipeline.domain.score import judge
from pipeline.domain.terms import Terms

SUCH_AS_MAX = 5
FAILED = "failed"
CLOCK = "clock "

Said = Mapping[str, str | int | None]
Differs = Mapping[str, Sequence[str | int | None]]
"""By name: what the policy in force says, and what the shadow says."""


class Shadowed(NamedTuple):
    """One event as another policy judges it; `beside` is the version of the one in force."""

    event_key: UUID
    version: str
    beside: str
    differs: Differs


def differences(terms: Terms, shadow: Terms, case: CaseFile, report_id: UUID) -> Differs:
    """Both judge the reports of the case afresh: what it had risen to before counts for neither, so that a policy that
    judges lower shows it, too.
    """
    one, other = said(terms, case, report_id), said(shadow, case, report_id)
    names = dict.fromkeys((*one, *other))
    return {name: [one.get(name), other.get(name)] for name in names if one.get(name) != other.get(name)}


def said(terms: Terms, case: CaseFile, report_id: UUID) -> Said:
    """What is said under these terms of a case and of the incident of this report, in plain values."""
    views = {i.incident_id: replace(i.view, clocks={}) for i in case.incidents}
    standing = judge(terms.policy, tuple(views.values()))
    own = views.pop(case.incident_of(report_id).incident_id)
    routing = place(terms, own, tuple(views.values()), standing)
    clocks = {CLOCK + name: in_taipei(due).isoformat() for name, due in start_clocks(terms.policy, own).items()}
    return {
        "queue": standing.queue.value,
        "priority": standing.priority.value,
        "child_grade": standing.child_grade,
        "county": routing.county,
        "centre": routing.centre,
        "score": standing.score,
        **clocks,
    }


@dataclass(slots=True)
class Moved:
    """Reports that move in one way, and the newest of them to open."""

    reports: int = 0
    such_as: deque[str] = field(default_factory=lambda: deque(maxlen=SUCH_AS_MAX))


@dataclass(slots=True)
class Tally:
    """What a shadow said, added up."""

    judged: int = 0
    otherwise: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    moves: dict[tuple[str, str], Moved] = field(default_factory=dict)

    def add(self, event_id: str, differs: Mapping[str, Any]) -> None:
        if FAILED in differs:
            self.failed[differs[FAILED][1]] += 1
            return
        self.judged += 1
        self.otherwise += bool(differs)
        for name, (one, other) in differs.items():
            moved = self.moves.setdefault((name, way(name, one, other)), Moved())
            moved.reports += 1
            moved.such_as.append(event_id)

    def rows(self) -> Iterator[tuple[str, str, Moved]]:
        """The gravest sort of move first, of one sort the most frequent."""
        for name, how in sorted(self.moves, key=lambda key: (_rank(key[0]), -self.moves[key].reports, key)):
            yield name, how, self.moves[name, how]


_ORDER = ("queue", "priority", "child_grade", "county", "centre", CLOCK, "score")


def _rank(name: str) -> int:
    return _ORDER.index(CLOCK if name.startswith(CLOCK) else name)


def way(name: str, one: str | int | None, other: str | int | None) -> str:
    """How something moves, in a few words."""
    if name in {"county", "centre"}:
        return "another"
    if name == "score":
        return "higher" if (other or 0) > (one or 0) else "lower"  # type: ignore[operator] # whole numbers both
    if name.startswith(CLOCK):
        return _clock_way(one, other)
    return f"{one or 'none'} → {other or 'none'}"


def _clock_way(one: str | int | None, other: str | int | None) -> str:
    if one is None:
        return "starts"
    if other is None:
        return "does not start"
    return "earlier" if str(other) < str(one) else "later"
