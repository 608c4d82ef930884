"""Which process is which, and how one is tied to its parent's life."""

import os
import pwd
import shutil
import signal
import sys
from dataclasses import dataclass

import psutil

from pipeline.local.errors import LocalError

# The system derives a start time from the boot time, which moves when the clock is set.
START_TOLERANCE_S = 2.0
UNPRIVILEGED_USER = "nobody"


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """A process for good: its pid may be given to another, its start time (Unix seconds) may not."""

    pid: int
    started: float


@dataclass(frozen=True, slots=True)
class Account:
    """The user that a child runs as, and the `setpriv` options that make it so."""

    uid: int
    gid: int
    options: tuple[str, ...]


def mark_of(pid: int) -> ProcessMark | None:
    """The mark of a living process, or None."""
    try:
        return ProcessMark(pid, psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def is_alive(mark: ProcessMark) -> bool:
    return _process(mark) is not None


def end(mark: ProcessMark, *, how: signal.Signals, timeout_s: float) -> bool:
    """Send `how` to that very process and wait; True when it is gone within `timeout_s` or was gone before."""
    process = _process(mark)
    if process is None:
        return True
    try:
        process.send_signal(how)
        process.wait(timeout_s)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


def _process(mark: ProcessMark) -> psutil.Process | None:
    try:
        process = psutil.Process(mark.pid)
        if abs(process.create_time() - mark.started) > START_TOLERANCE_S or process.status() == psutil.STATUS_ZOMBIE:
            return None
    except psutil.Error:
        return None
    return process


def unprivileged_account(uid: int | None = None) -> Account | None:
    """The account for a server that refuses root: None when we are not root, else `uid` (default: nobody).

    It keeps one capability of root's, to pass through folders that only root may enter; `no_setuid_fixup` makes
    access(2), by which Postgres looks at its own program, respect it.
    """
    if os.geteuid() != 0:
        return None
    if shutil.which("setpriv") is None:
        raise LocalError("Postgres does not run as root and setpriv (util-linux) is missing: run as an ordinary user")
    nobody = pwd.getpwnam(UNPRIVILEGED_USER)
    user_id = nobody.pw_uid if uid is None else uid
    capability = "+dac_override"
    return Account(
        user_id,
        nobody.pw_gid,
        (
            f"--reuid={user_id}",
            f"--regid={nobody.pw_gid}",
            "--clear-groups",
            f"--inh-caps={capability}",
            f"--ambient-caps={capability}",
            "--securebits=+no_setuid_fixup",
        ),
    )


def launch_argv(argv: tuple[str, ...], account: Account | None, death_signal: signal.Signals | None) -> tuple[str, ...]:
    """`argv` as that account, sent `death_signal` by the kernel when the thread that starts it ends (Linux)."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    if setpriv is None:
        return argv
    options = account.options if account else ()
    if death_signal is None:
        return (setpriv, *options, "--", *argv) if options else argv
    # The shell looks who its parent is after the tie is made: a parent that died before it leaves no orphan.
    guard = ("sh", "-c", '[ "$PPID" = "$0" ] && exec "$@"', str(os.getpid()))
    return (setpriv, *options, f"--pdeathsig={death_signal.name[3:]}", "--", *guard, *argv)
