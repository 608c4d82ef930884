"""What happens to cases in one transaction: each step changes some and lets some go up in others."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from pipeline.adapters.postgres.docket_reader import Loaded
from pipeline.adapters.postgres.keys import KeyName, Purpose
from pipeline.domain.casefile import CaseFile, CaseState, Incident
from pipeline.domain.regroup import Absorbed, Change, case_begun_by


@dataclass(frozen=True, slots=True)
class Step:
    changes: Sequence[Change]
    absorbed: Sequence[Absorbed]

    @property
    def revived(self) -> Iterator[UUID]:
        """Aliases that are cases again."""
        return (c.after.case_id for c in self.changes if c.before is None and c.after.version > 1)


@dataclass(slots=True)
class Moves:
    """Steps in their order, decided on what `loaded` saw; `cases` are all that they touched, as they stand after."""

    loaded: Loaded
    steps: Sequence[Step]
    cases: dict[UUID, CaseFile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for step in self.steps:
            for gone in step.absorbed:
                self.cases[gone.case.case_id] = replace(gone.case.next, state=CaseState.MERGED)
            for change in step.changes:
                self.cases[change.after.case_id] = change.after

    @property
    def live_cases(self) -> tuple[CaseFile, ...]:
        return tuple(c for c in self.cases.values() if c.state is not CaseState.MERGED)

    @property
    def incidents(self) -> Sequence[tuple[Incident, UUID]]:
        """Those of the live cases, each with its case."""
        return [(i, c.case_id) for c in self.live_cases for i in c.incidents]

    @property
    def vanished(self) -> Sequence[UUID]:
        """Incidents that were there, of cases that were touched, and have no reports any more."""
        here = {i.incident_id for i, _ in self.incidents}
        return [i for i, case_id in self.loaded.case_of_incident.items() if i not in here and case_id in self.cases]

    def case_of_report(self) -> Mapping[UUID, UUID]:
        return {r.report_id: c.case_id for c in self.live_cases for r in c.reports}

    def moved(self) -> Iterable[tuple[UUID, UUID]]:
        """(event_key, new case) of each version that was stored under another case."""
        stored = self.loaded.wrapped
        return (
            (facts.event_key, case.case_id)
            for case in self.live_cases
            for report in case.reports
            for facts in report.versions
            if facts.event_key in stored and stored[facts.event_key].case_id != case.case_id
        )

    @property
    def is_joining(self) -> bool:
        return any(step.absorbed for step in self.steps)

    def begun(self) -> Iterator[tuple[UUID, UUID]]:
        """(case that the report began or would begin, case where it stands now) of each that stands in another's."""
        begun = ((case_begun_by(r), case_id) for r, case_id in self.case_of_report().items())
        return ((own, case_id) for own, case_id in begun if own != case_id)

    def key_names(self) -> frozenset[KeyName]:
        """The keys that wrapping the moved versions anew needs."""
        owners = {owner for key, new in self.moved() for owner in (new, self.loaded.wrapped[key].case_id)}
        return frozenset(KeyName(owner, purpose) for owner in owners for purpose in (Purpose.REPORT, Purpose.ORIGINAL))
