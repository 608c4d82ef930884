"""Folds queue records into what waits where, as any consumer would: the highest version of a case wins."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pipeline.contracts.vocabulary import Priority, Queue
from pipeline.local.demo.picture import Delay, Line, Row

_RANK = {priority: -rank for rank, priority in enumerate(Priority)}


@dataclass(frozen=True, slots=True)
class _Standing:
    version: int
    row: Row | None


@dataclass(slots=True)
class Board:
    """`take` every record of a queue topic, in any order, as often as it comes."""

    _standing: dict[tuple[Queue, str, str], _Standing] = field(default_factory=dict)
    _first_seen_ms: dict[str, int] = field(default_factory=dict)

    def take(self, record: Mapping[str, Any], at_ms: int) -> None:
        self._first_seen_ms.setdefault(record["event_id"], at_ms)
        place = (Queue(record["queue"]), record["case_id"], record["centre"])
        before = self._standing.get(place)
        if before is None or before.version <= record["case_version"]:
            row = _row(record) if record["kind"] == "assigned" else None
            self._standing[place] = _Standing(record["case_version"], row)

    def lines(self, rows_max: int) -> tuple[Line, ...]:
        return tuple(self._line(queue, rows_max) for queue in (Queue.PROTECTIVE, Queue.FAMILY))

    def _line(self, queue: Queue, rows_max: int) -> Line:
        waiting = [s.row for (where, _, _), s in self._standing.items() if where is queue and s.row]
        return Line(queue, len(waiting), tuple(heapq.nsmallest(rows_max, waiting, key=_urgency)))

    def delay(self, sent_ms: Mapping[str, int]) -> Delay:
        """Over the first queue record of every event whose sending is known."""
        took = sorted(at - sent_ms[event] for event, at in self._first_seen_ms.items() if event in sent_ms)
        if not took:
            return Delay()
        return Delay(len(took), float(took[len(took) // 2]), float(took[min(len(took) - 1, len(took) * 99 // 100)]))

    @property
    def events_queued(self) -> int:
        return len(self._first_seen_ms)


def _row(record: Mapping[str, Any]) -> Row:
    due = record["next_deadline"]
    return Row(
        priority=Priority(record["priority"]),
        due_at=datetime.fromisoformat(due) if due else None,
        categories=tuple(record["categories"]),
        county=record["county"],
        centre=record["centre"],
        reasons=tuple(dict.fromkeys(r["code"] for r in record["reasons"])),
        reports=record["reports"],
    )


def _urgency(row: Row) -> tuple[int, float]:
    return _RANK[row.priority], row.due_at.timestamp() if row.due_at else float("inf")
