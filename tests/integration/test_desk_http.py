"""The acts of the desk by HTTP: who may, what is answered, and what is not done twice or behind somebody's back."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from lab import Lab
from staff import signed_in
from test_desk import bearing, case_at, desk_for_nobody, problem
from test_rulings_live import COUNTIES, hear, told

from pipeline.domain.posts import PostRole


class Crew:
    """Who works in the centre of one protective case, and one elsewhere."""

    def __init__(self, client: httpx.AsyncClient, case: UUID, centre: str, tokens: dict[str, str]) -> None:
        self.client, self.case, self.centre, self.tokens = client, case, centre, tokens

    async def __call__(self, who: str, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        url = f"/v1/cases/{self.case}{path}" if path.startswith("/") or not path else f"/v1/{path}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.request(method, url, json=body, headers=bearing(self.tokens[who]) | named)

    async def done(self, who: str, path: str, body: object = None, **headers: str) -> dict[str, Any]:
        answer = await self(who, "POST", path, body, **headers)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        assert answer.headers["etag"] == f'"{told["version"]}"'
        return told


AT_ONE_CENTRE = (0, len(COUNTIES), 2 * len(COUNTIES))
"""Reports of one town, and so of one centre."""

POSTS = {
    "screener": PostRole.SCREENER,
    "worker": PostRole.PROTECTIVE_WORKER,
    "colleague": PostRole.PROTECTIVE_WORKER,
    "lead": PostRole.SUPERVISOR,
    "chief": PostRole.SUPERVISOR,
    "system": PostRole.DISPATCHER,
}


async def crew_for(lab: Lab, client: httpx.AsyncClient, number: int = 0) -> Crew:
    case, centre = await case_at(lab, number)
    tokens = {who: await signed_in(lab, f"{who}1", role, centre) for who, role in POSTS.items()}
    tokens["away"] = await signed_in(lab, "away1", PostRole.SUPERVISOR, "09007-protective")
    return Crew(client, case, centre, tokens)


async def test_a_case_goes_its_whole_way_and_only_by_whom_it_is_for(lab: Lab) -> None:  # noqa: PLR0915 - the whole way
    await hear(lab, told(0))
    async with desk_for_nobody(lab) as client:
        do = await crew_for(lab, client)
        fence = (await do.done("screener", "/claim"))["fence"]
        for who, path, body, status, code in (
            ("away", "/claim", None, 404, "case_unknown"),
            ("system", "/claim", None, 403, "not_your_work"),
            ("worker", "/claim", None, 409, "held_by_another"),
            ("worker", "/screening", {"outcome": "open", "fence": fence}, 409, "held_by_another"),
            ("screener", "/screening", {"outcome": "open", "fence": fence - 1}, 409, "fence_stale"),
            ("screener", "/screening", {"outcome": "not_open", "fence": fence}, 422, "parameter_wrong"),
            ("screener", "/acceptance", None, 403, "not_your_work"),
            ("worker", "/acceptance", None, 409, "not_in_this_stage"),
            ("worker", "/reopening", {"reason": "appeal"}, 403, "not_your_work"),
            ("lead", "/reopening", {"reason": "appeal"}, 409, "not_in_this_stage"),
        ):
            assert problem(await do(who, "POST", path, body)) == (status, code), (who, path)

        proposed = {"outcome": "not_open", "reason": "phone_failed", "fence": fence}
        assert (await do.done("screener", "/screening", proposed))["stage"] == "not_opening"
        assert problem(await do("screener", "POST", "/screening/signature", {})) == (403, "not_your_work")
        refused = await do.done("lead", "/screening/signature", {"refused_for": "contact_not_tried"})
        assert (refused["stage"], refused["held_by"]) == ("claimed", "screener1")
        screened = await do.done("screener", "/screening", {"outcome": "open", "fence": fence})
        assert (screened["stage"], screened["held_by"]) == ("screened", None)

        accepted = await do.done("worker", "/acceptance")
        assert (accepted["held_by"], accepted["lease_until"]) == ("worker1", None)
        fence = accepted["fence"]
        clocks = (await do("worker", "GET", "")).json()["incidents"][0]["clocks"]
        step = {"step": next(iter(clocks)), "fence": fence}
        assert problem(await do("colleague", "POST", "/steps", step)) == (409, "held_by_another")
        assert (await do.done("worker", "/steps", step))["stage"] == "in_service"
        assert list((await do("worker", "GET", "")).json()["incidents"][0]["met"])
        moved = await do.done("lead", "/assignment", {"to": "colleague1", "reason": "holder_away"})
        assert (moved["held_by"], moved["stage"], moved["fence"]) == ("colleague1", "in_service", fence + 1)
        assert problem(await do("worker", "POST", "/steps", step)) == (409, "held_by_another")
        assert problem(await do("lead", "POST", "/assignment", {"to": "away1", "reason": "workload"})) == (
            409,
            "nobody_there",
        )

        disputed = await do.done("colleague", "/dispute", {"reason": "jurisdiction", "fence": fence + 1})
        assert disputed["stage"] == "disputed"
        assert problem(await do("colleague", "POST", "/dispute/escalation")) == (403, "not_your_work")
        await do.done("lead", "/dispute/escalation")
        over = await signed_in(lab, "platform1", PostRole.SUPERVISOR)
        do.tokens["platform"] = over
        settled = await do.done("platform", "/dispute/settlement", {"reason": "stays_here"})
        assert settled["stage"] == "waiting"

        fence = (await do.done("worker", f"queues/{do.centre}/protective/next"))["fence"]
        returned = await do.done("worker", "/return", {"reason": "no_capacity", "fence": fence})
        assert returned["stage"] == "waiting"
        fence = (await do.done("worker", "/claim"))["fence"]
        await do.done("worker", "/screening", {"outcome": "short_service", "reason": "able_no_need", "fence": fence})
        fence = (await do.done("worker", "/acceptance"))["fence"]
        closing = {"result": "established", "reason": "safe_now", "fence": fence}
        assert problem(await do("lead", "POST", "/closing", closing)) == (409, "held_by_another")
        assert (await do.done("worker", "/closing", closing))["stage"] == "closed"

        assert (await do("worker", "GET", "cases")).json()["cases"] == []
        closed = (await do("worker", "GET", "cases?stage=closed")).json()["cases"]
        assert [(c["case_id"], c["result"], c["reason"]) for c in closed] == [(str(do.case), "established", "safe_now")]
        assert (await do("away", "GET", "cases?stage=closed")).json()["cases"] == []
        history = (await do("worker", "GET", "/history?limit=500")).json()
        acts = [event["act"] for event in history["events"] if event["act"]]
        assert acts[:4] == ["claim", "propose_not_open", "refuse_not_open", "screen_open"]
        assert acts[-1] == "close"
        assert history["events"][-1]["by"] == "worker1"
        assert history["last"] == len(history["events"])
        rest = (await do("worker", "GET", f"/history?after={history['last'] - 2}")).json()["events"]
        assert rest == history["events"][-2:]
        assert problem(await do("away", "GET", "/history")) == (404, "case_unknown")
        assert (await do.done("lead", "/reopening", {"reason": "appeal"}))["stage"] == "waiting"


async def test_what_came_of_an_act_is_told_again_and_done_once(lab: Lab) -> None:
    await hear(lab, told(0))
    async with desk_for_nobody(lab) as client:
        do = await crew_for(lab, client)
        claimed = await do.done("screener", "/claim", idempotency_key="tab 1, click 1")
        assert await do.done("screener", "/claim", idempotency_key="tab 1, click 1") == claimed
        said = {"outcome": "open", "fence": claimed["fence"]}
        screened = await do.done("screener", "/screening", said, idempotency_key="click 2")
        await do.done("worker", "/acceptance")
        assert await do.done("screener", "/screening", said, idempotency_key="click 2") == screened
        other = {"outcome": "open", "fence": claimed["fence"] + 1}
        for path, body in (("/screening", other), ("/return", {"reason": "no_capacity"})):
            again = await do("screener", "POST", path, body, idempotency_key="click 2")
            assert problem(again) == (409, "key_reused")
        assert problem(await do("screener", "POST", "/screening", said)) == (409, "not_in_this_stage")
        of_another = await do("lead", "POST", "/screening", said, idempotency_key="click 2")
        assert problem(of_another) == (409, "not_in_this_stage")
        events = await lab.pool.fetchval(
            "SELECT count(*) FROM case_event WHERE case_id = $1 AND kind = 'case.handled.v1'", do.case
        )
        assert events == 3


async def test_the_same_act_sent_twenty_times_at_once_takes_one_case(lab: Lab) -> None:
    await hear(lab, *(told(number) for number in AT_ONE_CENTRE[:2]))
    async with desk_for_nobody(lab) as client:
        do = await crew_for(lab, client)
        url = f"queues/{do.centre}/protective/next"
        answers = await asyncio.gather(*(do.done("worker", url, idempotency_key="once") for _ in range(20)))
        assert len({answer["case_id"] for answer in answers}) == 1
        assert await lab.count("claim") == 1


async def test_who_acts_on_what_they_read_acts_on_no_other_version(lab: Lab) -> None:
    await hear(lab, told(0))
    async with desk_for_nobody(lab) as client:
        do = await crew_for(lab, client)
        read = await do("worker", "GET", "")
        tag = read.headers["etag"]
        assert tag == f'"{read.json()["version"]}"'
        await do.done("worker", "/claim", if_match=tag)
        assert problem(await do("lead", "POST", "/dispute", {"reason": "who_leads"}, if_match=tag)) == (
            412,
            "version_stale",
        )
        assert problem(await do("lead", "POST", "/dispute", {"reason": "who_leads"}, if_match="7")) == (
            422,
            "parameter_wrong",
        )
        await do.done("lead", "/dispute", {"reason": "who_leads"}, if_match="*")


async def test_presence_keeps_a_claim_and_who_signs_out_gives_it_back(lab: Lab) -> None:
    await hear(lab, told(0))
    async with desk_for_nobody(lab) as client:
        do = await crew_for(lab, client)
        claimed = await do.done("worker", "/claim")
        renewed = await do("worker", "PUT", "/claim", {"fence": claimed["fence"]})
        assert renewed.json()["lease_until"] > claimed["lease_until"]
        assert problem(await do("worker", "PUT", "/claim", {"fence": claimed["fence"] + 1})) == (409, "fence_stale")
        assert problem(await do("lead", "PUT", "/claim", {"fence": claimed["fence"]})) == (409, "held_by_another")
        await lab.pool.execute("UPDATE claim SET lease_until = now() - interval '1 s'")
        for answer in (
            await do("worker", "PUT", "/claim", {"fence": claimed["fence"]}),
            await do("worker", "POST", "/screening", {"outcome": "open", "fence": claimed["fence"]}),
        ):
            assert problem(answer) == (409, "lease_over")
        assert problem(await do("worker", "DELETE", "/claim")) == (409, "fence_stale")
        assert (await do("lead", "DELETE", "/claim")).json()["stage"] == "waiting"

        again = await do.done("worker", "/claim")
        assert (await do("worker", "DELETE", f"/claim?fence={again['fence']}")).json()["held_by"] is None
        await do.done("worker", "/claim")
        assert (await do("worker", "DELETE", "session")).status_code == 204
        one = (await do("lead", "GET", "")).json()
        assert (one["stage"], one["held_by"]) == ("waiting", None)


async def test_many_cases_are_given_to_one_person_and_each_is_answered_for_itself(lab: Lab) -> None:
    await hear(lab, *(told(number) for number in AT_ONE_CENTRE[:2]))
    async with desk_for_nobody(lab) as client:
        do = await crew_for(lab, client)
        second, _ = await case_at(lab, AT_ONE_CENTRE[1])
        wanted = {"cases": [str(do.case), str(uuid4()), str(second)], "to": "worker1", "reason": "first_assignment"}
        assert problem(await do("worker", "POST", "assignments", wanted)) == (403, "not_your_work")
        answers = (await do("lead", "POST", "assignments", wanted, idempotency_key="all")).json()["cases"]
        assert [(one["code"], one.get("held_by")) for one in answers] == [
            ("done", "worker1"),
            ("case_unknown", None),
            ("done", "worker1"),
        ]
        assert answers[1]["zh"]
        again = (await do("lead", "POST", "assignments", wanted, idempotency_key="all")).json()["cases"]
        assert again == answers
        mine = (await do("worker", "GET", "cases?held=me")).json()["cases"]
        assert {one["case_id"] for one in mine} == {str(do.case), str(second)}


async def test_queues_count_what_the_post_covers_and_tasks_are_done_by_whom_they_are_for(lab: Lab) -> None:
    await hear(lab, *(told(number) for number in AT_ONE_CENTRE[:2]))
    async with desk_for_nobody(lab) as client:
        do = await crew_for(lab, client)
        (waiting,) = (await do("worker", "GET", "queues")).json()["queues"]
        assert (waiting["centre"], waiting["stage"], waiting["cases"]) == (do.centre, "waiting", 2)
        assert (await do("away", "GET", "queues")).json() == {"queues": []}
        await do.done("worker", "/claim")
        stages = [(q["stage"], q["cases"]) for q in (await do("worker", "GET", "queues")).json()["queues"]]
        assert stages == [("claimed", 1), ("waiting", 1)]

        task, later = uuid4(), uuid4()
        await lab.pool.execute(
            "INSERT INTO task (task_id, case_id, kind, due_at)"
            " VALUES ($1, $3, 'raised', now()), ($2, $3, 'follow_up', NULL)",
            task,
            later,
            do.case,
        )
        assert (await do("away", "GET", "tasks")).json()["tasks"] == []
        assert (await do("colleague", "GET", "tasks?held=me")).json()["tasks"] == []
        pages, after = [], ""
        while after is not None:
            page = (await do("worker", "GET", f"tasks?limit=1{after}")).json()
            pages += [one["task_id"] for one in page["tasks"]]
            after = page["next"] and f"&after={page['next']}"
        assert pages == [str(task), str(later)]
        assert [one["kind"] for one in (await do("worker", "GET", "")).json()["tasks"]] == ["raised", "follow_up"]
        done = f"tasks/{task}/done"
        assert problem(await do("away", "POST", done)) == (404, "task_unknown")
        assert problem(await do("colleague", "POST", done)) == (409, "held_by_another")
        for _ in range(2):
            assert (await do("worker", "POST", done)).json() == {"task_id": str(task)}
        assert [one["task_id"] for one in (await do("lead", "GET", "tasks")).json()["tasks"]] == [str(later)]


async def test_closed_cases_are_listed_page_by_page_the_last_closed_first(lab: Lab) -> None:
    await hear(lab, *(told(number) for number in AT_ONE_CENTRE))
    async with desk_for_nobody(lab) as client:
        do = await crew_for(lab, client)
        closed = []
        for number in AT_ONE_CENTRE:
            do.case, _ = await case_at(lab, number)
            fence = (await do.done("screener", "/claim"))["fence"]
            said = {"outcome": "not_open", "reason": "false_report", "fence": fence}
            await do.done("screener", "/screening", said)
            assert (await do.done("lead", "/screening/signature", {}))["stage"] == "closed"
            closed.insert(0, str(do.case))
        county = await lab.pool.fetchval("SELECT county FROM case_file LIMIT 1")
        for scope in (do.centre, county, "*"):
            do.tokens["reader"] = await signed_in(lab, "reader1", PostRole.SUPERVISOR, scope)
            pages, after = [], ""
            while after is not None:
                page = (await do("reader", "GET", f"cases?stage=closed&limit=1{after}")).json()
                pages += [one["case_id"] for one in page["cases"]]
                after = page["next"] and f"&after={page['next']}"
            assert pages == closed
        assert (await do("reader", "GET", "cases?stage=closed&queue=family")).json()["cases"] == []


async def test_a_session_that_calls_too_often_waits(lab: Lab) -> None:
    token = await signed_in(lab, "S1", PostRole.SUPERVISOR)
    other = await signed_in(lab, "S2", PostRole.SUPERVISOR)
    async with desk_for_nobody(lab, ANWANG_DESK_RATE="5/minute") as client:
        found = [await client.get("/v1/cases", headers=bearing(token)) for _ in range(6)]
        assert [answer.status_code for answer in found[:5]] == [200] * 5
        assert problem(found[5]) == (429, "too_many_requests")
        assert int(found[5].headers["retry-after"]) > 0
        assert (await client.get("/v1/cases", headers=bearing(other))).status_code == 200


async def first_nudge(client: httpx.AsyncClient, token: str, **headers: str) -> tuple[str, dict[str, Any]]:
    """The id and what is told of the first case that a stream tells of."""
    async with client.stream("GET", "/v1/nudges", headers=bearing(token) | headers) as stream:
        assert stream.status_code == 200
        told_of: dict[str, str] = {}
        async for line in stream.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                told_of[name] = value
            elif told_of.get("event") == "case":
                return told_of["id"], json.loads(told_of["data"])
            else:
                told_of = {}
    raise AssertionError("the stream ended")


async def test_who_comes_back_to_the_nudges_hears_what_happened_meanwhile(lab: Lab) -> None:
    await hear(lab, told(AT_ONE_CENTRE[0]))
    first, centre = await case_at(lab, AT_ONE_CENTRE[0])
    reader = await signed_in(lab, "reader1", PostRole.SCREENER, centre)
    away = await signed_in(lab, "reader2", PostRole.SCREENER, "09007-protective")
    async with desk_for_nobody(lab) as client:
        number, of_first = await asyncio.wait_for(first_nudge(client, reader, **{"last-event-id": "0"}), 20)
        assert (of_first["case_id"], of_first["centre"]) == (str(first), centre)
        await hear(lab, told(AT_ONE_CENTRE[1]))
        second, _ = await case_at(lab, AT_ONE_CENTRE[1])
        after, of_second = await asyncio.wait_for(first_nudge(client, reader, **{"last-event-id": number}), 20)
        assert of_second["case_id"] == str(second)
        assert int(after) > int(number)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(first_nudge(client, away, **{"last-event-id": "0"}), 3)


async def test_who_may_not_see_a_case_hears_nothing_when_something_happens_to_it(lab: Lab) -> None:
    """Not even a number: the queue of this worker's role does not hold the case."""
    await hear(lab, told(AT_ONE_CENTRE[0]))
    case, centre = await case_at(lab, AT_ONE_CENTRE[0])
    screener = bearing(await signed_in(lab, "reader1", PostRole.SCREENER, centre))
    stranger = await signed_in(lab, "family1", PostRole.FAMILY_WORKER, centre)
    async with desk_for_nobody(lab) as client:
        heard: list[str] = []
        began = asyncio.Event()

        async def listen() -> None:
            async with client.stream("GET", "/v1/nudges", headers=bearing(stranger)) as stream:
                async for line in stream.aiter_lines():
                    heard.append(line)
                    began.set()

        listening = asyncio.create_task(listen())
        await asyncio.wait_for(began.wait(), 20)
        await asyncio.sleep(1)
        before = len(heard)
        claimed = (await client.post(f"/v1/cases/{case}/claim", headers=screener)).json()
        back = await client.delete(f"/v1/cases/{case}/claim?fence={claimed['fence']}", headers=screener)
        assert back.status_code == 200
        number, _ = await asyncio.wait_for(
            first_nudge(client, screener["authorization"].removeprefix("Bearer "), **{"last-event-id": "0"}), 20
        )
        await asyncio.sleep(2)
        listening.cancel()
    assert int(number) > 0
    assert heard[before:] == []


async def test_only_a_centre_that_there_is_can_be_asked_to_work_along(lab: Lab) -> None:
    await hear(lab, told(0))
    async with desk_for_nobody(lab) as client:
        do = await crew_for(lab, client)
        fence = (await do.done("screener", "/claim"))["fence"]
        await do.done("screener", "/screening", {"fence": fence, "outcome": "open"})
        fence = (await do.done("worker", "/acceptance"))["fence"]
        wanted = {"fence": fence, "service": "family", "queue": "family"}
        nowhere = await do("worker", "POST", "/co-work", wanted | {"centre": "no-such-centre"})
        assert problem(nowhere) == (422, "parameter_wrong")
        asked = await do("worker", "POST", "/co-work", wanted | {"centre": "63000-family"})
        assert (asked.status_code, asked.json()["centre"]) == (201, "63000-family")
    assert (
        await lab.pool.fetchval("SELECT county FROM co_work WHERE service = 'family' AND asked_by = 'worker1'")
        == "臺北市"
    )
