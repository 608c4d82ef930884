"""Reports that end the worker that reads them: set aside after the third death, and none of the others harmed."""

import signal
from pathlib import Path

import pytest
from crew import (
    HOTLINE,
    WORKERS_AND_RELAY,
    all_published,
    all_settled,
    crew_of,
    events,
    eventually,
    queued,
    require_whole,
    send_together,
    server_process,
    servers_root,
    settled,
)
from lab import Lab, event

from pipeline.local.servers import Servers

MANY = 6000
"""More than two workers settle while their database ends five times."""


@pytest.mark.parametrize("way", ["exit", "hang-in-c", "hang-in-await"])
async def test_a_report_that_ends_its_worker_is_set_aside_after_three_deaths(lab: Lab, way: str) -> None:
    deadly = event(25) | {"id": f"deadly-{way}"}
    async with crew_of(lab, WORKERS_AND_RELAY, planted="deadly") as crew:
        await send_together(lab, [*events(0, 25), deadly, *events(26, 25)], HOTLINE, partition=0)
        await eventually(lambda: all_settled(lab, 51), 90, "settling all")
        await require_whole(lab, case=50, quarantine=1)
        await eventually(crew.all_ready, 20, "the crew's return")
        struck = (Path(lab.settings.data_dir) / "struck").read_text().split()
    assert len(set(struck)) == len(struck) == 3
    assert sorted(await queued(lab)) == sorted(f"event-{n}" for n in range(51) if n != 25)
    unread = await lab.pool.fetchrow("SELECT code, kafka_offset, times_seen FROM unread_report")
    assert tuple(unread) == ("ended_its_worker", 25, 1)


async def test_a_database_that_ends_again_and_again_under_a_batch_is_no_death_of_a_worker(
    lab: Lab, servers: Servers
) -> None:
    root = await servers_root(servers)
    async with crew_of(lab, WORKERS_AND_RELAY) as crew:
        await send_together(lab, events(0, MANY), HOTLINE)
        for how in (signal.SIGKILL, signal.SIGINT, signal.SIGKILL, signal.SIGQUIT, signal.SIGKILL):
            reached = min(sum((await settled(lab)).values()) + 100, MANY)
            await eventually(lambda more=reached: all_settled(lab, more), 60, "going on")
            server_process(root, "postgres").send_signal(how)
        await eventually(lambda: all_settled(lab, MANY), 60, "settling all")
        await eventually(lambda: all_published(lab), 60, "publishing all")
        await require_whole(lab, case=MANY)
        assert crew.restarts("assess-1") == crew.restarts("assess-2") == 0
    assert len(set(await queued(lab))) == len(await queued(lab)) == MANY
