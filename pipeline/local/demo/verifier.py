"""Does what the sender saw acknowledged stand in Postgres and on the queue topics? Imports nothing of this package.

Run it by its path:

    python verifier.py --kafka 127.0.0.1:9092 --postgres DSN --acked acked.ndjson

Prints one JSON object. Exit code 0: it all agrees; 1: it does not; 2: it could not be looked at.
"""

import argparse
import asyncio
import hashlib
import json
import re
import ssl
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

INTAKE = re.compile(r"^intake\.")
QUEUE = re.compile(r"^queue\.")
OURS = re.compile(r"^(intake|queue|case)\.")
ACCEPTED = frozenset({"case", "duplicate", "amendment", "redelivery"})
UNREAD = frozenset({"dead_letter", "quarantine"})
EXAMPLES_MAX = 5
READ_TIMEOUT_S = 120.0

SQL_INBOX = """
    SELECT i.topic, i.partition, i.kafka_offset, i.outcome, i.digest, i.unread_id, v.source, v.event_id
    FROM inbox i LEFT JOIN report_version v ON v.event_key = i.event_key
"""
SQL_CURSOR = "SELECT topic, partition, next_offset FROM stream_cursor"
SQL_VERSIONS = """
    SELECT v.source, v.event_id, i.case_id, d.event_key IS NOT NULL AS decided
    FROM report_version v
    LEFT JOIN report r ON r.report_id = v.report_id
    LEFT JOIN incident i ON i.incident_id = r.incident_id
    LEFT JOIN decision d ON d.event_key = v.event_key
"""
SQL_CASES = """
    SELECT f.case_id, f.version, count(e.version) AS events, coalesce(max(e.version), 0) AS newest
    FROM case_file f LEFT JOIN case_event e ON e.case_id = f.case_id
    GROUP BY f.case_id, f.version
"""
SQL_OUTBOX = "SELECT topic, message, published_partition, published_offset FROM outbox"
SQL_UNREAD = "SELECT unread_id FROM unread_report"

Coordinate = tuple[str, int, int]
Calls = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """One line of the sender's own list; `event_id` is None where the message had none that can be read."""

    at: Coordinate
    event_id: str | None
    source: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Settled:
    """`event` is source and event id of the report that it was settled as."""

    outcome: str
    digest: str
    event: tuple[str, str] | None
    unread_id: str


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a report: the case that it is filed in, if any, and whether its decision was kept."""

    case_id: str | None
    decided: bool


@dataclass(frozen=True, slots=True)
class Case:
    version: int
    events: int
    newest: int

    @property
    def whole(self) -> bool:
        """Every version has its event, none is missing."""
        return self.version == self.events == self.newest


@dataclass(frozen=True, slots=True)
class Tables:
    inbox: dict[Coordinate, Settled]
    cursors: dict[tuple[str, int], int]
    versions: dict[tuple[str, str], list[Version]]
    cases: dict[str, Case]
    outbox: list[tuple[str, bytes, int | None, int | None]]
    unread: set[str]


@dataclass(frozen=True, slots=True)
class Log:
    """All that stands in Kafka: the digest of each intake message, the bytes of each outgoing one."""

    intake: dict[Coordinate, str] = field(default_factory=dict)
    outgoing: dict[Coordinate, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Findings:
    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, code: str, where: object) -> None:
        self.counts[code] += 1
        shown = self.examples.setdefault(code, [])
        if len(shown) < EXAMPLES_MAX:
            shown.append(str(where))

    def listed(self) -> list[dict[str, Any]]:
        return [{"code": c, "count": n, "examples": self.examples[c]} for c, n in sorted(self.counts.items())]


def read_acknowledged(text: bytes) -> list[Acknowledged]:
    """Every whole line; a line that a killed sender left unfinished is passed over."""
    return [line for line in map(_acknowledged, text.splitlines()) if line]


def _acknowledged(line: bytes) -> Acknowledged | None:
    try:
        said = json.loads(line)
        at = (said["topic"], said["partition"], said["offset"])
        return Acknowledged(at, said["event_id"], said["source"], said["sha256"])
    except (ValueError, KeyError, TypeError):
        return None


async def read_tables(dsn: str) -> Tables:
    database = await asyncpg.connect(dsn, timeout=10)
    try:
        async with database.transaction(isolation="repeatable_read", readonly=True):
            return Tables(
                inbox={(r[0], r[1], r[2]): _settled(r) for r in await database.fetch(SQL_INBOX)},
                cursors={(r[0], r[1]): r[2] for r in await database.fetch(SQL_CURSOR)},
                versions=_versions(await database.fetch(SQL_VERSIONS)),
                cases={str(r[0]): Case(r[1], r[2], r[3]) for r in await database.fetch(SQL_CASES)},
                outbox=[(r[0], bytes(r[1]), r[2], r[3]) for r in await database.fetch(SQL_OUTBOX)],
                unread={str(r[0]) for r in await database.fetch(SQL_UNREAD)},
            )
    finally:
        await database.close()


def _settled(row: asyncpg.Record) -> Settled:
    event = (row["source"], row["event_id"]) if row["event_id"] is not None else None
    return Settled(row["outcome"], bytes(row["digest"]).hex(), event, str(row["unread_id"]))


def _versions(rows: Iterable[asyncpg.Record]) -> dict[tuple[str, str], list[Version]]:
    versions: dict[tuple[str, str], list[Version]] = {}
    for row in rows:
        version = Version(str(row["case_id"]) if row["case_id"] else None, row["decided"])
        versions.setdefault((row["source"], row["event_id"]), []).append(version)
    return versions


def called(bootstrap: str, user: str | None, password_file: Path | None, ca_file: Path | None) -> Calls:
    """How Kafka is called: as nobody, or by a password over TLS."""
    if user is None or password_file is None:
        return {"bootstrap_servers": bootstrap}
    return {
        "bootstrap_servers": bootstrap,
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": user,
        "sasl_plain_password": password_file.read_text("utf-8").strip(),
        "ssl_context": ssl.create_default_context(cafile=ca_file),
    }


async def read_log(kafka: Calls) -> Log:
    """All intake and outgoing topics, from their beginning to where they end now."""
    consumer = AIOKafkaConsumer(
        **kafka,
        enable_auto_commit=False,
        fetch_max_bytes=64 << 20,
        max_partition_fetch_bytes=16 << 20,
    )
    log = Log()
    partitions = await _partitions(kafka)
    await consumer.start()
    try:
        async for record in _all_of(consumer, partitions):
            at, value = (record.topic, record.partition, record.offset), record.value or b""
            if INTAKE.match(record.topic):
                log.intake[at] = hashlib.sha256(value).hexdigest()
            else:
                log.outgoing[at] = value
    finally:
        await consumer.stop()
    return log


async def _partitions(kafka: Calls) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(**kafka)
    await admin.start()
    try:
        told = await admin.describe_topics()
    finally:
        await admin.close()
    return [TopicPartition(t["topic"], p["partition"]) for t in told if OURS.match(t["topic"]) for p in t["partitions"]]


async def _all_of(consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> AsyncIterator[ConsumerRecord]:
    if not partitions:
        return
    ends = await consumer.end_offsets(partitions)
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    async with asyncio.timeout(READ_TIMEOUT_S):
        while [p for p in partitions if await consumer.position(p) < ends[p]]:
            for records in (await consumer.getmany(timeout_ms=100)).values():
                for record in records:
                    yield record


def check_intake(acked: list[Acknowledged], log: Log, tables: Tables, found: Findings) -> None:
    """Each acknowledged message stands in Kafka as sent, and each message in Kafka is settled once, as it stands."""
    for ack in acked:
        if log.intake.get(ack.at) != ack.sha256:
            found.add("acknowledged_but_not_in_kafka", ack.at)
        if ack.at not in tables.inbox:
            found.add("acknowledged_but_not_settled", ack.at)
    _check_digests(log, tables, found)
    for at in tables.inbox.keys() - log.intake.keys():
        found.add("settled_but_not_in_kafka", at)


def _check_digests(log: Log, tables: Tables, found: Findings) -> None:
    """The kept digests are keyed and cannot be made again here; yet the same bytes have one, other bytes another."""
    kept_of: dict[str, str] = {}
    bytes_of: dict[str, str] = {}
    for at, sha256 in log.intake.items():
        settled = tables.inbox.get(at)
        if settled is None:
            found.add("in_kafka_but_not_settled", at)
            continue
        kept = kept_of.setdefault(sha256, settled.digest), bytes_of.setdefault(settled.digest, sha256)
        if kept != (settled.digest, sha256):
            found.add("settled_with_another_digest", at)


def check_outcomes(acked: list[Acknowledged], queued: set[str], tables: Tables, found: Findings) -> None:
    """What was accepted has its report, one case and a record on a queue; what was not has a row in a person's list."""
    for ack in acked:
        settled = tables.inbox.get(ack.at)
        if settled is None:
            continue
        if settled.outcome in UNREAD:
            if settled.unread_id not in tables.unread:
                found.add("set_aside_but_in_no_list", ack.at)
        elif settled.outcome in ACCEPTED:
            _check_accepted(ack, settled, queued, tables, found)
        else:
            found.add("unknown_outcome", ack.at)


def _check_accepted(ack: Acknowledged, settled: Settled, queued: set[str], tables: Tables, found: Findings) -> None:
    if ack.event_id is None:
        found.add("accepted_without_an_event_id", ack.at)
        return
    event = (ack.source, ack.event_id)
    if settled.event != event:
        found.add("settled_as_another_event", ack.at)
    versions = tables.versions.get(event, [])
    cases = {version.case_id for version in versions}
    if not versions:
        found.add("accepted_without_a_report", ack.at)
    elif not cases <= tables.cases.keys():
        found.add("accepted_without_a_case", ack.at)
    elif len(cases) > 1:
        found.add("two_cases_for_one_event", ack.event_id)
    if not all(version.decided for version in versions):
        found.add("accepted_without_a_decision", ack.at)
    if ack.event_id not in queued:
        found.add("accepted_but_on_no_queue", ack.event_id)


def check_cases(tables: Tables, found: Findings) -> None:
    """The history of each case has no gap, and none is without a history."""
    for case_id, case in tables.cases.items():
        if not case.whole or not case.version:
            found.add("case_without_its_whole_history", case_id)


def check_outbox(log: Log, tables: Tables, found: Findings) -> None:
    """Each row marked as published stands at its mark; nothing stands on an outgoing topic that is not a row."""
    for topic, message, partition, offset in tables.outbox:
        if partition is None or offset is None:
            found.add("not_published", topic)
        elif log.outgoing.get((topic, partition, offset)) != message:
            found.add("marked_but_not_there", (topic, partition, offset))
    written = {(topic, message) for topic, message, _, _ in tables.outbox}
    for at, value in log.outgoing.items():
        if (at[0], value) not in written:
            found.add("on_a_topic_but_not_in_the_outbox", at)


def check_records(log: Log, found: Findings) -> tuple[set[str], int]:
    """One version of a case says one thing in one place. Returns the event ids on queue topics, and how many records
    stand there again.
    """
    queued: set[str] = set()
    said: dict[tuple[object, ...], bytes] = {}
    doubles = 0
    for at, value in log.outgoing.items():
        if not QUEUE.match(at[0]):
            continue
        record = json.loads(value)
        queued.add(record["event_id"])
        key = (at[0], record["case_id"], record["case_version"], record["kind"], record["centre"])
        before = said.setdefault(key, value)
        doubles += before is not value
        if before != value:
            found.add("one_version_two_records", at)
    return queued, doubles


def report(acked: list[Acknowledged], log: Log, tables: Tables) -> dict[str, Any]:
    found = Findings()
    queued, doubles = check_records(log, found)
    check_intake(acked, log, tables, found)
    check_outcomes(acked, queued, tables, found)
    check_cases(tables, found)
    check_outbox(log, tables, found)
    unsettled = {*log.intake, *(ack.at for ack in acked)} - tables.inbox.keys()
    lost = {at for at in unsettled if at[2] < tables.cursors.get(at[:2], 0) or at not in log.intake}
    return {
        "ok": not found.counts,
        "acknowledged": len(acked),
        "received": len(log.intake),
        "settled": dict(sorted(Counter(s.outcome for s in tables.inbox.values()).items())),
        "in_flight": len(unsettled - lost),
        "lost": len(lost),
        "unpublished": found.counts["not_published"],
        "cases": len(tables.cases),
        "records": len(log.outgoing),
        "doubles": doubles,
        "findings": found.listed(),
    }


async def verify(kafka: Calls, dsn: str, acked: list[Acknowledged]) -> dict[str, Any]:
    tables = await read_tables(dsn)
    return report(acked, await read_log(kafka), tables)


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kafka", required=True, metavar="HOST:PORT")
    parser.add_argument("--kafka-user", metavar="NAME", help="with its password, over TLS")
    parser.add_argument("--kafka-password-file", type=Path, metavar="FILE")
    parser.add_argument("--kafka-ca-file", type=Path, metavar="FILE")
    parser.add_argument("--postgres", required=True, metavar="DSN")
    parser.add_argument("--acked", required=True, type=Path, metavar="FILE")
    told = parser.parse_args()
    try:
        acked = read_acknowledged(told.acked.read_bytes())
        kafka = called(told.kafka, told.kafka_user, told.kafka_password_file, told.kafka_ca_file)
        answer = asyncio.run(verify(kafka, told.postgres, acked))
    except (OSError, TimeoutError, KafkaError, asyncpg.PostgresError) as problem:
        _say({"ok": False, "could_not_look": type(problem).__name__})
        return 2
    _say(answer)
    return 0 if answer["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
