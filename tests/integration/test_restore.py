"""The database is put back to yesterday; Kafka still holds what came since."""

import asyncpg
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from lab import VICTIM, Lab, event, open_pools, until

from pipeline.adapters.postgres.database import open_pool
from pipeline.errors import LogWentBackError

DECIDED = "SELECT event_id, decision->>'case_id' AS case_id FROM decision JOIN report_version USING (event_key)"


async def copy_database(lab: Lab, original: str, copy: str) -> None:
    """Both as whole databases, as a backup would be; nobody is connected meanwhile."""
    admin = await asyncpg.connect(lab.settings.keys_dsn)
    try:
        await admin.execute(f"DROP DATABASE IF EXISTS {copy} WITH (FORCE)")
        await admin.execute(f"CREATE DATABASE {copy} TEMPLATE {original}")
    finally:
        await admin.close()


async def reconnect(lab: Lab) -> None:
    lab.pools = await open_pools(lab.settings, lab.stack)
    lab.pool = await open_pool(lab.settings.postgres_dsn, name="lab", role=None, connections_max=6)
    lab.stack.callback(lab.pool.terminate)


def disconnect(lab: Lab) -> None:
    for pool in (lab.pool, *lab.pools.on_data):
        pool.terminate()


async def test_a_database_put_back_to_yesterday_rolls_forward_from_kafka(lab: Lab) -> None:
    name = str(await lab.pool.fetchval("SELECT current_database()"))
    await lab.send([event(n) for n in range(4)])
    await lab.settle_all(4)
    await lab.publish_all()
    disconnect(lab)
    await copy_database(lab, name, f"{name}_backup")
    await reconnect(lab)
    await lab.send([event(4, persons=[VICTIM]), event(5, source="clinic-0001", persons=[VICTIM])])
    await lab.settle_all(6)
    await lab.publish_all()
    lost = await lab.pool.fetch(DECIDED)
    disconnect(lab)
    await copy_database(lab, f"{name}_backup", name)
    await reconnect(lab)
    assert await lab.count("inbox") == 4
    await lab.pool.execute("UPDATE history SET number = number + 1")
    await lab.settle_all(6)
    await lab.publish_all()
    again = await lab.pool.fetch(DECIDED)
    assert {r["event_id"] for r in again} == {r["event_id"] for r in lost}
    assert len({r["case_id"] for r in again}) == len({r["case_id"] for r in lost}) == 5
    await lab.send([event(6)])
    await lab.settle_all(7)
    await lab.publish_all()
    told = await lab.records("queue.protective.v1")
    assert {r["event_id"] for r in told} == {f"event-{n}" for n in range(7)}
    assert {r["history"] for r in told if r["event_id"] == "event-6"} == {2}
    ledger = await lab.audit()
    assert (ledger.received, ledger.in_flight, ledger.lost) == (7, 0, 0)


async def test_retention_that_passed_before_a_report_was_read_stops_the_worker_and_rings(lab: Lab) -> None:
    await lab.send([event(1)], partition=0)
    await lab.settle_all(1)
    await lab.send([event(2), event(3)], partition=0)
    admin = AIOKafkaAdminClient(**lab.brokers.options())
    await admin.start()
    await admin.delete_records({TopicPartition("intake.hotline.113.v1", 0): RecordsToDelete(before_offset=2)})
    await admin.close()
    async with lab.assess() as stage:
        with pytest.raises(LogWentBackError):
            await until(stage.turn, lambda: lab.inbox_holds(2), turns_max=40)
    assert await lab.pool.fetchval("SELECT code FROM alarm") == "log_removed_unread"
    assert await lab.count("inbox") == 1
