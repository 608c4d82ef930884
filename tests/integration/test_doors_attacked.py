"""What strangers, full disks and refusing brokers do to the doors."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from doors import CLINIC
from lab import Lab

from pipeline.adapters.kafka.door import Door
from pipeline.adapters.probes import broker_answers
from pipeline.contracts.ids import event_key
from pipeline.domain.intake import Post
from pipeline.errors import NotTakenError
import pytest
import time

@asynccontextmanager
async def open_door(lab: Lab) -> AsyncIterator[Door]:
    door = Door(lab.settings.kafka_bootstrap, "test-door", partial(broker_answers, lab.settings.kafka_bootstrap))
    watching = asyncio.create_task(door.watch())
    try:
        while not door.is_open:
            await asyncio.sleep(0.05)
        yield door
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        await door.stop()

async def new_topic(lab, name, **configs):
    admin = AIOKafkaAdminClient(bootstrap_servers=lab.settings.kafka_bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1, topic_configs=configs)])
    finally:
        await admin.close()

def post(number, size=10, topic="intake.small.v1"):
    return Post(topic, CLINIC.code.encode(), event_key(CLINIC.code, f"e-{number}"), b"x" * size)

async def test_a(lab: Lab):
    await new_topic(lab, "intake.small.v1", **{"max.message.bytes": "5000"})
    async with open_door(lab) as door:
        await door.send(post(1))
        for p in (post(2, 20_000), post(3), post(4), post(5)):
            t = time.monotonic()
            try:
                await door.send(p); print("OK", time.monotonic()-t)
            except NotTakenError as e:
                print("REFUSED", e, e.is_unsure, time.monotonic()-t)
            while not door.is_open: await asyncio.sleep(0.05)
        t = time.monotonic()
        try:
            await door.send(post(6, topic="intake.missing.v1")); print("missing OK")
        except NotTakenError as e:
            print("missing", e, e.is_unsure, door.is_open, time.monotonic()-t)
    assert 0
