"""What `anwang keys` does with files alone."""

from pathlib import Path

import pytest
from command_line import Run

from pipeline.adapters.vault import GateKeys, KeyPurpose, KeyRing

HERE = ("--data-dir", "data")


@pytest.fixture
def made(run: Run, nowhere: None) -> Path:  # noqa: ARG001 - goes there first
    assert run("keys", "init", *HERE)[0] == 0
    return Path("data/keys")


def test_the_intakes_keys_are_replaced_and_the_older_ones_kept(run: Run, made: Path) -> None:
    before = GateKeys.load(made / "gate.json")
    code, out, _ = run("keys", "rotate", "gate", *HERE)
    after = GateKeys.load(made / "gate.json")
    assert code == 0
    assert "receipts: version 2" in out
    for old, new in ((before.receipts, after.receipts), (before.spool, after.spool)):
        assert new.current == 2
        assert new.versions[1] == old.versions[1] != new.newest


def test_a_version_is_drawn_ahead_for_other_machines_and_nothing_else_changes(run: Run, made: Path) -> None:
    before = KeyRing.load(made / "ring.json")
    code, out, _ = run("keys", "draw", "index", *HERE)
    assert (code, "version 2" in out) == (0, True)
    after = KeyRing.load(made / "ring.json")
    held = after.held(KeyPurpose.INDEX)
    assert held
    assert (held.current, set(held.versions)) == (1, {1, 2})
    assert after.held(KeyPurpose.WRAPPING) == before.held(KeyPurpose.WRAPPING)


def test_a_key_that_lies_in_the_database_is_not_drawn_into_a_file(run: Run, made: Path) -> None:
    before = (made / "ring.json").read_bytes()
    code, _, err = run("keys", "draw", "case", *HERE)
    assert (code, err.count("\n")) == (1, 1)
    assert (made / "ring.json").read_bytes() == before


def test_no_servers_are_one_line(run: Run, made: Path) -> None:
    assert made.is_dir()
    code, _, err = run("keys", "status", *HERE, "--postgres-dsn", "postgresql://127.0.0.1:1/none")
    assert (code, err.count("\n")) == (1, 1)
