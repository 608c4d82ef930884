"""Lets events come in one after the other, and keeps what each of them became."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from telling import NOON, TERMS

from pipeline.domain import link
from pipeline.domain.assess import PROVISIONAL_ARRIVAL_NO, Settlement, assess
from pipeline.domain.casefile import CaseFile, CaseState, Incident, Report
from pipeline.domain.docket import Docket
from pipeline.domain.facts import Facts
from pipeline.domain.filing import Filed
from pipeline.domain.notices import Notice, Stamp, notices
from pipeline.domain.weights import weights

STAMP = Stamp(NOON, 1)


@dataclass
class Desk:
    """All cases in memory, with the settlements that made them."""

    docket: Docket = field(default_factory=Docket)
    settled: list[Settlement] = field(default_factory=list)

    def take(self, facts: Facts) -> Settlement:
        self.settled.append(assess(facts, self.docket, TERMS))
        return self.settled[-1]

    def take_all(self, events: Iterable[Facts]) -> Sequence[Settlement]:
        return [self.take(facts) for facts in events]

    def set_state(self, case: CaseFile, state: CaseState) -> None:
        """What a person at the desk would do."""
        self.docket.file(replace(self.docket.cases[case.case_id], state=state))

    @property
    def told(self) -> list[Notice]:
        return [notice for settlement in self.settled for notice in notices(settlement, STAMP)]

    def incident_of(self, settlement: Settlement) -> UUID:
        """Where the report of this settlement stands now."""
        case = self.docket.case_of(settlement.report_id)
        return case.incident_of(settlement.report_id).incident_id


def filed(settlement: Settlement) -> Filed:
    """Where the report of a settlement that changed something was filed."""
    assert settlement.filed
    return settlement.filed


def after(*events: Facts) -> Desk:
    desk = Desk()
    desk.take_all(events)
    return desk


def looked_up(docket: Docket, facts: Facts) -> Docket:
    """The docket as a database would fill it for this one event: the cases that its keys lead to, and no others."""
    narrow = Docket()
    borne = [(key, *bearer) for key in link.sought_keys(facts) for bearer in docket.bearers(key).items()]
    for case in near(docket, [docket.case_of(report_id) for _, report_id, _ in borne]):
        narrow.file(_written(case))
    for key, report_id, source in borne:
        narrow.find_by(key, report_id, source)
    for key in {k for c in narrow.cases.values() for r in c.reports for v in r.versions for k in link.quoted_keys(v)}:
        for report_id, source in docket.bearers(key).items():
            narrow.find_by(key, report_id, source)
    for (one, other), bond in docket.bonds.among(
        [r.report_id for c in narrow.cases.values() for r in c.reports]
    ).items():
        narrow.bonds.put(one, other, bond)
    narrow.aliases.update(docket.aliases)
    narrow.decisions.update(docket.decisions)
    return narrow


def near(docket: Docket, found: Sequence[CaseFile]) -> Sequence[CaseFile]:
    """These and the open cases that strong bonds lead to from them."""
    cases = {case.case_id: case for case in found}
    waiting = list(cases.values())
    while waiting:
        case = waiting.pop()
        if case.state is CaseState.CLOSED:
            continue
        bonds = [item for r in case.reports for item in docket.bonds.of(r.report_id).items()]
        led_to = [docket.case_of(other) for other, bond in bonds if bond.household >= weights().household_join]
        fresh = {c.case_id: c for c in led_to if c.case_id not in cases}
        cases |= fresh
        waiting += fresh.values()
    return list(cases.values())


def _written(case: CaseFile) -> CaseFile:
    return replace(case, incidents=tuple(_numbered(i) for i in case.incidents))


def _numbered(incident: Incident) -> Incident:
    reports = (Report(r.report_id, r.arrival_no - PROVISIONAL_ARRIVAL_NO, r.versions) for r in incident.reports)
    return replace(incident, reports=tuple(reports))
