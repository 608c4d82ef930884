"""Reports that a screener takes down by telephone, fax, letter or at the counter. They go the way of all others: to the
broker first, and what is not there is not promised.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Protocol
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from pipeline.adapters.http.desk_openapi import ANSWERS
from pipeline.adapters.http.desk_room import RETRY_AFTER_S, In, Room, as_json, asked, who_may
from pipeline.adapters.http.problem import ProblemError
from pipeline.adapters.postgres.sessions import Seat
from pipeline.adapters.postgres.told_reports import Record, ToldReports
from pipeline.domain.directory import Directory, Source
from pipeline.domain.intake import Admitted, DeskRefusal, Problem, Refusal, Told, admit_all
from pipeline.domain.permissions import Act
from pipeline.domain.told import How, desk_source, told_event, told_id
from pipeline.errors import NotTakenError

KEY_CHARACTERS_MAX = 200
RECORDS_MAX = 200
AHEAD_MAX = timedelta(minutes=10)
"""So much may the clock of whoever takes a report down be fast."""

api = APIRouter(prefix="/v1/told-reports", tags=["told reports"])
Tells = Annotated[Seat, who_may(Act.TELL_REPORT)]


class Gate(Protocol):
    """As the intake's: raises NotTakenError where the broker did not acknowledge."""

    @property
    def is_full(self) -> bool: ...

    async def take(
        self, told: list[Told], source: Source, arrived_at: datetime, directory: Directory
    ) -> list[Admitted] | Problem: ...


class Sources(Protocol):
    """Who may report, as of the last look. Raises UnavailableError."""

    @property
    def now(self) -> Directory: ...
    async def look(self) -> Directory: ...


@dataclass(frozen=True, slots=True)
class ToldHere:
    """What it takes to enter a report at the desk."""

    gate: Gate
    sources: Sources
    records: ToldReports
    now: Callable[[], datetime]


class ToldReport(BaseModel):
    """A report as somebody told it, with the control record that every such report has."""

    model_config = ConfigDict(
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [
                {
                    "how": "phone",
                    "received_at": "2026-11-24T00:40:00+08:00",
                    "data": {
                        "categories": ["child_protection"],
                        "persons": [{"role": "victim", "name": "測試童"}],
                        "narrative": "鄰居來電，聽到孩子哭喊。",
                    },
                }
            ]
        },
    )

    how: How
    received_at: AwareDatetime
    """When it was told; it stands for that of `data`."""
    centre: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """At which centre, where the post is for more than one."""
    data: Annotated[dict[str, Any], Field(min_length=1)]
    """As `data` of report.submitted.v1; `report_no` and `channel` may be left out."""


@api.post(
    "",
    status_code=202,
    name="tell_report",
    responses={**ANSWERS, 400: ANSWERS[422], 413: ANSWERS[422], 202: {"description": "The broker has it."}},
)
async def post_told_report(
    seat: Tells,
    room: In,
    wanted: ToldReport,
    key: Annotated[
        str,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=KEY_CHARACTERS_MAX,
            description="Of this report; sent again with the same key it is the same report.",
        ),
    ],
) -> Response:
    """Takes a report that was told by voice or on paper. Answers once the broker has it; after a 503 send it again with
    the same key.
    """
    here = _here(room)
    if wanted.received_at > here.now() + AHEAD_MAX:
        raise ProblemError(Problem(Refusal.PARAMETER_WRONG, "received_at"))
    record = Record(told_id(seat.staff, key), wanted.centre or seat.post.scope, wanted.how, wanted.received_at)
    source = await _source(room, seat, here, record.centre)
    readable = admit_all([_told(wanted, record, source, here.now())], source, here.now(), here.sources.now)
    if isinstance(readable, Problem):
        raise ProblemError(readable)
    words = told_event(record.told_id, source.code, wanted.data, record.received_at, record.received_at)
    noted = await asked(here.records.note(seat.token, record, words))
    if noted.entered_at is None:
        raise ProblemError(Problem(_CODES[noted.code]))
    await _hand_over(here, _told(wanted, record, source, noted.entered_at), source)
    await asked(here.records.handed(seat.token, record.told_id))
    told = {"told_id": str(record.told_id), "state": "received", "entered_at": noted.entered_at.isoformat()}
    answered = as_json({**told, "faults": list(readable[0].faults)}, HTTPStatus.ACCEPTED)
    answered.headers["Location"] = f"/v1/told-reports/{record.told_id}"
    return answered


_CODES = {
    "not_your_work": DeskRefusal.NOT_YOUR_WORK,
    "no_desk_source": DeskRefusal.NO_DESK_SOURCE,
    "key_reused": DeskRefusal.KEY_REUSED,
}


def _here(room: Room) -> ToldHere:
    if room.told_here is None:
        raise ProblemError(Problem(Refusal.BROKER_AWAY), {"Retry-After": str(RETRY_AFTER_S)})
    return room.told_here


async def _source(room: Room, seat: Seat, here: ToldHere, centre: str) -> Source:
    """Of this centre's own desk, also where it was enrolled just now."""
    code = desk_source(centre)
    source = here.sources.now.find(code) or (await asked(here.sources.look())).find(code)
    if source is None or source.is_revoked(here.now()):
        await asked(room.people.refuse(seat.token, Act.TELL_REPORT, None, "no_desk_source"))
        raise ProblemError(Problem(DeskRefusal.NO_DESK_SOURCE))
    return source


def _told(wanted: ToldReport, record: Record, source: Source, made_at: datetime) -> Told:
    return Told(told_event(record.told_id, source.code, wanted.data, record.received_at, made_at))


async def _hand_over(here: ToldHere, told: Told, source: Source) -> None:
    """Raises ProblemError where it cannot be promised."""
    again = {"Retry-After": str(RETRY_AFTER_S)}
    if here.gate.is_full:
        raise ProblemError(Problem(Refusal.BUSY), again)
    try:
        taken = await here.gate.take([told], source, here.now(), here.sources.now)
    except NotTakenError as error:
        if error.is_too_large:
            raise ProblemError(Problem(Refusal.TOO_LARGE)) from error
        raise ProblemError(Problem(Refusal.UNSURE if error.is_unsure else Refusal.BROKER_AWAY), again) from error
    if isinstance(taken, Problem):
        raise ProblemError(taken)


@api.get("", name="told_reports")
async def get_told_reports(
    seat: Tells,
    room: In,
    *,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=RECORDS_MAX)] = 100,
) -> Response:
    """The control records of this post, the newest first; `next` is the `before` of the next page."""
    rows = await asked(_here(room).records.mine(seat.token, None, before, limit))
    following = rows[-1]["number"] if len(rows) == limit else None
    return as_json({"told_reports": [_as_told(row) for row in rows], "next": following})


@api.get("/{told_id}", name="told_report")
async def get_told_report(seat: Tells, room: In, told_id: UUID) -> Response:
    """One control record and what became of its report: `not_handed_over`, `received`, `settled` or `with_a_person`."""
    rows = await asked(_here(room).records.mine(seat.token, told_id, None, 1))
    if not rows:
        raise ProblemError(Problem(Refusal.RECEIPT_UNKNOWN))
    return as_json(_as_told(rows[0]))


def _as_told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "told_id": str(row["told_id"]),
        "centre": row["centre"],
        "how": row["how"],
        "received_at": row["received_at"].isoformat(),
        "entered_at": row["entered_at"].isoformat(),
        "taken_by": row["taken_by"],
        "state": row["state"],
        "case_id": str(row["case_id"]) if row["case_id"] else None,
    }
