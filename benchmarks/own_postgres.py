"""A Postgres alone, with the settings of `anwang up`, and its files in the machine's memory or out of it."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from pipeline.local import postgres, sockets
from pipeline.local.folders import Folders
from pipeline.local.supervisor import Supervisor

READ_BYTES = 1 << 20


@asynccontextmanager
async def serving(folders: Folders) -> AsyncIterator[Path]:
    """The folder of its socket; it runs until the block ends."""
    supervisor = Supervisor(folders)
    try:
        await supervisor.start(await asyncio.to_thread(postgres.prepare_database, folders))
        yield sockets.provide_socket_folder(folders)
    finally:
        await supervisor.stop()
        sockets.remove_socket_folder(folders)


def forget_files(folders: Folders) -> None:
    """Drops the files of a stopped server from the machine's memory."""
    for path in _files(folders):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def remember_files(folders: Folders) -> None:
    """Reads all files of a stopped server."""
    for path in _files(folders):
        with path.open("rb") as file:
            while file.read(READ_BYTES):
                pass


def _files(folders: Folders) -> Iterator[Path]:
    return (path for path in (folders.postgres / "data").rglob("*") if path.is_file())
