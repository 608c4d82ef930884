"""The timers of the desk as watch sees them: which are due, what they stand for, and what a look at them says."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from pipeline.adapters.postgres.alarms import Alarms
from pipeline.adapters.postgres.database import Connection, Pool, with_retries
from pipeline.adapters.postgres.policies import Policies
from pipeline.adapters.postgres.sql import Queries
from pipeline.contracts.policy_desk import Audience, DeskRules
from pipeline.domain.desk import Stage
from pipeline.domain.escalation import SERVED, Facts, Firing, KnownTask, Looked, Rung, Timer, TimerKind, Turned
from pipeline.domain.policy.desk_rules import desk_rules
from pipeline.domain.policy.policy import Policy
from pipeline.ports import Look

SQL = Queries.of("timers")

Row: TypeAlias = Mapping[str, Any]
Subject: TypeAlias = tuple[str, str]

_NOTHING: Row = {}
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CLOCK = re.compile(rf"({_ID.pattern})/(.+)")


class _Case(NamedTuple):
    """Where the case of a timer stands, and what its dangers ask for."""

    row: Row
    served: Row


class _Stands(NamedTuple):
    """What a timer stands for: its name, when it is due, and whose it is."""

    name: str
    due_at: datetime | None
    case_id: UUID


class _Seen(NamedTuple):
    """A timer that was looked at."""

    timer: Row
    case_id: UUID
    case: Row
    policy_version: str
    looked: Looked


class Timers:
    """Any number of watchers may look at once: each timer is looked at by one of them."""

    def __init__(self, pool: Pool, policies: Policies) -> None:
        self._pool = pool
        self._policies = policies
        self._alarms = Alarms(pool, "watch")
        self._rules: dict[str, DeskRules] = {}

    async def turn(self, look: Look, timers_max: int) -> Turned:
        """Looks at timers that are due, the most overdue first, and writes what that says: all of it in one
        transaction, in which no case is locked. Raises UnavailableError.
        """
        return await with_retries(lambda: self._turn(look, timers_max))

    async def lapse(self, case_id: UUID) -> bool:
        """Gives a claim back whose lease is over. False where it was renewed meanwhile. Raises UnavailableError."""
        return bool(await with_retries(lambda: self._pool.fetchval(SQL["lapse"], case_id)))

    async def arm_again(self, timers_max: int) -> Mapping[str, int]:
        """Sets what should be set and is not, to be looked at now; how many, by kind. Raises UnavailableError."""
        rows = await with_retries(lambda: self._pool.fetch(SQL["arm_again"], timers_max))
        return {row["kind"]: row["timers"] for row in rows}

    async def raise_alarm(self, code: str, subject: str) -> bool:
        """Whether it rings anew. Raises UnavailableError."""
        return await self._alarms.raise_alarm(code, subject)

    async def _turn(self, look: Look, timers_max: int) -> Turned:
        book = (await self._policies.look()).book
        async with self._pool.acquire() as db, db.transaction():
            rows = await db.fetch(SQL["due"], timers_max)
            if not rows:
                return Turned(0, (), ())
            now = max(row["now"] for row in rows)
            seen = await self._look(db, rows, look, book.at(now), now)
            await _write(db, seen)
        return Turned(len(seen), _firings(seen, now), tuple(s.case_id for s in seen if s.looked.lapses))

    async def _look(
        self, db: Connection, rows: Sequence[Row], look: Look, policy: Policy, now: datetime
    ) -> list[_Seen]:
        stands = await _standing_for(db, rows)
        cases = await _cases(db, rows, stands)
        rung = {(r["kind"], r["subject"]): r for r in await db.fetch(SQL["rung"], *_columns(rows, "begun_at", "rung"))}
        seen = []
        for row in rows:
            subject = (row["kind"], row["subject"])
            version, rules = await self._rules_of(row["policy_version"], policy)
            stand = stands.get(subject)
            case = cases.get(stand.case_id) if stand else None
            facts = _facts(stand, case, rung.get(subject, _NOTHING)) if stand and case else None
            case_id = stand.case_id if stand else row["case_id"]
            seen.append(
                _Seen(row, case_id, case.row if case else _NOTHING, version, look(_timer(row), facts, rules, now))
            )
        return seen

    async def _rules_of(self, version: str | None, policy: Policy) -> tuple[str, DeskRules]:
        """The rules under which a timer began; today's for one that begins, or whose policy may not be used."""
        if version is None or version == policy.version:
            return policy.version, desk_rules(policy)
        if version not in self._rules:
            self._rules[version] = desk_rules(await self._policies.by_version(version) or policy)
        return version, self._rules[version]


async def _standing_for(db: Connection, rows: Sequence[Row]) -> Mapping[Subject, _Stands]:
    """Of a clock that was met, a task that was done, or a subject that is none, nothing: it may not stop the others."""
    clocks = [c for row in rows if row["kind"] == TimerKind.CLOCK and (c := _CLOCK.fullmatch(row["subject"]))]
    tasks = [UUID(row["subject"]) for row in rows if row["kind"] == TimerKind.TASK and _ID.fullmatch(row["subject"])]
    found = {
        (row["kind"], row["subject"]): _Stands(row["kind"], None, row["case_id"])
        for row in rows
        if row["kind"] in {TimerKind.STAGE, TimerKind.LEASE} and row["subject"] == str(row["case_id"])
    }
    for kind, told in (
        (TimerKind.CLOCK, await db.fetch(SQL["clocks"], [UUID(c[1]) for c in clocks], [c[2] for c in clocks])),
        (TimerKind.TASK, await db.fetch(SQL["tasks"], tasks)),
    ):
        found |= {(kind, r["subject"]): _Stands(r["name"], r["due_at"], r["case_id"]) for r in told}
    return found


async def _cases(db: Connection, rows: Sequence[Row], stands: Mapping[Subject, _Stands]) -> Mapping[UUID, _Case]:
    told = await db.fetch(SQL["cases"], list({stand.case_id for stand in stands.values()}))
    asked = {row["case_id"] for row in rows if row["kind"] == TimerKind.STAGE}
    served_ids = [row["case_id"] for row in told if row["stage"] in SERVED and row["case_id"] in asked]
    served = {row["case_id"]: row for row in await db.fetch(SQL["served"], served_ids)} if served_ids else {}
    return {row["case_id"]: _Case(row, served.get(row["case_id"], _NOTHING)) for row in told}


def _timer(row: Row) -> Timer:
    held = timedelta(seconds=row["held_s"])
    return Timer(
        TimerKind(row["kind"]), row["subject"], row["begun_at"], row["next_at"], row["rung"], held, row["held_since"]
    )


def _facts(stand: _Stands, case: _Case, rung: Row) -> Facts:
    served = case.served
    grade = served.get("child_grade")
    return Facts(
        case_id=stand.case_id,
        stage=Stage(case.row["stage"]),
        priority=case.row["priority"],
        name=stand.name,
        due_at=case.row["lease_until"] if stand.name == TimerKind.LEASE else stand.due_at,
        rang_at=rung.get("rang_at"),
        acked_at=rung.get("acked_at"),
        tags=frozenset(served.get("tags", ())),
        reasons=frozenset((*served.get("reasons", ()), *served.get("categories", ()))),
        child_grade=None if grade is None else 1 if int(grade) == 1 else 2,
        tasks=tuple(
            KnownTask(*known)
            for known in zip(*(served.get(of, ()) for of in ("task_kinds", "tasks_done", "tasks_lost")), strict=True)
        ),
    )


def _firings(seen: Sequence[_Seen], now: datetime) -> tuple[Firing, ...]:
    return tuple(
        Firing(TimerKind(s.timer["kind"]), ring.code, now - _planned(s, ring)) for s in seen for ring in s.looked.rings
    )


def _planned(seen: _Seen, ring: Rung) -> datetime:
    """What was past already when the timer was set could not ring before."""
    set_for: datetime = seen.timer["next_at"]
    return max(ring.planned_at, set_for)


async def _write(db: Connection, seen: Sequence[_Seen]) -> None:
    rings = [(s, ring) for s in seen for ring in s.looked.rings]
    await _many(db, "fire", [(*_subject(s), s.case_id, r.number, _planned(s, r)) for s, r in rings])
    await _many(db, "notify", [_notification(s, r) for s, r in rings])
    tasks = [(t.task_id, s.case_id, t.kind, t.due_at) for s in seen for t in s.looked.tasks]
    await _many(db, "open_tasks", tasks)
    unset = [s for s in seen if s.timer["kind"] == TimerKind.TASK and s.looked.next_at and s.looked.due_at]
    await _many(db, "set_due", [(UUID(s.timer["subject"]), s.looked.due_at) for s in unset])
    await _many(db, "move", [_moved(s) for s in seen if s.looked.next_at])
    await _many(db, "drop", [_subject(s) for s in seen if not s.looked.next_at])


def _moved(seen: _Seen) -> tuple[object, ...]:
    looked = seen.looked
    due_at = looked.due_at or looked.next_at
    return (*_subject(seen), seen.case_id, looked.rung, looked.next_at, due_at, seen.policy_version)


def _notification(seen: _Seen, ring: Rung) -> tuple[object, ...]:
    case = seen.case
    holder = case["holder"] if ring.audience is Audience.HOLDER else None
    where = (holder, case["centre"], case["county"], case["priority"])
    told = (ring.notification_id, seen.case_id, *_subject(seen), ring.code, ring.number, ring.audience)
    return (*told, *where, seen.looked.due_at, ring.needs_ack)


def _subject(seen: _Seen) -> Subject:
    return seen.timer["kind"], seen.timer["subject"]


def _columns(rows: Sequence[Row], *more: str) -> list[list[object]]:
    return [[row[name] for row in rows] for name in ("kind", "subject", *more)]


async def _many(db: Connection, name: str, rows: Sequence[tuple[object, ...]]) -> None:
    """One statement for all rows: each parameter is a column."""
    if rows:
        await db.execute(SQL[name], *(list(column) for column in zip(*rows, strict=True)))
