import json
from dataclasses import replace

import pytest

from pipeline.domain.weights import Weights, read_weights, weights, written


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
