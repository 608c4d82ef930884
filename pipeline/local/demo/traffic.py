"""The sender of the demo, a process of its own: sends what was invented and writes down what was acknowledged.

Killed at any moment and started again, it goes on where the acknowledgements stopped; what was sent but not written
down goes out once more, as it would from any careful source.
"""

import argparse
import asyncio
import json
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError

from pipeline.contracts.topics import MESSAGE_BYTES_MAX
from pipeline.local.demo import invent
from pipeline.local.demo.sources import registered_sources

if TYPE_CHECKING:
    from aiokafka.structs import RecordMetadata

UNACKNOWLEDGED_MAX = 2_000
CONNECT_TIMEOUT_S = 60.0
CONNECT_RETRY_S = 0.5
ACKNOWLEDGE_TIMEOUT_MS = 60_000


@dataclass(frozen=True, slots=True)
class Ack:
    """One acknowledged message, as one line of the list. `sent_ms` is the record's own time, Unix milliseconds."""

    number: int
    event_id: str | None
    source: str
    kind: str
    what: str
    topic: str
    partition: int
    offset: int
    sha256: str
    sent_ms: int

    def line(self) -> bytes:
        return json.dumps({name: getattr(self, name) for name in self.__slots__}).encode() + b"\n"


def read_acks(lines: Iterable[bytes]) -> Iterator[Ack]:
    """Whole lines only: one that a kill cut short is passed over."""
    for line in lines:
        try:
            yield Ack(**json.loads(line))
        except (ValueError, TypeError):
            continue


class Sender:
    """Sends messages at their time and writes each acknowledgement down. `failed` is the first error of a sending."""

    def __init__(self, producer: AIOKafkaProducer, acked: BinaryIO) -> None:
        self._producer = producer
        self._acked = acked
        self._room = asyncio.Semaphore(UNACKNOWLEDGED_MAX)
        self.stop = asyncio.Event()
        self.failed: BaseException | None = None

    async def send(self, messages: Iterable[invent.Invented], per_s: float) -> None:
        """Until all are handed over or `stop` is set. `per_s` of 0 is as fast as they go."""
        began = time.monotonic()
        for handed_over, message in enumerate(messages):
            due = began + handed_over / per_s if per_s else 0.0
            await self._wait_until(due)
            await self._room.acquire()
            if self.stop.is_set():
                return
            sent_ms = time.time_ns() // 1_000_000
            topic = message.door.topic
            future = await self._producer.send(
                topic, message.value, key=message.key.encode(), timestamp_ms=sent_ms, headers=[]
            )
            future.add_done_callback(lambda done, m=message, at=sent_ms: self._note(done, m, at))

    async def _wait_until(self, due: float) -> None:
        left = due - time.monotonic()
        if left > 0:
            try:
                await asyncio.wait_for(self.stop.wait(), left)
            except TimeoutError:
                return

    def _note(self, done: "asyncio.Future[RecordMetadata]", message: invent.Invented, sent_ms: int) -> None:
        self._room.release()
        if done.cancelled() or (error := done.exception()):
            self.failed = self.failed or (None if done.cancelled() else error)
            self.stop.set()
            return
        at = done.result()
        ack = Ack(
            number=message.number,
            event_id=message.event_id,
            source=message.door.code,
            kind=message.door.kind,
            what=message.what,
            topic=at.topic,
            partition=at.partition,
            offset=at.offset,
            sha256=sha256(message.value).hexdigest(),
            sent_ms=sent_ms,
        )
        self._acked.write(ack.line())


async def _connected(bootstrap: str) -> AIOKafkaProducer:
    deadline = time.monotonic() + CONNECT_TIMEOUT_S
    while True:
        producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap,
            enable_idempotence=True,
            linger_ms=2,
            max_request_size=MESSAGE_BYTES_MAX,
            request_timeout_ms=ACKNOWLEDGE_TIMEOUT_MS,
        )
        try:
            await producer.start()
        except KafkaConnectionError:
            await producer.stop()
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(CONNECT_RETRY_S)
        else:
            return producer


@dataclass(frozen=True, slots=True)
class Errand:
    """What the sender was started for."""

    kafka: str
    acked: Path
    reports: int
    per_s: float
    seed: int
    until: datetime

    def argv(self) -> tuple[str, ...]:
        """The arguments by which another process is given this errand."""
        return (
            *("--kafka", self.kafka, "--acked", str(self.acked), "--reports", str(self.reports)),
            *("--per-s", str(self.per_s), "--seed", str(self.seed), "--until", self.until.isoformat()),
        )

    def messages(self) -> Iterator[invent.Invented]:
        """What is not yet acknowledged, in order."""
        with self.acked.open("rb") as lines:
            done = {ack.number for ack in read_acks(lines)}
        every = invent.events(self.seed, self.reports, until=self.until, sources=registered_sources())
        return (message for message in every if message.number not in done)


def errand(argv: list[str] | None = None) -> Errand:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kafka", required=True)
    parser.add_argument("--acked", required=True, type=Path)
    parser.add_argument("--reports", required=True, type=int)
    parser.add_argument("--per-s", required=True, type=float)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--until", required=True, type=datetime.fromisoformat)
    return Errand(**vars(parser.parse_args(argv)))


async def run(what: Errand) -> int:
    """Sends, then waits to be ended: a sender that left would be started again."""
    finish_torn_line(what.acked)
    messages = await asyncio.to_thread(what.messages)
    producer = await _connected(what.kafka)
    with what.acked.open("ab", buffering=0) as acked:
        sender = Sender(producer, acked)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, sender.stop.set)
        try:
            await sender.send(messages, what.per_s)
            await producer.flush()
            await sender.stop.wait()
        finally:
            await producer.stop()
    return 1 if sender.failed else 0


def finish_torn_line(path: Path) -> None:
    """A line that a kill cut short must not swallow the next one."""
    with path.open("a+b") as file:
        if file.tell():
            file.seek(-1, 2)
            if file.read(1) != b"\n":
                file.write(b"\n")


def main() -> int:
    try:
        return asyncio.run(run(errand()))
    except KafkaError as problem:
        sys.stderr.write(f"sending failed: {type(problem).__name__}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
