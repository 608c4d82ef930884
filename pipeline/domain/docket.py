"""The case files that a decision may look at, held in memory, and the keys to find them by.

Offline it holds everything; live it is filled with what the batch's keys found in the database, and grows with the
batch itself.
"""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from pipeline.contracts.decision import Decision
from pipeline.domain.bonds import Bonds
from pipeline.domain.casefile import CaseFile, CaseState, Report
from pipeline.domain.facts import Facts
from pipeline.domain.link import Key, stored_keys

Bearers = Mapping[UUID, str]


class Docket:
    """Changed only by the decisions themselves; whoever reads gets frozen values. `bearers` maps a key to the reports
    that bear it and their sources; `aliases` are the cases that went up in others.
    """

    def __init__(self) -> None:
        self.cases: dict[UUID, CaseFile] = {}
        self.aliases: dict[UUID, CaseFile] = {}
        self.decisions: dict[UUID, Decision] = {}
        self._case_of_report: dict[UUID, UUID] = {}
        self._reports: dict[UUID, Report] = {}
        self._bearers: dict[Key, dict[UUID, str]] = {}
        self.bonds = Bonds()

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
        """Puts a case file here, in the place of its earlier state. One that was an alias is a case again."""
        self.aliases.pop(case.case_id, None)
        self.cases[case.case_id] = case
        for report in case.reports:
            self._case_of_report[report.report_id] = case.case_id
            self._reports[report.report_id] = report

    def merge_away(self, gone: CaseFile) -> None:
        """A case whose reports are all in others now."""
        self.cases.pop(gone.case_id, None)
        self.aliases[gone.case_id] = replace(gone.next, state=CaseState.MERGED)

    def keep(self, report_id: UUID, facts: Facts, decision: Decision) -> None:
        """Remembers a version that was decided, and the keys that it is found by."""
        self.decisions[facts.event_key] = decision
        for key in stored_keys(facts):
            self.find_by(key, report_id, facts.source)
