"""Reads why a report stands where it stands. It opens no report."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pipeline.adapters.postgres.database import Connection, Pool, with_retries
from pipeline.adapters.postgres.sql import Queries
from pipeline.domain.bonds import Scope
from pipeline.domain.evidence import Reason
from pipeline.domain.explain import OTHERS_MAX, Explanation, Known, Word, explained, words_of
from pipeline.domain.refusals import RulingRefusal, refused

SQL = Queries.of("explain")

Row = Mapping[str, Any]


class Explaining:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def explain(self, report_id: UUID) -> Explanation:
        """Raises RulingRefusedError for a report that is not known, UnavailableError."""
        return await with_retries(lambda: self._explain(report_id))

    async def _explain(self, report_id: UUID) -> Explanation:
        """All of it as of one moment."""
        async with self._pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            return await explain_on(db, report_id)


async def explain_on(db: Connection, report_id: UUID) -> Explanation:
    """What this connection may see of it, in the caller's transaction. Raises RulingRefusedError for a report that is
    not there.
    """
    home = await db.fetchrow(SQL["home"], report_id)
    if home is None:
        raise refused(RulingRefusal.UNKNOWN)
    rows = await db.fetch(SQL["mates"], home["case_id"], report_id)
    mates = {row["report_id"]: row["incident_id"] for row in rows}
    asked = [row["other"] for row in await db.fetch(SQL["asked"], report_id)]
    said = await db.fetch(SQL["said"], report_id, [report_id, *mates])
    words = words_of(report_id, [(row["report_a"], row["report_b"], _word(row)) for row in said])
    known = await _known(db, report_id, mates, {*asked, *words})
    place = (report_id, home["incident_id"], home["case_id"], home["household_id"])
    return explained(place, mates, known, words, asked)


async def _known(
    db: Connection, report_id: UUID, mates: Mapping[UUID, UUID], concerned: set[UUID]
) -> Mapping[UUID, Known]:
    """Of its case and of whatever a person was or is asked about all, of the rest the most alike."""
    near = [*mates, *(concerned - mates.keys())]
    rows = [
        *await db.fetch(SQL["edges_with"], report_id, near),
        *await db.fetch(SQL["other_edges"], report_id, near, OTHERS_MAX),
    ]
    return {
        row["report_b"] if row["report_a"] == report_id else row["report_a"]: Known(
            household=row["household"],
            incident=row["incident"],
            reasons=tuple(Reason(*reason) for reason in row["reasons"]),
            weights_version=row["weights_version"],
        )
        for row in rows
    }


def _word(row: Row) -> Word:
    return Word(
        together=row["together"],
        scope=Scope(row["scope"]),
        kind=row["kind"],
        ruling_id=row["ruling_id"],
        ruled_by=row["ruled_by"],
        seconded_by=row["seconded_by"],
        ruled_at=row["ruled_at"],
    )
