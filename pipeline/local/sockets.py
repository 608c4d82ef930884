"""The folder of Postgres's unix socket: short, since a socket's path may not be long, and private."""

import os
import shutil
import stat
import tempfile
from pathlib import Path

from pipeline.local.folders import Folders, write_atomically

SOCKET_PORT = 5432
# The shortest limit of a socket's path is macOS's, 104 bytes with the ending zero.
SOCKET_PATH_BYTES_MAX = 103


def provide_socket_folder(folders: Folders) -> Path:
    """The folder of an earlier run, else a new one below the system's temporary folder."""
    known = known_socket_folder(folders)
    if known:
        return known
    made = Path(tempfile.mkdtemp(prefix="anwang-", dir=_short_folder()))
    write_atomically(_memory(folders), str(made))
    return made


def known_socket_folder(folders: Folders) -> Path | None:
    """The noted folder, only while it is a folder of ours that nobody else may enter."""
    try:
        known = Path(_memory(folders).read_text(encoding="utf-8"))
        found = known.lstat()
    except (OSError, ValueError):
        return None
    private = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
    return known if private else None


def _short_folder() -> str:
    usual = tempfile.gettempdir()
    longest = os.path.join(usual, "anwang-12345678", f".s.PGSQL.{SOCKET_PORT}.lock")  # noqa: PTH118 # only measured
    return usual if len(os.fsencode(longest)) <= SOCKET_PATH_BYTES_MAX else "/tmp"  # noqa: S108 # mkdtemp's own name


def remove_socket_folder(folders: Folders) -> None:
    """Take the socket folder away after the server's end."""
    known = known_socket_folder(folders)
    if known:
        shutil.rmtree(known, ignore_errors=True)
    _memory(folders).unlink(missing_ok=True)


def _memory(folders: Folders) -> Path:
    return folders.run / "socket_folder"
