"""Decisions made again, and cases explained, out of a real database, by the commands that people use."""

import json

from lab import Lab, event
from test_explain_live import anwang
from test_rulings_live import FIRST, SECOND, hear, reports_of

from pipeline.domain.policy.reading import shipped_text

VICTIM = {
    "role": "victim",
    "name": "蔡品睿",
    "national_id": "F252907845",
    "birth_date": "1990-02-01",
    "phones": ["0928713605"],
    "address": "臺北市文山區木柵路一段12號3樓",
}
SECRETS = ("蔡品睿", "F252907845", "0928713605", "木柵路", "金絲雀", "clinic-0001", "school-001")


def telling(number: int, source: str, **more: object) -> dict[str, object]:
    """The same woman, each time."""
    reporter = {"role": "education", "name": "金絲雀"}
    return event(number, source=source, persons=[VICTIM], reporter=reporter, **more)


async def told(lab: Lab) -> str:
    """A case that three sources told of, one of them twice; the id of its first report."""
    amended = telling(4, "clinic-0001", report_no="clinic-0001-2", indicators=["confinement"])
    await hear(
        lab,
        telling(1, "hotline-113"),
        telling(2, "clinic-0001", instruments={"tipvda": {"items": {"4": True}}}),
        telling(3, "school-001", categories=["vulnerable_family"]),
    )
    await hear(lab, amended)
    return str((await reports_of(lab, 1))[0])


async def test_every_decision_of_a_case_comes_out_the_same_to_the_byte(lab: Lab) -> None:
    report = await told(lab)
    ended = await anwang(lab, "decide", "again", report)
    assert (ended.exit_code, ended.err) == (0, "")
    assert ended.out.splitlines()[-1] == "4 decisions made again: 4 the same bytes"
    assert not [secret for secret in SECRETS if secret in ended.out]


async def test_decisions_come_out_the_same_after_people_split_raised_and_lowered_the_case(lab: Lab) -> None:
    report = await told(lab)
    case = str(await lab.pool.fetchval("SELECT case_id FROM case_file WHERE state = 'waiting'"))
    split = await anwang(lab, "link", "split", case, "--report", "event-3", "--by", FIRST, "--second", SECOND)
    raised = await anwang(
        lab, "case", "raise", report, "--priority", "immediate", "--reason", "seen_on_site", "--by", FIRST
    )
    assert (split.exit_code, split.err, raised.exit_code, raised.err) == (0, "", 0, "")
    await hear(lab, telling(5, "hotline-113", report_no="hotline-113-1"))
    for name in (report, "event-3"):
        ended = await anwang(lab, "decide", "again", name)
        assert (ended.exit_code, ended.err) == (0, "")


async def test_a_decision_that_was_changed_in_the_database_is_found(lab: Lab) -> None:
    report = await told(lab)
    await lab.pool.execute(
        "UPDATE decision SET decision = jsonb_set(decision, '{score}', '3') WHERE decision->>'event_id' = 'event-2'"
    )
    ended = await anwang(lab, "decide", "again", report)
    assert ended.exit_code == 1
    assert "comes out otherwise" in ended.out
    assert "    score: 3 -> " in ended.out


async def test_another_policy_shows_what_it_would_have_decided(lab: Lab) -> None:
    report = await told(lab)
    other = lab.settings.data_dir / "other.toml"
    text = shipped_text().replace('version = "default-2026.1"', 'version = "other-1"')
    text = text.replace('code = "confinement", points = 12', 'code = "confinement", points = 13')
    other.write_text(text, "utf-8")
    ended = await anwang(lab, "decide", "again", report, "--policy", str(other), "--json")
    assert ended.exit_code == 0
    found = [json.loads(line) for line in ended.out.splitlines()]
    assert [{d["field"] for d in one["differences"]} for one in found][-1] == {"score", "reasons", "policy_version"}
    assert {d["field"] for d in found[0]["differences"]} == {"policy_version"}


async def test_a_case_explains_itself_in_both_languages_and_names_nobody(lab: Lab) -> None:
    report = await told(lab)
    ended = await anwang(lab, "explain", report)
    assert (ended.exit_code, ended.err) == (0, "")
    for words in ("為何在此 Why here", "Locked up", "持武器或危險物品", "二十四小時內派案", "What would change it"):
        assert words in ended.out
    assert not [secret for secret in SECRETS if secret in ended.out]
    shown = json.loads((await anwang(lab, "explain", "case", report, "--json")).out)
    assert shown["priority"] == "urgent"
    assert {r["code"] for r in shown["assessed"]} == {"tipvda_weapon"}


async def test_of_an_erased_case_nothing_is_made_and_nothing_explained(lab: Lab) -> None:
    report = await told(lab)
    await lab.keys_pool.execute("DELETE FROM case_key")
    for argv in (("decide", "again", report), ("explain", report)):
        ended = await anwang(lab, *argv)
        assert ended.exit_code != 0
        assert "was erased" in ended.err
