"""The desk by HTTP, as its own process: who may, what it answers, and what it refuses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import httpx
from crew import crew_of
from lab import VICTIM, Lab, event
from staff import signed_in
from test_explain_live import ROOT, SECRETS, like
from test_rulings_live import COUNTIES, FIRST, SECOND, hear, homes, reports_of, require_sound, told

from pipeline.domain.posts import PostRole
from pipeline.local.ports import LOOPBACK, remembered_ports


@asynccontextmanager
async def desk(lab: Lab, **more: str) -> AsyncIterator[httpx.AsyncClient]:
    """As a supervisor of the whole country."""
    token = await signed_in(lab, FIRST, PostRole.SUPERVISOR)
    async with desk_for_nobody(lab, **more) as client:
        client.headers["authorization"] = f"Bearer {token}"
        yield client


@asynccontextmanager
async def desk_for_nobody(lab: Lab, **more: str) -> AsyncIterator[httpx.AsyncClient]:
    port = remembered_ports(lab.settings.data_dir / "desk.json", ["desk"])["desk"]
    settings = {"ANWANG_DESK_PORT": str(port), "ANWANG_DESK_LOCAL_ACCOUNTS": "true", "PYTHONPATH": str(ROOT), **more}
    async with (
        crew_of(lab, {"desk": "desk"}, **settings),
        httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", timeout=30) as client,
    ):
        yield client


def bearing(token: str, second: str | None = None) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"} | ({"second-authorization": f"Bearer {second}"} if second else {})


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()["code"]


async def test_staff_ask_and_rule_and_nobody_else_does(lab: Lab) -> None:
    await hear(lab, like(1, "hotline-113"), like(2, "clinic-0001"))
    one, two = await reports_of(lab, 1, 2)
    second = await signed_in(lab, SECOND, PostRole.SUPERVISOR)
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
        told_after = (await client.get("/v1/links/event-1")).json()
        assert FIRST in str(told_after)
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
            assert problem(answered) == (status, code)
    await require_sound(lab)


async def test_a_ruling_tells_of_no_case_that_is_another_centres_by_it(lab: Lab) -> None:
    reports = [told(n, persons=[VICTIM | {"address": f"{place}測試路9號"}]) for n, place in enumerate(COUNTIES[:2])]
    await hear(lab, *reports)
    one, two = await reports_of(lab, 0, 1)
    (joint,) = set(await homes(lab, one, two))
    ours = await lab.pool.fetchval("SELECT centre FROM case_file WHERE case_id = $1", joint)
    token, second = [await signed_in(lab, who, PostRole.SUPERVISOR, ours) for who in (FIRST, SECOND)]
    async with desk_for_nobody(lab) as client:
        wanted = {"kind": "split", "names": ["event-1"]}
        done = await client.post("/v1/rulings", json=wanted, headers=bearing(token, second))
    assert done.status_code == 201, done.text
    centres = {row["case_id"]: row["centre"] for row in await lab.pool.fetch("SELECT case_id, centre FROM case_file")}
    (seen,) = [case for case, centre in centres.items() if centre == ours]
    (away,) = centres.keys() - {seen}
    assert [case["case_id"] for case in done.json()["cases"]] == [str(seen)]
    assert str(away) not in done.text


async def test_what_sinks_needs_the_second_persons_own_session(lab: Lab) -> None:
    await hear(lab, told(0, categories=["vulnerable_family"]), told(1, 0, crisis_flags=["life_threatened"]))
    wanted = {"kind": "split", "names": ["event-1"]}
    blind = await signed_in(lab, "S77", PostRole.SUPERVISOR, "09007-protective")
    analyst = await signed_in(lab, "S78", PostRole.ANALYST)
    async with desk(lab) as client:
        own = client.headers["authorization"]
        for header, status, code in (
            ({}, 409, "needs_a_second"),
            ({"second-authorization": own}, 409, "second_is_first"),
            ({"second-authorization": f"Bearer {SECOND}"}, 401, "token_unknown"),
            ({"second-authorization": f"Bearer {blind}"}, 404, "unknown"),
            ({"second-authorization": f"Bearer {analyst}"}, 403, "not_your_work"),
        ):
            refused = await client.post("/v1/rulings", json=wanted, headers=header)
            assert problem(refused) == (status, code)
    assert await lab.count("ruling") == 0


async def case_at(lab: Lab, number: int) -> tuple[UUID, str]:
    (report,) = await reports_of(lab, number)
    (case,) = await homes(lab, report)
    return case, str(await lab.pool.fetchval("SELECT centre FROM case_file WHERE case_id = $1", case))


async def test_a_queue_shows_the_cases_of_the_post_the_gravest_first_and_page_by_page(lab: Lab) -> None:
    await hear(
        lab,
        told(0, categories=["vulnerable_family"]),
        told(1, crisis_flags=["life_threatened"]),
        told(2, categories=["vulnerable_family"]),
    )
    family, centre = await case_at(lab, 0)
    danger, _ = await case_at(lab, 1)
    worker = await signed_in(lab, "W1", PostRole.FAMILY_WORKER, centre)
    async with desk(lab) as client:
        everything = (await client.get("/v1/cases")).json()
        assert everything["next"] is None
        assert everything["cases"][0]["case_id"] == str(danger)
        shown = everything["cases"][0]
        assert (shown["queue"], shown["held_by"], shown["priority"]) == ("protective", None, "immediate")
        assert shown["next_deadline"]
        assert shown["reasons"][0]["zh"] != shown["reasons"][0]["code"]
        assert "測試" not in str(everything)

        pages, after = [], ""
        while True:
            page = (await client.get("/v1/cases", params={"limit": 1, **({"after": after} if after else {})})).json()
            pages += page["cases"]
            after = page["next"]
            if after is None:
                break
        assert pages == everything["cases"]

        mine = (await client.get("/v1/cases", headers=bearing(worker))).json()["cases"]
        assert {case["queue"] for case in mine} == {"family"}
        assert str(family) in {case["case_id"] for case in mine}
        only = (await client.get("/v1/cases?queue=family&priority=immediate")).json()["cases"]
        assert only == []
        one = (await client.get(f"/v1/cases/{danger}")).json()
        assert [len(incident["reports"]) for incident in one["incidents"]] == [1]
        assert one["incidents"][0]["clocks"]
        assert problem(await client.get(f"/v1/cases/{danger}", headers=bearing(worker))) == (404, "case_unknown")
        assert problem(await client.get(f"/v1/cases/{uuid4()}", headers=bearing(worker))) == (404, "case_unknown")
        assert problem(await client.get("/v1/cases?after=nonsense")) == (422, "parameter_wrong")
        assert problem(await client.get(f"/v1/links/{danger}", headers=bearing(worker))) == (404, "unknown")


async def test_a_case_is_held_by_one_until_it_is_given_back_or_leaves(lab: Lab) -> None:
    await hear(lab, told(0, categories=["vulnerable_family"]))
    case, centre = await case_at(lab, 0)
    one, two = [await signed_in(lab, code, PostRole.FAMILY_WORKER, centre) for code in ("W1", "W2")]
    lead = await signed_in(lab, "L1", PostRole.SUPERVISOR, centre)
    claim = f"/v1/cases/{case}/claim"
    async with desk(lab) as client:
        taken = (await client.post(claim, headers=bearing(one))).json()
        assert (taken["case_id"], taken["held_by"], taken["stage"]) == (str(case), "W1", "claimed")
        assert problem(await client.post(claim, headers=bearing(two))) == (409, "held_by_another")
        assert problem(await client.delete(claim, headers=bearing(two))) == (409, "held_by_another")
        assert (await client.get("/v1/cases?held=me", headers=bearing(one))).json()["cases"][0]["held_by"] == "W1"
        assert (await client.get("/v1/cases?held=me", headers=bearing(two))).json()["cases"] == []
        assert (await client.get("/v1/cases?held=nobody", headers=bearing(two))).json()["cases"] == []
        assert (await client.delete(claim, headers=bearing(lead))).json()["stage"] == "waiting"
        assert (await client.post(claim, headers=bearing(two))).status_code == 200
        await lab.pool.execute("UPDATE post SET ended_at = now() WHERE staff = 'W2'")
        assert (await client.post(claim, headers=bearing(one))).status_code == 200
        away = await signed_in(lab, "W9", PostRole.FAMILY_WORKER, "64000-family")
        assert problem(await client.post(claim, headers=bearing(away))) == (404, "case_unknown")


async def test_a_centre_reads_its_own_records_in_order_and_no_others(lab: Lab) -> None:
    await hear(lab, told(0, categories=["vulnerable_family"]), event(5, persons=_IN_KAOHSIUNG))
    _, here = await case_at(lab, 0)
    _, there = await case_at(lab, 5)
    assert here != there
    ours = await signed_in(lab, "SYS1", PostRole.DISPATCHER, here)
    whole = await signed_in(lab, "SYS2", PostRole.DISPATCHER, "*")
    async with desk(lab) as client:
        first = (await client.get("/v1/records", headers=bearing(ours))).json()
        assert [r["record"]["centre"] for r in first["records"]] == [here]
        assert (await client.get("/v1/records", headers=bearing(whole))).json() == {"records": [], "last": 0}
        assert problem(await client.get("/v1/records")) == (403, "not_your_work")
        await hear(lab, told(1, 0, categories=["vulnerable_family"]))
        more = (await client.get(f"/v1/records?after={first['last']}&wait_s=10", headers=bearing(ours))).json()
        assert [r["record"]["case_version"] for r in more["records"]] == [2]
        assert more["last"] > first["last"]
        nothing = await client.get(f"/v1/records?after={more['last']}&wait_s=0.6", headers=bearing(ours))
        assert nothing.json() == {"records": [], "last": more["last"]}
        assert nothing.elapsed.total_seconds() >= 0.5


_IN_KAOHSIUNG = [{"role": "victim", "name": "林大寶", "address": "高雄市左營區測試路9號"}]
THERE = "65000010-family"


async def test_another_centre_answers_what_is_proposed_to_it_and_no_third_one(lab: Lab) -> None:
    await hear(lab, told(0, categories=["vulnerable_family"]))
    case, here = await case_at(lab, 0)
    ours = await signed_in(lab, "L1", PostRole.SUPERVISOR, here)
    theirs = await signed_in(lab, "L2", PostRole.SUPERVISOR, THERE)
    third = await signed_in(lab, "L3", PostRole.SUPERVISOR, "64000-family")
    asked = {"transfer_id": str(uuid4()), "to": THERE, "reason": "victim_moved"}
    answer = f"/v1/transfers/{asked['transfer_id']}/answer"
    async with desk(lab) as client:
        propose = f"/v1/cases/{case}/transfers"
        assert problem(await client.post(propose, json=asked, headers=bearing(theirs))) == (404, "unknown")
        done = await client.post(propose, json=asked, headers=bearing(ours))
        assert (done.status_code, done.json()["state"]) == (201, "proposed")
        assert (await client.post(propose, json=asked, headers=bearing(ours))).status_code == 200
        seen = [
            [
                one["is_yours_to_answer"]
                for one in (await client.get("/v1/transfers", headers=bearing(who))).json()["transfers"]
            ]
            for who in (ours, theirs, third)
        ]
        assert seen == [[False], [True], []]
        assert problem(await client.post(answer, json={}, headers=bearing(third))) == (404, "unknown")
        assert problem(await client.post(answer, json={}, headers=bearing(ours))) == (403, "not_your_work")
        accepted = await client.post(answer, json={}, headers=bearing(theirs))
        assert (accepted.status_code, accepted.json()["case"]["centre"]) == (201, THERE)
        assert (await client.get(f"/v1/cases/{case}", headers=bearing(theirs))).status_code == 200
        assert problem(await client.get(f"/v1/cases/{case}", headers=bearing(ours))) == (404, "case_unknown")
    await require_sound(lab)


async def test_only_an_auditor_reads_the_audit_and_reading_it_stands_in_it(lab: Lab) -> None:
    reader = await signed_in(lab, "A1", PostRole.AUDIT_READER)
    async with desk(lab) as client:
        assert problem(await client.get("/v1/audit")) == (403, "not_your_work")
        streams = (await client.get("/v1/audit", headers=bearing(reader))).json()["streams"]
        assert {"stream": "audit", "number": 1} in streams
        events = (await client.get("/v1/audit?stream=desk.-", headers=bearing(reader))).json()["events"]
        assert [(e["kind"], e["actor"], e["body"]["code"]) for e in events] == [("refusal", FIRST, "not_your_work")]
        assert problem(await client.get("/v1/audit?stream=a%20b", headers=bearing(reader))) == (422, "parameter_wrong")
