"""The case files that a decision may look at, held in memory, and the keys to find them by.

Offline it holds everything; live it is filled with what the batch's keys found in the database, and grows with the
batch itself.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from pipeline.contracts.decision import Decision
from pipeline.domain.casefile import CaseFile, Report
from pipeline.domain.facts import Facts
from pipeline.domain.link import Key, stored_keys

Bearers = Mapping[UUID, str]


class Docket:
    """Changed only by `put`; whoever reads gets frozen values. `bearers` maps a key to the reports that bear it and
    their sources.
    """

    def __init__(self) -> None:
        self.cases: dict[UUID, CaseFile] = {}
        self.decisions: dict[UUID, Decision] = {}
        self._case_of_report: dict[UUID, UUID] = {}
        self._reports: dict[UUID, Report] = {}
        self._bearers: dict[Key, dict[UUID, str]] = {}

    def bearers(self, key: Key) -> Bearers:
        return self._bearers.get(key, {})

    def case_of(self, report_id: UUID) -> CaseFile:
        return self.cases[self._case_of_report[report_id]]

    def report(self, report_id: UUID) -> Report:
        return self._reports[report_id]

    def reports_with(self, key: Key) -> tuple[Report, ...]:
        return tuple(self.report(report_id) for report_id in self.bearers(key))

    def holds(self, report_id: UUID) -> bool:
        return report_id in self._case_of_report

    def find_by(self, key: Key, report_id: UUID, source: str) -> None:
        self._bearers.setdefault(key, {})[report_id] = source

    def file(self, case: CaseFile) -> None:
        """Puts a case file here, in the place of its earlier state."""
        self.cases[case.case_id] = case
        for report in case.reports:
            self._case_of_report[report.report_id] = case.case_id
            self._reports[report.report_id] = report

    def put(
        self, case: CaseFile, absorbed: Iterable[CaseFile], report_id: UUID, facts: Facts, decision: Decision
    ) -> None:
        """Takes in what one decision changed: the case as it stands now, those that it took in, the version and its
        keys.
        """
        for gone in absorbed:
            del self.cases[gone.case_id]
        self.file(case)
        self.decisions[facts.event_key] = decision
        for key in stored_keys(facts):
            self.find_by(key, report_id, facts.source)
