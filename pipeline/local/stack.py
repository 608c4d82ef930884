"""Servers and processes as one thing that starts and ends together."""

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.local import jars, kafka, postgres, sockets
from pipeline.local.errors import LocalError
from pipeline.local.folders import Folders, open_folders
from pipeline.local.guard import Guard
from pipeline.local.java import find_java
from pipeline.local.processes import ProcessMark, mark_of
from pipeline.local.servers import KEYS_DATABASE, MAIN_DATABASE, Servers
from pipeline.local.status import Status, sole_supervisor, status_path, write_status
from pipeline.local.supervisor import Child, ChildState, Supervisor
from pipeline.local.tasks import together

Progress = Callable[[str], None]


def no_children(_servers: Servers) -> Sequence[Child]:
    return ()


def quiet(_text: str) -> None:
    """Progress that nobody reads."""


class Stack:
    """`async with Stack(root) as stack:` runs Kafka, Postgres and then `children`, in order, until the block ends.

    A `guarded` broker asks everyone for a password, over TLS. `jars_folder` is where the broker's jars are kept, by
    default below `root`. Start it in the main thread. Raises LocalError when something cannot run; whatever had started
    is ended before that.
    """

    def __init__(
        self,
        root: Path,
        children: Callable[[Servers], Sequence[Child]] = no_children,
        *,
        progress: Progress = quiet,
        jars_folder: Path | None = None,
        guarded: bool = False,
    ) -> None:
        self._root = root
        self._children = children
        self._progress = progress
        self._jars_folder = jars_folder
        self._guarded = guarded
        self._exits = AsyncExitStack()
        self._servers: Servers | None = None
        self._supervisor: Supervisor | None = None
        self._folders: Folders | None = None
        self._mark = mark_of(os.getpid()) or ProcessMark(os.getpid(), 0.0)
        self._step = ""
        self._ready = False

    @property
    def servers(self) -> Servers:
        if self._servers is None:
            raise LocalError("the servers are not started")
        return self._servers

    @property
    def supervisor(self) -> Supervisor:
        if self._supervisor is None:
            raise LocalError("the servers are not started")
        return self._supervisor

    @property
    def folders(self) -> Folders:
        if self._folders is None:
            raise LocalError("the servers are not started")
        return self._folders

    def states(self) -> tuple[ChildState, ...]:
        return self.supervisor.states()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as exits:
            folders = self._folders = open_folders(self._root)
            exits.enter_context(sole_supervisor(folders))
            exits.callback(status_path(folders).unlink, missing_ok=True)
            self._supervisor = Supervisor(folders, self._note)
            self._say("starting")
            self._servers = await self._start_servers(folders, exits)
            for child in self._children(self._servers):
                self._say(f"{child.name} starts")
                await self._supervisor.start(child)
            self._ready = True
            self._say("ready")
            self._exits = exits.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ready = False
        await self._exits.__aexit__(kind, error, trace)

    async def _start_servers(self, folders: Folders, exits: AsyncExitStack) -> Servers:
        exits.callback(sockets.remove_socket_folder, folders)
        exits.push_async_callback(self.supervisor.stop)
        await together(self._start_postgres(folders), self._start_kafka(folders))
        servers = Servers(
            kafka.bootstrap_of(folders),
            sockets.provide_socket_folder(folders),
            self._guard(folders).folder if self._guarded else None,
        )
        for name in (MAIN_DATABASE, KEYS_DATABASE):
            await servers.create_database(name)
        return servers

    async def _start_postgres(self, folders: Folders) -> None:
        self._say("Postgres starts")
        await self.supervisor.start(await asyncio.to_thread(postgres.prepare_database, folders))

    async def _start_kafka(self, folders: Folders) -> None:
        found = await jars.provide_jars(self._jars_folder or folders.jars, self._say)
        java = await asyncio.to_thread(find_java)
        self._say("Kafka starts")
        await self.supervisor.start(await asyncio.to_thread(self._prepare_broker, folders, java, found))

    def _prepare_broker(self, folders: Folders, java: Path, jars: Sequence[Path]) -> Child:
        return kafka.prepare_broker(folders, java, jars, self._guard(folders) if self._guarded else None)

    def _guard(self, folders: Folders) -> Guard:
        return Guard(folders.kafka / "guard")

    def _say(self, text: str) -> None:
        self._step = text
        self._progress(text)
        self._note()

    def _note(self) -> None:
        if self._folders and self._supervisor:
            children = self._supervisor.states()
            write_status(self._folders, Status(self._mark, self._ready, self._step, self._servers, children))
