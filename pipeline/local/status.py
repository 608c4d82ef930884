"""What a supervisor tells about itself to `status` and `down`, and the lock by which there is only one."""

import dataclasses
import fcntl
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.local.errors import AlreadyRunningError
from pipeline.local.folders import Folders, write_atomically
from pipeline.local.processes import ProcessMark, end, is_alive
from pipeline.local.servers import Servers
from pipeline.local.supervisor import ChildState, State

ORPHAN_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Status:
    """A supervisor and its children as last written down. `step` is its latest word on a long start."""

    supervisor: ProcessMark
    ready: bool
    step: str
    servers: Servers | None
    children: tuple[ChildState, ...]


def status_path(folders: Folders) -> Path:
    return folders.run / "status.json"


def write_status(folders: Folders, status: Status) -> None:
    write_atomically(status_path(folders), json.dumps(dataclasses.asdict(status), default=str, indent=1) + "\n")


def read_status(folders: Folders) -> Status | None:
    """The last status that was written, by a living supervisor or a dead one; None when there is none to be read."""
    try:
        noted = json.loads(status_path(folders).read_text(encoding="utf-8"))
        children = tuple(_child(child) for child in noted.pop("children"))
        servers = _servers(noted.pop("servers"))
        return Status(ProcessMark(**noted.pop("supervisor")), servers=servers, children=children, **noted)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _servers(noted: dict[str, str] | None) -> Servers | None:
    if noted is None:
        return None
    guard = noted.get("guard_folder")
    return Servers(noted["kafka_bootstrap"], Path(noted["socket_folder"]), Path(guard) if guard else None)


def _child(noted: dict[str, object]) -> ChildState:
    mark = noted["mark"]
    return ChildState(
        name=str(noted["name"]),
        state=State(str(noted["state"])),
        mark=ProcessMark(**mark) if isinstance(mark, dict) else None,
        restarts=int(str(noted["restarts"])),
        log=Path(str(noted["log"])),
    )


@contextmanager
def sole_supervisor(folders: Folders) -> Iterator[None]:
    """Be the only supervisor of this data folder; AlreadyRunningError when there is one. Falls with the process."""
    with (folders.run / "supervisor.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            known = read_status(folders)
            pid = f" (pid {known.supervisor.pid})" if known else ""
            raise AlreadyRunningError(f"a supervisor{pid} already runs in {folders.root}") from error
        end_orphans(folders)
        yield


def end_orphans(folders: Folders) -> None:
    """End what a killed supervisor of this folder left running: only processes that it had noted, by pid and start."""
    left = read_status(folders)
    for child in left.children if left else ():
        if child.mark and is_alive(child.mark):
            for how in (signal.SIGTERM, signal.SIGKILL):
                if end(child.mark, how=how, timeout_s=ORPHAN_TIMEOUT_S):
                    break
    status_path(folders).unlink(missing_ok=True)
