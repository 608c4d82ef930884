"""Who may what: every role at every endpoint, as a table. An endpoint without a row fails the first test here."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from types import SimpleNamespace
from typing import Any, Final
from uuid import uuid4

import httpx
from doors import open_doors
from fastapi import FastAPI
from lab import Lab
from staff import signed_in
from test_desk import bearing, case_at, desk_for_nobody
from test_rulings_live import hear, told

from pipeline.adapters.http.desk import bare_app
from pipeline.adapters.http.intake import intake_app
from pipeline.domain.posts import PostRole

ROLES: Final = (
    PostRole.SCREENER,
    PostRole.DISPATCHER,
    PostRole.PROTECTIVE_WORKER,
    PostRole.FAMILY_WORKER,
    PostRole.SUPERVISOR,
    PostRole.POLICY_OWNER,
    PostRole.ANALYST,
    PostRole.OPERATOR,
    PostRole.AUDIT_READER,
)
"""The columns of the table below, in this order."""

OPEN, NOT_YOURS, NOTHING, REFUSED, UNKNOWN_SESSION = "o", "-", "0", "x", "?"
"""Done; there is no such thing for you (404); an empty answer; your role does not do this (403); no session (401)."""

ELSEWHERE = "09007-protective"


@dataclass(frozen=True)
class Row:
    """What a request to an endpoint comes to. `roles` has a letter for each role, at the centre of a protective case;
    `away` is that of whoever may, in a post elsewhere, `party` that of one who is a party to the case. A public
    endpoint answers everybody with the same status, signed in or not. `done` are the statuses that show that it was
    let in; `lists` is the field of an answer that would hold something.
    """

    roles: str = ""
    away: str = ""
    party: str = ""
    body: Mapping[str, Any] | None = None
    query: str = ""
    done: tuple[int, ...] = (HTTPStatus.OK,)
    lists: str | None = None
    public: int | None = None
    at_target: bool = False
    streams: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


CASE_WORK: Final = "oxo-oxxxx"
"""A protective case: dispatchers do not work on it, for family workers it does not exist."""

SUPERVISION: Final = "xxxxoxxxx"

NO_CENTRE: Final = "xxxxxxxxx"
"""Only for a supervisor above the centre: test_desk_acts.py."""

DESK: Final[Mapping[str, Row]] = {
    "POST /v1/session": Row(public=403, body={"staff": "S1", "password": "not-the-password"}),
    "GET /v1/session": Row("ooooooooo", away="o", party="o"),
    "DELETE /v1/session": Row("ooooooooo", away="o", party="o", done=(204,)),
    "GET /v1/session/oidc": Row(public=404),
    "GET /v1/session/oidc/callback": Row(public=404),
    "GET /v1/cases": Row("ooo0oxxxx", away="0", party="0", query="?queue=protective", lists="cases"),
    "GET /v1/cases/{case_id}": Row("ooo-oxxxx", away="-", party="-"),
    "POST /v1/cases/{case_id}/claim": Row(CASE_WORK, away="-", party="-", done=(200, 409)),
    "PUT /v1/cases/{case_id}/claim": Row(CASE_WORK, away="-", party="-", body={"fence": 0}, done=(409,)),
    "DELETE /v1/cases/{case_id}/claim": Row(CASE_WORK, away="-", party="-", done=(200, 409)),
    "POST /v1/queues/{centre}/{queue}/next": Row("-x-x-xxxx", away="-", party="-"),
    "GET /v1/queues": Row("ooo0oxxxx", away="0", party="0", lists="queues"),
    "GET /v1/cases/{case_id}/history": Row("ooo-oxxxx", away="-", party="-"),
    "GET /v1/nudges": Row("oooooxxxx", away="o", party="o", streams=True),
    "GET /v1/tasks": Row("ooo0oxxxx", away="0", party="0", lists="tasks"),
    "POST /v1/tasks/{task_id}/done": Row(CASE_WORK, away="-", party="-", done=(200, 409)),
    "POST /v1/cases/{case}/overrides": Row(
        CASE_WORK,
        away="-",
        party="-",
        body={"kind": "raise", "child_grade": 1, "reason": "judgement"},
        done=(201, 409),
    ),
    "POST /v1/cases/{case}/transfers": Row(
        "ooo-oxxxx",
        away="-",
        party="-",
        body={"to": "64000-protective", "reason": "victim_moved"},
        done=(201, 409),
    ),
    "POST /v1/cases/{case_id}/reveal": Row(
        CASE_WORK, away="-", party="-", body={"how": "break_glass", "reason": "danger_now", "side": "victim"}
    ),
    "POST /v1/cases/{case_id}/reporter": Row(
        CASE_WORK, away="-", party="-", body={"reason": "call_back"}, done=(200, 403, 409)
    ),
    "POST /v1/cases/{case_id}/call-outs": Row(
        CASE_WORK,
        away="-",
        party="-",
        body={"side": "victim", "person": 1, "contact": 1, "way": "call"},
        done=(409,),
    ),
    "GET /v1/notifications": Row("oxo0oxxxx", away="0", party="0", lists="notifications"),
    "POST /v1/notifications/{notification_id}/acknowledge": Row(CASE_WORK, away="-", party="-"),
    "GET /v1/claims/ended": Row("xxxx0xxxx", away="0", party="0", lists="claims"),
    "GET /v1/counts": Row("xxxxoxoxx", away="o", party="o", query="?by=queue"),
    "GET /v1/transfers": Row("ooo0oxxxx", away="0", party="0", lists="transfers"),
    "POST /v1/transfers/{transfer_id}/answer": Row(
        "ooo-oxxxx", away="-", party="-", body={}, done=(201, 409), at_target=True
    ),
    "GET /v1/links/{event_id}": Row(CASE_WORK, away="-", party="-"),
    "GET /v1/reviews": Row("oxoooxxxx", away="o", party="o"),
    "POST /v1/rulings": Row(
        CASE_WORK,
        away="-",
        party="-",
        body={"kind": "confirm", "names": ["event-0", "event-1"]},
        done=(200, 201, 409),
    ),
    "POST /v1/told-reports": Row(
        "oxxxoxxxx",
        away="o",
        party="o",
        body={
            "how": "fax",
            "received_at": "2026-11-20T08:00:00+08:00",
            "data": {"categories": ["other"], "persons": [{"role": "victim"}]},
        },
        headers={"idempotency-key": "matrix"},
        done=(202, 409, 503),
    ),
    "GET /v1/told-reports": Row("oxxxoxxxx", away="o", party="o"),
    "GET /v1/told-reports/{told_id}": Row("-xxx-xxxx", away="-", party="-"),
    "GET /v1/records": Row("xoxxxxxxx", away="0", party="0", lists="records"),
    "GET /v1/audit": Row("xxxxxxxxo", away="o", party="o"),
    "POST /v1/cases/{case_id}/notes": Row(
        CASE_WORK, away="-", party="-", body={"kind": "plan", "text": "下週家訪"}, done=(201, 409)
    ),
    "GET /v1/cases/{case_id}/notes": Row(CASE_WORK, away="-", party="-", done=(200, 409)),
    "GET /v1/cases/{case_id}/steps": Row(CASE_WORK, away="-", party="-"),
    "GET /v1/cases/{case_id}/co-work": Row("0x000xxxx", away="0", party="0", lists="co_work"),
    "GET /v1/co-work": Row("0x000xxxx", away="0", party="0", lists="co_work"),
    "POST /v1/cases/{case_id}/co-work": Row(
        "xxo-oxxxx",
        away="-",
        party="-",
        body={"service": "family", "centre": "63000-family", "queue": "family"},
        done=(201, 409),
    ),
    "POST /v1/co-work/{co_work_id}/answer": Row("xx---xxxx", away="-", party="-", body={}),
    "POST /v1/co-work/{co_work_id}/done": Row("xx---xxxx", away="-", party="-"),
    "POST /v1/cases/{case_id}/screening": Row(
        CASE_WORK, away="-", party="-", body={"outcome": "open", "fence": 0}, done=(409,)
    ),
    "POST /v1/cases/{case_id}/screening/signature": Row(SUPERVISION, away="-", party="-", body={}, done=(409,)),
    "POST /v1/cases/{case_id}/acceptance": Row("xxo-oxxxx", away="-", party="-", done=(409,)),
    "POST /v1/cases/{case_id}/steps": Row(
        CASE_WORK, away="-", party="-", body={"fence": 0, "step": "told_school"}, done=(409,)
    ),
    "POST /v1/cases/{case_id}/return": Row(
        CASE_WORK, away="-", party="-", body={"fence": 0, "reason": "no_capacity"}, done=(409,)
    ),
    "POST /v1/cases/{case_id}/closing": Row(
        CASE_WORK,
        away="-",
        party="-",
        body={"fence": 0, "result": "established", "reason": "safe_now"},
        done=(409,),
    ),
    "POST /v1/cases/{case_id}/reopening": Row(SUPERVISION, away="-", party="-", body={"reason": "appeal"}, done=(409,)),
    "POST /v1/cases/{case_id}/assignment": Row(
        SUPERVISION, away="-", party="-", body={"to": "NOBODY", "reason": "workload"}, done=(409,)
    ),
    "POST /v1/assignments": Row(
        SUPERVISION, away="o", party="o", body={"cases": [str(uuid4())], "to": "NOBODY", "reason": "workload"}
    ),
    "POST /v1/cases/{case_id}/dispute": Row(
        "xxx-oxxxx", away="-", party="-", body={"reason": "jurisdiction"}, done=(200, 409)
    ),
    "POST /v1/cases/{case_id}/dispute/settlement": Row(
        NO_CENTRE, away="-", party="-", body={"reason": "stays_here"}, done=(200, 409)
    ),
    "POST /v1/cases/{case_id}/dispute/escalation": Row(SUPERVISION, away="-", party="-", done=(200, 409)),
}

INTAKE: Final[Mapping[str, int]] = {
    "GET /form-style.css": 200,
    "GET /form/{key}": 404,
    "GET /openapi.json": 200,
    "GET /v1/receipts/{receipt_id}": 401,
    "GET /v1/reports/counts": 401,
    "POST /form/{key}": 404,
    "POST /v1/credentials": 422,
    "POST /v1/reports": 401,
}
"""What the HTTP intake answers to a member of staff, whose session is no credential of a source."""


def routes_of(app: FastAPI) -> list[str]:
    return sorted(f"{method} {path}" for method, path in _walked(app.routes))


def _walked(routes: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - what the framework keeps
    for route in routes:
        inner = getattr(route, "original_router", None) or getattr(route, "app", None)
        if path := getattr(route, "path", None):
            methods = getattr(route, "methods", None)
            assert methods, f"nobody knows who may use what is mounted at {path}"
            yield from ((method, path) for method in methods - {"HEAD"})
        else:
            yield from _walked(inner.routes)  # type: ignore[union-attr]  # else this fails, as it should


def test_every_endpoint_of_the_desk_has_a_row() -> None:
    assert routes_of(bare_app()) == sorted(DESK)
    assert all(len(row.roles) == len(ROLES) and row.away and row.party for row in DESK.values() if row.public is None)


def test_every_endpoint_of_the_intake_has_a_row() -> None:
    house = SimpleNamespace(body_bytes_max=1, now=None, keeper=None, gate=None, keys=None, rates=None)
    assert routes_of(intake_app(house)) == sorted(INTAKE)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Place:
    """A protective case with two reports, another one with a transfer that waits, and who is a party to both."""

    lab: Lab
    client: httpx.AsyncClient
    centre: str
    target: str
    known: Mapping[str, str]


_numbers = count(1)


async def outcome(place: Place, name: str, row: Row, token: str) -> str:
    method, path = name.split(" ")
    if row.at_target:
        await place.lab.pool.execute(
            "UPDATE case_transfer SET state = 'proposed', answered_by = NULL, answered_at = NULL, refused_for = NULL"
        )
    url = re.sub(r"{(\w+)}", lambda found: place.known[found[1]], path) + row.query
    headers = {**row.headers, **(bearing(token) if token else {})}
    if row.streams:
        async with place.client.stream(method, url, headers=headers) as begun:
            if begun.status_code != HTTPStatus.OK:
                await begun.aread()
            return _letter(row, begun)
    return _letter(row, await place.client.request(method, url, json=row.body, headers=headers))


def status_is_of_the_case(code: str) -> bool:
    """Whoever may, is told what is missing."""
    return code == "second_missing"


def _letter(row: Row, answer: httpx.Response) -> str:
    match answer.status_code:
        case HTTPStatus.UNAUTHORIZED:
            return UNKNOWN_SESSION
        case HTTPStatus.FORBIDDEN:
            code = answer.json()["code"]
            assert code == "not_your_work" or status_is_of_the_case(code), answer.text
            return REFUSED if code == "not_your_work" else OPEN
        case HTTPStatus.NOT_FOUND:
            return NOT_YOURS
        case status:
            assert status in row.done, (status, answer.text)
            return NOTHING if row.lists and not answer.json()[row.lists] else OPEN


async def test_every_role_at_every_endpoint(lab: Lab) -> None:
    """Everybody is a person of their own, so that no session and no claim stands in another's way."""
    await hear(lab, told(0), told(1, 0), told(2))
    (case, centre), (other, _) = await case_at(lab, 0), await case_at(lab, 2)
    target, transfer, notification = "65000-protective", uuid4(), uuid4()
    await lab.pool.execute(
        """
        INSERT INTO notification (notification_id, case_id, kind, subject, code, rung, audience, centre, priority,
            due_at, needs_ack)
        VALUES ($1, $2, 'stage', 'x', 'unclaimed', 1, 'holder', $3, 'immediate', now(), true)
        """,
        *(notification, case, centre),
    )
    task = uuid4()
    await lab.pool.execute("INSERT INTO task (task_id, case_id, kind) VALUES ($1, $2, 'follow_up')", task, case)
    async with desk_for_nobody(lab) as client:
        lead = await signed_in(lab, "LEAD0", PostRole.SUPERVISOR, "*")
        asked = {"transfer_id": str(transfer), "to": target, "reason": "victim_moved"}
        proposed = await client.post(f"/v1/cases/{other}/transfers", json=asked, headers=bearing(lead))
        assert proposed.status_code == 201, proposed.text
        known = {"case_id": str(case), "case": str(case), "event_id": "event-0", "transfer_id": str(transfer)}
        known["notification_id"] = str(notification)
        known |= {"centre": "nowhere", "queue": "protective", "co_work_id": str(uuid4()), "task_id": str(task)}
        known["told_id"] = str(uuid4())
        place = Place(lab, client, centre, target, known)
        wrong = [fault async for fault in _faults(place)]
    assert wrong == []


async def _faults(place: Place) -> Any:  # noqa: ANN401 - what yields
    for name, row in DESK.items():
        async for who, expected, found in _told(place, name, row):
            if found != expected:
                yield f"{name}: {who} {found}, not {expected}"


async def _told(place: Place, name: str, row: Row) -> Any:  # noqa: ANN401 - what yields
    if row.public is not None:
        for role in (None, *ROLES):
            answer = await _of_anybody(place, name, row, role)
            yield str(role), row.public, answer.status_code
        return
    home = place.target if row.at_target else place.centre
    yield "no session", UNKNOWN_SESSION, await outcome(place, name, row, "")
    for role, letter in zip(ROLES, row.roles, strict=True):
        yield role, letter, await outcome(place, name, row, await _person(place.lab, role, home))
        yield (
            f"{role} after the end",
            UNKNOWN_SESSION,
            await outcome(place, name, row, await _gone(place.lab, role, home)),
        )
        if letter == OPEN:
            away = await _person(place.lab, role, ELSEWHERE)
            yield f"{role} elsewhere", row.away, await outcome(place, name, row, away)
            yield (
                f"{role} who is a party",
                row.party,
                await outcome(place, name, row, await _party(place.lab, role, home)),
            )


async def _of_anybody(place: Place, name: str, row: Row, role: PostRole | None) -> httpx.Response:
    method, path = name.split(" ")
    headers = bearing(await _person(place.lab, role, place.centre)) if role else {}
    return await place.client.request(method, path, json=row.body, headers=headers)


async def _person(lab: Lab, role: PostRole, scope: str) -> str:
    return await signed_in(lab, f"M{next(_numbers)}", role, scope)


async def _gone(lab: Lab, role: PostRole, scope: str) -> str:
    code = f"M{next(_numbers)}"
    token = await signed_in(lab, code, role, scope)
    await lab.pool.execute("UPDATE staff_session SET ended_at = now() WHERE staff = $1", code)
    return token


async def _party(lab: Lab, role: PostRole, scope: str) -> str:
    code = f"M{next(_numbers)}"
    token = await signed_in(lab, code, role, scope)
    await lab.pool.execute("INSERT INTO staff_tie (staff, token) SELECT DISTINCT $1, token FROM link_key", code)
    return token


async def test_a_session_of_the_desk_opens_nothing_at_the_intake(lab: Lab) -> None:
    token = await signed_in(lab, "S1", PostRole.SUPERVISOR)
    path = {"receipt_id": str(uuid4()), "key": "x"}
    async with open_doors(lab, {}) as doors, httpx.AsyncClient(base_url=doors.url, timeout=30) as client:
        for name, expected in INTAKE.items():
            method, url = re.sub(r"{(\w+)}", lambda found: path[found[1]], name).split(" ")
            for headers in ({}, bearing(token)):
                answer = await client.request(method, url, headers=headers, json={})
                assert answer.status_code == expected, (name, answer.status_code, answer.text)
