import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.domain import weights as module
from pipeline.domain.weights import Weights, read_weights, weights, written
from pipeline.settings import Settings, SettingsRefusedError, use_weights


def test_the_weights_that_travel_with_the_package_can_be_read_and_have_a_version() -> None:
    assert weights().version
    assert weights().table
    assert 0 < weights().review_from < weights().household_join < 1
    assert 0 < weights().unseen < weights().review_from


def test_what_is_written_reads_as_the_same_weights() -> None:
    assert read_weights(written(weights())) == weights()


def test_what_weighs_nothing_is_left_out() -> None:
    table = {("a", "x"): (0.004, -0.01), ("a", "y"): (1.0, 0.0)}
    assert set(read_weights(written(replace(weights(), table=table))).table) == {("a", "y")}


@pytest.mark.parametrize("missing", ["version", "prior", "aspects", "unseen"])
def test_weights_without_a_part_are_refused(missing: str) -> None:
    whole = json.loads(written(weights()))
    del whole[missing]
    with pytest.raises(ValueError, match=missing):
        read_weights(json.dumps(whole))


def test_weights_are_one_value() -> None:
    assert isinstance(weights(), Weights)
    assert weights() is weights()


@pytest.fixture
def shipped() -> Iterator[None]:
    """Whatever a test chooses, the next one weighs by the shipped weights."""
    yield
    module._chosen.clear()  # noqa: SLF001


@pytest.mark.usefixtures("shipped")
def test_a_bureaus_own_file_stands_in_for_the_shipped_weights(tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    own.write_text(written(replace(weights(), version="bureau-7", household_join=0.9)), "utf-8")
    use_weights(Settings(weights_file=own))
    assert (weights().version, weights().household_join) == ("bureau-7", 0.9)


@pytest.mark.parametrize("text", [None, "{}", "no json"])
def test_a_file_that_holds_no_weights_is_refused_and_named(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "own.json"
    if text is not None:
        file.write_text(text, "utf-8")
    with pytest.raises(SettingsRefusedError, match=r"own\.json"):
        use_weights(Settings(weights_file=file))
