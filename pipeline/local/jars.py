"""The broker's jars: each pinned by version and SHA-256, fetched once, checked at every start.

`python -m pipeline.local.jars --relock` resolves KAFKA anew and writes the pins.
"""

import asyncio
import hashlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jgo.maven import Dependency, MavenContext, MvnResolver, PythonResolver, Resolver

from pipeline.local.errors import LocalError
from pipeline.local.tasks import together

KAFKA_VERSION = "4.4.0"
KAFKA = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}"
# Kafka 4.4.0 brings slf4j 1.7 and log4j 2.25.5 but nothing between them; without it the broker logs nothing.
LOGGING = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5"
LOCK = Path(__file__).with_name("kafka_jars.lock")
TRIES_MAX = 2
HTTP_TIMEOUT_S = 30

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned file: `coordinates` are group:artifact:version."""

    coordinates: str
    file: str
    sha256: str


def read_lock(lock: Path = LOCK) -> tuple[Jar, ...]:
    lines = lock.read_text(encoding="utf-8").splitlines()
    return tuple(Jar(*line.split()) for line in lines if line and not line.startswith("#"))


def unsound(folder: Path, jars: Sequence[Jar]) -> tuple[Jar, ...]:
    """Those of `jars` that are missing from `folder` or are not the bytes that were pinned."""
    return tuple(jar for jar in jars if _sha256(folder / jar.file) != jar.sha256)


async def provide_jars(folder: Path, progress: Progress, jars: Sequence[Jar] | None = None) -> tuple[Path, ...]:
    """All pinned jars in `folder`, fetched where missing or wrong; LocalError when one cannot be had as pinned."""
    pinned = read_lock() if jars is None else tuple(jars)
    wanted = await asyncio.to_thread(unsound, folder, pinned)
    if wanted:
        await _fetch_all(folder, wanted, progress)
    return tuple(folder / jar.file for jar in pinned)


async def _fetch_all(folder: Path, wanted: Sequence[Jar], progress: Progress) -> None:
    scratch = await asyncio.to_thread(_scratch_in, folder)
    done = 0

    async def fetch(jar: Jar) -> None:
        nonlocal done
        await asyncio.to_thread(_fetch, jar, scratch, folder)
        done += 1
        progress(f"Kafka {KAFKA_VERSION}: {done} of {len(wanted)} jars")

    try:
        await together(*(fetch(jar) for jar in wanted))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _scratch_in(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="fetch-", dir=folder))


def _fetch(jar: Jar, scratch: Path, folder: Path) -> None:
    reason = ""
    for attempt, resolver in enumerate(_resolvers()):
        try:
            path = _download(jar, scratch / f"{jar.file}.{attempt}", resolver)
        except (OSError, RuntimeError) as error:
            reason = f"cannot be fetched ({type(error).__name__})"
            continue
        if _sha256(path) == jar.sha256:
            path.replace(folder / jar.file)
            return
        reason = "is not the file that was pinned"
    raise LocalError(f"{jar.coordinates} {reason}; the pins are in {LOCK.name}")


def _resolvers() -> tuple[Resolver, ...]:
    maven = shutil.which("mvn")
    ours = (PythonResolver(),) * TRIES_MAX
    return (*ours, MvnResolver(Path(maven))) if maven else ours


def _download(jar: Jar, cache: Path, resolver: Resolver) -> Path:
    context = MavenContext(resolver=resolver, repo_cache=cache, timeout=HTTP_TIMEOUT_S)
    return Path(context.create_dependency(jar.coordinates).artifact.resolve())


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def relock(lock: Path = LOCK) -> tuple[Jar, ...]:
    """Resolve KAFKA and LOGGING with all they need at run time and write what was found as the new pins."""
    with tempfile.TemporaryDirectory() as scratch:
        context = MavenContext(repo_cache=Path(scratch), timeout=HTTP_TIMEOUT_S)
        # raw: else each is also taken as a bill of materials, and log4j's would put a kafka-clients of its own in.
        asked = [Dependency(context.create_dependency(name).artifact, raw=True) for name in (KAFKA, LOGGING)]
        inputs, transitive = context.resolver.resolve(asked)
        jars = sorted((_pin(found) for found in (*inputs, *transitive)), key=lambda jar: jar.coordinates)
    strangers = [
        jar for jar in jars if jar.coordinates.startswith("org.apache.kafka:") and KAFKA_VERSION not in jar.file
    ]
    if strangers:
        raise LocalError(f"not of Kafka {KAFKA_VERSION}: {', '.join(jar.coordinates for jar in strangers)}")
    head = "# coordinates, file, SHA-256; written by: python -m pipeline.local.jars --relock\n"
    lock.write_text(head + "".join(f"{jar.coordinates} {jar.file} {jar.sha256}\n" for jar in jars), encoding="utf-8")
    return tuple(jars)


def _pin(found: Dependency) -> Jar:
    path = Path(found.artifact.resolve())
    return Jar(f"{found.groupId}:{found.artifactId}:{found.version}", path.name, _sha256(path))


if __name__ == "__main__":
    if sys.argv[1:] != ["--relock"]:
        sys.exit("usage: python -m pipeline.local.jars --relock")
    sys.stdout.write(f"{len(relock())} jars pinned in {LOCK.name}\n")
