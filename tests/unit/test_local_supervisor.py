"""The supervisor, tried with small shell programs."""

import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from pipeline.local import supervisor as module
from pipeline.local.errors import ChildFailedError
from pipeline.local.folders import Folders, open_folders
from pipeline.local.supervisor import Child, State, Supervisor

ENV = {"PATH": os.defpath}
FOREVER = "exec tail -f /dev/null"


@pytest.fixture(autouse=True)
def short_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKOFF_FIRST_S", 0.001)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return open_folders(tmp_path / "root")


def shell(name: str, script: str, **more: object) -> Child:
    return Child(name=name, argv=("sh", "-c", script), env=ENV, **more)  # type: ignore[arg-type]


async def test_a_killed_child_is_started_again(folders: Folders) -> None:
    keeper = Supervisor(folders)
    await keeper.start(shell("one", FOREVER))
    first = await keeper.wait_ready("one")
    assert first.mark
    os.kill(first.mark.pid, signal.SIGKILL)
    second = await keeper.wait_ready("one", restarts_min=1)
    await keeper.stop()
    assert second.mark != first.mark
    assert second.restarts == 1


async def test_a_child_that_ends_with_zero_is_started_again_too(folders: Folders) -> None:
    keeper = Supervisor(folders)
    await keeper.start(
        shell("one", "test -e ended && exec tail -f /dev/null; touch ended; cat fifo", cwd=_fifo(folders))
    )
    (folders.run / "fifo").write_text("", encoding="ascii")
    assert (await keeper.wait_ready("one", restarts_min=1)).restarts == 1
    await keeper.stop()


def _fifo(folders: Folders) -> Path:
    os.mkfifo(folders.run / "fifo")
    return folders.run


async def test_a_child_is_ready_only_when_its_probe_says_so(folders: Folders) -> None:
    answers = iter([False, False, True])
    keeper = Supervisor(folders)

    async def probe() -> bool:
        return next(answers)

    await keeper.start(shell("one", FOREVER, ready=probe))
    await keeper.stop()
    assert list(answers) == []


async def test_a_child_that_never_gets_ready_is_given_up_and_its_log_named(folders: Folders) -> None:
    keeper = Supervisor(folders)
    with pytest.raises(ChildFailedError, match=r"one did not become ready; its log is .*/log/one\.log"):
        await keeper.start(shell("one", "echo no; exit 3", ready=_never))
    assert folders.log_of("one").read_text(encoding="utf-8") == "no\n" * (module.FIRST_RESTARTS_MAX + 1)
    assert keeper.states()[0].state is State.FAILED
    assert await keeper.wait_failed() == "one"
    await keeper.stop()


async def _never() -> bool:
    return False


async def test_a_child_whose_probe_is_silent_for_too_long_is_ended_and_tried_again(folders: Folders) -> None:
    keeper = Supervisor(folders)
    with pytest.raises(ChildFailedError):
        await keeper.start(shell("one", "echo up; " + FOREVER, ready=_never, ready_timeout_s=0.05))
    assert folders.log_of("one").read_text(encoding="utf-8") == "up\n" * (module.FIRST_RESTARTS_MAX + 1)
    await keeper.stop()


async def test_a_program_that_does_not_exist_is_given_up(folders: Folders) -> None:
    keeper = Supervisor(folders)
    with pytest.raises(ChildFailedError):
        await keeper.start(Child(name="one", argv=("/no/such/program",), env=ENV, ready=_never))
    await keeper.stop()


async def test_a_child_that_ends_too_often_is_given_up_and_shown(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RESTARTS_PER_MINUTE_MAX", 3)
    lives: list[None] = []
    keeper = Supervisor(folders)
    await keeper.start(shell("one", "exit 1", prepare=lambda: lives.append(None)))
    assert await keeper.wait_failed() == "one"
    assert keeper.states()[0].state is State.FAILED
    assert len(lives) == 1 + 3
    await keeper.stop()


async def test_children_end_in_reverse_order_each_before_the_next(folders: Folders) -> None:
    keeper = Supervisor(folders)
    script = "trap 'echo {name} >> order; exit' TERM; echo up > {name}.up; while :; do read -r _ < fifo; done"
    cwd = _fifo(folders)
    for name in ("first", "second", "third"):
        await keeper.start(shell(name, script.format(name=name), cwd=cwd, ready=_exists(cwd / f"{name}.up")))
    await keeper.stop()
    assert (cwd / "order").read_text(encoding="utf-8").split() == ["third", "second", "first"]
    assert keeper.states() == ()


def _exists(path: Path) -> Callable[[], Awaitable[bool]]:
    async def probe() -> bool:
        return os.access(path, os.R_OK)

    return probe


async def test_a_child_that_will_not_end_is_killed(folders: Folders) -> None:
    keeper = Supervisor(folders)
    cwd = _fifo(folders)
    stubborn = "trap '' TERM INT; echo > up; while :; do read -r _ < fifo; done"
    signals = (signal.SIGINT, signal.SIGTERM)
    child = shell("one", stubborn, cwd=cwd, ready=_exists(cwd / "up"), stop_signals=signals, stop_timeout_s=0.05)
    await keeper.start(child)
    mark = keeper.states()[0].mark
    await keeper.stop()
    assert mark
    assert not psutil.pid_exists(mark.pid)


async def test_a_name_is_kept_once(folders: Folders) -> None:
    keeper = Supervisor(folders)
    await keeper.start(shell("one", FOREVER))
    with pytest.raises(ValueError, match="already kept"):
        await keeper.start(shell("one", FOREVER))
    await keeper.stop_child("one")
    await keeper.stop_child("one")
    await keeper.start(shell("one", FOREVER))
    await keeper.stop()


async def test_a_long_log_is_set_aside_before_the_next_life(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOG_BYTES_MAX", 3)
    folders.log_of("one").write_text("long", encoding="ascii")
    keeper = Supervisor(folders)
    await keeper.start(shell("one", FOREVER))
    await keeper.stop()
    assert (folders.log / "one.log.1").read_text(encoding="ascii") == "long"


def test_a_program_of_ours_gets_our_environment_and_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANWANG_X", "old")
    assert module.inherited_env(ANWANG_X="new") == {**os.environ, "ANWANG_X": "new"}
