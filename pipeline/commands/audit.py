"""The audit of access, for whoever has the right to read it."""

import os
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import orjson

from pipeline import wiring
from pipeline.adapters.postgres.access_log import Shown, Verified, Wanted
from pipeline.adapters.probes import asked
from pipeline.contracts.decision import TAIPEI
from pipeline.domain.access_check import FINDINGS_MAX
from pipeline.settings import Settings, SettingsRefusedError

SESSION = "ANWANG_SESSION"
"""Where the token of a session stands; not a flag, which every user of the machine could read."""


class Asked(NamedTuple):
    """As the flags of the command."""

    stream: str | None
    case: UUID | None
    actor: str | None
    since: datetime | None
    events_max: int


def verify(settings: Settings, anchors: Path | None, public_key: Path | None, *, as_json: bool) -> int:
    """0 when nothing is wrong, else 1."""
    found = asked(wiring.verify_audit(settings, anchors, public_key))
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(as_told(found), option=orjson.OPT_APPEND_NEWLINE))
    else:
        sys.stdout.write("\n".join(in_words(found)) + "\n")
    return 1 if found.findings else 0


def as_told(found: Verified) -> Mapping[str, object]:
    """As one JSON object."""
    findings = [
        {"stream": f.stream, "number": f.number, "last": f.last, "fault": f.fault, "belongs": f.belongs}
        for f in found.findings
    ]
    return {**found._asdict(), "findings": findings, "whole": not findings}


def in_words(found: Verified) -> list[str]:
    read = f"{found.events:,} events of {found.streams} streams, {found.anchors:,} anchors"
    if not found.findings:
        beside = "" if found.has_file else "; no file of anchors was compared"
        return [f"{read}: whole{beside}"]
    more = " or more" if len(found.findings) >= FINDINGS_MAX else ""
    return [*(f.words for f in found.findings), f"{read}: {len(found.findings)}{more} FAULTS"]


def show(settings: Settings, wish: Asked, *, as_json: bool) -> None:
    """Raises SettingsRefusedError without a session, NobodyActsError where it is not one of an auditor."""
    token = os.environ.get(SESSION)
    if not token:
        raise SettingsRefusedError(f"{SESSION} is not set: sign in at the desk as an auditor and put the token there")
    since = wish.since and wish.since.replace(tzinfo=TAIPEI)
    wanted = Wanted(wish.stream, wish.actor, since, str(wish.case) if wish.case else None, wish.events_max)
    for event in asked(wiring.read_audit(settings, token, wanted)):
        if as_json:
            sys.stdout.buffer.write(orjson.dumps(event._asdict(), option=orjson.OPT_APPEND_NEWLINE))
        else:
            sys.stdout.write(f"{_line(event)}\n")


def _line(event: Shown) -> str:
    at = event.at.astimezone(TAIPEI).isoformat(timespec="seconds")
    body = " ".join(f"{name}={_value(value)}" for name, value in sorted(event.body.items()) if value is not None)
    return f"{at}  {event.stream} {event.number}  {event.actor} {event.kind}  {body}".rstrip()


def _value(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
