"""Stories: what a report tells in its own words, as far as two of them can be compared."""

import re
from functools import lru_cache
from typing import NamedTuple

from pipeline.domain.normalise.name import HIDDEN
from pipeline.domain.normalise.surname import surnames
from pipeline.domain.normalise.text import plain
from pipeline.domain.normalise.variants import fold

STORY_MAX = 500
"""Characters of a story that are compared: what a form's first lines hold."""

_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
_ASIDE = re.compile(r"[(\[【][^)\]】]*[)\]】]")
_CALLED = re.compile(r"([\u3400-\u9fff])(?:姓?[男女童嫌員婦翁媼父母]|姓|氏|先生|小姐|女士|太太|小弟|小妹|同學)")
_PAIR = 2


class Story(NamedTuple):
    """`text` is the Han of it with variant characters as one and without asides, `surnames` those by which it calls
    people (林女, 陳姓男子), `pairs` every two characters that follow one another, surnames left out.
    """

    text: str
    surnames: frozenset[str]
    pairs: frozenset[str]


def read_story(written: str) -> Story | None:
    """None where no word of Chinese is told."""
    return _story(written[:STORY_MAX])


@lru_cache(maxsize=2048)
def _story(written: str) -> Story | None:
    text = fold(plain(written))
    told = _ASIDE.sub("", text)
    runs = _HAN_RUN.findall(told)
    if not runs:
        return None
    called = frozenset(found for found in _CALLED.findall(told) if found in surnames())
    hidden = str.maketrans(dict.fromkeys(called, HIDDEN))
    pairs = (run.translate(hidden) for run in runs)
    return Story("".join(runs), called, frozenset(_pairs(pairs)))


def _pairs(runs):  # type: ignore[no-untyped-def]
    for run in runs:
        for i in range(len(run) - 1):
            yield run[i : i + _PAIR]
