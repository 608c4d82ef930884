"""How the characters of a name sound: Hanyu Pinyin without tones, and what people in Taiwan take for each other."""

import re
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache

from pipeline.data import table


class Confusion(Enum):
    """Two ways of speaking that are heard, or typed, as one. The value rewrites a syllable to what both become."""

    RETROFLEX = (r"^([zcs])h", r"\1")
    NASAL = (r"([ei]n)g$", r"\1")
    LATERAL = (r"^l", "n")
    LABIAL = (r"^hu(?=[aeino])", "f")
    ROUNDED = (r"(?:(?<=^y)u|(?<=^[nl])v)(?=n?$)", "i")


COMMON = (Confusion.RETROFLEX, Confusion.NASAL)
"""zh/z, ch/c, sh/s; eng/en, ing/in."""

_REWRITE = {confusion: re.compile(confusion.value[0]) for confusion in Confusion}


def sounds(character: str) -> tuple[str, ...]:
    """The readings in use, the commonest first; the character itself where nobody knows how it is read."""
    return _readings().get(character, (character,))


@lru_cache(maxsize=4096)
def blur(syllable: str, confusions: tuple[Confusion, ...] = COMMON) -> str:
    """The syllable as an ear hears it that does not tell these apart. Blurring again changes nothing."""
    for confusion in confusions:
        syllable = _REWRITE[confusion].sub(confusion.value[1], syllable)
    return syllable


def blurred(syllables: Iterable[str], confusions: tuple[Confusion, ...] = COMMON) -> tuple[str, ...]:
    return tuple(blur(syllable, confusions) for syllable in syllables)


@lru_cache(maxsize=1)
def _readings() -> dict[str, tuple[str, ...]]:
    rows = (line.split(",") for line in table("sounds.csv").splitlines()[1:])
    return {character: tuple(readings.split()) for readings, characters in rows for character in characters}
