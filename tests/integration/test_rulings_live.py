"""What people decide of links, against real servers: cases, priorities, clocks, history and queue records."""

import asyncio
from typing import Any, Literal
from uuid import UUID, uuid4

import pytest
from lab import Lab, event, until

from pipeline.adapters.postgres.docket_reader import DocketReader
from pipeline.adapters.postgres.keys import CaseKeys
from pipeline.adapters.postgres.policies import Policies
from pipeline.adapters.postgres.reindex import Reindex
from pipeline.adapters.postgres.rulings import Rulings
from pipeline.contracts.case import Ruling, RulingKind
from pipeline.domain.bonds import Scope
from pipeline.domain.chain import BEGINNING, link_hash
from pipeline.domain.rulings import Ruled
from pipeline.domain.terms import shipped_terms
from pipeline.domain.wishes import Wish
from pipeline.errors import RulingRefusedError

FIRST, SECOND = "S1024", "S2048"
COUNTIES = (
    *(
        "臺北市士林區",
        "新北市板橋區",
        "桃園市中壢區",
        "臺中市北屯區",
        "臺南市東區",
        "高雄市左營區",
        "基隆市安樂區",
        "新竹市香山區",
    ),
    *("嘉義市西區", "宜蘭縣羅東鎮", "花蓮縣吉安鄉", "屏東縣潮州鎮"),
)
SOURCES = ("hotline-113", "clinic-0001", "school-001", "village-001")
CHANNELS = ("hotline", "clinic", "partner", "partner")


def told(number: int, *quoted: int, **data: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """A report that shares nothing with another of these; one that quotes numbers names nobody."""
    which = number % len(SOURCES)
    victim: dict[str, Any] = {"role": "victim"}
    if not quoted:
        victim |= {
            "name": "".join(chr(0x5000 + 37 * number + n) for n in range(3)),
            "birth_date": f"{1950 + 5 * number % 50}-0{1 + number % 9}-1{number % 8}",
            "address": f"{COUNTIES[number % len(COUNTIES)]}測試路{number * 17 + 3}號",
        }
    quotes = {"related_report_nos": [f"{SOURCES[q % len(SOURCES)]}-{q}" for q in quoted]} if quoted else {}
    return event(number, source=SOURCES[which], **{"channel": CHANNELS[which], "persons": [victim], **quotes, **data})


def book_of(lab: Lab) -> Rulings:
    keys = CaseKeys(lab.pools.keys, lab.ring)
    reader, centres = DocketReader(lab.ring, keys, lab.sources), shipped_terms().centres
    return Rulings(lab.pools.operate, keys, reader, Policies(lab.pools.operate, "desk"), centres)


def ruling(kind: RulingKind, *reports: UUID, scope: Literal["household", "incident"] = "household") -> Ruling:
    return Ruling(ruling_id=uuid4(), kind=kind, scope=scope, reports=reports, ruled_by=FIRST, seconded_by=SECOND)


def wished(kind: RulingKind, *names: str, scope: Scope = Scope.HOUSEHOLD, **more: Any) -> Wish:  # noqa: ANN401 - of Wish
    return Wish(uuid4(), kind, scope, names, FIRST, SECOND, **more)


async def say(lab: Lab, kind: RulingKind, *reports: UUID) -> Ruled:
    ruled = await book_of(lab).apply(ruling(kind, *reports))
    assert ruled
    return ruled


async def reports_of(lab: Lab, *numbers: int) -> list[UUID]:
    return [await book_of(lab).report(f"event-{n}") for n in numbers]


async def hear(lab: Lab, *events: dict[str, Any]) -> None:
    """One after the other, each settled before the next is sent."""
    for one in events:
        await lab.send([one])
        await lab.settle_all(await lab.count("inbox") + 1)


async def homes(lab: Lab, *reports: UUID) -> list[UUID]:
    rows = await lab.pool.fetch("SELECT report_id, case_id FROM report JOIN incident USING (incident_id)")
    home = {row["report_id"]: row["case_id"] for row in rows}
    return [home[r] for r in reports]


async def standing(lab: Lab) -> dict[UUID, tuple[str, str, str]]:
    """Of each live case: state, queue and priority."""
    rows = await lab.pool.fetch("SELECT case_id, state, queue, priority FROM case_file WHERE state <> 'merged'")
    return {row["case_id"]: (row["state"], row["queue"], row["priority"]) for row in rows}


async def clocks(lab: Lab, report_id: UUID) -> dict[str, Any]:
    rows = await lab.pool.fetch(
        "SELECT c.name, c.due_at FROM report JOIN clock c USING (incident_id) WHERE report_id = $1", report_id
    )
    return {row["name"]: row["due_at"] for row in rows}


async def require_sound(lab: Lab) -> None:
    """Each history is one unbroken chain that ends at its case's head, each report stands in a live case, each alias
    points to the case where its oldest report stands, and each case waits at one place.
    """
    await lab.publish_all()
    ends: dict[UUID, tuple[int, bytes]] = {}
    for row in await lab.pool.fetch("SELECT * FROM case_event ORDER BY case_id, version"):
        version, head = ends.get(row["case_id"], (0, BEGINNING))
        assert (row["version"], row["prior_hash"]) == (version + 1, head)
        assert row["hash"] == link_hash(head, row["case_id"], row["version"], row["body"])
        ends[row["case_id"]] = row["version"], row["hash"]
    files = await lab.pool.fetch("SELECT case_id, version, head_hash, state FROM case_file")
    assert {f["case_id"]: (f["version"], f["head_hash"]) for f in files} == ends
    live = {f["case_id"] for f in files if f["state"] != "merged"}
    homes = await lab.pool.fetch("SELECT DISTINCT case_id FROM report JOIN incident USING (incident_id)")
    assert {row["case_id"] for row in homes} == live
    aliases = {r["alias_id"]: r["case_id"] for r in await lab.pool.fetch("SELECT * FROM case_alias")}
    assert aliases.keys() == ends.keys() - live
    assert set(aliases.values()) <= live
    there = "SELECT case_id, queue, centre, version FROM case_file WHERE state NOT IN ('merged', 'erased')"
    assert await waiting(lab) == {
        (str(r["case_id"]), r["queue"], r["centre"]): r["version"] for r in await lab.pool.fetch(there)
    }
    assert (await lab.audit()).balances


async def waiting(lab: Lab) -> dict[tuple[str, str, str], int]:
    """What a consumer that keeps the highest version of each case and place has on its lists."""
    newest: dict[tuple[str, str, str], tuple[int, str]] = {}
    for queue in ("protective", "family"):
        for record in await lab.records(f"queue.{queue}.v1"):
            place = (record["case_id"], record["queue"], record["centre"])
            if record["case_version"] >= newest.get(place, (0, ""))[0]:
                newest[place] = record["case_version"], record["kind"]
    return {place: version for place, (version, kind) in newest.items() if kind == "assigned"}


async def test_a_split_and_a_merge_are_rebuilt_told_and_undone(lab: Lab) -> None:
    light = told(0, categories=["vulnerable_family"])
    grave = told(1, 0, categories=["vulnerable_family"], crisis_flags=["life_threatened"])
    await hear(lab, told(2, categories=["vulnerable_family"]), light)
    (a,) = await reports_of(lab, 0)
    alone = await clocks(lab, a)
    await hear(lab, grave)
    a, b, _ = await reports_of(lab, 0, 1, 2)
    older, same = await homes(lab, a, b)
    assert older == same
    assert (await standing(lab))[older] == ("waiting", "protective", "immediate")
    before = {table: await lab.count(table) for table in ("case_event", "outbox", "link_tie", "ruling")}

    book = book_of(lab)
    lonely = ruling(RulingKind.SPLIT, b).model_copy(update={"seconded_by": None})
    with pytest.raises(RulingRefusedError) as refused:
        await book.apply(lonely)
    assert refused.value.code == "needs_a_second"
    assert {table: await lab.count(table) for table in before} == before, "a refusal writes nothing"

    split = ruling(RulingKind.SPLIT, b)
    assert await book.apply(split)
    _, younger = await homes(lab, a, b)
    assert younger != older
    cases = await standing(lab)
    assert cases[older] == ("waiting", "family", cases[(await homes(lab, *await reports_of(lab, 2)))[0]][2])
    assert cases[younger] == ("waiting", "protective", "immediate")
    assert await clocks(lab, a) == alone
    await require_sound(lab)
    assert await book.apply(split) is None
    assert await lab.count("ruling") == 1

    await say(lab, RulingKind.MERGE, b, a)
    assert await homes(lab, a, b) == [older, older]
    assert (await standing(lab))[older] == ("waiting", "protective", "immediate")
    merged = await clocks(lab, a)
    assert all(merged[name] <= due for name, due in alone.items())
    await require_sound(lab)
    withdrawn = [r for r in await lab.records("queue.protective.v1") if r["merged_into"]]
    assert [(r["case_id"], r["merged_into"], r["case_version"]) for r in withdrawn] == [(str(younger), str(older), 2)]

    await say(lab, RulingKind.SPLIT, b)
    assert await homes(lab, a, b) == [older, younger]
    assert await clocks(lab, a) == alone
    await require_sound(lab)
    history = [r for r in await lab.records("case.events.v1") if r["case_id"] == str(younger)]
    assert [(r["case_version"], r["type"]) for r in history] == [
        (1, "case.ruled.v1"),
        (2, "case.merged.v1"),
        (3, "case.ruled.v1"),
    ]
    assert history[0]["ruling"]["ruling_id"] == history[0]["event_id"] == str(split.ruling_id)
    assert history[0]["ruling"]["seconded_by"] == SECOND


async def test_what_a_person_split_stays_split_whatever_comes_and_its_reports_still_open(lab: Lab) -> None:
    await hear(lab, told(0), told(1, 0))
    a, b = await reports_of(lab, 0, 1)
    await say(lab, RulingKind.SPLIT, b)
    bridge = told(2, 0, 1)
    amended = told(1, 0, crisis_flags=["life_threatened"]) | {"id": "event-5", "time": "2026-03-02T23:00:00+08:00"}
    await hear(lab, bridge, amended)
    one, other = await homes(lab, a, b)
    assert one != other
    assert (await standing(lab))[other][2] == "immediate", "the amended report was opened under its new case's key"
    assert await lab.count("link_review") == await lab.pool.fetchval(
        "SELECT count(*) FROM link_review WHERE NOT (report_id = ANY($1) AND other_report_id = ANY($1))", [a, b]
    ), "nobody is asked again what a person has decided"
    await require_sound(lab)


async def test_cases_go_up_and_stand_again_through_several_hands(lab: Lab) -> None:
    await hear(lab, told(0), told(1), told(2), told(3))
    c, a, b, d = await reports_of(lab, 0, 1, 2, 3)
    at_first = await homes(lab, c, a, b, d)
    assert len(set(at_first)) == 4
    await say(lab, RulingKind.MERGE, a, b)
    await say(lab, RulingKind.MERGE, c, a)
    await require_sound(lab)
    await say(lab, RulingKind.SPLIT, a, b)
    assert await homes(lab, c, a, b) == [at_first[0], at_first[1], at_first[1]]
    await require_sound(lab)
    await say(lab, RulingKind.SPLIT, b)
    await say(lab, RulingKind.MERGE, b, d)
    assert await homes(lab, c, a, b, d) == [at_first[0], at_first[1], at_first[2], at_first[2]]
    await require_sound(lab)
    await say(lab, RulingKind.SPLIT, d)
    assert await homes(lab, c, a, b, d) == at_first
    await require_sound(lab)


async def test_people_rule_while_workers_settle_and_both_hold(lab: Lab) -> None:
    await hear(lab, told(0), told(1, 0), told(2), told(3))
    reports = await reports_of(lab, 0, 1, 2, 3)
    more = [told(n, n % 4, (n + 1) % 4) for n in range(4, 28)]
    said: list[Ruled | None] = []

    async def rule() -> None:
        for n in range(12):
            kind = RulingKind.MERGE if n % 2 else RulingKind.SPLIT
            pair = (reports[n // 2 % 2], reports[2 + n // 4 % 2]) if n % 2 else (reports[n // 2 % 4],)
            try:
                said.append(await book_of(lab).apply(ruling(kind, *pair)))
            except RulingRefusedError as refused:
                assert refused.code in {"nothing_stays", "already_one"}  # noqa: PT017 - either may come first

    async with lab.assess(lab.store("one")) as one, lab.assess(lab.store("two")) as two:
        sending = asyncio.create_task(lab.send(more))
        ruling_now = asyncio.create_task(rule())
        total = 4 + len(more)
        await asyncio.gather(*(until(stage.turn, lambda: lab.inbox_holds(total)) for stage in (one, two)))
        await asyncio.gather(sending, ruling_now)
    assert said
    assert await lab.count("report") == total
    await require_sound(lab)
    parted = await lab.pool.fetch("SELECT report_a, report_b FROM link_tie WHERE NOT together AND scope = 'household'")
    for row in parted:
        one_case, other_case = await homes(lab, row["report_a"], row["report_b"])
        assert one_case != other_case


async def test_one_ruling_said_by_two_at_the_same_moment_counts_once(lab: Lab) -> None:
    await hear(lab, told(0), told(1))
    merge = ruling(RulingKind.MERGE, *await reports_of(lab, 0, 1))
    done = await asyncio.gather(*(book_of(lab).apply(merge) for _ in range(4)))
    assert [ruled for ruled in done if ruled] == [next(r for r in done if r)]
    assert await lab.count("ruling") == 1
    await require_sound(lab)


async def test_things_are_named_by_report_event_incident_case_and_alias(lab: Lab) -> None:
    await hear(lab, told(0), told(1))
    a, b = await reports_of(lab, 0, 1)
    older, younger = await homes(lab, a, b)
    incident = await lab.pool.fetchval("SELECT incident_id FROM report WHERE report_id = $1", b)
    await say(lab, RulingKind.MERGE, a, b)
    book = book_of(lab)
    assert await book.report(str(a)) == a
    assert (await book.named(str(older))).reports == (a, b)
    assert (await book.named(str(younger))).reports == (a, b)
    for wish, code in (
        (wished(RulingKind.PART, "event-77", "event-1"), "unknown"),
        (wished(RulingKind.PART, str(older), "event-1"), "no_report"),
        (wished(RulingKind.MERGE, str(older), str(incident), scope=Scope.INCIDENT), "ambiguous"),
        (wished(RulingKind.SPLIT, "event-1", case=str(a)), "not_of_this_case"),
        (wished(RulingKind.PART, "event-0", "event-1", is_answer=True), "no_question"),
    ):
        with pytest.raises(RulingRefusedError) as refused:
            await book.decide(wish)
        assert refused.value.code == code
    merged = wished(RulingKind.MERGE, "event-0", str(incident), scope=Scope.INCIDENT)
    assert await book.decide(merged)
    assert await lab.pool.fetchval("SELECT count(DISTINCT incident_id) FROM report") == 1
    split = wished(RulingKind.SPLIT, "event-1", case=str(younger))
    assert await book.decide(split)
    assert await homes(lab, a, b) == [older, younger]
    assert await book.decide(split) is None, "said again it counts once, though the report stands elsewhere now"
    await require_sound(lab)


async def test_reports_of_an_earlier_release_are_found_once_their_keys_are_written_anew(lab: Lab) -> None:
    victim = {"role": "victim", "name": "蔡品睿", "national_id": "F252907845", "birth_date": "1990-02-01"}
    await lab.send([event(1, persons=[victim]), event(2, persons=[victim])])
    await lab.settle_all(2)
    await lab.pool.execute("TRUNCATE link_key")
    keys = CaseKeys(lab.pools.keys, lab.ring)
    reindex = Reindex(lab.pools.operate, lab.ring, DocketReader(lab.ring, keys, lab.sources))
    heard: list[int] = []
    assert [await reindex.run(heard.append) for _ in range(2)] == [2, 2]
    assert heard == [2, 2]
    held = await lab.pool.fetchrow("SELECT count(*) AS rows, count(DISTINCT (token, report_id)) AS keys FROM link_key")
    assert held["rows"] == held["keys"] > 10
    await lab.send([event(3, persons=[victim])])
    await lab.settle_all(3)
    assert await lab.pool.fetchval("SELECT count(*) FROM case_file WHERE state = 'waiting'") == 1
