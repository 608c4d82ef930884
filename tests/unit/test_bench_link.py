"""The trap of look-alikes, and the commands that measure."""

import csv
import json
import re
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline import cli
from pipeline.commands.bench import LinkRun
from pipeline.data import table
from pipeline.domain.directory import load_directory
from pipeline.domain.normalise.reading import Reading, read_event
from pipeline.local.bench import trap
from pipeline.local.bench.mess import messy
from pipeline.local.bench.mix import MIXES

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DIRECTORY = load_directory(table("sources.csv"))
SCENES = trap.scenes()


def call(monkeypatch: pytest.MonkeyPatch, *argv: str) -> int:
    monkeypatch.setattr(sys, "argv", ["anwang", *argv])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_every_line_of_a_scene_can_be_read(scene: trap.Scene) -> None:
    readings = [read_event(line, (), NOW, DIRECTORY) for line in scene.lines]
    assert all(isinstance(reading, Reading) for reading in readings)
    assert {r.facts.event_id for r in readings if isinstance(r, Reading)} == set(scene.truth)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_every_scene_holds_apart_what_looks_alike(scene: trap.Scene) -> None:
    assert len({groups.incident for groups in scene.truth.values()}) > 1


def test_scenes_share_no_household_and_are_always_the_same() -> None:
    households = Counter(household for scene in SCENES for household in {g.household for g in scene.truth.values()})
    assert set(households.values()) == {1}
    assert trap.scenes() == SCENES


def test_the_scenes_that_were_asked_for_have_their_numbers() -> None:
    sizes = {scene.name: len(scene.lines) for scene in SCENES}
    assert (sizes["landlord's phone"], sizes["school's phone"]) == (10, 100)
    default_id = next(scene for scene in SCENES if scene.name == "default ID")
    assert all(json.loads(line)["data"]["persons"][0]["national_id"] == "A123456789" for line in default_id.lines)


def test_all_scenes_together_are_told_in_the_order_of_time() -> None:
    times = [json.loads(line)["time"] for line in trap.in_order(SCENES)]
    assert times == sorted(times)


def test_a_run_says_where_each_event_stands_and_takes_its_time() -> None:
    run = LinkRun(DIRECTORY, NOW)
    twins = next(scene for scene in SCENES if scene.name == "twins")
    for line in (*twins.lines, b"no report"):
        run.take(line)
    assert set(run.found()) == set(twins.truth)
    assert len(run.seconds) == len(twins.lines) + 1
    assert all(seconds > 0 for seconds in run.seconds)


def test_questions_are_told_by_the_events_of_the_two_reports() -> None:
    run = LinkRun(DIRECTORY, NOW)
    lines = messy(MIXES["towers"], 1, 400).lines
    for line in lines:
        run.take(line.value)
    assert run.asks
    assert {event for pair in run.asks for event in pair} <= {line.truth.event_id for line in lines}


def test_invented_reports_are_measured(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    assert call(monkeypatch, "bench", "link", "--mix", "rich", "--events", "60", "--seed", "3", "--seeds", "2") == 0
    out = capfd.readouterr().out
    spread = r"[01]\.\d{3} \([01]\.\d{3}–[01]\.\d{3}\)"
    assert re.search(rf"\| rich, 2 × \d\d \| incident \| {spread} \|", out)
    assert re.search(rf"\|  \| household \| {spread} \|", out)
    assert f"of {len(SCENES) + 1} without a wrong join" in out


def test_several_mixes_stand_in_one_table(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    assert call(monkeypatch, "bench", "link", "--mix", "rich", "--mix", "poor", "--events", "40") == 0
    out = capfd.readouterr().out
    assert out.count("| reports of | level |") == 1
    assert re.search(r"^\| rich, \d\d \| incident \|(?s:.*)^\| poor, \d\d \| incident \|", out, re.MULTILINE)


def test_what_is_written_can_be_measured_as_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "bench", "mess", "out", "--mix", "rural", "--events", "50") == 0
    assert capfd.readouterr().out.split() == ["out/reports.ndjson", "out/truth.csv", "out/sources.csv"]
    files = ("out/reports.ndjson", "--truth", "out/truth.csv", "--sources-file", "out/sources.csv")
    assert call(monkeypatch, "bench", "link", *files) == 0
    with (tmp_path / "out" / "truth.csv").open(encoding="utf-8") as truth:
        events = {row["event_id"] for row in csv.DictReader(truth)}
    assert f"| reports.ndjson, {len(events)} | incident |" in capfd.readouterr().out


@pytest.mark.parametrize("given", [("reports.ndjson",), ("--truth", "truth.csv"), ("--mix", "nowhere")])
def test_half_a_question_is_misused(given: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(monkeypatch, "bench", "link", *given) == 2


def test_a_truth_file_that_is_not_there_fails_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "bench", "link", "reports.ndjson", "--truth", "truth.csv") == 1
    assert capfd.readouterr().err == "anwang: truth.csv cannot be read: No such file or directory\n"
