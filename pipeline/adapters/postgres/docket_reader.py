"""Finds the case files that a batch may look at, opens them in memory, and says exactly what it saw."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from pipeline.adapters.postgres.database import Connection
from pipeline.adapters.postgres.key_versions import look_at_keys
from pipeline.adapters.postgres.keys import CaseKeys, KeyName, Keys, Purpose
from pipeline.adapters.postgres.sql import Queries
from pipeline.adapters.vault import KeyRing, KeySet, Slot, unseal
from pipeline.contracts import ids
from pipeline.contracts.decision import Decision
from pipeline.domain import link
from pipeline.domain.assess import report_begun_by, reused_key
from pipeline.domain.batch import Batch
from pipeline.domain.bonds import Bond, Scope, Tie
from pipeline.domain.candidates import BEARERS_MAX, CANDIDATES_MAX, RARITY_MIN, RARITY_OF_ONE, worth_min
from pipeline.domain.casefile import CaseFile, CaseState, Incident, Report
from pipeline.domain.directory import Directory
from pipeline.domain.docket import Docket, Gone
from pipeline.domain.facts import Facts
from pipeline.domain.link import Key, KeyKind
from pipeline.domain.normalise.reading import Reading, read_event
from pipeline.domain.privacy import guarded_key, rejoined
from pipeline.domain.regroup import case_begun_by
from pipeline.domain.route import Routing
from pipeline.domain.score import Standing
from pipeline.domain.weights import weights
from pipeline.errors import KeysRefusedError
from pipeline.ports import Sources

NAMING = frozenset({KeyKind.EVENT, KeyKind.NUMBER, KeyKind.QUOTES})
"""Keys by which a report is named: what they lead to is never left out for others that share more."""

CASES_MAX = 2000
"""Cases that are opened for one batch beside those that its keys lead to."""

CONTENT_KEY_BYTES = 32

SQL = Queries.of("assess")
STANDING = TypeAdapter(Standing)
ROUTING = TypeAdapter(Routing)

Row = Mapping[str, Any]


def story_slot(event_key: UUID) -> Slot:
    """The narrative lies apart from the rest of its report: not all who may read the one may read the other."""
    return Slot("report_version", "sealed_story", event_key)


@dataclass(frozen=True, slots=True)
class Sought:
    """What a batch looks for: tokens of link keys, and the events themselves. `asked` holds each token once for every
    report that asks for it, by its position in the batch, whether it names what it leads to, what it is worth at the
    least, and the number of its key: while the index key is being replaced, a key has a token under each version.
    `messages` are, of each event, the key by which it comes, one by which it may be stored, its content and its bytes.
    """

    keys: Mapping[bytes, Key]
    events: Mapping[UUID, Key]
    asked: tuple[tuple[int, bytes, bool, int, int], ...] = ()
    edition: int = 0
    messages: tuple[tuple[UUID, UUID, bytes, bytes], ...] = ()

    @classmethod
    def of(cls, batch: Batch, ring: KeyRing) -> "Sought":
        keys: dict[bytes, Key] = {}
        events: dict[UUID, Key] = {}
        asked: list[tuple[int, bytes, bool, int, int]] = []
        numbers: dict[Key, int] = {}
        for position, facts in enumerate(item.reading.facts for item in batch.accepted):
            own = {token: key for key in link.sought_keys(facts) for token in ring.tokens(key)}
            keys |= own
            quoted = link.quoted_keys(facts)
            asked += [
                (
                    position,
                    token,
                    key.kind in NAMING or key in quoted,
                    worth_min(key),
                    numbers.setdefault(key, len(numbers)),
                )
                for token, key in own.items()
            ]
            events |= dict.fromkeys((name for _, name in _names_of(facts, ring)), link.event_key(facts))
        told = ((item.reading.facts, item.message.wire) for item in batch.accepted)
        messages = ((*names, facts.content_key, wire) for facts, wire in told for names in _names_of(facts, ring))
        return cls(keys, events, tuple(asked), ring.edition, tuple(messages))


@dataclass(frozen=True, slots=True)
class Sight:
    """What was there when it was looked: who bears what, and the version of every case concerned."""

    borne: frozenset[tuple[bytes | None, UUID | None, UUID, str]]
    versions: Mapping[UUID, int]


@dataclass(frozen=True, slots=True)
class WrappedKey:
    case_id: UUID
    key: bytes


@dataclass(slots=True)
class Loaded:
    """A docket with what the database holds of it, so that only differences are written."""

    docket: Docket
    sight: Sight
    heads: dict[UUID, bytes] = field(default_factory=dict)
    incident_of: dict[UUID, UUID] = field(default_factory=dict)
    case_of_incident: dict[UUID, UUID] = field(default_factory=dict)
    wrapped: dict[UUID, WrappedKey] = field(default_factory=dict)


class DocketReader:
    def __init__(self, ring: KeyRing, keys: CaseKeys, sources: Sources) -> None:
        self._ring = ring
        self._keys = keys
        self._sources = sources

    async def look(self, connection: Connection, sought: Sought, *, lock: bool = False) -> Sight:
        """Who bears what is sought. With `lock`, nobody else changes these cases before the transaction ends."""
        if lock:
            await look_at_keys(connection, self._ring)
        items, tokens, named, worth_mins, numbers = ([asked[column] for asked in sought.asked] for column in range(5))
        bounds = BEARERS_MAX, CANDIDATES_MAX, RARITY_OF_ONE, RARITY_MIN
        rows = await connection.fetch(
            SQL["find"], items, tokens, named, list(sought.events), *bounds, worth_mins, numbers
        )
        versions = await self._near(connection, {row["case_id"] for row in rows}, lock=lock)
        return Sight(
            frozenset((row["token"], row["event_key"], row["report_id"], row["source"]) for row in rows), versions
        )

    async def around(self, connection: Connection, report_ids: Collection[UUID], *, lock: bool = True) -> Loaded:
        """The cases of these reports, and what strong bonds lead to. Whoever changes them holds the linking lock."""
        await look_at_keys(connection, self._ring)
        rows = await connection.fetch(SQL["cases_of"], list(report_ids))
        versions = await self._near(connection, [row["case_id"] for row in rows], lock=lock)
        return await self.load(connection, Sought({}, {}), Sight(frozenset(), versions))

    async def _near(self, connection: Connection, found: Collection[UUID], *, lock: bool) -> Mapping[UUID, int]:
        """The version of each of these cases and of those that strong bonds lead to from them."""
        if not found:
            return {}
        near = await connection.fetch(SQL["near"], list(found), weights().household_join, CASES_MAX)
        case_ids = sorted({*found, *(row["case_id"] for row in near)})
        cases = await connection.fetch(SQL["lock_cases"] if lock else SQL["cases"], case_ids)
        return {row["case_id"]: row["version"] for row in cases}

    async def load(self, connection: Connection, sought: Sought, sight: Sight) -> Loaded:
        """Opens the case files in sight. A case whose key is gone was erased; it is no longer there for anyone."""
        loaded = Loaded(Docket(), sight)
        if sight.versions:
            await self._load_cases(connection, loaded, sought)
        await self._add_gone(connection, loaded.docket, sought, sight)
        return loaded

    async def _load_cases(self, connection: Connection, loaded: Loaded, sought: Sought) -> None:
        rows = await connection.fetch(SQL["cases"], list(loaded.sight.versions))
        cases = [row for row in rows if row["state"] != CaseState.ERASED]
        case_ids = [row["case_id"] for row in cases]
        versions = await connection.fetch(SQL["versions"], case_ids)
        clocks = await connection.fetch(SQL["clocks"], case_ids)
        keys = await self._keys.opening((KeyName(r["case_id"], Purpose.REPORT), r["wrapped_key"]) for r in versions)
        incidents = self._incidents(loaded, versions, _by(clocks, "incident_id"), keys)
        for row in cases:
            if own := incidents.get(row["case_id"]):
                loaded.docket.file(_case_file(row, own))
                loaded.heads[row["case_id"]] = row["head_hash"]
        for row in await connection.fetch(SQL["aliases"], _cases_begun_by(loaded.docket)):
            loaded.docket.aliases[row["case_id"]] = _case_file(row, ())
            loaded.heads[row["case_id"]] = row["head_hash"]
        await self._add_bonds(connection, loaded.docket)
        await self._add_decisions(connection, loaded.docket, sought.events)
        _add_bearers(loaded.docket, sought, loaded.sight)
        await self._add_quoted(connection, loaded.docket)

    async def _add_gone(self, connection: Connection, docket: Docket, sought: Sought, sight: Sight) -> None:
        """The events of this batch whose versions cannot be opened. By their bytes they are known again."""
        if not sought.events:
            return
        borne = {key: report for _, key, report, _ in sight.borne if key and not docket.holds(report)}
        digests: dict[UUID, list[bytes]] = {key: [] for key in borne}
        for row in await connection.fetch(SQL["erased_events"], list(sought.events)):
            digests.setdefault(row["event_key"], []).append(row["digest"])
        for comes_as, stored_as, content, wire in sought.messages:
            if stored_as in digests:
                report_id = borne.get(stored_as) or report_begun_by(stored_as)
                gone = docket.gone.setdefault(comes_as, Gone(stored_as, report_id))
                if any(self._ring.is_digest(digest, wire) for digest in digests[stored_as]):
                    docket.gone[comes_as] = gone.with_content(content)

    def _incidents(
        self, loaded: Loaded, versions: Iterable[Row], clocks: Mapping[UUID, list[Row]], keys: Keys
    ) -> Mapping[UUID, list[Incident]]:
        told: dict[UUID, dict[UUID, Report]] = defaultdict(dict)
        for row in versions:
            case_id, incident_id, report_id = row["case_id"], row["incident_id"], row["report_id"]
            case_key = keys.get(KeyName(case_id, Purpose.REPORT))
            if case_key is None:
                continue
            facts = open_version(row, case_key, self._sources.now)
            known = told[incident_id].get(report_id) or Report(report_id, row["arrival_no"], ())
            told[incident_id][report_id] = known.with_version(facts)
            loaded.incident_of[report_id] = incident_id
            loaded.case_of_incident[incident_id] = case_id
            loaded.wrapped[facts.event_key] = WrappedKey(case_id, row["wrapped_key"])
        incidents: dict[UUID, list[Incident]] = defaultdict(list)
        for incident_id, reports in told.items():
            in_order = tuple(sorted(reports.values(), key=lambda r: r.arrival_no))
            running = {row["name"]: row["due_at"] for row in clocks.get(incident_id, ())}
            incidents[loaded.case_of_incident[incident_id]].append(Incident(incident_id, in_order, running))
        return incidents

    async def _add_bonds(self, connection: Connection, docket: Docket) -> None:
        reports = [r.report_id for c in docket.cases.values() for r in c.reports]
        for row in await connection.fetch(SQL["edges"], reports):
            docket.bonds.put(row["report_a"], row["report_b"], Bond(row["household"], row["incident"]))
        for row in await connection.fetch(SQL["ties"], reports):
            docket.bonds.tie(Tie((row["report_a"], row["report_b"]), Scope(row["scope"]), row["together"]))

    async def _add_quoted(self, connection: Connection, docket: Docket) -> None:
        """Who bears the numbers that the reports here quote: a quote of a number that several bear is worth less."""
        versions = (v for c in docket.cases.values() for r in c.reports for v in r.versions)
        keys = {token: key for v in versions for key in link.quoted_keys(v) for token in self._ring.tokens(key)}
        for row in await connection.fetch(SQL["bearers"], list(keys), BEARERS_MAX) if keys else ():
            docket.find_by(keys[row["token"]], row["report_id"], row["source"])

    async def _add_decisions(self, connection: Connection, docket: Docket, events: Collection[UUID]) -> None:
        for row in await connection.fetch(SQL["decisions"], list(events)):
            docket.decisions[row["event_key"]] = Decision.model_validate(row["decision"])


def _names_of(facts: Facts, ring: KeyRing) -> Iterable[tuple[UUID, UUID]]:
    """(key by which it comes, key by which it may be stored) of this event, and of another content under its id. One
    that was guarded is another one under each version of the digesting key.
    """
    plain = ids.event_key(facts.source, facts.event_id)
    keys = [facts.event_key]
    if facts.event_key != plain:
        keys += [guarded_key(digest) for digest in ring.all_keyed(plain.bytes)]
    for key in keys:
        yield facts.event_key, key
        yield reused_key(facts), reused_key(replace(facts, event_key=key))


def open_version(row: Row, case_key: bytes | KeySet, directory: Directory) -> Facts:
    """What a stored version tells. Raises KeysRefusedError."""
    key = row["event_key"]
    data_key = unseal(case_key, row["wrapped_key"], Slot("report_version", "wrapped_key", key))
    plain = unseal(data_key, row["sealed"], Slot("report_version", "sealed", key))
    content_key, document = plain[:CONTENT_KEY_BYTES], plain[CONTENT_KEY_BYTES:]
    if row["sealed_story"] is not None:
        document = rejoined(document, unseal(data_key, row["sealed_story"], story_slot(key)))
    reading = read_event(document, (), row["arrived_at"], directory)
    if not isinstance(reading, Reading):
        raise KeysRefusedError("a stored report opens but cannot be read")
    return replace(reading.facts, event_key=key, content_key=content_key, faults=tuple(row["faults"]))


def _cases_begun_by(docket: Docket) -> list[UUID]:
    """The ids of all cases that any report here would be the oldest of."""
    return [case_begun_by(r.report_id) for c in docket.cases.values() for r in c.reports]


def _by(rows: Iterable[asyncpg.Record], column: str) -> Mapping[UUID, list[Row]]:
    grouped: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row[column]].append(row)
    return grouped


def _case_file(row: Row, incidents: Iterable[Incident]) -> CaseFile:
    return CaseFile(
        case_id=row["case_id"],
        household_id=row["household_id"],
        incidents=tuple(sorted(incidents, key=lambda i: (i.arrival_no, i.incident_id))),
        version=row["version"],
        state=CaseState(row["state"]),
        linked_case_id=row["linked_case_id"],
        standing=STANDING.validate_python(row["standing"]),
        routing=ROUTING.validate_python(row["routing"]),
    )


def _add_bearers(docket: Docket, sought: Sought, sight: Sight) -> None:
    for token, event, report_id, source in sight.borne:
        key = sought.keys[token] if token is not None else sought.events[event] if event else None
        if key and docket.holds(report_id):
            docket.find_by(key, report_id, source)
