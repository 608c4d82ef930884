"""What a person sees and does at the desk by command: by the token of their session, as by HTTP."""

import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import orjson
from rich.console import Console
from rich.table import Table

from pipeline import wiring
from pipeline.adapters.postgres.people_desk import Answer, CaseRead, CasesWanted, PeopleDesk, Row, Said
from pipeline.adapters.probes import asked
from pipeline.adapters.telemetry import utc_now
from pipeline.commands.audit import SESSION
from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.ids import derived
from pipeline.contracts.policy_desk import DeskRules
from pipeline.domain.desk import DeskAct
from pipeline.domain.desk_words import STAGES, act_words
from pipeline.errors import DeskRefusedError
from pipeline.settings import Settings, SettingsRefusedError

EVENTS_MAX = 500

T = TypeVar("T")
Work = Callable[[PeopleDesk, DeskRules, str], Awaitable[T]]


def show_queues(settings: Settings, *, as_json: bool) -> None:
    rows = _ask(settings, lambda desk, _rules, token: desk.queues(token))
    if as_json:
        _lines(rows)
        return
    table = _table("centre", "queue", "stage", "cases", "longest")
    now = utc_now()
    for row in rows:
        waited = _span(now - row["oldest_since"])
        table.add_row(row["centre"], row["queue"], _stage(row["stage"]), str(row["cases"]), waited)
    _print(table, f"{sum(row['cases'] for row in rows)} open cases")


def show_cases(settings: Settings, wanted: CasesWanted, *, as_json: bool) -> None:
    rows = _ask(settings, lambda desk, _rules, token: desk.cases(token, wanted))
    if as_json:
        _lines({name: value for name, value in row.items() if name != "standing"} for row in rows)
        return
    table = _table("case", "due", "priority", "stage", "held by", "why", "centre")
    now = utc_now()
    for row in rows:
        why = ", ".join(reason["code"] for reason in row["standing"]["reasons"][:2])
        due = _until(row["next_deadline"], now)
        held = row["held_by"] or ""
        table.add_row(str(row["case_id"]), due, row["priority"], _stage(row["stage"]), held, why, row["centre"])
    _print(table, f"{len(rows)} cases")


def show_case(settings: Settings, case_id: UUID, *, as_json: bool) -> None:
    """Raises DeskRefusedError where there is no such case for this person."""
    found = _ask(settings, lambda desk, _rules, token: desk.case(token, case_id))
    if found is None:
        raise DeskRefusedError("unknown_case")
    if as_json:
        _lines([_as_told(found)])
        return
    case = found.case
    held = f", held by {case['held_by']}" if case["held_by"] else ""
    sys.stdout.write(f"case {case['case_id']} version {case['version']}: {_stage(case['stage'])}{held}\n")
    sys.stdout.write(f"  {case['priority']}, {case['queue']} of {case['centre']}, fence {case['fence']}\n")
    for incident in found.incidents:
        for name, due in sorted(incident["clocks"].items(), key=lambda clock: str(clock[1])):
            met = incident["met"].get(name)
            told = f"met by {met['by']}" if met else f"due {_until(datetime.fromisoformat(due), utc_now())}"
            sys.stdout.write(f"  clock {name}: {told}\n")
    for task in found.tasks:
        sys.stdout.write(f"  to do: {task['kind']}, {_until(task['due_at'], utc_now())}\n")


def show_history(settings: Settings, case_id: UUID, *, as_json: bool) -> None:
    """Raises DeskRefusedError where there is no such case for this person."""
    rows = _ask(settings, lambda desk, _rules, token: _whole_history(desk, token, case_id))
    if not rows:
        raise DeskRefusedError("unknown_case")
    if as_json:
        _lines(rows)
        return
    table = _table("", "at", "what", "by", "stage", "why")
    for row in rows:
        what = f"{act_words(row['act']).zh} {row['act']}" if row["act"] else row["kind"]
        at = datetime.fromisoformat(row["at"]).astimezone(TAIPEI).isoformat(" ", "seconds")[:19]
        stage = _stage(row["stage"]) if row["stage"] else ""
        table.add_row(str(row["version"]), at, what, row["by"] or "", stage, row["reason"] or row["step"] or "")
    _print(table, f"{len(rows)} events")


async def _whole_history(desk: PeopleDesk, token: str, case_id: UUID) -> list[Row]:
    rows: list[Row] = []
    while portion := await desk.history(token, case_id, rows[-1]["version"] if rows else 0, EVENTS_MAX):
        rows += portion
    return rows


def claim_next(settings: Settings, centre: str, queue: str, *, as_json: bool) -> None:
    """Raises DeskRefusedError where nothing waits or the person may not."""

    async def work(desk: PeopleDesk, rules: DeskRules, token: str) -> Answer:
        return await desk.claim_next(token, queue, centre, Said(body=await _limits(desk, rules, token)))

    _tell(_ask(settings, work), as_json=as_json)


def act(  # noqa: PLR0913 - what, on which case, and what goes with it
    settings: Settings,
    case_id: UUID,
    name: DeskAct,
    *,
    fence: int | None,
    codes: Mapping[str, object],
    key: str | None = None,
    as_json: bool,
) -> None:
    """Does it. Without `fence` that of the case as it stands now goes along. Raises DeskRefusedError with why not."""

    async def work(desk: PeopleDesk, rules: DeskRules, token: str) -> Answer:
        found = await desk.case(token, case_id) if fence is None else None
        limits = await _limits(desk, rules, token)
        body = {**limits, **{word: code for word, code in codes.items() if code is not None}}
        if key:
            body["act_id"] = str(derived("desk-act-by-command", key))
        return await desk.act(token, case_id, name, Said(found.case["fence"] if found else fence, body))

    _tell(_ask(settings, work), as_json=as_json)


def renew(settings: Settings, case_id: UUID, *, as_json: bool) -> None:
    """Raises DeskRefusedError where this person does not hold the case."""

    async def work(desk: PeopleDesk, rules: DeskRules, token: str) -> Answer:
        found = await desk.case(token, case_id)
        return await desk.renew(token, case_id, found.case["fence"] if found else 0, rules.lease_min * 60.0)

    _tell(_ask(settings, work), as_json=as_json)


async def _limits(desk: PeopleDesk, rules: DeskRules, token: str) -> dict[str, object]:
    """What the policy allows the post of this session."""
    async with desk.acting(token) as me:
        role = me.post.role
    told: dict[str, object] = {"lease_s": rules.lease_min * 60.0}
    if (capacity := rules.capacity_of(role)) is not None:
        told["capacity"] = capacity
    return told


def _tell(answer: Answer, *, as_json: bool) -> None:
    if answer["code"] != "done":
        raise DeskRefusedError(answer["code"])
    if as_json:
        _lines([answer])
        return
    stage = f" is {_stage(answer['stage'])}" if "stage" in answer else ""
    held = f", held by {answer['held_by']}" if answer.get("held_by") else ""
    until = answer.get("lease_until")
    lease = f" until {datetime.fromisoformat(until).astimezone(TAIPEI):%H:%M:%S}" if until else ""
    sys.stdout.write(f"case {answer['case_id']}{stage}{held}{lease}, fence {answer['fence']}\n")


def _ask(settings: Settings, work: Work[T]) -> T:
    token = os.environ.get(SESSION)
    if not token:
        raise SettingsRefusedError(f"{SESSION} is not set: sign in at the desk and put the token there")

    async def there() -> T:
        async with wiring.people_desk(settings) as (desk, rules):
            return await work(desk, rules, token)

    return asked(there())


def _as_told(found: CaseRead) -> Mapping[str, Any]:
    case = {name: value for name, value in found.case.items() if name != "standing"}
    return {**case, "incidents": [dict(one) for one in found.incidents], "tasks": [dict(one) for one in found.tasks]}


def _lines(rows: Iterable[Mapping[str, Any]]) -> None:
    for row in rows:
        sys.stdout.buffer.write(orjson.dumps(dict(row), default=_plain, option=orjson.OPT_APPEND_NEWLINE))


def _plain(value: object) -> str:
    """The database's driver has a UUID of its own."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value).__name__)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, no_wrap=name in {"case", "at"})
    return table


def _print(table: Table, foot: str) -> None:
    console = Console(file=sys.stdout)
    if table.row_count:
        console.print(table)
    console.print(foot)


def _stage(stage: str) -> str:
    return f"{dict(_STAGES)[stage]} {stage}"


_STAGES = {stage.value: words.zh for stage, words in STAGES.items()}


def _until(due: datetime | None, now: datetime) -> str:
    if due is None:
        return ""
    return f"in {_span(due - now)}" if due > now else f"{_span(now - due)} LATE"


def _span(span: timedelta) -> str:
    """The two largest units that it has."""
    return " ".join(list(_units(span))[:2]) or "0m"


def _units(span: timedelta) -> Iterator[str]:
    minutes = int(span.total_seconds() // 60)
    for size, unit in ((1440, "d"), (60, "h"), (1, "m")):
        if minutes >= size:
            yield f"{minutes // size}{unit}"
            minutes %= size
