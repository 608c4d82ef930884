"""Opens a case for one person: what Postgres hands out of it is opened in memory, told to the audit, and put on a card,
all in the transaction in which it was asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from pipeline.adapters.postgres.acting import Acting, acting_as
from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.docket_reader import CONTENT_KEY_BYTES, story_slot
from pipeline.adapters.postgres.keys import CaseKeys, KeyName, Purpose
from pipeline.adapters.postgres.sql import Queries
from pipeline.adapters.vault import KeySet, Slot, unseal
from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.vocabulary import Queue
from pipeline.domain.cards import Card, Looking, card
from pipeline.domain.normalise.reading import Reading, read_event
from pipeline.domain.sides import Side, Told
from pipeline.errors import KeysRefusedError
from pipeline.ports import Sources

SQL = Queries.of("cards")
ASK_FOR_S = 3.0
"""Somebody waits for the answer."""

DONE = "done"

Row = Mapping[str, Any]


class Wish(NamedTuple):
    """Which case is opened how (`claim`, `break_glass`), for which coded reason, and whose contacts are asked for."""

    case_id: UUID
    how: str
    reason: str
    side: Side
    person: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing was opened; the audit has been told."""

    code: str


@dataclass(frozen=True, slots=True)
class Cards:
    """Every call raises NobodyActsError where the session is over, UnavailableError while a database is away, and
    KeysRefusedError where a report does not open. `pool` is that of the people, which itself reads nothing.
    `is_workday` tells of a day in Taipei, None where nobody knows.
    """

    pool: Pool
    keys: CaseKeys
    sources: Sources
    now: Callable[[], datetime]
    is_workday: Callable[[date], bool | None]

    async def reveal(self, token: str, wish: Wish) -> Card | Refusal:
        return await with_retries(lambda: self._reveal(token, wish), for_s=ASK_FOR_S)

    async def _reveal(self, token: str, wish: Wish) -> Card | Refusal:
        async with acting_as(self.pool, token) as acting:
            said = await acting.db.fetchval(SQL["open"], wish.case_id, wish.how, wish.reason)
            if said != DONE:
                return Refusal(said)
            found = await self.read(acting, wish, self.now(), f"card_{wish.side}")
            return card(*found) if found else Refusal("unknown_case")

    async def read(self, acting: Acting, wish: Wish, at: datetime, what: str) -> tuple[list[Told], Looking] | None:
        """What has been opened of the case, seen as of `at`: nothing of one that this person has not opened, None of
        one that is not there for them. The audit is told `what` it is read for.
        """
        case = await acting.db.fetchrow(SQL["case"], wish.case_id)
        if case is None:
            return None
        rows = await acting.db.fetch(SQL["reports"], wish.case_id)
        told = self._told(rows, await self._key(rows, KeyName(wish.case_id, Purpose.REPORT)))
        await acting.db.execute(SQL["tell_read"], wish.case_id, what, len({t.report for t in told}))
        return told, self._looking(acting, wish, case, at)

    async def _key(self, rows: Sequence[Row], name: KeyName) -> KeySet:
        """Raises KeysRefusedError where the case is erased."""
        found = await self.keys.opening((name, row["wrapped_key"]) for row in rows)
        if rows and name not in found:
            raise KeysRefusedError("the key of this case is gone: it was erased")
        return found.get(name) or KeySet(0, {})

    def _looking(self, acting: Acting, wish: Wish, case: Row, at: datetime) -> Looking:
        return Looking(
            role=acting.post.role,
            queue=Queue(case["queue"]),
            is_sexual=case["is_sexual"],
            at=at,
            side=wish.side,
            person=wish.person,
            has_broken_glass=case["has_broken_glass"],
            is_workday=self.is_workday(at.astimezone(TAIPEI).date()),
            protective_lead=case["protective_lead"],
        )

    def _told(self, rows: Sequence[Row], case_key: KeySet) -> list[Told]:
        """All versions of each report in their order; reports by their arrival."""
        told: list[Told] = []
        for number, (_, of_report) in enumerate(groupby(rows, key=itemgetter("arrival_no")), start=1):
            versions = [self._version(number, row, case_key) for row in of_report]
            versions.sort(key=lambda t: (t.facts.sent_at, t.facts.event_id, t.facts.content_key))
            told += [Told(v.report, v.facts, v.data, v.story, v is versions[-1]) for v in versions]
        return told

    def _version(self, number: int, row: Row, case_key: KeySet) -> Told:
        event_key = row["event_key"]
        data_key = unseal(case_key, row["wrapped_key"], Slot("report_version", "wrapped_key", event_key))
        plain = unseal(data_key, row["sealed"], Slot("report_version", "sealed", event_key))[CONTENT_KEY_BYTES:]
        document = orjson.loads(plain)
        story = document["data"].pop("narrative", None)
        if row["sealed_story"] is not None:
            story = orjson.loads(unseal(data_key, row["sealed_story"], story_slot(event_key)))
        reading = read_event(plain, (), row["arrived_at"], self.sources.now)
        if not isinstance(reading, Reading):
            raise KeysRefusedError("a stored report opens but cannot be read")
        return Told(number, reading.facts, document["data"], story if isinstance(story, str) else None)

    async def reporters(self, token: str, second: str | None, case_id: UUID, reason: str) -> list[Card] | Refusal:
        """Who reported, of each report: opened by two people, of whom the second is a supervisor."""
        return await with_retries(lambda: self._reporters(token, second, case_id, reason), for_s=ASK_FOR_S)

    async def _reporters(self, token: str, second: str | None, case_id: UUID, reason: str) -> list[Card] | Refusal:
        async with acting_as(self.pool, token, second=second) as acting:
            said = await acting.db.fetchval(SQL["open"], case_id, "reporter", reason)
            if said != DONE:
                return Refusal(said)
            rows = await acting.db.fetch(SQL["originals"], case_id)
            key = await self._key(rows, KeyName(case_id, Purpose.ORIGINAL))
            await acting.db.execute(SQL["tell_read"], case_id, "reporter", len(rows))
            return [_reporter(_original(row, key)) for row in rows]

    async def ended_claims(self, token: str, claims_max: int) -> list[Row]:
        """Claims that ended since their holder is a party to the case, the latest first; for supervisors."""

        async def act() -> list[Row]:
            async with acting_as(self.pool, token) as acting:
                return list(await acting.db.fetch(SQL["ended_claims"], claims_max))

        return await with_retries(act, for_s=ASK_FOR_S)

    async def counts(self, token: str, by: Sequence[str]) -> list[Row]:
        """Cases of whole months by these dimensions, in steps of five; a cell below five is not there."""

        async def act() -> list[Row]:
            async with acting_as(self.pool, token) as acting:
                return list(await acting.db.fetch(SQL["counts"], list(by)))

        return await with_retries(act, for_s=ASK_FOR_S)


def _original(row: Row, case_key: KeySet) -> Mapping[str, Any]:
    event_key = row["event_key"]
    data_key = unseal(case_key, row["wrapped_key"], Slot("report_original", "wrapped_key", event_key))
    plain = unseal(data_key, row["sealed"], Slot("report_original", "sealed", event_key))
    document: Mapping[str, Any] = orjson.loads(plain)
    return document


def _reporter(document: Mapping[str, Any]) -> Card:
    """The reporter alone; nothing else of what was sent."""
    reporter = document["data"].get("reporter")
    told = reporter if isinstance(reporter, Mapping) else {}
    names = ("role", "organisation", "name", "title", "phone", "mandated", "anonymous", "wants_reply")
    return {name: told[name] for name in names if isinstance(told.get(name), str | bool)}
