"""Visits and other steps, as they are told and kept, by the database's own word."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from lab import Lab
from staff import people_pool, signed_in
from test_desk_acts import act
from test_who_sees_what import centre_of, one_case

from pipeline.adapters.postgres.along import Along
from pipeline.adapters.postgres.database import Pool
from pipeline.domain.posts import PostRole
from pipeline.domain.steps import Came, Method, Outcome, StepTold, Why, fault_of

SEEN = {"method": "B", "outcome": "reached"}


@pytest.fixture
async def people(lab: Lab) -> Pool:
    return await people_pool(lab)


async def accepted(lab: Lab, people: Pool, case: UUID, staff: str = "w1") -> tuple[str, int]:
    """The token of the lead worker, and the fence of their claim."""
    centre = await centre_of(lab, case)
    screener = await signed_in(lab, "s1", PostRole.SCREENER, centre)
    claimed = await act(people, screener, case, "claim")
    assert (await act(people, screener, case, "screen_open", claimed["fence"]))["code"] == "done"
    queue = await lab.pool.fetchval("SELECT queue FROM case_file WHERE case_id = $1", case)
    role = PostRole.FAMILY_WORKER if queue == "family" else PostRole.PROTECTIVE_WORKER
    worker = await signed_in(lab, staff, role, centre)
    taken = await act(people, worker, case, "accept")
    assert taken["code"] == "done", taken
    return worker, taken["fence"]


async def clock_of(lab: Lab, case: UUID, name: str) -> UUID:
    """A clock of this name of the case's first incident, whatever its policy says."""
    incident: UUID = await lab.pool.fetchval("SELECT incident_id FROM incident WHERE case_id = $1 LIMIT 1", case)
    await lab.pool.execute(
        "INSERT INTO clock (incident_id, name, due_at) VALUES ($1, $2, now() + interval '1 day')"
        " ON CONFLICT DO NOTHING",
        incident,
        name,
    )
    return incident


async def met(lab: Lab) -> list[str]:
    return [row["name"] for row in await lab.pool.fetch("SELECT name FROM clock_met WHERE name LIKE '%visit'")]


async def test_a_visit_that_reached_nobody_is_written_with_its_reason_and_goes_on_ringing(
    lab: Lab, people: Pool
) -> None:
    case = await one_case(lab)
    worker, fence = await accepted(lab, people, case)
    incident = await clock_of(lab, case, "child_visit")
    ringing = "SELECT count(*) FROM timer WHERE kind = 'clock' AND subject LIKE '%/child_visit'"
    not_there = {"step": "child_visit", "method": "B", "outcome": "not_reached"}
    assert (await act(people, worker, case, "step", fence, **not_there))["code"] == "why_unknown"
    assert (await act(people, worker, case, "step", fence, **not_there, why="nobody_home"))["code"] == "done"
    assert (await met(lab), await lab.pool.fetchval(ringing)) == ([], 1)
    told = {"step": "child_visit", "incident_id": str(incident), **SEEN}
    assert (await act(people, worker, case, "step", fence, **told))["code"] == "done"
    assert (await met(lab), await lab.pool.fetchval(ringing)) == (["child_visit"], 0)
    along = await Along(people).steps(worker, case)
    assert along
    steps = [(s["method"], s["outcome"], s["why"], s["incident_id"], s["staff"]) for s in along[0]]
    assert steps == [("B", "not_reached", "nobody_home", None, "w1"), ("B", "reached", None, incident, "w1")]


async def test_a_step_that_is_refused_is_not_written_and_one_said_again_is_written_once(lab: Lab, people: Pool) -> None:
    case = await one_case(lab)
    worker, fence = await accepted(lab, people, case)
    for said, code in (
        ({"step": "family_visit"}, "method_unknown"),
        ({"step": "first_contact", "method": "A"}, "outcome_unknown"),
        ({"step": "contact", "method": "L", "outcome": "reached"}, "method_unknown"),
        ({"step": "child_visit", "method": "A", "outcome": "reached"}, "why_unknown"),
        ({"step": "child_report", "why": "she is at her aunt's"}, "why_unknown"),
        ({"step": "joint_call_out"}, "came_unknown"),
        ({"step": "joint_call_out", "came": ["police", "a neighbour"]}, "came_unknown"),
        ({"step": "integrated_team", "came": ["police"]}, "told_once_missing"),
        ({"step": "child_report", "incident_id": str(uuid4())}, "incident_unknown"),
    ):
        assert (await act(people, worker, case, "step", fence, **said))["code"] == code, said
    assert await lab.count("case_step") == 0
    told: dict[str, Any] = {"step": "integrated_team", "came": ["prosecutor", "police", "social_worker"]}
    told |= {"told_once": True, "act_id": str(uuid4())}
    for _ in range(2):
        assert (await act(people, worker, case, "step", fence, **told))["code"] == "done"
    (row,) = await lab.pool.fetch("SELECT * FROM case_step")
    assert (row["came"], row["told_once"]) == (["prosecutor", "police", "social_worker"], True)
    with pytest.raises(asyncpg.RestrictViolationError):
        await lab.pool.execute("UPDATE case_step SET told_once = false")


async def test_the_database_finds_the_faults_that_the_code_finds(lab: Lab) -> None:
    for step in ("child_visit", "contact", "child_report", "joint_call_out", "integrated_team", "visit_planned"):
        for method in (None, *Method):
            for outcome in (None, *Outcome):
                for why in (None, Why.MISSING):
                    for came, told_once in (
                        (frozenset(), None),
                        (frozenset({Came.POLICE}), None),
                        (frozenset(Came), False),
                    ):
                        one = StepTold(step, method, outcome, why, came, told_once)
                        said = {"step": step, "method": method, "outcome": outcome, "why": why}
                        said |= {"came": sorted(came), "told_once": told_once}
                        found = await lab.pool.fetchval("SELECT step_fault($1, $2)", uuid4(), said)
                        assert found == fault_of(one), one
    for words in (Method, Outcome, Why):
        for word in words:
            said = {"step": "child_report", "why": "other", words.__name__.lower(): word}
            assert await lab.pool.fetchval("SELECT step_fault($1, $2)", uuid4(), said) is None


async def test_planned_visits_are_shown_with_those_that_were_missed_and_to_nobody_elsewhere(
    lab: Lab, people: Pool
) -> None:
    case = await one_case(lab)
    worker, fence = await accepted(lab, people, case)
    for days in (-2, 5):
        await lab.pool.execute(
            "INSERT INTO task (task_id, case_id, kind, due_at)"
            " VALUES ($1, $2, 'intensive_visit', now() + $3::int * interval '1 day')",
            uuid4(),
            case,
            days,
        )
    told = {"step": "intensive_visit", **SEEN}
    assert (await act(people, worker, case, "step", fence, **{**told, "outcome": "not_reached", "why": "put_off"}))[
        "code"
    ] == "done"
    found = await Along(people).steps(worker, case)
    assert found
    assert [row["done_at"] for row in found[1]] == [None, None]
    assert found[1][0]["due_at"] < datetime.now(UTC)
    assert (await act(people, worker, case, "step", fence, **told))["code"] == "done"
    found = await Along(people).steps(worker, case)
    assert found
    assert [bool(row["done_at"]) for row in found[1]] == [True, False]
    away = await signed_in(lab, "w2", PostRole.PROTECTIVE_WORKER, "09007-protective")
    assert await Along(people).steps(away, case) is None
