"""Kafka, Postgres and every process of ours on this machine: start, stop, state."""

import asyncio
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import orjson

from pipeline import wiring
from pipeline.adapters.anchors import create_key
from pipeline.adapters.vault import GateKeys
from pipeline.errors import AnwangError
from pipeline.local import daemon
from pipeline.local.demo.children import STAGES, ready_at
from pipeline.local.errors import LocalError
from pipeline.local.folders import open_folders, write_atomically
from pipeline.local.ports import LOOPBACK, is_free, read_ports, remembered_ports
from pipeline.local.servers import Servers
from pipeline.local.status import Status
from pipeline.local.supervisor import Child, State, inherited_env
from pipeline.settings import ENV_PREFIX, Configured, Settings

INTAKE = "intake"
ALL_STAGES = {**STAGES, INTAKE: INTAKE}

OF_EACH = frozenset(
    {
        "kafka_bootstrap",
        "kafka_security",
        "postgres_dsn",
        "keys_dsn",
        "instance",
        "http_port",
        "intake_port",
        "spool_dir",
    }
)
"""What a process that we start is told for itself."""


class StackError(AnwangError):
    """The servers or processes on this machine cannot run; the text says why."""


def start(told: Configured, *, foreground: bool) -> int:
    """0 once everything is ready, or, in the foreground, once it was told to end."""
    told = replace(told, settings=_with_whole_paths(told.settings))
    root = told.settings.data_dir
    try:
        if foreground:
            return daemon.up_foreground(daemon.Plan(root, lambda servers: _children(servers, told), _say))
        argv = (sys.executable, "-m", "pipeline.cli", "up", "--foreground")
        known = daemon.spawn_detached(root, argv, inherited_env(**_environment(told)), progress=_say)
    except LocalError as error:
        raise StackError(str(error)) from error
    _print(known, root)
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
        _print(known, data_dir)
    else:
        sys.stdout.write(f"nothing runs in {data_dir.absolute()}; --data-dir names another folder\n")
    return 0 if known and known.ready and all(c.state is State.READY for c in known.children) else 1


def _print(known: Status, data_dir: Path) -> None:
    for child in known.children:
        pid = f"pid {child.mark.pid}" if child.mark else "no process"
        sys.stdout.write(f"{child.name:<10} {child.state.value:<9} {pid:<12} {child.restarts} restarts  {child.log}\n")
    if known.servers:
        sys.stdout.write(f"Kafka at {known.servers.kafka_bootstrap}; anwang finds it, and Postgres, by itself\n")
    for port in read_ports(open_folders(data_dir).run / "door.json").values():
        sys.stdout.write(f"HTTP intake at http://{LOOPBACK}:{port}/v1/reports; `anwang source add` gives a token\n")
    if not known.ready:
        sys.stdout.write(f"{known.step}\n")


def _children(servers: Servers, told: Configured) -> Sequence[Child]:
    """The processes, after tables, keys and topics are there."""
    settings = told.settings
    at = {
        **servers.kafka_settings(),
        "postgres_dsn": servers.postgres_dsn,
        "keys_dsn": servers.keys_dsn,
    }
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(asyncio.run, _prepare(settings.model_copy(update=at))).result()
    run = open_folders(settings.data_dir).run
    ports = remembered_ports(run / "http.json", tuple(ALL_STAGES))
    door = (
        {INTAKE: settings.intake_port}
        if is_free(settings.intake_port)
        else remembered_ports(run / "door.json", [INTAKE])
    )
    write_atomically(run / "door.json", json.dumps(door))
    if door[INTAKE] != settings.intake_port:
        _say(f"port {settings.intake_port} is taken: the HTTP intake listens on {door[INTAKE]}")
    return [
        Child(
            name=name,
            argv=(sys.executable, "-m", "pipeline.cli", "run", stage),
            env=inherited_env(
                **_environment(told),
                **servers.environment(),
                ANWANG_INSTANCE=name,
                ANWANG_HTTP_PORT=str(ports[name]),
                ANWANG_INTAKE_PORT=str(door[INTAKE]),
                ANWANG_SPOOL_DIR=str(settings.spool_dir or settings.data_dir / "spool"),
            ),
            ready=ready_at(ports[name]),
        )
        for name, stage in ALL_STAGES.items()
    ]


async def _prepare(settings: Settings) -> None:
    await wiring.migrate_all(settings)
    with suppress(FileExistsError):
        await wiring.create_ring(settings)
    for create, path in ((GateKeys.create, settings.gate_key_file), (create_key, settings.anchor_key_file)):
        with suppress(FileExistsError):
            create(path)
    await wiring.create_topics(settings, await wiring.read_directory(settings))


def _with_whole_paths(settings: Settings) -> Settings:
    paths = {name: value.absolute() for name, value in settings if isinstance(value, Path)}
    return settings.model_copy(update=paths)


def _environment(told: Configured) -> dict[str, str]:
    """Everything that we were told, for a process that we start, wherever it came from; also the file, so that no
    other one is read in its place.
    """
    settings = {name: value for name, value in told.settings if name not in OF_EACH and value is not None}
    environment = {f"{ENV_PREFIX}{name.upper()}": str(value) for name, value in settings.items()}
    return environment | ({f"{ENV_PREFIX}CONFIG": str(told.file.absolute())} if told.file else {})


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
