"""What may happen to a relay between sending and marking: nothing is lost, nothing stands on a topic twice."""

from collections import Counter
from collections.abc import Sequence

import pytest
from lab import VICTIM, Lab, event, until

from pipeline.adapters.kafka.onlooker import Onlooker
from pipeline.adapters.kafka.outlet import Outlet
from pipeline.adapters.postgres.audit_store import AuditStore
from pipeline.adapters.postgres.relay_store import RelayStore
from pipeline.contracts.messages import Coordinate
from pipeline.domain.ledger import Settlements
from pipeline.domain.outgoing import Outgoing, Published
from pipeline.errors import FencedError, LogWentBackError
from pipeline.stages import audit
from pipeline.stages.ledger import ledger_state
from pipeline.stages.relay import Relay


async def settled(lab: Lab, reports: int) -> None:
    await lab.send([event(n) for n in range(reports)])
    await lab.settle_all(reports)


async def test_what_a_relay_sent_and_never_marked_is_found_and_not_sent_again(lab: Lab) -> None:
    await settled(lab, 6)
    outlet = Outlet(lab.brokers, "dies")
    await outlet.start()
    box = RelayStore(lab.pools.relay, lab.settings.postgres_dsn, "dies")
    await outlet.send((await box.waiting(500))[:7])
    await outlet.stop()
    await lab.publish_all()
    ids = [r["message_id"] for r in await lab.records("queue.protective.v1")]
    assert len(ids) == 6
    assert set(Counter(ids).values()) == {1}
    assert (await lab.audit()).balances


async def test_a_relay_whose_lease_was_taken_marks_nothing_and_ends(lab: Lab) -> None:
    await settled(lab, 1)
    box = RelayStore(lab.pools.relay, lab.settings.postgres_dsn, "lab")
    epoch = await box.take_lease()
    assert epoch is not None
    assert await RelayStore(lab.pools.relay, lab.settings.postgres_dsn, "new").take_lease() is None
    await lab.pool.execute("UPDATE relay_lease SET beat_at = now() - interval '21 s'")
    assert await RelayStore(lab.pools.relay, lab.settings.postgres_dsn, "new").take_lease() == epoch + 1
    sent = [Published(m, Coordinate(m.topic, 0, 0)) for m in await box.waiting(1)]
    with pytest.raises(FencedError):
        await box.mark(epoch, sent)
    with pytest.raises(FencedError):
        await box.beat(epoch)
    assert await lab.count("outbox WHERE published_offset IS NOT NULL") == 0


async def test_the_versions_of_a_case_reach_its_topic_in_their_order(lab: Lab) -> None:
    told = [event(n, persons=[VICTIM], received_at="2026-03-02T09:00:00+08:00") for n in range(12)]
    await lab.send(told)
    await lab.settle_all(12)
    await lab.publish_all()
    assert [r["case_version"] for r in await lab.records("queue.protective.v1")] == list(range(1, 13))


class Unreliable(Outlet):
    """Says of one message that it was sent, and does not send it."""

    async def send(self, messages: Sequence[Outgoing]) -> list[Published]:
        kept = await super().send(messages[:-1])
        return [*kept, Published(messages[-1], Coordinate(messages[-1].topic, 0, 999))]


async def test_the_auditor_finds_a_message_that_was_marked_and_never_sent(lab: Lab) -> None:
    await settled(lab, 2)
    outlet = Unreliable(lab.brokers, "unreliable")
    await outlet.start()
    async with lab.relay("unreliable") as honest:
        relay = Relay(honest._box, outlet, honest._topics, lab.heard)  # noqa: SLF001
        await until(relay.turn, lab.nothing_unpublished)
    await outlet.stop()
    ledger = await lab.audit()
    assert not ledger.balances
    assert ledger.findings["outgoing_log_went_back"] == 1


async def test_the_auditor_finds_a_message_that_was_passed_over(lab: Lab) -> None:
    await settled(lab, 3)
    await lab.pool.execute("ALTER TABLE inbox DISABLE TRIGGER ALL")
    await lab.pool.execute("DELETE FROM inbox WHERE event_key = (SELECT min(event_key::text)::uuid FROM inbox)")
    ledger = await lab.audit()
    assert not ledger.balances
    assert (ledger.lost, ledger.findings["lost"]) == (1, 1)


async def test_the_auditor_finds_a_message_that_was_settled_without_its_case(lab: Lab) -> None:
    await settled(lab, 2)
    await lab.pool.execute("DELETE FROM decision WHERE event_key = (SELECT min(event_key::text)::uuid FROM decision)")
    ledger = await lab.audit()
    assert not ledger.balances
    assert ledger.findings["half_settled"] == 1


async def test_the_auditor_finds_a_settlement_of_bytes_that_nobody_sent(lab: Lab) -> None:
    await settled(lab, 1)
    await lab.pool.execute("ALTER TABLE inbox DISABLE TRIGGER ALL; UPDATE inbox SET digest = '\\x00'")
    assert (await lab.audit()).findings["other_bytes"] == 1


async def test_what_a_person_settled_stays_quiet_and_what_comes_back_by_itself_rings_anew(lab: Lab) -> None:
    store = AuditStore(lab.pools.auditor)
    assert await store.raise_alarm("relay_late", "now")
    assert not await store.raise_alarm("relay_late", "now")
    await store.silence_alarm("relay_late", "now")
    assert await store.raise_alarm("relay_late", "now")
    (ringing,) = await store.open_alarms()
    assert await store.settle_alarm(ringing.alarm_id, "林督導")
    assert not await store.settle_alarm(ringing.alarm_id, "林督導")
    assert not await store.raise_alarm("relay_late", "now")
    assert (await store.open_alarms(), await store.findings()) == ([], {})
    await lab.pool.execute("UPDATE alarm SET seen_at = seen_at - interval '2 min'")
    assert await store.raise_alarm("relay_late", "now")


async def test_a_person_who_has_read_an_unread_report_ends_its_alarm_and_the_report_stays(lab: Lab) -> None:
    await lab.send([b"no report"])
    await lab.settle_all(1)
    store, people = AuditStore(lab.pools.auditor), AuditStore(lab.pools.operate)
    (row,) = await AuditStore(lab.pools.operate).unread_list()
    assert await people.mark_read(row.unread_id, "林督導")
    assert not await people.mark_read(row.unread_id, "林督導")
    assert (await AuditStore(lab.pools.operate).unread_list(), await store.open_alarms()) == ([], [])
    assert await lab.pool.fetchval("SELECT read_by FROM unread_report") == "林督導"


async def test_a_relay_that_died_is_followed_at_once_for_it_has_no_session_any_more(lab: Lab) -> None:
    gone = RelayStore(lab.pools.relay, lab.settings.postgres_dsn, "nobody-by-this-name")
    assert await gone.take_lease() == 1
    assert await RelayStore(lab.pools.relay, lab.settings.postgres_dsn, "lab").take_lease() == 2


async def test_a_queue_topic_that_was_made_anew_stops_the_relay_before_it_sends(lab: Lab) -> None:
    await settled(lab, 4)
    await lab.publish_all()
    await lab.pool.execute("UPDATE relay_mark SET next_offset = next_offset + 100")
    await lab.send([event(9)])
    await lab.settle_all(5)
    async with lab.relay("second") as relay:
        with pytest.raises(LogWentBackError):
            await until(relay.turn, lab.nothing_unpublished, turns_max=3)
    assert (await AuditStore(lab.pools.auditor).findings())["outgoing_log_went_back"] == 1
    assert "event-9" not in {r["event_id"] for r in await lab.records("queue.protective.v1")}


async def test_nothing_that_settles_while_the_ledger_is_read_counts_twice(lab: Lab) -> None:
    await lab.send([event(n) for n in range(5)])
    store = AuditStore(lab.pools.auditor)
    before = await store.settlements()
    await lab.settle_all(5)
    async with Onlooker(lab.brokers, "reader") as onlooker:
        assert (await ledger_state(store, onlooker)).balances
        store.settlements = lambda: answered(before)  # type: ignore[method-assign]
        ledger = await ledger_state(store, onlooker)
    assert (ledger.received, ledger.in_flight, sum(ledger.settled.values()), ledger.lost) == (5, 5, 0, 0)


async def answered(value: Settlements) -> Settlements:
    return value


async def test_an_intake_that_nobody_settles_rings_and_falls_silent_when_it_moves(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "TAIL_SILENT_MAX_S", 0.0)
    monkeypatch.setattr(audit, "INTAKE_STILL_MAX_S", 0.0)
    await lab.send([event(1)])
    async with lab.auditor() as auditor:
        await auditor.turn()
        assert (await auditor.turn()).findings.get("intake_late") == 1
        await lab.settle_all(1)
        await auditor.turn()
    assert await AuditStore(lab.pools.auditor).findings() == {}


async def test_an_unread_report_that_comes_again_after_it_was_read_waits_for_a_person_again(lab: Lab) -> None:
    await lab.send([b"no report"])
    await lab.settle_all(1)
    store = AuditStore(lab.pools.auditor)
    (row,) = await AuditStore(lab.pools.operate).unread_list()
    await AuditStore(lab.pools.operate).mark_read(row.unread_id, "林督導")
    await lab.send([b"no report"])
    await lab.settle_all(2)
    (again,) = await AuditStore(lab.pools.operate).unread_list()
    assert (again.unread_id, again.times_seen, again.first_seen_at) == (row.unread_id, 2, row.first_seen_at)
    assert again.due_at > row.due_at
    assert [a.code for a in await store.open_alarms()] == ["unread_report"]
    await lab.publish_all()
    assert len(await lab.records("case.events.v1")) == 2
