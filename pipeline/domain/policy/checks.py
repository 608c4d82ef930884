"""What makes a policy sound beyond its form: one meaning for each word, a last row in each table, and the laws that no
danger lowers and no report delays.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise

from pipeline.contracts.policy import Calendar, ClockRow, PolicyFile, QueueRow, Roles
from pipeline.contracts.policy_conditions import Always
from pipeline.contracts.vocabulary import Category, CrisisFlag, Priority, Queue
from pipeline.domain.policy.calendar import is_not_shorter
from pipeline.domain.policy.condition_checks import Asking, Complaint, faults_in, holds_for_grade_1
from pipeline.domain.policy.desk_checks import desk_faults
from pipeline.domain.policy.instrument_checks import each_once, instrument_faults
from pipeline.domain.policy.located import Path
from pipeline.domain.policy.own_words import OWN_REASONS, OWN_TAGS

SATURDAY = 5
"""As a date counts its weekdays."""
_GRADE_ORDER = (1, 2, "none")
_NOT_JUDGED_YET = frozenset({"queue", "child_grade", "priority_at_least"})
_ASKED_OF_ROWS: Mapping[str, Asking] = {
    "rule": Asking(rises=False),
    "danger": Asking(without=_NOT_JUDGED_YET, names_a_path=True),
    "queue": Asking(without=_NOT_JUDGED_YET),
    "child_grade": Asking(without=_NOT_JUDGED_YET),
    "priority": Asking(without=frozenset({"priority_at_least"})),
    "tag": Asking(),
    "also": Asking(),
    "county": Asking(rises=False),
    "clock": Asking(rises=False, without=frozenset({"priority_at_least"})),
}


def faults_of(tables: PolicyFile) -> Iterator[Complaint]:
    """The path of each fault and what it is. Nothing stands here for a policy that can judge every case."""
    yield from _words_once(tables)
    yield from _own_words(tables)
    yield from _one_worth(tables)
    yield from instrument_faults(tables.instrument)
    yield from _conditions(tables)
    for table in ("queue", "child_grade", "priority", "county"):
        yield from _last_row(table, getattr(tables, table))
    yield from _gravest_first(tables)
    yield from _raised(tables.queue)
    yield from _clocks(tables.clock)
    yield from _days(tables.calendar)
    yield from desk_faults(tables, {*Category, *(code for _, code, points in _points(tables) if points)})
    if tables.effective_to and tables.effective_to < tables.effective_from:
        yield ("effective_to",), "this is before effective_from"


# --- words


def _words_once(tables: PolicyFile) -> Iterator[Complaint]:
    for table, field in (
        *((t, "code") for t in ("category", "crisis_flag", "indicator", "role", "age", "instrument", "danger")),
        *((t, "code") for t in ("tag", "also")),
        *((t, "name") for t in ("rule", "queue", "child_grade", "priority", "county", "clock")),
    ):
        yield from each_once((table,), [str(getattr(row, field)) for row in getattr(tables, table)], field)
    yield from _all_there("category", Category, {row.code for row in tables.category})
    yield from _all_there("crisis_flag", CrisisFlag, {row.code for row in tables.crisis_flag})
    known = {row.code for row in tables.indicator}
    if tables.stand_in and tables.stand_in.indicator not in known:
        yield ("stand_in", "indicator"), f"there is no indicator {tables.stand_in.indicator}"


def _all_there(table: str, wanted: Iterable[str], there: set[str]) -> Iterator[Complaint]:
    for word in wanted:
        if word not in there:
            yield (table,), f"there is no row for {word}; every report's words need one"


def _own_words(tables: PolicyFile) -> Iterator[Complaint]:
    """Codes that decisions give by themselves may mean nothing else."""
    for path, code, _ in _points(tables):
        if code in OWN_REASONS:
            yield path, f"the reason {code} is given by the program itself; choose another word"
    for place, row in enumerate(tables.tag):
        if row.code in OWN_TAGS:
            yield ("tag", place, "code"), f"the tag {row.code} is given by the program itself; choose another word"


def _one_worth(tables: PolicyFile) -> Iterator[Complaint]:
    """A reason that two tables name is one danger: with two worths, the order of telling would decide."""
    worth: dict[str, int] = {}
    for place, row in enumerate(tables.person):
        if any(row.code == other.code and _share(row.person, other.person) for other in tables.person[:place]):
            yield ("person", place, "code"), f"{row.code} is there twice for one role"
    for path, code, points in _points(tables):
        if points and worth.setdefault(code, points) != points:
            yield path, f"{code} bears {worth[code]} points elsewhere"


def _share(one: Roles, other: Roles) -> bool:
    return one == "anyone" or other == "anyone" or not set(one).isdisjoint(other)


def _points(tables: PolicyFile) -> Iterator[tuple[Path, str, int]]:
    for table in ("category", "crisis_flag", "indicator", "role", "person", "age", "danger"):
        for place, row in enumerate(getattr(tables, table)):
            yield (table, place, "points"), str(getattr(row, "reason", None) or row.code), row.points
    for i, instrument in enumerate(tables.instrument):
        for j, item in enumerate(instrument.item):
            if item.reason:
                yield ("instrument", i, "item", j, "points"), item.reason, item.points


# --- conditions


def _conditions(tables: PolicyFile) -> Iterator[Complaint]:
    for table, asking in _ASKED_OF_ROWS.items():
        grade_1_holds = False
        for place, row in enumerate(getattr(tables, table)):
            bears_points = table == "danger" and row.points > 0
            asked = replace(asking, bears_points=bears_points, grade_1_holds=grade_1_holds)
            yield from Counter(faults_in(row.when, tables, asked, (table, place, "when")))
            grade_1_holds |= table == "priority" and holds_for_grade_1(row.when)


def _last_row(table: str, rows: Sequence[object]) -> Iterator[Complaint]:
    *others, last = [getattr(row, "when", None) for row in rows]
    if not isinstance(last, Always):
        yield (table, len(others), "when"), "the last row must be { always = true }: every case needs one"
    for place, when in enumerate(others):
        if isinstance(when, Always):
            yield (table, place, "when"), "the rows below are never reached: only the last may always hold"


# --- the laws


def _gravest_first(tables: PolicyFile) -> Iterator[Complaint]:
    priorities, queues = list(Priority), list(Queue)
    yield from _sinking("queue", "queue", [-queues.index(row.queue) for row in tables.queue])
    yield from _sinking("priority", "priority", [-priorities.index(row.priority) for row in tables.priority])
    yield from _sinking("child_grade", "grade", [_GRADE_ORDER.index(row.grade) for row in tables.child_grade])


def _raised(rows: Sequence[QueueRow]) -> Iterator[Complaint]:
    for place, row in enumerate(rows):
        if row.raised and row.queue is not Queue.PROTECTIVE:
            yield ("queue", place, "raised"), "only a case of the protective queue is raised"


def _sinking(table: str, field: str, ranks: Sequence[int]) -> Iterator[Complaint]:
    for place, (one, other) in enumerate(pairwise(ranks), 1):
        if other < one:
            yield (table, place, field), "this is graver than the row above: one more danger could lower a case"


def _clocks(rows: Sequence[ClockRow]) -> Iterator[Complaint]:
    if not any(isinstance(row.when, Always) for row in rows):
        yield ("clock",), "at least one clock must always run: every case needs one"
    for code in dict.fromkeys(row.code for row in rows):
        own = [(place, row) for place, row in enumerate(rows) if row.code == code]
        for place, row in own[:-1]:
            if isinstance(row.when, Always):
                yield (
                    ("clock", place, "when"),
                    f"the rows of {code} below are never reached: only its last may always hold",
                )
        for (_, one), (place, other) in pairwise(own):
            if not is_not_shorter(other.due, one.due):
                yield (
                    ("clock", place, "due"),
                    f"{code} is shorter here than in the row {one.name} above: the shortest comes first",
                )


# --- days


def _days(calendar: Calendar) -> Iterator[Complaint]:
    told: dict[date, str] = {}
    for kind, years in (("off", calendar.off), ("worked", calendar.worked)):
        for year, days in years.items():
            for place, day in enumerate(days):
                path = ("calendar", kind, str(year), place)
                try:
                    instant = date.fromisoformat(f"{year}-{day}")
                except ValueError:
                    yield path, f"{year}-{day} is no day"
                else:
                    if kind == "worked" and instant.weekday() < SATURDAY and instant not in told:
                        yield path, f"{instant} is no weekend day: it is worked anyway"
                    if instant in told:
                        yield path, f"{instant} is there twice" if told[instant] == kind else f"{instant} is off, too"
                    told[instant] = kind
