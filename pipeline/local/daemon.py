"""A stack in the foreground, in the background, its end and its state: what `up`, `down` and `status` do."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.local.errors import AlreadyRunningError, LocalError
from pipeline.local.folders import Folders, open_folders
from pipeline.local.processes import end, is_alive
from pipeline.local.servers import Servers
from pipeline.local.stack import Progress, Stack, no_children, quiet
from pipeline.local.status import Status, end_orphans, read_status
from pipeline.local.supervisor import Child

POLL_S = 0.05
# Ordered ends of the processes, the broker and Postgres, each with its own bound.
DOWN_TIMEOUT_S = 90.0
# The first start fetches the broker.
UP_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run below `root`, and whom to tell."""

    root: Path
    children: Callable[[Servers], Sequence[Child]] = no_children
    progress: Progress = quiet
    jars_folder: Path | None = None
    ends_with_stdin: bool = False
    guarded: bool = False


def up_foreground(plan: Plan) -> int:
    """Run until SIGTERM or SIGINT (then 0) or until a child is given up (then 1); LocalError when it cannot start."""
    return asyncio.run(_serve(plan))


async def _serve(plan: Plan) -> int:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for how in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(how, asked.set)
    if plan.ends_with_stdin:
        loop.add_reader(sys.stdin.fileno(), _set_at_end_of_stdin, asked)
    running = asyncio.create_task(_run(plan))
    waiting = asyncio.create_task(asked.wait())
    await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not running.done():
        running.cancel()
    with suppress(asyncio.CancelledError):
        return await running
    return 0


async def _run(plan: Plan) -> int:
    async with Stack(
        plan.root, plan.children, progress=plan.progress, jars_folder=plan.jars_folder, guarded=plan.guarded
    ) as stack:
        name = await stack.supervisor.wait_failed()
        plan.progress(f"{name} ended too often and is given up; its log is {stack.folders.log_of(name)}")
    return 1


def _set_at_end_of_stdin(asked: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        asked.set()


def spawn_detached(
    root: Path, argv: Sequence[str], env: Mapping[str, str] | None = None, *, progress: Progress = quiet
) -> Status:
    """Start `argv`, a program that calls up_foreground for `root`, apart from our terminal; its status once ready.

    AlreadyRunningError when there is one; LocalError when it ends first, with its log's place.
    """
    folders = open_folders(root)
    known = status(root)
    if known:
        raise AlreadyRunningError(f"a supervisor (pid {known.supervisor.pid}) already runs in {folders.root}")
    log = folders.log_of("supervisor")
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 # our own program
            argv, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    return _wait_ready(folders, process, log, progress)


def _wait_ready(folders: Folders, process: "subprocess.Popen[bytes]", log: Path, progress: Progress) -> Status:
    said = ""
    give_up = time.monotonic() + UP_TIMEOUT_S
    while time.monotonic() < give_up:
        if process.poll() is not None:
            raise LocalError(f"the supervisor ended with exit code {process.returncode}; its log is {log}")
        known = read_status(folders)
        if known and known.supervisor.pid == process.pid:
            if known.step != said:
                said = known.step
                progress(said)
            if known.ready:
                return known
        time.sleep(POLL_S)
    process.terminate()
    raise LocalError(f"the servers were not ready within {UP_TIMEOUT_S:.0f} s; the log is {log}")


def down(root: Path) -> bool:
    """End the supervisor of `root` with all its children and wait for it; False when none was running."""
    known = status(root)
    if known is None:
        return False
    if not end(known.supervisor, how=signal.SIGTERM, timeout_s=DOWN_TIMEOUT_S):
        end(known.supervisor, how=signal.SIGKILL, timeout_s=DOWN_TIMEOUT_S)
        end_orphans(open_folders(root))
    return True


def status(root: Path) -> Status | None:
    """The status of the living supervisor of `root`, None when there is none."""
    known = read_status(Folders(root.absolute()))
    return known if known and is_alive(known.supervisor) else None


@contextmanager
def background_servers(
    root: Path, *, progress: Progress = quiet, jars_folder: Path | None = None, guarded: bool = False
) -> Iterator[Servers]:
    """Kafka and Postgres under a supervisor process of their own until the block ends or this process dies.

    Needs no event loop; made for a test session.
    """
    folders = open_folders(root)
    jars_option = ("--jars", str(jars_folder.absolute())) if jars_folder else ()
    guard_option = ("--guarded",) if guarded else ()
    options = ("--until-stdin-ends", *jars_option, *guard_option)
    argv = (sys.executable, "-m", "pipeline.local", str(folders.root), *options)
    log = folders.log_of("supervisor")
    with log.open("ab") as output:
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=output, stderr=output, start_new_session=True)  # noqa: S603 # our own program
    try:
        ready = _wait_ready(folders, process, log, progress)
        if ready.servers is None:
            raise LocalError("the supervisor tells of no servers")
        yield ready.servers
    finally:
        if process.stdin:
            process.stdin.close()
        process.wait(DOWN_TIMEOUT_S)
