import pytest
from lab import VICTIM, Lab, event

from pipeline.contracts.vocabulary import Outcome
from pipeline.domain.chain import BEGINNING, link_hash


async def test_reports_come_out_on_their_queues_and_the_ledger_balances(lab: Lab) -> None:
    await lab.send(
        [
            event(1),
            event(2, source="clinic-0001", channel="clinic"),
            event(3, source="village-001", channel="partner", categories=["vulnerable_family"]),
            event(1),
            b"no report",
        ]
    )
    await lab.settle_all(5)
    await lab.publish_all()
    ledger = await lab.audit()
    assert ledger.balances
    assert (ledger.received, ledger.in_flight, ledger.lost, ledger.unpublished) == (5, 0, 0, 0)
    assert ledger.settled == {Outcome.CASE: 3, Outcome.REDELIVERY: 1, Outcome.DEAD_LETTER: 1}
    assert {r["event_id"] for r in await lab.records("queue.protective.v1")} == {"event-1", "event-2"}
    assert {r["event_id"] for r in await lab.records("queue.family.v1")} == {"event-3"}
    kinds = [r["type"] for r in await lab.records("case.events.v1")]
    assert sorted(kinds) == ["case.assessed.v1"] * 3 + ["report.unread.v1"]


async def test_a_second_report_of_an_incident_raises_its_case_and_moves_it_between_queues(lab: Lab) -> None:
    poor = event(1, categories=["vulnerable_family"], persons=[VICTIM])
    grave = event(
        2, source="clinic-0001", persons=[VICTIM], categories=["vulnerable_family"], crisis_flags=["life_threatened"]
    )
    await lab.send([poor])
    await lab.settle_all(1)
    await lab.send([grave])
    await lab.settle_all(2)
    await lab.publish_all()
    family = await lab.records("queue.family.v1")
    protective = await lab.records("queue.protective.v1")
    assert [(r["kind"], r["case_version"]) for r in family] == [("assigned", 1), ("withdrawn", 2)]
    assert [(r["kind"], r["case_version"], r["priority"]) for r in protective] == [("assigned", 2, "immediate")]
    assert family[0]["case_id"] == protective[0]["case_id"]
    assert protective[0]["reports"] == 2


async def test_a_report_that_quotes_two_cases_joins_them_and_withdraws_the_younger(lab: Lab) -> None:
    await lab.send([event(1)])
    await lab.settle_all(1)
    await lab.send([event(2, source="clinic-0001")])
    await lab.settle_all(2)
    bridge = event(3, source="school-001", related_report_nos=["hotline-113-1", "clinic-0001-2"])
    bridge["data"]["persons"] = [{"role": "victim"}]
    await lab.send([bridge])
    await lab.settle_all(3)
    await lab.publish_all()
    cases = await lab.pool.fetch("SELECT case_id, state FROM case_file ORDER BY opened_at")
    assert [c["state"] for c in cases] == ["waiting", "merged"]
    assert await lab.pool.fetchval("SELECT case_id FROM case_alias") == cases[0]["case_id"]
    withdrawn = [r for r in await lab.records("queue.protective.v1") if r["kind"] == "withdrawn"]
    assert [(r["case_id"], r["merged_into"]) for r in withdrawn] == [
        (str(cases[1]["case_id"]), str(cases[0]["case_id"]))
    ]
    assert (await lab.audit()).balances
    amended = event(2, source="clinic-0001", crisis_flags=["life_threatened"]) | {"id": "event-4"}
    await lab.send([amended])
    await lab.settle_all(4)
    assert await lab.pool.fetchval("SELECT priority FROM case_file WHERE state = 'waiting'") == "immediate"


async def test_a_case_history_is_a_chain_and_can_only_be_added_to(lab: Lab) -> None:
    await lab.send([event(1, persons=[VICTIM]), event(2, persons=[VICTIM])])
    await lab.settle_all(2)
    head = BEGINNING
    for row in await lab.pool.fetch("SELECT * FROM case_event ORDER BY version"):
        assert row["prior_hash"] == head
        head = link_hash(head, row["case_id"], row["version"], row["body"])
        assert row["hash"] == head
    assert await lab.pool.fetchval("SELECT head_hash FROM case_file") == head
    for statement in (
        "UPDATE case_event SET kind = ''",
        "DELETE FROM case_event",
        "DELETE FROM inbox",
        "DELETE FROM unread_report",
    ):
        with pytest.raises(Exception, match=r"insert-only|never removed"):
            await lab.pool.execute(statement)


async def test_an_unread_report_rings_once_and_keeps_its_first_receipt_time(lab: Lab) -> None:
    await lab.send([b"no report"], topic="intake.partner.v1")
    await lab.settle_all(1)
    first = await lab.pool.fetchrow("SELECT * FROM unread_report")
    assert (first["due_at"] - first["first_seen_at"]).total_seconds() == 3600
    await lab.send([b"no report"], topic="intake.partner.v1")
    await lab.settle_all(2)
    again = await lab.pool.fetchrow("SELECT * FROM unread_report")
    assert (again["times_seen"], again["due_at"]) == (2, first["due_at"])
    await lab.publish_all()
    assert len(await lab.records("case.events.v1")) == 1
    assert (await lab.audit()).unread_open == 1


async def test_a_source_is_quarantined_on_a_topic_that_is_not_its_own(lab: Lab) -> None:
    await lab.send([event(1)], topic="intake.clinic.v1")
    await lab.send([event(2, source="nobody")], topic="intake.partner.v1")
    await lab.settle_all(2)
    codes = {r["code"]: r["kind"] for r in await lab.pool.fetch("SELECT code, kind FROM unread_report")}
    assert codes == {"source_not_of_this_topic": "quarantine", "source_unregistered": "quarantine"}
