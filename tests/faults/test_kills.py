"""Every process, ours and the servers, ended by kill -9 in turn while reports are in flight."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from test_demo import JARS, Demo, kill

PROCESSES = ("traffic", "relay", "assess-1", "auditor", "kafka", "assess-2", "postgres")
REPORTS = 3000


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    (tmp_path / "kafka").mkdir()
    JARS.mkdir(parents=True, exist_ok=True)
    (tmp_path / "kafka" / "libs").symlink_to(JARS)
    made = Demo(tmp_path)
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_whoever_is_killed_nothing_is_lost_and_nothing_is_there_twice(demo: Demo) -> None:
    running = demo.start("--reports", str(REPORTS), "--rate", "100")
    running.wait_for("lost 0")
    for name in PROCESSES:
        kill(running, name)
        running.wait_for("lost 0")
    ended = running.end()
    result = ended.result
    assert ended.exit_code == 0, ended.said
    assert (result["reports"], result["lost"], result["in_flight"], result["doubles"]) == (REPORTS, 0, 0, 0)
    assert sum(result["settled"].values()) == result["received"] >= REPORTS
    assert (result["verifier"]["findings"], result["auditor"]["alarms"]) == ([], {})
    assert {name for name, count in result["restarts"].items() if count >= 1} == set(PROCESSES)
