"""A container daemon of the test's own: its socket, data and mounts below one folder, no rule of the machine's packet
filter touched, gone at the end.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("docker.io", "docker-compose", "debootstrap", "iptables")
PROGRAMS = ("dockerd", "containerd", "runc", "docker-proxy", "docker-init", "docker", "debootstrap", "iptables")
SYSTEM_PYTHON = Path("/usr/bin/python3")
CONTROL_GROUP = "anwang-test-compose"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
SUITE = "bookworm"
BASE_PACKAGES = "ca-certificates,python3,python3-venv"
BASE_IMAGE = "anwang-test/base"

# What a mount of the daemon's makes in /run stays in a name space of its own, which ends with it; only the resolver's
# file is taken along.
_IN_PRIVATE = """
set -eu
resolver="$(readlink -f /etc/resolv.conf)"
kept="$(cat "$resolver")"
mount -t tmpfs tmpfs /run
mkdir -p "${resolver%/*}" && { [ -s "$resolver" ] || printf '%s\\n' "$kept" > "$resolver"; }
exec "$@"
"""


class CannotRunError(Exception):
    """Why the containers cannot be brought up here."""


@dataclass(frozen=True, slots=True)
class Machine:
    """`run` calls a program with the daemon in its environment."""

    folder: Path
    environment: Mapping[str, str]
    compose: tuple[str, ...]

    def run(self, *argv: str, stdin: bytes | None = None, ok: bool = True, timeout_s: float = 300) -> str:
        """What it writes to its standard output. Raises AssertionError, with the end of its standard error."""
        ended = subprocess.run(
            argv, input=stdin, env=dict(self.environment), capture_output=True, timeout=timeout_s, check=False
        )
        if ok and ended.returncode:
            told = (ended.stdout + ended.stderr).decode(errors="replace")[-3000:]
            raise AssertionError(f"{' '.join(argv)} ended with {ended.returncode}:\n{told}")
        return ended.stdout.decode(errors="replace")


def say(text: str) -> None:
    """Past pytest, at once: it takes minutes."""
    sys.__stderr__.write(f"compose: {text}\n")
    sys.__stderr__.flush()


def until(what: str, holds: Callable[[], bool], within_s: float) -> float:
    """How many seconds it took. Raises AssertionError."""
    began, never = time.monotonic(), threading.Event()
    while not holds():
        if time.monotonic() - began > within_s:
            raise AssertionError(f"not within {within_s:.0f} s: {what}")
        never.wait(0.5)
    return time.monotonic() - began


@contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """The daemon, while the block runs. Raises CannotRunError."""
    environment = _programs(folder)
    daemon = _start(folder, environment)
    try:
        yield Machine(folder, environment, _compose(folder, environment))
    finally:
        daemon.send_signal(signal.SIGTERM)
        try:
            daemon.wait(60)
        finally:
            daemon.kill()
            _remove_control_groups()
    left = _processes_below(folder)
    if left:
        raise AssertionError(f"still running: {left}")


def make_base(at: Machine) -> None:
    """A base image from the distribution's packages, which trusts whom this machine trusts. Raises CannotRunError."""
    root = at.folder / "base"
    scripts = at.folder / "programs" / "usr" / "share" / "debootstrap"
    told = dict(at.environment) | ({"DEBOOTSTRAP_DIR": str(scripts)} if scripts.is_dir() else {})
    argv = ("debootstrap", "--variant=minbase", f"--include={BASE_PACKAGES}", SUITE, str(root))
    ended = subprocess.run(argv, env=told, capture_output=True, timeout=900, check=False)
    if ended.returncode:
        raise CannotRunError(f"debootstrap failed: {ended.stdout.decode(errors='replace')[-300:].strip()}")
    if CERTIFICATES.is_file():
        shutil.copy(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
        (root / "etc" / "pip.conf").write_text(f"[global]\ncert = {CERTIFICATES}\n", encoding="ascii")
    with subprocess.Popen(("/bin/tar", "-C", str(root), "-c", "."), stdout=subprocess.PIPE) as packing:
        argv = ("docker", "import", "-", BASE_IMAGE)
        subprocess.run(argv, stdin=packing.stdout, env=told, stdout=subprocess.DEVNULL, check=True)
    shutil.rmtree(root)


def _programs(folder: Path) -> dict[str, str]:
    """Where all programs are found: on this machine, else in packages that are unpacked and not installed."""
    if os.geteuid():
        raise CannotRunError("only root can run a container daemon of its own")
    plain = {"PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    plain |= {n: v for n, v in os.environ.items() if n.lower().endswith("_proxy")}
    ours = {"DOCKER_HOST": f"unix://{folder}/docker.sock", "DOCKER_BUILDKIT": "0", "COMPOSE_DOCKER_CLI_BUILD": "1"}
    if all(shutil.which(p, path=plain["PATH"]) for p in PROGRAMS) and _compose_on(plain):
        return plain | ours
    root = _unpack(folder)
    libraries = root / "usr" / "lib" / f"{os.uname().machine}-linux-gnu"
    return plain | ours | {
        "PATH": f"{root}/usr/sbin:{root}/usr/bin:{plain['PATH']}",
        "LD_LIBRARY_PATH": str(libraries),
        "XTABLES_LIBDIR": str(libraries / "xtables"),
        "PYTHONPATH": str(root / "usr" / "lib" / "python3" / "dist-packages"),
    }  # fmt: skip


def _unpack(folder: Path) -> Path:
    if not shutil.which("apt-get"):
        raise CannotRunError(f"neither are these installed: {', '.join(PROGRAMS)}, compose; nor is there an apt-get")
    cache, root = folder / "packages", folder / "programs"
    (cache / "partial").mkdir(parents=True)
    options = ("-o", f"Dir::Cache::archives={cache}", "-o", "Debug::NoLocking=1", "--quiet=2", "--yes")
    fetch = ("apt-get", *options, "--no-install-recommends", "--download-only", "install", *PACKAGES)
    for attempt in (("apt-get", *options, "update"), ()):
        ended = subprocess.run(fetch, capture_output=True, timeout=600, check=False)
        if ended.returncode == 0:
            break
        if attempt:
            subprocess.run(attempt, capture_output=True, timeout=600, check=False)
    else:
        raise CannotRunError(f"apt-get cannot fetch {', '.join(PACKAGES)}: {ended.stderr.decode()[-300:].strip()}")
    for package in sorted(cache.glob("*.deb")):
        subprocess.run(("/usr/bin/dpkg", "-x", str(package), str(root)), check=True)
    for name in ("iptables", "ip6tables"):  # what the package's installation would link
        with suppress(FileExistsError):
            (root / "usr" / "sbin" / name).symlink_to("xtables-nft-multi")
    return root


def _compose_on(environment: Mapping[str, str]) -> tuple[str, ...]:
    for argv in (("docker", "compose"), ("docker-compose",)):
        with suppress(OSError):
            if subprocess.run((*argv, "version"), env=environment, capture_output=True, check=False).returncode == 0:
                return argv
    return ()


def _compose(folder: Path, environment: Mapping[str, str]) -> tuple[str, ...]:
    script = folder / "programs" / "usr" / "bin" / "docker-compose"
    found = (str(SYSTEM_PYTHON), str(script)) if script.is_file() else _compose_on(environment)
    if not found:
        raise CannotRunError("neither `docker compose` nor docker-compose runs here")
    return found


def _start(folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    argv: Sequence[str] = (
        *("unshare", "--mount", "--propagation", "private", "sh", "-c", _IN_PRIVATE, "sh", "dockerd"),
        *("--host", environment["DOCKER_HOST"], "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"),
        *("--pidfile", f"{folder}/dockerd.pid", "--group", str(os.getegid()), "--cgroup-parent", f"/{CONTROL_GROUP}"),
        *("--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-masq=false", "--ip-forward=false"),
    )
    log = folder / "dockerd.log"
    with log.open("wb") as written:
        daemon = subprocess.Popen(argv, env=dict(environment), stdout=written, stderr=written, start_new_session=True)
    try:
        until("the daemon answers", lambda: daemon.poll() is not None or _answers(environment), 60)
    except AssertionError:
        daemon.kill()
        raise
    if daemon.poll() is not None:
        raise CannotRunError(f"the container daemon ended at once: {log.read_text(errors='replace')[-300:].strip()}")
    return daemon


def _answers(environment: Mapping[str, str]) -> bool:
    argv = ("docker", "info")
    return subprocess.run(argv, env=environment, capture_output=True, check=False).returncode == 0


def _remove_control_groups() -> None:
    for top in (Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").glob("*")):
        ours = top / CONTROL_GROUP
        if ours.is_dir():
            for folder in sorted((p for p in ours.rglob("*") if p.is_dir()), reverse=True):
                with suppress(OSError):
                    folder.rmdir()
            with suppress(OSError):
                ours.rmdir()


def _processes_below(folder: Path) -> list[str]:
    found = []
    for told in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            line = told.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(folder) in line and told.parent.name != str(os.getpid()):
                found.append(f"{told.parent.name} {line[:80]}")
    return found
