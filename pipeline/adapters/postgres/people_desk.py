"""What a person reads at the desk and does to whom a case belongs. Each call is one transaction of `acting_as`."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar, cast
from uuid import UUID

import asyncpg

from pipeline.adapters.postgres.access_log import tell_audit_read
from pipeline.adapters.postgres.acting import Acting, acting_as
from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.explaining import explain_on
from pipeline.adapters.postgres.rulings import questions_on
from pipeline.adapters.postgres.sql import Queries
from pipeline.domain.access import as_code
from pipeline.domain.desk import DeskAct
from pipeline.domain.explain import Explanation
from pipeline.domain.questions import Question

SQL = Queries.of("desk")
ASK_FOR_S = 3.0
"""Somebody waits for the answer."""

T = TypeVar("T")


class Place(NamedTuple):
    """Where a page of cases ended. `at` is when the case was opened, of closed ones since when they are closed."""

    place: int
    at: datetime
    case_id: UUID


@dataclass(frozen=True, slots=True)
class CasesWanted:
    """Which cases of the post; None is any, of stages any that is open. `held` is `anyone`, `nobody` or `me`."""

    stage: str | None = None
    queue: str | None = None
    priority: str | None = None
    centre: str | None = None
    held: str = "anyone"
    after: Place | None = None
    cases_max: int = 100


class Due(NamedTuple):
    """Where a page of tasks ended; without `due_at` among those that have no due time."""

    due_at: datetime | None
    task_id: UUID


class Said(NamedTuple):
    """What goes with an act: the fencing number of one's claim, and codes by name."""

    fence: int | None = None
    body: Mapping[str, object] = MappingProxyType({})


Answer = Mapping[str, Any]
"""`code`; of what was done also `case_id`, `stage`, `fence`, `version`, `held_by` and `lease_until`."""


class Record(NamedTuple):
    """A queue record as it stands on the topic; `number` rises."""

    number: int
    message: bytes


Row = Mapping[str, Any]


class CaseRead(NamedTuple):
    """One case as a person sees it, its incidents, and its tasks that nobody has done."""

    case: Row
    incidents: list[Row]
    tasks: list[Row]


@dataclass(frozen=True, slots=True)
class PeopleDesk:
    """Every call raises NobodyActsError where the session is over, UnavailableError while the database is away."""

    pool: Pool

    def acting(self, token: str, second: str | None = None) -> AbstractAsyncContextManager[Acting]:
        return acting_as(self.pool, token, second=second)

    async def cases(self, token: str, wanted: CasesWanted) -> list[Row]:
        """The gravest first, then the longest open; closed ones the last closed first."""
        values = (wanted.stage, wanted.queue, wanted.centre, wanted.priority, wanted.held)
        return await self._fetch(token, "cases", *values, *(wanted.after or (None, None, None)), wanted.cases_max)

    async def queues(self, token: str) -> list[Row]:
        """How many wait in each centre, queue and stage, and since when."""
        return await self._fetch(token, "queues")

    async def tasks(self, token: str, centre: str | None, held: str, after: Due | None, tasks_max: int) -> list[Row]:
        """Those that nobody has done, what is due first first."""
        return await self._fetch(token, "tasks", centre, held, *(after or (None, None)), tasks_max)

    async def task_done(self, token: str, task_id: UUID) -> str:
        """`done`, or why not."""
        return str(await self._value(token, "task_done", task_id))

    async def history(self, token: str, case_id: UUID, after: int, events_max: int) -> list[Row]:
        """What happened to the case after that version; nothing where there is no such case for this person."""
        return await self._fetch(token, "history", case_id, after, events_max)

    async def nudged(self, token: str, cases: Sequence[UUID]) -> list[Row]:
        """Those of these cases that this person sees, as they stand now."""
        return await self._fetch(token, "nudged", list(cases))

    async def end_shift(self, token: str) -> int:
        """Gives back what this person is screening in this post; how many."""
        return int(await self._value(token, "end_shift"))

    async def case(self, token: str, case_id: UUID) -> CaseRead | None:
        """None where there is no such case for this person."""

        async def read(acting: Acting) -> CaseRead | None:
            found = await acting.db.fetchrow(SQL["one"], case_id)
            if found is None:
                return None
            incidents = await acting.db.fetch(SQL["incidents"], case_id)
            return CaseRead(found, incidents, await acting.db.fetch(SQL["tasks_of_case"], case_id))

        return await self._as(token, read)

    async def act(self, token: str, case_id: UUID, act: DeskAct, said: Said) -> Answer:
        """What became of it: `code` is `done`, or why not. Said again with the same `act_id` it is done once."""
        told = dict(said.body)
        return cast("Answer", await self._value(token, "act", case_id, act.value, said.fence, told))

    async def claim_next(self, token: str, queue: str, centre: str, said: Said) -> Answer:
        """As `act`, for the gravest case that waits in this queue; `nothing_waits` where there is none."""
        return cast("Answer", await self._value(token, "claim_next", queue, centre, dict(said.body)))

    async def renew(self, token: str, case_id: UUID, fence: int, lease_s: float) -> Answer:
        """The lease of one's claim goes on for `lease_s` seconds from now."""
        return cast("Answer", await self._value(token, "renew", case_id, fence, lease_s))

    async def refuse(self, token: str, act: str, case_id: UUID | None, code: str) -> None:
        """Tells the audit what was not done."""
        await self._value(token, "refuse", act, case_id, code)

    async def sees(self, token: str, reports: Sequence[UUID]) -> bool:
        """Whether all of these reports stand in cases that this person sees."""
        return not await self._value(token, "unseen_reports", list(reports))

    async def seen_cases(self, token: str, cases: Iterable[UUID]) -> frozenset[UUID]:
        """Those of them that this person sees."""
        return frozenset(row["case_id"] for row in await self._fetch(token, "seen_cases", list(cases)))

    async def explain(self, token: str, report_id: UUID) -> Explanation:
        """Of what this person sees. Raises RulingRefusedError for a report that is not there for them."""
        return await self._as(token, lambda acting: explain_on(acting.db, report_id))

    async def questions(self, token: str, questions_max: int) -> list[Question]:
        """Those of which this person sees both sides."""
        return await self._as(token, lambda acting: questions_on(acting.db, questions_max))

    async def records(self, token: str, after: int, records_max: int) -> list[Record]:
        """Of the one centre of this post, in the order in which they were written."""
        rows = await self._fetch(token, "records", after, records_max)
        return [Record(row["number"], row["message"]) for row in rows]

    async def transfers(self, token: str, transfers_max: int) -> list[Row]:
        """Those without an answer, of cases of this post and those that are proposed to it."""
        return await self._fetch(token, "transfers", transfers_max)

    async def may_answer(self, token: str, transfer_id: UUID) -> bool | None:
        """Whether this post covers the centre that should take it; None where this person sees no such transfer."""
        found = await self._value(token, "transfer", transfer_id)
        return None if found is None else bool(found)

    async def streams(self, token: str) -> list[Row]:
        """Their heads. That somebody looked is told to the audit first, as by `events`."""

        async def read(acting: Acting) -> list[Row]:
            await tell_audit_read(acting, {"stream": None})
            return list(await acting.db.fetch(SQL["streams"]))

        return await self._as(token, read)

    async def events(self, token: str, stream: str, after: int, events_max: int) -> list[Row]:
        """Those behind number `after`."""

        async def read(acting: Acting) -> list[Row]:
            await tell_audit_read(acting, {"stream": as_code(stream), "after": after})
            return list(await acting.db.fetch(SQL["events"], stream, after, events_max))

        return await self._as(token, read)

    async def _as(self, token: str, act: Callable[[Acting], Awaitable[T]]) -> T:
        async def once() -> T:
            async with self.acting(token) as acting:
                return await act(acting)

        try:
            return await with_retries(once, for_s=ASK_FOR_S)
        except asyncpg.UniqueViolationError:  # the same act came twice at once: now the other one is done
            return await with_retries(once, for_s=ASK_FOR_S)

    async def _fetch(self, token: str, name: str, *values: object) -> list[Row]:
        return await self._as(token, lambda acting: acting.db.fetch(SQL[name], *values))

    async def _value(self, token: str, name: str, *values: object) -> Any:  # noqa: ANN401 - of any statement
        return await self._as(token, lambda acting: acting.db.fetchval(SQL[name], *values))
