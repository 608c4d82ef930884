"""What a decision read, so that it can be made again: facts, what was known beside them, and under which terms."""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from pydantic import ConfigDict, TypeAdapter

from pipeline.contracts.decision import Decision
from pipeline.domain.assess import Settlement, assess, report_begun_by
from pipeline.domain.bonds import Bond, Tie
from pipeline.domain.casefile import CaseFile, CaseState, Incident, Report
from pipeline.domain.docket import Docket, Gone
from pipeline.domain.facts import Facts
from pipeline.domain.link import Key, KeyKind
from pipeline.domain.partition import Pair
from pipeline.domain.policy.policy import Policy
from pipeline.domain.route import Routing
from pipeline.domain.score import Standing
from pipeline.domain.terms import Terms, TermsBook
from pipeline.domain.weights import weights

FORM = 2
"""Of what is stored. Decisions of form 1 named the reports that were compared, and cannot be made again."""


@dataclass(frozen=True, slots=True)
class SeenReport:
    """A report as the decision read it. `versions` are the event keys of its versions; each has a receipt of its own,
    which holds its facts.
    """

    report_id: UUID
    arrival_no: int
    versions: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class SeenIncident:
    incident_id: UUID
    reports: tuple[SeenReport, ...]
    clocks: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class SeenCase:
    """A case before the decision changed it."""

    case_id: UUID
    household_id: UUID
    version: int
    state: CaseState
    linked_case_id: UUID | None
    standing: Standing | None
    routing: Routing | None
    incidents: tuple[SeenIncident, ...]

    @property
    def event_keys(self) -> Iterator[UUID]:
        return (v for i in self.incidents for r in i.reports for v in r.versions)


@dataclass(frozen=True, slots=True)
class Versions:
    """Which policy (version, and the SHA-256 of its file), which weights and which directory a decision was made by.
    Calendar and instruments are the policy's.
    """

    policy: str
    policy_digest: str
    weights: str
    directory: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """Everything that a decision read. `told` are the facts as they came, `decided` those that were filed, with the
    faults that the decision noted. `load` is how many open cases each centre had. `digest` is the SHA-256 of the
    decision's JSON. `beside_erased`: another content had come under the event's id, and its case was erased.
    """

    told: Facts
    at: datetime
    versions: Versions
    load: Mapping[str, int]
    decided_before: int
    cases: tuple[SeenCase, ...]
    aliases: tuple[SeenCase, ...]
    bearers: tuple[tuple[KeyKind, str, Mapping[UUID, str]], ...]
    bonds: tuple[tuple[UUID, UUID, float, float], ...]
    ties: tuple[Tie, ...]
    decided: Facts
    digest: str
    form: int = field(default=FORM)
    beside_erased: bool = False

    @property
    def reads(self) -> frozenset[UUID]:
        """The event keys of all versions whose facts it read."""
        return frozenset(key for case in self.cases for key in case.event_keys)


_STORED = TypeAdapter(tuple[Receipt], config=ConfigDict(ser_json_bytes="hex", val_json_bytes="hex"))


def packed(receipt: Receipt) -> bytes:
    return zlib.compress(_STORED.dump_json((receipt,)))


def unpacked(stored: bytes) -> Receipt | None:
    """None for what an earlier release stored."""
    try:
        return _STORED.validate_json(zlib.decompress(stored))[0]
    except zlib.error:
        return None


def receipt_of(settlement: Settlement, told: Facts, docket: Docket, terms: Terms) -> Receipt:
    """Of the decision that the docket took in last."""
    trace = docket.trace
    reports = [r.report_id for c in trace.cases.values() for r in c.reports]
    bearers = ((key.kind, key.value, borne) for key, borne in trace.bearers.items())
    return Receipt(
        told=told,
        at=terms.at,
        versions=Versions(terms.policy.version, terms.policy.digest, weights().edition, terms.centres.edition),
        load=_load_read(settlement, terms),
        decided_before=trace.decided,
        cases=tuple(map(_seen, trace.cases.values())),
        aliases=tuple(map(_seen, trace.aliases.values())),
        bearers=tuple(bearers),
        bonds=tuple((*two, bond.household, bond.incident) for two, bond in _bonds_before(docket, reports)),
        ties=tuple(docket.bonds.ties_of(reports)),
        decided=settlement.facts,
        digest=digest_of(settlement.decision),
        beside_erased=told.event_key in docket.gone,
    )


def _load_read(settlement: Settlement, terms: Terms) -> dict[str, int]:
    """Of the load, what can have mattered: of the centres of the counties where cases were put."""
    changes = settlement.filed.changes if settlement.filed else ()
    counties = {change.after.judged[1].county for change in changes}
    centres = ((terms.centres.find(code), count) for code, count in terms.load.items())
    return {centre.code: count for centre, count in centres if centre and centre.county in counties}


def digest_of(decision: Decision) -> str:
    """SHA-256 of the decision as it is written, in hexadecimal digits."""
    return sha256(decision.model_dump_json().encode()).hexdigest()


def again(receipt: Receipt, facts: Mapping[UUID, Facts], policy: Policy, terms: TermsBook) -> Settlement:
    """The same decision made anew from what its receipt names. `facts` are those of all versions that it read; of
    `terms` only the directory is taken. Raises KeyError for one that is not there.
    """
    docket = Docket(receipt.decided_before)
    for case in receipt.cases:
        docket.file(_case(case, facts))
    for alias in receipt.aliases:
        docket.aliases[alias.case_id] = _case(alias, facts)
    for kind, value, borne in receipt.bearers:
        for report_id, source in borne.items():
            docket.find_by(Key(kind, value), report_id, source)
    for one, other, household, incident in receipt.bonds:
        docket.bonds.put(one, other, Bond(household, incident))
    for tie in receipt.ties:
        docket.bonds.tie(tie)
    if receipt.beside_erased:
        key = receipt.told.event_key
        docket.gone[key] = Gone(key, report_begun_by(key))
    return assess(receipt.told, docket, terms.under(policy, receipt.at, receipt.load))


def _bonds_before(docket: Docket, reports: Iterable[UUID]) -> Iterator[tuple[Pair, Bond]]:
    now = {(min(r, other), max(r, other)): bond for r in reports for other, bond in docket.bonds.of(r).items()}
    before = now | docket.trace.overwritten
    return ((two, bond) for two, bond in sorted(before.items()) if bond is not None)


def _seen(case: CaseFile) -> SeenCase:
    incidents = tuple(
        SeenIncident(
            i.incident_id,
            tuple(SeenReport(r.report_id, r.arrival_no, tuple(v.event_key for v in r.versions)) for r in i.reports),
            i.clocks,
        )
        for i in case.incidents
    )
    return SeenCase(
        case.case_id,
        case.household_id,
        case.version,
        case.state,
        case.linked_case_id,
        case.standing,
        case.routing,
        incidents,
    )


def _case(seen: SeenCase, facts: Mapping[UUID, Facts]) -> CaseFile:
    incidents = tuple(
        Incident(
            i.incident_id,
            tuple(Report(r.report_id, r.arrival_no, tuple(facts[v] for v in r.versions)) for r in i.reports),
            i.clocks,
        )
        for i in seen.incidents
    )
    return CaseFile(
        seen.case_id,
        seen.household_id,
        incidents,
        seen.version,
        seen.state,
        seen.linked_case_id,
        seen.standing,
        seen.routing,
    )
