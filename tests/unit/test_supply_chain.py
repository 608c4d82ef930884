"""The check for known vulnerabilities: what is found fails, what could not be asked is never called fine."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

AUDIT = Path(__file__).parents[2] / ".ci" / "audit.py"
CLEAN = {"name": "clean", "version": "1.0", "vulns": []}
BAD = {"name": "bad", "version": "2.0", "vulns": [{"id": "PYSEC-1"}]}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found on PyPI and could not be audited: unknown (3.0)"}


@pytest.fixture
def audit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The check, with bills of materials of its own jars and examples alone."""
    spec = importlib.util.spec_from_file_location("audit_check", AUDIT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "TO", module.ROOT / "build" / tmp_path.name)
    monkeypatch.setattr(module, "_bill_of_lock", lambda _lock: None)
    return module


def asked(audit: ModuleType, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any] | None, *flags: str) -> int:
    monkeypatch.setattr(audit, "_pip_audit", lambda _lock: answer)
    monkeypatch.setattr("sys.argv", ["audit.py", *flags])
    return int(audit.main())


@pytest.mark.parametrize(
    ("told", "flags", "code", "said"),
    [
        ([CLEAN], (), 0, "asked about 1 packages, 0 known vulnerabilities"),
        ([CLEAN, BAD], (), 1, "VULNERABLE  bad 2.0: PYSEC-1"),
        ([BAD, UNKNOWN], ("--strict",), 1, "VULNERABLE  bad 2.0: PYSEC-1"),
        ([CLEAN, UNKNOWN], (), 0, "COULD NOT BE ASKED about 1"),
        ([CLEAN, UNKNOWN], ("--strict",), 3, "unknown (3.0)"),
        (None, (), 0, "all of requirements/run.lock"),
        (None, ("--strict",), 3, "COULD NOT BE ASKED"),
    ],
)
def test_what_is_found_fails_and_what_could_not_be_asked_is_said(  # noqa: PLR0913, PLR0917 - one line of the table
    audit: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    told: list[dict[str, Any]] | None,
    flags: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    answer = None if told is None else {"dependencies": told}
    assert asked(audit, monkeypatch, answer, *flags) == code
    assert said in capsys.readouterr().out


def test_the_bill_of_the_broker_names_every_jar_with_its_digest(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(audit, monkeypatch, {"dependencies": [CLEAN]})
    bill = json.loads((audit.TO / "kafka-jars.cdx.json").read_text("utf-8"))
    lines = (audit.ROOT / "pipeline" / "local" / "kafka_jars.lock").read_text("ascii").splitlines()
    locked = {(line.split()[0], line.split()[2]) for line in lines if not line.startswith("#")}
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert locked == {
        (f"{one['group']}:{one['name']}:{one['version']}", one["hashes"][0]["content"]) for one in bill["components"]
    }
