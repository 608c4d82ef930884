"""Invented reports."""

import sys
from datetime import UTC, datetime

from pipeline.contracts.decision import in_taipei
from pipeline.local.demo import invent
from pipeline.local.demo.sources import registered_sources


def print_reports(reports: int, seed: int) -> None:
    """The same seed invents the same people and happenings; the times end now."""
    until = in_taipei(datetime.now(UTC))
    out = sys.stdout.buffer
    for message in invent.events(seed, reports, until=until, sources=registered_sources()):
        out.write(message.value + b"\n")
    out.flush()
