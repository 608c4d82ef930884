"""Stories: what a report tells in its own words, as far as two of them can be compared."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from pipeline.domain.normalise.surname import HIDDEN, surnames
from pipeline.domain.normalise.text import LENGTH_MAX, plain
from pipeline.domain.normalise.variants import fold

_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
_ASIDE = re.compile(r"[(\[【][^)\]】]*[)\]】]")
_CALLED = re.compile(r"([\u3400-\u9fff]{1,2})(?:姓?[男女童嫌員婦翁媼父母]|姓|氏|先生|小姐|女士|太太|小弟|小妹|同學)")


class Story(NamedTuple):
    """`text` is its Chinese with variant characters as one and without asides, `surnames` those by which it calls
    people (林女, 陳姓男子), `pairs` every two characters that follow one another, surnames as one.
    """

    text: str
    surnames: frozenset[str]
    pairs: frozenset[str]


def read_story(written: str) -> Story | None:
    """What the first 500 characters tell; None where no word of Chinese is told."""
    return _story(written[:LENGTH_MAX])


@lru_cache(maxsize=2048)
def _story(written: str) -> Story | None:
    told = _ASIDE.sub("", fold(plain(written)))
    runs = _HAN_RUN.findall(told)
    if not runs:
        return None
    called = frozenset(_surnames(told))
    hidden = str.maketrans(dict.fromkeys("".join(called), HIDDEN))
    return Story("".join(runs), called, frozenset(_pairs(run.translate(hidden) for run in runs)))


def _surnames(told: str) -> Iterator[str]:
    for found in _CALLED.findall(told):
        if found in surnames():
            yield found
        elif found[-1] in surnames():
            yield found[-1]


def _pairs(runs: Iterable[str]) -> Iterator[str]:
    return (a + b for run in runs for a, b in pairwise(run))
