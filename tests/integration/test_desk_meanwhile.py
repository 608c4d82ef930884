"""Reports, rulings, overrides, transfers and people's acts on the same cases, and the desk stays sound."""

from collections import Counter
from collections.abc import Coroutine, Mapping
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from desk_check import desk_faults
from lab import Lab, until
from staff import people_pool, signed_in
from test_overrides_live import overrides_of, wish
from test_rulings_live import SECOND, book_of, ruling, told
from test_transfers_live import transfers_of
from test_transfers_live import wish as proposal

from pipeline.adapters.postgres.acting import acting_as
from pipeline.adapters.postgres.database import Pool
from pipeline.contracts.case import OverrideKind, RulingKind
from pipeline.contracts.vocabulary import Priority
from pipeline.domain.desk import TRANSITIONS, By, DeskAct
from pipeline.domain.posts import PostRole
from pipeline.domain.transfer import Answer
from pipeline.errors import RulingRefusedError
from pipeline.stages.assess import Assess

CROWD = (
    ("head", PostRole.SUPERVISOR),
    ("head2", PostRole.SUPERVISOR),
    ("protects", PostRole.PROTECTIVE_WORKER),
    ("helps", PostRole.FAMILY_WORKER),
)
THERE = ("65000010-{}", "65000020-{}", "64000-{}", "65000-{}")
DANGERS: tuple[dict[str, Any], ...] = (
    {},
    {"indicators": ["repeat_harm"]},
    {"crisis_flags": ["life_threatened"]},
    {"categories": ["child_protection"], "indicators": ["injury_visible"]},
    {"categories": ["vulnerable_family"]},
)
ENDS = {DeskAct.CLOSE, DeskAct.SIGN_NOT_OPEN, DeskAct.PROPOSE_NOT_OPEN}
SELDOM = {DeskAct.DISPUTE, DeskAct.ESCALATE_DISPUTE, DeskAct.ASSIGN, DeskAct.GIVE_BACK, DeskAct.RETURN}
BY_SUPERVISORS = {By.SUPERVISOR, By.OTHER_SUPERVISOR, By.PLATFORM}
STEPS, STEPS_MAX = 250, 1000
CLOSED_REPORTS = """
SELECT report_id FROM report JOIN incident USING (incident_id) JOIN case_file USING (case_id) WHERE state = 'closed'"""
HAPPENS = {
    *(f"{act} done" for act in ("claim", "screen_open", "screen_short", "accept", "step", "close", "reopen", "return")),
    *("propose_not_open done", "sign_not_open done", "refuse_not_open done", "dispute done", "settle_dispute done"),
    *("ruling", "override", "transfer", "party", "amendment of a closed case", "task done", "shift_over", "lapse"),
}


class Town:
    """What goes on around the cases of one database."""

    def __init__(self, lab: Lab, people: Pool, stage: Assess) -> None:
        self.lab, self.people, self.stage = lab, people, stage
        self.tokens: dict[str, str] = {}
        self.did: Counter[str] = Counter()
        self._told: list[dict[str, Any]] = []

    @property
    def lacks(self) -> set[str]:
        return HAPPENS - {what for what, times in self.did.items() if times}

    async def hear(self, *events: dict[str, Any]) -> None:
        settled = await self.lab.count("inbox")
        await self.lab.send(events)
        await until(self.stage.turn, lambda: self.lab.inbox_holds(settled + len(events)))
        self._told += events

    async def new_home(self, draw: Random) -> None:
        await self.hear(told(len(self._told), **draw.choice(DANGERS)))

    async def more_of_a_home(self, draw: Random) -> None:
        """Two reports in one batch; they quote one or two told before, so they join what was apart."""
        if self._told:
            first = len(self._told)
            quoted = [draw.randrange(first) for _ in range(draw.choice((1, 1, 2)))]
            await self.hear(*(told(n, *quoted, **draw.choice(DANGERS)) for n in (first, first + 1)))

    async def amendment(self, draw: Random) -> None:
        """The same report told anew: it reaches its case though that be closed."""
        if self._told:
            before = await self._of_closed_case(draw) or draw.choice(self._told)
            data = before["data"] | draw.choice(DANGERS)
            versions = await self._closed_versions()
            await self.hear(before | {"id": f"anew-{uuid4()}", "data": data})
            self._told.pop()
            self.did["amendment of a closed case"] += versions != await self._closed_versions()

    async def _of_closed_case(self, draw: Random) -> dict[str, Any] | None:
        closed = {row["report_id"] for row in await self.lab.pool.fetch(CLOSED_REPORTS)}
        for told_once in draw.sample(self._told, len(self._told)) if closed else ():
            if await book_of(self.lab).report(told_once["id"]) in closed:
                return told_once
        return None

    async def _closed_versions(self) -> int:
        return int(
            await self.lab.pool.fetchval("SELECT coalesce(sum(version), 0) FROM case_file WHERE state = 'closed'")
        )

    async def ruling(self, draw: Random) -> None:
        """What cannot be done is refused."""
        reports = [
            r["report_id"] for r in await self.lab.pool.fetch("SELECT report_id FROM report ORDER BY arrival_no")
        ]
        kind = draw.choice((RulingKind.MERGE, RulingKind.MERGE, RulingKind.SPLIT, RulingKind.SPLIT, RulingKind.CONFIRM))
        if len(reports) > 1:
            chosen = draw.sample(reports, 1 if kind is RulingKind.SPLIT else 2)
            await self._say("ruling", book_of(self.lab).apply(ruling(kind, *chosen)))

    async def override(self, draw: Random) -> None:
        if (case := await self._any_case(draw)) is not None:
            wanted = wish(draw.choice(tuple(OverrideKind)), priority=draw.choice(tuple(Priority)))
            await self._say("override", overrides_of(self.lab).put(str(case), wanted))

    async def transfer(self, draw: Random) -> None:
        if (case := await self._any_case(draw)) is not None:
            queue = await self.lab.pool.fetchval("SELECT queue FROM case_file WHERE case_id = $1", case)
            proposed = proposal(draw.choice(THERE).format(queue))
            transfers = transfers_of(self.lab)
            await self._say("proposal", transfers.propose(str(case), proposed))
            await self._say("transfer", transfers.answer(str(proposed.transfer_id), Answer(SECOND)))

    async def _say(self, what: str, asked: Coroutine[Any, Any, object]) -> None:
        try:
            await asked
        except RulingRefusedError as refused:
            what += f" {refused.code}"
        self.did[what] += 1

    async def party(self, draw: Random) -> None:
        """Who holds a case is found to be told of in it; somebody else comes to work."""
        held = await self.lab.pool.fetch(
            "SELECT k.staff, l.token FROM claim k JOIN incident i USING (case_id) JOIN report r USING (incident_id)"
            " JOIN link_key l USING (report_id) ORDER BY k.staff, l.token"
        )
        if held:
            staff, token = draw.choice(held)
            await self.lab.pool.execute("INSERT INTO staff_tie VALUES ($1, $2) ON CONFLICT DO NOTHING", staff, token)
            self.tokens.pop(staff, None)
            await self.come_to_work()
            self.did["party"] += 1

    async def come_to_work(self) -> None:
        number = len(self.did) + sum(self.did.values())
        there = {code.rstrip("0123456789") for code in self.tokens}
        for code, role in CROWD:
            if code not in there:
                self.tokens[f"{code}{number}" if number else code] = await signed_in(
                    self.lab, f"{code}{number}" if number else code, role
                )

    async def act(self, draw: Random) -> None:
        """Something that the stage allows, by its holder where it has one."""
        if (case := await self._any_case(draw)) is None:
            return
        row = await self.lab.pool.fetchrow(
            "SELECT t.*, k.staff FROM ticket t LEFT JOIN claim k USING (case_id) WHERE case_id = $1", case
        )
        assert row
        acts = sorted(
            a for (a, at), rule in TRANSITIONS.items() if at == row["stage"] and rule.allowed is not By.SYSTEM
        )
        if not acts:
            return
        (name,) = draw.choices(acts, [1 if act in SELDOM else 12 if act in ENDS else 6 for act in acts])
        reasons = sorted(TRANSITIONS[name, row["stage"]].reasons) or [None]
        said = {
            "step": "child_visit",
            "method": "B",
            "outcome": draw.choice(("reached", "not_reached")),
            "why": "missing",
            "result": "established",
            "reason": draw.choice(reasons),
            "to": draw.choice(sorted(self.tokens)),
        }
        who = draw.choice(self._able(row, TRANSITIONS[name, row["stage"]].allowed, draw))
        async with acting_as(self.people, self.tokens[who]) as acting:
            answer = await acting.db.fetchval("SELECT act_on_case($1, $2, $3, $4)", case, name, row["fence"], said)
        self.did[f"{name} {answer['code']}"] += 1

    def _able(self, row: Mapping[str, Any], allowed: By, draw: Random) -> list[str]:
        """Whom the act is for; now and then anybody."""
        everybody = sorted(self.tokens)
        if draw.random() < 0.1:
            return everybody
        others = [c for c in everybody if c.startswith("head") and c not in {row["proposed_by"], row["disputed_by"]}]
        if allowed in BY_SUPERVISORS:
            return others or everybody
        is_held = allowed in {By.HOLDER, By.HOLDER_OR_SUPERVISOR} and row["staff"] in self.tokens
        return [row["staff"]] if is_held else everybody

    async def acknowledgement(self, draw: Random) -> None:
        tasks = await self.lab.pool.fetch("SELECT task_id FROM task WHERE done_at IS NULL ORDER BY opened_at, task_id")
        if tasks:
            who, task = draw.choice(sorted(self.tokens)), draw.choice(tasks)["task_id"]
            async with acting_as(self.people, self.tokens[who]) as acting:
                self.did[f"task {await acting.db.fetchval('SELECT done_with($1)', task)}"] += 1

    async def end_of_a_shift(self, draw: Random) -> None:
        async with acting_as(self.people, self.tokens[draw.choice(sorted(self.tokens))]) as acting:
            self.did["shift_over"] += await acting.db.fetchval("SELECT end_shift()")

    async def silence(self, draw: Random) -> None:
        """Somebody no longer shows that they are there, and watch looks."""
        leased = await self.lab.pool.fetch("SELECT case_id FROM claim WHERE lease_until IS NOT NULL ORDER BY case_id")
        if leased:
            case = draw.choice(leased)["case_id"]
            await self.lab.pool.execute(
                "UPDATE claim SET lease_until = now() - interval '1 s' WHERE case_id = $1", case
            )
            async with self.lab.pool.acquire() as db, db.transaction():
                await db.execute("SET LOCAL ROLE anwang_watch")
                self.did["lapse"] += await db.fetchval("SELECT lapse_claim($1)", case)

    async def _any_case(self, draw: Random) -> UUID | None:
        rows = await self.lab.pool.fetch(
            "SELECT case_id FROM case_file WHERE state <> 'merged' ORDER BY opened_at, case_id"
        )
        return draw.choice(rows)["case_id"] if rows else None


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [8, 17, 1, 2])
async def test_whatever_is_told_and_decided_meanwhile_the_desk_stays_sound(lab: Lab, seed: int) -> None:
    people = await people_pool(lab)
    async with lab.assess() as stage:
        town = Town(lab, people, stage)
        await town.come_to_work()
        draw = Random(seed)  # noqa: S311 - an example, no secret
        decided = town.ruling, town.ruling, town.ruling, town.override, town.transfer, town.party
        told = town.new_home, town.more_of_a_home, town.more_of_a_home, town.amendment, town.amendment
        rarely = town.acknowledgement, town.end_of_a_shift, town.silence
        for step in range(STEPS_MAX):
            does = draw.choice((*[town.act] * 18, *told, *decided, *rarely))
            await does(draw)
            assert await desk_faults(lab.pool) == [], f"after step {step}, {does.__name__}"
            if step >= STEPS and not town.lacks:
                break
    assert town.lacks == set(), "too little happened to prove anything"
    assert (await lab.audit()).balances
