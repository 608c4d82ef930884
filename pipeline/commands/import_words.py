"""What an import says, to a person or as JSON."""

import sys
from dataclasses import asdict
from typing import Any

import orjson

from pipeline.adapters.import_journal import Progress
from pipeline.domain.importing.faults import LineFinding
from pipeline.domain.importing.plan import Plan

NOT_WHOLE = "the count of lines at the file's end is missing or another: part of the file is not here\n"


def warn(plan: Plan) -> None:
    if plan.absent:
        sys.stderr.write(f"columns that the mapping knows and the file has not: {', '.join(plan.absent)}\n")
    if plan.unread:
        sys.stderr.write(f"columns that are not read: {', '.join(plan.unread)}\n")


def counts(done: Progress) -> str:
    noted = f", {done.noted} of them as they are, with faults" if done.noted else ""
    return f"{done.rows} lines: {done.sent} sent{noted}, {done.aside} set aside"


def as_told(done: Progress) -> dict[str, Any]:
    told = asdict(done)
    return {name: told[name] for name in ("rows", "sent", "noted", "aside", "aside_to", "is_whole", "ended_at")}


def print_findings(findings: list[LineFinding]) -> None:
    for found in findings:
        sys.stdout.write(f"line {found.line}, {found.finding.said()}\n")


def listed(findings: list[LineFinding]) -> list[dict[str, Any]]:
    return [{"line": f.line, "column": f.finding.column, "code": f.finding.fault} for f in findings]


def print_json(told: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
