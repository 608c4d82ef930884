"""Nothing personal is legible in Postgres' files, on outgoing topics, in logs, in metrics or in what commands print."""

import base64
import json
import re
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from crew import (
    HOTLINE,
    WORKERS_AND_RELAY,
    Crew,
    all_published,
    all_settled,
    crew_of,
    eventually,
    run,
    send_together,
    servers_root,
    settled,
)
from lab import Lab, event
from seeking import forms, found_below, found_in

from pipeline.domain.normalise.identity import read_national_id
from pipeline.local.servers import Servers

WORDS = "龘靐齾钄"
MARKS = {
    "name": f"{WORDS}名",
    "code name": "Zyxwvutsrq",
    "national id": "27182818",
    "phone": "3141592",
    "address": f"{WORDS}址",
    "narrative": f"{WORDS}敘",
    "reporter": f"{WORDS}報",
    "school": f"{WORDS}校",
    "instrument": f"{WORDS}表",
    "garbage": f"{WORDS}亂",
}
"""What every value of its kind holds."""

SOUGHT = {"words": WORDS, **{kind: MARKS[kind] for kind in ("code name", "national id", "phone")}}
"""One of these stands in every mark: where none of them stands, no mark does. Shorter ones come about by chance."""

assert all(any(text in mark for text in SOUGHT.values()) for mark in MARKS.values())

STAGES = {**WORKERS_AND_RELAY, "auditor": "auditor"}
REPORTS = 200


def national_ids() -> list[str]:
    candidates = (
        f"{letter}{MARKS['national id']}{check}" for letter in "ABCDEFGHJKLMNPQRSTUVXYWZIO" for check in range(10)
    )
    return [text for text in candidates if read_national_id(text)]


def marked(number: int, ids: list[str]) -> dict[str, Any]:
    """A report in which everything that is personal holds its mark."""
    person = {
        "name": f"{MARKS['name']}{chr(0x4E00 + number % 97)}",
        "code_name": f"{MARKS['code name']}{number}",
        "national_id": ids[number % len(ids)],
        "birth_date": f"19{60 + number % 40}-03-02",
        "phones": [f"09{MARKS['phone']}{number % 10}", f"02-{MARKS['phone']}{number % 10}"],
        "address": f"臺北市文山區{MARKS['address']}路一段{number}號",
        "school": f"{MARKS['school']}國小",
    }
    reporter = {"name": f"{MARKS['reporter']}{number}", "phone": person["phones"][0], "role": "neighbour"}
    told = event(
        number,
        persons=[{"role": "victim", **person}, {"role": "alleged_perpetrator", "name": f"{MARKS['name']}乙"}],
        narrative=f"{MARKS['narrative']}發生了{number}。" * (1 + number % 60),
        reporter=reporter,
        occurred_place=f"新北市板橋區{MARKS['address']}路{number}號",
        instruments={"tipvda": {"notes": MARKS["instrument"]}, MARKS["instrument"]: 1},
    )
    return {**told, **UNUSUAL[number](told)} if number in UNUSUAL else told


UNUSUAL = {
    10: lambda _: {"id": f"{MARKS['name']} {MARKS['national id']}"},
    11: lambda one: {"id": one["data"]["persons"][0]["national_id"]},
    12: lambda one: {"id": f"case-{one['data']['persons'][0]['phones'][0]}"},
    13: lambda _: {"source": f"/sources/{MARKS['name']}"},
    14: lambda _: {"source": "/sources/clinic-0001"},
    15: lambda one: {"data": {**one["data"], "report_no": MARKS["name"], "related_report_nos": [MARKS["reporter"]]}},
    16: lambda one: {"data": {**one["data"], MARKS["name"]: MARKS["narrative"], "categories": [MARKS["name"]]}},
    17: lambda one: {"data": {**one["data"], "indicators": [MARKS["name"], MARKS["national id"]]}},
    18: lambda one: {"data": {**one["data"], "crisis_flags": [MARKS["reporter"]], "channel": MARKS["name"]}},
    19: lambda one: {"data": {**one["data"], "report_type": MARKS["name"], "received_at": MARKS["national id"]}},
    20: lambda _: {"subject": MARKS["name"], "traceparent": MARKS["reporter"]},
    21: lambda one: {"id": "event-5", "data": {**one["data"], "report_no": "hotline-113-5"}},
    22: lambda _: {"type": MARKS["name"]},
    23: lambda one: {"data": {"narrative": MARKS["narrative"], "persons": one["data"]["persons"]}},
    24: lambda _: {"id": "talked-about"},
}
GARBAGE = [
    MARKS["garbage"].encode(),
    f'{{"id": "{MARKS["garbage"]}", "data": '.encode(),
    MARKS["garbage"].encode("utf-16"),
    f'{{"a": 1, "{MARKS["garbage"]}": NaN}}'.encode(),
]


def of_a_clinic(told: dict[str, Any]) -> dict[str, Any]:
    """The same happening, told by another."""
    return {**told, "source": "/sources/clinic-0001", "data": {**told["data"], "channel": "clinic"}}


async def test_nothing_personal_is_legible_after_a_run_with_all_that_may_go_wrong(lab: Lab, servers: Servers) -> None:
    root, ids = await servers_root(servers), national_ids()
    told = [marked(number, ids) for number in range(REPORTS)]
    printed: list[bytes] = []
    async with crew_of(lab, STAGES, planted="talkative", ANWANG_LOG_LEVEL="debug") as crew:
        await send_together(lab, told[:120], HOTLINE)
        await lab.send(GARBAGE, topic=HOTLINE)
        await send_together(lab, [of_a_clinic(one) for one in told[30:60]], "intake.clinic.v1")
        await eventually(lambda: all_settled(lab, 40), 30, "settling some")
        crew.process("assess-1").kill()
        crew.process("relay").kill()
        await send_together(lab, [*told[120:], *told[:10]], HOTLINE)
        await eventually(lambda: all_settled(lab, REPORTS + 40 + len(GARBAGE)), 90, "settling all")
        await eventually(lambda: all_published(lab), 30, "publishing all")
        await eventually(crew.all_ready, 30, "the crew's return")
        printed += [await said(lab, *words) for words in COMMANDS]
        printed += [body.encode() for body in [(await crew.ask(name, path))[1] for name in STAGES for path in PATHS]]
        require_that_it_went_wrong(crew, await settled(lab))
    logs = b"".join(path.read_bytes() for path in lab.settings.data_dir.rglob("*") if path.is_file())
    assert b'"event":"failed"' in logs
    assert b"anwang_" in b"".join(printed)
    assert found_in(b"".join([logs, *printed]), SOUGHT) == set()
    await require_sealed_tables(lab)
    await lab.pool.execute("CHECKPOINT")
    assert found_below(root / "postgres", SOUGHT) == {}
    assert found_below(root / "log", SOUGHT) == {}
    assert found_below(root / "kafka" / "data", SOUGHT, but="intake.") == {}


PATHS = ("/metrics", "/readyz", "/healthz", f"/{MARKS['national id']}")
COMMANDS = (("ledger",), ("ledger", "--json"), ("unread",), ("unread", "--json"), ("config", "show"))


async def said(lab: Lab, *words: str) -> bytes:
    ended = await run(lab.settings, *words)
    assert ended.exit_code == 0, ended
    return (ended.out + ended.err).encode()


def require_that_it_went_wrong(crew: Crew, became: dict[str, int]) -> None:
    assert crew.restarts("assess-1") + crew.restarts("assess-2") >= 3
    assert became.keys() >= {"case", "duplicate", "redelivery", "dead_letter", "quarantine"}, became
    assert became["quarantine"] == 3
    assert became["dead_letter"] == len(GARBAGE) + 2


SHOWN_BINARY = re.compile(rb"\\x((?:[0-9a-f]{2})+)")
"""How Postgres shows a binary column."""


async def require_sealed_tables(lab: Lab) -> None:
    """As text, since what Postgres compresses could be read by nobody in its files, and by anybody with a query."""
    names = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    for pool in (lab.pool, lab.keys_pool):
        for (table,) in await pool.fetch(names):
            rows = await pool.fetch(f"SELECT t::text FROM {table} t")  # noqa: S608 - a table of ours
            text = "\n".join(row[0] for row in rows).encode()
            assert found_in(text, SOUGHT) == set(), table
            binary = b" ".join(bytes.fromhex(shown.decode()) for shown in SHOWN_BINARY.findall(text))
            assert found_in(binary, SOUGHT) == set(), table


async def test_what_lies_open_would_be_found_in_the_files_of_both_servers(lab: Lab, servers: Servers) -> None:
    root = await servers_root(servers)
    leaks = {"name": "讋豅齽鼇", "phone": "1618033"}
    await lab.pool.execute("CREATE TABLE leak (words text, bytes bytea, document jsonb)")
    body = json.dumps({"told": leaks["name"]})
    await lab.pool.execute("INSERT INTO leak (words, bytes) VALUES ($1, $2)", leaks["phone"], leaks["name"].encode())
    await lab.pool.execute("INSERT INTO leak (document) VALUES ($1)", {"told": leaks["phone"]})
    await lab.pool.execute("CHECKPOINT")
    await lab.send([body.encode(), base64.b64encode(leaks["phone"].encode())], topic="case.events.v1")
    in_postgres = set(chain(*found_below(root / "postgres", leaks).values()))
    in_kafka = set(chain(*found_below(root / "kafka" / "data", leaks, but="intake.").values()))
    assert {("name", "utf-8"), ("phone", "utf-8")} <= in_postgres
    assert ("name", "json") in in_kafka
    assert ("phone", "base64 0") in in_kafka
    with pytest.raises(AssertionError, match="leak"):
        await require_leakless(lab, leaks)


async def require_leakless(lab: Lab, leaks: dict[str, str]) -> None:
    rows = await lab.pool.fetch("SELECT t::text FROM leak t")
    assert found_in("\n".join(row[0] for row in rows).encode(), leaks) == set(), "leak"


@pytest.mark.parametrize("mark", SOUGHT.values())
def test_a_mark_is_found_in_every_form_and_at_every_place(mark: str, tmp_path: Path) -> None:
    for form, needle in forms(mark).items():
        (tmp_path / "file").write_bytes(b"\x00before" + needle + b"after")
        assert found_below(tmp_path, {"it": mark})["file"], form
    for before in range(4):
        whole = base64.b64encode(b"x" * before + mark.encode() + b"yz")
        assert found_in(whole, {"it": mark}) == {("it", f"base64 {before % 3}")}
    assert found_in("nothing of the kind 陳小明".encode(), {"it": mark}) == set()
