"""Where a cell of somebody's table may go: every field of a report that a mapping can fill, and what it holds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from pipeline.contracts.limits import SUICIDE_IDEA_MAX, TIPVDA_ITEMS
from pipeline.contracts.vocabulary import (
    Category,
    Channel,
    CrisisFlag,
    ReporterRole,
    ReportType,
    Role,
    SafetyResult,
    Sex,
)


class Holds(StrEnum):
    """What stands in a field of a report."""

    TEXT = "text"
    TEXTS = "texts"
    WORD = "word"
    WORDS = "words"
    INSTANT = "instant"
    BIRTH_DATE = "birth_date"
    BOOLEAN = "boolean"
    NUMBER = "number"
    ITEMS = "items"
    PHONES = "phones"


LISTS: Final = frozenset({Holds.TEXTS, Holds.WORDS, Holds.PHONES, Holds.ITEMS})


@dataclass(frozen=True, slots=True)
class Target:
    """`words`: the vocabulary, where it is a closed one. `low` and `high` bound a number, both inclusive."""

    holds: Holds
    words: frozenset[str] | None = None
    low: int = 0
    high: int = 0


def _word(kind: type[StrEnum]) -> Target:
    return Target(Holds.WORD, frozenset(kind))


def _words(kind: type[StrEnum]) -> Target:
    return Target(Holds.WORDS, frozenset(kind))


_TEXT, _TEXTS, _BOOLEAN, _INSTANT = (Target(h) for h in (Holds.TEXT, Holds.TEXTS, Holds.BOOLEAN, Holds.INSTANT))
BSRS5_ITEMS, SDM_ITEMS, SEVERITY_MAX, RATING_MAX = 5, 13, 4, 10


def _numbered(prefix: str, count: int, target: Target) -> dict[str, Target]:
    return {f"{prefix}.{n}": target for n in range(1, count + 1)}


REPORT: Final[Mapping[str, Target]] = MappingProxyType(
    {
        "time": _INSTANT,
        "report_no": _TEXT,
        "related_report_nos": _TEXTS,
        "report_type": _word(ReportType),
        "channel": _word(Channel),
        "known_at": _INSTANT,
        "received_at": _INSTANT,
        "occurred_at": _INSTANT,
        "occurred_place": _TEXT,
        "categories": _words(Category),
        "reporter.role": _word(ReporterRole),
        "reporter.mandated": _BOOLEAN,
        "reporter.organisation": _TEXT,
        "reporter.name": _TEXT,
        "reporter.title": _TEXT,
        "reporter.phone": _TEXT,
        "reporter.anonymous": _BOOLEAN,
        "reporter.wants_reply": _BOOLEAN,
        "narrative": _TEXT,
        "crisis_flags": _words(CrisisFlag),
        "indicators": _TEXTS,
        "instruments.tipvda.items": Target(Holds.ITEMS, low=1, high=TIPVDA_ITEMS),
        "instruments.tipvda.self_rating": Target(Holds.NUMBER, low=1, high=RATING_MAX),
        "instruments.tipvda.judged_high": _BOOLEAN,
        "instruments.bsrs5.suicide_idea": Target(Holds.NUMBER, low=0, high=SUICIDE_IDEA_MAX),
        "instruments.sdm_safety.items": Target(Holds.ITEMS, low=1, high=SDM_ITEMS),
        "instruments.sdm_safety.result": _word(SafetyResult),
        **_numbered("instruments.tipvda.items", TIPVDA_ITEMS, _BOOLEAN),
        **_numbered("instruments.bsrs5.items", BSRS5_ITEMS, Target(Holds.NUMBER, low=0, high=SEVERITY_MAX)),
        **_numbered("instruments.sdm_safety.items", SDM_ITEMS, _BOOLEAN),
    }
)
"""`time` is the event's own, beside its data. Of `items` a cell lists the numbers of those that were found."""

PERSON: Final[Mapping[str, Target]] = MappingProxyType(
    {
        "role": _word(Role),
        "name": _TEXT,
        "code_name": _TEXT,
        "national_id": _TEXT,
        "birth_date": Target(Holds.BIRTH_DATE),
        "sex": _word(Sex),
        "phones": Target(Holds.PHONES),
        "address": _TEXT,
        "registered_address": _TEXT,
        "current_place": _TEXT,
        "relationship_to_victim": _TEXT,
        "school": _TEXT,
        "conditions": _TEXTS,
        "safe_contact.time": _TEXT,
        "safe_contact.way": _TEXT,
        "safe_contact.person": _TEXT,
    }
)

EVERY_REPORT_NEEDS: Final = ("report_no", "channel", "received_at", "categories")


def target_of(path: str, persons: Iterable[str]) -> Target | None:
    """The field of this path; a person's begins with the name that the mapping gives the person."""
    who, _, rest = path.partition(".")
    return PERSON.get(rest) if who in persons else REPORT.get(path)
