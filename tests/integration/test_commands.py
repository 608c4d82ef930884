"""The commands, one after the other, as a person uses them on one machine."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.contracts.report_examples import EXAMPLES
from pipeline.local.daemon import down

JARS = Path(__file__).parents[2] / ".anwang" / "kafka" / "libs"
STRANGER = {**EXAMPLES[0], "source": "/sources/nobody", "id": "of-a-stranger"}
LEDGER_ASKED_MAX = 60


@dataclass(frozen=True, slots=True)
class Here:
    """A data folder, and `anwang` in it."""

    data: Path

    def run(self, *argv: str, given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        env = {k: v for k, v in os.environ.items() if not k.startswith("ANWANG_")}
        command = [sys.executable, "-m", "pipeline.cli", *argv, "--data-dir", str(self.data)]
        return subprocess.run(command, input=given, capture_output=True, check=False, timeout=120, env=env)

    def ledger(self) -> dict[str, object]:
        """Once everything is settled and published."""
        for _ in range(LEDGER_ASKED_MAX):
            told = json.loads(self.run("ledger", "--json").stdout)
            if told["received"] and not told["in_flight"] and not told["unpublished"]:
                break
        return dict(told)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    data = tmp_path / "a folder with spaces"
    (data / "kafka").mkdir(parents=True)
    JARS.mkdir(parents=True, exist_ok=True)
    (data / "kafka" / "libs").symlink_to(JARS)
    yield Here(data)
    down(data)


def test_up_send_ledger_unread_status_and_down(here: Here) -> None:
    up = here.run("up")
    assert up.returncode == 0, up.stderr
    lines = [*map(json.dumps, EXAMPLES), "no json", json.dumps(STRANGER), json.dumps(EXAMPLES[0])]

    sent = here.run("send", "-", "--acks", str(here.data / "acks.ndjson"), given="\n".join(lines).encode())
    assert (sent.returncode, sent.stdout) == (0, b"")
    acks = [json.loads(line) for line in (here.data / "acks.ndjson").read_text().splitlines()]
    assert sorted(ack["line"] for ack in acks) == [1, 2, 3, 4, 5, 6]

    told = here.ledger()
    assert (told["received"], told["balances"], told["lost"]) == (6, True, 0)
    settled = {"case": 2, "duplicate": 1, "amendment": 0, "redelivery": 1, "dead_letter": 1, "quarantine": 1}
    assert told["settled"] == settled

    unread = [json.loads(line) for line in here.run("unread", "--json").stdout.splitlines()]
    assert sorted(row["code"] for row in unread) == ["not_json", "source_unregistered"]

    status = json.loads(here.run("status", "--json").stdout)
    names = {"postgres", "kafka", "assess-1", "assess-2", "relay", "auditor", "watch", "intake"}
    assert {child["name"] for child in status["children"] if child["state"] == "ready"} == names
    port = (here.data / "run" / "assess-1.port").read_text().strip()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
        assert answer.status == 200

    shown = json.loads(here.run("config", "show", "--json").stdout)
    assert shown["kafka_bootstrap"] == {"value": status["servers"]["kafka_bootstrap"], "source": "local servers"}
    assert here.run("up").returncode == 1

    assert here.run("down").stdout == b"stopped\n"
    assert here.run("status").returncode == 1
    for name in ("assess-1", "assess-2", "relay", "auditor"):
        ends = [json.loads(line) for line in (here.data / "log" / f"{name}.log").read_text().splitlines()]
        assert ends[-1]["event"] == "stopped"
    logs = b"".join(log.read_bytes() for log in (here.data / "log").glob("*.log"))
    assert not any(p["name"].encode() in logs for e in EXAMPLES for p in e["data"]["persons"] if "name" in p)
