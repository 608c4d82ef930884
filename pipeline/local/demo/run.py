"""Runs the demo: servers, processes, invented traffic, a view of it; then checks all of it and says how it went."""

import asyncio
import logging
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import psutil

from pipeline.contracts.decision import TAIPEI
from pipeline.local.demo.children import STAGES, TRAFFIC, acked_list, stage_children, traffic_child
from pipeline.local.demo.ground import fresh_folders, prepare
from pipeline.local.demo.memory import memory_mib
from pipeline.local.demo.observer import Observer
from pipeline.local.demo.picture import UNDER_WAY, Picture, Process
from pipeline.local.demo.screen import FRAMES_PER_S, Screen, screen_for_output
from pipeline.local.demo.summary import Summary
from pipeline.local.demo.traffic import Errand
from pipeline.local.demo.verdict import ask_verifier
from pipeline.local.errors import LocalError
from pipeline.local.folders import Folders
from pipeline.local.stack import Stack
from pipeline.local.supervisor import ChildState, State

PER_S_LEAST = 50.0
SPREAD_S = 60.0
STALL_S = 90.0
DRAIN_S = 60.0
MEMORY_INTERVAL_S = 3.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wish:
    """`root` is the folder for all data. `per_s` None: 50 a second, or what sends them all within a minute; 0: as fast
    as they go.
    """

    root: Path
    reports: int = 1_000
    per_s: float | None = None
    seed: int = 1
    as_json: bool = False

    @property
    def pace(self) -> float:
        return max(PER_S_LEAST, self.reports / SPREAD_S) if self.per_s is None else self.per_s


def run_demo(wish: Wish) -> int:
    """0 when the ledger balances, 1 when it does not or the demo could not run."""
    try:
        summary = asyncio.run(_interruptible(wish))
    except LocalError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    except asyncio.CancelledError:
        sys.stderr.write("stopped before the ledger was compared\n")
        return 1
    sys.stdout.write(f"\n{summary.as_text()}\n")
    if wish.as_json:
        sys.stdout.write(f"{summary.as_json()}\n")
    return 0 if summary.balanced else 1


async def _interruptible(wish: Wish) -> Summary:
    demo = Demo(wish, screen_for_output())
    running = asyncio.create_task(demo.run())

    def interrupt() -> None:
        if demo.sending and not demo.interrupted.is_set():
            demo.interrupted.set()
        else:
            running.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, interrupt)
    return await running


class Demo:
    """One run, from an empty folder to its summary."""

    def __init__(self, wish: Wish, screen: Screen) -> None:
        self._wish = wish
        self._screen = screen
        self._began_at = psutil.Process().create_time()
        self._memory: Counter[str] = Counter()
        self._restarts: Counter[str] = Counter()
        self.sending = False
        self.interrupted = asyncio.Event()

    async def run(self) -> Summary:
        folders = await asyncio.to_thread(fresh_folders, self._wish.root / "demo")
        # What the libraries say while a server is away must not tear the view.
        logging.basicConfig(filename=folders.log_of("demo"), level=logging.WARNING)
        with self._screen:
            jars = Folders(self._wish.root.absolute()).jars
            async with Stack(folders.root, progress=self._screen.say, jars_folder=jars) as stack:
                return await self._with_servers(stack, folders)

    async def _with_servers(self, stack: Stack, folders: Folders) -> Summary:
        servers = stack.servers
        self._screen.say("tables and topics are made")
        await prepare(servers, folders)
        acked = acked_list(folders)
        acked.touch()
        errand = Errand(servers.kafka_bootstrap, acked, self._wish.reports, self._wish.pace, self._wish.seed, _now())
        observer = Observer(servers.kafka_bootstrap, servers.postgres_dsn, acked)
        async with _beside(observer.watch()), _beside(self._weigh(stack)):
            self._screen.say("the processes start")
            await asyncio.gather(*(stack.supervisor.start(child) for child in stage_children(servers, folders)))
            await stack.supervisor.start(traffic_child(errand))
            self.sending = True
            given_up = await self._until_through(stack, observer)
            await stack.supervisor.stop_child(TRAFFIC)
            given_up = given_up or await self._until_drained(stack, observer)
            summary = await self._judged(stack, observer, given_up)
            # All at once: a worker that leaves alone makes the other one take over its partitions first.
            await asyncio.gather(*(stack.supervisor.stop_child(name) for name in STAGES))
            return summary

    async def _until_through(self, stack: Stack, observer: Observer) -> str | None:
        """Until all are settled and published, or somebody interrupts; else why it was given up."""
        failed = asyncio.create_task(stack.supervisor.wait_failed())
        try:
            while not self.interrupted.is_set():
                if observer.acknowledged == self._wish.reports and observer.settled_all():
                    return None
                if failed.done():
                    return f"{failed.result()} ended too often"
                if time.monotonic() - observer.changed_at > STALL_S:
                    return f"nothing moved for {STALL_S:.0f} s"
                await self._frame(stack, observer, UNDER_WAY)
        finally:
            failed.cancel()
        return None

    async def _until_drained(self, stack: Stack, observer: Observer) -> str | None:
        deadline = time.monotonic() + DRAIN_S
        while not observer.settled_all():
            if time.monotonic() > deadline:
                return f"what was in flight did not settle within {DRAIN_S:.0f} s"
            await self._frame(stack, observer, "stopping: the rest is settled and compared; Ctrl-C again skips that")
        return None

    async def _shown(self, work: Coroutine[Any, Any, T], stack: Stack, observer: Observer, phase: str) -> T:
        """Keeps the view alive while something else works."""
        task = asyncio.create_task(work)
        while not task.done():
            await self._frame(stack, observer, phase)
        return task.result()

    async def _frame(self, stack: Stack, observer: Observer, phase: str) -> None:
        states = stack.states()
        for state in states:
            self._restarts[state.name] = max(self._restarts[state.name], state.restarts)
        self._screen.show(lambda: self._picture(states, observer, phase))
        await asyncio.sleep(1 / FRAMES_PER_S)

    def _picture(self, states: tuple[ChildState, ...], observer: Observer, phase: str) -> Picture:
        return Picture(
            phase=phase,
            elapsed_s=time.time() - self._began_at,
            now=datetime.now(UTC),
            reports=self._wish.reports,
            acknowledged=observer.acknowledged,
            sent=observer.sent,
            outcomes=observer.outcomes,
            lines=observer.board.lines(self._screen.rows),
            delay=observer.board.delay(observer.sent_ms),
            per_s=observer.per_s,
            processes=tuple(_process(state) for state in states),
            ledger=observer.ledger,
        )

    async def _weigh(self, stack: Stack) -> None:
        while True:
            for name, mib in (await asyncio.to_thread(memory_mib, stack.states())).items():
                self._memory[name] = max(self._memory[name], mib)
            await asyncio.sleep(MEMORY_INTERVAL_S)

    async def _judged(self, stack: Stack, observer: Observer, given_up: str | None) -> Summary:
        audited = await self._shown(observer.audited(), stack, observer, "the auditor reads all of it again")
        asked = ask_verifier(observer.kafka, observer.dsn, observer.acked)
        verdict = await self._shown(asked, stack, observer, "the verifier compares")
        await self._frame(stack, observer, "done")
        return Summary(
            asked=self._wish.reports,
            reports=observer.acknowledged,
            interrupted=self.interrupted.is_set(),
            verdict=verdict,
            alarms=observer.alarms,
            audited=audited,
            given_up=given_up,
            delay=observer.board.delay(observer.sent_ms),
            per_s=observer.through_per_s(),
            took_s=time.time() - self._began_at,
            first_row_s=observer.first_row_at - self._began_at if observer.first_row_at else None,
            memory_mib=dict(self._memory),
            restarts=dict(self._restarts),
        )


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _process(state: ChildState) -> Process:
    shown = {State.READY: "up", State.BACKOFF: "restarting"}.get(state.state, state.state.value)
    return Process(state.name, shown, state.restarts)


def _now() -> datetime:
    return datetime.now(UTC).astimezone(TAIPEI)
