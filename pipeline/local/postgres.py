"""A Postgres on a private unix socket with its data below the data folder."""

import os
import shutil
import signal
import subprocess
from functools import partial
from pathlib import Path
from urllib.parse import quote

import asyncpg
import psutil

from pipeline.local.errors import LocalError
from pipeline.local.folders import PRIVATE_MODE, Folders
from pipeline.local.postgres_programs import find_binaries
from pipeline.local.processes import Account, launch_argv, unprivileged_account
from pipeline.local.sockets import SOCKET_PORT, provide_socket_folder
from pipeline.local.supervisor import Child

SUPERUSER = "anwang"
INITDB_TIMEOUT_S = 120
PROBE_TIMEOUT_S = 2.0
# Nothing of a statement reaches the log: an error's text may hold the value that caused it, so errors of statements
# (below LOG in the server's order) are left to the client that caused them.
SETTINGS = {
    "listen_addresses": "",
    "port": str(SOCKET_PORT),
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "max_connections": "60",
    "fsync": "on",
    "synchronous_commit": "on",
    "jit": "off",
    "max_wal_size": "1GB",
    # A container's shared memory is often 64 MB, too little for parallel queries.
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


def dsn_of(socket_folder: Path, name: str) -> str:
    return f"postgresql://{SUPERUSER}@/{name}?host={quote(str(socket_folder))}&port={SOCKET_PORT}"


def prepare_database(folders: Folders) -> Child:
    """The server with its data, made the first time, and its socket's folder; LocalError without a fitting program."""
    data = folders.postgres / "data"
    account = unprivileged_account(_owner_of(data))
    if data.exists():
        binaries = find_binaries(int((data / "PG_VERSION").read_text(encoding="ascii")))
    else:
        binaries = find_binaries()
        _initialise(folders, binaries, account)
    sockets = provide_socket_folder(folders)
    settings = {**SETTINGS, "unix_socket_directories": str(sockets)}
    return Child(
        name="postgres",
        argv=(str(binaries / "postgres"), "-D", str(data), *(f"--{name}={value}" for name, value in settings.items())),
        env=_environment(),
        account=account,
        ready=partial(is_in_service, dsn_of(sockets, "postgres")),
        prepare=partial(clear_stale_locks, data, sockets),
        stop_signals=(signal.SIGINT, signal.SIGQUIT),
        death_signal=signal.SIGQUIT,
    )


def _initialise(folders: Folders, binaries: Path, account: Account | None) -> None:
    # Into a draft that is then renamed: an initdb that was cut off is never taken for data.
    draft = folders.postgres / "data.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=PRIVATE_MODE)
    if account:
        os.chown(draft, account.uid, account.gid)
    options = ("--no-sync", "--no-locale", "--encoding=UTF8", "--auth=trust", f"--username={SUPERUSER}")
    argv = launch_argv((str(binaries / "initdb"), "-D", str(draft), *options), account, None)
    log_path = folders.log_of("initdb")
    with log_path.open("wb") as log:
        ended = subprocess.run(  # noqa: S603 # our own arguments
            argv,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            timeout=INITDB_TIMEOUT_S,
            check=False,
        )
    if ended.returncode != 0:
        raise LocalError(f"Postgres could not make its data folder; the log is {log_path}")
    draft.rename(folders.postgres / "data")


def _owner_of(data: Path) -> int | None:
    try:
        owner = data.stat().st_uid
    except FileNotFoundError:
        return None
    return owner or None


def _environment() -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C"}


def clear_stale_locks(data: Path, sockets: Path) -> None:
    """Remove lock files of a server that is gone; its pid may by now be another program's, which would be believed."""
    lock = data / "postmaster.pid"
    try:
        pid = int(lock.read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        pid = 0
    if pid and _serves(pid, data):
        return
    lock.unlink(missing_ok=True)
    for left in sockets.glob(".s.PGSQL.*"):
        left.unlink(missing_ok=True)


def _serves(pid: int, data: Path) -> bool:
    try:
        return str(data) in psutil.Process(pid).cmdline()
    except psutil.Error:
        return False


async def is_in_service(dsn: str) -> bool:
    """Whether the server takes a connection and answers."""
    try:
        connection = await asyncpg.connect(dsn, timeout=PROBE_TIMEOUT_S)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    await connection.close(timeout=PROBE_TIMEOUT_S)
    return True


async def create_database(socket_folder: Path, name: str) -> None:
    """Make that database where it is missing."""
    await _command(socket_folder, "SELECT format('CREATE DATABASE %I TEMPLATE template0', $1::text)", name)


async def drop_database(socket_folder: Path, name: str) -> None:
    """Remove that database, its connections ended; nothing when it is not there."""
    await _command(socket_folder, "SELECT format('DROP DATABASE IF EXISTS %I WITH (FORCE)', $1::text)", name)


async def _command(socket_folder: Path, formatting: str, name: str) -> None:
    connection = await asyncpg.connect(dsn_of(socket_folder, "postgres"))
    try:
        await connection.execute(await connection.fetchval(formatting, name))
    except asyncpg.DuplicateDatabaseError:
        return
    finally:
        await connection.close()
