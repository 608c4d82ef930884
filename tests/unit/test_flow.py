import importlib
import re
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path

import pytest

from pipeline import data
from pipeline.adapters.postgres.migrate import DATA, KEYS, shipped
from pipeline.commands.run import Stage
from pipeline.contracts.topics import INTAKE_PATTERN, OUTGOING
from pipeline.domain.directory import load_directory
from pipeline.flow import FLOW, INTAKE, Step, as_table

ARCHITECTURE = Path(__file__).parents[2] / "docs" / "architecture.md"
QUERIES = {
    "intake": ("register", "door"),
    "assess": ("assess", "load", "register", "policies"),
    "feeds": ("alarms", "register"),
    "relay": ("relay",),
    "auditor": ("audit", "alarms", "access", "watchdog"),
    "watch": ("timers", "policies", "alarms", "notifications"),
    "desk": (
        "noticeboard",
        "call_outs",
        "sign_in",
        "desk",
        "along",
        "notes",
        "nudges",
        "cards",
        "rulings",
        "overrides",
        "transfers",
        "explain",
        "register",
        "assess",
        "policies",
        "erasures",
    ),
}
OF_ASSESS_ALONE = {
    "watch": {"add_shadow_decision"},
    "desk": {
        *(
            "claim",
            "last_settled",
            "unfinished",
            "take_up",
            "settled_digests",
            "cursors",
            "find",
            "move_cursor",
            "releases",
            "settle_release",
        ),
        *("put_down", "give_up", "add_hole", "add_unread", "add_inbox", "put_edge", "drop_edge", "add_version"),
        *("add_original", "add_link_key", "add_review", "add_decision", "add_shadow_decision", "known_unread"),
    },
}
OF_ENROLMENT = {"intake": {"register_version"}}
"""Raised by a one-time code that is spent, by the queries of enrolment."""
LOOKED_AT_BY_ALL_THAT_HOLD_KEYS = {"key_check", "key_version"}
OF_THE_KEYS = {"case_key", "wrapping_version", "erasure_record", "erased_owner"}
BY_FUNCTIONS_OF_THE_DATABASE = {
    *("claim", "claim_ended", "reveal", "staff_tie", "link_key", "outbox", "case_event"),
    *("ticket", "desk_transition", "desk_act", "clock_met", "task", "timer", "told_report"),
    *("notification", "call_out"),
    *("case_note", "case_step", "co_work"),
}
"""What a person of the desk reaches through `act_on_case` and its like alone."""
TOLD_TO_A_SOURCE = {"inbox", "case_event"}
"""What the intake reaches through `receipt_state` alone."""
ASKED_BY_A_PERSON = {"mark_read", "open_alarms", "settle_alarm", "unread_list", "events_shown"}


def tables() -> set[str]:
    text = "".join(m.text for folder in (DATA, KEYS) for m in shipped(folder))
    return set(re.findall(r"^CREATE TABLE (\w+)", text, re.MULTILINE))


@pytest.mark.parametrize("step", FLOW, ids=lambda step: step.name)
def test_what_decides_a_step_is_where_the_page_says(step: Step) -> None:
    file, name = step.place.split(": ")
    found: object = importlib.import_module("pipeline." + file.removesuffix(".py").replace("/", "."))
    for part in name.split("."):
        found = getattr(found, part)
    assert found == step.decides


@pytest.mark.parametrize("step", FLOW, ids=lambda step: step.name)
def test_every_topic_and_table_of_a_step_exists(step: Step) -> None:
    assert {*step.takes, *step.gives} <= {INTAKE, *OUTGOING} | tables()


def test_every_table_has_a_step_that_uses_it() -> None:
    used = {name for step in FLOW for name in (*step.takes, *step.gives)}
    assert tables() - LOOKED_AT_BY_ALL_THAT_HOLD_KEYS <= used


@pytest.mark.parametrize("process", QUERIES)
def test_a_process_reads_and_writes_the_tables_that_its_queries_name(process: str) -> None:
    folder = files("pipeline.adapters.postgres") / "queries"
    text = "\n".join((folder / f"{name}.sql").read_text("utf-8") for name in QUERIES[process])
    named = (part.split("\n", 1) for part in text.split("-- name: ")[1:])
    query = "".join(
        statement for name, statement in named if name not in ASKED_BY_A_PERSON | OF_ASSESS_ALONE.get(process, set())
    )
    written = set(re.findall(r"\b(?:INTO|UPDATE|DELETE FROM) (\w+)", query)) & tables()
    read = set(re.findall(r"\b(?:FROM|JOIN) (\w+)", re.sub(r"DELETE FROM", "", query))) & tables()
    steps = [step for step in FLOW if step.process == process]
    given = {n for s in steps for n in s.gives} & tables() - OF_THE_KEYS
    behind = {"desk": BY_FUNCTIONS_OF_THE_DATABASE, "intake": TOLD_TO_A_SOURCE}
    hidden = OF_ENROLMENT.get(process, set()) | behind.get(process, set())
    assert given - hidden == written - hidden
    taken = {n for s in steps for n in s.takes} & tables() - OF_THE_KEYS
    assert taken - hidden == read - hidden


def test_the_journey_begins_at_the_intake_topics_and_ends_on_all_outgoing_ones() -> None:
    topics = load_directory(data.table("sources.csv")).topics()
    assert topics
    assert all(fnmatchcase(t, INTAKE) and re.match(INTAKE_PATTERN, t) for t in topics)
    assert INTAKE in {name for step in FLOW for name in step.takes}
    assert set(OUTGOING) <= {name for step in FLOW for name in step.gives}


def test_every_process_has_its_steps() -> None:
    assert {step.process for step in FLOW} == set(Stage)


def test_the_documents_table_is_this_page() -> None:
    assert as_table() in ARCHITECTURE.read_text("utf-8")
