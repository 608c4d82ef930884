"""The demo as a person starts it: real Kafka, real Postgres, every process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.contracts.vocabulary import Outcome
from pipeline.local.servers import Servers

PLANTED = Path(__file__).with_name("planted")
JARS = Path(__file__).parents[2] / ".anwang" / "kafka" / "libs"
WAIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Ended:
    exit_code: int
    said: str

    @property
    def result(self) -> dict[str, Any]:
        return dict(json.loads(self.said.splitlines()[-1]))

    @property
    def findings(self) -> set[str]:
        return {finding["code"] for finding in self.result["verifier"]["findings"]}


@dataclass(frozen=True, slots=True)
class Running:
    folder: Path
    process: "subprocess.Popen[str]"

    def end(self) -> Ended:
        said, _ = self.process.communicate(timeout=WAIT_S)
        return Ended(self.process.returncode, said)

    def children(self) -> dict[str, psutil.Process]:
        """The demo's processes by name, as its status file has them; empty until all were started."""
        try:
            status = json.loads((self.folder / "demo" / "run" / "status.json").read_text())
        except (OSError, ValueError):
            return {}
        marks = {c["name"]: c["mark"]["pid"] for c in status["children"] if c["mark"] and c["state"] == "ready"}
        return {name: psutil.Process(pid) for name, pid in marks.items()}

    def wait_for(self, word: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if word in line:
                return
        raise AssertionError(f"the demo ended without {word!r}")


class Demo:
    """Starts demos in a folder of their own, and ends what a failed test left running."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *args: str, planted: str | None = None) -> Running:
        path = [str(PLANTED / planted)] if planted else []
        argv = [sys.executable, "-m", "pipeline.cli", "demo", "--json", "--data-dir", str(self.folder), *args]
        process = subprocess.Popen(
            argv, env={**os.environ, "PYTHONPATH": os.pathsep.join(path)}, stdout=subprocess.PIPE, text=True
        )
        self.started.append(process)
        return Running(self.folder, process)

    def run(self, *args: str, planted: str | None = None) -> Ended:
        return self.start(*args, planted=planted).end()


@pytest.fixture
def demo(tmp_path: Path, servers: Servers) -> Iterator[Demo]:
    assert servers.kafka_bootstrap, "the shared servers have fetched the broker's jars"
    folder = tmp_path / "a folder with spaces"
    (folder / "kafka").mkdir(parents=True)
    (folder / "kafka" / "libs").symlink_to(JARS)
    made = Demo(folder)
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
            process.wait()


def until_gone(processes: dict[str, psutil.Process]) -> set[str]:
    """The names of those that still run after ten seconds."""
    _, alive = psutil.wait_procs(list(processes.values()), timeout=10)
    return {name for name, process in processes.items() if process in alive}


def test_a_demo_ends_balanced_with_its_figures_on_the_last_line_and_leaves_nothing_running(demo: Demo) -> None:
    running = demo.start("--reports", "600", "--rate", "100")
    running.wait_for("lost 0")
    processes = running.children()
    ended = running.end()
    result = ended.result

    assert ended.exit_code == 0, ended.said
    assert ended.said.isprintable() or "\x1b" not in ended.said
    assert (result["reports"], result["in_flight"], result["lost"]) == (600, 0, 0)
    assert set(result["settled"]) == {outcome.value for outcome in Outcome}
    assert sum(result["settled"].values()) == result["received"] == 600
    assert result["reports_per_s"] > 0
    assert 0 < result["report_to_queue_ms"]["p50"] <= result["report_to_queue_ms"]["p99"]
    assert {"kafka", "postgres", "assess-1", "assess-2", "relay", "auditor", "traffic"} <= set(result["memory_mib"])
    assert result["verifier"] == {"looked": True, "findings": []}
    assert processes
    assert until_gone(processes) == set()


@pytest.mark.parametrize(
    ("bug", "finding"),
    [
        ("skip", "acknowledged_but_not_settled"),
        ("half", "accepted_without_a_report"),
        ("unsent", "marked_but_not_there"),
    ],
)
def test_a_planted_bug_makes_the_demo_fail_and_the_verifier_names_it(demo: Demo, bug: str, finding: str) -> None:
    ended = demo.run("--reports", "60", "--rate", "60", planted=bug)
    assert ended.exit_code == 1, ended.said
    assert finding in ended.findings
    assert ended.result["balanced"] is False


def test_a_demo_that_is_interrupted_settles_what_was_sent_and_balances(demo: Demo) -> None:
    running = demo.start("--reports", "100000", "--rate", "50")
    running.wait_for("lost 0")
    running.process.send_signal(signal.SIGINT)
    ended = running.end()
    assert ended.exit_code == 0, ended.said
    assert ended.result["interrupted"]
    assert 0 < ended.result["reports"] == sum(ended.result["settled"].values())


def kill(running: Running, name: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while name not in (children := running.children()):
        assert time.monotonic() < deadline, f"{name} did not come back"
        running.wait_for("lost 0")
    children[name].kill()


def test_a_demo_that_is_killed_takes_all_its_processes_with_it(demo: Demo) -> None:
    running = demo.start("--reports", "1000")
    running.wait_for("lost 0")
    processes = running.children()
    running.process.kill()
    running.process.wait()
    assert {"kafka", "postgres", "traffic"} <= set(processes)
    assert until_gone(processes) == set()
