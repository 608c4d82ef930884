"""Every key is replaced while reports come in, by a command that is killed in the middle; nothing is lost by it."""

import asyncio
import json
import signal
import sys
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from crew import HOTLINE, Crew, all_settled, crew_of, environment, eventually, run, send_together
from lab import Lab, event

from pipeline.adapters.postgres.history import Histories, slices
from pipeline.adapters.postgres.key_versions import look_at_keys, look_at_wrapping
from pipeline.adapters.postgres.keys import CaseKeys, KeyName, Purpose
from pipeline.adapters.postgres.ties import Ties
from pipeline.adapters.vault import KeyPurpose, KeyRing, Slot, ring_file, unseal
from pipeline.domain.conflict import AboutStaff, tie_keys
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


async def tie(lab: Lab, staff: str, national_id: str) -> None:
    """This member of staff is the victim of a household."""
    await lab.pool.execute("INSERT INTO staff (staff) VALUES ($1)", staff)
    ring = await ring_now(lab)
    asked = AboutStaff(national_id=national_id, name="", birth_date="", phones=(), addresses=())
    await Ties(lab.pool, CaseKeys(lab.keys_pool, ring), ring).tie(staff, tie_keys(asked, date(2026, 3, 1)))


async def conflicts(lab: Lab, staff: str) -> list[UUID]:
    return list(await lab.pool.fetchval("SELECT conflicts_of($1)", staff))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("which", PURPOSES)
async def test_a_key_is_replaced_under_traffic_though_the_command_is_killed(lab: Lab, which: str) -> None:
    purpose = PURPOSES[which]
    async with crew_of(lab, CREW) as crew:
        await send_together(lab, [told(n) for n in range(0, REPORTS, 3)], HOTLINE)
        await lab.send(GARBAGE, topic=HOTLINE)
        await eventually(lambda: all_settled(lab, 89), 60, "settling the first")
        await tie(lab, "w1", IDS[0])
        conflict = await conflicts(lab, "w1")
        assert len(conflict) == 1
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
    assert await conflicts(lab, "w1") == conflict
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


async def test_messages_are_known_again_when_the_digest_key_was_replaced(lab: Lab) -> None:
    """One with an id that is guarded, one that nobody can read, and one of each kind that comes after."""
    guarded = event(1) | {"id": IDS[1]}
    async with crew_of(lab, CREW) as crew:
        await send_together(lab, [guarded, event(2)], HOTLINE)
        await lab.send(GARBAGE, topic=HOTLINE)
        await eventually(lambda: all_settled(lab, 4), 60, "settling the first")
        for version in (2, 3):
            ended = await run(lab.settings, "keys", "rotate", "digest")
            assert ended.exit_code == 0, ended
            assert f"version {version}" in ended.out
        await send_together(lab, [guarded, event(2), event(3)], HOTLINE)
        await lab.send(GARBAGE, topic=HOTLINE)
        await eventually(lambda: all_settled(lab, 9), 60, "settling all")
        crew.process("assess-1").kill()
        crew.process("assess-2").kill()
        await send_together(lab, [event(4)], HOTLINE)
        await eventually(lambda: all_settled(lab, 10), 60, "reading the last messages once more")
        assert [crew.errors(name) for name in CREW] == [[], [], []]
    counted = await status(lab)
    assert [counted[KeyPurpose.DIGESTING, version]["values"] for version in (1, 2, 3)] == [4, 0, 6]
    outcomes = dict(await lab.pool.fetch("SELECT outcome, count(*) FROM inbox GROUP BY outcome"))
    assert outcomes == {"case": 4, "redelivery": 2, "dead_letter": 4}
    assert await lab.count("unread_report") == len(GARBAGE)
    assert (await lab.audit()).balances
    assert await lab.pool.fetchval("SELECT count(*) FROM alarm WHERE code <> 'unread_report'") == 0


async def test_what_nothing_needs_any_more_is_forgotten_and_all_opens_without_it(lab: Lab) -> None:
    await lab.send([told(n) for n in range(9)], topic=HOTLINE)
    await lab.settle_all(9)
    for which in PURPOSES:
        assert (await run(lab.settings, "keys", "rotate", which)).exit_code == 0
    kept = await run(lab.settings, "keys", "prune")
    assert kept.out == "nothing to forget\n"
    gone = await run(lab.settings, "keys", "prune", "--days", "0")
    forgot = {f"forgot {purpose} version 1" for purpose in ("wrapping", "case", "index")}
    assert set(gone.out.splitlines()) == forgot, gone
    ring = KeyRing.load(lab.settings.key_file)
    versions = {p: set(held.versions) for p in KeyPurpose if (held := ring.held(p))}
    assert versions == {KeyPurpose.WRAPPING: {2}, KeyPurpose.INDEX: {2}, KeyPurpose.DIGESTING: {1}}
    assert await lab.keys_pool.fetchval("SELECT count(*) FROM case_key WHERE generation < 2") == 0
    assert await everything_opens(lab) == 9
    assert (await run(lab.settings, "keys", "status")).exit_code == 0


@pytest.mark.parametrize("lost", [KeyPurpose.WRAPPING, KeyPurpose.INDEX, KeyPurpose.DIGESTING])
async def test_a_process_without_a_version_that_is_needed_says_which_and_does_not_start(
    lab: Lab, lost: KeyPurpose
) -> None:
    await lab.send([told(n) for n in range(3)], topic=HOTLINE)
    await lab.settle_all(3)
    assert (await run(lab.settings, "keys", "status")).exit_code == 0
    file = ring_file(lab.settings.key_file)
    file.draw(lost, 2)
    file.settle(lost, 2, {})
    file.drop(lost, [1])
    ended = await run(lab.settings, "run", "assess", ANWANG_HTTP_PORT="off")
    assert ended.exit_code == 1
    assert f"the {lost} key, version 1" in ended.err
    assert ended.err.count("\n") == 2  # that it began, and why it ended


async def test_nobody_writes_under_a_version_that_was_retired_meanwhile(lab: Lab) -> None:
    await lab.send([told(n) for n in range(3)], topic=HOTLINE)
    await lab.settle_all(3)
    for which in ("case", "index", "wrapping"):
        assert (await run(lab.settings, "keys", "rotate", which)).exit_code == 0
    for pool, statement in (
        (lab.pool, "UPDATE report_version SET wrapped_key = '\\x00000001'::bytea || substr(wrapped_key, 5)"),
        (
            lab.pool,
            "INSERT INTO link_key (token, report_id, source, key_version) SELECT '', report_id, '', 1 FROM report",
        ),
        (lab.keys_pool, "INSERT INTO case_key SELECT gen_random_uuid(), purpose, 1, wrapped FROM case_key"),
    ):
        with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
            await pool.execute(statement)


async def test_an_older_release_s_values_open_after_the_migration(lab: Lab) -> None:
    """What it left had no version in front, and one proof for all keys."""
    await lab.send([told(n) for n in range(3)], topic=HOTLINE)
    await lab.send(GARBAGE[:1], topic=HOTLINE)
    await lab.settle_all(4)
    columns = [("report_version", c) for c in ("sealed", "sealed_story", "wrapped_key")]
    columns += [(t, c) for t in ("report_original", "unread_report") for c in ("sealed", "wrapped_key")]
    for table, column in columns:
        under = {row[0] for row in await lab.pool.fetch(f"SELECT substr({column}, 1, 4) FROM {table}")}  # noqa: S608 - tables of ours
        assert under == {b"\0\0\0\1"}
    await lab.pool.execute("INSERT INTO key_check (proof) VALUES ($1)", lab.ring.first_proof)
    assert (await run(lab.settings, "keys", "status")).exit_code == 0
    await lab.pool.execute("UPDATE key_version SET proof = NULL")
    await lab.pool.execute("UPDATE key_check SET proof = $1", bytes(32))
    refused = await run(lab.settings, "keys", "status")
    assert refused.exit_code == 1
    assert "is not the one that the database was sealed with" in refused.err
