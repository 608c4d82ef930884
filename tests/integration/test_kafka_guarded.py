"""A broker with TLS, passwords and rights: each may do its own work there, and nothing else."""

import asyncio
import itertools
import json
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError
from crew import Crew, all_settled, eventually, require_whole, run
from lab import Lab, event

from pipeline import wiring
from pipeline.adapters.kafka.accounts import Accounts
from pipeline.adapters.kafka.brokers import Brokers, brokers_of
from pipeline.adapters.kafka.outlet import new_producer
from pipeline.contracts.topics import OUTGOING
from pipeline.domain.kafka_rights import On, Operation, Right, rights_of_processes
from pipeline.errors import BrokerRefusedError
from pipeline.local.ports import remembered_ports
from pipeline.local.supervisor import Child
from pipeline.settings import KafkaSecurity, Settings

HOTLINE, ANOTHER = "intake.hotline.113.v1", "intake.hotline.1957.v1"
QUEUE = "queue.protective.v1"
REVOKED_WITHIN_S = 2.0
READ_FOR_MS = 1500
PRINCIPALS = tuple(rights_of_processes("any"))


def as_account(lab: Lab, user: str, password: str) -> Brokers:
    """The lab's brokers, called by another."""
    known = brokers_of(lab.settings)
    return Brokers(known.bootstrap, user, password, known.context, known.ca_file)


async def given_kafka(lab: Lab, code: str, *argv: str) -> Brokers:
    """The source's own account, as the operator's command made it."""
    ended = await run(lab.settings, "source", *(argv or ("add", code, "--kafka")))
    assert ended.exit_code == 0, ended.err
    found = re.search(r"^password: (\S+)$", ended.out, re.MULTILINE)
    assert found
    return as_account(lab, f"source.{code}", found[1])


async def write(brokers: Brokers, topic: str, value: bytes = b"{}") -> None:
    async with producing(brokers) as producer:
        await producer.send_and_wait(topic, value)


@asynccontextmanager
async def producing(brokers: Brokers) -> AsyncIterator[AIOKafkaProducer]:
    producer = new_producer(brokers, "test-guarded", idempotent=False)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def read_first(brokers: Brokers, topic: str) -> list[bytes]:
    """What stands on its first partition, from the beginning, in no group."""
    consumer = AIOKafkaConsumer(**brokers.options(), auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        got = await consumer.getmany(timeout_ms=READ_FOR_MS)
        return [record.value for records in got.values() for record in records]
    finally:
        await consumer.stop()


async def may_write(brokers: Brokers, topic: str) -> bool:
    try:
        await asyncio.wait_for(write(brokers, topic), 20)
    except TopicAuthorizationFailedError:
        return False
    return True


async def may_read(brokers: Brokers, topic: str) -> bool:
    """aiokafka waits on where a topic is refused; what stands there is never handed out."""
    try:
        return bool(await read_first(brokers, topic))
    except TopicAuthorizationFailedError:
        return False


@pytest.fixture
async def accounts(guarded_lab: Lab) -> AsyncIterator[Accounts]:
    """Of the operator; whatever else stood there before is gone, and will be again."""
    opened = await wiring.kafka_accounts(guarded_lab.settings)

    async def remove_all() -> None:
        for name in await asyncio.to_thread(opened.names) - {"anwang.operate"}:
            await asyncio.to_thread(opened.remove, name)

    await remove_all()
    yield opened
    await remove_all()


async def test_a_source_writes_to_its_own_topic_and_to_no_other_and_reads_nothing(
    guarded_lab: Lab, accounts: Accounts
) -> None:
    source = await given_kafka(guarded_lab, "hotline-113")
    assert await asyncio.to_thread(accounts.names) == {"anwang.operate", "source.hotline-113"}
    for topic in (HOTLINE, ANOTHER, QUEUE):
        await write(guarded_lab.brokers, topic)
        for partition in range(guarded_lab.settings.partitions):
            await write_to(guarded_lab.brokers, topic, partition)
    assert await may_write(source, HOTLINE)
    assert not await may_write(source, ANOTHER)
    assert not await may_write(source, QUEUE)
    assert await may_read(guarded_lab.brokers, QUEUE)
    assert not [topic for topic in (HOTLINE, ANOTHER, QUEUE) if await may_read(source, topic)]


async def write_to(brokers: Brokers, topic: str, partition: int) -> None:
    async with producing(brokers) as producer:
        await producer.send_and_wait(topic, b"{}", partition=partition)


async def test_a_revoked_source_is_refused_within_seconds_on_the_connection_that_it_has_open(
    guarded_lab: Lab,
    accounts: Accounts,  # noqa: ARG001 - none is left
) -> None:
    source = await given_kafka(guarded_lab, "hotline-113")
    async with producing(source) as open_since_before:
        await open_since_before.send_and_wait(HOTLINE, b"{}")
        ended = await run(guarded_lab.settings, "source", "revoke", "hotline-113")
        assert ended.exit_code == 0, ended.err
        assert "source.hotline-113 has no right and no password" in ended.out
        began = time.monotonic()
        with pytest.raises(TopicAuthorizationFailedError):
            await write_on(open_since_before, HOTLINE, REVOKED_WITHIN_S)
        took_s = time.monotonic() - began
    print(f"refused {took_s:.3f} s after the command had ended")  # noqa: T201 - the measurement
    with pytest.raises(BrokerRefusedError, match=r"refuses source\.hotline-113"):
        await source.prove()


async def write_on(producer: AIOKafkaProducer, topic: str, for_s: float) -> None:
    began = time.monotonic()
    while time.monotonic() - began < for_s:
        await producer.send_and_wait(topic, b"{}")


async def test_a_source_that_was_given_a_new_password_is_refused_with_the_one_of_before(
    guarded_lab: Lab,
    accounts: Accounts,  # noqa: ARG001 - none is left
) -> None:
    before = await given_kafka(guarded_lab, "hotline-113")
    now = await given_kafka(guarded_lab, "hotline-113", "rotate", "hotline-113", "--kafka")
    assert await may_write(now, HOTLINE)
    with pytest.raises(BrokerRefusedError):
        await before.prove()


async def test_each_process_may_read_and_write_what_its_work_needs_and_nothing_else(
    guarded_lab: Lab, accounts: Accounts
) -> None:
    folder = guarded_lab.settings.data_dir / "accounts"
    ended = await run(guarded_lab.settings, "kafka", "accounts", str(folder))
    assert (ended.exit_code, ended.err) == (0, "")
    for topic in (HOTLINE, *OUTGOING):
        await write_to(guarded_lab.brokers, topic, 0)
    told = rights_of_processes(guarded_lab.settings.kafka_group)
    for principal, topic in itertools.product(PRINCIPALS, (HOTLINE, *OUTGOING)):
        file = folder / principal.removeprefix("anwang.") / "password"
        assert file.stat().st_mode & 0o077 == 0
        brokers = as_account(guarded_lab, principal, file.read_text())
        assert await may_read(brokers, topic) == is_told(told[principal], topic, Operation.READ), (principal, topic)
        assert await may_write(brokers, topic) == is_told(told[principal], topic, Operation.WRITE), (principal, topic)
    surplus = {Right(On.TOPIC, QUEUE, Operation.READ)} | told["anwang.intake"]
    await asyncio.to_thread(accounts.settle, "anwang.intake", surplus)
    again = await run(guarded_lab.settings, "kafka", "accounts", str(folder))
    assert "anwang.intake: 1 rights, 0 new, 1 taken away" in again.out
    assert "anwang.relay: 6 rights, 0 new, 0 taken away" in again.out


def is_told(rights: frozenset[Right], topic: str, operation: Operation) -> bool:
    return any(
        topic.startswith(right.name) if right.is_prefix else topic == right.name
        for right in rights
        if right.on is On.TOPIC and right.operation is operation
    )


async def test_only_the_bureaus_own_readers_read_the_queues_and_each_in_groups_of_its_own_name(
    guarded_lab: Lab,
    accounts: Accounts,  # noqa: ARG001 - none is left
) -> None:
    await write_to(guarded_lab.brokers, QUEUE, 0)
    ended = await run(guarded_lab.settings, "reader", "add", "statistics")
    assert "reads the queues of ALL centres" in ended.out
    password = ended.out.splitlines()[-2].removeprefix("password: ")
    reader = as_account(guarded_lab, "reader.statistics", password)
    assert await may_read(reader, QUEUE)
    assert not await may_read(reader, HOTLINE)
    assert not await may_read(reader, "case.events.v1")
    assert not await may_write(reader, QUEUE)
    assert await first_in_group(reader, "reader.statistics.1")
    with pytest.raises(GroupAuthorizationFailedError):
        await first_in_group(reader, guarded_lab.settings.kafka_group)
    assert (await run(guarded_lab.settings, "reader", "add", "statistics")).exit_code == 1
    assert (await run(guarded_lab.settings, "reader", "revoke", "statistics")).exit_code == 0
    with pytest.raises(BrokerRefusedError):
        await reader.prove()
    assert (await run(guarded_lab.settings, "reader", "revoke", "statistics")).exit_code == 1


async def first_in_group(brokers: Brokers, group: str) -> bytes:
    consumer = AIOKafkaConsumer(QUEUE, **brokers.options(), group_id=group, auto_offset_reset="earliest")
    await consumer.start()
    try:
        return bytes((await asyncio.wait_for(consumer.getone(), 20)).value)
    finally:
        await consumer.stop()


@pytest.mark.parametrize("security", ["PLAINTEXT", "SSL"])
async def test_whoever_comes_without_a_password_or_without_encryption_is_not_let_in(
    guarded_lab: Lab, security: str
) -> None:
    known = guarded_lab.brokers
    options: dict[str, Any] = {"bootstrap_servers": known.bootstrap, "security_protocol": security}
    producer = AIOKafkaProducer(**options, ssl_context=known.context if security == "SSL" else None)
    with pytest.raises(KafkaError):
        await asyncio.wait_for(producer.start(), 20)
    await producer.stop()


def wrong(settings: Settings, folder: Path, what: str) -> Settings:
    (folder / "password").touch(0o600)
    (folder / "password").write_text("guessed")
    told = {
        "password": {"kafka_password_file": folder / "password"},
        "user": {"kafka_user": "anwang.nobody"},
        "authority": {"kafka_ca_file": None},
        "none": {"kafka_password_file": None},
        "open": {"kafka_password_file": folder / "open"},
        "plaintext": {"kafka_security": KafkaSecurity.PLAINTEXT, "kafka_bootstrap": "broker.example:9092"},
    }
    (folder / "open").touch(0o644)
    (folder / "open").write_text("guessed")
    return settings.model_copy(update=told[what])


REFUSALS: Mapping[str, str] = {
    "password": "refuses anwang.operate: this user or its password",
    "user": "refuses anwang.nobody: this user or its password",
    "authority": "is not believed: ",
    "none": "kafka_user and kafka_password_file are not set",
    "open": "may be read by others; its mode must be 0600",
    "plaintext": "plaintext is for brokers on this machine alone",
}


@pytest.mark.parametrize("what", REFUSALS)
@pytest.mark.parametrize("argv", [("run", "relay"), ("run", "intake"), ("topics",), ("ledger",), ("kafka", "list")])
async def test_a_wrong_password_or_authority_is_refused_in_one_line_and_at_once(
    guarded_lab: Lab, argv: tuple[str, ...], what: str, tmp_path: Path
) -> None:
    settings = wrong(guarded_lab.settings, tmp_path, what)
    ended = await run(settings, *argv, within_s=20, ANWANG_HTTP_PORT="off")
    assert ended.exit_code in {1, 2}
    assert REFUSALS[what] in ended.err.splitlines()[-1]
    assert "guessed" not in ended.err + ended.out


async def test_an_account_is_not_asked_for_where_the_broker_knows_none(lab: Lab) -> None:
    ended = await run(lab.settings, "source", "add", "hotline-9", "--kind", "hotline", "--kafka")
    assert (ended.exit_code, ended.err) == (1, "anwang: this broker knows no accounts: kafka_security is plaintext\n")
    assert await lab.count("source") == 0


async def test_a_source_that_shares_its_topic_gets_no_password_for_it(guarded_lab: Lab, accounts: Accounts) -> None:
    await run(guarded_lab.settings, "source", "add", "clinic-5", "--kind", "clinic")
    ended = await run(guarded_lab.settings, "source", "rotate", "clinic-5", "--kafka")
    assert (ended.exit_code, "shares intake.clinic.v1" in ended.err) == (1, True)
    assert await asyncio.to_thread(accounts.names) == {"anwang.operate"}


async def test_a_source_is_revoked_in_the_register_while_kafka_is_away_and_the_command_says_what_is_left(
    guarded_lab: Lab,
) -> None:
    away = guarded_lab.settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:1"})
    ended = await run(away, "source", "revoke", "hotline-113")
    assert ended.exit_code == 1
    assert "revoke hotline-113 again once Kafka answers" in ended.err
    assert await guarded_lab.pool.fetchval("SELECT revoked_at IS NOT NULL FROM source WHERE code = 'hotline-113'")


class OwnAccounts(Crew):
    """Each process calls the broker as itself."""

    def child(self, name: str, stage: str, *, planted: str | None = None, **more: str) -> Child:
        file = self.lab.settings.data_dir / "accounts" / stage / "password"
        account = {"ANWANG_KAFKA_USER": f"anwang.{stage}", "ANWANG_KAFKA_PASSWORD_FILE": str(file)}
        return super().child(name, stage, planted=planted, **account, **more)


async def test_reports_come_out_on_their_queues_where_every_process_has_only_its_own_rights(
    guarded_lab: Lab,
    accounts: Accounts,  # noqa: ARG001 - none is left
) -> None:
    lab = guarded_lab
    await run(lab.settings, "kafka", "accounts", str(lab.settings.data_dir / "accounts"))
    hotline = await given_kafka(lab, "hotline-113")
    added = await run(lab.settings, "source", "add", "clinic-7", "--kind", "clinic", "--county", "臺北市")
    token = added.out.splitlines()[1].removeprefix("token: ")
    door = remembered_ports(lab.settings.data_dir / "door.json", ("intake",))["intake"]
    crew = OwnAccounts(lab)
    stages = {"assess-1": "assess", "relay": "relay", "auditor": "auditor", "intake": "intake"}
    try:
        await crew.start(stages, ANWANG_INTAKE_PORT=str(door))
        for number in range(10):
            await write(hotline, HOTLINE, json.dumps(event(number)).encode())
        await write(hotline, HOTLINE, json.dumps(event(10, source="hotline-1957")).encode())
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{door}") as caller:
            told = event(11, source="clinic-7", channel="clinic")
            bearer = {"Authorization": f"Bearer {token}", "Content-Type": "application/cloudevents+json"}
            answer = await caller.post("/v1/reports", json=told, headers=bearer)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        await eventually(lambda: all_settled(lab, 12), 60, "settling")
        await require_whole(lab, case=11, quarantine=1)
        assert await crew.all_ready()
        assert not [error for name in stages for error in crew.errors(name)]
    finally:
        await asyncio.gather(*(crew.supervisor.stop_child(state.name) for state in crew.supervisor.states()))
    queued = [record for topic in OUTGOING[:2] for record in await lab.records(topic)]
    assert len({record["event_id"] for record in queued}) == 11
