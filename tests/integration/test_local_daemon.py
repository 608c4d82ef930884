"""A supervisor as a process of its own: as another user, killed, ended, asked."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest

from pipeline.local.daemon import background_servers, down, spawn_detached, status
from pipeline.local.errors import AlreadyRunningError, LocalError
from pipeline.local.processes import unprivileged_account
from pipeline.local.servers import Servers

JARS = Path(__file__).parents[2] / ".anwang" / "kafka" / "libs"
CHILDREN = {"postgres", "kafka"}


async def one(servers: Servers) -> object:
    connection = await asyncpg.connect(servers.postgres_dsn)
    try:
        return await connection.fetchval("SELECT 1")
    finally:
        await connection.close()


def program(root: Path) -> list[str]:
    return [sys.executable, "-m", "pipeline.local", str(root), "--jars", str(JARS)]


def children_of(root: Path) -> list[psutil.Process]:
    known = status(root)
    assert known
    processes = [psutil.Process(child.mark.pid) for child in known.children if child.mark]
    return processes + [grandchild for process in processes for grandchild in process.children(recursive=True)]


def test_down_ends_all_and_says_so_and_is_calm_when_there_is_nothing(tmp_path: Path) -> None:
    root = tmp_path / "r"
    assert down(root) is False
    steps: list[str] = []
    started = spawn_detached(root, program(root), progress=steps.append)
    assert {child.name for child in started.children} == CHILDREN
    assert steps[-1] == "ready"
    assert started == status(root)
    with pytest.raises(AlreadyRunningError):
        spawn_detached(root, program(root))
    running = children_of(root)
    assert down(root) is True
    assert psutil.wait_procs(running, timeout=0)[1] == []
    assert status(root) is None
    assert down(root) is False


def test_when_the_supervisor_is_killed_its_children_end_and_the_next_one_starts(tmp_path: Path) -> None:
    root = tmp_path / "r"
    started = spawn_detached(root, program(root))
    running = children_of(root)
    assert len(running) > len(CHILDREN)
    os.kill(started.supervisor.pid, signal.SIGKILL)
    assert psutil.wait_procs(running, timeout=15)[1] == []
    assert status(root) is None
    again = spawn_detached(root, program(root))
    assert again.servers
    assert again.servers == started.servers
    assert asyncio.run(one(again.servers)) == 1
    assert down(root)


def test_servers_for_a_session_end_with_the_session(tmp_path: Path) -> None:
    with background_servers(tmp_path / "r", jars_folder=JARS) as servers:
        running = children_of(tmp_path / "r")
        assert asyncio.run(one(servers)) == 1
    assert psutil.wait_procs(running, timeout=0)[1] == []


def test_servers_for_a_session_end_when_the_session_is_killed(tmp_path: Path) -> None:
    root = tmp_path / "r"
    session = (
        "import signal, sys, pathlib; from pipeline.local.daemon import background_servers as b\n"
        "with b(pathlib.Path(sys.argv[1]), jars_folder=pathlib.Path(sys.argv[2])):\n"
        "    print('up', flush=True); signal.pause()\n"
    )
    with subprocess.Popen([sys.executable, "-c", session, root, JARS], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        running = children_of(root)
        process.kill()
    assert psutil.wait_procs(running, timeout=15)[1] == []


def test_a_supervisor_that_cannot_start_names_its_log(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"exit code 3; its log is .*supervisor\.log"):
        spawn_detached(tmp_path / "r", [sys.executable, "-c", "raise SystemExit(3)"])


@contextmanager
def folder_of_an_ordinary_user() -> Iterator[tuple[Path, tuple[str, ...]]]:
    """A folder, and how a command line begins by which an ordinary user works in it: ourselves, or nobody for root."""
    account = unprivileged_account()
    with tempfile.TemporaryDirectory() as name:
        if account:
            os.chown(name, account.uid, account.gid)
        yield Path(name), ("setpriv", *account.options, "--") if account else ()


def test_an_ordinary_user_runs_the_servers_too() -> None:
    with folder_of_an_ordinary_user() as (folder, as_user):
        argv = [*as_user, *program(folder / "r"), "--until-stdin-ends"]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr
            assert "ready\n" in process.stderr
            running = children_of(folder / "r")
            users = {child.uids().real for child in running}
            process.communicate()
        assert users == {(folder / "r").stat().st_uid}
        assert 0 not in users
        assert process.returncode == 0
        assert psutil.wait_procs(running, timeout=0)[1] == []
