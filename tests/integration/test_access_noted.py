"""What is done leaves an event of access in the same transaction: by workers, by commands, by people's words."""

import json
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from lab import Lab, until
from test_decide_again_live import anwang, telling
from test_rulings_live import FIRST, SECOND, hear, reports_of

from pipeline import wiring
from pipeline.adapters.postgres.access_log import Reading
from pipeline.adapters.postgres.keys import CaseKeys, KeyName, Purpose


async def events(lab: Lab, stream: str) -> list[tuple[str, str, dict[str, Any]]]:
    rows = await lab.pool.fetch("SELECT kind, actor, body FROM access_event WHERE stream = $1 ORDER BY number", stream)
    return [(row["kind"], row["actor"], row["body"]) for row in rows]


def digest(*owners: UUID) -> str:
    return sha256(b"".join(owner.bytes for owner in sorted(owners))).hexdigest()


async def case_of(lab: Lab, report: UUID) -> UUID:
    found = await lab.pool.fetchval(
        "SELECT case_id FROM report JOIN incident USING (incident_id) WHERE report_id = $1", report
    )
    assert isinstance(found, UUID)
    return found


async def require_whole(lab: Lab) -> None:
    assert (await wiring.verify_audit(lab.settings, None, None)).findings == []


async def test_each_settled_batch_notes_once_whose_keys_it_used(lab: Lab) -> None:
    await lab.send([telling(1, "hotline-113"), b"no json"])
    await lab.settle_all(2)
    (report,) = await reports_of(lab, 1)
    case, unread = await case_of(lab, report), await lab.pool.fetchval("SELECT unread_id FROM unread_report")
    noted = [body for kind, actor, body in await events(lab, "assess") if (kind, actor) == ("keys_used", "assess")]
    assert len(noted) == len(await events(lab, "assess")) <= 2
    assert {UUID(owner) for body in noted for owner in body["owners"]} == {case, unread}
    assert [body["digest"] for body in noted] == [digest(*map(UUID, body["owners"])) for body in noted]
    await require_whole(lab)


async def test_a_case_that_a_batch_only_looked_at_is_noted_too(lab: Lab) -> None:
    await hear(lab, telling(1, "hotline-113"))
    case = await case_of(lab, (await reports_of(lab, 1))[0])
    await hear(lab, telling(2, "clinic-0001"))
    assert str(case) in (await events(lab, "assess"))[-1][2]["owners"]


async def test_a_batch_that_was_not_settled_is_not_noted(lab: Lab) -> None:
    await lab.pool.execute("ALTER TABLE inbox ADD CONSTRAINT never CHECK (false)")
    await lab.send([telling(1, "hotline-113")])
    async with lab.assess() as stage:
        with pytest.raises(asyncpg.CheckViolationError):
            await until(stage.turn, lambda: lab.inbox_holds(1))
    assert await events(lab, "assess") == []


async def test_what_people_decide_is_noted_with_the_keys_that_it_took(lab: Lab) -> None:
    await hear(lab, telling(1, "hotline-113"), telling(2, "clinic-0001"), telling(3, "school-001"))
    report = (await reports_of(lab, 1))[0]
    case = str(await case_of(lab, report))
    raised = await anwang(
        lab, "case", "raise", case, "--priority", "immediate", "--reason", "seen_on_site", "--by", FIRST
    )
    assert (raised.exit_code, raised.err) == (0, "")
    deed, keys = await events(lab, "operate")
    assert deed[:2] == ("override", FIRST)
    assert {k: v for k, v in deed[2].items() if k != "override"} == {
        "step": "raise",
        "code": "seen_on_site",
        "seconded_by": None,
        "case_id": case,
    }
    assert keys[:2] == ("keys_used", "operate")
    assert case in keys[2]["owners"]
    parted = await anwang(lab, "link", "split", case, "--report", "event-3", "--by", FIRST, "--second", SECOND)
    assert (parted.exit_code, parted.err) == (0, "")
    ruling = (await events(lab, "operate"))[2]
    assert (*ruling[:2], ruling[2]["step"], ruling[2]["seconded_by"]) == ("ruling", FIRST, "split", SECOND)
    assert case in ruling[2]["case_ids"]
    await require_whole(lab)


async def test_a_word_that_is_refused_is_noted_by_the_keys_that_were_used_for_it(lab: Lab) -> None:
    await hear(lab, telling(1, "hotline-113"))
    report = (await reports_of(lab, 1))[0]
    raising = ("case", "raise", str(report), "--priority", "immediate", "--reason", "seen_on_site", "--by", FIRST)
    assert [(await anwang(lab, *raising)).exit_code for _ in range(2)] == [0, 1]
    *_, (kind, actor, body) = await events(lab, "operate")
    assert len(await events(lab, "operate")) == 2 + 1
    assert (kind, actor, body["owners"]) == ("keys_used", "operate", [str(await case_of(lab, report))])


@pytest.mark.parametrize(("command", "kind"), [(("decide", "again"), "decided_again"), (("explain",), "explained")])
async def test_a_command_that_opens_a_case_says_nothing_before_it_is_noted(
    lab: Lab, command: tuple[str, ...], kind: str
) -> None:
    await hear(lab, telling(1, "hotline-113"))
    case = str(await case_of(lab, (await reports_of(lab, 1))[0]))
    ended = await anwang(lab, *command, case)
    assert (ended.exit_code, ended.err) == (0, "")
    noted = await events(lab, "operate")
    assert noted[0] == (kind, "operate", {"case_id": case})
    assert {k for k, _, _ in noted[1:]} == {"keys_used"}
    assert case in noted[1][2]["owners"]
    await lab.pool.execute("ALTER TABLE access_event ADD CONSTRAINT never CHECK (number < 2) NOT VALID")
    ended = await anwang(lab, *command, case)
    assert ended.exit_code == 1
    assert ended.out == ""


async def test_an_unread_report_and_an_alarm_are_noted_and_a_name_where_a_code_was_due_is_not_kept(lab: Lab) -> None:
    await lab.send([b"no json"], topic="intake.partner.v1")
    await lab.settle_all(1)
    unread = str(await lab.pool.fetchval("SELECT unread_id FROM unread_report"))
    await lab.pool.execute("INSERT INTO alarm (code, subject, raised_by) VALUES ('lost', '1', 'auditor')")
    assert (await anwang(lab, "unread", "--read", unread, "--by", "王小明")).exit_code == 0
    number = await lab.pool.fetchval("SELECT alarm_id FROM alarm WHERE code = 'lost'")
    assert (await anwang(lab, "alarms", "--settle", str(number), "--by", FIRST)).exit_code == 0
    (read_kind, reader, read), settled = await events(lab, "operate")
    assert (read_kind, read) == ("unread_read", {"unread": unread})
    assert reader.startswith("digest:")
    assert settled == ("alarm_settled", FIRST, {"alarm": number})
    assert "王" not in json.dumps(await events(lab, "operate"), ensure_ascii=False)


async def test_enrolling_rotating_and_revoking_a_source_are_noted(lab: Lab) -> None:
    code = "clinic-7001"
    added = await anwang(lab, "source", "add", code, "--kind", "clinic", "--county", "臺北市")
    assert (added.exit_code, added.err) == (0, "")
    for step in ("rotate", "revoke"):
        assert (await anwang(lab, "source", step, code)).exit_code == 0
    noted = await events(lab, "operate")
    assert [(kind, body["step"], body["sources"]) for kind, _, body in noted] == [
        ("source_changed", step, [code]) for step in ("enrolled", "rotated", "revoked")
    ]


async def test_what_was_read_and_not_noted_with_a_deed_is_noted_by_the_turn_of_the_process(lab: Lab) -> None:
    keys = CaseKeys(lab.pools.keys, lab.ring, "desk")
    owner = uuid4()
    reading = Reading(lab.pools.operate, keys)
    await reading.rest()
    assert await events(lab, "desk") == []
    await keys.make([KeyName(owner, Purpose.REPORT)])
    await reading.rest()
    await reading.rest()
    ((kind, actor, body),) = await events(lab, "desk")
    assert (kind, actor, body["owners"]) == ("keys_used", "desk", [str(owner)])
