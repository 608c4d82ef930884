"""The JSON Schema of every contract that crosses our border, and examples that our own code makes."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from pipeline import data
from pipeline.contracts.case import CaseEvent, QueueRecord, UnreadNotice
from pipeline.contracts.decision import Decision
from pipeline.contracts.envelope import Unreadable
from pipeline.contracts.ids import derived
from pipeline.contracts.notify import Audience, Notification, Told
from pipeline.contracts.report import ReportSubmitted
from pipeline.contracts.report_examples import EXAMPLES
from pipeline.contracts.topics import CASE_EVENTS, intake_topic
from pipeline.contracts.vocabulary import Outcome, Priority
from pipeline.domain.assess import Settlement, assess
from pipeline.domain.directory import load_directory
from pipeline.domain.docket import Docket
from pipeline.domain.normalise.reading import read_event
from pipeline.domain.notices import Notice, Stamp, notices
from pipeline.domain.terms import shipped_terms

DIALECT = "https://json-schema.org/draft/2020-12/schema"
HOME = "https://anwang.example/schemas/"
"""The host is one that is kept for examples: a bureau that publishes its schemas puts its own there."""

EXAMPLES_AT = datetime(2026, 3, 5, 0, 0, tzinfo=UTC)

CONTRACTS: Mapping[str, type[BaseModel]] = {
    "report.submitted.v1": ReportSubmitted,
    "decision.v1": Decision,
    "queue.record.v1": QueueRecord,
    "case.event.v1": CaseEvent,
    "report.unread.v1": UnreadNotice,
    "case.notification.v1": Notification,
}


def schema(name: str) -> dict[str, Any]:
    """The schema of one contract: of reports what we accept, of all else what we send."""
    contract = CONTRACTS[name]
    made = contract.model_json_schema(mode="validation" if contract is ReportSubmitted else "serialization")
    return {"$schema": DIALECT, "$id": f"{HOME}{name}.json", **made}


def examples() -> Mapping[str, list[Any]]:
    """Examples by contract. The reports are invented; all else is what they become."""
    settled = tuple(_settled())
    told = [n for s in settled for n in notices(s, Stamp(EXAMPLES_AT, history=1))]
    return {
        "report.submitted.v1": list(EXAMPLES),
        "decision.v1": [s.decision.model_dump(mode="json") for s in settled],
        "queue.record.v1": [json.loads(n.body) for n in told if n.topic != CASE_EVENTS],
        "case.event.v1": [json.loads(n.body) for n in told if n.topic == CASE_EVENTS],
        "report.unread.v1": [_unread().model_dump(mode="json")],
        "case.notification.v1": [_notification(told[0]).model_dump(mode="json")],
    }


def _settled() -> Iterator[Settlement]:
    directory, docket = load_directory(data.table("sources.csv")), Docket()
    for event in EXAMPLES:
        reading = read_event(json.dumps(event).encode(), (), EXAMPLES_AT, directory)
        if isinstance(reading, Unreadable):
            raise TypeError(f"an example cannot be read: {reading.code}")
        yield assess(reading.facts, docket, shipped_terms().at(EXAMPLES_AT))


def _unread() -> UnreadNotice:
    return UnreadNotice(
        unread_id=derived("example", "unread"),
        kind=Outcome.DEAD_LETTER,
        code="not_json",
        topic=intake_topic("clinic"),
        partition=0,
        offset=17,
        due_at=EXAMPLES_AT + timedelta(hours=1),
        history=1,
    )


def _notification(of: Notice) -> Notification:
    told = Told(
        notification_id=derived("example", "notification"),
        case_id=of.case_id,
        kind="stage",
        subject=str(of.case_id),
        code="unclaimed",
        rung=1,
        audience=Audience.SUPERVISOR,
        staff=None,
        centre="63000-protective",
        county="臺北市",
        priority=Priority.IMMEDIATE,
        due_at=EXAMPLES_AT + timedelta(minutes=2),
        made_at=EXAMPLES_AT + timedelta(minutes=5),
        needs_ack=True,
        link=None,
    )
    return Notification(timestamp=told.made_at, data=told)
