"""Who moves under another policy, as tables for a terminal and as JSON."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from pipeline.contracts.case import AgeBand
from pipeline.contracts.vocabulary import Priority, Queue
from pipeline.domain.policy.simulate import Aspect
from pipeline.domain.policy.tally import Column, Group, Kind, Side, Tally
from pipeline.domain.small_cells import KEPT_BACK, SHOWN_FROM, shown

ROWS_MAX = 25
WIDTH_MIN, WIDTH_MAX = 80, 100
ADDS_UP = frozenset({Group.COUNTY, Group.AGE, Group.SEX})
"""A case stands in one row of these tables, so that their sums are those of all cases."""

_ORDER = (
    *(q.value for q in Queue),
    *(p.value for p in reversed(Priority)),
    "1",
    "2",
    "none",
    *(b.value for b in AgeBand),
)
_ALONE = "each report stands alone: no decisions were given, so cases, re-reports and duplicates are not put together"
_TITLES = {
    Group.COUNTY: "By county",
    Group.SOURCE: "By source",
    Group.CATEGORY: "By category",
    Group.AGE: "By age of the youngest victim",
    Group.SEX: "By sex of the youngest victim",
}
_HEADINGS: Mapping[str, str] = {Column.CHILD_GRADE: "grade", Column.PRIORITY: "prio"}
"""Where the column's own word is too long."""
Shown = int | str


@dataclass(frozen=True, slots=True)
class Head:
    """What was compared. No old version: the policy that was in force then."""

    new: str
    old: str | None
    begin: datetime | None
    end: datetime | None
    is_linked: bool
    seconds: float


def print_json(head: Head, tally: Tally) -> None:
    sys.stdout.buffer.write(orjson.dumps(as_told(head, tally), option=orjson.OPT_APPEND_NEWLINE))


def as_told(head: Head, tally: Tally) -> dict[str, Any]:
    swapped, pairs = tally.pairs
    return {
        "new": head.new,
        "old": head.old,
        "from": head.begin,
        "until": head.end,
        "is_linked": head.is_linked,
        "seconds": round(head.seconds, 1),
        "reports": tally.reports,
        "unread": tally.unread,
        "repeated": tally.repeated,
        "unfiled": tally.unfiled,
        "erased": tally.erased,
        "cases": {column.value: tally.columns[column] for column in Column},
        "aspects": {aspect.value: tally.aspects[aspect] for aspect in Aspect},
        "levels": [{"aspect": a, "code": code, "old": old, "new": new} for a, code, old, new in _levels(tally)],
        "moves": [_as_move(kind, count, tally) for kind, count in _kinds(tally)],
        "order": {"pairs": pairs, "swapped": swapped},
        "by": {group.value: list(_rows(group, tally)) for group in Group},
    }


def _as_move(kind: Kind, count: Shown, tally: Tally) -> dict[str, Any]:
    aspect, code, change = kind
    examples = [{"case_id": e.case_id, "report": e.name} for e in tally.examples.get(kind, ())]
    return {"aspect": aspect, "code": code or None, "change": change, "cases": count, "examples": examples}


def _levels(tally: Tally) -> Iterator[tuple[Aspect, str, int, int]]:
    stands = dict.fromkeys((aspect, code) for aspect, code, _ in tally.levels)
    for aspect, code in sorted(stands, key=lambda s: (list(Aspect).index(s[0]), _place(s[1]))):
        yield aspect, code, tally.levels[aspect, code, Side.OLD], tally.levels[aspect, code, Side.NEW]


def _place(word: str) -> tuple[int, str]:
    return (_ORDER.index(word) if word in _ORDER else len(_ORDER)), word


def _kinds(tally: Tally) -> Iterator[tuple[Kind, Shown]]:
    """The kinds of moves, by aspect and number; few people of one county are not told of."""
    for aspect in Aspect:
        found = {kind: count for kind, count in tally.kinds.items() if kind[0] is aspect}
        hidden = shown({kind[2]: n for kind, n in found.items()}, add_up=True) if aspect is Aspect.COUNTY else {}
        for kind, count in sorted(found.items(), key=lambda item: (-item[1], item[0])):
            yield kind, hidden.get(kind[2], count)


def _rows(group: Group, tally: Tally) -> Iterator[dict[str, Shown | float | None]]:
    """The rows of one table: bands of age in their order, else those that move most before the others."""
    values = list(dict.fromkeys(value for g, value, _ in tally.groups if g is group))
    counts = {c: {value: tally.groups[group, value, c] for value in values} for c in Column}
    columns = {c: shown(counts[c], add_up=group in ADDS_UP) for c in Column}
    if group is Group.AGE:
        values.sort(key=_place)
    else:
        values.sort(key=lambda v: (*(-_seen(columns[c][v]) for c in (Column.MOVED, Column.CASES)), v))
    for value in values:
        row = {c.value: columns[c][value] for c in Column}
        yield {"value": value, **row, "percent": _percent(row[Column.MOVED], row[Column.CASES])}


def _seen(count: Shown) -> int:
    """The order of the rows tells no more than the rows do."""
    return count if isinstance(count, int) else SHOWN_FROM


def _percent(part: Shown, whole: Shown) -> float | None:
    """Nothing where one of them is not shown."""
    return round(100 * part / whole, 1) if isinstance(part, int) and isinstance(whole, int) and whole else None


# --- a terminal


def print_tables(head: Head, tally: Tally) -> None:
    console = Console(highlight=False)
    console.width = min(max(console.width, WIDTH_MIN), WIDTH_MAX) if console.is_terminal else WIDTH_MAX
    for line in _in_words(head, tally):
        console.print(line, markup=False)
    for table in (_table_of_levels(tally), _table_of_moves(tally), *(_table_of(group, tally) for group in Group)):
        if table.row_count:
            console.print()
            console.print(table)
    console.print()
    console.print(_FOOT, markup=False)


_FOOT = (
    "moved: anything but the score; up: graver, sooner or a new clock; down: the reverse, and a case may be both. "
    "queue to score: cases of which this is another. "
    f"<{SHOWN_FROM}: fewer people than may be told of; {KEPT_BACK}: would let such a number be reckoned. "
    "A case counts in each of its sources and categories."
)


def _in_words(head: Head, tally: Tally) -> Iterator[str]:
    if not head.is_linked:
        yield _ALONE
    old = head.old or "the policy in force then"
    yield f"{head.new} instead of {old}{_stretch(head)}"
    rate = tally.reports / head.seconds if head.seconds else 0
    cases, moved = tally.columns[Column.CASES], tally.columns[Column.MOVED]
    yield f"{tally.reports:,} reports of {cases:,} cases in {head.seconds:,.1f} s, {rate:,.0f} a second{_rest(tally)}"
    up, down = tally.columns[Column.UP], tally.columns[Column.DOWN]
    yield f"{moved:,} cases move ({_share(moved, cases)}): {up:,} up, {down:,} down"
    swapped, pairs = tally.pairs
    yield (
        f"{tally.aspects[Aspect.SCORE]:,} cases have another score; of two cases that wait in one centre with one "
        f"priority, {_share(swapped, pairs)} change places"
    )


def _stretch(head: Head) -> str:
    begin = f" from {head.begin:%Y-%m-%d}" if head.begin else ""
    end = f" until before {head.end:%Y-%m-%d}" if head.end else ""
    return f",{begin}{end}" if begin or end else ""


def _rest(tally: Tally) -> str:
    told = (
        (tally.unread, "lines that are no report"),
        (tally.repeated, "events that had come before"),
        (tally.unfiled, "reports without a decision, which stand alone"),
        (tally.erased, "erased cases, which are passed over"),
    )
    return "".join(f"; {count:,} {words}" for count, words in told if count)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "0 %"


def _table(title: str, words: Sequence[str], numbers: Sequence[str], last: Sequence[str] = ()) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        box=None,
        pad_edge=False,
        header_style="bold",
        title_style="bold",
        padding=(0, 1, 0, 0),
    )
    for heading in words:
        table.add_column(heading, overflow="fold")
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in last:
        table.add_column(heading, overflow="fold")
    return table


def _table_of_levels(tally: Tally) -> Table:
    table = _table("Where cases stand", ("", ""), ("old", "new", "more or fewer"))
    for aspect, code, old, new in _levels(tally):
        table.add_row(_spoken(aspect), code, f"{old:,}", f"{new:,}", f"{new - old:+,}" if new != old else "")
    return table


def _table_of_moves(tally: Tally) -> Table:
    table = _table("What changes", ("", "", "change"), ("cases",), ("to open",))
    seen: Counter[Aspect] = Counter()
    for kind, count in _kinds(tally):
        aspect, code, change = kind
        seen[aspect] += 1
        if seen[aspect] <= ROWS_MAX:
            examples = "\n".join(e.case_id or e.name for e in tally.examples.get(kind, ()))
            table.add_row(_spoken(aspect), code, change, _number(count), examples)
    for aspect, kinds in seen.items():
        if kinds > ROWS_MAX:
            table.add_row(_spoken(aspect), "", f"{kinds - ROWS_MAX} more kinds, in --json", "", "")
    return table


def _table_of(group: Group, tally: Tally) -> Table:
    headings: tuple[str, ...] = (Column.CASES, Column.MOVED, "%", *list(Column)[2:])
    table = _table(_TITLES[group], (group.value,), [_HEADINGS.get(h, h) for h in headings])
    rows = list(_rows(group, tally))
    for row in rows[:ROWS_MAX]:
        percent = "" if row["percent"] is None else f"{row['percent']:.1f}"
        table.add_row(str(row["value"]), *(percent if h == "%" else _number(row[h]) for h in headings))
    if len(rows) > ROWS_MAX:
        table.add_row(f"{len(rows) - ROWS_MAX} more, in --json")
    return table


def _number(told: Shown | float | None) -> str:
    return f"{told:,}" if isinstance(told, int) else str(told)


def _spoken(aspect: Aspect) -> str:
    return aspect.value.replace("_", " ")
