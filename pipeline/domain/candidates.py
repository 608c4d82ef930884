"""Which known reports a report may belong to, and what speaks for each."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from heapq import nlargest
from uuid import UUID

from pipeline.domain import evidence, link
from pipeline.domain.casefile import CaseFile, CaseState, Report
from pipeline.domain.docket import Bearers, Docket
from pipeline.domain.evidence import Evidence, Quote
from pipeline.domain.facts import Facts
from pipeline.domain.link import Key, KeyKind
from pipeline.domain.weights import weights

BEARERS_MAX = 64
"""Reports that one link key leads to, the newest ones; a key that more bear (a landlord's telephone) says little."""

CANDIDATES_MAX = 16
"""Reports that a report is compared with: those with which it shares the rarest keys. Of a million persons
told of, the household is among the best 16 as often as among all (`benchmarks/linking_scale.py`).
"""

RARITY_OF_ONE = 10_000
"""What a key that one report bears adds to that report's rank; one that several bear adds a part of it to each."""

RARITY_MIN = 1_000
"""A report that shares less is not compared, unless a number names it: a key that eleven bear leads nowhere by itself.
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A report that was there, the case that it is filed in, and the evidence."""

    report: Report
    case: CaseFile
    evidence: Evidence

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
        known = evidence.profile(evidence.together(other.versions))
        found = evidence.compare(new, known, _worth(report, other, docket, (report, facts)))
        yield Found(other, docket.case_of(report_id), found)


def _led_to(report: Report, facts: Facts, docket: Docket) -> Collection[UUID]:
    rarity: Counter[UUID] = Counter()
    for key in link.linking_keys(facts):
        bearers = _newest(docket.bearers(key), docket)
        for other in bearers:
            rarity[other] += max(RARITY_OF_ONE // len(bearers), worth_min(key))
    del rarity[report.report_id]
    rare = (other for other, worth in rarity.items() if worth >= RARITY_MIN and docket.holds(other))
    ranked = sorted(rare, key=lambda other: (-rarity[other], other))
    bonds = docket.bonds.of(report.report_id)
    strong = (other for other, bond in bonds.items() if bond.household >= weights().household_join)
    return {*ranked[:CANDIDATES_MAX], *strong, *_named(facts, docket) - {report.report_id}}


def _named(facts: Facts, docket: Docket) -> set[UUID]:
    """Reports that a quoted number names, either way: none of them is left out for others that share more."""
    keys = {*link.quoted_keys(facts), *({link.quoted(facts.report_no)} if facts.report_no else ())}
    return {other for key in keys for other in _newest(docket.bearers(key), docket) if docket.holds(other)}


def worth_min(key: Key) -> int:
    """What a key adds to a report's rank at the least: an ID leads to all who bear it, however many they are."""
    return RARITY_MIN if key.kind is KeyKind.IDENTITY else 0


def _newest(bearers: Bearers, docket: Docket) -> Collection[UUID]:
    if len(bearers) <= BEARERS_MAX:
        return bearers
    here = filter(docket.holds, bearers)
    return nlargest(BEARERS_MAX, here, key=lambda other: docket.report(other).arrival_no)


def requoted(report: Report, facts: Facts, docket: Docket) -> Iterator[tuple[Report, Report, Evidence]]:
    """Pairs of other reports of which one quotes the number that this version bears, too: what that quote is worth has
    changed by it.
    """
    if not facts.report_no:
        return
    borne, quoted = link.bears(facts.report_no), link.quoted(facts.report_no)
    bearers, quoters = (
        sorted(r for r in docket.bearers(key) if r != report.report_id and docket.holds(r)) for key in (borne, quoted)
    )
    for quoter, bearer in ((q, b) for q in quoters for b in bearers if q != b):
        one, other = docket.report(quoter), docket.report(bearer)
        doubtful = _worth(one, other, docket, (report, facts))
        if doubtful is not Quote.NONE:
            yield one, other, _compare(one, other, doubtful)


def _compare(one: Report, other: Report, quote: Quote) -> Evidence:
    return evidence.compare(evidence.together(one.versions), evidence.together(other.versions), quote)


def _worth(one: Report, other: Report, docket: Docket, come: tuple[Report, Facts]) -> Quote:
    """What a quote between the two is worth, now that this report with this version has come."""
    quotes = [(number, one, other) for number in _quotes(one, other)]
    quotes += [(number, other, one) for number in _quotes(other, one)]
    if not quotes:
        return Quote.NONE
    if any(_others_bear(number, quoter, bearer, docket, come) for number, quoter, bearer in quotes):
        return Quote.BORNE_BY_SEVERAL
    return Quote.VICTIMS_CONTRADICT if evidence.contradict(one.newest, other.newest) else Quote.CLEAR


def _quotes(quoter: Report, bearer: Report) -> Iterator[str]:
    """Each number of the bearer that the other quotes."""
    for said in quoter.versions:
        for borne in bearer.versions:
            if link.quotes(said, borne):
                yield borne.report_no


def _others_bear(number: str, quoter: Report, bearer: Report, docket: Docket, come: tuple[Report, Facts]) -> bool:
    """Whether reports beside this bearer have the number that is quoted, the quoter's own source left out."""
    report, facts = come
    bearers = dict(docket.bearers(link.bears(number)))
    if facts.report_no and link.bears(facts.report_no) == link.bears(number):
        bearers[report.report_id] = facts.source
    return any(source != quoter.newest.source and other != bearer.report_id for other, source in bearers.items())
