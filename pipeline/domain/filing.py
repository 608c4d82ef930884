"""Which incident of which case a report is filed in. Joining never loses a report and never moves a clock later; what
only a person may join is asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from pipeline.contracts.vocabulary import LinkClass
from pipeline.domain.bonds import Bond
from pipeline.domain.candidates import Found, requoted
from pipeline.domain.casefile import CaseFile, CaseState, Incident, Report
from pipeline.domain.docket import Docket
from pipeline.domain.evidence import Evidence, Reason
from pipeline.domain.facts import Facts
from pipeline.domain.partition import Pair, closeness, pair
from pipeline.domain.regroup import Absorbed, Change, regroup
from pipeline.domain.terms import Terms
from pipeline.domain.weights import weights

UNSURE = "unsure"
"""The evidence for one household is too strong to pass over and too weak to join by."""

IN_HAND = "cases_in_hand"
"""The evidence would join two cases, but somebody has one of them in hand."""

TELLING_MIN_BITS = 0.5
REASONS_MAX = 8

CROWDED = "case_is_crowded"
"""The evidence leads to a case that holds so many reports that the key says little: a default ID, a helpline."""


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
    """Where a report ends: its case as it stands then, with what else was put together anew for it."""

    change: Change
    incident: Incident
    link_class: LinkClass
    others: tuple[Change, ...] = ()
    absorbed: tuple[Absorbed, ...] = ()
    asks: tuple[Ask, ...] = ()
    reasons: tuple[str, ...] = ()
    compared: Mapping[Pair, Evidence] = field(default_factory=dict)

    @property
    def changes(self) -> tuple[Change, ...]:
        """Every case that stands otherwise now, the report's own the last."""
        return (*self.others, self.change)


def file(report: Report, facts: Facts, found: Sequence[Found], docket: Docket, terms: Terms) -> Filed:
    """Files a new report, or a new version of a known one, and follows what it newly shows; `facts` is the version that
    has come. The bonds of what was found are taken into the docket; the cases are not.
    """
    own = {pair(report.report_id, f.report.report_id): f.evidence for f in found}
    others = {pair(a.report_id, b.report_id): told for a, b, told in requoted(report, facts, docket)}
    _bind(own | others, docket)
    beside = {r for two in others for r in two if docket.case_of(r).state is not CaseState.CLOSED}
    grouped = regroup(docket, beside | {report.report_id}, terms, report)
    change = next(c for c in grouped.changes if any(r.report_id == report.report_id for r in c.after.reports))
    incident = change.after.incident_of(report.report_id)
    is_known = docket.holds(report.report_id)
    link_class = LinkClass.AMENDMENT if is_known else _class_of(change.after, incident)
    earlier = [f.case for f in found if f.links and not f.is_open and f.case.case_id != change.after.case_id]
    if earlier and change.after.linked_case_id is None:
        change = _linked_back(change, max(earlier, key=lambda c: (c.arrival_no, c.case_id)))
        link_class = LinkClass.RE_REPORT if link_class is LinkClass.INITIAL else link_class
    open_questions = [f for f in found if not docket.bonds.is_decided(report.report_id, f.report.report_id)]
    return Filed(
        change=change,
        incident=incident,
        link_class=link_class,
        others=tuple(c for c in grouped.changes if c.after.case_id != change.after.case_id),
        absorbed=grouped.absorbed,
        asks=_asks(change.after, report, open_questions, docket),
        reasons=_reasons(change.after, incident, found, link_class),
        compared=own | others,
    )


def _bind(compared: Mapping[Pair, Evidence], docket: Docket) -> None:
    for two, evidence in compared.items():
        if evidence.household >= weights().unseen:
            docket.bonds.put(*two, Bond(evidence.household, evidence.incident))
        else:
            docket.bonds.drop(*two)


def _class_of(case: CaseFile, incident: Incident) -> LinkClass:
    if len(incident.reports) > 1:
        return LinkClass.DUPLICATE
    return LinkClass.NEW_INCIDENT if len(case.incidents) > 1 else LinkClass.INITIAL


def _linked_back(change: Change, earlier: CaseFile) -> Change:
    after = replace(change.after, household_id=earlier.household_id, linked_case_id=earlier.case_id)
    return replace(change, after=after)


def _asks(case: CaseFile, report: Report, found: Iterable[Found], docket: Docket) -> tuple[Ask, ...]:
    """One question for each other case at most, about the report there that is most alike. Of reports that ended in one
    case nothing is left to ask but what is doubtful.
    """
    here = {r.report_id for r in case.reports}
    told = {r.report_id for r in case.incident_of(report.report_id).reports}
    asked: dict[UUID, Ask] = {}
    for f in sorted(found, key=lambda f: (-f.evidence.household, f.report.report_id)):
        other = f.report.report_id
        reasons = (*f.evidence.doubts, *(() if other in here else _dispute(f, case, docket)))
        if reasons and other not in told:
            asked.setdefault(f.case.case_id, Ask(report.report_id, other, reasons))
    return tuple(asked.values())


def _dispute(found: Found, case: CaseFile, docket: Docket) -> tuple[str, ...]:
    """Why the two stand in two cases though all in all they are alike."""
    if not found.is_open:
        return ()
    bonds = docket.bonds.among([r.report_id for c in (case, found.case) for r in c.reports])
    groups = [r.report_id for r in case.reports], [r.report_id for r in found.case.reports]
    mean = closeness(*groups, {two: bond.household for two, bond in bonds.items()}, weights().unseen)
    if mean < weights().review_from:
        return ()
    reasons = _named(found.evidence)
    if mean < weights().household_join:
        return (*reasons, UNSURE)
    in_hand = {found.case.state, case.state} != {CaseState.WAITING}
    return (*reasons, IN_HAND if in_hand else CROWDED)


def _reasons(case: CaseFile, incident: Incident, found: Iterable[Found], link_class: LinkClass) -> tuple[str, ...]:
    """What speaks for the nearest report of the incident, else of the case; of an earlier case for a re-report."""
    by_report = {f.report.report_id: f for f in found if f.links}
    if link_class is LinkClass.RE_REPORT:
        near = [f for f in by_report.values() if not f.is_open]
    else:
        told = [r.report_id for r in incident.reports]
        everywhere = [r.report_id for r in case.reports]
        near = [by_report[r] for r in told if r in by_report] or [by_report[r] for r in everywhere if r in by_report]
    if not near:
        return ()
    return _named(max(near, key=lambda f: (f.evidence.incident, f.evidence.household, f.report.report_id)).evidence)


def _named(evidence: Evidence) -> tuple[str, ...]:
    """Aspect and level of what speaks for it most, the strongest first. How it was told is left out: it would tell who
    reported the other.
    """
    telling = (r for r in evidence.reasons if not r.aspect.startswith("source") and _bits(r) >= TELLING_MIN_BITS)
    strongest = sorted(telling, key=lambda r: (-_bits(r), r.aspect))[:REASONS_MAX]
    return tuple(f"{r.aspect}:{r.level}" for r in strongest)


def _bits(reason: Reason) -> float:
    return reason.household + reason.incident
