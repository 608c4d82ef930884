"""How people put a case elsewhere than its reports do: one person raises it at once, two lower it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, assert_never
from uuid import UUID

from pipeline.contracts.case import OverriddenPart, Override, OverrideKind, OverrideReason, Part
from pipeline.domain.casefile import CaseFile, CaseState
from pipeline.domain.clocks import start_clocks
from pipeline.domain.dangers import worst_told
from pipeline.domain.link_words import Words
from pipeline.domain.parts import Parts, Rows, Said, Wanted
from pipeline.domain.refusals import RulingRefusal, refused
from pipeline.domain.regroup import Change, routed, told_last
from pipeline.domain.rulings import require_people
from pipeline.domain.score import Standing, raise_to
from pipeline.domain.terms import Terms

REASONS: Final[Mapping[OverrideKind, Mapping[OverrideReason, Words]]] = {
    OverrideKind.RAISE: {
        OverrideReason.TOLD_MORE: Words("通報人或家庭另有補充", "The reporter or the family has told more"),
        OverrideReason.SEEN_ON_SITE: Words("訪視或現場所見較嚴重", "It was found graver on the spot"),
        OverrideReason.KNOWN_HISTORY: Words("過去服務紀錄顯示較高風險", "Records of earlier help show more danger"),
        OverrideReason.OTHER_AGENCY: Words("其他機關告知較高風險", "Another agency tells of more danger"),
        OverrideReason.RULE_TOO_LOW: Words("規則對此類案件判定過低", "The rules rank a case like this too low"),
        OverrideReason.JUDGEMENT: Words("專業判斷", "Professional judgement"),
    },
    OverrideKind.LOWER: {
        OverrideReason.NOT_SUBSTANTIATED: Words("查證後未成立", "It was looked into and is not so"),
        OverrideReason.SAFE_NOW: Words("當事人已安全", "Whom it concerns is safe now"),
        OverrideReason.IN_OTHER_HANDS: Words("其他單位已在處理", "Others have it in hand"),
        OverrideReason.ENTERED_WRONGLY: Words("通報內容登打或勾選錯誤", "The report was filled in wrongly"),
        OverrideReason.RULE_TOO_HIGH: Words("規則對此類案件判定過高", "The rules rank a case like this too high"),
        OverrideReason.JUDGEMENT: Words("專業判斷", "Professional judgement"),
    },
}
"""The reasons that there are for each, and what a person reads of them."""


@dataclass(frozen=True, slots=True)
class OverrideWish:
    """What a person wants of a case. `said_by` and `seconded_by` are staff codes."""

    override_id: UUID
    kind: OverrideKind
    wanted: Wanted
    reason: OverrideReason
    said_by: str
    seconded_by: str | None = None


@dataclass(frozen=True, slots=True)
class Overridden:
    """What an override changes. `policy_version` is that of the policy whose rows its parts name."""

    override: Override
    change: Change
    policy_version: str | None


def override(wish: OverrideWish, case: CaseFile, terms: Terms) -> Overridden:
    """Applies a person's word. What is not wanted stays as it is.

    A raise to a child grade starts the clocks of that grade for every incident of the case, from the incident's own
    start, as the law counts: one may be due at once. A lowering stops no clock and takes no tag or reason away. Raises
    RulingRefusedError.
    """
    _require_word(wish)
    if case.state not in (CaseState.WAITING, CaseState.CLAIMED):
        raise refused(RulingRefusal.CASE_CLOSED)
    old = case.judged[0]
    put = _raised(case, wish.wanted, terms) if wish.kind is OverrideKind.RAISE else _lowered(case, wish.wanted)
    new = put.judged[0]
    parts = tuple(_changed(old, new, wish.wanted))
    if not parts:
        raise refused(RulingRefusal.NOTHING_RISES if wish.kind is OverrideKind.RAISE else RulingRefusal.NOTHING_SINKS)
    told = Override(
        override_id=wish.override_id,
        kind=wish.kind,
        reason=wish.reason,
        parts=parts,
        said_by=wish.said_by,
        seconded_by=wish.seconded_by,
    )
    after = routed(put.next, new, told_last(put), terms, (case,))
    return Overridden(told, Change(case, after), old.policy_version)


def _require_word(wish: OverrideWish) -> None:
    require_people(wish.said_by, wish.seconded_by)
    if wish.kind is OverrideKind.LOWER and wish.seconded_by is None:
        raise refused(RulingRefusal.NEEDS_A_SECOND)
    if wish.reason not in REASONS[wish.kind]:
        raise refused(RulingRefusal.REASON_OF_THE_OTHER_KIND)
    if wish.wanted == Wanted():
        raise refused(RulingRefusal.NOTHING_WANTED)


def _raised(case: CaseFile, wanted: Wanted, terms: Terms) -> CaseFile:
    old = case.judged[0]
    new = raise_to(terms.policy, tuple(i.view for i in case.incidents), old, wanted)
    if new.child_grade == old.child_grade:
        return replace(case, standing=new)
    started = (replace(i, clocks=start_clocks(terms.policy, i.view, new.child_grade)) for i in case.incidents)
    return replace(case, standing=new, incidents=tuple(started))


def _lowered(case: CaseFile, wanted: Wanted) -> CaseFile:
    old = case.judged[0]
    parts = wanted.over(old.parts).lighter(old.parts)
    raised = old.said.raised.at_most(parts) if old.said else Wanted()
    is_below = parts != parts.graver(old.told)
    if not is_below:
        return replace(case, standing=old.at(parts, Said(old.told, raised)))
    known, worst = frozenset(i.incident_id for i in case.incidents), worst_told([i.view for i in case.incidents])
    return replace(case, standing=old.at(parts, Said(old.told, raised, known, worst)))


def _changed(old: Standing, new: Standing, wanted: Wanted) -> Iterator[OverriddenPart]:
    """The parts that were wanted and stand otherwise now. What follows from them by the policy is no person's word."""
    for part in Part:
        was, now = (_text(s.parts, part) for s in (old, new))
        if was != now and _of(wanted, part) is not None:
            is_told = was == _text(old.told, part)
            rule = _of(old.rows, part) if old.rows and is_told else None
            yield OverriddenPart(part=part, was=was, now=now, rule=None if rule is None else str(rule))


def _text(parts: Parts, part: Part) -> str:
    return str(_of(parts, part) or "none")


def _of(value: Parts | Wanted | Rows, part: Part) -> str | int | None:
    match part:
        case Part.QUEUE:
            return value.queue
        case Part.PRIORITY:
            return value.priority
        case Part.CHILD_GRADE:
            return value.child_grade
        case _:
            assert_never(part)
