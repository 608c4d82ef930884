"""Kafka, Postgres and every process of ours on this machine: start, stop, state."""

import asyncio
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import orjson

from pipeline import wiring
from pipeline.adapters.vault import KeyRing
from pipeline.errors import AnwangError
from pipeline.local import daemon
from pipeline.local.demo.children import STAGES, ready_at
from pipeline.local.errors import LocalError
from pipeline.local.folders import open_folders
from pipeline.local.ports import remembered_ports
from pipeline.local.servers import Servers
from pipeline.local.status import Status
from pipeline.local.supervisor import Child, State, inherited_env
from pipeline.settings import Configured, Settings


class StackError(AnwangError):
    """The servers or processes on this machine cannot run; the text says why."""


def start(told: Configured, *, foreground: bool) -> int:
    """0 once everything is ready, or, in the foreground, once it was told to end."""
    settings = told.settings.model_copy(update={"data_dir": told.settings.data_dir.absolute()})
    try:
        if foreground:
            return daemon.up_foreground(daemon.Plan(settings.data_dir, lambda s: _children(s, settings), _say))
        argv = (sys.executable, "-m", "pipeline.cli", "up", "--foreground")
        known = daemon.spawn_detached(settings.data_dir, argv, inherited_env(**_environment(settings)), progress=_say)
    except LocalError as error:
        raise StackError(str(error)) from error
    _print(known)
    return 0


def stop(data_dir: Path) -> None:
    try:
        was_running = daemon.down(data_dir)
    except LocalError as error:
        raise StackError(str(error)) from error
    sys.stdout.write("stopped\n" if was_running else "nothing was running\n")


def show_status(data_dir: Path, *, as_json: bool) -> int:
    """0 when everything is ready, else 1."""
    known = daemon.status(data_dir)
    if as_json:
        told = asdict(known) if known else None
        sys.stdout.buffer.write(orjson.dumps(told, default=str, option=orjson.OPT_APPEND_NEWLINE))
    elif known:
        _print(known)
    else:
        sys.stdout.write(f"nothing runs in {data_dir}\n")
    return 0 if known and known.ready and all(c.state is State.READY for c in known.children) else 1


def _print(known: Status) -> None:
    for child in known.children:
        pid = f"pid {child.mark.pid}" if child.mark else "no process"
        sys.stdout.write(f"{child.name:<10} {child.state.value:<9} {pid:<12} {child.restarts} restarts  {child.log}\n")
    if known.servers:
        sys.stdout.write(f"Kafka at {known.servers.kafka_bootstrap}; anwang finds it, and Postgres, by itself\n")
    if not known.ready:
        sys.stdout.write(f"{known.step}\n")


def _children(servers: Servers, settings: Settings) -> Sequence[Child]:
    """The processes, after tables, keys and topics are there."""
    at = {
        "kafka_bootstrap": servers.kafka_bootstrap,
        "postgres_dsn": servers.postgres_dsn,
        "keys_dsn": servers.keys_dsn,
    }
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(asyncio.run, _prepare(settings.model_copy(update=at))).result()
    ports = remembered_ports(open_folders(settings.data_dir).run / "http.json", tuple(STAGES))
    return [
        Child(
            name=name,
            argv=(sys.executable, "-m", "pipeline.cli", "run", stage),
            env=inherited_env(
                **_environment(settings),
                **servers.environment(),
                ANWANG_INSTANCE=name,
                ANWANG_HTTP_PORT=str(ports[name]),
            ),
            ready=ready_at(ports[name]),
        )
        for name, stage in STAGES.items()
    ]


async def _prepare(settings: Settings) -> None:
    await wiring.migrate_all(settings)
    with suppress(FileExistsError):
        KeyRing.create(settings.key_file)
    await wiring.create_topics(settings)


def _environment(settings: Settings) -> dict[str, str]:
    told = {
        "ANWANG_DATA_DIR": str(settings.data_dir),
        "ANWANG_KEY_FILE": str(settings.key_file.absolute()),
        "ANWANG_PARTITIONS": str(settings.partitions),
    }
    if settings.sources_file:
        told["ANWANG_SOURCES_FILE"] = str(settings.sources_file.absolute())
    return told


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
