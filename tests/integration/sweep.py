"""Looks for marks in every byte that a run has left anywhere: files, tables, topics, answers, the process table."""

import os
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from crew import Crew, server_process
from lab import Lab
from seeking import found_below, found_in

from pipeline.contracts.topics import OUTGOING

Marks = Mapping[str, str]
Found = dict[str, set[tuple[str, str]]]
"""By place: which mark, in which form."""

SHOWN_BINARY = re.compile(rb"\\x((?:[0-9a-f]{2})+)")
"""How Postgres shows a binary column."""

TABLES = """
SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables
WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
UNION ALL VALUES ('pg_stats'), ('pg_stat_activity'), ('pg_description'), ('pg_settings')
"""
"""The last ones: samples of columns, the statements that run, comments, and what a database was told."""

PATHS = ("/metrics", "/readyz", "/healthz")


async def swept(lab: Lab, crew: Crew, root: Path, marks: Marks, senders: Path) -> Found:
    """Everything at once. `root` is where the servers have theirs. Of files below `senders` those are left out that the
    sender left there, and the lines that were set aside beside them: whoever may read the one may read the other.
    """
    found: Found = defaultdict(set)
    await _checkpoint(lab)
    for told in (in_files(lab, marks, senders), in_servers(root, marks), in_processes(lab, crew, root, marks)):
        for place, marked in told:
            found[place] |= marked
    for name in [state.name for state in crew.supervisor.states()]:
        for path in PATHS:
            _, body = await crew.ask(name, path)
            found[f"{name} {path}"] |= found_in(body.encode(), marks)
    for place, data in [*[row async for row in _tables(lab)], *[record async for record in _records(lab)]]:
        found[place] |= found_in(data, marks)
    return {place: marked for place, marked in found.items() if marked}


async def _checkpoint(lab: Lab) -> None:
    """Outside the pools, which wait for nothing as long as this may take."""
    for dsn in (lab.settings.keys_dsn, lab.settings.postgres_dsn):
        connection = await asyncpg.connect(dsn)
        await connection.execute("ANALYZE")
        await connection.execute("CHECKPOINT")
        await connection.close()


def in_files(lab: Lab, marks: Marks, senders: Path) -> Iterator[tuple[str, set[tuple[str, str]]]]:
    """Logs, traces, spool, journals, notes beside what others left, homes, temporary files, cores."""
    for name, marked in found_below(lab.settings.data_dir, marks).items():
        path = lab.settings.data_dir / name
        if not (path.is_relative_to(senders) and is_the_senders(path)):
            yield name, marked


def is_the_senders(path: Path) -> bool:
    """Notes about a file are ours."""
    if path.name.endswith(".why.txt"):
        return False
    if path.name.endswith(".faulty.csv"):
        assert path.stat().st_mode & 0o077 == 0, path
    return True


def in_servers(root: Path, marks: Marks) -> Iterator[tuple[str, set[tuple[str, str]]]]:
    """Postgres with its log and its WAL, Kafka without the intake topics, and the supervisor of both."""
    for name, marked in found_below(root, marks, but="intake.").items():
        yield re.sub(r"\d{2,}", "…", name), marked


def in_processes(lab: Lab, crew: Crew, root: Path, marks: Marks) -> Iterator[tuple[str, set[tuple[str, str]]]]:
    """What anybody on the machine sees of ours, and of what they started, and what root sees."""
    for process in ours(lab, crew, root):
        for what in ("cmdline", "environ", "comm"):
            with suppress(OSError):
                yield f"{what} of {process.name()}", found_in(Path(f"/proc/{process.pid}/{what}").read_bytes(), marks)


def ours(lab: Lab, crew: Crew, root: Path) -> list[psutil.Process]:
    """All of the crew, of its forebears' children where they are orphans, and of the servers."""
    heads = [server_process(root, name) for name in ("postgres", "kafka", "supervisor")]
    heads += [psutil.Process(state.mark.pid) for state in crew.supervisor.states() if state.mark]
    return [*{p.pid: p for h in heads for p in (h, *h.children(recursive=True))}.values(), *started_here(lab)]


def started_here(lab: Lab) -> list[psutil.Process]:
    """Whatever has this run's data folder in its environment."""
    folder, found = os.fsencode(lab.settings.data_dir), []
    for process in psutil.process_iter():
        with suppress(OSError, psutil.Error):
            if process.pid != os.getpid() and folder in Path(f"/proc/{process.pid}/environ").read_bytes():
                found.append(process)
    return found


async def _tables(lab: Lab) -> AsyncIterator[tuple[str, bytes]]:
    """As text, since what Postgres compresses could be read by nobody in its files, and by anybody with a query."""
    for pool in (lab.pool, lab.keys_pool):
        for (table,) in await pool.fetch(TABLES):
            rows = await pool.fetch(f"SELECT t::text FROM {table} t")  # noqa: S608 - a table of ours
            text = "\n".join(row[0] for row in rows).encode()
            binary = b" ".join(bytes.fromhex(shown.decode()) for shown in SHOWN_BINARY.findall(text))
            yield f"table {table.removeprefix('public.')}", text + b"\0" * 8 + binary


async def _records(lab: Lab) -> AsyncIterator[tuple[str, bytes]]:
    """As a consumer gets them, since a topic may be compressed."""
    consumer = AIOKafkaConsumer(**lab.brokers.options(), auto_offset_reset="earliest")
    await consumer.start()
    try:
        tps = [tp for tp in await _partitions(lab) if not tp.topic.startswith("intake.")]
        assert set(OUTGOING) <= {tp.topic for tp in tps}
        consumer.assign(tps)
        left = {tp: end for tp, end in (await consumer.end_offsets(tps)).items() if end}
        for tp in left:
            yield f"topic {tp.topic}", tp.topic.encode()
        while left:
            for tp, got in (await consumer.getmany(*left, timeout_ms=2000)).items():
                yield f"topic {tp.topic}", b"\n".join(_parts(got))
                if got and got[-1].offset + 1 >= left[tp]:
                    del left[tp]
    finally:
        await consumer.stop()


async def _partitions(lab: Lab) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(**lab.brokers.options())
    await admin.start()
    try:
        told = await admin.describe_topics()
    finally:
        await admin.close()
    return [TopicPartition(topic["topic"], p["partition"]) for topic in told for p in topic["partitions"]]


def _parts(records: Iterable[Any]) -> Iterator[bytes]:
    for record in records:
        yield record.key or b""
        yield record.value or b""
        for name, value in record.headers:
            yield name.encode()
            yield value or b""
