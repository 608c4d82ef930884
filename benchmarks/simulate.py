"""`anwang policy simulate` on a year of the whole country, from a file and from Postgres, with its time and its table.

The reports are those of `benchmarks/linking_scale.py`: invented households in every town, told of in the product's own
messy way, several reports a case. They are linked as an unfailing linker would (the file's `--decisions` come from the
generator's truth), read and sealed like any other, and put into the database by COPY: the tables of cases, incidents,
reports and versions are as settling writes them; those that a simulation does not read stay empty. The new policy
makes the neglected urgent, gives neglect more points and visits vulnerable families within 7 days.

Exit code 0 only when both routes count the same and each takes at most five minutes with two processes.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import crowd
from own_postgres import serving

from pipeline.adapters.documents import to_bytes
from pipeline.adapters.postgres.database import Pool, open_pool
from pipeline.adapters.postgres.docket_reader import ROUTING, STANDING
from pipeline.adapters.postgres.keys import KeyName, Purpose, slot_of
from pipeline.adapters.postgres.migrate import DATA, KEYS, migrate
from pipeline.adapters.vault import FIRST_VERSION, KeyPurpose, KeyRing, Slot, new_key, seal
from pipeline.domain.chain import BEGINNING
from pipeline.domain.dangers import IncidentView, ReportView
from pipeline.domain.directory import Directory
from pipeline.domain.normalise.reading import Reading, read_event
from pipeline.domain.policy.reading import shipped, shipped_text
from pipeline.domain.privacy import public_event_id, without_reporter
from pipeline.domain.route import Routing
from pipeline.domain.score import judge
from pipeline.local import postgres
from pipeline.local.bench.mess import Line, Mess, messy
from pipeline.local.bench.mix import Mix
from pipeline.local.bench.register import as_csv
from pipeline.local.folders import open_folders

TARGET_S = 300.0
EVENTS_A_CHUNK = 5_000
YEAR: Mix = replace(crowd.COUNTRY, time=replace(crowd.COUNTRY.time, days=365))
NAMESPACE = UUID("0b7f1c1e-6d0e-4c65-8f0a-7d8f3b2a9c54")
CHANGES = (
    ('version = "default-2026.1"', 'version = "trial"'),
    ('code = "neglect", points = 5', 'code = "neglect", points = 9'),
    (
        'when = { told = "indicator", any_of = ["confinement"] }\n',
        'when = { told = "indicator", any_of = ["confinement", "neglect"] }\n',
    ),
    ("due = { calendar_days = 10 }", "due = { calendar_days = 7 }"),
)


class Place(NamedTuple):
    """Where the databases and the keys are."""

    dsn: str
    keys_dsn: str
    ring: Path


# --- what is told


def chunk(seed: int, events: int) -> Mess:
    return messy(YEAR, seed, events)


def links(lines: Iterable[Line]) -> Iterator[str]:
    seen = set()
    for line in lines:
        told = line.truth
        if told.event_id not in seen:
            seen.add(told.event_id)
            yield f"{told.event_id},{_id(told.incident)},{_id(told.household)},{_id(told.household)}\n"


def _id(word: str) -> UUID:
    return uuid5(NAMESPACE, word)


def _fill(share: tuple[Place, int, int]) -> tuple[bytes, str]:
    """Stores one chunk, and gives the lines of the file and of its links."""
    place, seed, events = share
    mess = chunk(seed, events)
    rows = _rows(KeyRing.load(place.ring), mess)
    asyncio.run(_store(place, rows))
    return b"".join(line.value + b"\n" for line in mess.lines), "".join(links(mess.lines))


Rows = defaultdict[str, list[tuple[object, ...]]]


def _rows(ring: KeyRing, mess: Mess) -> Rows:
    known, rows = Directory({source.code: source for source in mess.sources}), Rows(list)
    households: dict[str, list[Line]] = {}
    for line in mess.lines:
        households.setdefault(line.truth.household, []).append(line)
    standing = STANDING.dump_python(judge(shipped(), [_nothing(mess.lines[0], known)]), mode="json")
    for household, told in households.items():
        case_id, case_key = _id(household), new_key()
        wrapping = ring.held(KeyPurpose.WRAPPING)
        assert wrapping  # noqa: S101 - a ring that this benchmark has made
        wrapped = seal(wrapping, case_key, slot_of(KeyName(case_id, Purpose.REPORT), FIRST_VERSION))
        rows["case_key"].append((case_id, Purpose.REPORT, FIRST_VERSION, wrapped))
        routing = ROUTING.dump_python(Routing(None, "national"), mode="json")
        judged = ("family", "routine", None, "national", standing, routing, BEGINNING)
        rows["case_file"].append((case_id, case_id, 1, "waiting", None, *judged))
        rows["incident"] += {_id(line.truth.incident): case_id for line in told}.items()
        _add_reports(told, known, case_key, rows)
    return rows


def _nothing(line: Line, known: Directory) -> IncidentView:
    reading = read_event(line.value, (), line.at, known)
    assert isinstance(reading, Reading)  # noqa: S101 - what the generator makes can be read
    return IncidentView((ReportView((reading.facts,)),))


def _add_reports(told: Sequence[Line], known: Directory, case_key: bytes, rows: Rows) -> None:
    reports, versions = set[UUID](), set[UUID]()
    for line in told:
        reading = read_event(line.value, (), line.at, known)
        if not isinstance(reading, Reading) or reading.facts.event_key in versions:
            continue
        facts, key, incident = reading.facts, reading.facts.event_key, line.truth.incident
        report_id = _id(f"{facts.source} {facts.report_no} {incident}")
        if report_id not in reports:
            rows["report"].append((report_id, _id(incident), facts.source))
        reports.add(report_id)
        versions.add(key)
        data_key = new_key()
        plain = facts.content_key + to_bytes(without_reporter(reading.document))
        sealed = seal(data_key, plain, Slot("report_version", "sealed", key))
        wrapped = seal(case_key, data_key, Slot("report_version", "wrapped_key", key))
        event_id = public_event_id(facts.event_id, key, source=facts.source)
        at = facts.received_at
        version = (key, event_id, report_id, facts.source, at, list(facts.faults), sealed, wrapped)
        rows["report_version"].append(version)


async def _store(place: Place, rows: Rows) -> None:
    data = await open_pool(place.dsn, name="fill", role=None, connections_max=1, timeout_ms=crowd.FILLING_TIMEOUT_MS)
    keys = await open_pool(
        place.keys_dsn, name="fill", role=None, connections_max=1, timeout_ms=crowd.FILLING_TIMEOUT_MS
    )
    try:
        await _copy(keys, "case_key", crowd.KEY_COLUMNS, rows)
        for table in ("case_file", "incident", "report", "report_version"):
            await _copy(data, table, crowd.COLUMNS[table], rows)
    finally:
        await data.close()
        await keys.close()


async def _copy(pool: Pool, table: str, columns: Sequence[str], rows: Rows) -> None:
    async with pool.acquire() as db:
        await db.copy_records_to_table(table, records=rows[table], columns=columns)


# --- what is measured


def simulate(folder: Path, *argv: str) -> dict[str, Any]:
    """What the command prints, with the seconds of the whole run and those that its processes worked."""
    began, worked = time.monotonic(), _worked()
    command = [sys.executable, "-m", "pipeline.cli", "policy", "simulate", str(folder / "trial.toml"), *argv, "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    return {**json.loads(ended.stdout), "wall_s": time.monotonic() - began, "cpu_s": _worked() - worked}


def _worked() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def counts(told: dict[str, Any]) -> dict[str, Any]:
    """What both routes must agree in. Examples differ: a file gives no ids of cases."""
    moves = [{key: value for key, value in move.items() if key != "examples"} for move in told["moves"]]
    return {"moves": moves, **{key: told[key] for key in ("reports", "cases", "aspects", "levels", "order", "by")}}


async def measure(root: Path, reports: int, processes: int) -> list[dict[str, Any]]:
    folders = open_folders(root)
    text = shipped_text()
    for old, new in CHANGES:
        if old not in text:
            raise ValueError(f"the shipped policy does not say {old!r}")
        text = text.replace(old, new)
    (root / "trial.toml").write_text(text, "utf-8")
    (root / "sources.csv").write_text(as_csv(chunk(1, 1).sources), "utf-8")
    KeyRing.create(root / "ring.json")
    async with serving(folders) as socket_folder:
        place = await _prepared(root, socket_folder)
        began = time.monotonic()
        await asyncio.to_thread(_fill_all, place, root, reports, processes)
        _say(f"{reports:,} reports invented, written and stored in {time.monotonic() - began:.0f} s\n")
        shared = ("--sources-file", str(root / "sources.csv"), "--processes", str(processes))
        file = ("--reports", str(root / "reports.ndjson"), "--decisions", str(root / "links.csv"))
        stored = ("--postgres-dsn", place.dsn, "--keys-dsn", place.keys_dsn, "--key-file", str(place.ring))
        return [await asyncio.to_thread(simulate, root, *shared, *route) for route in (file, stored)]


async def _prepared(root: Path, socket_folder: Path) -> Place:
    for name in ("year", "year_keys"):
        await postgres.create_database(socket_folder, name)
    dsns = [postgres.dsn_of(socket_folder, name) for name in ("year", "year_keys")]
    await migrate(dsns[0], DATA)
    await migrate(dsns[1], KEYS)
    return Place(*dsns, root / "ring.json")


def _fill_all(place: Place, root: Path, reports: int, processes: int) -> None:
    sizes = [EVENTS_A_CHUNK] * (reports // EVENTS_A_CHUNK) + [reports % EVENTS_A_CHUNK] * bool(reports % EVENTS_A_CHUNK)
    shares = [(place, seed, events) for seed, events in enumerate(sizes, 1)]
    with (
        (root / "reports.ndjson").open("wb") as told,
        (root / "links.csv").open("w", encoding="utf-8") as linked,
        ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool,
    ):
        linked.write("event_id,incident_id,case_id,household_id\n")
        for lines, rows in pool.map(_fill, shares):
            told.write(lines)
            linked.write(rows)


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _row(route: str, told: dict[str, Any]) -> str:
    rate = told["reports"] / told["wall_s"]
    seconds = (f"{told[name]:.0f}" for name in ("wall_s", "cpu_s"))
    cells = (route, f"{told['reports']:,}", f"{told['cases']['cases']:,}", *seconds, f"{rate:,.0f}")
    return f"| {' | '.join(cells)} |\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=390_000)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        routes = asyncio.run(measure(Path(scratch), asked.reports, asked.processes))
    _say("| route | reports | cases | s | s worked | reports/s |\n|---|---|---|---|---|---|\n")
    for route, told in zip(("file", "Postgres"), routes, strict=True):
        _say(_row(route, told))
    if counts(routes[0]) != counts(routes[1]):
        _say("the two routes do not count the same\n")
        return 1
    return 0 if max(told["wall_s"] for told in routes) <= TARGET_S else 1


if __name__ == "__main__":
    sys.exit(main())
