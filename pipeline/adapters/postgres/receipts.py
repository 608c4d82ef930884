"""Opens the receipts of decisions: what each decision of a case read, and the facts that it read of other versions."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.keys import CaseKeys, KeyName, Purpose, Wrapped
from pipeline.adapters.postgres.sql import Queries
from pipeline.adapters.vault import KeySet, Slot, unseal
from pipeline.contracts.decision import Decision
from pipeline.domain.decided_again import Kept
from pipeline.domain.facts import Facts
from pipeline.domain.receipt import unpacked

SQL = Queries.of("receipts")

Row = Mapping[str, Any]


class Receipts:
    def __init__(self, pool: Pool, keys: CaseKeys) -> None:
        self._pool = pool
        self._keys = keys

    async def of_case(self, case_id: UUID) -> tuple[Kept, ...] | None:
        """In the order in which they were made; None where the case's key is gone: it was erased. Raises
        UnavailableError.
        """
        rows = await with_retries(lambda: self._pool.fetch(SQL["decisions_of"], case_id))
        keys = await self._keys.opening(_wrapped(rows))
        if rows and not keys:
            return None
        return tuple(_kept(row, keys[KeyName(case_id, Purpose.REPORT)]) for row in rows)

    async def facts(self, event_keys: Collection[UUID]) -> Mapping[UUID, Facts]:
        """Of those of these versions that can still be opened. Raises UnavailableError."""
        rows = await with_retries(lambda: self._pool.fetch(SQL["inputs_of"], list(event_keys)))
        keys = await self._keys.opening(_wrapped(rows))
        opened = (_kept(r, keys[n]) for r in rows if (n := KeyName(r["case_id"], Purpose.REPORT)) in keys)
        return {kept.event_key: kept.receipt.decided for kept in opened if kept.receipt}


def _wrapped(rows: Iterable[Row]) -> list[Wrapped]:
    return [(KeyName(row["case_id"], Purpose.REPORT), row["wrapped_key"]) for row in rows]


def _kept(row: Row, case_key: KeySet) -> Kept:
    event_key = row["event_key"]
    data_key = unseal(case_key, row["wrapped_key"], Slot("report_version", "wrapped_key", event_key))
    stored = unseal(data_key, row["sealed_inputs"], Slot("decision", "sealed_inputs", event_key))
    return Kept(event_key, Decision.model_validate(row["decision"]), row["decided_at"], unpacked(stored))
