"""What each role of the server may do, by the catalogue's own word, as a table: a table or a function without a row
fails.
"""

import asyncpg
import pytest
from lab import Lab

from pipeline.domain.posts import WORK_ON_CASES, PostRole
from pipeline.flow import FLOW

WORKERS = sorted(WORK_ON_CASES)
HANDS = sorted(WORK_ON_CASES - {PostRole.DISPATCHER})
NOBODY: list[PostRole] = []
AUDITORS = [PostRole.AUDIT_READER]
TAKE_DOWN = [PostRole.SCREENER, PostRole.SUPERVISOR]
ALL = "*"

PEOPLE_SEE: dict[str, tuple[list[PostRole], str]] = {
    "access_anchor": (AUDITORS, ALL),
    "access_event": (AUDITORS, ALL),
    "access_head": (AUDITORS, ALL),
    "case_file": (
        WORKERS,
        (
            "case_id household_id version state linked_case_id queue priority county centre standing routing opened_at"
            " categories is_sexual"
        ),
    ),
    "case_step": (HANDS, ALL),
    "case_transfer": (WORKERS, ALL),
    "claim": (WORKERS, ALL),
    "claim_ended": ([PostRole.SUPERVISOR], ALL),
    "clock": (WORKERS, ALL),
    "clock_met": (WORKERS, ALL),
    "desk_act": (HANDS, ALL),
    "call_out": (HANDS, ALL),
    "delivery": (HANDS, ALL),
    "notification": (HANDS, ALL),
    "decision": (WORKERS, "event_key case_id incident_id outcome link_class policy_version decided_at"),
    "incident": (WORKERS, ALL),
    "link_edge": (WORKERS, ALL),
    "link_review": (WORKERS, ALL),
    "link_tie": (HANDS, ALL),
    "report": (WORKERS, "report_id incident_id arrival_no"),
    "report_version": (WORKERS, "event_key report_id arrived_at faults"),
    "reveal": (HANDS, ALL),
    "revealed_original": (HANDS, ALL),
    "revealed_report": (HANDS, ALL),
    "revealed_story": (HANDS, ALL),
    "task": (WORKERS, ALL),
    "ticket": (WORKERS, ALL),
    "timer": (WORKERS, ALL),
    "ruling": (HANDS, "ruling_id kind scope ruled_by seconded_by ruled_at"),
    **dict.fromkeys(
        (
            *(
                "alarm",
                "attempt",
                "audit_mark",
                "case_alias",
                "case_event",
                "case_note",
                "co_work",
                "credential",
                "erased_event",
                "erasure",
            ),
            *("history", "inbox", "past_conflict", "past_home", "source_certificate", "source_key", "unread_release"),
            *("key_check", "key_version", "link_key", "oidc_flow", "outbox", "override", "override_part"),
            *("policy_activation", "policy_release", "policy_shadow", "policy_signature", "policy_signer", "post"),
            *("register_version", "relay_lease", "relay_mark", "report_original", "schema_migration"),
            *("shadow_decision", "sign_in_lock", "source", "spool", "staff", "staff_session", "staff_tie"),
            *("desk_transition", "delivery_try", "timer_firing"),
            "told_report",
            *("stream_cursor", "stream_hole", "unread_report"),
        ),
        (NOBODY, ""),
    ),
}
"""Which roles of people read of a table, and which columns; nobody's role writes anything."""

MAY_CALL: dict[str, list[PostRole]] = {
    **dict.fromkeys(("acting_staff", "acting_role", "acting_scope", "session_of", "refuse_act"), sorted(PostRole)),
    **dict.fromkeys(
        (
            *("is_open_at_home", "names_of_case", "may_note", "add_note", "may_read_notes", "revealed_notes"),
            *("co_work_of_case", "co_work_of_mine", "ask_co_work", "answer_co_work", "done_co_work"),
            *("covers", "role_works_on", "is_open_to_me", "has_opened", "may_read_story", "act_on_case"),
            *("cases_of_mine", "queues_of_mine", "tasks_of_mine", "history_of_mine"),
            *("claim_next", "renew_claim", "end_shift", "done_with", "tickets_of_mine"),
            *("open_case", "tell_read", "protective_lead", "transfer_is_mine"),
        ),
        WORKERS,
    ),
    **dict.fromkeys(("note_told_report", "told_report_handed", "told_reports_of_mine"), TAKE_DOWN),
    "records_of_my_centre": [PostRole.DISPATCHER],
    "tell_audit_read": AUDITORS,
    "case_counts": [PostRole.ANALYST, PostRole.SUPERVISOR],
    **dict.fromkeys(("has_broken_glass", "is_told", "acknowledge_notification", "note_call_out"), HANDS),
    **dict.fromkeys(
        (
            *("access_hash", "audit_append", "audit_append_many", "conflicts_of", "told", "seen_case", "why_unseen"),
            *("home_of", "step_fault", "write_step", "co_work_task", "fill_co_work", "co_work_is_mine", "co_work_told"),
            *("tell_co_work", "found_co_work", "why_not_along"),
            *("put_under_guard", "require_live_version", "sealed_under", "end_claims_of_parties", "plain_code"),
            *(
                "is_open_stage",
                "is_done_by_step",
                "place_of",
                "arm",
                "add_task",
                "tell_handled",
                "move_ticket",
                "holds_now",
                "why_not",
            ),
            *("closed_of_mine", "is_full", "act_by_system", "lapse_claim"),
            *("receipt_state", "source_counts", "own_counts"),
        ),
        NOBODY,
    ),
}

_RELATIONS = """
SELECT c.relname, r.rolname,
    has_table_privilege(r.oid, c.oid, 'SELECT') AS whole,
    (SELECT coalesce(string_agg(a.attname, ' ' ORDER BY a.attnum), '') FROM pg_attribute a
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       AND has_column_privilege(r.oid, a.attrelid, a.attnum, 'SELECT')) AS columns,
    has_any_column_privilege(r.oid, c.oid, 'INSERT, UPDATE') OR has_table_privilege(r.oid, c.oid, 'DELETE, TRUNCATE')
        AS writes
FROM pg_class c CROSS JOIN pg_roles r
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND r.rolname = ANY ($1)
"""
_FUNCTIONS = """
SELECT p.proname, r.rolname, has_function_privilege(r.oid, p.oid, 'EXECUTE') AS may
FROM pg_proc p CROSS JOIN pg_roles r
WHERE p.pronamespace = 'public'::regnamespace AND p.prorettype <> 'trigger'::regtype AND r.rolname = ANY ($1)
"""


def server_role(role: PostRole) -> str:
    return f"anwang_{role}"


PEOPLE = [server_role(role) for role in PostRole]


async def test_each_role_of_people_reads_the_columns_of_the_table_and_writes_nothing(lab: Lab) -> None:
    found: dict[str, dict[str, str]] = {}
    for row in await lab.pool.fetch(_RELATIONS, PEOPLE):
        assert not row["writes"], row
        seen = found.setdefault(row["relname"], {})
        if row["columns"]:
            seen[row["rolname"]] = ALL if row["whole"] else row["columns"]
    expected = {name: dict.fromkeys(map(server_role, roles), told) for name, (roles, told) in PEOPLE_SEE.items()}
    assert found == expected


async def test_each_role_of_people_calls_the_functions_of_the_table_alone(lab: Lab) -> None:
    found: dict[str, set[str]] = {}
    for row in await lab.pool.fetch(_FUNCTIONS, PEOPLE):
        found.setdefault(row["proname"], set()).update([row["rolname"]] if row["may"] else [])
    assert found == {name: set(map(server_role, roles)) for name, roles in MAY_CALL.items()}


async def test_whoever_has_not_signed_in_reads_no_table_at_all(lab: Lab) -> None:
    rows = await lab.pool.fetch(_RELATIONS, ["anwang_people"])
    assert {row["relname"] for row in rows if row["columns"] or row["writes"]} == {"schema_migration"}


FOR_ALL = {"schema_migration", "key_check", "key_version"}
"""What each process looks at when it starts, and by which it knows its keys."""

WRITES_AT_START = {"key_check", "key_version"}
BY_COMMAND = {"erase"}
"""A step of the desk that people take by a command, which acts as anwang_operate."""

BY_TRIGGERS = {"past_home", "erased_event", "erasure"}
"""Looked at, and one of them written, beside a step's own tables: what is erased must not come back."""

ONLY_BY_PEOPLE = {
    *("claim", "claim_ended", "reveal", "staff_tie", "access_event", "access_head"),
    *(
        "desk_transition",
        "ticket",
        "desk_act",
        "clock_met",
        "task",
        "timer",
        "case_note",
        "case_step",
        "co_work",
        "told_report",
    ),
    *("notification", "delivery", "call_out"),
}
"""In steps of the desk, of which its process itself has nothing: people reach them, or functions that they call."""

TOLD_TO_A_SOURCE = {"inbox", "case_event"}
"""Of which the intake itself has nothing: `receipt_state` looks there for it."""


@pytest.mark.parametrize("process", sorted({step.process for step in FLOW}))
async def test_a_process_may_do_what_its_steps_say_and_no_more(lab: Lab, process: str) -> None:
    rows = await lab.pool.fetch(_RELATIONS, [f"anwang_{process}"])
    there = {row["relname"] for row in rows}
    reads = {row["relname"] for row in rows if row["columns"]}
    writes = {row["relname"] for row in rows if row["writes"]}
    steps = [step for step in FLOW if step.process == process and step.name not in BY_COMMAND]
    hidden = {"desk": ONLY_BY_PEOPLE, "intake": TOLD_TO_A_SOURCE}.get(process, set())
    takes = {name for step in steps for name in step.takes} & there - hidden
    gives = {name for step in steps for name in step.gives} & there - hidden
    assert takes <= reads
    assert gives <= writes
    assert writes - gives <= WRITES_AT_START | BY_TRIGGERS
    assert reads - takes - gives <= FOR_ALL | BY_TRIGGERS


async def test_nobody_empties_a_table_or_owns_one_but_who_migrates(lab: Lab) -> None:
    rows = await lab.pool.fetch(
        """
        SELECT c.relname, r.rolname FROM pg_class c CROSS JOIN pg_roles r
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND r.rolname LIKE 'anwang\\_%'
          AND (has_table_privilege(r.oid, c.oid, 'TRUNCATE') OR pg_has_role(r.oid, c.relowner, 'USAGE'))
        """
    )
    assert [tuple(row) for row in rows] == []


@pytest.mark.parametrize("role", sorted(PostRole))
async def test_by_hand_no_role_of_people_becomes_another_role(lab: Lab, role: PostRole) -> None:
    async with lab.pool.acquire() as db:
        await db.execute(f"SET SESSION AUTHORIZATION {server_role(role)}")
        try:
            for other in {*map(server_role, PostRole), "anwang_desk", "anwang_keeper"} - {server_role(role)}:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await db.execute(f"SET ROLE {other}")
        finally:
            await db.execute("RESET SESSION AUTHORIZATION")
