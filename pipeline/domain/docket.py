"""The case files that a decision may look at, held in memory, and the keys to find them by.

Offline it holds everything; live it is filled with what the batch's keys found in the database, and grows with the
batch itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from uuid import UUID

from pipeline.contracts.decision import Decision
from pipeline.domain.bonds import Bond, Bonds
from pipeline.domain.casefile import CaseFile, CaseState, Report
from pipeline.domain.facts import Facts
from pipeline.domain.link import Key, stored_keys
from pipeline.domain.partition import Pair

Bearers = Mapping[UUID, str]


class Gone(NamedTuple):
    """A version that cannot be opened any more, by the key that it is stored by. `contents` are the contents that are
    known to have been its own.
    """

    event_key: UUID
    report_id: UUID
    contents: frozenset[bytes] = frozenset()

    def with_content(self, content: bytes) -> "Gone":
        return self._replace(contents=self.contents | {content})


@dataclass(slots=True)
class Trace:
    """What one decision read, as it stood before the decision changed it. `decided` counts the decisions before it;
    `overwritten` are the bonds that it put in the place of others, with what stood there.
    """

    decided: int = 0
    cases: dict[UUID, CaseFile] = field(default_factory=dict)
    aliases: dict[UUID, CaseFile] = field(default_factory=dict)
    bearers: dict[Key, dict[UUID, str]] = field(default_factory=dict)
    overwritten: dict[Pair, Bond | None] = field(default_factory=dict)


class Docket:
    """Changed only by the decisions themselves; whoever reads gets frozen values. `bearers` maps a key to the reports
    that bear it and their sources; `aliases` are the cases that went up in others; `gone` are, by the
    key by which an event comes, the versions of cases that were erased.
    """

    def __init__(self, decided: int = 0) -> None:
        self.cases: dict[UUID, CaseFile] = {}
        self.aliases: dict[UUID, CaseFile] = {}
        self.gone: dict[UUID, Gone] = {}
        self.decisions: dict[UUID, Decision] = {}
        self.decided = decided
        self.trace = Trace()
        self._case_of_report: dict[UUID, UUID] = {}
        self._reports: dict[UUID, Report] = {}
        self._bearers: dict[Key, dict[UUID, str]] = {}
        self.bonds = Bonds()

    def begin(self) -> None:
        """From here on what is read is noted anew: a decision's receipt names all that it read."""
        self.trace = Trace(self.decided)
        self.bonds.overwritten = self.trace.overwritten

    def bearers(self, key: Key) -> Bearers:
        bearers = self._bearers.get(key, {})
        if bearers and key not in self.trace.bearers:
            self.trace.bearers[key] = dict(bearers)
            for report_id in bearers:
                self._note(report_id)
        return bearers

    def case(self, case_id: UUID) -> CaseFile | None:
        """The open, claimed or closed case of this id."""
        case = self.cases.get(case_id)
        if case:
            self.trace.cases.setdefault(case_id, case)
        return case

    def alias(self, case_id: UUID) -> CaseFile | None:
        """The case of this id that went up in another."""
        alias = self.aliases.get(case_id)
        if alias:
            self.trace.aliases.setdefault(case_id, alias)
        return alias

    def case_of(self, report_id: UUID) -> CaseFile:
        self._note(report_id)
        return self.cases[self._case_of_report[report_id]]

    def report(self, report_id: UUID) -> Report:
        self._note(report_id)
        return self._reports[report_id]

    def reports_with(self, key: Key) -> tuple[Report, ...]:
        return tuple(self.report(report_id) for report_id in self.bearers(key))

    def holds(self, report_id: UUID) -> bool:
        self._note(report_id)
        return report_id in self._case_of_report

    def _note(self, report_id: UUID) -> None:
        case_id = self._case_of_report.get(report_id)
        if case_id is not None and case_id not in self.trace.cases:
            self.trace.cases[case_id] = self.cases[case_id]

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
        self.decided += 1
        self.decisions[facts.event_key] = decision
        for key in stored_keys(facts):
            self.find_by(key, report_id, facts.source)
