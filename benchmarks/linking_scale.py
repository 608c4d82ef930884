"""One report against a million persons in Postgres: candidates, opening and comparison, beside the same at 10,000.

    python benchmarks/linking_scale.py --persons 10000 1000000 --reports 400 --keep FOLDER

Starts a Postgres of its own with the settings of `anwang up`. `--keep` fills FOLDER once and uses it again. Half of the
reports tell, with faults, of a household that is stored. Cold: the server has just started and none of its files is in
the machine's memory. Warm: all of them are. Exit code 0 only when p95 is at most 20 ms, and mean and p95 are at most
1.5 times those of the smallest crowd, all of it warm.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import crowd
from crowd import Filled, Place, Probe

from pipeline.adapters.postgres.database import Connection, open_pool
from pipeline.adapters.postgres.docket_reader import DocketReader, Loaded, Sought
from pipeline.adapters.postgres.keys import CaseKeys
from pipeline.adapters.postgres.migrate import DATA, KEYS, migrate
from pipeline.adapters.vault import KeyRing
from pipeline.contracts.ids import event_key
from pipeline.contracts.messages import Coordinate, Message
from pipeline.domain.assess import assess
from pipeline.domain.batch import Accepted, Batch
from pipeline.domain.directory import Directory
from pipeline.domain.link import stored_keys
from pipeline.domain.normalise.reading import Reading, read_event
from pipeline.local import postgres, sockets
from pipeline.local.folders import Folders, open_folders
from pipeline.local.supervisor import Supervisor

P95_MAX_MS = 20.0
GROWTH_MAX = 1.5
BATCH = 50
COLD_SHARE = 0.25
WORKERS = 2
COLUMNS = (
    *("persons", "reports", "fill s", "cache", "of", "p50 ms", "p95 ms", "max ms", "mean ms"),
    *("ask", "open", "decide", "batch ask", "candidates p50", "p95", "max", "versions", "household found"),
)


@dataclass(slots=True)
class Measured:
    """Milliseconds of each report, by part; what was found; milliseconds of a report's share in a batch's one query."""

    ask: list[float] = field(default_factory=list)
    load: list[float] = field(default_factory=list)
    decide: list[float] = field(default_factory=list)
    batch_ask: list[float] = field(default_factory=list)
    candidates: list[int] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    known: int = 0
    found: int = 0

    @property
    def whole(self) -> list[float]:
        return [sum(parts) for parts in zip(self.ask, self.load, self.decide, strict=True)]


@asynccontextmanager
async def server(folders: Folders) -> AsyncIterator[Path]:
    """The folder of the socket of a running Postgres."""
    supervisor = Supervisor(folders)
    try:
        await supervisor.start(await asyncio.to_thread(postgres.prepare_database, folders))
        yield sockets.provide_socket_folder(folders)
    finally:
        await supervisor.stop()
        sockets.remove_socket_folder(folders)


def _files(folders: Folders) -> Iterator[Path]:
    return (path for path in (folders.postgres / "data").rglob("*") if path.is_file())


def forget_files(folders: Folders) -> None:
    """Drops the files of a stopped server from the machine's memory."""
    for path in _files(folders):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def remember_files(folders: Folders) -> None:
    for path in _files(folders):
        with path.open("rb") as file:
            while file.read(1 << 20):
                pass


class Crowd:
    """Databases that hold so many persons, filled once."""

    def __init__(self, root: Path, persons: int) -> None:
        self.persons, self._memory = persons, root / f"crowd-{persons}.json"
        self._name, self._keys_name = f"crowd_{persons}", f"crowd_{persons}_keys"
        self.ring = root / "ring.json"

    def place(self, socket_folder: Path) -> Place:
        dsn, keys_dsn = (postgres.dsn_of(socket_folder, name) for name in (self._name, self._keys_name))
        return Place(dsn, keys_dsn, self.ring)

    def known(self) -> Filled | None:
        """What an earlier run stored, if it knew the same keys."""
        try:
            told = json.loads(self._memory.read_text("utf-8"))
        except OSError:
            return None
        probes = [Probe(line.encode(), frozenset(household)) for line, household in told.pop("probes")]
        return Filled(**{k: v for k, v in told.items() if k != "keys"}, probes=probes) if told["keys"] == mark_of_keys() else None

    async def provide(self, socket_folder: Path) -> Filled:
        if known := self.known():
            return known
        for name in (self._name, self._keys_name):
            await postgres.drop_database(socket_folder, name)
            await postgres.create_database(socket_folder, name)
        place = self.place(socket_folder)
        await migrate(place.dsn, DATA)
        await migrate(place.keys_dsn, KEYS)
        filled = await asyncio.to_thread(crowd.fill, place, self.persons, WORKERS)
        told = {**asdict(filled), "probes": [(p.line.decode(), sorted(p.household)) for p in filled.probes]}
        self._memory.write_text(json.dumps({**told, "keys": mark_of_keys()}, ensure_ascii=False), "utf-8")
        return filled


def mark_of_keys() -> str:
    """Changes with the keys by which reports are found."""
    known, digest = crowd.directory(), sha256()
    for reading in read(crowd.strangers(50), known):
        digest.update(repr(sorted(stored_keys(reading.facts))).encode())
    return digest.hexdigest()


def read(probes: Iterable[Probe], known: Directory) -> Iterator[Reading]:
    for probe in probes:
        reading = read_event(probe.line, (), datetime.now(UTC), known)
        if isinstance(reading, Reading):
            yield reading


class Bench:
    """Asks as the store does: one look, one load, decisions in memory."""

    def __init__(self, db: Connection, reader: DocketReader, ring: KeyRing, known: Directory) -> None:
        self._db, self._reader, self._ring, self._known = db, reader, ring, known

    async def run(self, probes: Sequence[Probe]) -> Measured:
        measured = Measured()
        readings = list(read(probes, self._known))
        for probe, reading in zip(probes, readings, strict=True):
            await self._one(probe, reading, measured)
        for at in range(0, len(readings), BATCH):
            some = readings[at : at + BATCH]
            began = time.perf_counter()
            await self._reader.look(self._db, Sought.of(batch_of(some), self._ring))
            measured.batch_ask += [_ms(began) / len(some)] * len(some)
        return measured

    async def _one(self, probe: Probe, reading: Reading, measured: Measured) -> None:
        began = time.perf_counter()
        sought = Sought.of(batch_of([reading]), self._ring)
        sight = await self._reader.look(self._db, sought)
        measured.ask.append(_ms(began))
        began = time.perf_counter()
        loaded = await self._reader.load(self._db, sought, sight)
        measured.load.append(_ms(began))
        candidates = {report_id for _, _, report_id, _ in sight.borne}
        measured.candidates.append(len(candidates))
        measured.versions.append(len(loaded.wrapped))
        if probe.household:
            measured.known += 1
            measured.found += not probe.household.isdisjoint(_events(loaded, candidates))
        began = time.perf_counter()
        assess(reading.facts, loaded.docket)
        measured.decide.append(_ms(began))


def _events(loaded: Loaded, candidates: Iterable[UUID]) -> set[str]:
    held = (loaded.docket.report(report_id) for report_id in candidates if loaded.docket.holds(report_id))
    return {version.event_id for report in held for version in report.versions}


def _ms(began: float) -> float:
    return (time.perf_counter() - began) * 1000


def batch_of(readings: Iterable[Reading]) -> Batch:
    items = []
    for offset, reading in enumerate(readings):
        facts = reading.facts
        message = Message(Coordinate("intake.bench.v1", 0, offset), b"", (), facts.sent_at)
        items.append(Accepted(message, reading, event_key(facts.source, facts.event_id)))
    return Batch(tuple(items))


@asynccontextmanager
async def bench(place: Place) -> AsyncIterator[Bench]:
    ring, known = KeyRing.load(place.ring), crowd.directory()
    data = await open_pool(place.dsn, name="bench", connections_max=1)
    keys = await open_pool(place.keys_dsn, name="bench", connections_max=1)
    try:
        async with data.acquire() as db:
            yield Bench(db, DocketReader(ring, CaseKeys(keys, ring), _Sources(known)), ring, known)
    finally:
        await data.close()
        await keys.close()


class _Sources:
    def __init__(self, known: Directory) -> None:
        self.now = known


def row(filled: Filled, cache: str, m: Measured) -> tuple[str, ...]:
    whole = m.whole
    parts = (f"{statistics.mean(part):.1f}" for part in (m.ask, m.load, m.decide, m.batch_ask))
    counts = sorted(m.candidates)
    return (
        *(f"{filled.persons:,}", f"{filled.reports:,}", f"{filled.seconds:.0f}", cache, str(len(whole))),
        *(f"{_at(whole, 0.5):.1f}", f"{_at(whole, 0.95):.1f}", f"{max(whole):.1f}", f"{statistics.mean(whole):.1f}"),
        *parts,
        *(f"{_at(counts, 0.5):.0f}", f"{_at(counts, 0.95):.0f}", f"{counts[-1]}"),
        f"{statistics.mean(m.versions):.1f}",
        f"{m.found}/{m.known}",
    )


def _at(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def show(cells: Iterable[str]) -> None:
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


async def measure(root: Path, sizes: Sequence[int], reports: int) -> list[Measured]:
    """The warm measures of each size, in order; a row of the table each."""
    folders, crowds = open_folders(root), [Crowd(root, size) for size in sizes]
    if not (root / "ring.json").exists():
        KeyRing.create(root / "ring.json")
    async with server(folders) as socket_folder:
        filled = [await c.provide(socket_folder) for c in crowds]
    cold, warm = int(reports * COLD_SHARE), []
    probes = [list(crowd.in_turn(f.probes, crowd.strangers(reports)))[: reports + cold] for f in filled]
    for one, held, told in zip(crowds, filled, probes, strict=True):
        forget_files(folders)
        async with server(folders) as socket_folder, bench(one.place(socket_folder)) as asking:
            show(row(held, "cold", await asking.run(told[:cold])))
    for one, held, told in zip(crowds, filled, probes, strict=True):
        remember_files(folders)
        async with server(folders) as socket_folder, bench(one.place(socket_folder)) as asking:
            await asking.run(told[:cold])
            warm.append(await asking.run(told[cold:]))
            show(row(held, "warm", warm[-1]))
    return warm


def broken(warm: Sequence[Measured]) -> Iterator[str]:
    """What does not hold."""
    for measured in warm:
        if (p95 := _at(measured.whole, 0.95)) > P95_MAX_MS:
            yield f"p95 is {p95:.1f} ms"
    first, last = warm[0].whole, warm[-1].whole
    growth = statistics.mean(last) / statistics.mean(first), _at(last, 0.95) / _at(first, 0.95)
    sys.stdout.write(f"\ntime per report, largest to smallest: mean {growth[0]:.2f}, p95 {growth[1]:.2f}\n")
    if max(growth) > GROWTH_MAX:
        yield "the time per report grows with the database"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--reports", type=int, default=400)
    parser.add_argument("--keep", type=Path, help="A folder for the filled databases, which is used again.")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        show(COLUMNS)
        sys.stdout.write(f"|{'---|' * len(COLUMNS)}\n")
        warm = asyncio.run(measure(told.keep or Path(scratch), sorted(told.persons), told.reports))
    faults = list(broken(warm))
    sys.stdout.writelines(f"{fault}\n" for fault in faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
