"""Runs a command in this process, away from any settings of the machine."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline import cli
from pipeline.settings import Settings

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    for name in (*Settings.model_fields, "config"):
        monkeypatch.delenv(f"ANWANG_{name.upper()}", raising=False)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Its exit code, standard output and standard error."""

    def call(*argv: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["anwang", *argv])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return int(ended.value.code or 0), out.decode(), err.decode()

    return call
