"""Cases by the hundred for tests of the desk: copies of one that `assess` made, each with a history of its own."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from desk_model import Ticket

from pipeline.adapters.postgres.database import Pool
from pipeline.contracts.ids import derived
from pipeline.contracts.topics import CASE_EVENTS
from pipeline.domain.chain import BEGINNING, link_hash

COPY = """
WITH c AS (
    INSERT INTO case_file SELECT (jsonb_populate_record(c, $2)).* FROM case_file c WHERE c.case_id = $1
    RETURNING case_id, opened_at, priority, standing
)
SELECT opened_at, place_of(priority, standing) AS place FROM c"""


@dataclass(frozen=True, slots=True)
class Place:
    centre: str
    county: str
    queue: str
    priority: str


async def copy_of(db: Pool, template: UUID, at: Place) -> Ticket:
    """A waiting case like the template's, with its clocks, one report, its queue record and a token of its party."""
    case_id, incident, report = uuid4(), uuid4(), uuid4()
    first = await db.fetchrow("SELECT * FROM case_event WHERE case_id = $1 AND version = 1", template)
    record = await db.fetchrow("SELECT * FROM outbox WHERE case_id = $1 AND centre IS NOT NULL LIMIT 1", template)
    assert first
    assert record
    here = {"case_id": str(case_id), **asdict(at)}
    body = json.dumps(json.loads(first["body"]) | here | {"reports": [str(report)]}).encode()
    head = link_hash(BEGINNING, case_id, 1, body)
    as_new: dict[str, Any] = {
        **here,
        "household_id": str(uuid4()),
        "version": 1,
        "state": "waiting",
        "head_hash": f"\\x{head.hex()}",
        "opened_at": datetime.now().astimezone().isoformat(),
    }
    message = json.dumps(json.loads(record["message"]) | here | {"message_id": str(uuid4())}).encode()
    topic = f"queue.{at.queue}.v1"
    async with db.acquire() as one, one.transaction():
        told = await one.fetchrow(COPY, template, as_new)
        assert told
        await one.execute("INSERT INTO incident VALUES ($1, $2)", incident, case_id)
        await one.execute(
            "INSERT INTO clock SELECT $1, k.name, k.due_at FROM clock k JOIN incident i USING (incident_id)"
            " WHERE i.case_id = $2",
            incident,
            template,
        )
        await one.execute(
            "INSERT INTO report (report_id, incident_id, source) VALUES ($1, $2, 'hotline-113')", report, incident
        )
        await one.execute(
            "INSERT INTO link_key (token, report_id, source, key_version) VALUES ($1, $2, 'hotline-113', 1)",
            case_id.bytes,
            report,
        )
        await one.execute(
            "INSERT INTO case_event (case_id, version, kind, body, prior_hash, hash) VALUES ($1, 1, $2, $3, $4, $5)",
            *(case_id, first["kind"], body, BEGINNING, head),
        )
        for where, what, centre in ((CASE_EVENTS, body, None), (topic, message, at.centre)):
            await one.execute(
                "INSERT INTO outbox (message_id, topic, case_id, case_version, event_id, message_key, message, centre)"
                " VALUES ($1, $2, $3, 1, $4, $5, $6, $7)",
                *(derived("copy", where, case_id.hex), where, case_id, first["case_id"].hex, case_id.hex.encode()),
                *(what, centre),
            )
    clocks = await db.fetch("SELECT name FROM clock WHERE incident_id = $1", incident)
    return Ticket(
        case_id,
        at.queue,
        at.centre,
        at.county,
        told["place"],
        told["opened_at"],
        frozenset(row["name"] for row in clocks),
    )
