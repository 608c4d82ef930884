"""Where the surname of a Chinese name ends, and how it is read."""

from functools import lru_cache
from typing import NamedTuple

from pipeline.data import table
from pipeline.domain.normalise.sound import sounds

HIDDEN = "○"
"""Stands in a comparable name for one character that was hidden."""

_GIVEN_USUAL = 2
_GIVEN_MAX = 3


class Parts(NamedTuple):
    """`surname` is None where none is told or the name has none; `own` is a married woman's name before marriage
    (林美玉 of 陳林美玉), or a child's by the second of both parents' surnames.
    """

    surname: str | None
    given: str | None
    own: str | None = None


def split(name: str) -> Parts:
    """The parts of a comparable Chinese name. A name of more than four characters, or of four that begins with no
    surname, is taken as one without (瓦歷斯諾幹).
    """
    head = _head(name)
    if head is None:
        return Parts(None, name.lstrip(HIDDEN) or None)
    rest = name[len(head) :]
    if head in surnames() and _has_two_surnames(rest):
        return Parts(head, rest, own=rest)
    return Parts(head, rest or None) if len(rest) <= _GIVEN_MAX - (head not in surnames()) else Parts(None, name)


def _head(name: str) -> str | None:
    if len(name) > 1 and name[:2] in surnames():
        return name[:2]
    return None if name[:1] in {HIDDEN, ""} else name[0]


def _has_two_surnames(rest: str) -> bool:
    """Whether what follows the first surname is a whole name by itself: a surname and a given name of two."""
    own = len(rest) - _GIVEN_USUAL
    return own in {1, 2} and rest[:own] in surnames()


def surname_sounds(surname: str) -> tuple[tuple[str, ...], ...]:
    """The readings of each character of a surname: 曾 is zeng, 單 is shan."""
    special = surnames().get(surname)
    if not special:
        return tuple(sounds(c) for c in surname)
    return (special,) if len(surname) == 1 else tuple((syllable,) for syllable in special)


@lru_cache(maxsize=1)
def surnames() -> dict[str, tuple[str, ...]]:
    """Every known surname with the readings in which it differs from the character's commonest one."""
    rows = (line.split(",") for line in table("surnames.csv").splitlines()[1:])
    return {surname: tuple(readings.split()) for surname, readings in rows}
