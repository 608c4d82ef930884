"""Brings the containers up once; ends the run with code 3 and the reason where that cannot be done."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import CannotRunError, machine, make_base, say
from project import Project, project

from pipeline.local.errors import LocalError
from pipeline.local.jars import provide_jars

JARS = Path(__file__).parents[2] / ".anwang" / "kafka" / "libs"
NOT_RUN = 3


@pytest.fixture(scope="session")
def built() -> Iterator[Project]:
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="anwang-compose-") as folder:
            with machine(Path(folder)) as at:
                say(f"{time.monotonic() - began:.0f} s: a container daemon of our own runs")
                jars = asyncio.run(provide_jars(JARS, say))
                make_base(at)
                say(f"{time.monotonic() - began:.0f} s: the base is made")
                with project(at, jars) as here:
                    say(f"{time.monotonic() - began:.0f} s: the images are built")
                    yield here
            say(f"{time.monotonic() - began:.0f} s: all of it is gone again")
    except (CannotRunError, LocalError) as reason:
        pytest.exit(f"NOT RUN, nothing was tested: {reason}", returncode=NOT_RUN)


@pytest.fixture(scope="session")
def stack(built: Project) -> Project:
    took_s = built.up()
    say(f"everything is healthy, {took_s:.0f} s after it was created")
    return built
