"""Which known reports a report may belong to, and what speaks for each."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from pipeline.domain import evidence, link
from pipeline.domain.bonds import Bond
from pipeline.domain.casefile import CaseFile, CaseState, Report
from pipeline.domain.docket import Docket
from pipeline.domain.evidence import Evidence, Quote
from pipeline.domain.facts import Facts
from pipeline.domain.weights import weights

BEARERS_MAX = 64
"""Reports that one link key leads to, the newest ones; a key that more bear (a landlord's telephone) says little."""

CANDIDATES_MAX = 48
"""Reports that a report is compared with: those with which it shares most keys."""


@dataclass(frozen=True, slots=True)
class Found:
    """A report that was there, the case that it is filed in, and the evidence."""

    report: Report
    case: CaseFile
    evidence: Evidence

    @property
    def bond(self) -> Bond:
        return Bond(self.evidence.household, self.evidence.incident)

    @property
    def links(self) -> bool:
        return self.evidence.household >= weights().household_join

    @property
    def is_open(self) -> bool:
        return self.case.state is not CaseState.CLOSED


def find(report: Report, facts: Facts, docket: Docket) -> Iterator[Found]:
    """Every other report that a key of this version leads to, or that an older version was bound to, with what speaks
    for it and against it.
    """
    others = _led_to(report, facts, docket)
    if not others:
        return
    new = evidence.profile(evidence.together(report.versions))
    for report_id in sorted(others):
        other = docket.report(report_id)
        found = evidence.compare(
            new, evidence.profile(evidence.together(other.versions)), _quote(report, facts, other, docket)
        )
        yield Found(other, docket.case_of(report_id), found)


def _led_to(report: Report, facts: Facts, docket: Docket) -> Collection[UUID]:
    shared = Counter(
        other for key in link.linking_keys(facts) for other in islice(reversed(tuple(docket.bearers(key))), BEARERS_MAX)
    )
    del shared[report.report_id]
    ranked = sorted(shared, key=lambda other: (-shared[other], other))
    strong = (
        other for other, bond in docket.bonds.of(report.report_id).items() if bond.household >= weights().household_join
    )
    return {*ranked[:CANDIDATES_MAX], *strong}


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
