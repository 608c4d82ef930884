"""One long-running process in the foreground, for systemd, Kubernetes and `anwang up` alike."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from functools import partial
from typing import assert_never

from pipeline import wiring
from pipeline.adapters.kafka.brokers import brokers_of
from pipeline.adapters.log_fields import Event
from pipeline.adapters.probes import Probe, broker_answers, database_answers, is_member, watch
from pipeline.adapters.process import Process, process
from pipeline.ports import Telling
from pipeline.settings import Settings


class Stage(StrEnum):
    ASSESS = "assess"
    RELAY = "relay"
    AUDITOR = "auditor"
    INTAKE = "intake"
    FEEDS = "feeds"
    DESK = "desk"
    WATCH = "watch"


def run(stage: Stage, settings: Settings) -> None:
    """Works until SIGTERM or SIGINT, then finishes its turn and returns."""
    probes = _probes(stage, settings)
    with process(stage, settings, needs=tuple(probes)) as around:
        asyncio.run(_serve(stage, settings, around, probes))


def _probes(stage: Stage, settings: Settings) -> Mapping[str, Probe]:
    """The intake has none: while servers are away it still has to tell its callers so."""
    if stage is Stage.DESK:
        return {
            "database": partial(database_answers, settings.postgres_dsn),
            "keys": partial(database_answers, settings.keys_dsn),
        }
    if stage is Stage.WATCH:
        return {"database": partial(database_answers, settings.postgres_dsn)}
    brokers = brokers_of(settings)
    if stage is Stage.INTAKE:
        return {}
    probes: dict[str, Probe] = {
        "database": partial(database_answers, settings.postgres_dsn),
        "broker": partial(broker_answers, brokers),
    }
    if stage is Stage.ASSESS:
        client = f"{stage}-{socket.gethostname()}-{os.getpid()}-"
        probes["keys"] = partial(database_answers, settings.keys_dsn)
        probes["group"] = partial(is_member, brokers, settings.kafka_group, client)
    return probes


async def _serve(stage: Stage, settings: Settings, around: Process, probes: Mapping[str, Probe]) -> None:
    around.adopt_loop(asyncio.get_running_loop())
    watching = asyncio.create_task(watch(around.pulse, probes))
    try:
        await _work(stage)(settings, around.telemetry, _first_says_ready(around))
    finally:
        around.pulse.is_not_ready("stopping")
        watching.cancel()


Beat = Callable[[], None]
Work = Callable[[Settings, Telling, Beat], Awaitable[None]]


def _work(stage: Stage) -> Work:  # noqa: PLR0911 - one case for each process
    match stage:
        case Stage.ASSESS:
            return wiring.run_assess
        case Stage.RELAY:
            return wiring.run_relay
        case Stage.AUDITOR:
            return wiring.run_auditor
        case Stage.INTAKE:
            return wiring.run_intake
        case Stage.FEEDS:
            return wiring.run_feeds
        case Stage.DESK:
            return wiring.run_desk
        case Stage.WATCH:
            return wiring.run_watch
        case _:
            assert_never(stage)


def _first_says_ready(around: Process) -> Beat:
    """The first turn that ends shows that everything is in place."""
    said = False

    def beat() -> None:
        nonlocal said
        around.beat()
        if not said:
            said = True
            around.pulse.is_ready()
            around.telemetry.log.info(Event.READY)

    return beat
