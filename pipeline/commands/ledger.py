"""The ledger and the unread reports, for a person or a program."""

import sys
from dataclasses import asdict
from uuid import UUID

import orjson

from pipeline import wiring
from pipeline.adapters.probes import asked
from pipeline.contracts.vocabulary import Outcome
from pipeline.domain.ledger import LedgerState
from pipeline.settings import Settings


def show_ledger(settings: Settings, *, as_json: bool) -> int:
    """0 when it balances, else 1."""
    state = asked(wiring.read_ledger(settings))
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(told(state), option=orjson.OPT_APPEND_NEWLINE))
    else:
        sys.stdout.write("\n".join(in_words(state)) + "\n")
    return 0 if state.balances else 1


def told(state: LedgerState) -> dict[str, object]:
    """The ledger as one JSON object; every outcome is there."""
    settled = {outcome.value: state.settled.get(outcome, 0) for outcome in Outcome}
    return {**asdict(state), "settled": settled, "findings": dict(state.findings), "balances": state.balances}


def in_words(state: LedgerState) -> list[str]:
    settled = sum(state.settled.values())
    verdict = "balances" if state.balances else "DOES NOT BALANCE"
    return [
        f"in {state.received} = settled {settled} + in flight {state.in_flight}, lost {state.lost}: {verdict}",
        *(f"  {outcome.value:<12} {state.settled.get(outcome, 0)}" for outcome in Outcome),
        f"oldest unsettled {state.oldest_unsettled_s:.1f} s, not yet published {state.unpublished}",
        *([f"on the disks of gateways {state.spooled}"] if state.spooled else []),
        f"unread {state.unread_open}, of these past their hour {state.unread_overdue}",
        *(f"finding: {code}, {count} times" for code, count in sorted(state.findings.items())),
    ]


def show_unread(settings: Settings, *, as_json: bool) -> None:
    rows = asked(wiring.read_unread(settings))
    if as_json:
        for row in rows:
            sys.stdout.buffer.write(orjson.dumps(asdict(row), default=str, option=orjson.OPT_APPEND_NEWLINE))
        return
    for row in rows:
        where = f"{row.topic}/{row.partition} offset {row.kafka_offset}"
        due = row.due_at.isoformat(timespec="seconds")
        released = f"  released by {row.released_by} and {row.seconded_by}" if row.released_by else ""
        seen = f"seen {row.times_seen} times{released}"
        sys.stdout.write(f"{row.unread_id}  due {due}  {row.kind} {row.code}  {where}  {seen}\n")
    sys.stdout.write(f"{len(rows)} unread\n")


def mark_read(settings: Settings, unread_id: UUID, by: str) -> int:
    """0 when it waited, else 1."""
    if asked(wiring.mark_read(settings, unread_id, by)):
        sys.stdout.write(f"{unread_id} read by {by}\n")
        return 0
    sys.stderr.write(f"anwang: no unread report {unread_id} waits\n")
    return 1
