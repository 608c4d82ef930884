"""What rings, for a person or a program."""

import sys
from dataclasses import asdict

import orjson

from pipeline import wiring
from pipeline.adapters.probes import asked
from pipeline.settings import Settings


def show_alarms(settings: Settings, *, as_json: bool) -> None:
    rows = asked(wiring.read_alarms(settings))
    if as_json:
        for row in rows:
            sys.stdout.buffer.write(orjson.dumps(asdict(row), option=orjson.OPT_APPEND_NEWLINE))
        return
    for row in rows:
        since = row.raised_at.isoformat(timespec="seconds")
        sys.stdout.write(f"{row.alarm_id}  since {since}  {row.code}  {row.subject}  by {row.raised_by}\n")
    sys.stdout.write(f"{len(rows)} alarms\n")


def settle_alarm(settings: Settings, alarm_id: int, by: str) -> int:
    """0 when it rang, else 1."""
    if asked(wiring.settle_alarm(settings, alarm_id, by)):
        sys.stdout.write(f"alarm {alarm_id} settled by {by}\n")
        return 0
    sys.stderr.write(f"anwang: no alarm {alarm_id} rings that is settled so; see `anwang alarms`, `anwang unread`\n")
    return 1
