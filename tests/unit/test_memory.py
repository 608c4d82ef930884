"""What a process has in memory does not leave it when it dies, and nobody of the same user looks in."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

MARK = "龘靐齾钄記憶"
PATTERN = Path("/proc/sys/kernel/core_pattern")
CRASH = "import os, signal; kept = '龘靐齾' + '钄記憶'; os.kill(os.getpid(), signal.SIGSEGV)"
PRIVATE = "from pipeline.adapters.memory import keep_memory_private; keep_memory_private()"
OPEN = "import resource; resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)"

writes_cores = pytest.mark.skipif(
    not PATTERN.exists() or not PATTERN.read_text().startswith("core"), reason="this kernel puts cores elsewhere"
)


def crash(folder: Path, *steps: str) -> list[Path]:
    """What a program that does these steps, and then crashes, leaves in its folder."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    ended = subprocess.run([sys.executable, "-c", "; ".join([*steps, CRASH])], cwd=folder, env=env, check=False)
    assert ended.returncode == -signal.SIGSEGV
    return list(folder.iterdir())


@writes_cores
def test_a_process_that_crashes_leaves_no_core(tmp_path: Path) -> None:
    assert crash(tmp_path, OPEN, PRIVATE) == []


@writes_cores
def test_without_our_care_a_core_would_hold_what_the_process_held(tmp_path: Path) -> None:
    cores = crash(tmp_path, OPEN)
    if not cores:
        pytest.skip("this machine writes no cores just now")
    (core,) = cores
    assert MARK.encode("utf-16-le") in core.read_bytes()


@writes_cores
def test_a_program_that_we_start_leaves_no_core_either(tmp_path: Path) -> None:
    started = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CRASH!r}])"
    assert crash(tmp_path, OPEN, PRIVATE, started) == []


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux'")
def test_a_process_of_ours_may_not_be_looked_into() -> None:
    asked = "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    told = [
        subprocess.run(
            [sys.executable, "-c", "; ".join(steps)],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
        ).stdout.strip()
        for steps in ([asked], [PRIVATE, asked])
    ]
    assert told == ["1", "0"]
