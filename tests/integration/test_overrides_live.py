"""Cases that people raise and lower, against real servers: queues, history, later reports, and what is counted."""

import asyncio
import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from lab import Lab, until
from staff import signed_in
from test_desk import desk
from test_rulings_live import (
    FIRST,
    SECOND,
    book_of,
    clocks,
    hear,
    homes,
    reports_of,
    require_sound,
    say,
    standing,
    told,
)

from pipeline import wiring
from pipeline.adapters.postgres.docket_reader import DocketReader
from pipeline.adapters.postgres.keys import CaseKeys
from pipeline.adapters.postgres.overrides import Overrides
from pipeline.adapters.postgres.policies import Policies
from pipeline.commands import case as case_commands
from pipeline.commands import policy_overrides
from pipeline.contracts.case import OverrideKind, OverrideReason, RulingKind
from pipeline.contracts.vocabulary import Priority, Queue
from pipeline.domain.overrides import Overridden, OverrideWish
from pipeline.domain.parts import Wanted
from pipeline.domain.policy.reading import shipped
from pipeline.domain.posts import PostRole
from pipeline.domain.terms import shipped_centres
from pipeline.errors import RulingRefusedError

RAISE, LOWER = OverrideKind.RAISE, OverrideKind.LOWER
TABLES = ("case_event", "outbox", "override", "override_part")
POOR = {"categories": ["vulnerable_family"]}
ALARM = {"crisis_flags": ["life_threatened"]}


def overrides_of(lab: Lab) -> Overrides:
    keys = CaseKeys(lab.pools.keys, lab.ring)
    reader = DocketReader(lab.ring, keys, lab.sources)
    return Overrides(
        lab.pools.operate, keys, reader, Policies(lab.pools.operate, "test"), shipped_centres(), book_of(lab).named
    )


def wish(kind: OverrideKind, *, second: str | None = SECOND, **wanted: Any) -> OverrideWish:  # noqa: ANN401 - of Wanted
    return OverrideWish(uuid4(), kind, Wanted(**wanted), OverrideReason.JUDGEMENT, FIRST, second)


async def put(lab: Lab, name: UUID | str, wanted: OverrideWish) -> Overridden:
    done = await overrides_of(lab).put(str(name), wanted)
    assert done
    return done


async def refusal(lab: Lab, name: UUID | str, wanted: OverrideWish) -> str:
    """What is refused writes nothing."""
    before = {table: await lab.count(table) for table in TABLES}
    with pytest.raises(RulingRefusedError) as refused:
        await overrides_of(lab).put(str(name), wanted)
    assert {table: await lab.count(table) for table in TABLES} == before
    return refused.value.code


async def test_a_raise_moves_the_case_to_another_queue_and_later_reports_keep_it_there(lab: Lab) -> None:
    await hear(lab, told(0, **POOR))
    (a,) = await reports_of(lab, 0)
    (case,) = await homes(lab, a)
    assert await standing(lab) == {case: ("waiting", "family", "routine")}
    raised = wish(RAISE, second=None, queue=Queue.PROTECTIVE, priority=Priority.URGENT, child_grade=1)
    await put(lab, case, raised)
    assert await overrides_of(lab).put(str(case), raised) is None
    assert await standing(lab) == {case: ("waiting", "protective", "immediate")}
    assert {"child_grading", "child_visit", "child_report"} <= (await clocks(lab, a)).keys()
    await hear(lab, told(1, 0, **POOR))
    assert await standing(lab) == {case: ("waiting", "protective", "immediate")}
    await require_sound(lab)
    left = [r for r in await lab.records("queue.family.v1") if r["kind"] == "withdrawn"]
    come = [r for r in await lab.records("queue.protective.v1") if r["kind"] == "assigned"]
    assert [(r["case_version"], r["event_id"]) for r in left] == [(2, str(raised.override_id))]
    assert [r["case_version"] for r in come] == [2, 3]
    assert come[0]["centre"] != left[0]["centre"]
    history = sorted(await lab.records("case.events.v1"), key=lambda event: event["case_version"])
    assert [event["type"] for event in history] == ["case.assessed.v1", "case.overridden.v1", "case.assessed.v1"]
    assert history[1]["override"]["said_by"] == FIRST
    assert {(p["part"], p["was"], p["now"], p["rule"]) for p in history[1]["override"]["parts"]} == {
        ("queue", "family", "protective", "all_the_rest_to_family_service"),
        ("priority", "routine", "immediate", "all_the_rest"),
        ("child_grade", "none", "1", "no_child"),
    }


async def test_two_people_lower_a_case_and_whatever_is_newly_told_puts_it_back(lab: Lab) -> None:
    await hear(lab, told(0, **POOR, **ALARM))
    (a,) = await reports_of(lab, 0)
    (case,) = await homes(lab, a)
    running = await clocks(lab, a)
    assert await refusal(lab, case, wish(LOWER, second=None, priority=Priority.ROUTINE)) == "needs_a_second"
    assert await refusal(lab, case, wish(LOWER, second=FIRST.lower(), priority=Priority.ROUTINE)) == "second_is_first"
    await put(lab, a, wish(LOWER, priority=Priority.ROUTINE, queue=Queue.FAMILY))
    assert await standing(lab) == {case: ("waiting", "family", "routine")}
    await hear(lab, told(1, 0, **POOR, **ALARM))
    assert await standing(lab) == {case: ("waiting", "family", "routine")}
    assert await clocks(lab, a) == running
    await hear(lab, told(2, 0, indicators=["repeat_harm"]))
    assert await standing(lab) == {case: ("waiting", "protective", "immediate")}
    await require_sound(lab)
    row = await lab.pool.fetchrow("SELECT * FROM override")
    assert (row["case_id"], row["case_version"], row["said_by"], row["seconded_by"]) == (case, 2, FIRST, SECOND)
    for statement in ("DELETE FROM override_part", "UPDATE override SET said_by = 'S1'"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await lab.pool.execute(statement)


async def test_what_is_closed_merged_erased_or_unknown_is_not_overridden(lab: Lab) -> None:
    await hear(lab, told(0), told(1))
    a, b = await reports_of(lab, 0, 1)
    older, younger = await homes(lab, a, b)
    await say(lab, RulingKind.MERGE, a, b)
    up = wish(RAISE, priority=Priority.URGENT)
    assert await refusal(lab, younger, up) == "case_merged"
    assert await refusal(lab, uuid4(), up) == "unknown"
    assert await refusal(lab, older, wish(RAISE)) == "nothing_wanted"
    await put(lab, b, up)
    assert (await standing(lab))[older][2] == "urgent"
    await say(lab, RulingKind.SPLIT, b)
    assert {priority for _, _, priority in (await standing(lab)).values()} == {"urgent"}
    await lab.pool.execute("UPDATE case_file SET state = 'closed' WHERE case_id = $1", older)
    assert await refusal(lab, older, wish(LOWER, priority=Priority.ROUTINE)) == "case_closed"
    await lab.keys_pool.execute("DELETE FROM case_key")
    assert await refusal(lab, b, wish(RAISE, priority=Priority.IMMEDIATE)) == "unknown_case"


async def test_people_and_reports_at_the_same_moment_lose_nothing_of_each_other(lab: Lab) -> None:
    await hear(lab, told(0), told(1))
    cases = await homes(lab, *await reports_of(lab, 0, 1))
    more = [told(n, n % 2, **(ALARM if n == 9 else {})) for n in range(2, 18)]
    up = [wish(RAISE, child_grade=2), wish(RAISE, priority=Priority.URGENT), wish(RAISE, child_grade=1)]

    async def override() -> None:
        for wanted in up:
            await put(lab, cases[0], wanted)
            await asyncio.sleep(0.05)

    async with lab.assess(lab.store("one")) as one, lab.assess(lab.store("two")) as two:
        saying = asyncio.create_task(override())
        sending = asyncio.create_task(lab.send(more))
        await asyncio.gather(*(until(stage.turn, lambda: lab.inbox_holds(18)) for stage in (one, two)))
        await asyncio.gather(saying, sending)
    assert await lab.count("report") == 18
    assert await lab.count("override") == 3
    grades = {
        row["case_id"]: json.loads(row["standing"])["child_grade"]
        for row in await lab.pool.fetch("SELECT case_id, standing::text FROM case_file WHERE state <> 'merged'")
    }
    assert grades[cases[0]] == 1
    assert (await standing(lab))[cases[0]][2] == "immediate"
    await require_sound(lab)


async def test_one_word_said_by_two_at_the_same_moment_counts_once(lab: Lab) -> None:
    await hear(lab, told(0))
    up = wish(RAISE, priority=Priority.URGENT)
    done = await asyncio.gather(*(overrides_of(lab).put("event-0", up) for _ in range(4)))
    assert len([one for one in done if one]) == await lab.count("override") == 1
    await require_sound(lab)


async def test_the_owner_of_the_policy_sees_which_rules_are_overridden_most(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    await hear(lab, told(0, **POOR), told(1, **POOR), told(2, **ALARM))
    for number in (0, 1):
        await put(lab, f"event-{number}", wish(RAISE, priority=Priority.URGENT))
    await put(lab, "event-2", wish(LOWER, priority=Priority.STANDARD))
    await put(lab, "event-2", wish(LOWER, priority=Priority.ROUTINE))
    now = datetime.now(UTC)
    found = await wiring.read_overrides(
        lab.settings, datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
    )
    assert [(o.row.rule, o.row.part, o.raised, o.lowered, o.cases, dict(o.reasons)) for o, _ in found] == [
        ("all_the_rest", "priority", 2, 0, 2, {"judgement": 2}),
        (None, "priority", 0, 1, 0, {"judgement": 1}),
        ("flag_now", "priority", 0, 1, 1, {"judgement": 1}),
    ]
    assert found[0][1] == shipped().labels["all_the_rest"]
    assert await wiring.read_overrides(lab.settings, now, now) == []

    await asyncio.to_thread(policy_overrides.show, lab.settings, None, None, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["all_the_rest", "priority", shipped().version, "2", "0", "2", "judgement", "2"]
    await asyncio.to_thread(policy_overrides.show, lab.settings, None, date(2020, 1, 1), as_json=False)
    assert capsys.readouterr().out == "nobody has overridden a rule\n"
    await asyncio.to_thread(policy_overrides.show, lab.settings, now.date(), None, as_json=True)
    assert json.loads(capsys.readouterr().out.splitlines()[0])["en"]


async def test_the_commands_tell_what_was_changed_against_which_rule(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    await hear(lab, told(0, **POOR))
    (case,) = await homes(lab, *await reports_of(lab, 0))
    up = case_commands.wish_of("raise", None, "urgent", "2", reason="told_more", by=FIRST)
    for _ in range(2):
        await asyncio.to_thread(case_commands.put, lab.settings, str(case), up)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        f"raise {up.override_id} by {FIRST}, told_more",
        "  priority routine to urgent, against all_the_rest",
        "  child_grade none to 2, against no_child",
    ]
    assert lines[3].startswith(f"case {case} version 2: family urgent, child grade 2 at ")
    assert lines[4] == f"{up.override_id} was said before; nothing changed"


async def test_at_the_desk_a_lowering_needs_the_second_persons_own_token(lab: Lab) -> None:
    await hear(lab, told(0, **ALARM))
    (case,) = await homes(lab, *await reports_of(lab, 0))
    second = {"second-authorization": f"Bearer {await signed_in(lab, SECOND, PostRole.SUPERVISOR)}"}
    lower = {"kind": "lower", "priority": "standard", "reason": "safe_now", "override_id": str(uuid4())}
    async with desk(lab) as client:
        at = f"/v1/cases/{case}/overrides"
        for body, headers, status, code in (
            (lower, {}, 409, "needs_a_second"),
            (lower, {"second-authorization": client.headers["authorization"]}, 409, "second_is_first"),
            (lower, {"authorization": ""}, 401, "token_missing"),
            (lower | {"reason": "told_more"}, second, 409, "reason_of_the_other_kind"),
            (lower | {"priority": "low"}, second, 422, "parameter_wrong"),
            (lower | {"note": "王小明 0912345678"}, second, 422, "parameter_wrong"),
        ):
            answered = await client.post(at, json=body, headers=headers)
            assert (answered.status_code, answered.json()["code"]) == (status, code)
            assert "王小明" not in answered.text
        unknown = await client.post(f"/v1/cases/{uuid4()}/overrides", json=lower, headers=second)
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown")
        done = await client.post(at, json=lower, headers=second)
        assert (done.status_code, done.json()["case"]["priority"]) == (201, "standard")
        assert done.json()["parts"] == [{"part": "priority", "was": "immediate", "now": "standard", "rule": "flag_now"}]
        again = await client.post(at, json=lower, headers=second)
        assert (again.status_code, again.json()["case"]) == (200, None)
        up = {"kind": "raise", "child_grade": 1, "reason": "seen_on_site"}
        assert (await client.post(at, json=up)).json()["case"]["child_grade"] == 1
    await require_sound(lab)
