"""Call-outs are bound by the rules of safe contact; against them it takes a coded reason and two people."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from lab import Lab
from staff import CLAIM, people_pool, signed_in
from test_cards_live import HER, HIM, centre_of, said, told

from pipeline.adapters.postgres.call_outs import CallOut, CallOuts
from pipeline.adapters.postgres.cards import Cards, Wish
from pipeline.adapters.postgres.database import Pool
from pipeline.adapters.postgres.keys import CaseKeys
from pipeline.domain.cards import Asked
from pipeline.domain.contact_words import WayKind
from pipeline.domain.posts import PostRole
from pipeline.domain.sides import Side

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""Monday morning at ten in Taipei."""

BOUND = {**HER, "safe_contact": {"time": "平日上午9-11點", "way": "電話"}}


@pytest.fixture
async def people(lab: Lab) -> Pool:
    return await people_pool(lab, connections_max=2)


@pytest.fixture
async def calls(lab: Lab, people: Pool) -> CallOuts:
    await lab.sources.look()
    return CallOuts(Cards(people, CaseKeys(lab.pools.keys, lab.ring), lab.sources, lambda: NOW, lambda _day: True))


async def holder(lab: Lab, people: Pool, calls: CallOuts, case: UUID) -> str:
    """Who holds the case and has opened it."""
    token = await signed_in(lab, "w1", PostRole.PROTECTIVE_WORKER, await centre_of(lab, case))
    assert await said(people, token, CLAIM, case) == "done"
    await calls.cards.reveal(token, Wish(case, "claim", "handling", Side.VICTIM))
    return token


def wanted(case: UUID, way: WayKind = WayKind.CALL, at: datetime = NOW, **more: Any) -> CallOut:  # noqa: ANN401 - its fields
    wish = CallOut(uuid4(), case, Side.VICTIM, Asked(1, 1, way), at, None)
    return wish._replace(**more)


async def refusals(lab: Lab) -> list[tuple[str, str]]:
    rows = await lab.pool.fetch("SELECT body FROM access_event WHERE kind = 'refusal' ORDER BY at")
    return [(r["body"]["act"], r["body"]["code"]) for r in rows if r["body"]["act"] == "call_out"]


async def test_what_the_rules_allow_is_noted_once_by_codes_alone(lab: Lab, people: Pool, calls: CallOuts) -> None:
    case = await told(lab, persons=[BOUND, HIM])
    token = await holder(lab, people, calls, case)
    wish = wanted(case)
    first = await calls.note(token, None, wish)
    again = await calls.note(token, None, wish)
    assert (first["code"], first["rule"], first["is_new"]) == ("done", "allowed", True)
    assert (again["code"], again["is_new"]) == ("done", False)
    other = await calls.note(token, None, wish._replace(at=wish.at + timedelta(hours=3)))
    assert other["code"] == "id_taken"
    rows = await lab.pool.fetch("SELECT * FROM call_out")
    assert [(r["staff"], r["person"], r["way"], r["rule"], r["reason"]) for r in rows] == [
        ("w1", 1, "call", "allowed", None)
    ]
    noted = await lab.pool.fetch("SELECT actor, body FROM access_event WHERE kind = 'call_out'")
    assert [(r["actor"], r["body"]["rule"], r["body"]["case_id"]) for r in noted] == [("w1", "allowed", str(case))]
    everything = str([dict(row) for row in (*rows, *noted)])
    assert not [word for word in ("0912", "林怡君", "木柵路") if word in everything]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"at": NOW + timedelta(hours=3)}, "not_now"),
        ({"asked": Asked(1, 1, WayKind.MESSAGE)}, "not_this_way"),
        ({"asked": Asked(1, 1, WayKind.VISIT)}, "not_this_way"),
        ({"asked": Asked(1, 2, WayKind.VISIT)}, "not_this_way"),
        ({"asked": Asked(1, 40, WayKind.CALL)}, "unknown_contact"),
        ({"asked": Asked(2, 1, WayKind.CALL)}, "unknown_contact"),
        ({"asked": Asked(9, 1, WayKind.CALL)}, "unknown_contact"),
        ({"asked": Asked(1, 1, WayKind.CALL), "side": Side.OTHER}, "unknown_contact"),
    ],
)
async def test_what_they_do_not_allow_is_refused_and_told_to_the_audit(
    lab: Lab, people: Pool, calls: CallOuts, more: dict[str, Any], code: str
) -> None:
    case = await told(lab, persons=[BOUND, HIM])
    token = await holder(lab, people, calls, case)
    assert await calls.note(token, None, wanted(case, **more)) == {"code": code}
    assert await refusals(lab) == [("call_out", code)]
    assert await lab.count("call_out") == 0


@pytest.mark.parametrize(
    ("rules", "code"),
    [({"person": "透過她姊姊"}, "through_another"), ({"time": "看情況"}, "ask_a_person")],
)
async def test_rules_that_name_somebody_else_or_are_not_understood_bind(
    lab: Lab, people: Pool, calls: CallOuts, rules: dict[str, str], code: str
) -> None:
    case = await told(lab, persons=[{**HER, "safe_contact": rules}, HIM])
    token = await holder(lab, people, calls, case)
    assert await calls.note(token, None, wanted(case)) == {"code": code}


async def test_what_the_other_side_has_too_is_used_by_nobody_not_even_by_two(
    lab: Lab, people: Pool, calls: CallOuts
) -> None:
    case = await told(lab, persons=[HER, {**HIM, "phones": HER["phones"]}])
    token = await holder(lab, people, calls, case)
    second = await signed_in(lab, "v1", PostRole.SUPERVISOR, await centre_of(lab, case))
    assert await calls.note(token, second, wanted(case, reason="danger_now")) == {"code": "withheld"}
    assert await lab.count("call_out") == 0


async def test_against_the_rules_it_takes_a_coded_reason_and_another_supervisor_of_the_case(
    lab: Lab, people: Pool, calls: CallOuts
) -> None:
    case = await told(lab, persons=[BOUND, HIM])
    token, centre = await holder(lab, people, calls, case), await centre_of(lab, case)
    late = NOW + timedelta(hours=3)
    supervisor = await signed_in(lab, "v1", PostRole.SUPERVISOR, centre)
    colleague = await signed_in(lab, "w2", PostRole.PROTECTIVE_WORKER, centre)
    elsewhere = await signed_in(lab, "v2", PostRole.SUPERVISOR, "09007-protective")
    herself = await signed_in(lab, "w1", PostRole.SUPERVISOR, centre)
    party = await signed_in(lab, "v3", PostRole.SUPERVISOR, centre)
    await lab.pool.execute("INSERT INTO staff_tie (staff, token) SELECT DISTINCT 'v3', token FROM link_key")
    for second, reason, code in (
        (supervisor, None, "not_now"),
        (None, "danger_now", "second_missing"),
        (colleague, "danger_now", "second_is_no_supervisor"),
        (elsewhere, "danger_now", "second_is_no_supervisor"),
        (party, "danger_now", "second_is_no_supervisor"),
        (herself, "danger_now", "second_is_first"),
    ):
        assert await calls.note(token, second, wanted(case, at=late, reason=reason)) == {"code": code}
    done = await calls.note(token, supervisor, wanted(case, at=late, reason="danger_now"))
    assert (done["code"], done["rule"]) == ("done", "not_now")
    row = await lab.pool.fetchrow("SELECT staff, seconded_by, reason, rule FROM call_out")
    assert tuple(row) == ("w1", "v1", "danger_now", "not_now")
    allowed = await calls.note(token, supervisor, wanted(case, reason="danger_now"))
    assert allowed["rule"] == "allowed"
    rows = await lab.pool.fetch("SELECT reason, seconded_by FROM call_out WHERE rule = 'allowed'")
    assert [tuple(r) for r in rows] == [(None, None)], "what is allowed needs neither"


async def test_only_whoever_holds_the_case_and_has_opened_it_asks(lab: Lab, people: Pool, calls: CallOuts) -> None:
    case = await told(lab, persons=[BOUND, HIM])
    centre = await centre_of(lab, case)
    worker = await signed_in(lab, "w1", PostRole.PROTECTIVE_WORKER, centre)
    other = await signed_in(lab, "w2", PostRole.PROTECTIVE_WORKER, centre)
    away = await signed_in(lab, "w3", PostRole.PROTECTIVE_WORKER, "09007-protective")
    assert await calls.note(worker, None, wanted(case)) == {"code": "not_held"}
    assert await said(people, worker, CLAIM, case) == "done"
    assert await calls.note(worker, None, wanted(case)) == {"code": "not_opened"}
    await calls.cards.reveal(other, Wish(case, "break_glass", "danger_now", Side.VICTIM))
    assert await calls.note(other, None, wanted(case)) == {"code": "not_held"}
    assert await calls.note(away, None, wanted(case)) == {"code": "unknown_case"}
    assert await calls.note(worker, None, wanted(uuid4())) == {"code": "unknown_case"}


async def test_an_id_that_stands_for_another_call_out_is_refused(lab: Lab, people: Pool, calls: CallOuts) -> None:
    one = await told(lab, persons=[BOUND, HIM])
    token = await holder(lab, people, calls, one)
    wish = wanted(one)
    assert (await calls.note(token, None, wish))["code"] == "done"
    await lab.pool.execute("INSERT INTO staff (staff) VALUES ('w9')")
    taken = uuid4()
    await lab.pool.execute(
        "INSERT INTO call_out (call_out_id, case_id, staff, person, way, planned_at, rule)"
        " VALUES ($1, $2, 'w9', 1, 'call', now(), 'allowed')",
        *(taken, one),
    )
    assert await calls.note(token, None, wish._replace(call_out_id=taken)) == {"code": "id_taken"}
