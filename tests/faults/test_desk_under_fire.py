"""Two desks under people who claim, killed again and again, and their database once: no case is held by two, and each
act is done once and answered as it was done.
"""

import asyncio
import random
import signal
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import httpx
from crew import Crew, crew_of, eventually, server_process, servers_root
from desk_check import desk_faults
from lab import Lab, event
from staff import signed_in
from test_desk import ROOT, bearing

from pipeline.contracts.case import CaseEvent
from pipeline.domain.posts import PostRole
from pipeline.local.ports import LOOPBACK, remembered_ports
from pipeline.local.servers import Servers

PEOPLE, CASES, KILLS = 24, 12, 6
ACTS_BETWEEN = 60
AGAIN_S, WITHIN_S = 0.2, 60
DESKS = ("desk-1", "desk-2")
SEED = 20261124
AWAY = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}


@dataclass
class Hold:
    case: UUID
    fence: int
    staff: str
    told_at: float
    left_at: float = 0.0


@dataclass
class Fight:
    """What all people share: where the desks are, which cases wait, and what they were answered."""

    desks: list[httpx.AsyncClient]
    cases: list[UUID]
    over: asyncio.Event = field(default_factory=asyncio.Event)
    holds: list[Hold] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    again: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311 - who fights for what

    async def ask(self, who: dict[str, str], method: str, path: str) -> httpx.Response:
        """Asked by one key of one desk or the other, until one of them answers."""
        key = {"idempotency-key": str(uuid4())}
        async with asyncio.timeout(WITHIN_S):
            while True:
                desk = self.chance.choice(self.desks)
                try:
                    answer = await desk.request(method, path, headers=who | key)
                except httpx.TransportError:
                    answer = None
                if answer is not None and answer.status_code not in AWAY:
                    return answer
                self.again += 1
                await asyncio.sleep(AGAIN_S)

    async def person(self, staff: str, token: str) -> None:
        who = bearing(token)
        while not self.over.is_set():
            case = self.chance.choice(self.cases)
            claimed = await self.ask(who, "POST", f"/v1/cases/{case}/claim")
            said: dict[str, Any] = claimed.json()
            if claimed.status_code != HTTPStatus.OK:
                assert said["code"] == "held_by_another", said
                self.refused[said["code"]] += 1
                continue
            hold = Hold(case, said["fence"], staff, time.monotonic())
            self.holds.append(hold)
            await asyncio.sleep(self.chance.random() / 50)
            hold.left_at = time.monotonic()
            back = await self.ask(who, "DELETE", f"/v1/cases/{case}/claim?fence={hold.fence}")
            assert back.status_code == HTTPStatus.OK, back.text


async def two_desks(lab: Lab, stack: AsyncExitStack) -> tuple[dict[str, Crew], list[httpx.AsyncClient]]:
    crews, clients = {}, []
    ports = remembered_ports(lab.settings.data_dir / "desks.json", DESKS)
    for name in DESKS:
        told = {"ANWANG_DESK_PORT": str(ports[name]), "ANWANG_DESK_LOCAL_ACCOUNTS": "true", "PYTHONPATH": str(ROOT)}
        crews[name] = await stack.enter_async_context(crew_of(lab, {name: "desk"}, **told))
        client = httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{ports[name]}", timeout=10)
        clients.append(await stack.enter_async_context(client))
    return crews, clients


async def test_desks_that_are_killed_under_claims_let_no_case_be_held_by_two(lab: Lab, servers: Servers) -> None:
    await lab.send([event(number) for number in range(CASES)])
    await lab.settle_all(CASES)
    rows = await lab.pool.fetch("SELECT case_id, centre FROM case_file")
    (centre,) = {row["centre"] for row in rows}
    tokens = {f"s{n}": await signed_in(lab, f"s{n}", PostRole.SCREENER, centre) for n in range(PEOPLE)}
    root = await servers_root(servers)
    async with AsyncExitStack() as stack:
        crews, desks = await two_desks(lab, stack)
        fight = Fight(desks, [row["case_id"] for row in rows])
        async with asyncio.TaskGroup() as people:
            for staff, token in tokens.items():
                people.create_task(fight.person(staff, token))
            for kill in range(KILLS):
                await until_so_many(fight, len(fight.holds) + ACTS_BETWEEN)
                crews[DESKS[kill % 2]].process(DESKS[kill % 2]).kill()
                if kill == KILLS // 2:
                    server_process(root, "postgres").send_signal(signal.SIGKILL)
                await eventually(crews[DESKS[kill % 2]].all_ready, WITHIN_S, "a desk that is back")
            await until_so_many(fight, len(fight.holds) + ACTS_BETWEEN)
            fight.over.set()
    assert fight.again > 0, "nobody was cut off"
    assert fight.refused["held_by_another"] > 0, "nobody fought"
    assert list(doubles(fight.holds)) == []
    await require_told(lab, fight)
    assert await desk_faults(lab.pool) == []


async def until_so_many(fight: Fight, holds: int) -> None:
    async def enough() -> bool:
        return len(fight.holds) >= holds

    await eventually(enough, WITHIN_S, "claims")


def doubles(holds: list[Hold]) -> list[tuple[Hold, Hold]]:
    """Whoever was told of a claim before the one before them had begun to give it back."""
    found = []
    for case in {hold.case for hold in holds}:
        of_case = sorted((hold for hold in holds if hold.case == case), key=lambda hold: hold.fence)
        found += [(one, other) for one, other in pairwise(of_case) if other.told_at < one.left_at]
    return found


async def require_told(lab: Lab, fight: Fight) -> None:
    """What was answered is what the chains of the cases tell, each claim once, and each key was done once."""
    bodies = await lab.pool.fetch("SELECT body FROM case_event WHERE kind = 'case.handled.v1'")
    told = [event for row in bodies if (event := CaseEvent.model_validate_json(row["body"])).handled]
    claims = Counter((e.case_id, e.handled.fence, e.handled.by) for e in told if e.handled and e.handled.act == "claim")
    assert claims == Counter((hold.case, hold.fence, hold.staff) for hold in fight.holds)
    assert set(claims.values()) == {1}
    acts = await lab.pool.fetch("SELECT act, count(*) AS n FROM desk_act GROUP BY act")
    assert {row["act"]: row["n"] for row in acts} == {"claim": len(fight.holds), "give_back": len(fight.holds)}
