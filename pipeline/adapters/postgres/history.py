"""Stored cases as histories: opened in memory, slice by slice, and never written to."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from pipeline.adapters.postgres.access_log import note_rest
from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.docket_reader import open_version
from pipeline.adapters.postgres.keys import CaseKeys, KeyName, Purpose
from pipeline.adapters.postgres.sql import Queries
from pipeline.adapters.vault import KeyRing, KeySet
from pipeline.domain.policy.simulate import History, Told
from pipeline.ports import Sources

SQL = Queries.of("history")
_IDS = 1 << 128

Row = Mapping[str, Any]


class Stretch(NamedTuple):
    """From `begin` until before `end`."""

    begin: datetime
    end: datetime


EVER = Stretch(datetime(1900, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


class Slice(NamedTuple):
    """Case ids from `first` to `last`, both of them included."""

    first: UUID
    last: UUID


def slices(count: int) -> Iterator[Slice]:
    """The space of all ids in so many parts of about one size: ids are derived by digests and lie everywhere alike."""
    for number in range(count):
        yield Slice(UUID(int=number * _IDS // count), UUID(int=(number + 1) * _IDS // count - 1))


class Read(NamedTuple):
    """Cases, and how many were left out because they are erased."""

    histories: tuple[History, ...]
    erased: int


class Histories:
    """Of the cases of which something arrived in this stretch of time, with what had arrived before."""

    def __init__(self, pool: Pool, keys_pool: Pool, ring: KeyRing, sources: Sources, stretch: Stretch = EVER) -> None:
        self._pool, self._keys_pool, self._ring, self._sources = pool, keys_pool, ring, sources
        self._stretch = stretch

    async def versions(self) -> int:
        """How many versions of reports are stored, whenever they arrived. Raises UnavailableError."""
        return await with_retries(lambda: self._pool.fetchval(SQL["versions_in_all"]))

    async def read(self, part: Slice) -> Read:
        """Raises UnavailableError, and KeysRefusedError where a report does not open."""
        rows = await with_retries(lambda: self._pool.fetch(SQL["slice"], *part, *self._stretch))
        wrapped = [(KeyName(row["case_id"], Purpose.REPORT), row["wrapped_key"]) for row in rows]
        names = {name for name, _ in wrapped}
        of_slice = CaseKeys(self._keys_pool, self._ring)
        keys = await with_retries(lambda: of_slice.opening(wrapped))
        with suppress(asyncpg.ReadOnlySQLTransactionError):  # a copy that may only be read cannot note who read it
            await note_rest(self._pool, of_slice)
        histories = [
            History(tuple(self._told(row, keys[name]) for row in told), str(case_id))
            for case_id, told in groupby(rows, key=itemgetter("case_id"))
            if (name := KeyName(case_id, Purpose.REPORT)) in keys
        ]
        return Read(tuple(histories), len(names) - len(histories))

    def _told(self, row: Row, case_key: KeySet) -> Told:
        facts = open_version(row, case_key, self._sources.now)
        return Told(row["arrived_at"], row["report_id"], row["incident_id"], facts, row["event_id"])
