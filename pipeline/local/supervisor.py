"""Keeps named children running: started in order, watched, started again with back-off, stopped in reverse order."""

import asyncio
import enum
import os
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.local.errors import ChildFailedError
from pipeline.local.folders import Folders
from pipeline.local.processes import Account, ProcessMark, launch_argv, mark_of

# Reached after about half a minute in which a child ends at once each time; an outage of a server costs it under ten.
RESTARTS_PER_MINUTE_MAX = 20
# A child that was never ready is more likely to be wrong than unlucky; about 5 s.
FIRST_RESTARTS_MAX = 6
BACKOFF_FIRST_S = 0.1
BACKOFF_MAX_S = 2.0
PROBE_INTERVAL_S = 0.05
LOG_BYTES_MAX = 16 * 1024 * 1024


class State(enum.StrEnum):
    """What a child is doing."""

    STARTING = "starting"
    READY = "ready"
    BACKOFF = "backoff"
    STOPPED = "stopped"
    FAILED = "failed"


async def always_ready() -> bool:
    return True


def nothing() -> None:
    """The preparation of a child that needs none."""


@dataclass(frozen=True, slots=True)
class Child:
    """A program to keep running.

    `env` is its whole environment. `ready` is asked until it says True, after each start. `prepare` runs before each
    start. `stop_signals` are sent in turn, each given `stop_timeout_s`, then SIGKILL.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    ready: Callable[[], Awaitable[bool]] = always_ready
    ready_timeout_s: float = 60.0
    cwd: Path | None = None
    account: Account | None = None
    prepare: Callable[[], None] = nothing
    stop_signals: tuple[signal.Signals, ...] = (signal.SIGTERM,)
    stop_timeout_s: float = 15.0
    death_signal: signal.Signals = signal.SIGKILL


@dataclass(frozen=True, slots=True)
class ChildState:
    """A child as it is now; `mark` is None while no process runs; `restarts` counts since the supervisor began."""

    name: str
    state: State
    mark: ProcessMark | None
    restarts: int
    log: Path


@dataclass(slots=True)
class _Keeper:
    child: Child
    log: Path
    changed: Callable[[], None]
    failed: asyncio.Event
    state: State = State.STARTING
    mark: ProcessMark | None = None
    restarts: int = 0
    was_ready: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    recent: list[float] = field(default_factory=list)

    def enter(self, state: State, mark: ProcessMark | None = None) -> None:
        self.state, self.mark = state, mark
        self.changed()

    async def keep(self) -> None:
        """Run the child again and again until it is stopped or may not be started again."""
        while True:
            began = time.monotonic()
            # A program that cannot be started counts like one that ended at once.
            with suppress(OSError):
                await self._live()
            if self.stopping.is_set():
                self.enter(State.STOPPED)
                return
            if self._may_not_restart(began):
                self.enter(State.FAILED)
                self.failed.set()
                return
            self.restarts += 1
            self.enter(State.BACKOFF)
            await _set_within(self.stopping, min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** (len(self.recent) - 1)))

    def _may_not_restart(self, began: float) -> bool:
        now = time.monotonic()
        self.recent = [moment for moment in self.recent if now - moment < 60.0] + [now]  # noqa: PLR2004 # a minute
        if now - began > BACKOFF_MAX_S * 2:
            self.recent = self.recent[-1:]
        return len(self.recent) > (RESTARTS_PER_MINUTE_MAX if self.was_ready.is_set() else FIRST_RESTARTS_MAX)

    async def _live(self) -> None:
        """One life of the process, from its preparation to its end."""
        if self.stopping.is_set():
            return
        self.child.prepare()
        process = await self._spawn()
        mark = mark_of(process.pid)
        self.enter(State.STARTING, mark)
        ended = asyncio.create_task(process.wait())
        told = asyncio.create_task(self.stopping.wait())
        ready = asyncio.create_task(self._until_ready())
        try:
            done, _ = await asyncio.wait((ended, told, ready), return_when=asyncio.FIRST_COMPLETED)
            if ready in done and ready.result() and ended not in done:
                self.was_ready.set()
                self.enter(State.READY, mark)
                await asyncio.wait((ended, told), return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
            told.cancel()
            await self._end(process)
            await ended

    async def _spawn(self) -> asyncio.subprocess.Process:
        _rotate(self.log)
        argv = launch_argv(self.child.argv, self.child.account, self.child.death_signal)
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.child.cwd,
                env=dict(self.child.env),
                start_new_session=True,
            )

    async def _until_ready(self) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.child.ready_timeout_s):
                while not await self.child.ready():  # noqa: ASYNC110 # another process cannot set our event
                    await asyncio.sleep(PROBE_INTERVAL_S)
                return True
        return False

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        for how in (*self.child.stop_signals, signal.SIGKILL):
            if process.returncode is not None:
                return
            with suppress(ProcessLookupError):
                process.send_signal(how)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), self.child.stop_timeout_s)


class Supervisor:
    """Children by name. Use it from the main thread: the kernel ties a child to the thread that started it."""

    def __init__(self, folders: Folders, changed: Callable[[], None] = nothing) -> None:
        self._folders = folders
        self._changed = changed
        self._keepers: dict[str, _Keeper] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._failed = asyncio.Event()
        self._change = asyncio.Event()

    async def start(self, child: Child) -> None:
        """Start `child` and wait until it is ready; ChildFailedError names its log when it will not be."""
        if child.name in self._tasks:
            raise ValueError(f"{child.name} is already kept")
        keeper = _Keeper(child, self._folders.log_of(child.name), self._tell, self._failed)
        self._keepers[child.name] = keeper
        task = asyncio.create_task(keeper.keep(), name=f"keep {child.name}")
        self._tasks[child.name] = task
        ready = asyncio.create_task(keeper.was_ready.wait())
        try:
            await asyncio.wait((task, ready), return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        if task.done():
            task.result()
        if not keeper.was_ready.is_set():
            raise ChildFailedError(f"{child.name} did not become ready; its log is {keeper.log}")

    async def stop_child(self, name: str) -> None:
        """End that child and forget it; nothing when it is unknown."""
        if name not in self._tasks:
            return
        self._keepers[name].stopping.set()
        try:
            await self._tasks[name]
        finally:
            del self._keepers[name], self._tasks[name]
            self._tell()

    async def stop(self) -> None:
        """End all children, the last started first; each is given its time."""
        for name in reversed(tuple(self._tasks)):
            await self.stop_child(name)

    def states(self) -> tuple[ChildState, ...]:
        return tuple(ChildState(name, k.state, k.mark, k.restarts, k.log) for name, k in self._keepers.items())

    async def wait_ready(self, name: str, restarts_min: int = 0) -> ChildState:
        """That child, once it is ready and was started again at least so often."""
        while True:
            for state in self.states():
                if state.name == name and state.state is State.READY and state.restarts >= restarts_min:
                    return state
            await self._change.wait()

    async def wait_failed(self) -> str:
        """The name of a child that is given up, once there is one."""
        await self._failed.wait()
        return next((state.name for state in self.states() if state.state is State.FAILED), "a child")

    def _tell(self) -> None:
        self._change.set()
        self._change = asyncio.Event()
        self._changed()


async def _set_within(event: asyncio.Event, timeout_s: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), timeout_s)


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(log.with_suffix(".log.1"))


def inherited_env(**settings: str) -> dict[str, str]:
    """Our own environment with `settings` over it, for a child that is our own program."""
    return {**os.environ, **settings}
