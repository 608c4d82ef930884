"""How many people bear a name: what an equal name is worth."""

from enum import StrEnum
from functools import lru_cache

from pipeline.data import table
from pipeline.domain.normalise.name import NameForm

_BY_COMMONNESS = "陳林黃張李王吳劉蔡楊許鄭謝洪郭邱曾廖賴徐周葉蘇莊江呂何羅高蕭潘簡朱鍾游彭詹胡施沈"
"""The forty commonest surnames, the commonest first (the ministry's name statistics)."""

_FIRST, _MANY, _SOME = 4, 12, 20


class Share(StrEnum):
    """How common a surname is. The first four are borne by 30 % of all people, the next eight by as many again."""

    FIRST = "first"
    MANY = "many"
    SOME = "some"
    FEW = "few"
    NONE = "none"  # a name without a surname of its own


@lru_cache(maxsize=1024)
def surname_share(surname: str | None) -> Share:
    if not surname:
        return Share.NONE
    rank = _BY_COMMONNESS.find(surname)
    if rank < 0:
        return Share.FEW
    return Share.FIRST if rank < _FIRST else Share.MANY if rank < _MANY else Share.SOME


def is_common(surname: str) -> bool:
    return 0 <= _BY_COMMONNESS.find(surname) < _SOME


def has_common_given_name(name: NameForm) -> bool:
    """Whether the given name is one of those that tens of thousands bear."""
    return name.given in _given_names()


@lru_cache(maxsize=1)
def _given_names() -> frozenset[str]:
    return frozenset(table("given_names.csv").split()[1:])
