"""What a process has in memory leaves it only on purpose: no core file, no other process of the same user looks in."""

import ctypes
import resource
import sys

CORE_BYTES_MAX = 1
"""Not 0: to a program that the kernel hands cores to, as systemd's or apport, Linux gives one under any limit but 1
(core(5), fs/coredump.c). No file is written under either.
"""
_PR_SET_DUMPABLE = 4
"""prctl(2); not kept over execve, so each process of ours says it for itself."""


def keep_memory_private() -> None:
    """For this process, and, as to core files, for all that it starts."""
    if resource.getrlimit(resource.RLIMIT_CORE)[1] != 0:  # a hard 0 cannot be raised
        resource.setrlimit(resource.RLIMIT_CORE, (CORE_BYTES_MAX, CORE_BYTES_MAX))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
