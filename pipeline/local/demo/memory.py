"""How much memory each process of the demo has taken at most."""

from collections.abc import Iterable, Iterator

import psutil

from pipeline.local.supervisor import ChildState

MIB = 1024 * 1024


def memory_mib(states: Iterable[ChildState]) -> dict[str, int]:
    """Each running child with the processes that it started, in MiB; what several share is divided among them."""
    return {state.name: sum(_bytes_of(state.mark.pid)) // MIB for state in states if state.mark}


def _bytes_of(pid: int) -> Iterator[int]:
    try:
        parent = psutil.Process(pid)
        family = (parent, *parent.children(recursive=True))
    except psutil.Error:
        return
    for process in family:
        try:
            full = process.memory_full_info()
        except psutil.Error:
            continue
        yield int(getattr(full, "pss", full.uss))
