"""What a person does at the desk by command, by the token of their session."""

import json
from uuid import uuid4

from crew import run
from lab import Lab
from staff import people_pool, signed_in
from test_who_sees_what import centre_of, one_case

from pipeline.adapters.postgres.acting import acting_as
from pipeline.domain.posts import PostRole


async def test_a_case_is_found_claimed_screened_and_told_of_by_command(lab: Lab) -> None:
    case = await one_case(lab)
    centre = await centre_of(lab, case)
    screener = await signed_in(lab, "s1", PostRole.SCREENER, centre)
    listed = await run(lab.settings, "queue", "list", ANWANG_SESSION=screener)
    assert (listed.exit_code, "待篩案 waiting" in listed.out, "1 open cases" in listed.out) == (0, True, True), listed
    shown = await run(lab.settings, "queue", "show", "--json", ANWANG_SESSION=screener)
    assert shown.exit_code == 0, shown
    assert json.loads(shown.out)["case_id"] == str(case)
    taken = await run(lab.settings, "queue", "next", centre, "protective", "--json", ANWANG_SESSION=screener)
    assert json.loads(taken.out)["held_by"] == "s1", taken
    renewed = await run(lab.settings, "queue", "renew", str(case), ANWANG_SESSION=screener)
    assert renewed.exit_code == 0, renewed
    wrong = await run(lab.settings, "case", "act", str(case), "propose_not_open", ANWANG_SESSION=screener)
    assert (wrong.exit_code, "reason unknown" in wrong.err) == (1, True), wrong
    stale = await run(lab.settings, "case", "act", str(case), "screen_open", "--fence", "0", ANWANG_SESSION=screener)
    assert "fence stale" in stale.err, stale
    done = await run(lab.settings, "case", "act", str(case), "screen_open", ANWANG_SESSION=screener)
    assert "待指派社工 screened" in done.out, done
    told = await run(lab.settings, "case", "show", str(case), ANWANG_SESSION=screener)
    assert "clock dispatch: due " in told.out, told
    history = await run(lab.settings, "case", "history", str(case), "--json", ANWANG_SESSION=screener)
    assert [json.loads(line)["act"] for line in history.out.splitlines()] == [None, "claim", "screen_open"]
    await lab.pool.execute("INSERT INTO task (task_id, case_id, kind) VALUES ($1, $2, 'raised')", uuid4(), case)
    async with acting_as(await people_pool(lab), screener) as acting:
        assert await acting.db.fetchval("SELECT done_with(task_id) FROM task") == "done"
    shown = await run(lab.settings, "case", "history", str(case), ANWANG_SESSION=screener)
    assert ("已閱辦 task_done" in shown.out, shown.exit_code) == (True, 0), shown


async def test_who_has_no_session_or_a_post_elsewhere_finds_nothing(lab: Lab) -> None:
    case = await one_case(lab)
    away = await signed_in(lab, "s2", PostRole.SCREENER, "09007-protective")
    nobody = await run(lab.settings, "queue", "list")
    assert (nobody.exit_code, "ANWANG_SESSION" in nobody.err) == (2, True), nobody
    for words in (("case", "show", str(case)), ("case", "history", str(case)), ("queue", "claim", str(case))):
        ended = await run(lab.settings, *words, ANWANG_SESSION=away)
        assert (ended.exit_code, "unknown case" in ended.err) == (1, True), (words, ended)
    assert "0 open cases" in (await run(lab.settings, "queue", "list", ANWANG_SESSION=away)).out
