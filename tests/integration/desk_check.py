"""What must hold of the desk at any moment, asked of the tables by statements of their own."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from pipeline.adapters.postgres.database import Connection, Pool
from pipeline.contracts.case import CaseEvent, CaseEventType, Handled
from pipeline.contracts.topics import CASE_EVENTS
from pipeline.domain.chain import BEGINNING, link_hash
from pipeline.domain.desk import TRANSITIONS, DeskAct, Stage, next_stage

Cases = Sequence[UUID] | None
"""Which cases are looked at; None: all of them."""

AT_ONCE = 500
"""Rows between two questions: the session may not be idle for 3 s."""

FAULTS: Mapping[str, str] = {
    "an open case lacks the timer of its stage or of its lease, or a case out of work still has one": """
        SELECT t.case_id FROM ticket t WHERE ($1::uuid[] IS NULL OR t.case_id = ANY ($1)) AND (
            SELECT array_agg(r.kind ORDER BY r.kind) FROM timer r
            WHERE r.kind IN ('stage', 'lease') AND r.case_id = t.case_id
                AND r.subject = t.case_id::text AND r.next_at IS NOT NULL
        ) IS DISTINCT FROM CASE WHEN t.stage = 'claimed' THEN '{lease,stage}'::text[]
            WHEN t.stage NOT IN ('closed', 'merged', 'erased') THEN '{stage}'::text[] END""",
    "a legal clock that nobody has met has no timer of that case and hour": """
        SELECT t.case_id FROM ticket t JOIN incident i USING (case_id) JOIN clock k USING (incident_id)
        WHERE ($1::uuid[] IS NULL OR t.case_id = ANY ($1)) AND t.stage NOT IN ('closed', 'merged', 'erased')
          AND NOT EXISTS (SELECT FROM clock_met m WHERE (m.incident_id, m.name) = (k.incident_id, k.name))
          AND NOT EXISTS (SELECT FROM timer r WHERE r.kind = 'clock' AND r.subject = k.incident_id || '/' || k.name
              AND (r.case_id, r.due_at) = (t.case_id, k.due_at) AND r.next_at IS NOT NULL)""",
    "a clock that was met still rings": """
        SELECT r.case_id FROM timer r JOIN clock_met m ON r.subject = m.incident_id || '/' || m.name
        WHERE r.kind = 'clock' AND ($1::uuid[] IS NULL OR r.case_id = ANY ($1))""",
    "a task that waits has no timer, or one that is done has": """
        SELECT o.case_id FROM task o WHERE ($1::uuid[] IS NULL OR o.case_id = ANY ($1))
          AND (o.done_at IS NULL) <> EXISTS (SELECT FROM timer r
              WHERE (r.kind, r.subject, r.case_id) = ('task', o.task_id::text, o.case_id))""",
    "a task lies with a case that went up in another": """
        SELECT o.case_id FROM task o JOIN case_alias a ON a.alias_id = o.case_id
        WHERE o.done_at IS NULL AND ($1::uuid[] IS NULL OR o.case_id = ANY ($1))""",
    "the case file's state is another than its stage's": """
        SELECT t.case_id FROM ticket t JOIN case_file c USING (case_id)
        WHERE ($1::uuid[] IS NULL OR t.case_id = ANY ($1)) AND c.state <> CASE
            WHEN t.stage IN ('waiting', 'closed', 'merged', 'erased') THEN t.stage ELSE 'claimed' END""",
    "the ticket says other things than the case file": """
        SELECT t.case_id FROM ticket t JOIN case_file c USING (case_id)
        WHERE ($1::uuid[] IS NULL OR t.case_id = ANY ($1))
          AND (t.queue, t.centre, t.county, t.priority, t.place, t.opened_at) IS DISTINCT FROM
              (c.queue, c.centre, c.county, c.priority, place_of(c.priority, c.standing), c.opened_at)""",
    "somebody holds a case that is nobody's, or nobody one that is somebody's": """
        SELECT t.case_id FROM ticket t LEFT JOIN claim k USING (case_id)
        WHERE ($1::uuid[] IS NULL OR t.case_id = ANY ($1))
          AND (k.case_id IS NOT NULL) <> (t.stage IN ('claimed', 'not_opening', 'accepted', 'in_service'))""",
    "a claim has another fence than its ticket, or a lease that its stage does not ask for": """
        SELECT t.case_id FROM ticket t JOIN claim k USING (case_id)
        WHERE ($1::uuid[] IS NULL OR t.case_id = ANY ($1))
          AND (k.fence <> t.fence OR (k.lease_until IS NOT NULL) <> (t.stage = 'claimed'))""",
    "a party to a case holds it": """
        SELECT k.case_id FROM claim k
        WHERE ($1::uuid[] IS NULL OR k.case_id = ANY ($1)) AND k.case_id = ANY (conflicts_of(k.staff))""",
    "a case file's version or head is not that of its last event": """
        SELECT c.case_id FROM case_file c WHERE ($1::uuid[] IS NULL OR c.case_id = ANY ($1)) AND (
            SELECT (e.version, e.hash) FROM case_event e WHERE e.case_id = c.case_id ORDER BY e.version DESC LIMIT 1
        ) IS DISTINCT FROM (c.version, c.head_hash)""",
}
"""What is wrong: which cases it is wrong with."""

CHAIN = """
    SELECT e.case_id, e.version, e.kind, e.body, e.prior_hash, e.hash, o.outbox_id, o.message AS told
    FROM case_event e LEFT JOIN outbox o
        ON (o.case_id, o.case_version, o.topic, o.event_id IS NULL) = (e.case_id, e.version, $2, false)
    WHERE ($1::uuid[] IS NULL OR e.case_id = ANY ($1)) ORDER BY e.case_id, e.version"""

LISTS = """
    SELECT t.case_id, t.stage, t.queue, t.centre,
        coalesce(array_agg(r.place) FILTER (WHERE r.kind = 'assigned'), '{}') AS on_lists
    FROM ticket t LEFT JOIN LATERAL (
        SELECT DISTINCT ON (o.topic, o.centre) o.topic || ' ' || o.centre AS place,
            convert_from(o.message, 'UTF8')::jsonb ->> 'kind' AS kind
        FROM outbox o WHERE o.case_id = t.case_id AND o.centre IS NOT NULL
        ORDER BY o.topic, o.centre, o.case_version DESC, convert_from(o.message, 'UTF8')::jsonb ->> 'kind'
    ) AS r ON true
    WHERE $1::uuid[] IS NULL OR t.case_id = ANY ($1) GROUP BY t.case_id"""


async def desk_faults(db: Pool, cases: Cases = None) -> list[str]:
    """Each fault in words; none of a sound desk. Reads one state of all tables, whatever is written meanwhile."""
    async with db.acquire() as one, one.transaction(isolation="repeatable_read", readonly=True):
        found = [f"{row['case_id']}: {words}" for words, sql in FAULTS.items() for row in await one.fetch(sql, cases)]
        found += [fault async for fault in _histories(one, cases)]
        return found + [fault async for fault in _lists(one, cases)]


async def require_desk_sound(db: Pool, cases: Cases = None) -> None:
    faults = await desk_faults(db, cases)
    assert faults == [], "\n".join(faults)


async def _histories(db: Connection, cases: Cases) -> AsyncIterator[str]:
    """Case by case, so that a million of events need no memory."""
    told: list[Mapping[str, Any]] = []
    async for row in db.cursor(CHAIN, cases, CASE_EVENTS, prefetch=AT_ONCE):
        if told and told[0]["case_id"] != row["case_id"]:
            for fault in history_faults(told):
                yield f"{told[0]['case_id']}: {fault}"
            told = []
        told.append(row)
    for fault in history_faults(told):
        yield f"{told[0]['case_id']}: {fault}"


def history_faults(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Of one case's events, in order of their version, each with its row of the outbox."""
    head, sent = BEGINNING, 0
    for number, row in enumerate(rows, 1):
        if row["version"] != number or row["prior_hash"] != head:
            yield f"version {row['version']} does not follow"
        head = row["hash"]
        if head != link_hash(row["prior_hash"], row["case_id"], row["version"], row["body"]):
            yield f"version {row['version']} does not have its hash"
        if row["told"] != row["body"]:
            yield f"version {row['version']} does not stand in the outbox once and as it is"
        elif row["outbox_id"] <= sent:
            yield f"version {row['version']} is told before what it follows"
        sent = row["outbox_id"] or sent
    yield from handling_faults([CaseEvent.model_validate_json(row["body"]) for row in rows])


def handling_faults(events: Sequence[CaseEvent]) -> Iterator[str]:
    """Each act leads where the state machine says, from where the one before led, and never from hand to hand under one
    fence.
    """
    stage, fence, holder, returns = Stage.WAITING, 0, None, 0
    for event in events:
        if event.type != CaseEventType.HANDLED:
            stage = Stage.MERGED if event.type == CaseEventType.MERGED else stage
            continue
        assert event.handled
        done = event.handled
        if done.act not in set(DeskAct):
            if done.was != done.stage or done.was not in {stage, Stage.WAITING} or done.fence < fence:
                yield f"version {event.case_version}: {done.act} moved the case"
            continue
        act, was, now = DeskAct(done.act), Stage(done.was), Stage(done.stage)
        if next_stage(act, was, returns) is not now:
            yield f"version {event.case_version}: {act} led from {was} to {now} after {returns} returns"
        if was is not stage and was is not Stage.WAITING:
            yield f"version {event.case_version}: {act} from {was}, but it stood in {stage}"
        if done.fence < fence or (done.holder != holder and done.holder is not None and done.fence <= fence):
            yield f"version {event.case_version}: {done.holder} after {holder} under fence {done.fence} after {fence}"
        if (fault := _reason_fault(done, was)) is not None:
            yield f"version {event.case_version}: {fault}"
        returns = 0 if act is DeskAct.REOPEN else returns + (act is DeskAct.RETURN)
        stage, fence, holder = now, done.fence, done.holder


def _reason_fault(done: Handled, was: Stage) -> str | None:
    row = TRANSITIONS[DeskAct(done.act), was]
    if done.by is not None and done.reason not in (row.reasons or {None}):
        return f"{done.act} for the reason {done.reason}"
    return None


async def _lists(db: Connection, cases: Cases) -> AsyncIterator[str]:
    """A centre that reads its queue and keeps the newest record of each case has just the open ones on its list."""
    async for row in db.cursor(LISTS, cases, prefetch=AT_ONCE):
        is_open = Stage(row["stage"]) not in (Stage.CLOSED, Stage.MERGED, Stage.ERASED)
        there = [f"queue.{row['queue']}.v1 {row['centre']}"] if is_open else []
        if row["on_lists"] != there:
            yield f"{row['case_id']}: on the lists {row['on_lists']}, but it is {row['stage']} at {row['centre']}"
