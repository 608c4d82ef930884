"""Why reports stand together, or do not: field by field, with weights, and never by a person or a source."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from pipeline.domain.bonds import Scope
from pipeline.domain.evidence import Reason
from pipeline.domain.link_words import FIELDS, Field, Words, aspect_words, field_of, level_words
from pipeline.domain.partition import CERTAIN
from pipeline.domain.weights import weights

OTHERS_MAX = 10
"""Reports that were looked at and not joined: so many of them are shown, the most alike."""

SHOWN_FROM_BITS = 0.05


class Verdict(StrEnum):
    """How the other report stands to this one."""

    ONE_INCIDENT = "one_incident"
    ONE_HOUSEHOLD = "one_household"
    ASKED = "a_person_should_look"
    APART = "not_linked"


class Cause(StrEnum):
    """What decided it."""

    PEOPLE = "people"
    CERTAIN = "certain"
    ABOVE = "above_threshold"
    BELOW = "below_threshold"
    BY_THE_OTHERS = "by_the_others"
    AGAINST_THE_OTHERS = "against_the_others"


VERDICTS: Final[Mapping[Verdict, Words]] = {
    Verdict.ONE_INCIDENT: Words("同一事件", "one incident"),
    Verdict.ONE_HOUSEHOLD: Words("同一家戶，另一事件", "one household, another incident"),
    Verdict.ASKED: Words("待人員判斷", "a person should look"),
    Verdict.APART: Words("未連結", "not linked"),
}
CAUSES: Final[Mapping[Cause, Words]] = {
    Cause.PEOPLE: Words("由人員決定", "people decided it"),
    Cause.CERTAIN: Words("一方引用另一方的通報編號", "one quotes the other's report number"),
    Cause.ABOVE: Words("達到門檻", "at or above the threshold"),
    Cause.BELOW: Words("未達門檻", "below the threshold"),
    Cause.BY_THE_OTHERS: Words(
        "兩者本身未達門檻，依與同組其他通報的平均而連結",
        "below by itself; joined by the mean over all reports of the group",
    ),
    Cause.AGAINST_THE_OTHERS: Words(
        "兩者本身達到門檻，但與另一組的平均未達，或該案已有人承辦或已結案",
        "above by itself; but the mean over the other group is not, or that case is in somebody's hand, or closed",
    ),
}
_CODES: Final[Mapping[str, Words]] = {
    "unsure": Words("可能是同一家戶，但把握不足", "perhaps one household, but not surely"),
    "cases_in_hand": Words("案件已有人承辦", "somebody has one of the cases in hand"),
    "case_is_crowded": Words("該案通報過多", "that case holds very many reports"),
    "report_no_quoted": Words("引用通報編號", "a report number is quoted"),
    "report_no_borne_by_several": Words("數份通報有相同編號", "several reports bear that number"),
    "victims_contradict": Words("被害人資料互相矛盾", "what is told of the victims contradicts"),
}


@dataclass(frozen=True, slots=True)
class Known:
    """What a comparison found of two reports, by which weights."""

    household: float
    incident: float
    reasons: tuple[Reason, ...]
    weights_version: str


@dataclass(frozen=True, slots=True)
class Word:
    """What a person said of two reports. People are told by staff codes."""

    together: bool
    scope: Scope
    kind: str
    ruling_id: UUID
    ruled_by: str
    seconded_by: str | None
    ruled_at: datetime


@dataclass(frozen=True, slots=True)
class Other:
    """Another report; `known` is None where the two were never compared or have next to nothing in common."""

    report_id: UUID
    verdict: Verdict
    known: Known | None
    words: tuple[Word, ...] = ()

    @property
    def cause(self) -> Cause:
        if self.words:
            return Cause.PEOPLE
        is_linked = self.verdict in (Verdict.ONE_INCIDENT, Verdict.ONE_HOUSEHOLD)
        if self.known and self.known.household >= CERTAIN and is_linked:
            return Cause.CERTAIN
        is_above = self.known is not None and self.known.household >= weights().household_join
        if is_above:
            return Cause.ABOVE if is_linked else Cause.AGAINST_THE_OTHERS
        return Cause.BY_THE_OTHERS if is_linked else Cause.BELOW


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where a report stands, and why: those of its incident first, then those of its case, then the most alike that are
    not linked.
    """

    report_id: UUID
    incident_id: UUID
    case_id: UUID
    household_id: UUID
    others: tuple[Other, ...]


@dataclass(frozen=True, slots=True)
class Weighed:
    """One field: the sum of its bits, and its aspects, the weightiest first. None of `TOLD` is named."""

    field: Field
    household: float
    incident: float
    aspects: tuple[Reason, ...]


def explained(
    home: tuple[UUID, UUID, UUID, UUID],
    mates: Mapping[UUID, UUID],
    known: Mapping[UUID, Known],
    words: Mapping[UUID, tuple[Word, ...]],
    asked: Iterable[UUID],
) -> Explanation:
    """`home` is report, incident, case and household. `mates` are the other reports of the case with their incidents;
    `known`, `words` and `asked` tell what is known of pairs with this report, and about which of them a person is
    asked.
    """
    report_id, incident_id, case_id, household_id = home
    waiting = frozenset(asked)

    def other(other_id: UUID) -> Other:
        if other_id in mates:
            is_one = mates[other_id] == incident_id
            verdict = Verdict.ONE_INCIDENT if is_one else Verdict.ONE_HOUSEHOLD
        else:
            verdict = Verdict.ASKED if other_id in waiting else Verdict.APART
        return Other(other_id, verdict, known.get(other_id), words.get(other_id, ()))

    def rank(found: Other) -> tuple[int, float, UUID]:
        return list(Verdict).index(found.verdict), -(found.known.household if found.known else 0.0), found.report_id

    inside = sorted(map(other, mates), key=rank)
    outside = sorted(map(other, {*known, *words, *waiting} - mates.keys() - {report_id}), key=rank)
    return Explanation(report_id, incident_id, case_id, household_id, (*inside, *outside[:OTHERS_MAX]))


def shown_field(aspect: str) -> Field:
    """Weights of any version call what tells of the source by this word, even where it has no other name here."""
    return Field.TOLD if aspect.startswith("source") else field_of(aspect)


def fields(reasons: Iterable[Reason]) -> list[Weighed]:
    """The weightiest field first, for or against."""
    grouped: defaultdict[Field, list[Reason]] = defaultdict(list)
    for reason in reasons:
        grouped[shown_field(reason.aspect)].append(reason)
    found = [
        Weighed(field, sum(r.household for r in own), sum(r.incident for r in own), _shown(field, own))
        for field, own in grouped.items()
    ]
    return sorted(found, key=lambda w: (-abs(w.household) - abs(w.incident), w.field))


def _shown(field: Field, reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    if field is Field.TOLD:
        return ()
    ranked = sorted(reasons, key=lambda r: (-abs(r.household) - abs(r.incident), r.aspect))
    return tuple(r for r in ranked if max(abs(r.household), abs(r.incident)) >= SHOWN_FROM_BITS)


def start_of(known: Known) -> tuple[float, float] | None:
    """The bits before anything is compared: how rarely two reports are of one household, and then of one incident. None
    where other weights than those at hand were used, or nothing was weighed.
    """
    if known.weights_version != weights().version or known.household >= CERTAIN:
        return None
    return weights().prior_household, weights().prior_incident


def reason_words(codes: Iterable[str]) -> list[Words]:
    """Reasons that were kept as codes, in words; what would tell of a source is left out."""
    return list(_reason_words(codes))


def _reason_words(codes: Iterable[str]) -> Iterator[Words]:
    for code in codes:
        aspect, colon, level = code.partition(":")
        if code in _CODES:
            yield _CODES[code]
        elif shown_field(aspect) is not Field.TOLD:
            one, how = aspect_words(aspect), level_words(aspect, level)
            yield Words(f"{one.zh}：{how.zh}", f"{one.en}: {how.en}") if colon else one


def as_told(told: Explanation) -> dict[str, object]:
    """As JSON, in both languages. Bits are logarithms to the base 2 of how much likelier it becomes."""
    by = weights()
    return {
        "report_id": str(told.report_id),
        "incident_id": str(told.incident_id),
        "case_id": str(told.case_id),
        "household_id": str(told.household_id),
        "weights_version": by.version,
        "thresholds": {"household": by.household_join, "incident": by.incident_join, "review_from": by.review_from},
        "others": [_other(other) for other in told.others],
    }


def _other(other: Other) -> dict[str, object]:
    known = other.known
    return {
        "report_id": str(other.report_id),
        "verdict": {"code": other.verdict, **VERDICTS[other.verdict]._asdict()},
        "cause": {"code": other.cause, **CAUSES[other.cause]._asdict()},
        "compared": None if known is None else _known(known),
        "people": [_word(word) for word in other.words],
    }


def _known(known: Known) -> dict[str, object]:
    start = start_of(known)
    return {
        "household": round(known.household, 4),
        "incident": round(known.incident, 4),
        "weights_version": known.weights_version,
        "start": start and _bits(*start),
        "sum": _bits(*total(known)),
        "fields": [_field(weighed) for weighed in fields(known.reasons)],
    }


def total(known: Known) -> tuple[float, float]:
    """The bits of all reasons, with the start where it is known."""
    start = start_of(known) or (0.0, 0.0)
    return (
        start[0] + sum(r.household for r in known.reasons),
        start[1] + sum(r.incident for r in known.reasons),
    )


def _field(weighed: Weighed) -> dict[str, object]:
    return {
        "code": weighed.field,
        **FIELDS[weighed.field]._asdict(),
        **_bits(weighed.household, weighed.incident),
        "aspects": [_aspect(reason) for reason in weighed.aspects],
    }


def _aspect(reason: Reason) -> dict[str, object]:
    return {
        "code": reason.aspect,
        **aspect_words(reason.aspect)._asdict(),
        "level": {"code": reason.level, **level_words(reason.aspect, reason.level)._asdict()},
        **_bits(reason.household, reason.incident),
    }


def _bits(household: float, incident: float) -> dict[str, float]:
    return {"household_bits": round(household, 2), "incident_bits": round(incident, 2)}


def _word(word: Word) -> dict[str, object]:
    return {
        "together": word.together,
        "scope": word.scope,
        "kind": word.kind,
        "ruling_id": str(word.ruling_id),
        "ruled_by": word.ruled_by,
        "seconded_by": word.seconded_by,
        "ruled_at": word.ruled_at.isoformat(),
    }


def words_of(report_id: UUID, ties: Sequence[tuple[UUID, UUID, Word]]) -> dict[UUID, tuple[Word, ...]]:
    """What people said of this report and each other: of the two themselves, else by way of others that they hold
    together, and then the latest of those.
    """
    said: defaultdict[UUID, list[Word]] = defaultdict(list)
    near: defaultdict[UUID, list[tuple[UUID, Word]]] = defaultdict(list)
    for one, other, word in ties:
        if report_id in (one, other):
            said[other if one == report_id else one].append(word)
        if word.together:
            near[one].append((other, word))
            near[other].append((one, word))
    reached: dict[UUID, Word | None] = {report_id: None}
    waiting = [report_id]
    while waiting:
        here = waiting.pop()
        for other, word in near[here]:
            if other not in reached:
                before = reached[here]
                reached[other] = word if before is None else max(before, word, key=lambda w: w.ruled_at)
                waiting.append(other)
    by_way = {other: (word,) for other, word in reached.items() if word and other not in said}
    return {**by_way, **{other: tuple(words) for other, words in said.items()}}
