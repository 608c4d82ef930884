"""Backs up and restores the store of case keys."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from pipeline import wiring
from pipeline.adapters.key_backups import prune
from pipeline.adapters.probes import asked
from pipeline.commands.erase import everywhere
from pipeline.settings import Settings


def back_up(settings: Settings, folder: Path) -> None:
    """Raises KeyBackupRefusedError."""
    now = datetime.now(UTC)

    async def act() -> tuple[Path, int]:
        async with wiring.key_store(settings) as store:
            return await store.back_up(folder, now)

    path, keys = asked(act())
    sys.stdout.write(f"{keys} keys are in {path}\n")
    sys.stdout.write("".join(f"removed {old}\n" for old in prune(folder, now)))


def restore(settings: Settings, file: Path) -> None:
    """First the erasures, then the keys: what was erased is never there. Raises KeyBackupRefusedError."""

    async def act() -> tuple[int, int]:
        async with wiring.erasing(settings) as erasures, wiring.key_store(settings) as store:
            records = await everywhere(erasures)
            for record in records:
                await erasures.keys.destroy(record)
            return len(records), await store.restore(file)

    erased, keys = asked(act())
    sys.stdout.write(f"{erased} erasures applied, then {keys} keys brought back but for theirs\n")
