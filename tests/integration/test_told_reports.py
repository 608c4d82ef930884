"""Reports that a screener takes down by telephone, fax, letter or at the counter, at a desk of its own process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from crew import eventually
from doors import enrolled
from lab import Lab
from staff import signed_in
from test_desk import bearing, desk_for_nobody, problem

from pipeline.contracts.vocabulary import ReporterRole
from pipeline.domain.directory import Source
from pipeline.domain.posts import PostRole

CENTRE = "63000-protective"
DESK = Source(f"desk-{CENTRE}", "desk", ReporterRole.SOCIAL_WORK, "臺北市", "測試中心")
CHILD = "測試童王大明"


def told(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {
        "how": "phone",
        "received_at": "2026-11-20T08:00:00+08:00",
        "data": {
            "categories": ["child_protection"],
            "persons": [{"role": "victim", "name": CHILD, "address": "臺北市文山區木柵路一段7號"}],
            "narrative": "鄰居來電。",
        },
        **more,
    }


@asynccontextmanager
async def at_the_desk(lab: Lab, **more: str) -> AsyncIterator[tuple[httpx.AsyncClient, dict[str, str]]]:
    """A desk, and what a screener of the centre sends with each call."""
    await enrolled(lab, DESK)
    screener = await signed_in(lab, "S1", PostRole.SCREENER, CENTRE)
    async with desk_for_nobody(lab, **more) as client:
        yield client, bearing(screener)


async def entered(client: httpx.AsyncClient, headers: dict[str, str], key: str, body: dict[str, Any]) -> httpx.Response:
    """Once the desk has found the broker."""
    found: list[httpx.Response] = []

    async def is_taken() -> bool:
        found.append(await client.post("/v1/told-reports", json=body, headers={**headers, "idempotency-key": key}))
        return found[-1].status_code != 503

    await eventually(is_taken, 20, "the desk's way to the broker")
    return found[-1]


async def test_a_told_report_becomes_a_case_of_the_centres_own_source(lab: Lab) -> None:
    async with at_the_desk(lab) as (client, headers):
        taken = await entered(client, headers, "call-1", told())
        assert taken.status_code == 202, taken.text
        assert (taken.json()["state"], taken.json()["faults"]) == ("received", [])
        where = taken.headers["location"]
        assert (await client.get(where, headers=headers)).json()["state"] == "received"
        again = await entered(client, headers, "call-1", told())
        assert (again.status_code, again.json()["told_id"]) == (202, taken.json()["told_id"])
        assert again.json()["entered_at"] == taken.json()["entered_at"]

        await lab.settle_all(2)
        outcomes = {row["outcome"] for row in await lab.pool.fetch("SELECT outcome FROM inbox")}
        assert outcomes == {"case", "redelivery"}
        row = await lab.pool.fetchrow("SELECT source, event_id, faults FROM report_version")
        assert (row["source"], row["event_id"], list(row["faults"])) == (DESK.code, taken.json()["told_id"], [])

        record = (await client.get(where, headers=headers)).json()
        assert (record["state"], record["how"], record["taken_by"]) == ("settled", "phone", "S1")
        assert record["case_id"] == str(await lab.pool.fetchval("SELECT case_id FROM case_file"))
        listed = (await client.get("/v1/told-reports?limit=1", headers=headers)).json()
        assert [one["told_id"] for one in listed["told_reports"]] == [taken.json()["told_id"]]
        before = (await client.get(f"/v1/told-reports?before={listed['next']}", headers=headers)).json()
        assert before == {"told_reports": [], "next": None}
        assert CHILD not in str(listed) + taken.text

    events = await lab.pool.fetch("SELECT actor, body FROM access_event WHERE kind = 'report_told'")
    assert [(e["actor"], e["body"]["how"], e["body"]["centre"]) for e in events] == [("S1", "phone", CENTRE)]
    assert events[0]["body"]["received_at"] == "2026-11-20T00:00:00Z"


async def test_what_is_wrong_with_a_told_report_is_refused_and_not_repeated(lab: Lab) -> None:
    async with at_the_desk(lab) as (client, headers):
        assert (await entered(client, headers, "one", told())).status_code == 202
        for key, body, expected in (
            ("one", told(how="fax"), (409, "key_reused")),
            ("one", told(data=told()["data"] | {"report_no": "another"}), (409, "key_reused")),
            ("two", told(centre="64000-protective"), (409, "no_desk_source")),
            ("three", told(received_at="2099-01-01T00:00:00+08:00"), (422, "parameter_wrong")),
            ("four", told(how="pigeon"), (422, "parameter_wrong")),
            ("five", told(data={"categories": ["child_protection"], "narrative": CHILD}), (422, "field_missing")),
        ):
            refused = await entered(client, headers, key, body)
            assert problem(refused) == expected, refused.text
            assert CHILD not in refused.text
        unkeyed = await client.post("/v1/told-reports", json=told(), headers=headers)
        assert problem(unkeyed) == (422, "parameter_wrong")
        lead = bearing(await signed_in(lab, "S2", PostRole.SUPERVISOR))
        assert problem(await entered(client, lead, "one", told())) == (409, "no_desk_source")
        assert (await entered(client, lead, "one", told(centre=CENTRE))).status_code == 202
        elsewhere = bearing(await signed_in(lab, "S3", PostRole.SCREENER, "64000-protective"))
        assert problem(await entered(client, elsewhere, "one", told(centre=CENTRE))) == (409, "no_desk_source")
        assert (await client.get("/v1/told-reports", headers=elsewhere)).json()["told_reports"] == []
    assert await lab.count("told_report") == 2


async def test_a_told_report_is_not_there_for_who_is_a_party_to_it(lab: Lab) -> None:
    async with at_the_desk(lab) as (client, headers):
        where = (await entered(client, headers, "one", told())).headers["location"]
        await lab.settle_all(1)
        party = bearing(await signed_in(lab, "P1", PostRole.SUPERVISOR, CENTRE))
        assert (await client.get(where, headers=party)).status_code == 200
        await lab.pool.execute("INSERT INTO staff_tie (staff, token) SELECT DISTINCT 'P1', token FROM link_key")
        assert problem(await client.get(where, headers=party)) == (404, "receipt_unknown")
        assert (await client.get("/v1/told-reports", headers=party)).json()["told_reports"] == []
        assert (await client.get(where, headers=headers)).status_code == 200


@pytest.mark.parametrize("bootstrap", ["127.0.0.1:9"])
async def test_while_the_broker_is_away_nothing_is_promised_and_the_desk_works_on(lab: Lab, bootstrap: str) -> None:
    async with at_the_desk(lab, ANWANG_KAFKA_BOOTSTRAP=bootstrap) as (client, headers):
        sent = {**headers, "idempotency-key": "one"}
        refused = await client.post("/v1/told-reports", json=told(), headers=sent)
        assert problem(refused) == (503, "broker_away")
        assert refused.headers["retry-after"]
        (record,) = (await client.get("/v1/told-reports", headers=headers)).json()["told_reports"]
        assert record["state"] == "not_handed_over"
        assert (await client.get("/v1/cases", headers=headers)).status_code == 200
    async with desk_for_nobody(lab) as client:
        taken = await entered(client, headers, "one", told())
        assert (taken.status_code, taken.json()["told_id"]) == (202, record["told_id"])
        (record,) = (await client.get("/v1/told-reports", headers=headers)).json()["told_reports"]
        assert record["state"] == "received"
