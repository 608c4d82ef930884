"""Health tells the truth from another thread, and a watchdog ends what hangs."""

import asyncio
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.errors import KafkaError

from pipeline.adapters import probes
from pipeline.adapters.http.health import HealthServer
from pipeline.adapters.kafka.brokers import Brokers
from pipeline.adapters.metrics import Metrics
from pipeline.adapters.pulse import Pulse
from pipeline.adapters.watchdog import Watchdog
from pipeline.errors import UnavailableError


class Hands:
    """A clock that is moved by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_process_is_alive_while_its_loop_comes_round() -> None:
    clock = Hands()
    pulse = Pulse(fresh_s=30.0, clock=clock)
    assert (pulse.alive().ok, pulse.alive().why) == (False, "no_progress")
    pulse.beat()
    clock.now += 30.0
    assert pulse.alive().ok
    clock.now += 0.1
    assert not pulse.alive().ok
    assert pulse.alive().ages_s["beat"] == pytest.approx(30.1)


def test_a_process_is_ready_when_it_says_so_and_all_that_it_needs_answered_lately() -> None:
    clock = Hands()
    pulse = Pulse(("database", "broker"), clock=clock)
    pulse.beat()
    assert pulse.readiness().why == "starting"
    pulse.is_ready()
    assert pulse.readiness().why == "no_answer.database"
    pulse.answered("database")
    assert pulse.readiness().why == "no_answer.broker"
    pulse.answered("broker")
    assert pulse.readiness().ok
    clock.now += 31.0
    pulse.beat()
    pulse.answered("database")
    assert pulse.readiness().why == "no_answer.broker"
    pulse.answered("broker")
    pulse.is_not_ready("stopping")
    assert pulse.readiness().why == "stopping"


def test_a_loop_that_hangs_is_not_ready_either() -> None:
    clock = Hands()
    pulse = Pulse(clock=clock)
    pulse.beat()
    pulse.is_ready()
    assert pulse.readiness().ok
    clock.now += 31.0
    assert pulse.readiness().why == "no_progress"


def test_a_need_that_was_not_declared_is_refused() -> None:
    with pytest.raises(KeyError):
        Pulse(("database",)).answered("oracle")


class Told(Pulse):
    """A pulse that says when its need has answered."""

    def __init__(self) -> None:
        super().__init__(("database",))
        self.heard = asyncio.Event()

    def answered(self, need: str) -> None:
        super().answered(need)
        self.heard.set()


async def test_a_server_is_asked_again_until_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "AGAIN_AFTER_NO_S", 0.0)
    answers = iter([OSError(), TimeoutError(), False, True])

    async def probe() -> bool:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    pulse = Told()
    watching = asyncio.create_task(probes.watch(pulse, {"database": probe}))
    await asyncio.wait_for(pulse.heard.wait(), 5)
    watching.cancel()
    assert pulse.readiness().ages_s["database"] is not None


async def test_a_server_that_is_not_there_is_no_answer() -> None:
    with pytest.raises(ConnectionRefusedError):
        await probes.database_answers("postgresql://127.0.0.1:1/none")
    with pytest.raises(KafkaError):
        await probes.broker_answers(Brokers("127.0.0.1:1"))
    with pytest.raises(KafkaError):
        await probes.is_member(Brokers("127.0.0.1:1"), "anwang-assess", "assess-")


@pytest.fixture
def pulse() -> Pulse:
    return Pulse(("database",))


@pytest.fixture
def server(pulse: Pulse, tmp_path: Path) -> Iterator[HealthServer]:
    serving = HealthServer(pulse, Metrics("assess"), tmp_path / "run" / "assess.port").start("127.0.0.1", 0)
    yield serving
    serving.stop()


def ask(server: HealthServer, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_health_and_readiness_answer_200_or_503_with_why(server: HealthServer, pulse: Pulse) -> None:
    status, body = ask(server, "/healthz")
    assert (status, json.loads(body)["why"]) == (503, "no_progress")
    pulse.beat()
    assert ask(server, "/healthz")[0] == 200
    status, body = ask(server, "/readyz")
    told = json.loads(body)
    assert (status, told["status"], told["why"]) == (503, "failing", "starting")
    pulse.is_ready()
    pulse.answered("database")
    status, body = ask(server, "/readyz")
    assert (status, json.loads(body)["status"], json.loads(body)["why"]) == (200, "ok", None)


def test_metrics_tell_readiness_and_the_age_of_the_beat(server: HealthServer, pulse: Pulse) -> None:
    assert "anwang_ready 0.0" in ask(server, "/metrics")[1]
    pulse.beat()
    pulse.answered("database")
    pulse.is_ready()
    status, body = ask(server, "/metrics")
    assert status == 200
    assert "anwang_ready 1.0" in body
    assert "anwang_beat_age_seconds" in body


def test_an_unknown_path_is_not_found_and_not_repeated(server: HealthServer) -> None:
    status, body = ask(server, "/wang-xiao-ming")
    assert status == 404
    assert "wang" not in body


def test_the_port_is_written_where_others_look_and_taken_away_at_the_end(pulse: Pulse, tmp_path: Path) -> None:
    port_file = tmp_path / "run" / "relay.port"
    serving = HealthServer(pulse, Metrics("relay"), port_file).start("127.0.0.1", 0)
    assert port_file.read_text() == f"{serving.port}\n"
    serving.stop()
    assert not port_file.exists()


def test_a_port_that_is_taken_is_an_error_of_ours(server: HealthServer, pulse: Pulse, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="cannot be had"):
        HealthServer(pulse, Metrics("relay"), tmp_path / "x.port").start("127.0.0.1", server.port)


ARMED = """
import asyncio, re, sys
from pathlib import Path
from pipeline.adapters.watchdog import Watchdog
watchdog = Watchdog(Path(sys.argv[1]) / "log" / "assess.hang", limit_s=0.5).start()
secret = "A123456789"
"""
IN_C = "def matching():\n    re.fullmatch('(a|a)*b', 'a' * 64)\nmatching()\n"
IN_AWAIT = "async def waiting():\n    watchdog.beat()\n    await asyncio.Event().wait()\nasyncio.run(waiting())\n"
BEATING = """
import time
end = time.monotonic() + 1.5
while time.monotonic() < end:
    watchdog.beat()
watchdog.stop()
"""


def under_watch(program: str, folder: Path) -> tuple[int, str]:
    argv = [sys.executable, "-c", ARMED + program, str(folder)]
    ended = subprocess.run(argv, capture_output=True, check=False, timeout=30)
    return ended.returncode, (folder / "log" / "assess.hang").read_text()


@pytest.mark.parametrize(("program", "where"), [(IN_C, "matching"), (IN_AWAIT, "select")])
def test_a_loop_that_hangs_in_c_or_in_await_is_ended(program: str, where: str, tmp_path: Path) -> None:
    returned, trace = under_watch(program, tmp_path)
    assert returned == 1
    assert where in trace
    assert "A123456789" not in trace


def test_the_next_process_knows_that_the_last_one_hung(tmp_path: Path) -> None:
    trace = tmp_path / "assess.hang"
    first = Watchdog(trace)
    assert not first.start().ended_the_last
    first.stop()
    trace.write_text("Timeout (0:00:30)!")
    second = Watchdog(trace)
    assert second.start().ended_the_last
    second.stop()
    assert (tmp_path / "assess.hang.last").read_text() == "Timeout (0:00:30)!"
    assert trace.read_text() == ""


def test_a_loop_that_beats_is_left_alone(tmp_path: Path) -> None:
    assert under_watch(BEATING, tmp_path) == (0, "")


PROCESS = """
import sys
from pathlib import Path
from pipeline.adapters.process import process
from pipeline.errors import FencedError
from pipeline.settings import Settings
settings = Settings(data_dir=Path(sys.argv[1]), instance="assess-1", http_port=None if sys.argv[2] == "off" else 0)
with process("assess", settings, needs=()) as around:
    around.beat()
    if sys.argv[2] == "ours":
        raise FencedError("another worker holds it")
    if sys.argv[2] == "foreign":
        raise ValueError("A123456789")
"""


@pytest.mark.parametrize(
    ("how", "returned", "told"),
    [
        ("well", 0, ["started", "stopped"]),
        ("off", 0, ["started", "stopped"]),
        ("ours", 1, ["started", "failed"]),
        ("foreign", 1, ["started", "failed"]),
    ],
)
def test_a_process_tells_its_beginning_and_its_end_in_json_lines(
    how: str, returned: int, told: list[str], tmp_path: Path
) -> None:
    argv = [sys.executable, "-c", PROCESS, str(tmp_path), how]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert ended.returncode == returned
    assert [line["event"] for line in lines] == told
    assert {line["process"] for line in lines} == {"assess-1"}
    assert ("port" in lines[0]) == (how != "off")
    assert "A123456789" not in ended.stderr
    assert not (tmp_path / "run" / "assess-1.port").exists()
