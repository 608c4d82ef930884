"""The fixtures of every folder of tests that needs servers. Each folder that imports them has servers of its own, which
its tests may end.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from lab import Lab, open_lab

from pipeline.local.daemon import background_servers
from pipeline.local.servers import Servers

JARS = Path(__file__).parents[2] / ".anwang" / "kafka" / "libs"


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with background_servers(tmp_path_factory.mktemp("servers"), jars_folder=JARS) as running:
        yield running


@pytest.fixture(scope="session")
def guarded_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """A broker as in production: TLS, passwords, rights."""
    with background_servers(tmp_path_factory.mktemp("guarded"), jars_folder=JARS, guarded=True) as running:
        yield running


@pytest.fixture
async def guarded_lab(guarded_servers: Servers, tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(guarded_servers, tmp_path) as opened:
        yield opened


@pytest.fixture
async def lab(servers: Servers, tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(servers, tmp_path) as opened:
        yield opened
