"""The API against its own document: requests of every kind that it allows, and of kinds that it does not."""

import asyncio
import sys

from crew import eventually
from doors import Doors, open_doors
from lab import Lab

EXAMPLES = 40


async def test_schemathesis_finds_nothing(lab: Lab) -> None:
    async with open_doors(lab, ANWANG_INTAKE_RATE="1000000/minute") as doors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{doors.url}/openapi.json"),
            *("-H", f"Authorization: Bearer {doors.token}", "--checks", "all", "--no-color"),
            *("--max-examples", str(EXAMPLES), "--seed", "113"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=lab.settings.data_dir,
        )
        said = (await process.communicate())[0].decode()
        assert process.returncode == 0, said
        await require_settled(doors)


async def require_settled(doors: Doors) -> None:
    """What was taken of all that is settled, too: nothing of it was beyond the pipeline."""

    async def settled() -> bool:
        ledger = await doors.lab.audit()
        return ledger.received > 0 and ledger.in_flight == 0

    await eventually(settled, 30, "settling")
    ledger = await doors.lab.audit()
    assert (ledger.unread_open, ledger.lost) == (0, 0), ledger
