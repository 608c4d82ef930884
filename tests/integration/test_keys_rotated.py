"""Every key is replaced while reports come in, by a command that is killed in the middle; nothing is lost by it."""

import asyncio
import json
import signal
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from crew import HOTLINE, Crew, all_settled, crew_of, environment, eventually, run, send_together
from lab import Lab, event

from pipeline.adapters.postgres.history import Histories, slices
from pipeline.adapters.postgres.key_versions import look_at_keys, look_at_wrapping
from pipeline.adapters.postgres.keys import CaseKeys, KeyName, Purpose
from pipeline.adapters.vault import KeyPurpose, KeyRing, Slot, unseal
from pipeline.domain.normalise.identity import read_national_id

CREW = {"assess-1": "assess", "assess-2": "assess", "auditor": "auditor"}
REPORTS = 260
GARBAGE = [b"no report", b'{"also": "none"}']
PURPOSES = {
    "wrapping": KeyPurpose.WRAPPING,
    "case": KeyPurpose.CASE,
    "data": KeyPurpose.DATA,
    "index": KeyPurpose.INDEX,
}

IDS = [
    next(text for check in range(10) if read_national_id(text := f"F2{73 * number:06d}{number % 10}{check}"))
    for number in range(REPORTS)
]


def told(number: int) -> dict[str, Any]:
    """Reports of three go to each household: the second and third find the first by its keys."""
    told = event(number // 3, report_no=f"no-{number}", narrative=f"第{number}次")
    told["data"]["persons"][0]["national_id"] = IDS[number // 3]
    return {**told, "id": f"event-{number}"}


async def broken_off(lab: Lab, which: str) -> str:
    """What `anwang keys rotate` said until it was killed, at its first word."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pipeline.cli", "keys", "rotate", which),
        env=environment(lab.settings),
        cwd=lab.settings.data_dir,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr
    said = await asyncio.wait_for(process.stderr.readline(), 60)
    process.kill()
    assert await process.wait() == -signal.SIGKILL, "it was done before it could be killed"
    return said.decode()


async def status(lab: Lab) -> dict[tuple[str, int], dict[str, Any]]:
    ended = await run(lab.settings, "keys", "status", "--json")
    assert ended.exit_code == 0, ended
    rows = [json.loads(line) for line in ended.out.splitlines()]
    return {(row["purpose"], row["version"]): row for row in rows}


async def ring_now(lab: Lab) -> KeyRing:
    ring = KeyRing.load(lab.settings.key_file)
    await look_at_keys(lab.pool, ring)
    await look_at_wrapping(lab.keys_pool, ring)
    return ring


async def everything_opens(lab: Lab) -> int:
    """How many versions of reports open: event, narrative, original and unread ones."""
    ring = await ring_now(lab)
    sources = lab.sources
    await sources.look()
    read = [await Histories(lab.pool, lab.keys_pool, ring, sources).read(part) for part in slices(2)]
    assert not any(one.erased for one in read)
    opened = [told.facts for one in read for history in one.histories for told in history.told]
    await originals_open(lab, CaseKeys(lab.keys_pool, ring))
    return len(opened)


async def originals_open(lab: Lab, keys: CaseKeys) -> None:
    rows = await lab.pool.fetch(
        """SELECT o.event_key AS row, i.case_id AS owner, o.sealed, o.wrapped_key, 'report_original' AS table
        FROM report_original o JOIN report_version USING (event_key) JOIN report USING (report_id) JOIN incident i
            USING (incident_id)
        UNION ALL SELECT unread_id, unread_id, sealed, wrapped_key, 'unread_report' FROM unread_report"""
    )
    purposes = {"report_original": Purpose.ORIGINAL, "unread_report": Purpose.UNREAD}
    for row in rows:
        name = KeyName(row["owner"], purposes[row["table"]])
        key = (await keys.opening([(name, row["wrapped_key"])]))[name]
        data_key = unseal(key, row["wrapped_key"], Slot(row["table"], "wrapped_key", row["row"]))
        assert unseal(data_key, row["sealed"], Slot(row["table"], "sealed", row["row"]))


async def links(lab: Lab) -> Mapping[str, set[str]]:
    """The cases, each by the events in it."""
    rows = await lab.pool.fetch(
        """SELECT i.case_id, v.event_id FROM report_version v JOIN report USING (report_id)
        JOIN incident i USING (incident_id)"""
    )
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(str(row["case_id"]), set()).add(row["event_id"])
    return found


async def require_together(lab: Lab, reports: int) -> None:
    households = {
        frozenset(f"event-{n}" for n in range(first, min(first + 3, reports))) for first in range(0, reports, 3)
    }
    assert {frozenset(events) for events in (await links(lab)).values()} == households


@pytest.mark.timeout(300)
@pytest.mark.parametrize("which", PURPOSES)
async def test_a_key_is_replaced_under_traffic_though_the_command_is_killed(lab: Lab, which: str) -> None:
    purpose = PURPOSES[which]
    async with crew_of(lab, CREW) as crew:
        await send_together(lab, [told(n) for n in range(0, REPORTS, 3)], HOTLINE)
        await lab.send(GARBAGE, topic=HOTLINE)
        await eventually(lambda: all_settled(lab, 89), 60, "settling the first")
        coming = asyncio.create_task(send_together(lab, [told(n) for n in range(1, REPORTS, 3)], HOTLINE))
        assert await broken_off(lab, which)
        await coming
        coming = asyncio.create_task(send_together(lab, [told(n) for n in range(2, REPORTS, 3)], HOTLINE))
        ended = await run(lab.settings, "keys", "rotate", which)
        assert ended.exit_code == 0, ended
        assert "version 2" in ended.out
        await coming
        again = [told(n) for n in range(0, REPORTS, 7)]
        await send_together(lab, again, HOTLINE)
        await lab.send(GARBAGE, topic=HOTLINE)
        await eventually(lambda: all_settled(lab, REPORTS + len(again) + 4), 60, "settling all")
        require_untouched(crew)
    counted = await status(lab)
    assert counted[purpose, 1]["values"] == 0
    assert counted[purpose, 1]["retired_at"]
    assert counted[purpose, 2]["is_current"]
    assert counted[purpose, 2]["values"] > REPORTS / 3
    await require_together(lab, REPORTS)
    assert await everything_opens(lab) == REPORTS
    outcomes = dict(await lab.pool.fetch("SELECT outcome, count(*) FROM inbox GROUP BY outcome"))
    assert (outcomes["redelivery"], outcomes["dead_letter"]) == (len(again), 2 * len(GARBAGE))
    assert await lab.count("unread_report") == len(GARBAGE)
    state = await lab.audit()
    assert state.balances, state
    assert await lab.pool.fetchval("SELECT count(*) FROM alarm WHERE code <> 'unread_report'") == 0


def require_untouched(crew: Crew) -> None:
    for name in CREW:
        assert (crew.errors(name), crew.restarts(name)) == ([], 0)
