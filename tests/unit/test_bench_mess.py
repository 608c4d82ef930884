"""Invented reports with their truth: repeatable, readable, and as messy as they say."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli
from pipeline.domain.directory import load_directory
from pipeline.domain.normalise.reading import Reading, read_event
from pipeline.local.bench import mess
from pipeline.local.bench.mess import Mess, messy
from pipeline.local.bench.mix import MIXES
from pipeline.local.bench.register import as_csv
from pipeline.local.bench.truth import TruthError, groups_of, read_truth

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Persons = list[dict[str, Any]]


@pytest.fixture(scope="module")
def sample() -> Mess:
    return messy(MIXES["sample"], 1, 1500)


def persons_of(told: Mess, role: str) -> Persons:
    documents = (json.loads(line.value) for line in told.lines)
    return [p for d in documents for p in d["data"]["persons"] if p["role"] == role]


def share(people: Persons, field: str) -> float:
    return sum(field in person for person in people) / len(people)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_gives_others() -> None:
    mix = MIXES["country"]
    assert messy(mix, 7, 120) == messy(mix, 7, 120)
    assert messy(mix, 7, 120).lines != messy(mix, 8, 120).lines


@pytest.mark.parametrize("name", MIXES)
def test_every_line_of_every_mix_can_be_read_and_comes_of_a_known_source(name: str) -> None:
    told = messy(MIXES[name], 2, 150)
    directory = load_directory(as_csv(told.sources))
    readings = [read_event(line.value, (), NOW, directory) for line in told.lines]
    assert len(readings) == 150
    faults = {f.split(":")[0] for r in readings if isinstance(r, Reading) for f in r.facts.faults}
    assert all(isinstance(reading, Reading) for reading in readings)
    assert not any("unregistered" in fault or "future" in fault for fault in faults)


def test_lines_stand_in_the_order_of_their_arrival(sample: Mess) -> None:
    times = [line.at for line in sample.lines]
    assert times == sorted(times)


def test_an_incident_is_of_one_household_and_an_event_of_one_incident(sample: Mess) -> None:
    households, events = defaultdict[str, set[str]](set), defaultdict[str, set[tuple[str, bytes]]](set)
    for line in sample.lines:
        households[line.truth.incident].add(line.truth.household)
        events[line.truth.event_id].add((line.truth.incident, line.value))
    assert all(len(found) == 1 for found in (*households.values(), *events.values()))


def test_a_resent_report_is_the_same_event_and_an_amended_one_keeps_its_number(sample: Mess) -> None:
    rows = [line.truth for line in sample.lines]
    new = {row.report_no: row.event_id for row in rows if row.what == "new"}
    again = [row for row in rows if row.what != "new" and row.report_no in new]
    assert {row.what for row in again} == {"resend", "amendment"}
    assert all((new[row.report_no] == row.event_id) == (row.what == "resend") for row in again)


def test_the_shares_of_the_example_data_are_met_by_the_mix_that_is_like_it(sample: Mess) -> None:
    victims = persons_of(sample, "victim")
    told = {field: share(victims, field) for field in ("name", "national_id", "birth_date", "phones", "address")}
    like = {"name": 0.886, "national_id": 0.201, "birth_date": 0.446, "phones": 0.261, "address": 0.659}
    assert told == pytest.approx(like, abs=0.05)
    incidents = Counter(line.truth.incident for line in sample.lines if line.truth.what == "new")
    assert sum(incidents.values()) / len(incidents) == pytest.approx(1.585, abs=0.12)


def test_poor_reports_tell_less_than_rich_ones() -> None:
    poor, rich = (persons_of(messy(MIXES[name], 4, 300), "victim") for name in ("poor", "rich"))
    for field in ("name", "national_id", "birth_date", "phones", "address"):
        assert share(poor, field) < share(rich, field)


def test_some_families_move_and_some_happenings_come_within_days(sample: Mess) -> None:
    happened = defaultdict[str, dict[str, datetime]](dict)
    for line in sample.lines:
        happened[line.truth.household].setdefault(line.truth.incident, line.at)
    gaps = [
        b - a
        for times in happened.values()
        for a, b in zip(sorted(times.values()), sorted(times.values())[1:], strict=False)
    ]
    assert any(gap.days < 7 for gap in gaps)
    assert any(gap.days > 60 for gap in gaps)


def test_rates_of_a_mix_are_heeded() -> None:
    mix = MIXES["sample"]
    quiet = replace(mix, time=replace(mix.time, amended=0, resent=0, told=(1.0,), again=0))
    rows = [line.truth for line in messy(quiet, 5, 200).lines]
    assert {row.what for row in rows} == {"new"}
    assert len({row.household for row in rows}) == 200


def test_what_is_written_is_what_was_invented(sample: Mess, tmp_path: Path) -> None:
    reports, truth, sources = sample.write(tmp_path / "new")
    assert reports.read_bytes().splitlines() == [line.value for line in sample.lines]
    assert read_truth(truth) == groups_of(line.truth for line in sample.lines)
    assert len(load_directory(sources.read_text("utf-8")).sources) == len(sample.sources)


def _folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    "make", [lambda path: path.write_text("event_id\n1\n"), lambda path: path.write_bytes(b"\xff\xfe,"), _folder]
)
def test_a_truth_file_that_cannot_be_used_is_refused_by_its_name(
    make: Callable[[Path], object], tmp_path: Path
) -> None:
    path = tmp_path / "truth.csv"
    make(path)
    with pytest.raises(TruthError, match=r"truth\.csv"):
        read_truth(path)


def test_the_command_line_knows_every_mix() -> None:
    assert [name.value for name in cli.MixName] == list(MIXES)


def test_the_first_day_lies_in_the_past_so_that_nothing_comes_of_the_future() -> None:
    assert mess.BEGIN.year < NOW.year
