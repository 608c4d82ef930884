"""What is known of pairs of reports: how likely they are one, and what people have decided of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from pipeline.domain.partition import Pair, Ties, pair


class Bond(NamedTuple):
    """Probabilities from 0 to 1 that two reports tell of one household, and of one incident."""

    household: float
    incident: float

    @property
    def incident_in_household(self) -> float:
        """The probability of one incident if the household is one."""
        return self.incident / self.household if self.household else 0.0


class Scope(StrEnum):
    """What two reports are said to be one of."""

    HOUSEHOLD = "household"
    INCIDENT = "incident"


class Tie(NamedTuple):
    """A person's word on two reports; the latest word on a pair and scope holds."""

    pair: Pair
    scope: Scope
    together: bool


class Bonds:
    """The bonds and ties of the reports in a docket, each found from both its reports."""

    def __init__(self) -> None:
        self._bonds: defaultdict[UUID, dict[UUID, Bond]] = defaultdict(dict)
        self._ties: dict[tuple[Pair, Scope], bool] = {}
        self._tied: defaultdict[UUID, set[UUID]] = defaultdict(set)
        self.overwritten: dict[Pair, Bond | None] = {}

    def put(self, one: UUID, other: UUID, bond: Bond) -> None:
        self._keep_old(one, other)
        self._bonds[one][other] = self._bonds[other][one] = bond

    def drop(self, one: UUID, other: UUID) -> None:
        self._keep_old(one, other)
        self._bonds[one].pop(other, None)
        self._bonds[other].pop(one, None)

    def _keep_old(self, one: UUID, other: UUID) -> None:
        self.overwritten.setdefault(pair(one, other), self.of(one).get(other))

    def of(self, report_id: UUID) -> Mapping[UUID, Bond]:
        return self._bonds.get(report_id, {})

    def tie(self, tie: Tie) -> None:
        self._ties[tie.pair, tie.scope] = tie.together
        one, other = tie.pair
        self._tied[one].add(other)
        self._tied[other].add(one)

    def is_decided(self, one: UUID, other: UUID) -> bool:
        """Whether a person has decided if the two are of one household."""
        return (
            bool(self._ties.get((pair(one, other), Scope.INCIDENT)))
            or (pair(one, other), Scope.HOUSEHOLD) in self._ties
        )

    def ties_of(self, report_ids: Collection[UUID]) -> Iterable[Tie]:
        """Every word on these reports, each once."""
        here = frozenset(report_ids)
        return (Tie(two, scope, said) for (two, scope), said in self._ties.items() if not here.isdisjoint(two))

    def tied_to(self, report_id: UUID) -> Iterable[UUID]:
        """Whom people put together with this report."""
        for other in self._tied.get(report_id, ()):
            if any(self._ties.get((pair(report_id, other), scope)) for scope in Scope):
                yield other

    def among(self, members: Collection[UUID]) -> Mapping[Pair, Bond]:
        here = frozenset(members)
        return {
            (one, other): bond for one in here for other, bond in self.of(one).items() if one < other and other in here
        }

    def ties_among(self, members: Collection[UUID], scope: Scope) -> Ties:
        """Those who are one incident are one household, too; those who are two households are two incidents."""
        here = frozenset(members)
        said: dict[bool, set[Pair]] = {True: set(), False: set()}
        for one in here:
            for other in self._tied.get(one, ()):
                if one < other and other in here:
                    self._hear((one, other), scope, said)
        return Ties(frozenset(said[True]), frozenset(said[False]))

    def _hear(self, two: Pair, scope: Scope, said: Mapping[bool, set[Pair]]) -> None:
        incident, household = (self._ties.get((two, s)) for s in (Scope.INCIDENT, Scope.HOUSEHOLD))
        own, implied = (incident, False) if scope is Scope.INCIDENT else (household, True)
        above = household if scope is Scope.INCIDENT else incident
        if own is not None:
            said[own].add(two)
        elif above is implied:
            said[implied].add(two)
