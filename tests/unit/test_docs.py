"""What the documents name is there, and what they must name is named."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from pipeline.adapters.metrics import Metrics
from pipeline.adapters.postgres.database import RETRY_FOR_S
from pipeline.adapters.postgres.relay_store import LEASE_SILENT_MAX_S
from pipeline.adapters.pulse import FRESH_S
from pipeline.adapters.watchdog import LIMIT_S
from pipeline.cli import app
from pipeline.domain import timekeeping
from pipeline.settings import Settings

ROOT = Path(__file__).parents[2]
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")


def first_cells(heading: str) -> set[str]:
    """The code words of the first column of the table under a heading."""
    section = OPERATIONS.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE))


def rung() -> Iterator[str]:
    """Every code that the source rings with: the first argument of a call."""
    for file in (ROOT / "pipeline").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="_ring" | "_ring_or_silence" | "_suspect" | "raise_alarm" | "alarm"),
                    args=[ast.Constant(value=str(code)), *_],
                ):
                    yield code
                case ast.Call(
                    args=[ast.Subscript(slice=ast.Constant(value="raise_alarm")), ast.Constant(value=str(code)), *_]
                ):
                    yield code


def test_every_alarm_is_explained_and_every_explained_one_can_ring() -> None:
    assert first_cells("Alarms") == {*rung(), *timekeeping.CODES}


def test_every_metric_is_explained_and_every_explained_one_exists() -> None:
    metrics = Metrics("assess")
    metrics.ledger.show_in(metrics.registry)
    metrics.timekeeping.show_in(metrics.registry)
    suffix = {"counter": "_total"}
    declared = {m.name + suffix.get(m.type, "") for m in metrics.registry.collect() if m.name.startswith("anwang_")}
    assert first_cells("Metrics") == declared


def test_every_setting_is_explained_with_its_default() -> None:
    assert first_cells("Settings") == set(Settings.model_fields)
    for name in ("kafka_bootstrap", "kafka_group", "postgres_dsn", "keys_dsn", "data_dir", "partitions", "log_level"):
        assert f"| `{name}` | `{Settings.model_fields[name].default}` |" in OPERATIONS


def test_the_bounds_that_are_told_are_those_of_the_code() -> None:
    for words in (
        f"the loop came round within {FRESH_S:.0f} s",
        f"what it needs answered within {FRESH_S:.0f} s",
        f"a server that stays away for {RETRY_FOR_S:.0f} s",
        f"stands still for {LIMIT_S:.0f} s",
        f"after {LEASE_SILENT_MAX_S:.0f} s of silence",
    ):
        assert words in re.sub(r"\s+", " ", OPERATIONS)


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.stem)
def test_every_test_that_a_page_leans_on_exists(page: Path) -> None:
    source = "".join(file.read_text("utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"^(?:async )?def (test_\w+)", source, re.MULTILINE))
    assert set(re.findall(r"`(test_\w+)`", page.read_text("utf-8"))) <= there


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.stem)
def test_every_file_that_a_page_points_to_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    linked = [page.parent / target for target in re.findall(r"\]\(([^)#:]+)\)", text)]
    named = [ROOT / path for path in re.findall(r"`((?:pipeline|tests|schemas|requirements)/[\w./-]*)`", text)]
    assert [str(path) for path in (*linked, *named) if not path.exists()] == []


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.stem)
def test_every_command_that_a_page_tells_to_run_exists(page: Path) -> None:
    group = typer.main.get_command(app)
    known = set(group.commands)  # type: ignore[attr-defined] # a group of commands
    told = re.findall(r"(?:^|`|run |/)anwang ([a-z]+)", page.read_text("utf-8"), re.MULTILINE)
    assert set(told) <= known
