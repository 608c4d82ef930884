"""Workers that freeze, wake up, are told to end or are killed: whoever takes over settles each report, once."""

import asyncio
import signal
import time
from pathlib import Path

import psutil
import pytest
from crew import (
    HOTLINE,
    WORKERS,
    WORKERS_AND_RELAY,
    Crew,
    all_settled,
    crew_of,
    events,
    eventually,
    queued,
    require_whole,
    send_together,
)
from lab import Lab, event

from pipeline import wiring

OTHER = {"assess-1": "assess-2", "assess-2": "assess-1"}
SOURCES = "source,kind,role,county\nhotline-113,hotline,hotline_worker,\nhotline-new,hotline,hotline_worker,\n"
TAKEOVER_MAX_S = 12.0
HANDOVER_MAX_S = 4.0
"""Kafka waits 6 s for a member that says nothing."""


@pytest.mark.parametrize("moment", ["before", "inside"])
async def test_a_worker_that_froze_at_its_transaction_is_succeeded_and_settles_nothing_when_it_wakes_up(
    lab: Lab, moment: str
) -> None:
    freezing = event(25) | {"id": f"freeze-{moment}"}
    mark = Path(lab.settings.data_dir) / "frozen"
    async with crew_of(lab, WORKERS_AND_RELAY, planted="freezing") as crew:
        await send_together(lab, [*events(0, 25), freezing, *events(26, 25)], HOTLINE, partition=0)
        await eventually(lambda: asyncio.to_thread(has_words, mark), 20, "freezing")
        began, name = time.monotonic(), mark.read_text()
        frozen = crew.process(name)
        await send_together(lab, events(51, 49), HOTLINE, partition=0)
        await eventually(lambda: all_settled(lab, 100), TAKEOVER_MAX_S + 4, "the successor's work")
        assert time.monotonic() - began < TAKEOVER_MAX_S
        assert frozen.status() == psutil.STATUS_STOPPED
        frozen.send_signal(signal.SIGCONT)
        await eventually(lambda: was_restarted(crew, name), 20, "the end of the one that woke up")
        await eventually(crew.all_ready, 30, "its return")
        assert crew.errors(name) == ["FencedError"]
        assert crew.restarts(OTHER[name]) == 0
        await require_whole(lab, case=100)
    told = await queued(lab)
    assert len(told) == 100
    assert set(told) > {f"event-{n}" for n in range(100) if n != 25}, "and the one that froze, under its derived id"


def has_words(path: Path) -> bool:
    return path.exists() and bool(path.read_text())


async def was_restarted(crew: Crew, name: str) -> bool:
    return crew.restarts(name) == 1


async def test_a_worker_that_froze_between_two_batches_is_succeeded_and_goes_on_when_it_wakes_up(lab: Lab) -> None:
    async with crew_of(lab, WORKERS) as crew:
        await send_together(lab, events(0, 20), HOTLINE)
        await eventually(lambda: all_settled(lab, 20), 20, "settling")
        frozen = crew.process("assess-1")
        frozen.suspend()
        await eventually(lambda: crew.belongs_all_to("assess-2"), TAKEOVER_MAX_S, "takeover")
        await send_together(lab, events(20, 80), HOTLINE)
        await eventually(lambda: all_settled(lab, 100), 10, "the successor's work")
        frozen.resume()
        await eventually(lambda: crew.belongs_all_to("assess-1", "assess-2"), 30, "sharing again")
        await send_together(lab, events(100, 100), HOTLINE)
        await eventually(lambda: all_settled(lab, 200), 20, "settling")
    async with crew_of(lab, {"relay": "relay"}):
        await require_whole(lab, case=200)


async def test_a_worker_that_is_told_to_end_finishes_its_batch_and_hands_over_at_once(lab: Lab) -> None:
    async with crew_of(lab, {"assess-2": "assess", "relay": "relay"}) as crew, crew.single("assess-1") as leaving:
        await eventually(lambda: crew.is_owner(leaving.pid), 20, "sharing")
        await send_together(lab, events(0, 2000), HOTLINE)
        await eventually(lambda: all_settled(lab, 200), 20, "settling the first")
        leaving.send_signal(signal.SIGTERM)
        exit_code, took_s = await asyncio.gather(
            asyncio.wait_for(leaving.wait(), HANDOVER_MAX_S),
            eventually(lambda: crew.belongs_all_to("assess-2"), HANDOVER_MAX_S, "handing over"),
        )
        assert exit_code == 0
        assert took_s < HANDOVER_MAX_S
        assert [line["event"] for line in crew.log("assess-1")][-1] == "stopped"
        await eventually(lambda: all_settled(lab, 2000), 60, "settling all")
        assert await lab.count("attempt") == 0
        await require_whole(lab, case=2000)
        assert crew.restarts("assess-2") == 0
    assert sorted(await queued(lab)) == sorted(f"event-{n}" for n in range(2000))


@pytest.mark.parametrize("stage", ["assess", "relay", "auditor"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_process_that_is_told_to_end_exits_with_0(lab: Lab, stage: str, number: signal.Signals) -> None:
    async with crew_of(lab, {}) as crew, crew.single(stage) as process:
        await eventually(lambda: crew.is_ready(stage), 20, "being ready")
        process.send_signal(number)
        assert await asyncio.wait_for(process.wait(), 10) == 0
        assert not crew.errors(stage)


async def test_the_topic_of_a_new_source_is_read_within_ten_seconds(lab: Lab, tmp_path: Path) -> None:
    known = tmp_path / "sources.csv"
    known.write_text(SOURCES, "utf-8")
    settings = lab.settings.model_copy(update={"sources_file": known})
    async with crew_of(lab, WORKERS, ANWANG_SOURCES_FILE=str(known)) as crew:
        await eventually(crew.all_ready, 20, "being ready")
        assert "intake.hotline.new.v1" in await wiring.create_topics(settings)
        await send_together(lab, [event(1, source="hotline-new")], "intake.hotline.new.v1")
        took_s = await eventually(lambda: all_settled(lab, 1), 10, "settling")
    assert took_s < 10
    assert await lab.pool.fetchval("SELECT topic FROM inbox") == "intake.hotline.new.v1"
    assert await lab.pool.fetchval("SELECT outcome FROM inbox") == "case"
