"""The processes of the demo: two workers, so that they can take over from each other, and one each of the others."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path

from pipeline.local.demo.traffic import Errand
from pipeline.local.folders import Folders
from pipeline.local.ports import LOOPBACK, remembered_ports
from pipeline.local.servers import Servers
from pipeline.local.supervisor import Child
from pipeline.settings import ENV_PREFIX

STAGES: Mapping[str, str] = {
    "assess-1": "assess",
    "assess-2": "assess",
    "relay": "relay",
    "auditor": "auditor",
    "watch": "watch",
}
PROBE_TIMEOUT_S = 2.0
TRAFFIC = "traffic"


def stage_children(servers: Servers, folders: Folders) -> tuple[Child, ...]:
    ports = remembered_ports(folders.run / "http.json", tuple(STAGES))
    return tuple(_stage(name, servers, folders, ports[name]) for name in STAGES)


def _stage(name: str, servers: Servers, folders: Folders, port: int) -> Child:
    settings = {
        "ANWANG_DATA_DIR": str(folders.root),
        "ANWANG_INSTANCE": name,
        "ANWANG_HTTP_HOST": LOOPBACK,
        "ANWANG_HTTP_PORT": str(port),
    }
    return Child(
        name=name,
        argv=(sys.executable, "-m", "pipeline.cli", "run", STAGES[name]),
        env={**_environment(), **servers.environment(), **settings},
        ready=ready_at(port),
        cwd=folders.root,
    )


def _environment() -> dict[str, str]:
    """Ours without anybody's settings for other runs; the working folder holds no settings file either."""
    return {name: value for name, value in os.environ.items() if not name.startswith(ENV_PREFIX)}


def traffic_child(errand: Errand) -> Child:
    argv = (sys.executable, "-m", "pipeline.local.demo.traffic", *errand.argv())
    return Child(name=TRAFFIC, argv=argv, env=_environment(), cwd=errand.acked.parent)


def ready_at(port: int) -> Callable[[], Awaitable[bool]]:
    """Asks `/readyz` there; anything but 200 within two seconds is a no."""

    async def ask() -> bool:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                reader, writer = await asyncio.open_connection(LOOPBACK, port)
                try:
                    writer.write(b"GET /readyz HTTP/1.0\r\n\r\n")
                    return b" 200 " in await reader.readline()
                finally:
                    writer.close()
        return False

    return ask


def acked_list(folders: Folders) -> Path:
    return folders.root / "acked.ndjson"
