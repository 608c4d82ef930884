"""Shows what one policy says otherwise than another."""

import json
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import assert_never

from pipeline.commands.policy_file import policy_of
from pipeline.domain.policy.difference import Change, Kind, changes, shown
from pipeline.domain.policy.policy import Policy

SHOWN_MAX = 160
"""Characters of a value in words; --json has all of it."""

_MARKS = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.CHANGED: "~", Kind.MOVED: "^"}


def show_difference(old: Path, new: Path, *, as_json: bool) -> None:
    """Raises PolicyRefusedError where one of them is not sound."""
    one, other = policy_of(old), policy_of(new)
    found = list(changes(one.tables, other.tables))
    lines = _as_json(found) if as_json else _in_words(one, other, found)
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def _as_json(found: Sequence[Change]) -> Iterator[str]:
    for change in found:
        yield json.dumps(change._asdict(), ensure_ascii=False)


def _in_words(old: Policy, new: Policy, found: Sequence[Change]) -> Iterator[str]:
    if not found:
        yield f"{old.version} and {new.version} say the same"
        return
    yield f"{old.version} -> {new.version}: {len(found)} {'difference' if len(found) == 1 else 'differences'}"
    for table, of_table in groupby(found, key=lambda change: change.table):
        if table:
            yield table
        for change in of_table:
            yield f"  {_MARKS[change.kind]} {said(change)}"


def said(change: Change) -> str:
    """One difference in words."""
    at = ": ".join(filter(None, (change.row, change.field)))
    match change.kind:
        case Kind.ADDED:
            return f"{at} is new" if change.new is None else f"{at}: new is {_in_short(change.new)}"
        case Kind.REMOVED:
            return f"{at} is gone" if change.old is None else f"{at}: gone is {_in_short(change.old)}"
        case Kind.CHANGED:
            return f"{at}: {_or_nothing(change.old)} -> {_or_nothing(change.new)}"
        case Kind.MOVED:
            return f"{at} goes from place {change.old} to place {change.new}"
        case _:
            assert_never(change.kind)


def _in_short(value: object) -> str:
    text = shown(value)
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]} …"


def _or_nothing(value: object) -> str:
    return "nothing" if value is None else _in_short(value)
