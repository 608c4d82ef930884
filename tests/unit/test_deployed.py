"""What a bureau may change is found in a checkout and in the wheel."""

import pytest

from pipeline.data import deployed
from pipeline.domain.centre_files import FILES


def test_a_checkout_reads_the_folder_that_people_edit() -> None:
    folder = deployed("directory")
    assert {entry.name for entry in folder.iterdir()} >= {*FILES, "README.md"}


def test_a_folder_that_was_not_built_in_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="without its folder nothing_of_this_name"):
        deployed("nothing_of_this_name")
