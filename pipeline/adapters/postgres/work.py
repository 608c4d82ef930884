"""A batch with its decisions: what is to be written, and which keys that needs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from pipeline.adapters.postgres.docket_reader import Loaded
from pipeline.adapters.postgres.keys import KeyName, Purpose
from pipeline.adapters.vault import KeyRing
from pipeline.contracts.ids import derived
from pipeline.contracts.messages import Message
from pipeline.contracts.vocabulary import Outcome
from pipeline.domain.assess import Settlement
from pipeline.domain.batch import Accepted, Batch
from pipeline.domain.casefile import CaseFile, CaseState
from pipeline.domain.link import Key, stored_keys

REPORT, ORIGINAL, UNREAD = Purpose.REPORT, Purpose.ORIGINAL, Purpose.UNREAD


@dataclass(slots=True)
class Work:
    """A batch with its decisions, made from what `loaded` saw."""

    batch: Batch
    loaded: Loaded
    settled: tuple[tuple[Accepted, Settlement], ...]
    cases: dict[UUID, CaseFile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for _, settlement in self.settled:
            if settlement.after:
                self.cases[settlement.after.case_id] = settlement.after
            for gone in settlement.absorbed:
                self.cases[gone.case_id] = replace(gone.next, state=CaseState.MERGED)

    @property
    def written(self) -> tuple[tuple[Accepted, Settlement], ...]:
        """All but redeliveries, which change nothing."""
        return tuple((item, s) for item, s in self.settled if s.after)

    @property
    def live_cases(self) -> tuple[CaseFile, ...]:
        return tuple(c for c in self.cases.values() if c.state is not CaseState.MERGED)

    def case_of_report(self) -> Mapping[UUID, UUID]:
        return {r.report_id: c.case_id for c in self.live_cases for r in c.reports}

    def moved(self) -> tuple[tuple[UUID, UUID], ...]:
        """(event_key, new case) of each version that was stored under another case."""
        stored = self.loaded.wrapped
        return tuple(
            (facts.event_key, case.case_id)
            for case in self.live_cases
            for report in case.reports
            for facts in report.versions
            if facts.event_key in stored and stored[facts.event_key].case_id != case.case_id
        )

    def keys_borne(self) -> dict[UUID, frozenset[Key]]:
        """By which keys the stored versions of each report of this batch are found already."""
        stored, named = self.loaded.wrapped, {s.report_id for _, s in self.written}
        return {
            r.report_id: frozenset(k for v in r.versions if v.event_key in stored for k in stored_keys(v))
            for c in self.live_cases
            for r in c.reports
            if r.report_id in named
        }

    def joined_away(self) -> Sequence[tuple[UUID, UUID]]:
        """(incident, case) of each incident that a decision of this batch names and a later one of it joined with
        another.
        """
        there = {i.incident_id for c in self.live_cases for i in c.incidents} | self.loaded.case_of_incident.keys()
        homes = self.case_of_report()
        named = {s.decision.incident_id: homes[s.report_id] for _, s in self.written}
        return [(i, case_id) for i, case_id in named.items() if i is not None and i not in there]

    def key_names(self, ring: KeyRing) -> frozenset[KeyName]:
        """Every key that writing this needs."""
        homes = self.case_of_report()
        owners = {homes[s.report_id] for _, s in self.written}
        for event_key, case_id in self.moved():
            owners |= {case_id, self.loaded.wrapped[event_key].case_id}
        names = (KeyName(owner, purpose) for owner in owners for purpose in (REPORT, ORIGINAL))
        unread = (KeyName(unread_id_of(ring, item.message), UNREAD) for item in self.batch.unread)
        return frozenset((*names, *unread))

    def counts(self) -> Mapping[Outcome, int]:
        """How many messages became what."""
        return Counter((*(s.decision.outcome for _, s in self.settled), *(i.kind for i in self.batch.unread)))


def unread_id_of(ring: KeyRing, message: Message) -> UUID:
    """The same bytes, sent again, are the same unread report."""
    return derived("unread", ring.digest(message.wire).hex())
