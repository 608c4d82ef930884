"""What makes the desk's part of a policy sound: a row for whatever may wait, and no word that nothing bears."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import get_args

from pipeline.contracts.policy import PolicyFile
from pipeline.contracts.policy_desk import AttendedStage, DeskRules, EscalationRow, StepRow
from pipeline.contracts.vocabulary import Priority
from pipeline.domain.policy.condition_checks import Complaint
from pipeline.domain.policy.guessing import guess
from pipeline.domain.policy.instrument_checks import each_once
from pipeline.domain.policy.located import Path
from pipeline.domain.policy.own_words import OWN_TAGS


def desk_faults(tables: PolicyFile, reasons: Collection[str]) -> Iterator[Complaint]:
    """`reasons` are the codes that bear points, and the categories."""
    desk = tables.desk
    if desk is None:
        return
    yield from each_once(("desk", "capacity"), [row.role for row in desk.capacity], "role")
    yield from _one_for_each(("desk", "unclaimed"), [row.priority for row in desk.unclaimed], Priority, "priority")
    yield from _one_for_each(("desk", "stage"), [row.stage for row in desk.stage], get_args(AttendedStage), "stage")
    yield from each_once(("desk", "step"), [row.kind for row in desk.step], "kind")
    yield from _escalation(desk, {row.code for row in tables.clock} | {row.kind for row in desk.step})
    tags = {row.code for row in tables.tag} | OWN_TAGS
    if not OWN_TAGS.isdisjoint(row.code for row in tables.tag):
        return  # such a row bears another's word: which word it should bear, nobody knows
    for place, row in enumerate(desk.step):
        yield from _step(row, ("desk", "step", place), tags, reasons)


def _one_for_each(path: Path, there: Sequence[str], wanted: Iterable[str], field: str) -> Iterator[Complaint]:
    yield from each_once(path, there, field)
    for word in wanted:
        if word not in there:
            yield path, f"there is no row for {word}: a case that waits there would ring nobody"


def _escalation(desk: DeskRules, known: Collection[str]) -> Iterator[Complaint]:
    path: Path = ("desk", "escalation")
    *others, last = desk.escalation
    if last.of:
        yield (*path, len(others), "of"), "the last row names nothing: it is for all the rest"
    for place, row in enumerate(others):
        if not row.of:
            yield (*path, place), "only the last row may name nothing: it is for all the rest"
    yield from _named(desk.escalation, path, known)


def _named(rows: Sequence[EscalationRow], path: Path, known: Collection[str]) -> Iterator[Complaint]:
    seen: set[str] = set()
    for place, row in enumerate(rows):
        for at, word in enumerate(row.of):
            if word in seen:
                yield (*path, place, "of", at), f"{word} is there twice"
            elif word not in known:
                yield (*path, place, "of", at), f"there is no clock and no step {word}{guess(word, known)}"
            seen.add(word)


def _step(row: StepRow, path: Path, tags: Collection[str], reasons: Collection[str]) -> Iterator[Complaint]:
    for field, words, known in (("tags", row.tags, tags), ("reasons", row.reasons, reasons)):
        for at, word in enumerate(words):
            if word not in known:
                what = "tag" if field == "tags" else "category and no reason that bears points is called"
                yield (*path, field, at), f"no {what} {word}{guess(word, known)}"
