"""docker-compose.yml, brought up for real. The tests stand in the order in which they run; each leaves all healthy."""

import asyncio
import csv
import http.client
import io
import json
import re
import ssl
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from machine import say, until
from project import LASTING, ONCE, REPOSITORY, Project

from pipeline.contracts.decision import in_taipei
from pipeline.local.demo.invent import Invented, What, events
from pipeline.local.demo.sources import registered_sources

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1500)]

REPORTS = 1200
MARKED = "歐陽甲乙丙"
DATA = "/var/lib/anwang/data"
VERIFIER = ("-m", "pipeline.local.demo.verifier")
OPERATOR = (
    *("--kafka-password-file", "/var/lib/anwang/kafka/password"),
    *("--kafka-ca-file", "/var/lib/anwang/kafka/ca.pem"),
)
DSN = "postgresql://anwang@postgres:5432/anwang?passfile=/var/lib/anwang/passwords/pgpass"
OF_THE_BROKER = {"kafka-broker", "kafka-authority"}


@dataclass(slots=True)
class Told:
    """What each door has acknowledged: receipts by token, and the lines of a sender's list."""

    receipts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    acked: list[dict[str, Any]] = field(default_factory=list)
    sent: set[tuple[str, bytes]] = field(default_factory=set)

    @property
    def taken(self) -> int:
        return sum(map(len, self.receipts.values()))

    @property
    def different(self) -> int:
        """At least so many messages came in: what waits for the broker on the gateway's disk is not told twice."""
        return len(self.sent) + len(self.acked)


@pytest.fixture(scope="module")
def reports() -> list[tuple[Invented, bytes]]:
    """Invented reports in which every person bears the marked name."""
    until_now = in_taipei(datetime.now(UTC))
    told = [
        (one, re.sub(rb'("name": ?)"[^"]*"', rb'\1"' + MARKED.encode() + b'"', one.value))
        for one in events(7, REPORTS, until=until_now, sources=registered_sources())
    ]
    assert sum(MARKED.encode() in value for _, value in told) > REPORTS / 2
    return told


@pytest.fixture(scope="module")
def told() -> Told:
    return Told()


def test_everything_is_healthy_and_what_runs_once_has_ended_well(stack: Project) -> None:
    assert stack.is_healthy()
    assert [stack.inspect(name)["State"]["ExitCode"] for name in ONCE] == [0, 0]
    ledger = stack.ledger()
    assert (ledger["received"], ledger["balances"]) == (0, True)


@pytest.mark.parametrize("service", LASTING)
def test_a_container_is_confined(stack: Project, service: str) -> None:
    found = stack.inspect(service)
    settings = found["HostConfig"]
    assert settings["ReadonlyRootfs"]
    assert settings["CapDrop"] == ["ALL"]
    assert settings["CapAdd"] is None
    assert not settings["Privileged"]
    assert settings["SecurityOpt"] == ["no-new-privileges:true"]
    assert settings["Memory"] > 0
    assert settings["PidsLimit"] > 0
    assert settings["RestartPolicy"]["Name"] == "unless-stopped"
    published = [where for bindings in settings["PortBindings"].values() for where in bindings]
    assert {where["HostIp"] for where in published} <= {"127.0.0.1"}
    assert {mount["Name"].count("_") for mount in found["Mounts"] if mount["Type"] == "volume"} <= {1}
    processes = _processes(found["Id"])
    assert len(processes) >= 2
    for status in processes:
        assert "Uid:\t0" not in status
        assert re.search(r"CapEff:\t0+\n", status)
    assert stack.fails(service, "sh", "-c", "echo > /usr/written")


def test_no_secret_stands_in_the_configuration_of_any_container(stack: Project) -> None:
    passwords = stack.volumes()["passwords"]
    secrets = [(passwords / role).read_text() for role in ("postgres", "anwang", "anwang_keys", "anwang_door")]
    accounts = [name for name in stack.volumes() if name.startswith("kafka-") and name not in OF_THE_BROKER]
    assert len(accounts) == 6
    secrets += [(stack.volumes()[name] / "password").read_text() for name in accounts]
    secrets += re.findall(r'"([A-Za-z0-9+/]{43}=)"', (stack.volumes()["keys"] / "ring.json").read_text())
    assert len(secrets) == 4 + 6 + 3
    assert all(len(secret) > 40 for secret in secrets)
    shown = json.dumps([stack.inspect(name) for name in (*ONCE, *LASTING)]) + stack.compose("config")
    assert not [secret for secret in secrets if secret in shown]


def test_the_gateway_holds_neither_the_keys_of_the_reports_nor_a_way_to_them(stack: Project) -> None:
    volumes = {mount["Name"] for mount in stack.inspect("intake")["Mounts"]}
    assert not {name for name in volumes if name.endswith(("_keys", "_passwords")) and not name.endswith("_gate-keys")}
    passfile = "/var/lib/anwang/gate-keys/pgpass"

    def refused(user: str, database: str, role: str) -> bool:
        dsn = f"postgresql://{user}@postgres/{database}?passfile={passfile}"
        asking = f"asyncpg.connect({dsn!r}, server_settings={{'role': {role!r}}})"
        return stack.fails("intake", "python", "-c", f"import asyncio, asyncpg; asyncio.run({asking})")

    assert not refused("anwang_door", "anwang", "anwang_intake")
    assert refused("anwang_door", "anwang", "anwang_assess")
    assert refused("anwang_door", "anwang_keys", "anwang_intake")
    assert refused("anwang", "anwang", "anwang_intake")


@pytest.mark.parametrize("service", ["intake", "assess-1", "assess-2", "relay", "auditor"])
def test_a_process_holds_its_own_password_for_the_broker_and_no_other(stack: Project, service: str) -> None:
    mounted = {mount["Name"].partition("_")[2] for mount in stack.inspect(service)["Mounts"] if "Name" in mount}
    assert {name for name in mounted if name.startswith("kafka")} == {f"kafka-{service.partition('-')[0]}"}


def test_a_source_elsewhere_writes_to_its_own_topic_and_to_no_other(stack: Project) -> None:
    told = stack.anwang("source", "add", "hotline-113", "--kafka")
    password = told.partition("password: ")[2].split()[0]
    context = ssl.create_default_context(cafile=stack.volumes()["kafka-operate"] / "ca.pem")
    assert asyncio.run(_written(stack, context, password, "intake.hotline.113.v1")) == "written"
    assert asyncio.run(_written(stack, context, password, "intake.hotline.1957.v1")) == "TopicAuthorizationFailedError"
    assert asyncio.run(_written(stack, context, "guessed", "intake.hotline.113.v1")) == "KafkaConnectionError"
    assert asyncio.run(_written(stack, None, password, "intake.hotline.113.v1")) == "KafkaConnectionError"


async def _written(stack: Project, context: ssl.SSLContext | None, password: str, topic: str) -> str:
    """Or why not. Without a context it comes in plain text."""
    scram = {"sasl_mechanism": "SCRAM-SHA-512", "sasl_plain_username": "source.hotline-113"}
    secured = {"security_protocol": "SASL_SSL", "ssl_context": context, "sasl_plain_password": password, **scram}
    producer = AIOKafkaProducer(bootstrap_servers=f"localhost:{stack.kafka_port}", **(secured if context else {}))
    try:
        await producer.start()
        await producer.send_and_wait(topic, json.dumps(_one_more()).encode())
    except KafkaError as error:
        return type(error).__name__
    finally:
        await producer.stop()
    return "written"


def _one_more() -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    victim = {"role": "victim", "name": MARKED, "birth_date": "1990-02-03"}
    data = {"report_no": "elsewhere-1", "channel": "hotline", "received_at": now, "categories": ["other"]}
    return {
        "specversion": "1.0",
        "id": "elsewhere-1",
        "source": "/sources/hotline-113",
        "time": now,
        "type": "report.submitted.v1",
        "data": {**data, "persons": [victim]},
    }


def test_the_doors_stay_open_while_a_worker_and_the_broker_are_killed(
    stack: Project, reports: list[tuple[Invented, bytes]], told: Told
) -> None:
    by_http, by_kafka = _dealt(reports)
    tokens = _enrolled(stack, list(by_http))
    half = len(by_kafka) // 2
    told.acked += _send(stack, by_kafka[:half])
    sources = list(by_http)
    for number, source in enumerate(sources):
        if number == len(sources) // 3:
            stack.kill("assess-1")
        if number == len(sources) // 2:
            stack.kill("kafka")
        token = tokens[source]
        told.sent |= {(source, value) for value in by_http[source]}
        told.receipts[token] += stack.post_until_taken(token, [json.loads(value) for value in by_http[source]])
    told.acked += _send(stack, by_kafka[half:])
    assert told.taken == sum(map(len, by_http.values()))
    for service in ("assess-1", "kafka"):
        assert stack.inspect(service)["RestartCount"] >= 1
    say(f"{told.taken} reports by HTTP and {len(told.acked)} by Kafka are acknowledged")


def test_everything_acknowledged_is_settled_and_the_ledger_balances(stack: Project, told: Told) -> None:
    took_s = until("everything is settled and all is healthy", lambda: _is_settled(stack) and stack.is_healthy(), 180)
    ledger = stack.ledger()
    say(f"settled {took_s:.0f} s later: {json.dumps(ledger)}")
    assert ledger["balances"]
    assert (ledger["lost"], ledger["in_flight"], ledger["unpublished"], ledger["spooled"]) == (0, 0, 0, 0)
    assert sum(ledger["settled"].values()) == ledger["received"] >= told.different
    states = {_state(stack, token, receipt) for token, receipts in told.receipts.items() for receipt in receipts}
    assert states == {"settled"}


def test_the_verifier_of_the_demo_agrees(stack: Project, told: Told) -> None:
    list_of_acks = b"".join(json.dumps(line).encode() + b"\n" for line in told.acked)
    _write(stack, "acked.ndjson", list_of_acks)
    kafka = ("--kafka", "kafka:9092", "--kafka-user", "anwang.operate", *OPERATOR)
    where = (*kafka, "--postgres", DSN, "--acked", f"{DATA}/acked.ndjson")
    answer = json.loads(stack.python(*VERIFIER, *where))
    say(f"verifier: {json.dumps(answer)}")
    assert answer["ok"], answer
    assert (answer["acknowledged"], answer["lost"]) == (len(told.acked), 0)


def test_prometheus_sees_every_process_and_a_balanced_ledger(stack: Project) -> None:
    port = int(stack.inspect("prometheus")["NetworkSettings"]["Ports"]["9090/tcp"][0]["HostPort"])
    until("every process is up", lambda: _measured(port, 'sum(up{job="anwang"})') == 5, 60)
    received = stack.ledger()["received"]
    until("it has measured all", lambda: _measured(port, "sum(anwang_ledger_settled)") == received, 60)
    assert _measured(port, "min(anwang_ledger_balanced)") == 1


def test_no_name_stands_in_a_log_or_in_a_volume_but_on_the_intake_topics(stack: Project) -> None:
    marks = [MARKED.encode(), json.dumps(MARKED)[1:-1].encode()]
    files = [f for folder in stack.volumes().values() for f in folder.rglob("*") if f.is_file()]
    logs = [*(stack.at.folder / "data" / "containers").rglob("*-json.log*")]
    assert len(logs) >= len(LASTING)
    holding = {str(f.relative_to(stack.at.folder)) for f in (*files, *logs) if any(m in f.read_bytes() for m in marks)}
    on_intake = {name for name in holding if "_kafka/_data/log/intake." in name}
    assert on_intake
    assert holding == on_intake


def test_taken_down_and_brought_up_again_it_knows_all_it_knew(stack: Project, told: Told) -> None:
    before = stack.ledger()
    stack.compose("down", "--timeout", "30")
    say(f"down and up again, healthy after {stack.up():.0f} s")
    after = stack.ledger()
    assert (after["settled"], after["received"], after["balances"]) == (before["settled"], before["received"], True)
    token, receipts = next(iter(told.receipts.items()))
    assert _state(stack, token, receipts[0]) == "settled"
    assert "the keys are there" in stack.at.run("docker", "logs", stack.container("prepare"))


def test_passwords_that_were_drawn_anew_are_given_to_the_database_by_one_command(stack: Project) -> None:
    stack.compose("rm", "--stop", "--force", "passwords")
    for left in ("anwang", "anwang_keys"):
        (stack.volumes()["passwords"] / left).unlink()
    stack.compose("up", "--no-deps", "--no-build", "passwords")
    stack.execute("postgres", "sh", "/docker-entrypoint-initdb.d/roles.sh")
    assert stack.ledger()["balances"]


def _processes(container: str) -> list[str]:
    """What the kernel says of each process in a container."""
    found = []
    for groups in Path("/proc").glob("[0-9]*/cgroup"):
        with suppress(OSError):
            if container in groups.read_text():
                found.append((groups.parent / "status").read_text())
    return found


def _dealt(reports: list[tuple[Invented, bytes]]) -> tuple[dict[str, list[bytes]], list[tuple[Invented, bytes]]]:
    """Sources with a topic of their own write to it, as does what no gateway would take; the others call by HTTP."""
    by_http: dict[str, list[bytes]] = defaultdict(list)
    by_kafka = []
    for one, value in reports:
        if one.door.own_topic or one.what in {What.GARBAGE, What.UNREGISTERED}:
            by_kafka.append((one, value))
        else:
            by_http[one.door.code].append(value)
    return by_http, by_kafka


def _enrolled(stack: Project, codes: Sequence[str]) -> dict[str, str]:
    """The token of each."""
    shipped = csv.DictReader((REPOSITORY / "pipeline" / "data" / "sources.csv").read_text("utf-8").splitlines())
    rows = [row for row in shipped if row["source"] in set(codes)]
    table = io.StringIO()
    writer = csv.DictWriter(table, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    _write(stack, "sources.csv", table.getvalue().encode())
    stack.anwang("source", "import", f"{DATA}/sources.csv", "--with", "token", "--credentials", f"{DATA}/tokens.csv")
    tokens = (stack.volumes()["data"] / "tokens.csv").read_text("utf-8").splitlines()
    return {row["source"]: row["token"] for row in csv.DictReader(tokens)}


def _send(stack: Project, part: list[tuple[Invented, bytes]]) -> list[dict[str, Any]]:
    """Sends until all is acknowledged, from a container inside the network; the list of acknowledgements."""
    acks = stack.volumes()["data"] / "acks.ndjson"
    lines = b"".join(value + b"\n" for _, value in part)

    def all_acknowledged() -> bool:
        acks.unlink(missing_ok=True)
        stack.anwang("send", "-", "--acks", f"{DATA}/{acks.name}", stdin=lines, ok=False)
        return acks.is_file() and len(acks.read_bytes().splitlines()) == len(part)

    until("all lines are acknowledged", all_acknowledged, 180)
    return [_line(json.loads(line), part) for line in acks.read_bytes().splitlines()]


def _line(ack: dict[str, Any], part: list[tuple[Invented, bytes]]) -> dict[str, Any]:
    one, value = part[ack["line"] - 1]
    return ack | {"event_id": one.event_id, "source": one.door.code, "sha256": sha256(value).hexdigest()}


def _write(stack: Project, name: str, content: bytes) -> None:
    script = ("-c", f"import sys; open('{DATA}/{name}', 'wb').write(sys.stdin.buffer.read())")
    stack.python(*script, stdin=content)


def _is_settled(stack: Project) -> bool:
    now = stack.ledger()
    return bool(now["received"]) and not any(now[part] for part in ("in_flight", "unpublished", "spooled"))


def _state(stack: Project, token: str, receipt: str) -> str:
    status, answer = stack.request("GET", f"/v1/receipts/{receipt}", token)
    assert status == 200, (status, answer)
    return str(answer["state"])


def _measured(port: int, question: str) -> float | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/api/v1/query", f"query={question}", form)
    found = json.loads(connection.getresponse().read())["data"]["result"]
    return float(found[0]["value"][1]) if found else None
