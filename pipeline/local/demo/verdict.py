"""Asks the verifier, a process of its own that knows nothing of us."""

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

TRIES = 3
TIMEOUT_S = 180.0
VERIFIER = Path(__file__).resolve().with_name("verifier.py")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the verifier said; `looked` is False when it could not look."""

    looked: bool = False
    acknowledged: int = 0
    received: int = 0
    settled: Mapping[str, int] = field(default_factory=dict)
    in_flight: int = 0
    lost: int = 0
    cases: int = 0
    records: int = 0
    doubles: int = 0
    findings: tuple[Mapping[str, Any], ...] = ()

    @property
    def agrees(self) -> bool:
        return self.looked and not self.findings


async def ask_verifier(kafka: str, dsn: str, acked: Path) -> Verdict:
    """Its word; it is asked again while a server is away."""
    for _ in range(TRIES):
        said = await _ask(kafka, dsn, acked)
        if "findings" in said:
            known = {f.name: said[f.name] for f in fields(Verdict) if f.name in said}
            return Verdict(**{**known, "looked": True, "findings": tuple(said["findings"])})
    return Verdict()


async def _ask(kafka: str, dsn: str, acked: Path) -> dict[str, Any]:
    """`-I`: without our settings and our search path."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", str(VERIFIER), "--kafka", kafka, "--postgres", dsn, "--acked", str(acked)),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            said, _ = await process.communicate()
        return dict(json.loads(said))
    except (TimeoutError, ValueError):
        return {}
    finally:
        if process.returncode is None:
            process.kill()
