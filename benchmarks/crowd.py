"""A country's worth of settled reports, put straight into the tables that linking reads.

Invented households, told of in the product's own messy way, read, sealed and found by tokens like any other; each
household is one case, as a linker without fault files it. Only the way in is shorter: COPY without foreign keys; the
cases of a chunk wait alike; the tables that linking does not read (originals, decisions, history, outbox) stay empty.
The commonest full name is as common as in Taiwan, one of 5,000 people, and reports come at about Taiwan's rate.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import combinations
from multiprocessing import get_context
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import asyncpg

from pipeline.adapters.documents import to_bytes
from pipeline.adapters.postgres.database import Pool, open_pool
from pipeline.adapters.postgres.docket_reader import ROUTING, STANDING
from pipeline.adapters.postgres.keys import KeyName, Purpose, slot_of
from pipeline.adapters.vault import FIRST_VERSION, KeyPurpose, KeyRing, Slot, new_key, seal
from pipeline.contracts.decision import TAIPEI
from pipeline.domain.assess import assess
from pipeline.domain.chain import BEGINNING
from pipeline.domain.directory import Directory
from pipeline.domain.docket import Docket
from pipeline.domain.facts import Facts
from pipeline.domain.link import stored_keys
from pipeline.domain.normalise.reading import Reading, read_event
from pipeline.domain.privacy import without_reporter
from pipeline.domain.terms import shipped_terms
from pipeline.domain.weights import weights
from pipeline.local.bench.mess import Line, messy
from pipeline.local.bench.mix import MIXES, Mix

EVENTS_A_CHUNK = 5_000
FILLING_TIMEOUT_MS = 1_800_000
PROBES_A_WORKER = 300
UNSTORED_SEED = 900_000_001
"""Of the households that are told of in probes only."""

COUNTRY: Mix = replace(
    MIXES["country"],
    world=replace(MIXES["country"].world, towns=368, uncommon=0.8),
    time=replace(MIXES["country"].time, days=730),
)
"""Every town, towers that several families share, two years."""
CITY: Mix = replace(COUNTRY, world=replace(COUNTRY.world, counties=("新竹市",)))
CITY_MAX = 30_000
"""A crowd of so many persons lives in one city, which is then about as full of them as the country is of a million."""
SURE = 0.99
NOW = DUE = datetime(2027, 3, 1, tzinfo=TAIPEI)
"""After all that is invented."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "case_file": (
        *("case_id", "household_id", "version", "state", "linked_case_id", "queue", "priority", "county", "centre"),
        *("standing", "routing", "head_hash"),
    ),
    "incident": ("incident_id", "case_id"),
    "clock": ("incident_id", "name", "due_at"),
    "report": ("report_id", "incident_id", "source"),
    "report_version": (
        *("event_key", "event_id", "report_id", "source", "arrived_at", "faults", "sealed", "wrapped_key"),
    ),
    "link_key": ("token", "report_id", "source"),
    "link_edge": ("report_a", "report_b", "household", "incident", "reasons", "weights_version"),
}
KEY_COLUMNS = ("owner_id", "purpose", "key_version", "wrapped")

Rows = defaultdict[str, list[tuple[object, ...]]]


class Probe(NamedTuple):
    """A report to be linked; `household` holds the events of its household that are stored, none for a stranger."""

    line: bytes
    household: frozenset[str]


@dataclass(slots=True)
class Filled:
    """What was stored. A household counts as many persons as the report of it that names the most."""

    persons: int = 0
    reports: int = 0
    tokens: int = 0
    seconds: float = 0.0
    probes: list[Probe] = field(default_factory=list)

    def add(self, other: "Filled") -> None:
        self.persons += other.persons
        self.reports += other.reports
        self.tokens += other.tokens
        self.probes += other.probes


class Place(NamedTuple):
    """Where to put it."""

    dsn: str
    keys_dsn: str
    ring: Path


def fill(place: Place, persons: int, workers: int) -> Filled:
    """Stores reports until so many persons are told of."""
    began = time.monotonic()
    asyncio.run(_run_all(place.dsn, ["ALTER TABLE link_key DROP CONSTRAINT link_key_pkey"]))
    filled = Filled()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        shares = [(place, persons // workers, number, workers) for number in range(workers)]
        for part in pool.map(_fill_share, shares):
            filled.add(part)
    asyncio.run(_run_all(place.dsn, ["ALTER TABLE link_key ADD PRIMARY KEY (token, added_no)", "VACUUM ANALYZE"]))
    asyncio.run(_run_all(place.keys_dsn, ["VACUUM ANALYZE", "CHECKPOINT"]))
    filled.seconds = time.monotonic() - began
    return filled


def mix_of(persons: int) -> Mix:
    return CITY if persons <= CITY_MAX else COUNTRY


def strangers(count: int, mix: Mix = COUNTRY) -> list[Probe]:
    """Reports of households that are not stored."""
    lines = messy(mix, UNSTORED_SEED, 2 * count).lines
    return [Probe(line.value, frozenset()) for line in lines if line.truth.what == "new"][:count]


def directory() -> Directory:
    """The sources of all reports: who tells in a town does not depend on the seed."""
    return Directory({source.code: source for source in messy(COUNTRY, UNSTORED_SEED, 1).sources})


async def _run_all(dsn: str, statements: Iterable[str]) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SET maintenance_work_mem = '1GB'")
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def _fill_share(share: tuple[Place, int, int, int]) -> Filled:
    return asyncio.run(_fill(*share))


async def _fill(place: Place, persons: int, number: int, workers: int) -> Filled:
    """One worker's share; its seeds are those that leave `number` when divided by `workers`."""
    ring, filled, known = KeyRing.load(place.ring), Filled(), directory()
    data = await open_pool(place.dsn, name="fill", role=None, connections_max=1, timeout_ms=FILLING_TIMEOUT_MS)
    keys = await open_pool(place.keys_dsn, name="fill", role=None, connections_max=1, timeout_ms=FILLING_TIMEOUT_MS)
    try:
        mix, seed, quota = mix_of(persons * workers), number, max(3, PROBES_A_WORKER * EVENTS_A_CHUNK // persons)
        while filled.persons < persons:
            events = min(EVENTS_A_CHUNK, max(200, int((persons - filled.persons) * 0.75)))
            rows = _Chunk(ring, known, filled, quota).rows(messy(mix, seed, events).lines)
            await _store(data, keys, rows)
            seed += workers
    finally:
        await data.close()
        await keys.close()
    return filled


async def _store(data: Pool, keys: Pool, rows: Rows) -> None:
    async with keys.acquire() as db:
        await db.copy_records_to_table("case_key", records=rows.pop("case_key"), columns=KEY_COLUMNS)
    async with data.acquire() as db, db.transaction():
        await db.execute("SET LOCAL session_replication_role = replica")
        for table, columns in COLUMNS.items():
            await db.copy_records_to_table(table, records=rows[table], columns=columns)


class _Chunk:
    """Turns lines into rows, and counts them."""

    def __init__(self, ring: KeyRing, known: Directory, filled: Filled, probes: int) -> None:
        self._ring, self._known, self._filled, self._probes = ring, known, filled, probes
        self._rows: Rows = defaultdict(list)
        self._case: tuple[object, ...] = ()

    def rows(self, lines: Iterable[Line]) -> Rows:
        told: defaultdict[str, list[Line]] = defaultdict(list)
        for line in lines:
            told[line.truth.household].append(line)
        for household in told.values():
            if self._probes and len(household) > 1:
                self._probes -= self._keep_back(household)
            self._settle(household)
        return self._rows

    def _keep_back(self, household: list[Line]) -> bool:
        """Makes the last report a probe, if it is another's telling of an incident that is stored."""
        last = household[-1]
        if last.truth.what != "new" or last.truth.incident not in _incidents(household[:-1]):
            return False
        household.pop()
        self._filled.probes.append(Probe(last.value, frozenset(line.truth.event_id for line in household)))
        return True

    def _settle(self, household: Sequence[Line]) -> None:
        """Files one case: what is told of one incident is filed in one."""
        case_id, case_key, incidents = uuid4(), new_key(), dict[str, UUID]()
        wrapping = self._ring.held(KeyPurpose.WRAPPING)
        assert wrapping  # noqa: S101 - a ring that this benchmark has made
        wrapped = seal(wrapping, case_key, slot_of(KeyName(case_id, Purpose.REPORT), FIRST_VERSION))
        self._rows["case_key"].append((case_id, Purpose.REPORT, FIRST_VERSION, wrapped))
        reports, largest = dict[str, _Report](), 0
        for line in household:
            incident_id = incidents.setdefault(line.truth.incident, uuid4())
            reading = read_event(line.value, (), line.at, self._known)
            if line.truth.what != "resend" and isinstance(reading, Reading):
                report = reports.setdefault(
                    reading.facts.report_no, _Report(uuid4(), incident_id, reading.facts.source)
                )
                report.tokens |= {self._ring.token(key) for key in stored_keys(reading.facts)}
                self._rows["report_version"].append(_version_row(report.report_id, line, reading, case_key))
                largest = max(largest, len(reading.facts.persons))
                self._case = self._case or _judged(reading.facts)
        self._add_case(case_id, incidents.values(), reports.values())
        self._filled.persons += largest

    def _add_case(self, case_id: UUID, incidents: Collection[UUID], reports: Collection["_Report"]) -> None:
        rows = self._rows
        rows["case_file"].append((case_id, case_id, *self._case))
        rows["incident"] += [(incident_id, case_id) for incident_id in incidents]
        rows["clock"] += [(incident_id, "dispatch", DUE) for incident_id in incidents]
        for report in reports:
            rows["report"].append((report.report_id, report.incident_id, report.source))
            rows["link_key"] += [(token, report.report_id, report.source) for token in report.tokens]
            self._filled.tokens += len(report.tokens)
        rows["link_edge"] += _edges(reports)
        self._filled.reports += len(reports)


@dataclass(slots=True)
class _Report:
    report_id: UUID
    incident_id: UUID
    source: str
    tokens: set[bytes] = field(default_factory=set)


def _edges(reports: Collection[_Report]) -> Iterator[tuple[object, ...]]:
    """Every two of one household are sure of each other."""
    for one, other in combinations(sorted(reports, key=attrgetter("report_id")), 2):
        incident = SURE if one.incident_id == other.incident_id else 0.0
        yield one.report_id, other.report_id, SURE, incident, [], weights().version


def _incidents(lines: Iterable[Line]) -> set[str]:
    return {line.truth.incident for line in lines}


def _judged(facts: Facts) -> tuple[object, ...]:
    """All but the ids of a case that is told of in this one report."""
    case = assess(facts, Docket(), shipped_terms().at(facts.received_at)).after
    if case is None:
        raise ValueError("a first report makes a case")
    standing, routing = case.judged
    return (
        *(case.version, case.state, None, standing.queue, standing.priority, routing.county, routing.centre),
        *(STANDING.dump_python(standing, mode="json"), ROUTING.dump_python(routing, mode="json"), BEGINNING),
    )


def _version_row(report_id: UUID, line: Line, reading: Reading, case_key: bytes) -> tuple[object, ...]:
    facts, data_key = reading.facts, new_key()
    key = facts.event_key
    plain = facts.content_key + to_bytes(without_reporter(reading.document))
    sealed = seal(data_key, plain, Slot("report_version", "sealed", key))
    wrapped = seal(case_key, data_key, Slot("report_version", "wrapped_key", key))
    return key, facts.event_id, report_id, facts.source, line.at, list(facts.faults), sealed, wrapped
