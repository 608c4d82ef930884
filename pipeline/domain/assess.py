"""What one report becomes: a version of a report that is known, one more telling of an incident, an incident of a
case, or a case.

`assess` is pure: the facts and the case files that it may look at give the decision and the case as it stands after.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from pipeline.contracts.decision import POLICY_VERSION, Decision
from pipeline.contracts.ids import derived
from pipeline.contracts.vocabulary import LinkClass, Outcome
from pipeline.domain import evidence, filing, link
from pipeline.domain.candidates import Found, find
from pipeline.domain.casefile import CaseFile, Report
from pipeline.domain.clocks import start_clocks
from pipeline.domain.docket import Docket
from pipeline.domain.facts import Facts
from pipeline.domain.filing import Ask, Filed
from pipeline.domain.route import place
from pipeline.domain.score import judge

PROVISIONAL_ARRIVAL_NO = 1 << 62
"""Above every number that the database has given: a report that is not written yet arrived last."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What one event changes. A redelivery changes nothing: `after` is None. `absorbed` are cases that became aliases
    of `after`.
    """

    facts: Facts
    report_id: UUID
    decision: Decision
    before: CaseFile | None = None
    after: CaseFile | None = None
    absorbed: tuple[CaseFile, ...] = ()
    asks: tuple[Ask, ...] = ()
    link_reasons: tuple[str, ...] = ()
    looked_at: tuple[UUID, ...] = ()


def assess(facts: Facts, docket: Docket) -> Settlement:
    """Decides one event and takes what it changed into the docket."""
    told = _newest_first(docket.reports_with(link.event_key(facts)))
    for report in told:
        for version in report.versions:
            if version.event_id == facts.event_id and version.content_key == facts.content_key:
                return _redelivery(version, report, docket)
    settlement = _new_version(facts, told, docket)
    if settlement.after:
        docket.put(settlement.after, settlement.absorbed, settlement.report_id, settlement.facts, settlement.decision)
    return settlement


def reused_key(facts: Facts) -> UUID:
    """The key of an event whose source and id another content already bears."""
    return derived("reused", facts.event_key.hex, facts.content_key.hex())


def _redelivery(version: Facts, report: Report, docket: Docket) -> Settlement:
    stored = docket.decisions[version.event_key]
    repeated = stored.model_copy(update={"outcome": Outcome.REDELIVERY, "link_class": LinkClass.REDELIVERY})
    return Settlement(version, report.report_id, repeated)


def _new_version(facts: Facts, told: tuple[Report, ...], docket: Docket) -> Settlement:
    number = link.number_key(facts)
    numbered = _newest_first(docket.reports_with(number)) if number else ()
    known = (*told, *(r for r in numbered if r not in told))
    amended = next((r for r in known if not _contradicts(r, facts)), None)
    if told:
        facts = replace(facts, event_key=reused_key(facts))
    if amended is None:
        return _file_new(_noted(facts, "report_no_reused") if known else facts, docket)
    return _file_version(_noted(facts, "id_reused") if told else facts, amended, docket)


def _noted(facts: Facts, fault: str) -> Facts:
    return replace(facts, faults=(*facts.faults, fault))


def _file_new(facts: Facts, docket: Docket) -> Settlement:
    arrival_no = PROVISIONAL_ARRIVAL_NO + len(docket.decisions)
    report = Report(derived("report", facts.event_key.hex), arrival_no, (facts,))
    found = tuple(find(report, facts, docket))
    return _settle(facts, report, filing.join(report, found), found)


def _file_version(facts: Facts, amended: Report, docket: Docket) -> Settlement:
    report = amended.with_version(facts)
    found = tuple(find(report, facts, docket))
    return _settle(facts, report, filing.amend(report, found, docket.case_of(report.report_id)), found)


def _newest_first(reports: Iterable[Report]) -> tuple[Report, ...]:
    return tuple(sorted(reports, key=lambda r: (-r.arrival_no, r.report_id)))


def _contradicts(report: Report, facts: Facts) -> bool:
    with_victims = [v for v in report.versions if v.victims]
    return bool(with_victims) and all(evidence.contradict(v, facts) for v in with_victims)


_OUTCOMES = {
    LinkClass.INITIAL: Outcome.CASE,
    LinkClass.NEW_INCIDENT: Outcome.CASE,
    LinkClass.RE_REPORT: Outcome.CASE,
    LinkClass.DUPLICATE: Outcome.DUPLICATE,
    LinkClass.AMENDMENT: Outcome.AMENDMENT,
}


def _settle(facts: Facts, report: Report, filed: Filed, found: tuple[Found, ...]) -> Settlement:
    case = _stand(filed.case, filed.incident_id)
    return Settlement(
        facts=facts,
        report_id=report.report_id,
        decision=_decision(facts, case, filed.incident_id, filed.link_class),
        before=filed.before,
        after=case,
        absorbed=filed.absorbed,
        asks=filed.asks,
        link_reasons=filed.reasons,
        looked_at=tuple(f.report.report_id for f in found),
    )


def _stand(case: CaseFile, incident_id: UUID) -> CaseFile:
    """Judges the case anew over all that is told of it, and starts the clocks of the incident that was told of."""
    views = {i.incident_id: i.view for i in case.incidents}
    standing = judge(tuple(views.values()), case.standing)
    own = views.pop(incident_id)
    clocks = start_clocks(own)
    return replace(
        case,
        version=case.version + 1,
        incidents=tuple(replace(i, clocks=clocks) if i.incident_id == incident_id else i for i in case.incidents),
        standing=standing,
        routing=place(own, tuple(views.values()), standing),
    )


def _decision(facts: Facts, case: CaseFile, incident_id: UUID, link_class: LinkClass) -> Decision:
    standing, routing = case.judged
    return Decision(
        event_id=facts.event_id,
        outcome=_OUTCOMES[link_class],
        link_class=link_class,
        incident_id=incident_id,
        case_id=case.case_id,
        household_id=case.household_id,
        queue=standing.queue,
        also=tuple(sorted(standing.also)),
        priority=standing.priority,
        child_grade=standing.child_grade,
        tags=tuple(sorted(standing.tags | routing.tags)),
        county=routing.county,
        centre=routing.centre,
        score=standing.score,
        reasons=standing.reasons,
        clocks=case.incident(incident_id).clocks,
        faults=facts.faults,
        policy_version=POLICY_VERSION,
    )
