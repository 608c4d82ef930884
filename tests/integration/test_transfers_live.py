"""Transfers of cases and how full centres are, against real servers and by command."""

import asyncio
import json
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from crew import Ended
from directories import shipped
from lab import Lab, event, until
from test_explain_live import anwang
from test_rulings_live import FIRST, SECOND, book_of, clocks, hear, require_sound, say, waiting

from pipeline.adapters.postgres.centre_load import FRESH_S, CentreLoad
from pipeline.adapters.postgres.docket_reader import DocketReader
from pipeline.adapters.postgres.keys import CaseKeys
from pipeline.adapters.postgres.live_terms import LiveTerms
from pipeline.adapters.postgres.policies import Policies
from pipeline.adapters.postgres.transfers import Transfers
from pipeline.contracts.case import RulingKind, TransferReason, TransferRefusalReason
from pipeline.domain.terms import shipped_terms
from pipeline.domain.transfer import Answer, Proposal
from pipeline.errors import RulingRefusedError

THERE = "65000010-family"
VICTIM = {"role": "victim", "name": "蔡品睿", "national_id": "F252907845", "address": "臺北市松山區測試路3號"}


ELSEWHERE = event(
    2,
    persons=[{"role": "victim", "name": "林大寶", "address": "高雄市左營區測試路9號"}],
    categories=["vulnerable_family"],
)


def like(number: int, **data: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return event(number, persons=[VICTIM], categories=["vulnerable_family"], **data)


def transfers_of(lab: Lab) -> Transfers:
    keys = CaseKeys(lab.pools.keys, lab.ring)
    terms = LiveTerms(Policies(lab.pools.operate, "test"), shipped_terms().centres)
    return Transfers(lab.pools.operate, keys, DocketReader(lab.ring, keys, lab.sources), terms, book_of(lab).named)


def wish(to: str = THERE) -> Proposal:
    return Proposal(uuid4(), to, TransferReason.VICTIM_MOVED, FIRST)


async def the_case(lab: Lab) -> UUID:
    found: UUID = await lab.pool.fetchval("SELECT case_id FROM case_file WHERE state <> 'merged'")
    return found


async def test_a_case_stays_until_it_is_accepted_and_then_stays_there(lab: Lab) -> None:
    await hear(lab, like(1))
    case_id, transfers = await the_case(lab), transfers_of(lab)
    report = await book_of(lab).report("event-1")
    before, here = await clocks(lab, report), (await waiting_centres(lab))[0]
    proposed = wish()
    assert await transfers.propose(str(case_id), proposed)
    assert await transfers.propose(str(case_id), proposed) is None, "said again it counts once"
    assert (await waiting_centres(lab), await clocks(lab, report)) == ([here], before)
    (open_one,) = await transfers.waiting(10)
    assert (open_one.case_id, open_one.transfer.transfer_id) == (case_id, proposed.transfer_id)
    assert await transfers.answer(str(proposed.transfer_id), Answer(SECOND))
    assert await transfers.answer(str(proposed.transfer_id), Answer(SECOND)) is None
    assert (await waiting_centres(lab), await clocks(lab, report)) == ([THERE], before)
    assert await transfers.waiting(10) == []
    await hear(lab, like(2))
    assert await waiting_centres(lab) == [THERE]
    assert await lab.pool.fetchval("SELECT county FROM case_file") == "新北市"
    await require_sound(lab)
    kinds = await lab.pool.fetch("SELECT kind FROM case_event ORDER BY version")
    assert [row["kind"] for row in kinds] == [
        *("case.assessed.v1", "case.transfer_proposed.v1", "case.transferred.v1", "case.assessed.v1")
    ]


async def waiting_centres(lab: Lab) -> list[str]:
    await lab.publish_all()
    return sorted(centre for _, _, centre in await waiting(lab))


async def test_a_refused_transfer_leaves_the_case_and_what_cannot_be_done_writes_nothing(lab: Lab) -> None:
    await hear(lab, like(1), ELSEWHERE)
    transfers, name = transfers_of(lab), "event-1"
    await transfers.propose(name, wish())
    before = {table: await lab.count(table) for table in ("case_event", "outbox", "case_transfer")}
    for act, code in (
        (transfers.propose(name, wish("64000-family")), "already_proposed"),
        (transfers.propose("event-2", wish("nowhere")), "unknown_centre"),
        (transfers.propose("event-77", wish()), "unknown"),
        (transfers.answer(str(await the_case_of(lab, 2)), Answer(SECOND)), "not_proposed"),
        (transfers.answer("event-1", Answer(SECOND)), "not_proposed"),
        (transfers.answer(str(await the_case_of(lab, 1)), Answer(FIRST)), "one_person"),
    ):
        with pytest.raises(RulingRefusedError) as told:
            await act
        assert told.value.code == code
    assert {table: await lab.count(table) for table in before} == before
    case_id = await the_case_of(lab, 1)
    handed = await transfers.answer(str(case_id), Answer(SECOND, TransferRefusalReason.VICTIM_NOT_THERE))
    assert handed
    assert handed.change.after.judged[1].county == "臺北市"
    assert await transfers.waiting(10) == []
    assert await transfers.propose(name, wish()), "it may be proposed anew"
    await require_sound(lab)


async def the_case_of(lab: Lab, number: int) -> UUID:
    found: UUID = await lab.pool.fetchval(
        "SELECT case_id FROM report_version JOIN report USING (report_id) JOIN incident USING (incident_id)"
        " WHERE event_id = $1",
        f"event-{number}",
    )
    return found


async def test_of_two_answers_at_once_one_counts(lab: Lab) -> None:
    await hear(lab, like(1))
    transfers, proposed = transfers_of(lab), wish()
    await transfers.propose("event-1", proposed)
    name = str(proposed.transfer_id)
    refusal = Answer("S4096", TransferRefusalReason.NOT_YET_SAFE)
    both = await asyncio.gather(
        transfers.answer(name, Answer(SECOND)), transfers.answer(name, refusal), return_exceptions=True
    )
    (lost,) = [one for one in both if isinstance(one, BaseException)]
    assert isinstance(lost, RulingRefusedError)
    assert lost.code == "answered_before"
    await require_sound(lab)


async def test_a_proposal_ends_with_the_case_that_goes_up_in_another(lab: Lab) -> None:
    await hear(lab, like(1), ELSEWHERE)
    transfers, proposed = transfers_of(lab), wish("66000-family")
    await transfers.propose("event-2", proposed)
    reports = [await book_of(lab).report(f"event-{n}") for n in (1, 2)]
    await say(lab, RulingKind.MERGE, *reports)
    assert await transfers.waiting(10) == []
    with pytest.raises(RulingRefusedError) as told:
        await transfers.answer(str(proposed.transfer_id), Answer(SECOND))
    assert told.value.code == "case_not_open"
    await require_sound(lab)


async def test_people_transfer_by_command(lab: Lab) -> None:
    await hear(lab, like(1))
    case_id = str(await the_case(lab))
    proposed = await anwang(lab, "case", "transfer", case_id, "--to", THERE, "--reason", "victim_moved", "--by", FIRST)
    assert "proposed: 63000" in said(proposed)
    (told,) = [json.loads(line) for line in said(await anwang(lab, "case", "transfers", "--json")).splitlines()]
    assert (told["case_id"], told["to_centre"], told["state"]) == (case_id, THERE, "proposed")
    assert "1 transfers wait for an answer" in said(await anwang(lab, "case", "transfers"))
    refused = await anwang(lab, "case", "transfer-accept", case_id, "--by", FIRST)
    assert refused.exit_code == 1
    assert refused.err.strip() == "anwang: who proposed a transfer does not accept it: the other centre does"
    said(await anwang(lab, "case", "transfer-refuse", case_id, "--reason", "papers_missing", "--by", SECOND))
    again = await anwang(lab, "case", "transfer", "event-1", "--to", THERE, "--reason", "served_there", "--by", FIRST)
    transfer_id = said(again).split()[1]
    accepted = said(await anwang(lab, "case", "transfer-accept", transfer_id, "--by", SECOND))
    assert f"is at {THERE}" in accepted
    assert "done before" in said(await anwang(lab, "case", "transfer-accept", transfer_id, "--by", SECOND))
    await require_sound(lab)


def said(ended: Ended) -> str:
    assert ended.exit_code == 0, ended.err
    return ended.out


async def test_a_social_worker_reads_why_this_centre_has_the_case(lab: Lab) -> None:
    elder = VICTIM | {"birth_date": "1940-02-01", "registered_address": "高雄市左營區測試路1號"}
    await hear(lab, event(1, persons=[elder], categories=["vulnerable_family"]))
    case_id = str(await the_case(lab))
    told = json.loads(said(await anwang(lab, "explain", "case", case_id, "--json")))
    assert (told["centre"], told["assigned"]["sub_dispatch"]) == ("63000010-family", ["63000010-elder"])
    assert told["why_this_centre"][0]["zh"] == "被害人住在臺北市松山區，由該區的臺北市松山社會福利服務中心受理"
    words = said(await anwang(lab, "explain", "case", case_id, "--lang", "en"))
    assert "Why this centre" in words
    assert "Elder service centre of Songshan (default) works along (elders)" in words
    await transfers_of(lab).propose(case_id, wish())
    await transfers_of(lab).answer(case_id, Answer(SECOND))
    words = said(await anwang(lab, "explain", "case", case_id, "--lang", "en"))
    assert "New Taipei City accepted the transfer: the case belongs to New Taipei City Banqiao" in words
    for secret in ("蔡品睿", "F252907845", "測試路", "1940"):
        assert secret not in words + json.dumps(told, ensure_ascii=False)


async def test_of_a_centre_that_is_full_the_next_case_goes_to_the_one_that_takes_over(lab: Lab) -> None:
    here, over = "63000010-family", "63000020-family"
    book = shipped()
    full = replace(book, centres={**book.centres, here: replace(book.centres[here], capacity=1)})
    for number, name in ((1, "蔡品睿"), (2, "林大寶"), (3, "周玉蘭")):
        victim = {"role": "victim", "name": name, "address": f"臺北市松山區測試路{number * 17}號"}
        await lab.send([event(number, persons=[victim], categories=["vulnerable_family"])])
        store = lab.store()
        store._terms = LiveTerms(Policies(lab.pools.assess, "test"), full)  # noqa: SLF001 - as a bureau's own folder
        async with lab.assess(store) as stage:
            await until(stage.turn, lambda n=number: lab.inbox_holds(n))
    assert await waiting_centres(lab) == [here, over, over]
    rows = await lab.pool.fetch("SELECT routing FROM case_file")
    why = [w for row in rows for w in row["routing"]["assigned"]["why"] if w[0] == "full_overflow"]
    assert why == [["full_overflow", [["capacity", "1"], ["centre", over], ["home", here], ["open", "1"]]]] * 2


async def test_the_load_is_counted_anew_when_it_is_no_longer_fresh(lab: Lab) -> None:
    now = 0.0
    load = CentreLoad(lambda: now)
    async with lab.pool.acquire() as db:
        assert await load.look(db) == {}
        await hear(lab, like(1))
        (row,) = await db.fetch("SELECT centre FROM case_file")
        assert await load.look(db) == {}
        now = FRESH_S
        assert await load.look(db) == {row["centre"]: 1}
        await db.execute("UPDATE case_file SET state = 'closed'")
        now = 2 * FRESH_S
        assert await load.look(db) == {}
