"""Which rules people override most."""

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

import orjson

from pipeline import wiring
from pipeline.adapters.probes import asked
from pipeline.contracts.decision import TAIPEI
from pipeline.domain.link_words import Words
from pipeline.domain.overruled import Overruled
from pipeline.settings import Settings

BEGINNING, END = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""Instants beyond all that is told, where no day is."""

Found = Sequence[tuple[Overruled, Words]]


def show(settings: Settings, first: date | None, last: date | None, *, as_json: bool) -> None:
    """What was said from the first day to the last one, both included."""
    after = last + timedelta(days=1) if last else None
    found = asked(wiring.read_overrides(settings, _midnight(first) or BEGINNING, _midnight(after) or END))
    if as_json:
        for one, words in found:
            sys.stdout.buffer.write(orjson.dumps(_as_told(one, words), option=orjson.OPT_APPEND_NEWLINE))
        return
    sys.stdout.write("\n".join(_in_words(found)) + "\n")


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), TAIPEI) if day else None


def _as_told(one: Overruled, words: Words) -> dict[str, object]:
    counts = {"raised": one.raised, "lowered": one.lowered, "cases": one.cases, "reasons": dict(one.reasons)}
    return one.row._asdict() | words._asdict() | counts


def _in_words(found: Found) -> Iterator[str]:
    if not found:
        yield "nobody has overridden a rule"
        return
    width = max(len(_name(one)) for one, _ in found)
    yield f"{'rule':{width}}  {'part':11}  {'policy':10}  raised  lowered  of cases  reasons"
    for one, words in found:
        counts = f"{one.raised:6}  {one.lowered:7}  {one.cases if one.row.rule else '-':>8}"
        why = ", ".join(f"{reason} {times}" for reason, times in sorted(one.reasons.items(), key=lambda r: (-r[1], r)))
        yield f"{_name(one):{width}}  {one.row.part:11}  {one.row.policy_version or '-':10}  {counts}  {why}"
        if words.en:
            yield f"  {words.zh}  {words.en}"


def _name(one: Overruled) -> str:
    return one.row.rule or "set by people"
