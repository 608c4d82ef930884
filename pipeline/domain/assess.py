"""What one report becomes: a version of a report that is known, one more telling of an incident, an incident of a
case, or a case.

`assess` is pure: the facts and the case files that it may look at give the decision and the case as it stands after.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from pipeline.contracts.decision import Decision
from pipeline.contracts.ids import derived
from pipeline.contracts.vocabulary import LinkClass, Outcome
from pipeline.domain import evidence, filing, link
from pipeline.domain.candidates import Found, find
from pipeline.domain.casefile import CaseFile, Report
from pipeline.domain.docket import Docket, Gone
from pipeline.domain.facts import Facts
from pipeline.domain.filing import Ask, Filed
from pipeline.domain.terms import Terms

PROVISIONAL_ARRIVAL_NO = 1 << 62
"""Above every number that the database has given: a report that is not written yet arrived last."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What one event changes. A redelivery changes nothing: `filed` is None. `found` are the reports that this one was
    compared with.
    """

    facts: Facts
    report_id: UUID
    decision: Decision
    filed: Filed | None = None
    found: tuple[Found, ...] = ()

    @property
    def after(self) -> CaseFile | None:
        """The report's case as it stands now."""
        return self.filed.change.after if self.filed else None

    @property
    def asks(self) -> tuple[Ask, ...]:
        """What a person should look at for it."""
        return self.filed.asks if self.filed else ()


def assess(facts: Facts, docket: Docket, terms: Terms) -> Settlement:
    """Decides one event under these terms and takes what it changed into the docket."""
    docket.begin()
    told = _newest_first(docket.reports_with(link.event_key(facts)))
    for report in told:
        for version in report.versions:
            if version.event_id == facts.event_id and version.content_key == facts.content_key:
                return _redelivery(version, report, docket)
    erased = _erased(facts, docket)
    if erased and erased.event_key in docket.decisions:
        return _repeated(replace(facts, event_key=erased.event_key), erased.report_id, docket)
    settlement = _new_version(facts, told, docket, terms)
    if settlement.filed:
        _keep(settlement, settlement.filed, docket)
    return settlement


def _keep(settlement: Settlement, filed: Filed, docket: Docket) -> None:
    for gone in filed.absorbed:
        docket.merge_away(gone.case)
    for change in filed.changes:
        docket.file(change.after)
    docket.keep(settlement.report_id, settlement.facts, settlement.decision)


def report_begun_by(event_key: UUID) -> UUID:
    """The id of the report whose first version this event is."""
    return derived("report", event_key.hex)


def reused_key(facts: Facts) -> UUID:
    """The key of an event whose source and id another content already bears."""
    return derived("reused", facts.event_key.hex, facts.content_key.hex())


def _redelivery(version: Facts, report: Report, docket: Docket) -> Settlement:
    return _repeated(version, report.report_id, docket)


def _repeated(version: Facts, report_id: UUID, docket: Docket) -> Settlement:
    stored = docket.decisions[version.event_key]
    repeated = stored.model_copy(update={"outcome": Outcome.REDELIVERY, "link_class": LinkClass.REDELIVERY})
    return Settlement(version, report_id, repeated)


def _erased(facts: Facts, docket: Docket) -> Gone | None:
    """The version of an erased case that this event is, come again; None for a new one."""
    known = docket.gone.get(facts.event_key)
    if known and facts.content_key in known.contents:
        return known
    return docket.gone.get(reused_key(facts))


def _new_version(facts: Facts, told: tuple[Report, ...], docket: Docket, terms: Terms) -> Settlement:
    if erased := _erased(facts, docket):
        return _file_alone(replace(facts, event_key=erased.event_key), docket, terms)
    is_reused = bool(told) or facts.event_key in docket.gone
    number = link.number_key(facts)
    numbered = _newest_first(docket.reports_with(number)) if number else ()
    known = (*told, *(r for r in numbered if r not in told))
    amended = next((r for r in known if not _contradicts(r, facts)), None)
    if is_reused:
        facts = replace(facts, event_key=reused_key(facts))
    noted = _noted(facts, "id_reused") if is_reused else facts
    if amended is None:
        return _file_new(_noted(facts, "report_no_reused") if known else noted, docket, terms)
    return _file_version(noted, amended, docket, terms)


def _file_alone(erased: Facts, docket: Docket, terms: Terms) -> Settlement:
    """An erased event that a restored database has not settled yet. It draws nothing into what is erased again."""
    report = Report(report_begun_by(erased.event_key), PROVISIONAL_ARRIVAL_NO + docket.decided, (erased,))
    filed = filing.file(report, erased, (), docket, terms)
    return Settlement(erased, report.report_id, _decision(erased, filed), filed)


def _noted(facts: Facts, fault: str) -> Facts:
    return replace(facts, faults=(*facts.faults, fault))


def _file_new(facts: Facts, docket: Docket, terms: Terms) -> Settlement:
    arrival_no = PROVISIONAL_ARRIVAL_NO + docket.decided
    return _file(facts, Report(report_begun_by(facts.event_key), arrival_no, (facts,)), docket, terms)


def _file_version(facts: Facts, amended: Report, docket: Docket, terms: Terms) -> Settlement:
    return _file(facts, amended.with_version(facts), docket, terms)


def _file(facts: Facts, report: Report, docket: Docket, terms: Terms) -> Settlement:
    found = tuple(find(report, facts, docket))
    filed = filing.file(report, facts, found, docket, terms)
    return Settlement(facts, report.report_id, _decision(facts, filed), filed, found)


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


def _decision(facts: Facts, filed: Filed) -> Decision:
    case = filed.change.after
    standing, routing = case.judged
    return Decision(
        event_id=facts.event_id,
        outcome=_OUTCOMES[filed.link_class],
        link_class=filed.link_class,
        incident_id=filed.incident.incident_id,
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
        clocks=filed.incident.clocks,
        faults=facts.faults,
        policy_version=standing.policy_version,
    )
