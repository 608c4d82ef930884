import ast
import json
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from pipeline.local.demo import verifier
from pipeline.local.demo.verifier import Acknowledged, Case, Log, Settled, Tables, Version, read_acknowledged, report

CASE, EVENT, SOURCE, UNREAD = "c1", "e1", "hotline-113", "u1"
GOOD_AT, BAD_AT = ("intake.clinic.v1", 0, 0), ("intake.clinic.v1", 0, 1)
GOOD, BAD = sha256(b"good").hexdigest(), sha256(b"bad").hexdigest()
QUEUE_AT = ("queue.family.v1", 2, 5)
RECORD = json.dumps(
    {"event_id": EVENT, "case_id": CASE, "case_version": 1, "kind": "assigned", "centre": "66000-family"}
).encode()
ACKED = [Acknowledged(GOOD_AT, EVENT, SOURCE, GOOD), Acknowledged(BAD_AT, None, SOURCE, BAD)]


def log() -> Log:
    return Log({GOOD_AT: GOOD, BAD_AT: BAD}, {QUEUE_AT: RECORD})


def tables(**changed: object) -> Tables:
    whole = Tables(
        inbox={
            GOOD_AT: Settled("case", GOOD, (SOURCE, EVENT), "None"),
            BAD_AT: Settled("dead_letter", BAD, None, UNREAD),
        },
        cursors={("intake.clinic.v1", 0): 2},
        versions={(SOURCE, EVENT): [Version(CASE, decided=True)]},
        cases={CASE: Case(1, 1, 1)},
        outbox=[("queue.family.v1", RECORD, 2, 5)],
        unread={UNREAD},
    )
    return replace(whole, **changed)  # type: ignore[arg-type]


def codes(answer: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in answer["findings"]}


def test_a_whole_run_has_no_findings() -> None:
    answer = report(ACKED, log(), tables())
    assert answer["ok"]
    assert (answer["received"], answer["settled"]) == (2, {"case": 1, "dead_letter": 1})
    assert (answer["in_flight"], answer["lost"], answer["doubles"]) == (0, 0, 0)


def test_a_message_that_the_cursor_passed_without_settling_is_lost() -> None:
    answer = report(ACKED, log(), tables(inbox={BAD_AT: tables().inbox[BAD_AT]}))
    assert codes(answer) == {"acknowledged_but_not_settled", "in_kafka_but_not_settled"}
    assert answer["lost"] == 1


def test_a_message_that_the_cursor_has_not_reached_is_in_flight_not_lost() -> None:
    answer = report(ACKED, log(), tables(inbox={GOOD_AT: tables().inbox[GOOD_AT]}, cursors={GOOD_AT[:2]: 1}))
    assert (answer["lost"], answer["in_flight"]) == (0, 1)
    assert not answer["ok"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"versions": {}}, "accepted_without_a_report"),
        ({"versions": {(SOURCE, EVENT): [Version(None, decided=True)]}}, "accepted_without_a_case"),
        ({"versions": {(SOURCE, EVENT): [Version(CASE, decided=False)]}}, "accepted_without_a_decision"),
        ({"cases": {CASE: Case(2, 1, 2)}}, "case_without_its_whole_history"),
        ({"cases": {CASE: Case(1, 0, 0)}}, "case_without_its_whole_history"),
        ({"unread": set()}, "set_aside_but_in_no_list"),
        ({"outbox": [("queue.family.v1", RECORD, None, None)]}, "not_published"),
        ({"outbox": [("queue.family.v1", RECORD, 2, 6)]}, "marked_but_not_there"),
        ({"outbox": []}, "on_a_topic_but_not_in_the_outbox"),
    ],
)
def test_what_is_missing_in_postgres_is_found(changed: dict[str, Any], code: str) -> None:
    assert codes(report(ACKED, log(), tables(**changed))) == {code}


def test_two_cases_for_one_event_are_found() -> None:
    versions = {(SOURCE, EVENT): [Version(CASE, decided=True), Version("c2", decided=True)]}
    answer = report(ACKED, log(), tables(versions=versions, cases={CASE: Case(1, 1, 1), "c2": Case(1, 1, 1)}))
    assert codes(answer) == {"two_cases_for_one_event"}


def test_an_event_that_is_on_no_queue_is_found() -> None:
    answer = report(ACKED, replace(log(), outgoing={}), tables(outbox=[]))
    assert codes(answer) == {"accepted_but_on_no_queue"}


def test_a_log_with_other_bytes_than_were_acknowledged_is_found() -> None:
    answer = report(ACKED, replace(log(), intake={GOOD_AT: BAD, BAD_AT: BAD}), tables())
    assert codes(answer) == {"acknowledged_but_not_in_kafka", "settled_with_another_digest"}


def test_two_messages_that_were_settled_with_one_digest_are_found() -> None:
    inbox = tables().inbox | {BAD_AT: replace(tables().inbox[BAD_AT], digest=GOOD)}
    assert codes(report(ACKED, log(), tables(inbox=inbox))) == {"settled_with_another_digest"}


def test_the_same_record_twice_is_a_double_and_no_finding() -> None:
    again = {QUEUE_AT: RECORD, ("queue.family.v1", 2, 6): RECORD[:] + b""}
    answer = report(ACKED, replace(log(), outgoing=again), tables())
    assert answer["ok"]


def test_one_version_of_a_case_that_says_two_things_is_found() -> None:
    other = RECORD.replace(b'"assigned"', b'"assigned" ')
    answer = report(
        ACKED,
        replace(log(), outgoing={QUEUE_AT: RECORD, ("queue.family.v1", 2, 6): other}),
        tables(outbox=[("queue.family.v1", RECORD, 2, 5), ("queue.family.v1", other, 2, 6)]),
    )
    assert codes(answer) == {"one_version_two_records"}


def test_a_line_that_a_kill_cut_short_is_passed_over() -> None:
    line = json.dumps({"topic": "t", "partition": 0, "offset": 7, "event_id": EVENT, "source": SOURCE, "sha256": GOOD})
    read = read_acknowledged(f"{line}\n{line[:30]}\n{line}\n{line[:50]}".encode())
    assert [ack.at for ack in read] == [("t", 0, 7)] * 2


def test_it_imports_nothing_of_ours() -> None:
    tree = ast.parse(Path(verifier.__file__).read_text("utf-8"))
    modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    foreign = {module.split(".")[0] for module in modules} - set(sys.stdlib_module_names)
    assert foreign == {"aiokafka", "asyncpg"}
