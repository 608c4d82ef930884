"""What one report becomes: a version of a report that is known, one more telling of an incident, an incident of a
case, or a case.

`assess` is pure: the facts and the case files that it may look at give the decision and the case as it stands after.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from uuid import UUID

from pipeline.contracts.decision import POLICY_VERSION, Decision
from pipeline.contracts.ids import derived
from pipeline.contracts.vocabulary import Clock, LinkClass, Outcome
from pipeline.domain import link
from pipeline.domain.casefile import CaseFile, CaseState, Incident, Report
from pipeline.domain.clocks import start_clocks
from pipeline.domain.docket import Docket
from pipeline.domain.facts import Facts
from pipeline.domain.link import Evidence, Key, KeyKind, Strength
from pipeline.domain.route import place
from pipeline.domain.score import judge, rise

PROVISIONAL_ARRIVAL_NO = 1 << 62
"""Above every number that the database has given: a report that is not written yet arrived last."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Something that a person should look at: may this report belong to that one? The report's own dispatch does not
    wait.
    """

    report_id: UUID
    other_report_id: UUID
    reasons: tuple[str, ...]


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


@dataclass(frozen=True, slots=True)
class _Found:
    report: Report
    case: CaseFile
    evidence: Evidence

    @property
    def incident(self) -> Incident:
        return self.case.incident_of(self.report.report_id)

    @property
    def is_quoted(self) -> bool:
        return link.QUOTED in self.evidence.reasons


@dataclass(frozen=True, slots=True)
class _Joined:
    """Where the report ends: the case it is filed in, before anything is judged anew."""

    case: CaseFile
    incident_id: UUID
    link_class: LinkClass
    before: CaseFile | None
    absorbed: tuple[CaseFile, ...] = ()
    asks: tuple[Ask, ...] = ()
    reasons: tuple[str, ...] = ()


def assess(facts: Facts, docket: Docket) -> Settlement:
    """Decides one event and takes what it changed into the docket."""
    told = docket.reports_with(link.event_key(facts))
    for report in told:
        for version in report.versions:
            if version.event_id == facts.event_id and version.content_key == facts.content_key:
                return _redelivery(version, report.report_id, docket)
    if told:
        facts = replace(facts, event_key=reused_key(facts))
    amended, facts = _amended(facts, told, docket)
    report = amended.with_version(facts) if amended else _new_report(facts, docket)
    found = tuple(_evidence(report, docket))
    joined = _amend(report, found, docket) if amended else _join(report, found)
    settlement = _settle(facts, report, joined, tuple(f.report.report_id for f in found))
    if settlement.after is not None:
        docket.put(
            settlement.after, (c.case_id for c in settlement.absorbed), report.report_id, facts, settlement.decision
        )
    return settlement


def reused_key(facts: Facts) -> UUID:
    """The key of an event whose source and id another content already bears."""
    return derived("reused", facts.event_key.hex, facts.content_key.hex())


def _redelivery(version: Facts, report_id: UUID, docket: Docket) -> Settlement:
    stored = docket.decisions[version.event_key]
    repeated = stored.model_copy(update={"outcome": Outcome.REDELIVERY, "link_class": LinkClass.REDELIVERY})
    return Settlement(version, report_id, repeated)


def _amended(facts: Facts, told: Sequence[Report], docket: Docket) -> tuple[Report | None, Facts]:
    numbered = sorted(docket.reports_with(link.number_key(facts)), key=lambda r: -r.arrival_no)
    known = (*told, *(r for r in numbered if r not in told))
    same = next((r for r in known if not _contradicts(r, facts)), None)
    fault = ("report_no_reused" if known else None) if same is None else "id_reused" if told else None
    return same, replace(facts, faults=(*facts.faults, fault)) if fault else facts


def _contradicts(report: Report, facts: Facts) -> bool:
    with_victims = [v for v in report.versions if v.victims]
    return bool(with_victims) and all(link.contradict(v, facts) for v in with_victims)


def _new_report(facts: Facts, docket: Docket) -> Report:
    arrival_no = PROVISIONAL_ARRIVAL_NO + len(docket.decisions)
    return Report(derived("report", facts.event_key.hex), arrival_no, (facts,))


def _evidence(report: Report, docket: Docket) -> Iterable[_Found]:
    """Every other report that a key leads to, with what speaks for it; those for which nothing speaks are left out."""
    new = _told(report)
    others = {
        report_id
        for key in link.sought_keys(new)
        if key.kind not in (KeyKind.EVENT, KeyKind.NUMBER) and key != Key(KeyKind.BEARS, new.report_no)
        for report_id in docket.bearers(key)
    }
    for report_id in sorted(others - {report.report_id}):
        other = docket.report(report_id)
        known = _told(other)
        evidence = link.compare(new, known, number_is_shared=_number_is_shared(report, other, docket))
        if evidence.strength is not Strength.NONE:
            yield _Found(other, docket.case_of(report_id), evidence)


def _told(report: Report) -> Facts:
    """The newest version, with the numbers that any version quoted."""
    numbers = dict.fromkeys(n for v in report.versions for n in v.related_report_nos)
    return replace(report.newest, related_report_nos=tuple(numbers))


def _number_is_shared(one: Report, other: Report, docket: Docket) -> bool:
    """Whether a number that one of the two quotes is borne by several reports of sources other than the one that
    quotes it.
    """
    for quoter, quoted in ((_told(one), other), (_told(other), one)):
        number = quoted.newest.report_no
        if number in quoter.related_report_nos and quoter.source != quoted.newest.source:
            bearers = docket.bearers(Key(KeyKind.BEARS, number))
            others = {r for r, source in bearers.items() if source != quoter.source} - {quoted.report_id}
            if others:
                return True
    return False


def _join(report: Report, found: Sequence[_Found]) -> _Joined:
    asks = _asks(report, found)
    links = [f for f in found if f.evidence.strength in (Strength.HOUSEHOLD, Strength.INCIDENT)]
    if not links:
        return replace(_initial(report), asks=asks)
    still_open = [f for f in links if f.case.state is not CaseState.CLOSED]
    if not still_open:
        return replace(_re_report(report, links), asks=asks)
    home, absorbed, disputed = _home(still_open)
    merged = _merge(home, absorbed)
    here = {r.report_id for r in merged.reports}
    same = [f for f in still_open if f.evidence.strength is Strength.INCIDENT and f.report.report_id in here]
    before = home
    asks = (*asks, *_asks(report, disputed, "cases_in_hand"))
    reasons = _reasons(still_open)
    if not same:
        incident = Incident(derived("incident", report.report_id.hex), (report,))
        case = replace(merged, incidents=_by_arrival((*merged.incidents, incident)))
        return _Joined(case, incident.incident_id, LinkClass.NEW_INCIDENT, before, absorbed, asks, reasons)
    case, incident_id = _tell_again(merged, report, same)
    return _Joined(case, incident_id, LinkClass.DUPLICATE, before, absorbed, asks, reasons)


def _initial(report: Report) -> _Joined:
    incident = Incident(derived("incident", report.report_id.hex), (report,))
    case = CaseFile(derived("case", report.report_id.hex), derived("household", report.report_id.hex), (incident,))
    return _Joined(case, incident.incident_id, LinkClass.INITIAL, None)


def _re_report(report: Report, links: Sequence[_Found]) -> _Joined:
    last = max((f.case for f in links), key=lambda c: (c.arrival_no, c.case_id))
    opened = _initial(report)
    case = replace(opened.case, household_id=last.household_id, linked_case_id=last.case_id)
    return replace(opened, case=case, link_class=LinkClass.RE_REPORT, reasons=_reasons(links))


def _home(links: Sequence[_Found]) -> tuple[CaseFile, tuple[CaseFile, ...], tuple[_Found, ...]]:
    """The case that takes the report in, the cases that become its aliases, and the links that only a person may
    follow.

    The oldest case stays. Cases that somebody has in hand are never joined by themselves.
    """
    cases = sorted({f.case.case_id: f.case for f in links}.values(), key=lambda c: (c.arrival_no, c.case_id))
    if all(c.state is CaseState.WAITING for c in cases):
        return cases[0], tuple(cases[1:]), ()
    same = [f.case.case_id for f in links if f.evidence.strength is Strength.INCIDENT]
    home = next((c for c in cases if c.case_id in same), cases[0])
    return home, (), tuple(f for f in links if f.case.case_id != home.case_id)


def _merge(home: CaseFile, absorbed: Sequence[CaseFile]) -> CaseFile:
    incidents = (i for c in (home, *absorbed) for i in c.incidents)
    standings = [c.standing for c in (home, *absorbed) if c.standing]
    return replace(home, incidents=_by_arrival(incidents), standing=reduce(rise, standings))


def _by_arrival(incidents: Iterable[Incident]) -> tuple[Incident, ...]:
    return tuple(sorted(incidents, key=lambda i: (i.arrival_no, i.incident_id)))


def _tell_again(case: CaseFile, report: Report, same: Sequence[_Found]) -> tuple[CaseFile, UUID]:
    """Adds a report to the incident that it tells of. A quoted number joins incidents; nearness in time only chooses
    among them.
    """
    quoted = {f.report.report_id for f in same if f.is_quoted}
    if quoted:
        chosen = [i for i in case.incidents if any(r.report_id in quoted for r in i.reports)]
    else:
        chosen = [case.incident_of(min(same, key=lambda f: _distance(report, f)).report.report_id)]
    return _unite(case, chosen, report)


def _distance(report: Report, found: _Found) -> tuple[timedelta, int]:
    one, other = report.newest, found.report.newest
    gap = abs((one.occurred_at or one.clock_start) - (other.occurred_at or other.clock_start))
    return gap, -found.report.arrival_no


def _unite(case: CaseFile, chosen: Sequence[Incident], report: Report) -> tuple[CaseFile, UUID]:
    """Makes one incident, the oldest, of the chosen ones, and puts the report's present state into it."""
    told = {r.report_id: r for i in chosen for r in i.reports} | {report.report_id: report}
    reports = tuple(sorted(told.values(), key=lambda r: (r.arrival_no, r.report_id)))
    oldest = min(chosen, key=lambda i: (i.arrival_no, i.incident_id))
    united = Incident(oldest.incident_id, reports, reduce(_earliest, (i.clocks for i in chosen)))
    ids = {i.incident_id for i in chosen}
    rest = (i for i in case.incidents if i.incident_id not in ids)
    return replace(case, incidents=_by_arrival((*rest, united))), united.incident_id


def _earliest(one: Mapping[Clock, datetime], other: Mapping[Clock, datetime]) -> Mapping[Clock, datetime]:
    return {c: min(due for due in (one.get(c), other.get(c)) if due) for c in Clock if c in one or c in other}


def _amend(report: Report, found: Sequence[_Found], docket: Docket) -> _Joined:
    """Files a new version of a report, and follows what it newly shows: a case it was not linked with so far may join."""
    own = docket.case_of(report.report_id)
    links = [f for f in found if f.evidence.strength in (Strength.HOUSEHOLD, Strength.INCIDENT)]
    elsewhere = [f for f in links if f.case.case_id != own.case_id and f.case.state is not CaseState.CLOSED]
    joinable = all(c.state is CaseState.WAITING for c in (own, *(f.case for f in elsewhere)))
    disputed = () if joinable else tuple(elsewhere)
    cases = {c.case_id: c for c in (own, *(f.case for f in elsewhere if joinable))}
    home, *absorbed = sorted(cases.values(), key=lambda c: (c.arrival_no, c.case_id))
    merged = _merge(home, absorbed)
    here = {r.report_id for r in merged.reports}
    told_here = [f for f in links if f.evidence.strength is Strength.INCIDENT and f.report.report_id in here]
    same = [f for f in told_here if f.is_quoted or f.case.case_id != own.case_id]
    chosen = {merged.incident_of(report.report_id).incident_id, *(f.incident.incident_id for f in same)}
    case, incident_id = _unite(merged, [i for i in merged.incidents if i.incident_id in chosen], report)
    asks = (*_asks(report, found), *_asks(report, disputed, "cases_in_hand"))
    return _Joined(case, incident_id, LinkClass.AMENDMENT, home, tuple(absorbed), asks, _reasons(links))


def _asks(report: Report, found: Sequence[_Found], *reasons: str) -> tuple[Ask, ...]:
    return tuple(
        Ask(report.report_id, f.report.report_id, (*f.evidence.reasons, *reasons))
        for f in found
        if reasons or f.evidence.strength is Strength.ASK
    )


def _reasons(links: Sequence[_Found]) -> tuple[str, ...]:
    return tuple(sorted({reason for f in links for reason in f.evidence.reasons}))


_OUTCOMES = {
    LinkClass.INITIAL: Outcome.CASE,
    LinkClass.NEW_INCIDENT: Outcome.CASE,
    LinkClass.RE_REPORT: Outcome.CASE,
    LinkClass.DUPLICATE: Outcome.DUPLICATE,
    LinkClass.AMENDMENT: Outcome.AMENDMENT,
}


def _settle(facts: Facts, report: Report, joined: _Joined, looked_at: tuple[UUID, ...]) -> Settlement:
    case = _stand(joined.case, joined.incident_id)
    return Settlement(
        facts=facts,
        report_id=report.report_id,
        decision=_decision(facts, case, joined.incident_id, joined.link_class),
        before=joined.before,
        after=case,
        absorbed=joined.absorbed,
        asks=joined.asks,
        link_reasons=joined.reasons,
        looked_at=looked_at,
    )


def _stand(case: CaseFile, incident_id: UUID) -> CaseFile:
    """Judges the case anew over all that is told of it, and starts the clocks of the incident that was told of."""
    incidents = tuple(
        replace(i, clocks=start_clocks(i.view)) if i.incident_id == incident_id else i for i in case.incidents
    )
    own = next(i for i in incidents if i.incident_id == incident_id)
    others = [i.view for i in incidents if i is not own]
    standing = judge([i.view for i in incidents], case.standing)
    return replace(
        case,
        version=case.version + 1,
        incidents=incidents,
        standing=standing,
        routing=place(own.view, others, standing),
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
