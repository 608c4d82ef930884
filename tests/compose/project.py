"""The product in its containers, as a person at this machine meets it: by compose, by HTTP, by `anwang`."""

import http.client
import json
import os
import shutil
import signal
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from machine import BASE_IMAGE, Machine, until

REPOSITORY = Path(__file__).parents[2]
FILES = ("docker-compose.yml", "tests/compose/docker-compose.yml")
NAME = "anwangtest"
ONCE = ("passwords", "prepare")
LASTING = ("postgres", "kafka", "intake", "assess-1", "assess-2", "relay", "auditor", "watch", "prometheus")
BATCH_TYPE = "application/cloudevents-batch+json"

Json = dict[str, Any]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Project:
    at: Machine
    intake_port: int
    kafka_port: int

    def compose(self, *words: str, stdin: bytes | None = None, ok: bool = True, timeout_s: float = 600) -> str:
        files = [word for file in FILES for word in ("-f", str(REPOSITORY / file))]
        project = ("--project-name", NAME, "--project-directory", str(REPOSITORY))
        monitored = ("--profile", "monitoring")
        return self.at.run(
            *self.at.compose, *project, *files, *monitored, *words, stdin=stdin, ok=ok, timeout_s=timeout_s
        )

    def up(self) -> float:
        """All of it, healthy; the seconds that this took."""
        self.compose("up", "--detach", "--no-build")
        try:
            return until("every container is healthy", self.is_healthy, 180)
        except AssertionError as error:
            logs = [self.at.run("docker", "logs", "--tail", "5", self.container(name)) for name in self.unhealthy()]
            raise AssertionError(f"{error}; not so: {self.unhealthy()}\n{logs}") from error

    def is_healthy(self) -> bool:
        return not self.unhealthy()

    def unhealthy(self) -> list[str]:
        return [name for name in LASTING if self.inspect(name)["State"].get("Health", {}).get("Status") != "healthy"]

    def inspect(self, service: str) -> Json:
        """What the daemon says of that service's container."""
        told: list[Json] = json.loads(self.at.run("docker", "inspect", self.container(service)))
        return told[0]

    def container(self, service: str) -> str:
        labels = (f"project={NAME}", f"service={service}", "oneoff=False")
        wanted = [word for label in labels for word in ("--filter", f"label=com.docker.compose.{label}")]
        return self.at.run("docker", "ps", "--all", "--quiet", *wanted).strip()

    def anwang(self, *words: str, stdin: bytes = b"", ok: bool = True) -> str:
        return self.compose("run", "--rm", "-T", "anwang", *words, stdin=stdin, ok=ok)

    def python(self, *words: str, stdin: bytes = b"") -> str:
        return self.compose("run", "--rm", "-T", "--entrypoint", "python", "anwang", *words, stdin=stdin, ok=False)

    def execute(self, service: str, *argv: str) -> str:
        return self.at.run("docker", "exec", self.container(service), *argv)

    def fails(self, service: str, *argv: str) -> bool:
        script = 'docker exec "$@" >/dev/null 2>&1 || echo failed'
        return "failed" in self.at.run("sh", "-c", script, "sh", self.container(service), *argv)

    def ledger(self) -> Json:
        told: Json = json.loads(self.anwang("ledger", "--json", ok=False))
        return told

    def kill(self, service: str) -> None:
        """From outside, as the machine itself would: its supervisor must start it again."""
        os.kill(self.inspect(service)["State"]["Pid"], signal.SIGKILL)

    def volumes(self) -> Mapping[str, Path]:
        folders = (self.at.folder / "data" / "volumes").glob(f"{NAME}_*/_data")
        return {folder.parent.name.removeprefix(f"{NAME}_"): folder for folder in folders}

    def request(self, method: str, path: str, token: str, body: bytes | None = None, kind: str = "") -> tuple[int, Any]:
        """The status and the answer; status 0 when the connection broke."""
        headers = {"Authorization": f"Bearer {token}"} | ({"Content-Type": kind} if kind else {})
        connection = http.client.HTTPConnection("127.0.0.1", self.intake_port, timeout=30)
        with suppress(OSError, http.client.HTTPException):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        return 0, None

    def post_until_taken(self, token: str, events: Sequence[Json]) -> list[str]:
        """The receipts, after as many attempts as it takes."""
        receipts: list[str] = []

        def taken() -> bool:
            status, answer = self.request("POST", "/v1/reports", token, json.dumps(events).encode(), BATCH_TYPE)
            assert status in {0, 202, 503}, (status, answer)
            if status == 202:
                receipts.extend(receipt["receipt_id"] for receipt in answer["receipts"])
            return status == 202

        until("the intake takes a batch", taken, 120)
        return receipts


@contextmanager
def project(at: Machine, jars: Sequence[Path]) -> Iterator[Project]:
    """Images built and nothing started; all removed at the end."""
    context = at.folder / "kafka"
    shutil.copytree(REPOSITORY / "tests" / "compose" / "images" / "kafka", context)
    (context / "libs").mkdir()
    for jar in jars:
        shutil.copy(jar, context / "libs")
    port, kafka_port = free_port(), free_port()
    told = {
        "BASE_IMAGE": BASE_IMAGE,
        "JARS_CONTEXT": str(context),
        **{f"{n.upper()}_IMAGE": f"anwang-test/{n}" for n in ("anwang", "kafka", "postgres", "prometheus")},
        "INTAKE_PORT": str(port),
        "KAFKA_PORT": str(kafka_port),
        "KAFKA_OUTSIDE": f"localhost:{kafka_port}",
        "PROMETHEUS_PORT": str(free_port()),
    }
    here = Project(Machine(at.folder, {**at.environment, **told}, at.compose), port, kafka_port)
    try:
        here.compose("build", timeout_s=1200)
        yield here
    finally:
        here.compose("down", "--volumes", "--timeout", "20", ok=False)
