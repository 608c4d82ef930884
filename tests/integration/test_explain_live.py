"""Explanations and questions out of a real database, by the commands that people use."""

import json
from pathlib import Path

from crew import Ended, run
from lab import Lab, event
from test_rulings_live import FIRST, SECOND, hear, homes, reports_of, require_sound, told

from pipeline.adapters.postgres.explaining import Explaining
from pipeline.domain.explain import Cause, Verdict

ROOT = Path(__file__).parents[2]
SECRETS = ("蔡品睿", "A123456789", "0912345678", "木柵路", "hotline-113", "clinic-0001", "school-001", "金絲雀")


async def anwang(lab: Lab, *argv: str) -> Ended:
    """A command of this tree, wherever the package is installed from."""
    return await run(lab.settings, *argv, PYTHONPATH=str(ROOT))


def like(number: int, source: str) -> dict[str, object]:
    victim = {
        "role": "victim",
        "name": "蔡品睿",
        "national_id": "A123456789",
        "birth_date": "1990-02-01",
        "phones": ["0912345678"],
        "address": "臺北市文山區木柵路一段12號3樓",
    }
    reporter = {"role": "teacher", "name": "金絲雀", "phone": "0987654321"}
    return event(number, source=source, persons=[victim], reporter=reporter, narrative="金絲雀說她住在木柵路")


async def test_a_link_is_explained_as_it_was_decided_and_nobody_is_named(lab: Lab) -> None:
    await hear(lab, like(1, "hotline-113"), like(2, "clinic-0001"))
    one, two = await reports_of(lab, 1, 2)
    explained = await Explaining(lab.pools.operate).explain(one)
    (other,) = explained.others
    edge = await lab.pool.fetchrow("SELECT * FROM link_edge")
    assert (other.report_id, other.verdict, other.cause) == (two, Verdict.ONE_INCIDENT, Cause.ABOVE)
    assert other.known
    assert [list(reason) for reason in other.known.reasons] == edge["reasons"]
    for argv in (["event-1"], [str(two), "--lang", "zh"], ["event-2", "--json"]):
        ended = await anwang(lab, "explain", "link", *argv)
        assert (ended.exit_code, ended.err) == (0, "")
        assert "同一事件" in ended.out
        assert not [secret for secret in SECRETS if secret in ended.out]
    shown = json.loads(ended.out)
    assert shown["others"][0]["compared"]["fields"]
    ended = await anwang(lab, "explain", "link", "event-9")
    assert (ended.exit_code, ended.out) == (1, "")
    assert "no case, incident, report or event of this id is known" in ended.err


async def test_a_question_is_shown_with_both_sides_answered_once_and_explained(lab: Lab) -> None:
    first, *asking = (told(n, *[0] * bool(n), persons=told(n)["data"]["persons"]) for n in (0, 1, 2))
    await hear(lab, first, *asking)
    a, b, c = await reports_of(lab, 0, 1, 2)
    ended = await anwang(lab, "link", "reviews", "--json")
    assert (ended.exit_code, ended.err) == (0, "")
    questions = [json.loads(line) for line in ended.out.splitlines()]
    assert {tuple(side["report_id"] for side in q["reports"]) for q in questions} >= {
        (str(b), str(a)),
        (str(c), str(a)),
    }
    assert all(side["centre"] and side["queue"] for q in questions for side in q["reports"])
    assert not [secret for secret in SECRETS if secret in ended.out]
    ended = await anwang(lab, "link", "reviews")
    assert "被害人資料互相矛盾" in ended.out
    assert ended.out.splitlines()[-1] == f"{len(questions)} open questions"

    ended = await anwang(lab, "link", "answer", "event-1", "event-0", "yes", "--by", "王小明")
    assert (ended.exit_code, "staff code" in ended.err) == (1, True)
    ended = await anwang(lab, "link", "answer", "event-1", "event-0", "yes", "--by", FIRST)
    assert (ended.exit_code, ended.err) == (0, "")
    assert len(set(await homes(lab, a, b))) == 1
    ended = await anwang(lab, "link", "answer", "event-0", "event-2", "no", "--by", FIRST)
    assert ended.exit_code == 0
    ended = await anwang(lab, "link", "answer", "event-0", "event-2", "no", "--by", FIRST)
    assert "no open question" in ended.err
    assert await lab.pool.fetchval("SELECT count(*) FROM link_review WHERE answered_at IS NULL") == len(questions) - 2
    explained = await Explaining(lab.pools.operate).explain(a)
    said = {o.report_id: (o.verdict, o.cause) for o in explained.others}
    assert said == {b: (said[b][0], Cause.PEOPLE), c: (Verdict.APART, Cause.PEOPLE)}
    await require_sound(lab)


async def test_the_commands_split_and_merge_and_say_what_changed(lab: Lab) -> None:
    await hear(lab, told(0, categories=["vulnerable_family"]), told(1, 0, crisis_flags=["life_threatened"]))
    a, b = await reports_of(lab, 0, 1)
    (case,) = set(await homes(lab, a, b))
    split = ("link", "split", str(case), "--report", "event-1", "--by", FIRST)
    ended = await anwang(lab, *split)
    assert (ended.exit_code, ended.out) == (1, "")
    assert "a second person must agree" in ended.err
    ended = await anwang(lab, *split, "--second", SECOND)
    assert (ended.exit_code, ended.err) == (0, "")
    assert f"case {case} version 3: 1 reports, 1 incidents, family" in ended.out
    ended = await anwang(lab, "link", "merge", "event-1", str(case), "--by", FIRST)
    assert (ended.exit_code, f"is an alias of {case} now" in ended.out) == (0, True)
    ended = await anwang(lab, "link", "part", "event-0", "event-1", "--by", FIRST, "--second", SECOND)
    assert ended.exit_code == 0
    ended = await anwang(lab, "link", "confirm", "event-0", "event-1", "--by", FIRST, "--scope", "incident")
    assert (ended.exit_code, "version 6: 2 reports, 1 incidents, protective immediate" in ended.out) == (0, True)
    await require_sound(lab)
