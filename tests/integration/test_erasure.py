"""Erasure, against real servers: what opens no more, what goes on, what a crash leaves, what a restore brings back."""

import asyncio
import base64
import gzip
import json
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from crew import PLANTED, Ended, run
from lab import Lab, event, open_pools
from test_explain_live import ROOT, anwang
from test_rulings_live import FIRST, SECOND, book_of, hear, homes, reports_of, require_sound, say, told, waiting
from test_transfers_live import THERE, transfers_of, wish

from pipeline import wiring
from pipeline.adapters.erasure_list import ErasureList
from pipeline.adapters.postgres.database import Role, open_pool
from pipeline.adapters.postgres.erasures import Wish
from pipeline.adapters.postgres.keys import CaseKeys, KeyName, Purpose, slot_of
from pipeline.adapters.vault import Slot, unseal
from pipeline.contracts.case import ErasureReason, RulingKind
from pipeline.domain.erasure import ErasureRecord
from pipeline.errors import KeysRefusedError, RulingRefusedError
from pipeline.local.postgres_programs import find_binaries

VICTIM = {
    "role": "victim",
    "name": "蔡品睿",
    "national_id": "F252907845",
    "birth_date": "1990-02-01",
    "phones": ["0928713605"],
    "address": "臺北市文山區木柵路一段12號3樓",
}
LONG_AGO, JUST_NOW = "case-keys-20200101T000000Z.ndjson.gz", "case-keys-29990101T000000Z.ndjson.gz"
OLD_FILES = (LONG_AGO, JUST_NOW, "notes-20200101T000000Z.txt")
REASON = ErasureReason.ASKED_BY_PERSON
SEALED = (
    ("report_version", "sealed", "event_key"),
    ("report_version", "sealed_story", "event_key"),
    ("report_version", "wrapped_key", "event_key"),
    ("report_original", "sealed", "event_key"),
    ("report_original", "wrapped_key", "event_key"),
    ("decision", "sealed_inputs", "event_key"),
    ("unread_report", "sealed", "unread_id"),
    ("unread_report", "wrapped_key", "unread_id"),
)


def telling(number: int, source: str = "hotline-113", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """The same woman, each time."""
    reporter = {"role": "education", "name": "金絲雀"}
    return event(number, source=source, persons=[VICTIM], reporter=reporter, narrative="金絲雀說她住在木柵路", **more)


async def proposed(lab: Lab, name: str) -> UUID:
    erasure = Wish(uuid4(), REASON, FIRST)
    async with wiring.erasing(lab.settings) as erasures:
        assert await erasures.propose(name, erasure)
        assert await erasures.propose(name, erasure) is None, "said again it counts once"
    return erasure.erasure_id


async def erase(lab: Lab, name: str) -> ErasureRecord:
    erasure_id = await proposed(lab, name)
    async with wiring.erasing(lab.settings) as erasures:
        return await erasures.approve(erasure_id, SECOND)


async def outcomes(lab: Lab) -> list[str]:
    rows = await lab.pool.fetch("SELECT outcome FROM inbox ORDER BY settled_at, kafka_offset")
    return [row["outcome"] for row in rows]


async def case_of(lab: Lab, number: int) -> UUID:
    (found,) = await homes(lab, *await reports_of(lab, number))
    return found


# --- what is erased, and what goes on


async def test_an_erased_case_opens_nowhere_and_everything_else_goes_on(lab: Lab) -> None:
    await hear(lab, telling(1), telling(2, "clinic-0001"), event(3))
    record = await erase(lab, "event-1")
    assert await lab.keys_pool.fetchval("SELECT count(*) FROM case_key WHERE owner_id = ANY($1)", record.owners) == 0
    assert await lab.pool.fetchval("SELECT count(*) FROM link_key WHERE report_id = ANY($1)", record.reports) == 0
    assert await lab.count("link_edge") == 0
    await require_sound(lab)
    assert str(record.case_id) not in {case for case, _, _ in await waiting(lab)}
    ended = await anwang(lab, "explain", "event-1")
    assert (ended.exit_code, "was erased" in ended.err) == (1, True)
    assert (await anwang(lab, "ledger")).exit_code == 0


async def test_a_redelivery_repeats_its_decision_and_what_is_new_becomes_a_new_case(lab: Lab) -> None:
    await hear(lab, telling(1), telling(2, "clinic-0001"), event(3))
    record = await erase(lab, "event-1")
    again = telling(2, "clinic-0001", report_no="clinic-0001-2", indicators=["confinement"])
    await hear(lab, telling(1), telling(2, "clinic-0001"))
    assert (await outcomes(lab))[3:] == ["redelivery", "redelivery"]
    await hear(lab, again | {"id": "event-4"}, telling(1, indicators=["confinement"]), telling(5))
    assert (await outcomes(lab))[5:] == ["case", "duplicate", "duplicate"]
    await hear(lab, telling(1), telling(1, indicators=["confinement"]))
    assert (await outcomes(lab))[8:] == ["redelivery", "redelivery"]
    assert await lab.pool.fetchval("SELECT count(*) FROM unread_report") == 0
    assert await case_of(lab, 5) != record.case_id
    await require_sound(lab)
    decided = await anwang(lab, "decide", "again", "event-5")
    assert decided.exit_code == 0, "another content under an erased id is decided as it was"
    assert "cannot be made" not in decided.out


async def test_a_sealed_row_whose_key_is_lost_stops_no_worker_and_drops_no_report(lab: Lab) -> None:
    await hear(lab, telling(1), event(3))
    await lab.keys_pool.execute("DELETE FROM case_key WHERE owner_id = $1", await case_of(lab, 1))
    await hear(lab, telling(1), telling(1), telling(1, indicators=["confinement"]), telling(2))
    assert "dead_letter" not in await outcomes(lab)
    assert (await outcomes(lab))[2:4] == ["case", "redelivery"], "what cannot be compared is not passed over"
    await require_sound(lab)


async def test_what_is_erased_is_given_to_no_process_that_kept_its_key(lab: Lab) -> None:
    await hear(lab, telling(1))
    case_id = await case_of(lab, 1)
    name = KeyName(case_id, Purpose.REPORT)
    erasure_id = await proposed(lab, "event-1")
    async with wiring.links(lab.settings, "desk", Role.DESK) as desk, wiring.erasing(lab.settings) as erasures:
        keys, reports = CaseKeys(lab.pools.keys, lab.ring), await reports_of(lab, 1)
        assert await keys.fetch([name])
        assert await desk.casebook.case_of(reports)
        assert await desk.receipts.of_case(case_id)
        approved = asyncio.create_task(erasures.approve(erasure_id, SECOND))
        opened_at = began = time.monotonic()
        while await keys.fetch([name]) or await desk.receipts.of_case(case_id):
            opened_at = time.monotonic()
        await approved
        took_s = time.monotonic() - began
        assert await keys.fetch([name]) == {}
        assert await desk.casebook.case_of(reports) is None
        assert await desk.receipts.of_case(case_id) is None
    print(f"opened until {opened_at - began:.3f} s after approval, which took {took_s:.3f} s")  # noqa: T201
    assert took_s < 1.0


async def test_reports_that_arrive_while_a_case_is_erased_are_all_settled(lab: Lab) -> None:
    await hear(lab, telling(0), event(50))
    erasure_id = await proposed(lab, "event-0")
    events = [telling(n, ("hotline-113", "clinic-0001")[n % 2]) for n in range(1, 25)]

    async def approve() -> None:
        async with wiring.erasing(lab.settings) as erasures:
            await lab.inbox_holds(6)
            await erasures.approve(erasure_id, SECOND)

    await asyncio.gather(hear(lab, *events[:12]), approve())
    await hear(lab, *events[12:])
    assert set(await outcomes(lab)) <= {"case", "duplicate"}
    await require_sound(lab)
    state = "SELECT state FROM report_version JOIN report USING (report_id) JOIN incident USING (incident_id)"
    states = await lab.pool.fetch(f"{state} JOIN case_file USING (case_id) WHERE event_id = 'event-24'")
    assert [row["state"] for row in states] == ["waiting"]


# --- who may, and when not


async def test_two_people_erase_and_nothing_is_erased_over_what_waits(lab: Lab) -> None:
    await hear(lab, telling(1, categories=["vulnerable_family"]), event(2), event(3))
    await say(lab, RulingKind.MERGE, *await reports_of(lab, 2, 3))
    merged = str(await lab.pool.fetchval("SELECT case_id FROM case_file WHERE state = 'merged'"))
    await transfers_of(lab).propose("event-1", wish(THERE))
    async with wiring.erasing(lab.settings) as erasures:

        async def refusal(name: str, by: str = FIRST) -> str:
            with pytest.raises(RulingRefusedError) as told_:
                await erasures.propose(name, Wish(uuid4(), REASON, by))
            return told_.value.code

        assert await refusal("event-1") == "transfer_waits"
        assert await refusal(merged) == "case_merged"
        assert await refusal("event-9") == "unknown"
        assert await refusal("event-2", "Wang") == "not_a_staff_code"
        mine = Wish(uuid4(), REASON, FIRST)
        await erasures.propose("event-2", mine)
        assert await refusal("event-3") == "already_proposed"
        with pytest.raises(RulingRefusedError, match="a second person does"):
            await erasures.approve(mine.erasure_id, FIRST.lower())
        assert await erasures.refuse(mine.erasure_id, SECOND)
        assert not await erasures.refuse(mine.erasure_id, SECOND)
        with pytest.raises(RulingRefusedError, match="answered before"):
            await erasures.approve(mine.erasure_id, SECOND)
    assert await lab.keys_pool.fetchval("SELECT count(*) FROM erased_owner") == 0
    kinds = await lab.pool.fetch("SELECT kind, actor FROM access_event WHERE kind LIKE 'erasure%' ORDER BY number")
    assert [tuple(row) for row in kinds] == [("erasure_proposed", FIRST), ("erasure_refused", SECOND)]


async def test_with_a_case_go_the_keys_of_those_that_went_up_in_it_and_of_no_other(lab: Lab) -> None:
    await hear(lab, told(1), told(2), told(3))
    one, two, three = await reports_of(lab, 1, 2, 3)
    before = await homes(lab, one, two, three)
    await say(lab, RulingKind.MERGE, one, two)
    record = await erase(lab, "event-2")
    assert set(before[:2]) <= set(record.owners)
    owners = {row["owner_id"] for row in await lab.keys_pool.fetch("SELECT owner_id FROM case_key")}
    assert owners == {before[2]}
    await require_sound(lab)
    assert (await book_of(lab).named("event-3")).reports == (three,)


async def test_people_erase_by_command(lab: Lab) -> None:
    await hear(lab, telling(1), event(2))
    ended = await anwang(lab, "case", "erase", "propose", "event-1", "--reason", "ordered_by_court", "--by", FIRST)
    erasure_id = said(ended).split()[1]
    assert "1 erasures wait" in said(await anwang(lab, "case", "erase", "list"))
    refused = await anwang(lab, "case", "erase", "approve", erasure_id, "--by", FIRST)
    assert (refused.exit_code, "a second person" in refused.err) == (1, True)
    assert "erased (1 reports): ordered_by_court" in said(
        await anwang(lab, "case", "erase", "approve", erasure_id, "--by", SECOND)
    )
    assert "0 erasures wait" in said(await anwang(lab, "case", "erase", "list"))
    assert "nothing was left" in said(await anwang(lab, "case", "erase", "resume"))
    assert lab.settings.erasure_list.stat().st_mode & 0o777 == 0o600


def said(ended: Ended) -> str:
    assert ended.exit_code == 0, ended.err
    return ended.out


# --- crashes


@pytest.mark.parametrize(
    "killed_at",
    ["before begin", "after begin", "before destroy", "after destroy", "at add", "before done", "after done"],
)
async def test_an_erasure_that_is_killed_anywhere_is_finished(lab: Lab, killed_at: str) -> None:
    await hear(lab, telling(1), event(2))
    erasure_id = await proposed(lab, "event-1")
    ended = await run(
        lab.settings,
        *("case", "erase", "approve", str(erasure_id), "--by", SECOND),
        PYTHONPATH=f"{PLANTED / 'erasing'}:{ROOT}",
        KILLED_AT=killed_at,
    )
    assert ended.exit_code == -9
    await hear(lab, telling(1))
    if killed_at == "before begin":
        assert (await outcomes(lab))[-1] == "redelivery"
        said(await anwang(lab, "case", "erase", "approve", str(erasure_id), "--by", SECOND))
    else:
        assert (await outcomes(lab))[-1] == "redelivery"
        said(await anwang(lab, "case", "erase", "resume"))
    said(await anwang(lab, "case", "erase", "approve", str(erasure_id), "--by", SECOND))
    assert len(ErasureList(lab.settings.erasure_list).read()) == 1
    assert await lab.pool.fetchval("SELECT count(*) FROM erasure WHERE state = 'done'") == 1
    assert await lab.pool.fetchval("SELECT count(*) FROM access_event WHERE kind = 'erased'") == 1
    assert await lab.pool.fetchval("SELECT count(*) FROM case_event WHERE kind = 'case.erased.v1'") == 1
    assert await lab.keys_pool.fetchval("SELECT count(DISTINCT owner_id) FROM case_key") == 1
    await require_sound(lab)


# --- backups


async def rows_of(lab: Lab) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that holds something sealed."""
    tables = {table for table, _, _ in SEALED}
    return {t: [dict(r) for r in await lab.pool.fetch(f"SELECT * FROM {t}")] for t in tables}  # noqa: S608 - ours


async def openable(lab: Lab, rows: dict[str, list[dict[str, Any]]]) -> set[UUID]:
    """The rows of which anything opens with any key that can be had: whatever lies in the keys database and, from
    there on, whatever opens with what opened.
    """
    known = await lab.keys_pool.fetch("SELECT owner_id, purpose, generation, wrapped FROM case_key")
    slots = [slot_of(KeyName(UUID(str(r["owner_id"])), Purpose(r["purpose"])), r["generation"]) for r in known]
    keys = await lab.ring.wrapping.unwrap([(r["wrapped"], slot) for r, slot in zip(known, slots, strict=True)])
    opened: dict[tuple[str, str, UUID], bytes] = {}
    for _ in range(2):
        keys += [plain for plain in opened.values() if len(plain) == 32 and plain not in keys]
        for table, column, row_id, value in _sealed(rows):
            for key in keys:
                try:
                    opened[table, column, row_id] = unseal(key, value, Slot(table, column, row_id))
                except KeysRefusedError:
                    continue
    return {row_id for _, _, row_id in opened}


def _sealed(rows: dict[str, list[dict[str, Any]]]) -> Iterator[tuple[str, str, UUID, bytes]]:
    for table, column, name in SEALED:
        yield from ((table, column, UUID(str(r[name])), r[column]) for r in rows[table] if r[column] is not None)


async def dumped(dsn: str) -> str:
    pg_dump = str(find_binaries(18) / "pg_dump")
    process = await asyncio.create_subprocess_exec(pg_dump, dsn, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


async def test_of_an_erased_household_nothing_opens_in_dumps_from_before_and_after(lab: Lab) -> None:
    await hear(lab, telling(1), telling(2, "clinic-0001"), event(3), event(4))
    before = await rows_of(lab)
    erased = {
        UUID(str(r["event_key"]))
        for r in await lab.pool.fetch("SELECT event_key FROM report_version WHERE event_id IN ('event-1', 'event-2')")
    }
    assert erased <= await openable(lab, before)
    await erase(lab, "event-1")
    await hear(lab, event(5))
    for rows in (before, await rows_of(lab)):
        there = await openable(lab, rows)
        assert not erased & there
        assert len(there) >= 2


async def test_a_dump_of_the_data_holds_no_keys_and_no_names(lab: Lab) -> None:
    await hear(lab, telling(1), event(3))
    data, keys = await dumped(lab.settings.postgres_dsn), await dumped(lab.settings.keys_dsn)
    wrapped = [row["wrapped"].hex() for row in await lab.keys_pool.fetch("SELECT wrapped FROM case_key")]
    assert wrapped
    assert all(key in keys for key in wrapped)
    kept = [base64.b64decode(text).hex() for text in re.findall(r'"([\w+/]{43}=)"', lab.settings.key_file.read_text())]
    assert len(kept) >= 3
    assert not [key for key in (*wrapped, *kept) if key in data]
    assert not [word for word in (VICTIM["name"], VICTIM["national_id"], "金絲雀") if str(word) in data + keys]


async def copied(lab: Lab, *copies: tuple[str, str]) -> None:
    """Whole databases, (original, copy), as a backup would be; nobody is connected meanwhile."""
    for pool in (lab.pool, lab.keys_pool, lab.pools.keys, *lab.pools.on_data):
        pool.terminate()
    main, name = lab.settings.postgres_dsn, lab.settings.postgres_dsn.partition("?")[0].rpartition("/")[2]
    admin = await asyncpg.connect(main.replace(f"/{name}?", "/postgres?", 1))
    try:
        for original, copy in copies:
            await admin.execute(f"DROP DATABASE IF EXISTS {copy} WITH (FORCE)")
            await admin.execute(f"CREATE DATABASE {copy} TEMPLATE {original}")
    finally:
        await admin.close()
    lab.pools = await open_pools(lab.settings, lab.stack)
    lab.pool, lab.keys_pool = [
        await open_pool(dsn, name="lab", role=None) for dsn in (lab.settings.postgres_dsn, lab.settings.keys_dsn)
    ]
    for pool in (lab.pool, lab.keys_pool):
        lab.stack.callback(pool.terminate)


async def restored(lab: Lab, *names: str) -> None:
    await copied(lab, *((f"{name}_backup", name) for name in names))


async def test_a_restore_of_both_databases_opens_nothing_until_the_list_is_applied(lab: Lab) -> None:
    await hear(lab, telling(1), telling(2, "clinic-0001"), event(3))
    before, names = await rows_of(lab), await database_names(lab)
    erased = set(await reports_of(lab, 1, 2))
    await back_up(lab, names)
    record = await erase(lab, "event-1")
    await restored(lab, *names)
    assert await lab.keys_pool.fetchval("SELECT count(*) FROM case_key WHERE owner_id = $1", record.case_id) == 2
    for argv in (("run", "assess"), ("run", "relay"), ("run", "auditor"), ("run", "desk"), ("explain", "event-1")):
        ended = await run(lab.settings, *argv, PYTHONPATH=str(ROOT), ANWANG_DESK_LOCAL_ACCOUNTS="true")
        assert (ended.exit_code, "anwang case erase apply-list" in ended.err) == (1, True), (argv, ended.err)
    assert f"case {record.case_id} erased" in said(await anwang(lab, "case", "erase", "apply-list"))
    said(await anwang(lab, "case", "erase", "apply-list"))
    assert "was erased" in (await anwang(lab, "explain", "event-1")).err
    said(await anwang(lab, "explain", "event-3"))
    keys = await openable(lab, before)
    assert keys
    assert not {UUID(str(r["event_key"])) for r in before["report_version"] if r["report_id"] in erased} & keys
    await hear(lab, telling(1), telling(6))
    assert (await outcomes(lab))[-2:] == ["redelivery", "case"]


@pytest.mark.parametrize("which", ["data", "keys"])
async def test_a_restore_of_one_database_is_noticed_too_and_without_the_list(lab: Lab, which: str) -> None:
    await hear(lab, telling(1), event(3))
    names = await database_names(lab)
    await back_up(lab, names)
    record = await erase(lab, "event-1")
    lab.settings.erasure_list.unlink()
    await restored(lab, names[("data", "keys").index(which)])
    with pytest.raises(KeysRefusedError, match=f"the {which} database does not know 1 erasures"):
        async with wiring.links(lab.settings):
            pass
    said(await anwang(lab, "case", "erase", "apply-list"))
    assert set(ErasureList(lab.settings.erasure_list).read()) == {record.erasure_id}, "the list is made whole again"
    assert await lab.keys_pool.fetchval("SELECT count(*) FROM case_key WHERE owner_id = $1", record.case_id) == 0
    async with wiring.links(lab.settings) as found:
        assert await found.casebook.case_of(record.reports) is None


async def test_what_kafka_brings_back_of_an_erased_case_never_opens_and_is_erased_again(lab: Lab) -> None:
    await hear(lab, event(3))
    names = await database_names(lab)
    await back_up(lab, names)
    await hear(lab, telling(1), telling(2, "clinic-0001"))
    record = await erase(lab, "event-1")
    await restored(lab, names[0])
    said(await anwang(lab, "case", "erase", "apply-list"))
    await lab.settle_all(3)
    assert await lab.keys_pool.fetchval("SELECT count(*) FROM case_key WHERE owner_id = ANY($1)", record.owners) == 0
    erased = {e.event_key for e in record.events}
    assert not erased & await openable(lab, await rows_of(lab))
    with pytest.raises(KeysRefusedError, match="erased cases are there again"):
        async with wiring.links(lab.settings):
            pass
    said(await anwang(lab, "case", "erase", "apply-list"))
    await hear(lab, telling(7), telling(1))
    assert (await outcomes(lab))[-2:] == ["case", "redelivery"]
    await require_sound(lab)


async def database_names(lab: Lab) -> Sequence[str]:
    return [str(await pool.fetchval("SELECT current_database()")) for pool in (lab.pool, lab.keys_pool)]


async def back_up(lab: Lab, names: Sequence[str]) -> None:
    await copied(lab, *((name, f"{name}_backup") for name in names))


# --- the law's time


async def closed(lab: Lab, number: int, at: str) -> UUID:
    """A case to which nothing has happened since; a case's history cannot be back-dated otherwise."""
    case_id = await case_of(lab, number)
    await lab.pool.execute("UPDATE case_file SET state = 'closed' WHERE case_id = $1", case_id)
    async with lab.pool.acquire() as db, db.transaction():
        await db.execute("SET LOCAL session_replication_role = replica")
        put_back = "UPDATE case_event SET recorded_at = $2::text::timestamptz WHERE case_id = $1"
        await db.execute(put_back, case_id, at)
    return case_id


async def test_what_the_law_no_longer_lets_us_keep_is_proposed_to_two(lab: Lab) -> None:
    child = {"role": "victim", "name": "林小魚", "birth_date": "2010-05-05"}
    unborn = {"role": "victim", "name": "周玉蘭"}
    await hear(
        lab,
        telling(1),
        event(2, persons=[child]),
        event(3, persons=[unborn]),
        event(4, persons=[child | {"name": "洪阿金", "birth_date": "1950-01-01"}]),
    )
    adult = await closed(lab, 1, "2018-03-02 15:59:59+00")
    minor, unknown = [await closed(lab, n, "2018-03-02 15:59:59+00") for n in (2, 3)]

    async def due(day: str) -> set[UUID]:
        out = said(await anwang(lab, "case", "erase", "due", "--on", day, "--json"))
        return {UUID(json.loads(line)["case_id"]) for line in out.splitlines()}

    assert await due("2025-03-02") == set()
    assert await due("2025-03-03") == {adult}
    assert await due("2035-05-05") == {adult}
    assert await due("2035-05-06") == {adult, minor}
    assert await due("2043-03-02") == {adult, minor}
    assert await due("2043-03-03") == {adult, minor, unknown}
    for name in ("event-2", "event-4"):
        early = await anwang(lab, "case", "erase", "propose", name, "--reason", "term_over", "--by", FIRST)
        assert (early.exit_code, "has not passed" in early.err) == (1, True)
    ahead = await anwang(lab, "case", "erase", "due", "--on", "2999-01-01", "--propose-by", FIRST)
    assert (ahead.exit_code, "a day to come" in ahead.err) == (1, True)
    line = said(await anwang(lab, "case", "erase", "due", "--propose-by", FIRST)).splitlines()[0]
    assert f"case {adult}: since 2025-03-03" in line
    said(await anwang(lab, "case", "erase", "approve", line.split("erasure ")[1].split()[0], "--by", SECOND))
    assert await lab.pool.fetchval("SELECT state FROM case_file WHERE case_id = $1", adult) == "erased"
    reads = await lab.pool.fetch("SELECT body FROM access_event WHERE kind = 'read'")
    assert {row["body"]["what"] for row in reads} == {"births"}
    assert await due("2043-03-03") == {minor, unknown}


async def test_backups_of_keys_bring_back_no_key_of_what_was_erased(lab: Lab, tmp_path: Path) -> None:
    await hear(lab, telling(1), event(3))
    folder = tmp_path / "away"
    folder.mkdir()
    old, fresh, other = (folder / name for name in OLD_FILES)
    for path in (old, fresh, other):
        path.touch()
    told = said(await anwang(lab, "keys", "backup", "--to", str(folder)))
    assert f"removed {old}" in told
    assert {fresh, other} <= set(folder.iterdir())
    (backup,) = set(folder.iterdir()) - {fresh, other}
    assert backup.stat().st_mode & 0o777 == 0o600
    whole = gzip.decompress(backup.read_bytes())
    wrapped = [row["wrapped"] for row in await lab.keys_pool.fetch("SELECT wrapped FROM case_key")]
    assert all(key.hex().encode() in whole for key in wrapped)
    record = await erase(lab, "event-1")
    kept = "SELECT owner_id, purpose, generation, key_version, wrapped FROM case_key ORDER BY 1, 2"
    before = await lab.keys_pool.fetch(kept)
    for table in ("case_key", "wrapping_version", "erased_owner", "erasure_record"):
        async with lab.keys_pool.acquire() as db, db.transaction():
            await db.execute("SET LOCAL session_replication_role = replica")
            await db.execute(f"DELETE FROM {table}")  # noqa: S608 - ours
    assert "1 erasures applied" in said(await anwang(lab, "keys", "restore", str(backup)))
    assert await lab.keys_pool.fetch(kept) == before
    assert record.case_id not in {row["owner_id"] for row in before}
    said(await anwang(lab, "explain", "event-3"))
    assert "was erased" in (await anwang(lab, "explain", "event-1")).err
    for bad in (backup.read_bytes()[:-40], gzip.compress(b"".join(whole.splitlines(keepends=True)[:-1]))):
        broken = tmp_path / "broken.ndjson.gz"
        broken.write_bytes(bad)
        refused = await anwang(lab, "keys", "restore", str(broken))
        assert (refused.exit_code, "no whole backup" in refused.err) == (1, True)
    exports = await lab.pool.fetch("SELECT body FROM access_event WHERE kind = 'export'")
    assert [row["body"]["keys"] for row in exports] == [len(wrapped)]


async def test_of_reports_that_were_split_off_the_command_says_which_key_opens_older_backups(lab: Lab) -> None:
    await hear(lab, telling(1), telling(2, "clinic-0001"), event(3))
    one, two = await reports_of(lab, 1, 2)
    before = await rows_of(lab)
    erased = {UUID(str(r["event_key"])) for r in before["report_version"] if r["report_id"] == two}
    await say(lab, RulingKind.SPLIT, two)
    first, second = await homes(lab, one, two)
    erasure_id = await proposed(lab, str(second))
    told = said(await anwang(lab, "case", "erase", "approve", str(erasure_id), "--by", SECOND))
    assert f"lay in case {first} before" in told
    assert not erased & await openable(lab, await rows_of(lab))
    assert erased <= await openable(lab, before), "the key of the case that it left"
    said(await anwang(lab, "keys", "rotate", "case"))
    said(await anwang(lab, "keys", "prune", "--days", "0"))
    assert not erased & await openable(lab, before)
    said(await anwang(lab, "explain", str(first)))


async def test_an_erasure_that_was_broken_off_rings_until_it_is_finished(lab: Lab) -> None:
    await hear(lab, telling(1))
    erasure_id = await proposed(lab, "event-1")
    await run(
        lab.settings,
        *("case", "erase", "approve", str(erasure_id), "--by", SECOND),
        PYTHONPATH=f"{PLANTED / 'erasing'}:{ROOT}",
        KILLED_AT="before destroy",
    )
    ringing = "SELECT code FROM alarm WHERE settled_at IS NULL"
    async with lab.auditor() as auditor:
        await auditor.turn()
        assert await lab.pool.fetch(ringing) == []
        await lab.pool.execute("UPDATE erasure SET answered_at = answered_at - interval '61 s'")
        assert (await auditor.turn()).balances
        assert [row["code"] for row in await lab.pool.fetch(ringing)] == ["erasure_unfinished"]
        said(await anwang(lab, "case", "erase", "resume"))
        await auditor.turn()
        assert await lab.pool.fetch(ringing) == []
