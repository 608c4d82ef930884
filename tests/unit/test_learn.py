from pathlib import Path

import pytest
from people import person, report

from pipeline import data
from pipeline.commands.learn import Asked, LearnError, learn
from pipeline.domain.directory import load_directory
from pipeline.domain.neighbours import NEIGHBOURS_MAX, Neighbours
from pipeline.domain.weights import Weights, read_weights, weights
from pipeline.local.bench.alike import SCENES, Alike
from pipeline.local.bench.mess import messy
from pipeline.local.bench.mix import MIXES

SOURCES = load_directory(data.table("sources.csv"))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    reports, truth, _ = messy(MIXES["rich"], 5, 400).write(tmp_path_factory.mktemp("told"))
    return str(reports), truth


def learnt(asked: Asked, folder: Path) -> Weights:
    learn(asked, folder / "weights.json", "test", SOURCES)
    return read_weights((folder / "weights.json").read_text("utf-8"))


def test_from_a_truth_it_is_learnt_that_one_number_is_one_person(told: tuple[str, Path], tmp_path: Path) -> None:
    found = learnt(Asked([told[0]], [told[1]]), tmp_path)
    assert found.version == "test"
    assert found.table["first_identity", "equal"][0] > 0
    assert found.table["place", "same_floor"][0] > found.table["place", "other_floor"][0]
    assert found.household_join == weights().household_join


def test_from_reports_alone_it_is_learnt_too(told: tuple[str, Path], tmp_path: Path) -> None:
    found = learnt(Asked([told[0]]), tmp_path)
    assert found.table["first_identity", "equal"][0] > 1
    assert found.table["first_birth", "different"][0] < 0


def test_what_counts_for_nothing_teaches_nothing(told: tuple[str, Path], tmp_path: Path) -> None:
    once = learnt(Asked([told[0]], [told[1]]), tmp_path)
    again = learnt(Asked([told[0], told[0]], [told[1], told[1]], [1.0, 0.0]), tmp_path)
    assert again.prior_household == pytest.approx(once.prior_household, abs=0.05)


@pytest.mark.parametrize(("truths", "worths"), [(2, 0), (1, 2)])
def test_every_file_has_its_truth_and_its_worth_or_none_has(
    told: tuple[str, Path], tmp_path: Path, truths: int, worths: int
) -> None:
    with pytest.raises(LearnError):
        learn(Asked([told[0]], [told[1]] * truths, [1.0] * worths), tmp_path / "w.json", "test", SOURCES)


def test_nothing_is_learnt_from_nothing(tmp_path: Path) -> None:
    (tmp_path / "none.ndjson").write_bytes(b"")
    with pytest.raises(LearnError):
        learn(Asked([str(tmp_path / "none.ndjson")]), tmp_path / "w.json", "test", SOURCES)


def test_look_alikes_are_the_same_for_the_same_seed_and_come_in_order() -> None:
    lines = list(Alike(7).lines(2 * len(SCENES)))
    assert lines == list(Alike(7).lines(2 * len(SCENES)))
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert len({line.truth.event_id for line in lines}) == len(lines)


def test_a_report_has_a_bounded_number_of_neighbours() -> None:

    neighbours = Neighbours()
    for number in range(200):
        neighbours.add(number, report(str(number), person(name="陳怡君", birth="1990-05-06")))
    found = neighbours.of(report("new", person(name="陳怡君", birth="1990-05-06")))
    assert len(found) == NEIGHBOURS_MAX
    assert found[0] == 199
