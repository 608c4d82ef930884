"""Policies as releases against real servers: in force from a time on, believed as far as signed, tried in shadow."""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import asyncpg
import pytest
from crew import WORKERS, Ended, all_settled, crew_of, eventually, run
from lab import Lab, event, until

from pipeline.adapters.kafka.outlet import new_producer
from pipeline.adapters.postgres import shadow_writer
from pipeline.adapters.postgres.assess_store import AssessStore
from pipeline.adapters.postgres.policies import Policies
from pipeline.adapters.postgres.releases import Releases
from pipeline.adapters.postgres.work import Work
from pipeline.adapters.signing import SigningKey
from pipeline.data import deployed
from pipeline.domain.batch import Settled
from pipeline.domain.policy.reading import SHIPPED, shipped
from pipeline.domain.policy.release_activation import Start
from pipeline.errors import ReleaseRefusedError

ROOT = Path(__file__).parents[2]
FIRST, SECOND, THIRD = "S1024", "S2048", "S4096"
DEFAULT = shipped().version
BY_HAND = """
    INSERT INTO policy_activation (kind, version, starts_at, activated_by, seconded_by)
    VALUES ('activate', $1, $2, $3, $4)"""
INSERT_ONLY = ("policy_release", "policy_signature", "policy_activation")


def file_of(version: str, *, urgent: str = "neglect") -> str:
    """The shipped policy under another version, with one more sign that makes a case urgent."""
    text = deployed("policy").joinpath(SHIPPED).read_text("utf-8")
    urgent_row = 'name = "confinement"\npriority = "urgent"'
    assert urgent_row in text
    head, tail = text.split(urgent_row)
    tail = tail.replace('any_of = ["confinement"]', f'any_of = ["confinement", "{urgent}"]', 1)
    return (head + urgent_row + tail).replace(f'version = "{DEFAULT}"', f'version = "{version}"', 1)


class Bureau:
    """Two signers, and what they do with policies."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.releases = Releases(lab.pools.operate)
        self.keys = {staff: SigningKey.create(lab.settings.data_dir / f"{staff}.pem") for staff in (FIRST, SECOND)}

    async def register(self) -> "Bureau":
        for staff, key in self.keys.items():
            await self.releases.register(staff, key.public_key)
        return self

    async def sign(self, version: str, file: str | None = None) -> None:
        await self.releases.propose(file or file_of(version), FIRST, None)
        for staff, key in self.keys.items():
            await self.releases.sign(version, staff, key)

    async def activate(self, version: str, ahead_s: float = 61) -> datetime:
        """From when on it is in force."""
        starts_at = await self.now() + timedelta(seconds=ahead_s)
        await self.releases.activate(Start(version, starts_at, FIRST, SECOND))
        return starts_at

    async def now(self) -> datetime:
        return (await self.releases.now()).now  # type: ignore[no-any-return] # of the database

    async def roll_back(self, number: int | None = None) -> datetime:
        return (await self.releases.roll_back((self.keys[FIRST], self.keys[SECOND]), number)).starts_at


async def bureau_of(lab: Lab) -> Bureau:
    return await Bureau(lab).register()


async def send_at(lab: Lab, told: Mapping[int, datetime]) -> None:
    """Reports by number, each as if it had come in at its time, even and odd numbers on a partition of their own."""
    producer = new_producer(lab.brokers, "test-sender")
    await producer.start()
    try:
        for number, at in told.items():
            one = neglected(number)
            stamp = int(at.timestamp() * 1000)
            await producer.send_and_wait(
                lab.topic_of(one), json.dumps(one).encode(), partition=number % 2, timestamp_ms=stamp
            )
    finally:
        await producer.stop()


def neglected(number: int) -> dict[str, Any]:
    return event(number, indicators=["neglect"])


async def judged(lab: Lab) -> dict[str, tuple[str, str]]:
    """Of each event: by which policy, and how urgent."""
    rows = await lab.pool.fetch("SELECT policy_version, decision FROM decision")
    return {r["decision"]["event_id"]: (r["policy_version"], r["decision"]["priority"]) for r in rows}


async def alarms(lab: Lab) -> set[tuple[str, str]]:
    return {(r["code"], r["subject"]) for r in await lab.pool.fetch("SELECT code, subject FROM alarm")}


async def test_reports_of_one_batch_are_judged_by_the_policy_of_their_own_time(lab: Lab) -> None:
    bureau = await bureau_of(lab)
    await bureau.sign("bureau-1")
    starts_at = await bureau.activate("bureau-1")
    just_before = starts_at - timedelta(milliseconds=1)
    await send_at(lab, {2: await bureau.now(), 4: just_before, 6: starts_at + timedelta(seconds=1), 8: just_before})
    await lab.settle_all(4)
    old, new = (DEFAULT, "standard"), ("bureau-1", "urgent")
    assert await judged(lab) == {"event-2": old, "event-4": old, "event-6": new, "event-8": old}
    assert await alarms(lab) == set()


async def test_two_workers_agree_on_every_report_while_policies_change(lab: Lab) -> None:
    bureau = await bureau_of(lab)
    for version in ("bureau-1", "bureau-2"):
        await bureau.sign(version)
    began = (await bureau.now()).replace(microsecond=0)
    starts = {"bureau-1": began + timedelta(seconds=70), "bureau-2": began + timedelta(seconds=90)}
    arrivals = {n: began + timedelta(seconds=5 * n) for n in range(24)}
    async with lab.assess(lab.store("one")) as one, lab.assess(lab.store("two")) as two:

        async def settle(messages: int) -> None:
            turns = (until(stage.turn, lambda: lab.inbox_holds(messages)) for stage in (one, two))
            await asyncio.gather(*turns)

        await send_at(lab, {n: at for n, at in arrivals.items() if n < 4})
        await settle(4)
        for version, starts_at in starts.items():
            await bureau.releases.activate(Start(version, starts_at, FIRST, SECOND))
        await send_at(lab, {n: at for n, at in arrivals.items() if n >= 4})
        await settle(24)
    found = await judged(lab)
    for number, at in arrivals.items():
        begun = [v for v, starts_at in starts.items() if starts_at <= at]
        assert found[f"event-{number}"][0] == (begun[-1] if begun else DEFAULT)


class Crashing(AssessStore):
    """Ends just before the first commit, as a worker that was killed there."""

    decided: Mapping[str, str] = MappingProxyType({})

    async def _write(self, work: Work, *_: Any) -> Settled:  # noqa: ANN401 - as the store's
        self.decided = {s.decision.event_id or "": s.decision.model_dump_json() for _, s in work.settled}
        raise Crashed


class Crashed(Exception):  # noqa: N818 - a crash
    pass


async def test_what_a_dead_worker_had_decided_is_decided_the_same_by_the_next_one(lab: Lab) -> None:
    bureau = await bureau_of(lab)
    for version in ("bureau-1", "bureau-2"):
        await bureau.sign(version)
    starts_at = await bureau.activate("bureau-1")
    await send_at(lab, {2: await bureau.now(), 4: starts_at + timedelta(seconds=1)})
    store = lab.store("dead", Crashing)
    assert isinstance(store, Crashing)
    async with lab.assess(store) as stage:
        with pytest.raises(Crashed):
            await until(stage.turn, lambda: lab.inbox_holds(2))
    assert len(store.decided) == 2
    await bureau.releases.activate(Start("bureau-2", starts_at + timedelta(seconds=30), FIRST, SECOND))
    await lab.settle_all(2)
    rows = await lab.pool.fetch("SELECT decision FROM decision")
    stored = {r["decision"]["event_id"]: json.dumps(r["decision"]) for r in rows}
    assert {e: json.loads(d) for e, d in stored.items()} == {e: json.loads(d) for e, d in store.decided.items()}
    assert {v for v, _ in (await judged(lab)).values()} == {DEFAULT, "bureau-1"}


async def test_workers_that_are_killed_meanwhile_judge_every_report_once_by_the_policy_of_its_time(lab: Lab) -> None:
    bureau = await bureau_of(lab)
    await bureau.sign("bureau-1")
    async with crew_of(lab, WORKERS, PYTHONPATH=str(ROOT)) as crew:
        began = (await bureau.now()).replace(microsecond=0)
        starts_at = await bureau.activate("bureau-1")
        arrivals = {n: began + timedelta(seconds=(37 * n) % 120) for n in range(120)}
        sending = asyncio.create_task(send_at(lab, arrivals))
        for name in WORKERS:
            await eventually(lambda: lab.inbox_holds(1), 60, "the first report")
            process = crew.process(name)
            process.kill()
            await eventually(crew.all_ready, 60, "its successor")
        await sending
        await eventually(lambda: all_settled(lab, 120), 60, "settling")
    found = await judged(lab)
    assert len(found) == 120
    for number, at in arrivals.items():
        assert found[f"event-{number}"] == (("bureau-1", "urgent") if at >= starts_at else (DEFAULT, "standard"))
    assert {version for version, _ in found.values()} == {DEFAULT, "bureau-1"}


async def test_a_roll_back_brings_the_policy_before_it_back_and_deletes_nothing(lab: Lab) -> None:
    bureau = await bureau_of(lab)
    for version in ("bureau-1", "bureau-2", "bureau-3"):
        await bureau.sign(version)
    await lab.pool.execute("ALTER TABLE policy_activation ALTER COLUMN made_at SET DEFAULT now() - interval '1 hour'")
    for version, minutes in (("bureau-1", 50), ("bureau-2", 40)):
        starts_at = await bureau.now() - timedelta(minutes=minutes)
        await lab.pool.execute(BY_HAND, version, starts_at, FIRST, SECOND)
    await lab.pool.execute("UPDATE policy_signer SET registered_at = registered_at - interval '2 hours'")
    await lab.pool.execute("ALTER TABLE policy_activation ALTER COLUMN made_at SET DEFAULT now()")
    planned_at = await bureau.activate("bureau-3", 3600)

    async def in_force(at: datetime) -> str:
        return (await Policies(lab.pools.operate, "test").book()).at(at).version

    now = await bureau.now()
    assert (await in_force(now), await in_force(planned_at)) == ("bureau-2", "bureau-3")
    ended_at = await bureau.roll_back()
    assert timedelta(seconds=5) <= ended_at - now < timedelta(seconds=10)
    assert await in_force(ended_at - timedelta(milliseconds=1)) == "bureau-2"
    assert (await in_force(ended_at), await in_force(planned_at)) == ("bureau-1", "bureau-3")
    assert await bureau.roll_back(3) == planned_at, "what is planned only is never in force at all"
    assert await in_force(planned_at) == "bureau-1"
    ended_at = await bureau.roll_back()
    assert await in_force(ended_at) == DEFAULT
    for number in (None, 1, 2, 3, 4):
        with pytest.raises(ReleaseRefusedError):
            await bureau.roll_back(number)
    assert await lab.count("policy_activation") == 6
    for table in INSERT_ONLY:
        for change in ("DELETE FROM {}", "UPDATE {} SET version = version", "TRUNCATE {} CASCADE"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await lab.pool.execute(change.format(table))
    assert await alarms(lab) == set()


async def test_a_release_that_was_tampered_with_rings_and_reports_go_on_by_the_policy_before_it(lab: Lab) -> None:
    bureau = await bureau_of(lab)
    for version in ("bureau-1", "bureau-2"):
        await bureau.sign(version)
        starts_at = await bureau.activate(version)
    await lab.pool.execute("ALTER TABLE policy_release DISABLE TRIGGER policy_release_insert_only")
    await lab.pool.execute("UPDATE policy_release SET file = file || '#' WHERE version = 'bureau-2'")
    await send_at(lab, {2: starts_at + timedelta(seconds=2)})
    await lab.settle_all(1)
    assert await judged(lab) == {"event-2": ("bureau-1", "urgent")}
    assert await alarms(lab) == {("policy_refused", "bureau-2")}
    await lab.publish_all()
    assert (await lab.audit()).balances, "nothing was lost"
    digest = (await bureau.releases.now()).records.releases["bureau-2"].digest
    assert await Policies(lab.pools.operate, "test").by_digest(digest) is None
    assert await Policies(lab.pools.operate, "test").by_version("bureau-2") is None
    with pytest.raises(ReleaseRefusedError, match="not the one that was proposed"):
        await bureau.releases.begin_shadow("bureau-2")


async def test_a_policy_that_nobody_signed_is_never_used_though_it_was_activated_by_hand(lab: Lab) -> None:
    bureau = await bureau_of(lab)
    await bureau.releases.propose(file_of("bureau-1"), FIRST, None)
    await bureau.releases.sign("bureau-1", FIRST, bureau.keys[FIRST])
    with pytest.raises(ReleaseRefusedError, match="has 1"):
        await bureau.activate("bureau-1")
    await lab.pool.execute(BY_HAND, "bureau-1", await bureau.now() + timedelta(seconds=61), FIRST, SECOND)
    await send_at(lab, {2: await bureau.now() + timedelta(seconds=90)})
    await lab.settle_all(1)
    assert await judged(lab) == {"event-2": (DEFAULT, "standard")}
    assert await alarms(lab) == {("policy_refused", "bureau-1")}


async def shadowed(lab: Lab) -> dict[str, dict[str, Sequence[Any]]]:
    rows = await lab.pool.fetch("SELECT event_id, differs FROM shadow_decision JOIN report_version USING (event_key)")
    return {row["event_id"]: row["differs"] for row in rows}


async def test_a_policy_in_shadow_says_what_it_would_decide_and_changes_nothing(lab: Lab) -> None:
    bureau = await bureau_of(lab)
    await bureau.releases.propose(file_of("bureau-1"), FIRST, None)
    await lab.send([neglected(0)])
    await lab.settle_all(1)
    await bureau.releases.begin_shadow("bureau-1")
    await lab.send([neglected(1), event(2), neglected(1)])
    await lab.settle_all(4)
    assert await shadowed(lab) == {"event-1": {"priority": ["standard", "urgent"]}, "event-2": {}}
    assert set((await judged(lab)).values()) == {(DEFAULT, "standard")}
    tally = await bureau.releases.tally("bureau-1")
    assert (tally.judged, tally.otherwise) == (2, 1)
    assert [(what, how, m.reports, list(m.such_as)) for what, how, m in tally.rows()] == [
        ("priority", "standard → urgent", 1, ["event-1"])
    ]
    assert await bureau.releases.end_shadow(None) == "bureau-1"
    await lab.send([neglected(3)])
    await lab.settle_all(5)
    assert len(await shadowed(lab)) == 2
    await lab.publish_all()
    assert (await lab.audit()).balances


async def test_a_shadow_that_fails_hurts_no_report(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    bureau = await bureau_of(lab)
    await bureau.releases.propose(file_of("bureau-1"), FIRST, None)
    await bureau.releases.begin_shadow("bureau-1")

    def broken(*_: object) -> None:
        raise KeyError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(shadow_writer, "differences", broken)
        await lab.send([neglected(1)])
        await lab.settle_all(1)
    assert await shadowed(lab) == {"event-1": {"failed": [None, "KeyError"]}}
    assert await alarms(lab) == {("policy_shadow_failed", "bureau-1")}
    tally = await bureau.releases.tally("bureau-1")
    assert (tally.judged, tally.failed) == (0, {"KeyError": 1})
    await lab.pool.execute("ALTER TABLE shadow_decision RENAME TO elsewhere")
    await lab.send([neglected(2)])
    await lab.settle_all(2)
    assert set(await judged(lab)) == {"event-1", "event-2"}
    await lab.pool.execute("ALTER TABLE elsewhere RENAME TO shadow_decision")


async def anwang(lab: Lab, *argv: str) -> Ended:
    """A command of this tree, wherever the package is installed from."""
    return await run(lab.settings, "policy", *argv, PYTHONPATH=str(ROOT))


async def test_a_bureau_brings_a_policy_into_force_by_its_commands_and_rolls_it_back(lab: Lab) -> None:
    folder = lab.settings.data_dir
    file = folder / "bureau-1.toml"
    file.write_text(file_of("bureau-1"), "utf-8")
    for staff in (FIRST, SECOND):
        drawn = await anwang(lab, "key", "new", "--by", staff, "--out", f"{staff}.pem")
        assert (folder / f"{staff}.pem").stat().st_mode & 0o777 == 0o600
        *_, code, public = drawn.out.split()
        assert code == staff
        assert (await anwang(lab, "key", "add", staff, public)).exit_code == 0
        refused = await anwang(lab, "key", "add", THIRD, public)
        assert (refused.exit_code, refused.out) == (2, "")
    ended = await anwang(lab, "propose", "bureau-1.toml", "--by", FIRST, "--note", "Neglect is urgent")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert (ended.exit_code, digest in ended.out) == (0, True)
    soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    people = ["--by", FIRST, "--second", SECOND]
    for argv, why in (
        (["sign", "bureau-1", "--key", f"{SECOND}.pem", "--by", FIRST], "not the key that is registered for S1024"),
        (["sign", "bureau-9", "--key", f"{FIRST}.pem", "--by", FIRST], "nobody has proposed a policy bureau-9"),
        (["activate", "bureau-1", "--starts", soon, *people], "needs the signatures of two people and has 0"),
        (["roll-back", "--key", f"{FIRST}.pem"], "say --key twice"),
        (["roll-back", "--key", f"{FIRST}.pem", "--key", f"{FIRST}.pem"], "must be another one"),
        (["roll-back", "--key", f"{FIRST}.pem", "--key", f"{SECOND}.pem"], "cannot be rolled back"),
    ):
        refused = await anwang(lab, *argv)
        assert (refused.exit_code, refused.out) == (2, "")
        assert refused.err.startswith("anwang: ")
        assert why in refused.err
    signed = [await anwang(lab, "sign", "bureau-1", "--key", f"{s}.pem", "--by", s) for s in (FIRST, SECOND)]
    assert [digest in told.out for told in signed] == [True, True]
    assert f"signed before by {FIRST}" in signed[1].out
    for starts, why in (("soon", "is no time"), ("2026-01-01", "at least 60 seconds ahead")):
        refused = await anwang(lab, "activate", "bureau-1", "--starts", starts, *people)
        assert refused.exit_code == 2
        assert why in refused.err
    activated = await anwang(lab, "activate", "bureau-1", "--starts", soon, *people)
    assert "activation 1: bureau-1 is in force from" in activated.out
    listed = await anwang(lab, "list")
    for words in ("Neglect is urgent", f"signed by {FIRST}, {SECOND}", "planned from", f"in force now: {DEFAULT}"):
        assert words in listed.out
    shown = await anwang(lab, "show", "bureau-1")
    assert shown.out == file.read_text("utf-8")
    assert (await anwang(lab, "show")).out == deployed("policy").joinpath(SHIPPED).read_text("utf-8")
    keys = ["--key", f"{FIRST}.pem", "--key", f"{SECOND}.pem"]
    rolled = await anwang(lab, "roll-back", *keys, "--number", "1")
    assert "does not begin; from" in rolled.out
    as_json = [json.loads(line) for line in (await anwang(lab, "list", "--json")).out.splitlines()]
    assert [told["what"] for told in as_json] == ["release", "activate", "roll_back", "in_force"]
    assert (await anwang(lab, "shadow", "bureau-1")).exit_code == 0
    await lab.send([neglected(1)])
    await lab.settle_all(1)
    table = await anwang(lab, "shadow")
    assert "reports judged beside: 1; of them otherwise: 1" in table.out
    assert ["priority", "standard", "→", "urgent", "1", "event-1"] in [line.split() for line in table.out.splitlines()]
    assert (await anwang(lab, "shadow", "--off")).exit_code == 0
    assert (await anwang(lab, "shadow", "--off")).exit_code == 2
    assert (await anwang(lab, "key", "revoke", SECOND)).exit_code == 0
    assert (await anwang(lab, "roll-back", *keys)).exit_code == 2


async def test_a_faulty_policy_is_not_proposed_and_every_fault_is_told_with_its_line(lab: Lab) -> None:
    faulty = file_of("bureau-1").replace("score = 39", "score = 40")
    (lab.settings.data_dir / "a.toml").write_text(faulty, "utf-8")
    (lab.settings.data_dir / "b.toml").write_text(faulty + "\nwhat = 1\n", "utf-8")
    for name, why in (("a.toml", "expected 40, but it is 39"), ("b.toml", "not known")):
        ended = await anwang(lab, "propose", name, "--by", FIRST)
        assert (ended.exit_code, ended.out) == (2, "")
        assert why in ended.err
        assert "line " in ended.err
    assert await lab.count("policy_release") == 0
