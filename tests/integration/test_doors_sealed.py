"""What came through the doors is legible nowhere but on the intake topics."""

import asyncio
import json
from http import HTTPStatus
from typing import Any

from crew import WORKERS_AND_RELAY, all_published, eventually, server_process, servers_root
from doors import BATCH, CLINIC, REPORTS, STRUCTURED, Doors, enrolled, open_doors
from lab import Lab
from test_sealed import MARKS, SOUGHT, found_below, found_in, marked, national_ids, require_sealed_tables, said
from test_site_form import hidden

from pipeline.adapters.credentials import Purpose
from pipeline.contracts.vocabulary import ReporterRole
from pipeline.domain.directory import Source
from pipeline.local.servers import Servers

SHOP = Source("shop-9003", "safety-site", ReporterRole.SAFETY_SITE, "臺北市", "測試商店")
ORDINARY = range(100, 140)
COMMANDS = (("source", "list"), ("source", "list", "--json"), ("ledger", "--json"), ("unread",))


def of_the_clinic(number: int) -> dict[str, Any]:
    told = marked(number, national_ids())
    return {**told, "source": f"/sources/{CLINIC.code}"}


async def refused(doors: Doors) -> None:
    """All that may be wrong with a request, with a mark in every place."""
    name, national_id = MARKS["name"], MARKS["national id"]
    good = of_the_clinic(1)
    wrong: list[dict[str, Any]] = [
        {**good, "source": f"/sources/{name}"},
        {**good, "type": name},
        {**good, "data": {name: name}},
        {**good, "data": name},
        {"id": name, name: national_id},
    ]
    async with doors.client() as client, doors.client(f"{national_id}") as stranger:
        answers = [
            *[await client.post(REPORTS, json=one, headers=STRUCTURED) for one in wrong],
            await client.post(REPORTS, content=json.dumps(wrong, ensure_ascii=False), headers=BATCH),
            await client.post(REPORTS, content=f"{{{name}".encode(), headers=STRUCTURED),
            await client.post(REPORTS, json=good, headers={"content-type": f"text/{national_id}"}),
            await client.get(f"/v1/receipts/{name}"),
            await client.get(f"/{name}?{national_id}"),
            await client.get(f"/form/{national_id}"),
            await client.post("/v1/credentials", json={"code": name}),
            await stranger.post(REPORTS, json=good, headers=STRUCTURED),
        ]
    assert all(HTTPStatus.BAD_REQUEST <= a.status_code < HTTPStatus.INTERNAL_SERVER_ERROR for a in answers)
    assert found_in(b"".join(a.content + str(a.headers).encode() for a in answers), SOUGHT) == set()


async def test_nothing_personal_of_what_came_through_the_doors_is_legible(lab: Lab, servers: Servers) -> None:
    root, spool = await servers_root(servers), lab.settings.data_dir / "spool"
    key = await enrolled(lab, SHOP, Purpose.FORM)
    more = {"ANWANG_LOG_LEVEL": "debug", "ANWANG_SPOOL_DIR": str(spool)}
    async with open_doors(lab, {**WORKERS_AND_RELAY, "auditor": "auditor"}, **more) as doors, doors.client() as client:
        await refused(doors)
        kafka = server_process(root, "kafka")
        kafka.suspend()
        try:
            waiting = [
                asyncio.create_task(client.post(REPORTS, json=of_the_clinic(n), headers=STRUCTURED)) for n in ORDINARY
            ]
            assert {(await task).status_code for task in waiting} == {HTTPStatus.ACCEPTED}
            doors.crew.process("intake").kill()
            lying = b"".join(f.read_bytes() for f in spool.iterdir())
        finally:
            kafka.resume()
        assert len(lying) > 10_000
        assert found_in(lying, SOUGHT) == set()
        await eventually(lambda: doors.crew.is_ready("intake"), 20, "the intake's return")
        page = (await client.get(f"/form/{key}")).text
        told = {name: hidden(page, name) for name in ("submission", "opened_at")}
        told |= {
            "sights": "elder",
            "where": "here",
            "narrative": MARKS["narrative"],
            "reporter_name": MARKS["reporter"],
        }
        assert (await client.post(f"/form/{key}", data=told)).status_code == HTTPStatus.OK

        async def settled() -> bool:
            return await lab.count("report_version") == len(ORDINARY) + 1

        await eventually(settled, 60, "settling")
        await eventually(lambda: all_published(lab), 30, "publishing")
        printed = [await said(lab, *words) for words in COMMANDS]
        printed += [(await doors.crew.ask("intake", path))[1].encode() for path in ("/metrics", "/readyz")]
    files = b"".join(path.read_bytes() for path in lab.settings.data_dir.rglob("*") if path.is_file())
    assert b'"process":"intake"' in files
    assert found_in(b"".join([files, *printed]), SOUGHT) == set()
    await require_sealed_tables(lab)
    await lab.pool.execute("CHECKPOINT")
    assert found_below(root / "postgres", SOUGHT) == {}
    assert found_below(root / "log", SOUGHT) == {}
    assert found_below(root / "kafka" / "data", SOUGHT, but="intake.") == {}
