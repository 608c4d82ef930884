"""Do two reports tell of the same household, and of the same incident? How sure that is, and what speaks for it, field
by field and never by person.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple, assert_never

from pipeline.domain.comparison import levels
from pipeline.domain.contradiction import contradict, together
from pipeline.domain.facts import Facts
from pipeline.domain.profile import Profile, profile
from pipeline.domain.weights import weights

__all__ = [
    "NOTHING_IN_COMMON",
    "QUOTED",
    "Evidence",
    "Profile",
    "Quote",
    "Reason",
    "compare",
    "contradict",
    "profile",
    "together",
]

QUOTED = "report_no_quoted"
"""The one reason that links whatever else is missing."""

QUOTED_BITS = 20.0
"""A number that one report quotes of another is as good as certain."""


class Quote(StrEnum):
    """Whether one of two reports quotes the number of the other, and what makes it doubtful."""

    NONE = "none"
    CLEAR = "clear"
    BORNE_BY_SEVERAL = "report_no_borne_by_several"
    VICTIMS_CONTRADICT = "victims_contradict"


class Reason(NamedTuple):
    """How one aspect of two reports agrees, and what that weighs: bits for one household, and bits for one incident if
    they are of one household. Negative bits speak against it.
    """

    aspect: str
    level: str
    household: float
    incident: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """`household` and `incident` are probabilities; `incident` is never the greater. `doubts` are what a person should
    look at; they link nothing by themselves.
    """

    household: float
    incident: float
    reasons: tuple[Reason, ...] = ()
    doubts: tuple[str, ...] = ()


NOBODY_SHORT = 0.01
"""Where it happened and when join nobody by themselves, or a ward's patients were one family: two reports that have no
person and no home in common stay so much below the join.
"""

LEAST_ALIKE = "..0.5"
"""The level of `likeness` of two reports of which no two people are alike."""

NOTHING_IN_COMMON = Evidence(0.0, 0.0)


def compare(one: Facts | Profile, other: Facts | Profile, quote: Quote = Quote.NONE) -> Evidence:
    """The evidence that two reports belong together, the same in either order. It hangs on nothing but the two: a
    report that is compared with many is best given as its profile. A clear quote is enough by itself, a doubtful one
    leaves what the reports tell as it is.
    """
    found = _weighed(tuple(_reasons(_prepared(one), _prepared(other))))
    match quote:
        case Quote.NONE:
            return found
        case Quote.CLEAR:
            return _weighed((Reason(QUOTED, quote.value, QUOTED_BITS, QUOTED_BITS), *found.reasons), certain=True)
        case Quote.BORNE_BY_SEVERAL | Quote.VICTIMS_CONTRADICT:
            return replace(found, doubts=(QUOTED, quote.value))
        case _:
            assert_never(quote)


def _prepared(report: Facts | Profile) -> Profile:
    return report if isinstance(report, Profile) else profile(report)


def _reasons(one: Profile, other: Profile) -> Iterator[Reason]:
    table = weights().table
    for aspect, level in levels(one, other):
        found = table.get((aspect, level))
        if found:
            yield Reason(aspect, level, *found)


def _weighed(reasons: tuple[Reason, ...], *, certain: bool = False) -> Evidence:
    if certain:
        return Evidence(1.0, 1.0, reasons)
    known = weights()
    household = _probability(known.prior_household + sum(r.household for r in reasons))
    if not any(_is_of_somebody(r) for r in reasons):
        household = min(household, known.household_join - NOBODY_SHORT)
    incident = household * _probability(known.prior_incident + sum(r.incident for r in reasons))
    return Evidence(household, incident, reasons)


def _is_of_somebody(reason: Reason) -> bool:
    """Whether the two have a person, a surname or a home in common, however little is told of either."""
    if reason.aspect == "home":
        return reason.level != "unknown"
    if reason.aspect == "likeness":
        return reason.level != LEAST_ALIKE
    return reason.aspect in {"surnames", "story_surnames"} and reason.level[0] not in "0u"


def _probability(bits: float) -> float:
    bounded = max(-60.0, min(60.0, bits))
    return 1 / (1 + 2**-bounded)
