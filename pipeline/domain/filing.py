"""Which incident of which case a report is filed in. Joining never loses a report and never moves a clock later; what
only a person may join is asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from itertools import product
from uuid import UUID

from pipeline.contracts.ids import derived
from pipeline.contracts.vocabulary import Clock, LinkClass
from pipeline.domain import evidence
from pipeline.domain.candidates import Found
from pipeline.domain.casefile import CaseFile, CaseState, Incident, Report
from pipeline.domain.score import rise

IN_HAND = "cases_in_hand"
"""The evidence would join two cases, but somebody has one of them in hand."""

CROWDED = "case_is_crowded"
"""The evidence leads to a case that holds so many reports that the key says little: a default ID, a helpline."""

CASE_REPORTS_MAX = 200
"""A case never grows beyond this by itself. It bounds the time of a decision, too: all reports of a case are judged."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Something that a person should look at: may this report belong to that one? The report's own dispatch does not
    wait.
    """

    report_id: UUID
    other_report_id: UUID
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filed:
    """Where a report ends, before anything is judged anew. `before` is the case as it stood, `absorbed` are cases that
    become aliases of it.
    """

    case: CaseFile
    incident_id: UUID
    link_class: LinkClass
    before: CaseFile | None = None
    absorbed: tuple[CaseFile, ...] = ()
    asks: tuple[Ask, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Home:
    """The case that takes the report in, the cases that become its aliases, and the links that only a person may
    follow.
    """

    case: CaseFile
    absorbed: tuple[CaseFile, ...] = ()
    disputed: tuple[Found, ...] = ()
    dispute: str = IN_HAND


def join(report: Report, found: Sequence[Found]) -> Filed:
    """Files a new report: as one more telling of an incident, an incident of an open case, or a case."""
    crowds = tuple({f.case.case_id: f for f in found if f.links and f.case.is_full(CASE_REPORTS_MAX)}.values())
    links = [f for f in found if f.links and not f.case.is_full(CASE_REPORTS_MAX)]
    still_open = [f for f in links if f.is_open]
    if still_open:
        filed = _join_open(report, found, still_open)
    else:
        filed = _re_report(report, links) if links else _initial(report)
        filed = replace(filed, asks=_asks(filed.case, report, found, ())) if found else filed
    asks = _asks(filed.case, report, crowds, crowds, CROWDED)
    return replace(filed, asks=(*filed.asks, *asks)) if asks else filed


def amend(report: Report, found: Sequence[Found], own: CaseFile) -> Filed:
    """Files a new version of a report, and follows what it newly shows: another case or incident may join."""
    links = [f for f in found if f.links and (f.is_open or f.case.case_id == own.case_id)]
    home = _home((own, *(f.case for f in links)), links, own)
    case, incident_id = _tell(_merge(home), report, links, own)
    asks = _asks(case, report, found, home.disputed, home.dispute)
    return Filed(case, incident_id, LinkClass.AMENDMENT, home.case, home.absorbed, asks, _reasons(links))


def _initial(report: Report) -> Filed:
    incident = Incident(derived("incident", report.report_id.hex), (report,))
    case = CaseFile(derived("case", report.report_id.hex), derived("household", report.report_id.hex), (incident,))
    return Filed(case, incident.incident_id, LinkClass.INITIAL)


def _re_report(report: Report, links: Sequence[Found]) -> Filed:
    last = max((f.case for f in links), key=_age)
    opened = _initial(report)
    case = replace(opened.case, household_id=last.household_id, linked_case_id=last.case_id)
    return replace(opened, case=case, link_class=LinkClass.RE_REPORT, reasons=_reasons(links))


def _join_open(report: Report, found: Sequence[Found], links: Sequence[Found]) -> Filed:
    cases = tuple(f.case for f in links)
    same = [f.case for f in links if f.is_same_incident]
    home = _home(cases, links, min(same or cases, key=_age))
    merged = _merge(home)
    case, incident_id = _tell(merged, report, links)
    is_told_again = any(i.incident_id == incident_id for i in merged.incidents)
    link_class = LinkClass.DUPLICATE if is_told_again else LinkClass.NEW_INCIDENT
    asks = _asks(case, report, found, home.disputed, home.dispute)
    return Filed(case, incident_id, link_class, home.case, home.absorbed, asks, _reasons(links))


def _age(case: CaseFile) -> tuple[int, UUID]:
    return case.arrival_no, case.case_id


def _home(cases: Sequence[CaseFile], links: Sequence[Found], preferred: CaseFile) -> _Home:
    """The oldest case stays, and takes in all others, if nobody has any of them in hand and they are no crowd; else
    only the preferred one takes the report in.
    """
    oldest, *others = sorted({c.case_id: c for c in cases}.values(), key=_age)
    is_crowd = sum(len(c.reports) for c in (oldest, *others)) > CASE_REPORTS_MAX
    if not others or (all(c.state is CaseState.WAITING for c in cases) and not is_crowd):
        return _Home(oldest, tuple(others))
    elsewhere = tuple(f for f in links if f.case.case_id != preferred.case_id)
    return _Home(preferred, disputed=elsewhere, dispute=CROWDED if is_crowd else IN_HAND)


def _merge(home: _Home) -> CaseFile:
    """One case of several. It keeps what any of them rose to, and stays linked with the household's closed case."""
    cases = (home.case, *home.absorbed)
    linked = next((c for c in cases if c.linked_case_id), home.case)
    return replace(
        home.case,
        household_id=linked.household_id,
        linked_case_id=linked.linked_case_id,
        incidents=_by_arrival(i for c in cases for i in c.incidents),
        standing=reduce(rise, (c.standing for c in cases if c.standing)),
    )


def _by_arrival(incidents: Iterable[Incident]) -> tuple[Incident, ...]:
    return tuple(sorted(incidents, key=lambda i: (i.arrival_no, i.incident_id)))


def _tell(case: CaseFile, report: Report, links: Sequence[Found], own: CaseFile | None = None) -> tuple[CaseFile, UUID]:
    """Puts the report into the incident that it tells of, the oldest of those that it shows to be one; into one of its
    own where it tells of none. `own` is the case where an earlier version stands.
    """
    here = {r.report_id for r in case.reports}
    chosen = _chosen(case, report, [f for f in links if f.is_same_incident and f.report.report_id in here], own)
    if own:
        chosen[case.incident_of(report.report_id).incident_id] = own.case_id
    told = [i for i in case.incidents if i.incident_id in chosen]
    united = _united(told, report) if told else Incident(derived("incident", report.report_id.hex), (report,))
    rest = (i for i in case.incidents if i.incident_id not in chosen)
    return replace(case, incidents=_by_arrival((*rest, united))), united.incident_id


def _chosen(case: CaseFile, report: Report, same: Sequence[Found], own: CaseFile | None) -> dict[UUID, UUID]:
    """The incidents that the report tells of, each with the case that it was in. A quoted number joins incidents;
    nearness in time chooses the nearest of a case, and joins those of cases that the report bridges.
    """
    chosen = {f.incident.incident_id: f.case.case_id for f in same if f.is_quoted}
    if own:
        mine = own.incident_of(report.report_id)
        if len(mine.reports) > 1:
            chosen[mine.incident_id] = own.case_id
    for near in sorted((f for f in same if not f.is_quoted), key=lambda f: _distance(report, f)):
        if near.case.case_id in chosen.values():
            continue
        if all(_may_be_one(near.incident, case.incident(i)) for i in chosen):
            chosen[near.incident.incident_id] = near.case.case_id
    return chosen


def _may_be_one(one: Incident, other: Incident) -> bool:
    pairs = product(
        (evidence.together(r.versions) for r in one.reports), (evidence.together(r.versions) for r in other.reports)
    )
    return any(evidence.same_happening(a, b) for a, b in pairs)


def _distance(report: Report, found: Found) -> tuple[timedelta, int]:
    one, other = evidence.together(report.versions), evidence.together(found.report.versions)
    gap = abs((one.occurred_at or one.clock_start) - (other.occurred_at or other.clock_start))
    return gap, -found.report.arrival_no


def _united(told: Sequence[Incident], report: Report) -> Incident:
    """One incident, the oldest, of several, with the report's present state in it and the earliest of their clocks."""
    reports = {r.report_id: r for i in told for r in i.reports} | {report.report_id: report}
    in_order = tuple(sorted(reports.values(), key=lambda r: (r.arrival_no, r.report_id)))
    return Incident(_by_arrival(told)[0].incident_id, in_order, reduce(_earliest, (i.clocks for i in told)))


def _earliest(one: Mapping[Clock, datetime], other: Mapping[Clock, datetime]) -> Mapping[Clock, datetime]:
    return {c: min(due for due in (one.get(c), other.get(c)) if due) for c in Clock if c in one or c in other}


def _asks(
    case: CaseFile, report: Report, found: Sequence[Found], disputed: Sequence[Found], dispute: str = IN_HAND
) -> tuple[Ask, ...]:
    """What a person should look at. Of reports that ended in one incident nothing is left to ask."""
    told = {r.report_id for r in case.incident_of(report.report_id).reports}
    asks = (
        Ask(report.report_id, f.report.report_id, (*f.evidence.doubts, *_disputed(f, disputed, dispute)))
        for f in found
        if f.report.report_id not in told
    )
    return tuple(ask for ask in asks if ask.reasons)


def _disputed(found: Found, disputed: Sequence[Found], dispute: str) -> tuple[str, ...]:
    return (*found.evidence.reasons, dispute) if any(found is d for d in disputed) else ()


def _reasons(links: Sequence[Found]) -> tuple[str, ...]:
    return tuple(sorted({reason for f in links for reason in f.evidence.reasons}))
