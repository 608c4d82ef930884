"""A household's open file: its incidents, the reports that tell of each, and where the case stands. Frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pipeline.contracts.vocabulary import Category
from pipeline.domain.dangers import IncidentView, ReportView
from pipeline.domain.facts import Facts
from pipeline.domain.route import Routing
from pipeline.domain.score import Standing

_SEXUAL = frozenset({Category.SEXUAL_ASSAULT, Category.CHILD_SEXUAL_EXPLOITATION})


class CaseState(StrEnum):
    """Only a waiting case may be joined with another without asking a person; a closed one is never added to; a merged
    one lives on as an alias. Of an erased one nothing personal can be opened any more: it has no case file.
    """

    WAITING = "waiting"
    CLAIMED = "claimed"
    CLOSED = "closed"
    MERGED = "merged"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Report:
    """All versions of one report in their order: time, then id, however they arrived. `arrival_no` orders reports by
    arrival.
    """

    report_id: UUID
    arrival_no: int
    versions: tuple[Facts, ...]

    @property
    def newest(self) -> Facts:
        return self.versions[-1]

    def with_version(self, facts: Facts) -> "Report":
        versions = sorted((*self.versions, facts), key=lambda v: (v.sent_at, v.event_id, v.content_key))
        return Report(self.report_id, self.arrival_no, tuple(versions))


@dataclass(frozen=True, slots=True)
class Incident:
    """One happening, however many tell of it, with its reports in order of arrival and its own clocks."""

    incident_id: UUID
    reports: tuple[Report, ...]
    clocks: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def view(self) -> IncidentView:
        reports = tuple(ReportView(r.versions, r.arrival_no) for r in self.reports)
        return IncidentView(reports, self.clocks, self.incident_id)

    @property
    def arrival_no(self) -> int:
        return self.reports[0].arrival_no


@dataclass(frozen=True, slots=True)
class CaseFile:
    """`version` counts what happened to the case; 0 is a case that nothing has been written of yet."""

    case_id: UUID
    household_id: UUID
    incidents: tuple[Incident, ...]
    version: int = 0
    state: CaseState = CaseState.WAITING
    linked_case_id: UUID | None = None
    standing: Standing | None = None
    routing: Routing | None = None

    @property
    def arrival_no(self) -> int:
        return min(i.arrival_no for i in self.incidents)

    @property
    def reports(self) -> tuple[Report, ...]:
        return tuple(r for i in self.incidents for r in i.reports)

    @property
    def categories(self) -> tuple[Category, ...]:
        """All that was ever told of it, in the order of their names."""
        return tuple(sorted({c for r in self.reports for v in r.versions for c in v.categories}))

    @property
    def is_sexual(self) -> bool:
        """Whether any report, item or row of the policy tells of sexual violence: the law then covers the text, too."""
        told = () if self.standing is None else (*self.standing.tags, *(r.code for r in self.standing.reasons))
        return not _SEXUAL.isdisjoint(self.categories) or any("sexual" in code for code in told)

    @property
    def judged(self) -> tuple[Standing, Routing]:
        """Where the case stands and waits. ValueError for a case that nothing has been decided of yet."""
        if self.standing is None or self.routing is None:
            raise ValueError("this case has not been judged")
        return self.standing, self.routing

    @property
    def next(self) -> "CaseFile":
        """The same case after one more thing has happened to it."""
        return replace(self, version=self.version + 1)

    def incident(self, incident_id: UUID) -> Incident:
        return next(i for i in self.incidents if i.incident_id == incident_id)

    def incident_of(self, report_id: UUID) -> Incident:
        return next(i for i in self.incidents if any(r.report_id == report_id for r in i.reports))
