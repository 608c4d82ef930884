"""The HTTP examples talk to the gateway as it runs in production."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from crew import Ended, all_settled, eventually, run, settled
from doors import CLINIC, Doors, open_doors
from lab import Lab

from pipeline.contracts.vocabulary import Outcome

pytestmark = pytest.mark.examples

HTTP = Path(__file__).parents[2] / "examples" / "http"
WITHIN_S = 60.0
PYTHON = (sys.executable, "send_report.py")
SHELL = ("sh", "send-report.sh")
NOBODYS = "of nobody"


@pytest.fixture
async def doors(lab: Lab) -> AsyncIterator[Doors]:
    async with open_doors(lab, {"assess": "assess"}) as opened:
        yield opened


async def said(token: str, *command: str) -> Ended:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=HTTP,
        env={**os.environ, "REPORT_TOKEN": token},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), WITHIN_S)
    return Ended(process.returncode or 0, out.decode(), err.decode())


async def test_the_python_program_waits_until_its_report_is_settled(doors: Doors) -> None:
    ended = await said(doors.token, *PYTHON, doors.url)
    assert ended.exit_code == 0, ended.err
    taken, state = ended.out.splitlines()
    assert state == "settled"
    row = await doors.lab.pool.fetchrow("SELECT event_id, source, faults FROM report_version")
    assert taken.startswith(f"event {row['event_id']} was taken, receipt ")
    assert (row["source"], list(row["faults"])) == (CLINIC.code, [])


async def test_the_shell_script_run_twice_with_one_key_counts_once(doors: Doors) -> None:
    told = [await said(doors.token, *SHELL, doors.url, "C-2026-0088", "report.json") for _ in range(2)]
    assert [ended.exit_code for ended in told] == [0, 0], told
    first, again = (ended.out.splitlines()[0] for ended in told)
    assert first == again
    await eventually(lambda: all_settled(doors.lab, 2), WITHIN_S, "settling")
    assert await settled(doors.lab) == {Outcome.CASE: 1, Outcome.REDELIVERY: 1}


@pytest.mark.parametrize("command", [PYTHON, (*SHELL, "key", "report.json")], ids=["python", "shell"])
async def test_a_wrong_token_is_said_plainly_and_not_tried_again(doors: Doors, command: tuple[str, ...]) -> None:
    ended = await said(NOBODYS, *command[:2], doors.url, *command[2:])
    assert ended.exit_code == 1
    assert ended.err.count("token_unknown") >= 1
    assert ended.out == ""


async def test_the_signing_program_signs_by_the_key_that_was_registered(doors: Doors, tmp_path: Path) -> None:
    program = str(HTTP.parent / "python" / "sign_report.py")
    own, public = str(tmp_path / "clinic.jwk"), tmp_path / "clinic.pub.jwk"
    public.write_text((await said("", sys.executable, program, "public", own)).out, encoding="utf-8")
    settings = doors.lab.settings
    added = await run(settings, "source", "key", "add", CLINIC.code, "--public-key", str(public))
    assert added.exit_code == 0, added.err
    assert (await run(settings, "source", "require-signature", CLINIC.code, "on")).exit_code == 0
    ended = await said(doors.token, sys.executable, program, "send", doors.url, CLINIC.code, own)
    assert (ended.exit_code, ended.out[:14]) == (0, "taken, receipt"), ended.err
    await eventually(lambda: all_settled(doors.lab, 1), WITHIN_S, "settling")
    assert await settled(doors.lab) == {Outcome.CASE: 1}
    unsigned = await said(doors.token, *PYTHON, doors.url)
    assert "signature_missing" in unsigned.err
