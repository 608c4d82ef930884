"""A batch with its decisions: what is to be written, and which keys that needs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from pipeline.adapters.postgres.docket_reader import Loaded
from pipeline.adapters.postgres.keys import KeyName, Purpose
from pipeline.adapters.postgres.moves import Moves, Step
from pipeline.adapters.vault import KeyRing
from pipeline.contracts.ids import derived
from pipeline.contracts.messages import Message
from pipeline.contracts.vocabulary import Outcome
from pipeline.domain.assess import Settlement
from pipeline.domain.batch import Accepted, Batch
from pipeline.domain.evidence import Evidence
from pipeline.domain.filing import Filed
from pipeline.domain.link import Key, stored_keys
from pipeline.domain.partition import Pair
from pipeline.domain.policy.shadow import Shadowed
from pipeline.domain.receipt import Receipt

REPORT, ORIGINAL, UNREAD = Purpose.REPORT, Purpose.ORIGINAL, Purpose.UNREAD


@dataclass(slots=True)
class Work:
    """A batch with its decisions, made from what `loaded` saw, and by event key the receipt of each. `known_unread` are
    the unread reports that its messages may be, and that are there.
    """

    batch: Batch
    loaded: Loaded
    settled: tuple[tuple[Accepted, Settlement], ...]
    receipts: Mapping[UUID, Receipt]
    shadowed: tuple[Shadowed, ...] = ()
    known_unread: frozenset[UUID] = frozenset()
    moves: Moves = field(init=False)

    def __post_init__(self) -> None:
        filed = [s.filed for _, s in self.settled if s.filed]
        self.moves = Moves(self.loaded, [Step(f.changes, f.absorbed) for f in filed])

    @property
    def written(self) -> tuple[tuple[Accepted, Settlement, Filed], ...]:
        """All but redeliveries, which change nothing."""
        return tuple((item, s, s.filed) for item, s in self.settled if s.filed)

    def keys_borne(self) -> dict[UUID, frozenset[Key]]:
        """By which keys the stored versions of each report of this batch are found already."""
        stored, named = self.loaded.wrapped, {s.report_id for _, s, _ in self.written}
        return {
            r.report_id: frozenset(k for v in r.versions if v.event_key in stored for k in stored_keys(v))
            for c in self.moves.live_cases
            for r in c.reports
            if r.report_id in named
        }

    def joined_away(self) -> Sequence[tuple[UUID, UUID]]:
        """(incident, case) of each incident that a decision of this batch names and a later one of it joined with
        another.
        """
        there = {i.incident_id for i, _ in self.moves.incidents} | self.loaded.case_of_incident.keys()
        homes = self.moves.case_of_report()
        named = {filed.incident.incident_id: homes[s.report_id] for _, s, filed in self.written}
        return [(i, case_id) for i, case_id in named.items() if i not in there]

    def key_names(self, ring: KeyRing) -> frozenset[KeyName]:
        """Every key that writing this needs."""
        homes = self.moves.case_of_report()
        owners = {homes[s.report_id] for _, s, _ in self.written}
        names = (KeyName(owner, purpose) for owner in owners for purpose in (REPORT, ORIGINAL))
        unread = (KeyName(self.unread_id(ring, item.message), UNREAD) for item in self.batch.unread)
        return frozenset((*names, *unread)) | self.moves.key_names()

    def unread_id(self, ring: KeyRing, message: Message) -> UUID:
        """The same bytes, sent again, are the same unread report, under whatever version of the key they came first."""
        ids = unread_ids_of(ring, message)
        return next((i for i in ids if i in self.known_unread), ids[0])

    def edges(self) -> Mapping[Pair, Evidence]:
        """What was found of each pair, the latest."""
        return {two: evidence for _, _, filed in self.written for two, evidence in filed.compared.items()}

    def counts(self) -> Mapping[Outcome, int]:
        """How many messages became what."""
        return Counter((*(s.decision.outcome for _, s in self.settled), *(i.kind for i in self.batch.unread)))


def unread_id_of(ring: KeyRing, message: Message) -> UUID:
    """The id under the current version of the digesting key."""
    return unread_ids_of(ring, message)[0]


def unread_ids_of(ring: KeyRing, message: Message) -> tuple[UUID, ...]:
    """The ids that these bytes may be stored by, the one under the current version first."""
    return tuple(derived("unread", digest.hex()) for digest in ring.all_keyed(message.wire))
