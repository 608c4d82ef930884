"""The desk by HTTP, as its own process: who may, what it answers, and what it refuses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from crew import crew_of
from lab import Lab
from test_explain_live import ROOT, SECRETS, like
from test_rulings_live import FIRST, SECOND, hear, homes, reports_of, require_sound, told

from pipeline.adapters import staff
from pipeline.adapters.staff import Staff
from pipeline.errors import KeysRefusedError, RulingRefusedError
from pipeline.local.ports import LOOPBACK, remembered_ports


@asynccontextmanager
async def desk(lab: Lab) -> AsyncIterator[httpx.AsyncClient]:
    """As the first of two who may."""
    token = staff.add(lab.settings.staff_file, FIRST)
    port = remembered_ports(lab.settings.data_dir / "desk.json", ["desk"])["desk"]
    async with (
        crew_of(lab, {"desk": "desk"}, ANWANG_DESK_PORT=str(port), PYTHONPATH=str(ROOT)),
        httpx.AsyncClient(
            base_url=f"http://{LOOPBACK}:{port}", headers={"authorization": f"Bearer {token}"}, timeout=30
        ) as client,
    ):
        yield client


async def test_staff_ask_and_rule_and_nobody_else_does(lab: Lab) -> None:
    await hear(lab, like(1, "hotline-113"), like(2, "clinic-0001"))
    one, two = await reports_of(lab, 1, 2)
    second = staff.add(lab.settings.staff_file, SECOND)
    async with desk(lab) as client:
        answered = await client.get("/v1/links/event-1")
        assert answered.status_code == 200, answered.text
        assert answered.json()["others"][0]["report_id"] == str(two)
        assert not [secret for secret in SECRETS if secret in answered.text]
        assert (await client.get("/v1/reviews?limit=5")).json() == {"reviews": []}

        wanted = {"ruling_id": str(uuid4()), "kind": "split", "names": ["event-2"]}
        done = await client.post("/v1/rulings", json=wanted, headers={"second-authorization": f"Bearer {second}"})
        assert (done.status_code, len(done.json()["cases"])) == (201, 2)
        again = await client.post("/v1/rulings", json=wanted, headers={"second-authorization": f"Bearer {second}"})
        assert (again.status_code, again.json()["cases"]) == (200, [])
        rows = await lab.pool.fetch("SELECT ruled_by, seconded_by FROM ruling")
        assert [(r["ruled_by"], r["seconded_by"]) for r in rows] == [(FIRST, SECOND)]
        parted = await homes(lab, one, two)
        assert len(set(parted)) == 2
        merged = await client.post("/v1/rulings", json={"kind": "merge", "names": [str(c) for c in parted]})
        assert [UUID(a["case_id"]) for a in merged.json()["aliases"]] == parted[:1]

        for answered, status, code in (
            (await client.get("/v1/links/event-9"), 404, "unknown"),
            (
                await client.post("/v1/rulings", json={"kind": "merge", "names": ["event-1", "event-2"]}),
                409,
                "already_one",
            ),
            (await client.post("/v1/rulings", json={"kind": "join", "names": ["event-1"]}), 422, "parameter_wrong"),
            (
                await client.post("/v1/rulings", content=b"{", headers={"content-type": "application/json"}),
                400,
                "not_json",
            ),
            (await client.get("/v1/reviews?limit=0"), 422, "parameter_wrong"),
            (await client.get("/v1/links/event-1", headers={"authorization": "Bearer x"}), 401, "token_unknown"),
            (await client.get("/v1/links/event-1", headers={"authorization": ""}), 401, "token_missing"),
            (await client.delete("/v1/rulings"), 405, "method_not_allowed"),
            (await client.get("/v1/nothing"), 404, "not_found"),
        ):
            assert (answered.status_code, answered.json()["code"]) == (status, code)
            assert answered.headers["content-type"] == "application/problem+json"
            assert answered.headers["cache-control"] == "no-store"
    await require_sound(lab)


async def test_what_sinks_needs_the_second_persons_own_token(lab: Lab) -> None:
    await hear(lab, told(0, categories=["vulnerable_family"]), told(1, 0, crisis_flags=["life_threatened"]))
    wanted = {"kind": "split", "names": ["event-1"]}
    async with desk(lab) as client:
        own = client.headers["authorization"]
        for header, status, code in (
            ({}, 409, "needs_a_second"),
            ({"second-authorization": own}, 409, "second_is_first"),
            ({"second-authorization": f"Bearer {SECOND}"}, 401, "token_unknown"),
        ):
            refused = await client.post("/v1/rulings", json=wanted, headers=header)
            assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert await lab.count("ruling") == 0


def test_a_staff_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "staff.csv"
    token = staff.add(path, FIRST)
    book = Staff(path)
    book.look()
    assert book.find(token) == FIRST
    assert staff.remove(path, FIRST)
    assert not staff.remove(path, FIRST)
    book.look()
    assert book.find(token) is None
    with pytest.raises(RulingRefusedError):
        staff.add(path, "王小明")
    path.chmod(0o640)
    with pytest.raises(KeysRefusedError, match="0600"):
        Staff(path).look()
