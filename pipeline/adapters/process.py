"""What surrounds the loop of every long-running process: telemetry, pulse, watchdog, health over HTTP."""

import asyncio
import os
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pipeline
from pipeline.adapters.http.health import HealthServer
from pipeline.adapters.log_fields import Event
from pipeline.adapters.logs import take_over, take_over_loop
from pipeline.adapters.pulse import Pulse
from pipeline.adapters.telemetry import Telemetry
from pipeline.adapters.watchdog import Watchdog
from pipeline.errors import AnwangError
from pipeline.settings import Settings


@dataclass(frozen=True, slots=True)
class Process:
    """`beat` at every turn of the loop, or the process is ended after 30 s. Tell `pulse` what answered."""

    name: str
    telemetry: Telemetry
    pulse: Pulse
    watchdog: Watchdog

    def beat(self) -> None:
        self.pulse.beat()
        self.watchdog.beat()

    def adopt_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """What the event loop cannot hand to anyone goes to our log."""
        take_over_loop(self.telemetry.log, loop)


@contextmanager
def process(stage: str, settings: Settings, needs: Collection[str]) -> Iterator[Process]:
    """Everything around the loop, from before its servers are called until its end. An error of ours is logged and
    becomes SystemExit(1); any other goes on and is logged, without its text, by the hook that this sets.
    """
    name = settings.instance or stage
    telemetry, pulse = Telemetry(name, settings.log_level), Pulse(needs)
    take_over(telemetry.log)
    began = time.monotonic()
    with ExitStack() as exits:
        try:
            port = _serve_health(exits, Path(settings.data_dir) / "run" / f"{name}.port", telemetry, pulse, settings)
            watchdog = Watchdog(settings.data_dir / "log" / f"{name}.hang").start()
            exits.callback(watchdog.stop)
            if watchdog.ended_the_last:
                telemetry.log.warning(Event.LAST_ONE_HUNG)
            telemetry.log.info(Event.STARTED, version=pipeline.__version__, pid=os.getpid(), port=port)
            yield Process(name, telemetry, pulse, watchdog)
        except AnwangError as error:
            telemetry.log.failed(error)
            raise SystemExit(1) from None
        telemetry.log.info(Event.STOPPED, seconds=round(time.monotonic() - began, 3))


def _serve_health(
    exits: ExitStack, port_file: Path, telemetry: Telemetry, pulse: Pulse, settings: Settings
) -> int | None:
    if settings.http_port is None:
        return None
    server = HealthServer(pulse, telemetry.metrics, port_file).start(settings.http_host, settings.http_port)
    exits.callback(server.stop)
    return server.port
