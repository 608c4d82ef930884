"""What is opened of a case, for whom, and what is not there at all for whoever is a party to it."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from lab import Lab, event
from staff import CLAIM, acts_of, people_pool, signed_in

from pipeline.adapters.postgres.acting import acting_as
from pipeline.adapters.postgres.cards import Cards, Refusal, Wish
from pipeline.adapters.postgres.database import Pool
from pipeline.adapters.postgres.keys import CaseKeys
from pipeline.adapters.postgres.ties import Ties
from pipeline.commands import staff_ties
from pipeline.domain.conflict import AboutStaff, tie_keys
from pipeline.domain.posts import PostRole
from pipeline.domain.sides import Side
from pipeline.errors import StaffRefusedError

STORY = "故事標記:他又打了她,她躲在文化路"
HER = {
    "role": "victim",
    "name": "林怡君",
    "national_id": "F252907845",
    "birth_date": "1990-05-05",
    "phones": ["0912-345-678"],
    "address": "臺北市文山區木柵路一段2號3樓",
    "current_place": "新北市板橋區文化路一段100號",
}
HIM = {
    "role": "alleged_perpetrator",
    "name": "張志峰",
    "national_id": "N175691933",
    "birth_date": "1988-01-09",
    "phones": ["0928-713-605"],
    "address": "臺北市大安區和平東路二段50號7樓",
}
REPORTER = {"role": "education", "name": "周密語老師", "organisation": "密語國中", "phone": "0999-111-222"}
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
TODAY = NOW.date()
ABOUT = AboutStaff(
    national_id="N175691933",
    name="張志峰",
    birth_date="1988-01-09",
    phones=("0928713605",),
    addresses=("臺北市大安區和平東路二段50號7樓",),
)


@pytest.fixture
async def people(lab: Lab) -> Pool:
    return await people_pool(lab, connections_max=2)


@pytest.fixture
async def cards(lab: Lab, people: Pool) -> Cards:
    await lab.sources.look()
    return Cards(people, CaseKeys(lab.pools.keys, lab.ring), lab.sources, lambda: NOW, lambda _day: True)


async def told(lab: Lab, number: int = 1, **data: Any) -> UUID:  # noqa: ANN401 - any JSON
    before = await lab.count("inbox")
    more = {"persons": [HER, HIM], "narrative": STORY, "reporter": REPORTER, **data}
    await lab.send([event(number, **more)])
    await lab.settle_all(before + 1)
    found: UUID = await lab.pool.fetchval("SELECT case_id FROM case_file ORDER BY opened_at DESC, version LIMIT 1")
    return found


async def centre_of(lab: Lab, case_id: UUID) -> str:
    return str(await lab.pool.fetchval("SELECT centre FROM case_file WHERE case_id = $1", case_id))


async def said(people: Pool, token: str, statement: str, *values: object) -> Any:  # noqa: ANN401 - of any statement
    async with acting_as(people, token) as acting:
        return await acting.db.fetchval(statement, *values)


def text(made: object) -> str:
    return json.dumps(made, ensure_ascii=False)


@asynccontextmanager
async def ties(lab: Lab) -> AsyncIterator[Ties]:
    yield Ties(lab.pools.operate, CaseKeys(lab.pools.keys, lab.ring), lab.ring)


async def test_a_claim_opens_one_side_a_card_and_the_audit_is_told(lab: Lab, people: Pool, cards: Cards) -> None:
    case = await told(lab)
    worker = await signed_in(lab, "w1", PostRole.PROTECTIVE_WORKER, await centre_of(lab, case))
    wish = Wish(case, "claim", "handling", Side.VICTIM)
    assert await cards.reveal(worker, wish) == Refusal("not_held")
    assert await said(people, worker, CLAIM, case) == "done"
    victims = text(await cards.reveal(worker, wish))
    others = text(await cards.reveal(worker, wish._replace(side=Side.OTHER)))
    assert all(word in victims for word in ("0912-345-678", "木柵路一段2號3樓", "文化路", "故事標記", "張志峰"))
    assert all(word in others for word in ("0928-713-605", "和平東路二段50號7樓", "林怡君"))
    assert not [word for word in ("0928", "和平東路", "N175691933") if word in victims]
    assert not [word for word in ("0912", "木柵路", "文化路", "F252907845", "故事標記") if word in others]
    secret = ("密語", "周", "0999", "hotline-113-1", "education", "event-1")
    assert not [word for word in secret if word in victims + others]
    rows = await lab.pool.fetch("SELECT kind, actor, body FROM access_event WHERE stream LIKE 'desk.%' ORDER BY number")
    assert [r["kind"] for r in rows] == ["refusal", "reveal", "read", "reveal", "read"]
    assert await acts_of(lab, case) == [("claim", "w1")]
    assert rows[-1]["body"]["what"] == "card_other"
    assert not [word for word in (*secret, "0912", "林怡君") if word in text([r["body"] for r in rows])]


async def test_the_text_of_sexual_violence_opens_to_a_screener_by_break_glass_alone(lab: Lab, cards: Cards) -> None:
    case = await told(lab, categories=["sexual_assault"])
    screener = await signed_in(lab, "c1", PostRole.SCREENER, await centre_of(lab, case))
    async with acting_as(cards.pool, screener) as acting:
        assert await acting.db.fetchval(CLAIM, case) == "done"
    held = text(await cards.reveal(screener, Wish(case, "claim", "handling", Side.VICTIM)))
    assert "0912-345-678" in held
    assert "故事標記" not in held
    broken = text(await cards.reveal(screener, Wish(case, "break_glass", "danger_now", Side.VICTIM)))
    assert "故事標記" in broken


async def test_a_family_worker_reads_no_safe_place_and_no_word_of_a_protective_case(
    lab: Lab, people: Pool, cards: Cards
) -> None:
    case = await told(lab, categories=["economic_hardship"], persons=[HER], narrative="她躲在文化路一段100號。沒有錢")
    assert await lab.pool.fetchval("SELECT queue FROM case_file WHERE case_id = $1", case) == "family"
    worker = await signed_in(lab, "f1", PostRole.FAMILY_WORKER, await centre_of(lab, case))
    assert await said(people, worker, CLAIM, case) == "done"
    made = text(await cards.reveal(worker, Wish(case, "claim", "handling", Side.VICTIM)))
    assert "沒有錢" in made
    assert "文化路" not in made
    await lab.pool.execute("UPDATE case_file SET queue = 'protective' WHERE case_id = $1", case)
    assert await cards.reveal(worker, Wish(case, "claim", "handling", Side.VICTIM)) == Refusal("unknown_case")


async def test_who_reported_is_opened_by_two_and_alone(lab: Lab, people: Pool, cards: Cards) -> None:
    case = await told(lab)
    here = await centre_of(lab, case)
    worker = await signed_in(lab, "w1", PostRole.PROTECTIVE_WORKER, here)
    lead = await signed_in(lab, "s1", PostRole.SUPERVISOR, here)
    await said(people, worker, CLAIM, case)
    assert await cards.reporters(worker, None, case, "court") == Refusal("second_missing")
    assert await cards.reporters(worker, worker, case, "court") == Refusal("second_is_first")
    assert await cards.reporters(worker, lead, case, "court") == [REPORTER]
    kinds = [r["kind"] for r in await lab.pool.fetch("SELECT kind FROM access_event WHERE stream LIKE 'desk.%'")]
    assert (kinds.count("refusal"), kinds.count("read")) == (2, 1)


SPELLINGS = {
    "by number": {"name": "某人", "national_id": "ｎ１７５６９１９３３"},
    "by telephone": {"name": "某人", "phones": ["+886 928 713 605"]},
    "by name and a date of the Republic": {"name": "張志峯", "birth_date": "民國77年1月9日"},
    "by door": {"name": "某人", "address": "台北市大安區和平東路2段５０號七樓"},
    "by name in their town": {"name": "張 志峯", "address": "台北市大安區信義路四段1號"},
}


@pytest.mark.parametrize("how", list(SPELLINGS))
async def test_a_case_that_tells_of_somebody_who_works_here_is_not_there_for_them(
    lab: Lab, people: Pool, cards: Cards, how: str
) -> None:
    async with ties(lab) as book:
        await signed_in(lab, "boss", PostRole.SUPERVISOR)
        assert await book.tie("boss", tie_keys(ABOUT, TODAY)) > 5
    her = {k: v for k, v in HER.items() if k in {"role", "name", "phones"}}
    case = await told(lab, persons=[her, {"role": "alleged_perpetrator", **SPELLINGS[how]}])
    boss = await signed_in(lab, "boss", PostRole.SUPERVISOR)
    colleague = await signed_in(lab, "other", PostRole.SUPERVISOR)
    for table in ("case_file", "incident", "report", "report_version", "decision", "clock"):
        assert await said(people, boss, f"SELECT count(*) FROM {table}") == 0  # noqa: S608 - tables of ours
        assert await said(people, colleague, f"SELECT count(*) FROM {table}") > 0  # noqa: S608 - tables of ours
    assert await said(people, boss, CLAIM, case) == "unknown_case"
    for how_opened in ("claim", "break_glass"):
        assert await cards.reveal(boss, Wish(case, how_opened, "danger_now", Side.VICTIM)) == Refusal("unknown_case")
    assert await cards.reporters(boss, colleague, case, "court") == Refusal("unknown_case")
    assert isinstance(await cards.reveal(colleague, Wish(case, "break_glass", "danger_now", Side.VICTIM)), dict)


async def test_the_whole_household_of_a_party_is_closed_and_others_at_the_same_road_are_not(
    lab: Lab, people: Pool
) -> None:
    async with ties(lab) as book:
        boss = await signed_in(lab, "boss", PostRole.SUPERVISOR)
        await book.tie("boss", tie_keys(ABOUT, TODAY))
    stranger = {"role": "victim", "name": "李大同", "address": "臺北市大安區和平東路二段50號2樓"}
    await told(lab, 1, persons=[stranger])
    assert await said(people, boss, "SELECT count(*) FROM case_file") == 1
    case = await told(lab, 2)
    await lab.pool.execute(
        "INSERT INTO case_file SELECT (json_populate_record(c, json_build_object('case_id', gen_random_uuid()))).*"
        " FROM case_file c WHERE case_id = $1",
        case,
    )
    assert await said(people, boss, "SELECT count(*) FROM case_file") == 1


async def test_a_claim_ends_when_a_later_report_names_its_holder_and_the_supervisor_is_told(
    lab: Lab, people: Pool, cards: Cards
) -> None:
    him = {"role": "alleged_perpetrator", "name": "某人"}
    case = await told(lab, 1, persons=[HER, him])
    here = await centre_of(lab, case)
    async with ties(lab) as book:
        worker = await signed_in(lab, "w1", PostRole.PROTECTIVE_WORKER, here)
        await book.tie("w1", tie_keys(ABOUT, TODAY))
    assert await said(people, worker, CLAIM, case) == "done"
    wish = Wish(case, "claim", "handling", Side.VICTIM)
    assert isinstance(await cards.reveal(worker, wish), dict)
    await told(lab, 2, persons=[HER, HIM])
    assert await lab.count("case_file") == 1
    assert await cards.reveal(worker, wish) == Refusal("unknown_case")
    assert await lab.count("claim") == 0
    colleague = await signed_in(lab, "w2", PostRole.PROTECTIVE_WORKER, here)
    assert await said(people, colleague, CLAIM, case) == "done"
    lead = await signed_in(lab, "s1", PostRole.SUPERVISOR, here)
    ended = await cards.ended_claims(lead, 10)
    assert [(r["case_id"], r["staff"]) for r in ended] == [(case, "w1")]
    assert await lab.pool.fetchval("SELECT body ->> 'case_id' FROM access_event WHERE stream = 'claims'") == str(case)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await cards.ended_claims(worker, 10)


async def test_ties_are_sealed_made_anew_and_forgotten(lab: Lab, people: Pool) -> None:
    await told(lab)
    async with ties(lab) as book:
        boss = await signed_in(lab, "boss", PostRole.SUPERVISOR)
        keys = tie_keys(ABOUT, TODAY)
        assert await book.tie("boss", keys) == len(keys)
        rows = await lab.pool.fetch("SELECT token, sealed FROM staff_tie")
        assert not [r for r in rows if b"1756" in r["sealed"] or "張".encode() in r["sealed"]]
        assert await book.renew() == 1
        again = await lab.pool.fetch("SELECT token, sealed FROM staff_tie")
        assert {r["token"] for r in again} == {r["token"] for r in rows}
        assert await said(people, boss, "SELECT count(*) FROM case_file") == 0
        assert await book.untie("boss") == len(keys)
    assert await said(people, boss, "SELECT count(*) FROM case_file") == 1
    kinds = await lab.pool.fetch(
        "SELECT body ->> 'what' AS what FROM access_event WHERE stream = 'staff' ORDER BY number"
    )
    assert [r["what"] for r in kinds] == ["tied", "tied_anew", "untied"]


async def invented(lab: Lab, months: dict[str, int], county: str, queue: str = "family") -> None:
    """So many cases of each month, copied from one that was settled."""
    for month, how_many in months.items():
        await lab.pool.execute(
            """
            INSERT INTO case_file SELECT (json_populate_record(c, json_build_object(
                'case_id', gen_random_uuid(), 'household_id', gen_random_uuid(), 'county', $1::text, 'queue', $2::text,
                'opened_at', ($3 || '-15T12:00:00+08:00')))).*
            FROM case_file c, generate_series(1, $4) WHERE c.case_id = (SELECT min(case_id::text)::uuid FROM case_file)
            """,
            county,
            queue,
            month,
            how_many,
        )


async def test_by_hand_an_analyst_gets_no_count_of_fewer_than_five(lab: Lab, people: Pool, cards: Cards) -> None:
    await told(lab)
    await invented(lab, {"2026-01": 4, "2026-02": 12}, "基隆市")
    await invented(lab, {"2026-01": 1, "2026-02": 9}, "宜蘭縣", "protective")
    analyst = await signed_in(lab, "a1", PostRole.ANALYST)
    rows = await cards.counts(analyst, ["county", "month"])
    assert [(r["cell"], r["cases"]) for r in rows] == [(["基隆市", "2026-02"], 10), (["宜蘭縣", "2026-02"], 5)]
    assert [(r["cell"], r["cases"]) for r in await cards.counts(analyst, ["county"])] == [
        (["基隆市"], 15),
        (["宜蘭縣"], 10),
    ]
    everything = [r["cases"] for by in ("county", "queue", "month") for r in await cards.counts(analyst, [by])]
    assert all(count >= 5 and count % 5 == 0 for count in everything)
    with pytest.raises(asyncpg.InvalidParameterValueError):
        await cards.counts(analyst, ["county", "queue", "month"])
    for table in ("case_file", "report", "claim", "alarm"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await said(people, analyst, f"SELECT count(*) FROM {table}")  # noqa: S608 - tables of ours
    screener = await signed_in(lab, "c1", PostRole.SCREENER)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await cards.counts(screener, ["county"])
    lead = await signed_in(lab, "s1", PostRole.SUPERVISOR, "基隆市")
    assert [r["cell"] for r in await cards.counts(lead, ["county"])] == [["基隆市"]]


async def test_a_party_is_in_no_count_and_the_month_that_runs_in_none(lab: Lab, cards: Cards) -> None:
    await told(lab)
    await invented(lab, {"2026-02": 5}, "基隆市")
    async with ties(lab) as book:
        analyst = await signed_in(lab, "a1", PostRole.ANALYST)
        assert [r["cases"] for r in await cards.counts(analyst, ["county"])] == [5]
        await book.tie("a1", tie_keys(ABOUT, TODAY))
    one = await lab.pool.fetchval("SELECT household_id FROM case_file WHERE county = '基隆市' LIMIT 1")
    theirs = await lab.pool.fetchval("SELECT c.case_id FROM case_file c JOIN incident USING (case_id) LIMIT 1")
    await lab.pool.execute("UPDATE case_file SET household_id = $1 WHERE case_id = $2", one, theirs)
    assert await cards.counts(analyst, ["county"]) == []


async def test_the_command_asks_for_what_ties_and_shows_none_of_it(
    lab: Lab, people: Pool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await told(lab)
    worker = await signed_in(lab, "w1", PostRole.SUPERVISOR)
    lines = ("N175691933", "張志峯", "77/1/9", "0928-713-605；02-2345-6789", "台北市大安區和平東路2段50號7F")
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    await asyncio.to_thread(staff_ties.tie, lab.settings, "w1")
    shown = "".join(capsys.readouterr())
    assert "w1 is known by" in shown
    assert not [line for line in lines if line[:4] in shown]
    assert await said(people, worker, "SELECT count(*) FROM case_file") == 0
    await asyncio.to_thread(staff_ties.untie, lab.settings, "w1")
    assert await said(people, worker, "SELECT count(*) FROM case_file") == 1
    monkeypatch.setattr("sys.stdin", io.StringIO("\n" * 5))
    with pytest.raises(StaffRefusedError):
        await asyncio.to_thread(staff_ties.tie, lab.settings, "w1")
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    with pytest.raises(StaffRefusedError):
        await asyncio.to_thread(staff_ties.tie, lab.settings, "nobody")
