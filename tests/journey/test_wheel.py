"""What production installs: the wheel with the running lock, in a clean environment. Imports nothing of ours."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REPORT = {
    "specversion": "1.0",
    "id": "e7d1e2e9-54bd-b499-08ec-37d4f1571155",
    "source": "/sources/hotline-113",
    "type": "report.submitted.v1",
    "time": "2026-03-02T09:00:00+08:00",
    "data": {
        "report_no": "h-1",
        "channel": "hotline",
        "received_at": "2026-03-02T09:00:00+08:00",
        "categories": ["child_protection"],
        "persons": [{"role": "victim", "birth_date": "民國113年5月1日", "address": "台中市西屯區福星路100號"}],
        "indicators": ["injury_visible"],
    },
}

Anwang = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def anwang(tmp_path_factory: pytest.TempPathFactory) -> Anwang:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    said([*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)])
    (wheel,) = folder.glob("anwang-*.whl")
    clean = folder / "clean"
    said([sys.executable, "-m", "venv", "--without-pip", str(clean)])
    python = str(clean / "bin" / "python")
    lock = str(ROOT / "requirements" / "run.lock")
    said([*pip, "--python", python, "install", "--require-hashes", "--requirement", lock])
    said([*pip, "--python", python, "install", "--no-deps", str(wheel)])

    def run(*arguments: str, told: str = "") -> subprocess.CompletedProcess[str]:
        return said([python, "-m", "pipeline.cli", *arguments], told, folder)

    return run


def said(command: list[str], told: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(command, input=told, cwd=cwd, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended


def test_the_wheel_says_its_version(anwang: Anwang) -> None:
    assert anwang("--version").stdout.startswith("anwang 0.")


def test_the_wheel_has_the_directory_that_a_bureau_may_change(anwang: Anwang) -> None:
    assert "368 towns have a family service centre" in anwang("directory", "check").stdout


def test_the_wheel_decides_a_report_far_from_its_checkout(anwang: Anwang) -> None:
    (decision,) = map(json.loads, anwang("assess", "-", told=json.dumps(REPORT)).stdout.splitlines())
    assert (decision["priority"], decision["child_grade"], decision["county"]) == ("immediate", 1, "臺中市")
