"""Who works along on a case: asked when it is accepted and by people, answered by their centre, told no more."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from lab import Lab
from staff import people_pool, signed_in
from test_desk_acts import act
from test_rulings_live import hear, homes, reports_of, say, told
from test_steps_live import accepted
from test_who_sees_what import one_case, said

from pipeline.adapters.postgres.along import After, Along, Answer, CoWorkAsked
from pipeline.adapters.postgres.database import Pool
from pipeline.contracts.case import CaseEvent, RulingKind
from pipeline.domain.chain import BEGINNING, link_hash
from pipeline.domain.co_work import CoWorkRefusal
from pipeline.domain.posts import PostRole

FAMILY = "63000-01-family"
ELDER = "63000-elder"
WITNESS = {"role": "child_witness", "birth_date": "2019-05-05"}


@pytest.fixture
async def people(lab: Lab) -> Pool:
    return await people_pool(lab)


@pytest.fixture
def along(people: Pool) -> Along:
    return Along(people)


async def sent_along(lab: Lab, case: UUID, *centres: str, also: tuple[str, ...] = ("family",)) -> None:
    """As if the case had been routed so."""
    await lab.pool.execute(
        """
        UPDATE case_file SET standing = jsonb_set(standing, '{also}', $2),
            routing = jsonb_set(routing, '{assigned}', (routing -> 'assigned') || $3)
        WHERE case_id = $1
        """,
        case,
        list(also),
        {
            "sub_dispatch": list(centres),
            "why": [["along", [["centre", ELDER], ["county", "臺北市"], ["kind", "elder"]]]],
        },
    )


async def of_case(lab: Lab, case: UUID) -> list[tuple[str, str, str, str]]:
    rows = await lab.pool.fetch("SELECT * FROM co_work WHERE case_id = $1 ORDER BY service, centre", case)
    return [(row["service"], row["centre"], row["lead"], row["state"]) for row in rows]


async def tasks(lab: Lab, case: UUID, kind: str) -> list[bool]:
    """Of each, whether it is done."""
    rows = await lab.pool.fetch(
        "SELECT done_at FROM task WHERE case_id = $1 AND kind = $2 ORDER BY opened_at", case, kind
    )
    return [row["done_at"] is not None for row in rows]


async def acts_told(lab: Lab, case: UUID) -> list[tuple[str, str | None, str | None]]:
    """What the case's history tells of it, its chain looked through."""
    head, found = BEGINNING, []
    for row in await lab.pool.fetch("SELECT * FROM case_event WHERE case_id = $1 ORDER BY version", case):
        assert (row["prior_hash"], row["hash"]) == (head, link_hash(head, case, row["version"], row["body"]))
        head, event = row["hash"], CaseEvent.model_validate_json(row["body"])
        if event.handled and event.handled.act.startswith("co_work"):
            found.append((event.handled.act, event.handled.step, event.handled.by))
    return found


async def asked_of(lab: Lab, people: Pool, along: Along) -> tuple[UUID, str, dict[str, Any]]:
    """A case, the token of a worker of the family service centre, and what that centre is asked for."""
    case = await one_case(lab)
    await sent_along(lab, case, FAMILY)
    await accepted(lab, people, case)
    family = await signed_in(lab, "f1", PostRole.FAMILY_WORKER, FAMILY)
    (found,) = await along.co_work(family, 10)
    return case, family, dict(found)


async def test_an_accepted_case_asks_once_each_centre_and_service_that_it_was_sent_to(lab: Lab, people: Pool) -> None:
    case = await one_case(lab)
    centre = await lab.pool.fetchval("SELECT centre FROM case_file WHERE case_id = $1", case)
    await sent_along(lab, case, FAMILY, ELDER, also=("family", "mental_health"))
    assert await of_case(lab, case) == [], "nobody is asked before somebody leads the case"
    worker, fence = await accepted(lab, people, case)
    first = [
        ("elder", ELDER, FAMILY, "asked"),
        ("family", FAMILY, FAMILY, "asked"),
        ("mental_health", FAMILY, FAMILY, "asked"),
    ]
    assert await of_case(lab, case) == first
    assert await tasks(lab, case, "co_work") == [False] * 3
    returned = await act(people, worker, case, "return", fence, reason="no_capacity")
    assert returned["code"] == "done"
    await accepted(lab, people, case)
    assert await of_case(lab, case) == first
    await sent_along(lab, case, FAMILY, ELDER, also=("family", "mental_health", "education"))
    assert ("education", FAMILY, FAMILY, "asked") in await of_case(lab, case)
    assert centre not in {row[1] for row in await of_case(lab, case)}


async def test_the_centre_that_works_along_learns_its_task_and_whom_to_call_and_no_more(
    lab: Lab, people: Pool, along: Along
) -> None:
    case, family, found = await asked_of(lab, people, along)
    centre = await lab.pool.fetchval("SELECT centre FROM case_file WHERE case_id = $1", case)
    assert found.pop("asked_at")
    co_work_id = found.pop("co_work_id")
    nothing = dict.fromkeys(("answered_at", "answered_by", "asked_by", "reason", "done_at", "due_at", "case_id"))
    assert found == nothing | {
        "service": "family",
        "centre": FAMILY,
        "lead": FAMILY,
        "state": "asked",
        "call": centre,
        "protective_case_open": True,
    }
    assert await along.co_work_of(family, case) == []
    assert await said(people, family, "SELECT count(*) FROM case_file") == 0
    protective = await signed_in(lab, "p1", PostRole.PROTECTIVE_WORKER, centre)
    (shown,) = await along.co_work_of(protective, case)
    assert (shown["case_id"], shown["asked_by"], shown["co_work_id"]) == (str(case), "system", co_work_id)


async def test_a_centre_accepts_and_finishes_and_the_case_tells_of_both(lab: Lab, people: Pool, along: Along) -> None:
    case, family, found = await asked_of(lab, people, along)
    co_work_id = UUID(found["co_work_id"])
    assert (await along.done(family, co_work_id))["code"] == "not_in_this_stage"
    for _ in range(2):
        taken = await along.answer(family, co_work_id, None)
        assert (taken["code"], taken["state"], taken["answered_by"]) == ("done", "accepted", "f1")
    assert await tasks(lab, case, "co_work") == [True]
    assert (await along.answer(family, co_work_id, CoWorkRefusal.NO_CAPACITY))["code"] == "answered_before"
    for _ in range(2):
        assert (await along.done(family, co_work_id))["state"] == "done"
    assert await along.co_work(family, 10) == []
    assert await acts_told(lab, case) == [("co_work_accepted", "family", "f1"), ("co_work_done", "family", "f1")]
    assert await lab.pool.fetchval("SELECT stage FROM ticket WHERE case_id = $1", case) == "accepted"


@pytest.mark.parametrize("reason", [*CoWorkRefusal, "because", None])
async def test_a_centre_refuses_for_a_coded_reason_and_the_lead_worker_is_told(
    lab: Lab, people: Pool, along: Along, reason: str | None
) -> None:
    case, family, found = await asked_of(lab, people, along)
    co_work_id = UUID(found["co_work_id"])
    if reason not in list(CoWorkRefusal):
        said_so = await said(people, family, "SELECT answer_co_work($1, false, $2)", co_work_id, reason)
        assert said_so == {"code": "reason_unknown"}
        assert (await of_case(lab, case))[0][3] == "asked"
        return
    refused = await along.answer(family, co_work_id, reason)
    assert (refused["state"], refused["reason"]) == ("refused", reason)
    assert (await tasks(lab, case, "co_work"), await tasks(lab, case, "co_work_refused")) == ([True], [False])
    assert await acts_told(lab, case) == [("co_work_refused", "family", "f1")]


async def test_nobody_of_another_centre_no_screener_and_no_party_answers(lab: Lab, people: Pool, along: Along) -> None:
    case, family, found = await asked_of(lab, people, along)
    co_work_id = UUID(found["co_work_id"])
    centre = await lab.pool.fetchval("SELECT centre FROM case_file WHERE case_id = $1", case)
    for role, scope, code in (
        (PostRole.FAMILY_WORKER, "65000-01-family", "unknown_co_work"),
        (PostRole.PROTECTIVE_WORKER, FAMILY, "unknown_co_work"),
        (PostRole.PROTECTIVE_WORKER, centre, "not_your_work"),
        (PostRole.SCREENER, FAMILY, "not_your_work"),
    ):
        other = await signed_in(lab, f"o-{role}-{scope}", role, scope)
        assert await along.answer(other, co_work_id, None) == {"code": code}, (role, scope)
    await lab.pool.execute("INSERT INTO staff_tie (staff, token) SELECT DISTINCT 'f1', token FROM link_key")
    assert await along.co_work(family, 10) == []
    assert await along.answer(family, co_work_id, None) == {"code": "unknown_co_work"}
    assert await along.answer(family, uuid4(), None) == {"code": "unknown_co_work"}
    assert (await of_case(lab, case))[0][3] == "asked"
    refusals = await lab.pool.fetch("SELECT body FROM access_event WHERE kind = 'refusal' ORDER BY at, number")
    assert {row["body"]["act"] for row in refusals} == {"co_work"}


async def test_the_lead_worker_asks_another_centre_once_and_by_their_claim_alone(
    lab: Lab, people: Pool, along: Along
) -> None:
    case = await one_case(lab)
    worker, fence = await accepted(lab, people, case)

    async def ask(token: str, fence: int | None, co_work_id: UUID | None = None) -> Answer:
        wanted = CoWorkAsked(co_work_id or uuid4(), "elder", ELDER, "臺北市", "family", fence)
        return await along.ask(token, case, wanted)

    assert (await ask(worker, fence - 1))["code"] == "fence_stale"
    other = await signed_in(lab, "w2", PostRole.PROTECTIVE_WORKER)
    assert (await ask(other, fence))["code"] == "held_by_another"
    assert (await ask(await signed_in(lab, "w3", PostRole.SCREENER), fence))["code"] == "not_your_work"
    away = await signed_in(lab, "w4", PostRole.PROTECTIVE_WORKER, "09007-protective")
    assert (await ask(away, fence))["code"] == "unknown_case"
    co_work_id = uuid4()
    for _ in range(2):
        asked = await ask(worker, fence, co_work_id)
        assert (asked["code"], asked["asked_by"], asked["case_id"]) == ("done", "w1", str(case))
    assert (await ask(await signed_in(lab, "v1", PostRole.SUPERVISOR), None))["code"] == "asked_before"
    assert (await ask(other, fence, co_work_id))["code"] == "key_reused"
    assert await acts_told(lab, case) == [("co_work_asked", "elder", "w1")]
    for scope in (ELDER, "臺北市", "*"):
        there = await signed_in(lab, f"e-{len(scope)}", PostRole.FAMILY_WORKER, scope)
        (found,) = await along.co_work(there, 10)
        assert (
            await along.co_work(there, 10, After(datetime.fromisoformat(found["asked_at"]), UUID(found["co_work_id"])))
            == []
        )


async def test_the_centre_that_leads_sees_who_else_is_asked(lab: Lab, people: Pool, along: Along) -> None:
    case = await one_case(lab)
    await sent_along(lab, case, FAMILY, ELDER)
    await accepted(lab, people, case)
    lead = await signed_in(lab, "f1", PostRole.FAMILY_WORKER, FAMILY)
    found = {row["service"]: row for row in await along.co_work(lead, 10)}
    assert sorted(found) == ["elder", "family"]
    assert (await along.answer(lead, UUID(found["elder"]["co_work_id"]), None))["code"] == "not_your_work"
    elder = await signed_in(lab, "e1", PostRole.FAMILY_WORKER, ELDER)
    assert [row["service"] for row in await along.co_work(elder, 10)] == ["elder"]


async def test_co_work_goes_on_when_its_case_went_up_in_another(lab: Lab, people: Pool, along: Along) -> None:
    await hear(lab, told(0), told(5))
    one, two = await reports_of(lab, 0, 5)
    older, younger = await homes(lab, one, two)
    await sent_along(lab, younger, FAMILY)
    await accepted(lab, people, younger)
    family = await signed_in(lab, "f1", PostRole.FAMILY_WORKER, FAMILY)
    (found,) = await along.co_work(family, 10)
    await say(lab, RulingKind.MERGE, one, two)
    lead = await signed_in(lab, "v1", PostRole.SUPERVISOR)
    (shown,) = [row for row in await along.co_work_of(lead, older) if row["service"] == "family"]
    assert (shown["co_work_id"], shown["case_id"]) == (found["co_work_id"], str(older))
    assert (await along.answer(family, UUID(found["co_work_id"]), None))["code"] == "done"
    assert await acts_told(lab, older) == [("co_work_accepted", "family", "f1")]
    assert "accepted" in {row["state"] for row in await along.co_work_of(lead, older)}


async def test_of_an_erased_case_nobody_works_along(lab: Lab, people: Pool, along: Along) -> None:
    case, family, found = await asked_of(lab, people, along)
    await lab.pool.execute("UPDATE case_file SET state = 'erased' WHERE case_id = $1", case)
    assert await along.co_work(family, 10) == []
    assert (await along.answer(family, UUID(found["co_work_id"]), None))["code"] == "unknown_co_work"
