"""How many people bear a name: what an equal name is worth."""

from enum import StrEnum
from functools import lru_cache

from pipeline.data import table
from pipeline.domain.normalise.name import NameForm


class Commonness(StrEnum):
    """How many of a million share the name. A name that is not told, or not in full, is `usual`."""

    COMMON = "common"
    USUAL = "usual"
    RARE = "rare"


_COMMON_SURNAMES = frozenset("陳林黃張李王吳劉蔡楊許鄭謝洪郭邱曾廖賴徐")


def is_common_surname(surname):
    return surname in _COMMON_SURNAMES


def commonness(name: NameForm | None) -> Commonness:
    if name is None or not name.surname:
        return Commonness.RARE if name and not name.masked else Commonness.USUAL
    if not name.given:
        return Commonness.USUAL
    if name.given in given_names():
        return Commonness.COMMON if name.surname in _COMMON_SURNAMES else Commonness.USUAL
    return Commonness.USUAL if name.surname in _COMMON_SURNAMES else Commonness.RARE


@lru_cache(maxsize=1)
def given_names():
    return frozenset(table("given_names.csv").split()[1:])
