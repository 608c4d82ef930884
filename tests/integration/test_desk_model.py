"""The desk in a real Postgres beside a model of it: whatever people do, in whatever order, both say the same."""

import asyncio
import itertools
from collections.abc import Coroutine, Mapping
from random import Random
from typing import Any, ClassVar, TypeVar
from uuid import UUID, uuid4

import pytest
from desk_cases import Place, copy_of
from desk_check import require_desk_sound
from desk_model import Desk, Person, Ticket, is_open, ways_on
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from lab import Lab, event
from staff import people_pool, signed_in

from pipeline.adapters.postgres.acting import acting_as
from pipeline.adapters.postgres.database import Pool
from pipeline.contracts.vocabulary import Queue
from pipeline.domain.desk import TRANSITIONS, By, CloseResult, DeskAct, Stage
from pipeline.domain.posts import PostRole

T = TypeVar("T")
ANY_REASON = sorted({reason for row in TRANSITIONS.values() for reason in row.reasons} | {"none_of_these"})
STEPS = ["child_visit", "child_report", "family_visit", "joint_call_out", "dispatch"]
CROWD = (
    ("screener", PostRole.SCREENER, "a"),
    ("screener2", PostRole.SCREENER, "a"),
    ("worker", PostRole.PROTECTIVE_WORKER, "a"),
    ("worker2", PostRole.PROTECTIVE_WORKER, "county"),
    ("family", PostRole.FAMILY_WORKER, "a"),
    ("head", PostRole.SUPERVISOR, "a"),
    ("head2", PostRole.SUPERVISOR, "a"),
    ("platform", PostRole.SUPERVISOR, "county"),
    ("platform2", PostRole.SUPERVISOR, "county"),
    ("dispatcher", PostRole.DISPATCHER, "a"),
    ("away", PostRole.SUPERVISOR, "b"),
)
CASES = (
    ("a", Queue.PROTECTIVE, "immediate"),
    ("a", Queue.PROTECTIVE, "urgent"),
    ("a", Queue.FAMILY, "standard"),
    ("b", Queue.PROTECTIVE, "immediate"),
)
STATE = """
SELECT t.*, k.staff AS holder, k.fence AS claim_fence, k.lease_until <= clock_timestamp() AS lease_over, c.version,
    (SELECT array_agg(m.name) FROM clock_met m JOIN incident i USING (incident_id) WHERE i.case_id = t.case_id) AS met
FROM ticket t JOIN case_file c USING (case_id) LEFT JOIN claim k USING (case_id) WHERE t.case_id = ANY ($1)"""
EVERYTHING = """
SELECT jsonb_build_object(
    'ticket', (SELECT jsonb_agg(t ORDER BY t.case_id) FROM ticket t WHERE t.case_id = ANY ($1)),
    'claim', (SELECT jsonb_agg(t ORDER BY t.case_id) FROM claim t WHERE t.case_id = ANY ($1)),
    'case', (SELECT jsonb_agg(t ORDER BY t.case_id) FROM case_file t WHERE t.case_id = ANY ($1)),
    'timer', (SELECT jsonb_agg(t ORDER BY t.kind, t.subject) FROM timer t WHERE t.case_id = ANY ($1)),
    'task', (SELECT jsonb_agg(t ORDER BY t.task_id) FROM task t WHERE t.case_id = ANY ($1)),
    'acts', (SELECT count(*) FROM desk_act t WHERE t.case_id = ANY ($1)),
    'events', (SELECT count(*) FROM case_event t WHERE t.case_id = ANY ($1)),
    'outbox', (SELECT count(*) FROM outbox t WHERE t.case_id = ANY ($1)))::text"""


class Office:
    """The real desk: one example's own centres, people and cases in a database that all examples share."""

    def __init__(self, lab: Lab, people: Pool, template: UUID) -> None:
        self.lab, self.people, self.template = lab, people, template
        self.tokens: dict[str, str] = {}
        self._numbers = itertools.count(1)

    async def open(self) -> Desk:
        number = next(self._numbers)
        scopes = {"a": f"t{number}-a", "b": f"t{number}-b", "county": f"測{number}縣"}
        persons = {f"{code}{number}": Person(f"{code}{number}", role, scopes[at]) for code, role, at in CROWD}
        self.tokens = {code: await signed_in(self.lab, code, p.role, p.scope) for code, p in persons.items()}
        tickets = [
            await copy_of(self.lab.pool, self.template, Place(scopes[at], scopes["county"], queue, priority))
            for at, queue, priority in CASES
        ]
        return Desk(persons, {t.case_id: t for t in tickets})

    async def ask(self, who: Person, sql: str, *values: object) -> Any:  # noqa: ANN401 - whatever it answers
        async with acting_as(self.people, self.tokens[who.code]) as acting:
            return await acting.db.fetchval(sql, *values)

    async def act(
        self, who: Person, case: UUID, act: str, fence: int | None, said: Mapping[str, Any]
    ) -> dict[str, Any]:
        told: dict[str, Any] = await self.ask(who, "SELECT act_on_case($1, $2, $3, $4)", case, act, fence, said)
        return told

    async def everything(self, desk: Desk) -> str:
        return str(await self.lab.pool.fetchval(EVERYTHING, list(desk.tickets)))

    async def as_watch(self, sql: str, *values: object) -> Any:  # noqa: ANN401 - whatever it answers
        async with self.lab.pool.acquire() as db, db.transaction():
            await db.execute("SET LOCAL ROLE anwang_watch")
            return await db.fetchval(sql, *values)


anyone = st.integers(0, len(CROWD) - 1)
any_case = st.integers(0, len(CASES) - 1)
seeds = st.integers(0, 2**40)
A_WHILE = 12
VISITS: tuple[dict[str, Any], ...] = (
    {"method": "B", "outcome": "reached", "came": ["police", "social_worker"]},
    {"method": "B", "outcome": "reached", "came": ["police"]},
    {"method": "B", "outcome": "not_reached", "why": "missing", "came": ["police"]},
    {"method": "A", "outcome": "reached"},
    {},
)
SELDOM = {DeskAct.DISPUTE, DeskAct.ESCALATE_DISPUTE, DeskAct.ASSIGN, DeskAct.GIVE_BACK}
BY_PEOPLE = {key for key, row in TRANSITIONS.items() if row.allowed is not By.SYSTEM}
ANYTHING = st.fixed_dictionaries(
    {},
    optional={
        "reason": st.sampled_from(ANY_REASON),
        "version": st.integers(-1, 0),
        "result": st.sampled_from(["established", "not_established", "not_opened", "won"]),
        "step": st.sampled_from([*STEPS, ""]),
        "capacity": st.integers(0, 2),
        "outcome": st.sampled_from(["reached", "not_reached"]),
        "by": st.just("somebody-else"),
        "to": st.sampled_from(["nobody", "worker", "family"]),
    },
)


class AtTheDesk(RuleBasedStateMachine):
    """Runs in a thread of its own and asks the loop of the test."""

    office: ClassVar[Office]
    loop: ClassVar[asyncio.AbstractEventLoop]
    walked: ClassVar[set[tuple[DeskAct, Stage]]]
    """The rows of the table that somebody went along."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = self.now(self.office.open())
        self.persons = list(self.desk.people.values())
        self.tickets = list(self.desk.tickets.values())

    def now(self, asked: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(asked, self.loop).result(30)

    def acts(self, who: Person, ticket: Ticket, act: DeskAct, fence: int | None, said: dict[str, Any]) -> None:
        before = self.now(self.office.everything(self.desk))
        stage, version = ticket.stage, ticket.version
        expected = self.desk.act(who, ticket.case_id, act, fence, said)
        told = self.now(
            self.office.act(
                who, ticket.case_id, act, fence, {k: str(v) if k == "act_id" else v for k, v in said.items()}
            )
        )
        self.walked.update({(act, stage)} if ticket.version > version else ())
        assert told | expected == told, (who, act, ticket, said, told, expected)
        if ticket.version == version:
            assert self.now(self.office.everything(self.desk)) == before, (
                f"{act} was answered {told} and yet changed a row"
            )

    @rule(seed=seeds)
    def go_on(self, seed: int) -> None:
        self.go_for_a_while(seed)

    @rule(seed=seeds)
    def go_further(self, seed: int) -> None:
        """Twice as often as all else."""
        self.go_for_a_while(seed)

    def go_for_a_while(self, seed: int, *, new_first: bool = False) -> None:
        """What the stages allow, by people who may; rows that nobody went along yet come first where asked."""
        for _ in range(A_WHILE):
            self._goes_on(Random(seed := seed + 1), new_first=new_first)  # noqa: S311 - a drawn example, no secret
            self.both_say_the_same()

    def _goes_on(self, draw: Random, *, new_first: bool) -> None:
        ticket = draw.choice(self.tickets)
        rows = sorted(ways_on(ticket))
        new = {row for row in rows if new_first and (row.act, row.stage) not in self.walked}
        (row,) = draw.choices(rows, [20 if row in new else 1 if row.act in SELDOM else 4 for row in rows])
        able = [p for p in self.persons if self._may(p, row.allowed, ticket)]
        said: dict[str, Any] = {"step": draw.choice(STEPS), "result": CloseResult.ESTABLISHED, **draw.choice(VISITS)}
        if row.reasons:
            said["reason"] = draw.choice(sorted(row.reasons))
        if row.act is DeskAct.ASSIGN:
            said["to"] = draw.choice(sorted(self.desk.people))
        if draw.random() < 0.5:
            said |= {"act_id": uuid4(), "version": ticket.version, "capacity": 3}
        self.acts(draw.choice(able or self.persons), ticket, row.act, ticket.fence, said)

    def _may(self, who: Person, allowed: By, ticket: Ticket) -> bool:
        if not self.desk.sees(who, ticket) or who.role is PostRole.DISPATCHER:
            return False
        if allowed in {By.HOLDER, By.HOLDER_OR_SUPERVISOR} and ticket.holder is not None:
            return who.code == ticket.holder
        return allowed is By.HANDS or who.role is not PostRole.SCREENER

    @rule(
        who=anyone,
        case=any_case,
        act=st.sampled_from(DeskAct),
        fence_off=st.sampled_from([0, 0, -1, 1, None]),
        said=ANYTHING,
    )
    def tries(self, who: int, case: int, act: DeskAct, fence_off: int | None, said: dict[str, Any]) -> None:
        """Anything at all, by anyone, with an old fence or version, for a reason of another act."""
        ticket = self.tickets[case]
        told = {key: ticket.version + value if key == "version" else value for key, value in said.items()}
        fence = None if fence_off is None else ticket.fence + fence_off
        self.acts(self.persons[who], ticket, act, fence, told)

    @precondition(lambda self: self.desk.done)
    @rule(pick=st.integers(0, 99), who=anyone, other=st.booleans())
    def says_it_again(self, pick: int, who: int, other: bool) -> None:  # noqa: FBT001 - drawn
        keys = list(self.desk.done)
        key = keys[pick % len(keys)]
        code, case, act, _ = self.desk.done[key]
        person = self.persons[who] if other else self.desk.people[code]
        self.acts(person, self.desk.tickets[case], DeskAct(act), None, {"act_id": key})

    @rule(who=anyone, case=any_case, queue=st.sampled_from(Queue), capacity=st.integers(1, 3))
    def takes_the_next(self, who: int, case: int, queue: Queue, capacity: int) -> None:
        person, centre = self.persons[who], self.tickets[case].centre
        said = {"capacity": capacity}
        expected = self.desk.claim_next(person, queue, centre, said)
        told = self.now(self.office.ask(person, "SELECT claim_next($1, $2, $3)", queue, centre, said))
        assert told | expected == told, (person, queue, centre, told, expected)

    @rule(who=anyone, case=any_case, holder=st.booleans(), fence_off=st.sampled_from([0, 0, -1]))
    def shows_presence(self, who: int, case: int, holder: bool, fence_off: int) -> None:  # noqa: FBT001 - drawn
        ticket = self.tickets[case]
        person = self.desk.people[ticket.holder] if holder and ticket.holder else self.persons[who]
        fence = ticket.fence + fence_off
        told = self.now(self.office.ask(person, "SELECT renew_claim($1, $2, 600)", ticket.case_id, fence))
        assert told["code"] == self.desk.renew(person, ticket.case_id, fence)

    @rule(who=anyone)
    def goes_home(self, who: int) -> None:
        person = self.persons[who]
        assert self.now(self.office.ask(person, "SELECT end_shift()")) == self.desk.end_shift(person)

    @rule(case=any_case)
    def falls_silent(self, case: int) -> None:
        ticket = self.tickets[case]
        past = "UPDATE claim SET lease_until = now() - interval '1 s' WHERE case_id = $1 AND lease_until IS NOT NULL"
        ticket.lease_over = self.now(self.office.lab.pool.execute(past, ticket.case_id)) == "UPDATE 1"

    @rule(case=any_case)
    def is_looked_at_by_watch(self, case: int) -> None:
        case_id = self.tickets[case].case_id
        assert self.now(self.office.as_watch("SELECT lapse_claim($1)", case_id)) == self.desk.lapse(case_id)

    @rule(who=anyone, case=any_case, seed=seeds)
    def turns_out_to_be_a_party(self, who: int, case: int, seed: int) -> None:
        """Seldom, since it is for ever."""
        ticket = self.tickets[case]
        code = ticket.holder if seed % 2 and ticket.holder else self.persons[who].code
        if seed % 3:
            return
        tie = "INSERT INTO staff_tie (staff, token) VALUES ($1, $2) ON CONFLICT DO NOTHING"
        self.now(self.office.lab.pool.execute(tie, code, ticket.case_id.bytes))
        self.desk.becomes_party(code, ticket.case_id)

    @rule(who=anyone, case=any_case, kind=st.sampled_from(["raised", "joint_call_out"]))
    def has_a_task_to_do(self, who: int, case: int, kind: str) -> None:
        ticket, person, task = self.tickets[case], self.persons[who], uuid4()
        add = "INSERT INTO task (task_id, case_id, kind) VALUES ($1, $2, $3)"
        self.now(self.office.as_watch(f"{add} RETURNING 1", task, ticket.case_id, kind))
        told = self.now(self.office.ask(person, "SELECT done_with($1)", task))
        assert told == self._done_with(person, ticket, kind)
        ticket.version += told == "done"
        if told != "done":
            self.now(self.office.lab.pool.execute("UPDATE task SET done_at = now() WHERE task_id = $1", task))

    def _done_with(self, who: Person, ticket: Ticket, kind: str) -> str:
        if not self.desk.sees(who, ticket):
            return "unknown_task"
        if who.role is PostRole.DISPATCHER:
            return "not_your_work"
        of_another = ticket.holder is not None and ticket.holder != who.code
        if who.role is PostRole.SUPERVISOR:
            return "done"
        if kind == "raised":
            return "held_by_another" if of_another else "done"
        return "needs_a_step"

    @invariant()
    def both_say_the_same(self) -> None:
        rows = {row["case_id"]: row for row in self.now(self.office.lab.pool.fetch(STATE, list(self.desk.tickets)))}
        for ticket in self.tickets:
            row = rows[ticket.case_id]
            assert (row["stage"], row["fence"], row["holder"], row["version"], row["returns"]) == (
                *(ticket.stage, ticket.fence, ticket.holder, ticket.version, ticket.returns),
            )
            assert (row["screening"], row["result"], row["reason"], row["dispute_level"]) == (
                *(ticket.screening, ticket.result, ticket.reason, ticket.dispute_level),
            )
            assert (row["proposed_by"], row["disputed_by"]) == (ticket.proposed_by, ticket.disputed_by)
            assert bool(row["lease_over"]) == ticket.lease_over
            assert set(row["met"] or ()) == ticket.met
            assert row["claim_fence"] in {None, ticket.fence}

    @invariant()
    def the_desk_is_sound(self) -> None:
        self.now(require_desk_sound(self.office.lab.pool, list(self.desk.tickets)))

    def teardown(self) -> None:
        """No case is left where nobody can take it any further."""
        for ticket in filter(is_open, self.tickets):
            assert list(ways_on(ticket))


async def machine_of(lab: Lab) -> type[AtTheDesk]:
    await lab.send([event(1, categories=["child_protection"], indicators=["injury_visible"])])
    await lab.settle_all(1)
    template = await lab.pool.fetchval("SELECT case_id FROM case_file")
    office = Office(lab, await people_pool(lab), template)
    return type("Machine", (AtTheDesk,), {"office": office, "loop": asyncio.get_running_loop(), "walked": set()})


@pytest.mark.timeout(300)
async def test_whatever_people_do_the_desk_and_its_model_say_the_same(lab: Lab) -> None:
    machine = await machine_of(lab)
    few = settings(
        max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=few)


async def test_every_row_of_the_table_is_gone_along_by_somebody(lab: Lab) -> None:
    machine = await machine_of(lab)

    def walk() -> None:
        for seed in range(10):
            at_the_desk = machine()
            for further in range(8):
                at_the_desk.go_for_a_while(1000 * seed + 100 * further, new_first=True)
            at_the_desk.the_desk_is_sound()
            if machine.walked >= BY_PEOPLE:
                return

    await asyncio.to_thread(walk)
    assert BY_PEOPLE - machine.walked == set()
