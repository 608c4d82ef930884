"""Writes what happened to cases, all of it in the caller's transaction: where each stands, history, messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from pipeline.adapters.postgres.database import Connection
from pipeline.adapters.postgres.docket_reader import ROUTING, SQL, STANDING
from pipeline.adapters.postgres.keys import KeyName, Keys, Purpose
from pipeline.adapters.postgres.moves import Moves
from pipeline.adapters.vault import Slot, seal, unseal
from pipeline.contracts.topics import CASE_EVENTS
from pipeline.domain.casefile import CaseFile
from pipeline.domain.chain import BEGINNING, link_hash
from pipeline.domain.notices import Notice


@dataclass(slots=True)
class Told:
    """Rows of the history and of the outbox, and the hash at which each case's history ends."""

    heads: dict[UUID, bytes]
    events: list[tuple[object, ...]] = field(default_factory=list)
    outbox: list[tuple[object, ...]] = field(default_factory=list)


async def write_many(db: Connection, name: str, rows: Sequence[tuple[object, ...]]) -> None:
    """One statement for all rows: each parameter is a column."""
    if rows:
        await db.execute(SQL[name], *(list(column) for column in zip(*rows, strict=True)))


async def write_told(db: Connection, told: Told) -> None:
    """History and messages."""
    await write_many(db, "add_case_event", told.events)
    await write_many(db, "add_outbox", told.outbox)


class CaseWriter:
    """Writes cases, aliases, incidents, clocks and where each report stands; reports that are new come first."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._db = connection
        self._keys = keys

    async def write(self, moves: Moves, notices: Sequence[Notice]) -> None:
        told = told_by(notices, moves.loaded.heads)
        await self._many("put_case", [_case_row(case, told.heads[case.case_id]) for case in moves.cases.values()])
        await self._aliases(moves)
        await self._places(moves)
        await self._clocks(moves)
        await self._wrap_anew(moves)
        await write_told(self._db, told)

    async def _many(self, name: str, rows: Sequence[tuple[object, ...]]) -> None:
        await write_many(self._db, name, rows)

    async def _aliases(self, moves: Moves) -> None:
        for step in moves.steps:
            if revived := list(step.revived):
                await self._db.execute(SQL["drop_alias"], revived)
            await self._many("add_alias", [(gone.case.case_id, gone.into) for gone in step.absorbed])
        if moves.is_joining or any(moves.moved()):
            await self._many("point_aliases", list(moves.begun()))

    async def _places(self, moves: Moves) -> None:
        """Incidents whose case and reports whose incident is another one now."""
        loaded = moves.loaded
        incidents = [
            (i.incident_id, case_id)
            for i, case_id in moves.incidents
            if loaded.case_of_incident.get(i.incident_id) != case_id
        ]
        await self._many("put_incident", incidents)
        reports = [
            (r, i.incident_id)
            for i, _ in moves.incidents
            for r in i.reports
            if loaded.incident_of.get(r.report_id) != i.incident_id
        ]
        in_order = sorted(reports, key=lambda placed: placed[0].arrival_no)
        await self._many("put_report", [(r.report_id, incident, r.newest.source) for r, incident in in_order])

    async def _clocks(self, moves: Moves) -> None:
        present = [(i.incident_id, name, due) for i, _ in moves.incidents for name, due in i.clocks.items()]
        stopped = [*moves.vanished, *(i.incident_id for i, _ in moves.incidents)]
        if stopped:
            await self._db.execute(SQL["stop_clocks"], stopped)
        await self._many("put_clock", present)

    async def _wrap_anew(self, moves: Moves) -> None:
        """Wraps the keys of reports that changed their case under the key of the case they are in now."""
        moved = dict(moves.moved())
        if not moved:
            return
        await self._many("note_past_home", [(key, moves.loaded.wrapped[key].case_id) for key in moved])
        for row in await self._db.fetch(SQL["wrapped_keys"], list(moved)):
            key = row["event_key"]
            old, new = moves.loaded.wrapped[key].case_id, moved[key]
            for column, purpose, table, statement in (
                ("wrapped_key", Purpose.REPORT, "report_version", "wrap_anew"),
                ("original_wrapped_key", Purpose.ORIGINAL, "report_original", "wrap_original_anew"),
            ):
                slot = Slot(table, "wrapped_key", key)
                data_key = unseal(self._keys[KeyName(old, purpose)], row[column], slot)
                await self._db.execute(SQL[statement], key, seal(self._keys[KeyName(new, purpose)], data_key, slot))


def told_by(notices: Sequence[Notice], heads: Mapping[UUID, bytes]) -> Told:
    """Every message, and each case's history with its chain carried on."""
    told = Told(heads=dict(heads))
    for notice in notices:
        told.outbox.append(_outbox_row(notice))
        if notice.topic == CASE_EVENTS:
            prior = told.heads.get(notice.case_id, BEGINNING)
            head = link_hash(prior, notice.case_id, notice.case_version, notice.body)
            told.heads[notice.case_id] = head
            told.events.append((notice.case_id, notice.case_version, notice.kind, notice.body, prior, head))
    return told


def _case_row(case: CaseFile, head: bytes) -> tuple[object, ...]:
    standing, routing = case.judged
    return (
        case.case_id,
        case.household_id,
        case.version,
        case.state,
        case.linked_case_id,
        standing.queue,
        standing.priority,
        routing.county,
        routing.centre,
        STANDING.dump_python(standing, mode="json"),
        ROUTING.dump_python(routing, mode="json"),
        head,
        " ".join(case.categories),
        case.is_sexual,
    )


def _outbox_row(notice: Notice) -> tuple[object, ...]:
    return (
        notice.message_id,
        notice.topic,
        notice.case_id,
        notice.case_version,
        notice.event_id,
        notice.case_id.bytes.hex().encode(),
        notice.body,
        notice.centre,
    )
