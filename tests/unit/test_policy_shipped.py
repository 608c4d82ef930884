"""The shipped policy's own examples guard it: no row can go unnoticed."""

import re
from collections.abc import Iterator

import pytest

from pipeline.domain.policy.examples import example_faults
from pipeline.domain.policy.reading import PolicyFaultsError, read_policy, shipped_text

TABLES = r"\[\[(queue|child_grade|priority|tag|also|county|clock|danger)\]\]"


def rows() -> Iterator[tuple[str, str]]:
    """The name of each row with conditions, and the file's text without it."""
    parts = re.split(r"(?m)^(?=\[\[|\[calendar|# ---)", shipped_text())
    for place, part in enumerate(parts):
        if table := re.match(TABLES, part):
            name = re.search(r'^(?:name|code) = "(\w+)"', part, re.MULTILINE)
            assert name
            yield f"{table[1]}-{place}-{name[1]}", "".join(parts[:place] + parts[place + 1 :])


ROWS = dict(rows())


@pytest.mark.parametrize("text", ROWS.values(), ids=ROWS.keys())
def test_no_row_can_be_deleted_without_an_example_that_says_so(text: str) -> None:
    try:
        policy = read_policy(text)
    except PolicyFaultsError:
        return
    assert list(example_faults(policy))
