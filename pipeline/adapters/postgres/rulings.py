"""Writes what people decide of links: one transaction for each ruling, under the lock for linking."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from pipeline.adapters.postgres.access_log import note
from pipeline.adapters.postgres.case_writer import CaseWriter
from pipeline.adapters.postgres.database import Connection, Pool, with_retries
from pipeline.adapters.postgres.docket_reader import SQL as ASSESS
from pipeline.adapters.postgres.docket_reader import DocketReader
from pipeline.adapters.postgres.keys import CaseKeys
from pipeline.adapters.postgres.moves import Moves, Step
from pipeline.adapters.postgres.policies import Policies
from pipeline.adapters.postgres.sql import Queries
from pipeline.contracts.case import Ruling, RulingKind
from pipeline.domain.access import OWNERS_NAMED_MAX, AccessKind, Body, Deed, as_code
from pipeline.domain.bonds import Scope
from pipeline.domain.centres import CentreBook
from pipeline.domain.notices import Stamp, ruling_notices
from pipeline.domain.questions import Question, Side
from pipeline.domain.refusals import RulingRefusal, refused
from pipeline.domain.rulings import Ruled, rule
from pipeline.domain.terms import TermsBook
from pipeline.domain.wishes import Wish

SQL = Queries.of("rulings")


class Named(NamedTuple):
    """What an id stands for: `what` is report, case, incident or event; the reports are in order of arrival."""

    what: str
    reports: tuple[UUID, ...]


class Rulings:
    """A ruling that comes again, by its id, changes nothing."""

    def __init__(
        self, pool: Pool, keys: CaseKeys, reader: DocketReader, policies: Policies, centres: CentreBook
    ) -> None:
        self._pool = pool
        self._keys = keys
        self._reader = reader
        self._policies = policies
        self._centres = centres

    async def decide(self, wish: Wish) -> Ruled | None:
        """As `apply`, by names that people use."""
        if await with_retries(lambda: self._pool.fetchval(SQL["is_applied"], wish.ruling_id)):
            return None
        ruling = Ruling(
            ruling_id=wish.ruling_id,
            kind=wish.kind,
            scope=wish.scope.value,
            reports=await self._meant(wish),
            ruled_by=wish.ruled_by,
            seconded_by=wish.seconded_by,
        )
        return await self.apply(ruling)

    async def _meant(self, wish: Wish) -> tuple[UUID, ...]:
        if wish.kind is RulingKind.MERGE:
            return tuple([await self._oldest_of(name, wish.scope) for name in wish.names])
        told = tuple([await self.report(name) for name in wish.names])
        if wish.case is not None:
            whole = await self.named(wish.case)
            if whole.what != "case" or not set(told) <= set(whole.reports):
                raise refused(RulingRefusal.NOT_OF_THIS_CASE)
        if wish.is_answer:
            await self._require_question(told)
        return told

    async def apply(self, ruling: Ruling) -> Ruled | None:
        """What it changed; None where it was applied before. Raises RulingRefusedError, and then nothing is written, or
        UnavailableError.
        """
        return await with_retries(lambda: self._apply(ruling))

    async def named(self, name: str) -> Named:
        """What a person's word for something stands for: the id of a report, a case, an incident or an event. Raises
        RulingRefusedError where there is none, or where an event's id is that of several sources' reports.
        """
        return await named_by(self._pool, name)

    async def report(self, name: str) -> UUID:
        """One report, by its own id or by that of an event of it. Raises RulingRefusedError."""
        found = await self.named(name)
        if found.what not in {"report", "event"}:
            raise refused(RulingRefusal.NO_REPORT)
        return found.reports[0]

    async def _oldest_of(self, name: str, scope: Scope) -> UUID:
        """The oldest report of the case, or of the incident, that this stands for; of a report, itself."""
        found = await self.named(name)
        if scope is Scope.INCIDENT and found.what == "case":
            incidents = await with_retries(lambda: self._pool.fetchval(SQL["incidents_of"], list(found.reports)))
            if incidents > 1:
                raise refused(RulingRefusal.AMBIGUOUS)
        return found.reports[0]

    async def questions(self, questions_max: int) -> list[Question]:
        """The open ones, the oldest first."""
        return await with_retries(lambda: questions_on(self._pool, questions_max))

    async def _require_question(self, reports: tuple[UUID, ...]) -> None:
        if len(reports) != 2 or not await with_retries(lambda: self._pool.fetchval(SQL["is_asked"], *reports)):  # noqa: PLR2004 - of two
            raise refused(RulingRefusal.NO_QUESTION)

    async def _apply(self, ruling: Ruling) -> Ruled | None:
        book = await self._policies.book()
        async with self._pool.acquire() as db, db.transaction():
            await db.execute(ASSESS["lock_linking"])
            if await db.fetchval(SQL["is_applied"], ruling.ruling_id):
                return None
            loaded = await self._reader.around(db, ruling.reports)
            now = datetime.now(UTC)
            ruled = rule(ruling, loaded.docket, TermsBook(book, self._centres).at(now))
            moves = Moves(loaded, [Step(ruled.changes, ruled.absorbed)])
            keys = await self._keys.make(moves.key_names())
            stamp = Stamp(now, await db.fetchval(ASSESS["history"]))
            await CaseWriter(db, keys).write(moves, ruling_notices(ruled, stamp))
            await self._note(db, ruled)
            await note(db, self._keys, _deed(ruled))
            await db.execute(ASSESS["wake_relay"])
        return ruled

    async def _note(self, db: Connection, ruled: Ruled) -> None:
        told = ruled.ruling
        await db.execute(
            SQL["add_ruling"],
            told.ruling_id,
            told.kind,
            told.scope,
            list(told.reports),
            told.ruled_by,
            told.seconded_by,
        )
        ties = [(*tie.pair, tie.scope, tie.together, told.ruling_id) for tie in ruled.ties]
        await db.execute(SQL["put_ties"], *(list(column) for column in zip(*ties, strict=True)))
        of_households = (tie for tie in ruled.ties if tie.scope is Scope.HOUSEHOLD or tie.together)
        decided = {report_id for tie in of_households for report_id in tie.pair}
        await db.execute(SQL["answer_reviews"], list(decided))


async def named_by(pool: Pool, name: str) -> Named:
    """As `Rulings.named`."""
    rows = await with_retries(lambda: pool.fetch(SQL["named"], name, _uuid(name)))
    if not rows:
        raise refused(RulingRefusal.UNKNOWN)
    if len({row["what"] for row in rows}) > 1 or (rows[0]["what"] == "event" and len(rows) > 1):
        raise refused(RulingRefusal.AMBIGUOUS)
    return Named(rows[0]["what"], tuple(row["report_id"] for row in rows))


def _deed(ruled: Ruled) -> Deed:
    told, cases = ruled.ruling, {change.after.case_id for change in ruled.changes}
    cases |= {gone.case.case_id for gone in ruled.absorbed}
    body: Body = {
        "ruling": told.ruling_id,
        "step": told.kind.value,
        "seconded_by": told.seconded_by and as_code(told.seconded_by),
        "case_ids": [*sorted(cases)[:OWNERS_NAMED_MAX]],
    }
    return Deed(AccessKind.RULING, told.ruled_by, body)


def _uuid(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


async def questions_on(db: Connection | Pool, questions_max: int) -> list[Question]:
    """The open ones that this connection may see, the oldest first."""
    rows = await db.fetch(SQL["open_reviews"], questions_max)
    return [Question(row["asked_at"], _side(row, ""), _side(row, "other_"), tuple(row["reasons"])) for row in rows]


def _side(row: Mapping[str, Any], prefix: str) -> Side:
    names = ("report_id", "case_id", "queue", "priority", "county", "centre", "state")
    return Side(*(row[f"{prefix}{name}"] for name in names))
