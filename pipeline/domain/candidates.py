"""Which known reports a report may belong to, and what speaks for each."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.domain import evidence, link
from pipeline.domain.casefile import CaseFile, CaseState, Incident, Report
from pipeline.domain.docket import Docket
from pipeline.domain.evidence import Evidence, Quote, Strength
from pipeline.domain.facts import Facts


@dataclass(frozen=True, slots=True)
class Found:
    """A report that was there, the case that it is filed in, and the evidence."""

    report: Report
    case: CaseFile
    evidence: Evidence

    @property
    def links(self) -> bool:
        return self.evidence.strength is not Strength.NONE

    @property
    def is_open(self) -> bool:
        return self.case.state is not CaseState.CLOSED

    @property
    def is_same_incident(self) -> bool:
        return self.evidence.strength is Strength.INCIDENT

    @property
    def is_quoted(self) -> bool:
        return evidence.QUOTED in self.evidence.reasons

    @property
    def incident(self) -> Incident:
        return self.case.incident_of(self.report.report_id)


def find(report: Report, facts: Facts, docket: Docket) -> Iterator[Found]:
    """Every other report that a key of this version leads to, with what speaks for it; those for which nothing speaks
    are left out.

    Only the version that has just come asks: what an older one asked was answered when that one or its answer came.
    """
    others = {report_id for key in link.linking_keys(facts) for report_id in docket.bearers(key)}
    if not others - {report.report_id}:
        return
    new = evidence.together(report.versions)
    for report_id in sorted(others - {report.report_id}):
        other = docket.report(report_id)
        found = evidence.compare(new, evidence.together(other.versions), _quote(report, facts, other, docket))
        if found.strength is not Strength.NONE or found.doubts:
            yield Found(other, docket.case_of(report_id), found)


def _quote(report: Report, facts: Facts, other: Report, docket: Docket) -> Quote:
    quotes = tuple(_quotes(report, facts, other))
    if not quotes:
        return Quote.NONE
    if any(_others_bear(number, quoter, bearer, docket) for number, quoter, bearer in quotes):
        return Quote.BORNE_BY_SEVERAL
    return Quote.VICTIMS_CONTRADICT if evidence.contradict(report.newest, other.newest) else Quote.CLEAR


def _quotes(report: Report, facts: Facts, other: Report) -> Iterator[tuple[str, Report, Report]]:
    """Each number by which one of the two quotes the other, who quotes it and who bears it."""
    for version in other.versions:
        if link.quotes(facts, version):
            yield version.report_no, report, other
        if link.quotes(version, facts):
            yield facts.report_no, other, report


def _others_bear(number: str, quoter: Report, bearer: Report, docket: Docket) -> bool:
    """Whether reports beside this bearer have the number that is quoted, the quoter's own source left out."""
    bearers = docket.bearers(link.bears(number)).items()
    return any(source != quoter.newest.source and other != bearer.report_id for other, source in bearers)
