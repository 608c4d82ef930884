"""A sender passes nothing over: each line is acknowledged or named."""

import asyncio
from types import SimpleNamespace
from typing import Any

from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError

from pipeline.adapters.sender import UNACKNOWLEDGED_MAX, Post, Sender
from pipeline.contracts.messages import Coordinate


class Broker:
    """Takes every message but the ones it is told to refuse, at once or when it should acknowledge."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._offset = 0

    async def send(self, topic: str, value: bytes, **_: object) -> "asyncio.Future[Any]":
        self.asked.append(topic)
        if topic == "missing":
            raise KafkaTimeoutError
        if value == b"huge":
            raise MessageSizeTooLargeError
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if value == b"lost":
            done.set_exception(KafkaTimeoutError())
        else:
            done.set_result(SimpleNamespace(topic=topic, partition=0, offset=self._offset))
            self._offset += 1
        return done

    async def flush(self) -> None:
        await asyncio.sleep(0)


async def sent(*posts: Post) -> tuple[Sender, Broker, list[tuple[int, Coordinate]]]:
    broker, acked = Broker(), []
    sender = Sender(broker, lambda post, at: acked.append((post.number, at)))  # type: ignore[arg-type] # stands in for it
    blocks = [posts[:2], posts[2:]] if posts[2:] else [posts]
    await asyncio.wait_for(sender.send(iter(blocks)), 10)
    return sender, broker, acked


def post(number: int, value: bytes = b"{}", topic: str = "intake.clinic.v1") -> Post:
    return Post(number, topic, None, value, None)


async def test_every_acknowledged_line_is_told_with_its_place() -> None:
    sender, _, acked = await sent(post(1), post(2), post(3))
    assert acked == [(n, Coordinate("intake.clinic.v1", 0, n - 1)) for n in (1, 2, 3)]
    assert sender.failed == []


async def test_a_line_that_is_too_long_or_not_acknowledged_is_named_and_the_rest_goes_out() -> None:
    sender, _, acked = await sent(post(1), post(2, b"huge"), post(3, b"lost"), post(4))
    assert [number for number, _ in acked] == [1, 4]
    assert sorted(sender.failed) == [2, 3]
    assert sender.refused == set()


async def test_a_topic_that_is_not_there_is_asked_once() -> None:
    sender, broker, acked = await sent(post(1, topic="missing"), post(2), post(3, topic="missing"), post(4))
    assert [number for number, _ in acked] == [2, 4]
    assert sender.failed == [1, 3]
    assert broker.asked.count("missing") == 1
    assert sender.refused == {"missing"}


async def test_failures_take_no_room_from_what_follows() -> None:
    posts = [post(n, topic="missing") for n in range(UNACKNOWLEDGED_MAX + 5)]
    sender, _, acked = await sent(*posts, post(9999))
    assert len(sender.failed) == UNACKNOWLEDGED_MAX + 5
    assert [number for number, _ in acked] == [9999]
