from typing import Any

from pipeline.contracts.vocabulary import Priority, Queue
from pipeline.local.demo.board import Board
from pipeline.local.demo.picture import Line


def record(**changed: object) -> dict[str, Any]:
    return {
        "event_id": "e1",
        "case_id": "c1",
        "case_version": 1,
        "kind": "assigned",
        "queue": "family",
        "centre": "66000-family",
        "priority": "routine",
        "next_deadline": "2026-03-03T09:00:00+08:00",
        "categories": ["vulnerable_family"],
        "county": "臺中市",
        "reasons": [{"code": "unemployment", "points": 3, "field": "indicators[0]"}],
        "reports": 1,
    } | changed


def board_of(*records: dict[str, Any]) -> Board:
    board = Board()
    for at_ms, one in enumerate(records):
        board.take(one, 1_000 + at_ms)
    return board


def family(board: Board) -> Line:
    return next(line for line in board.lines(10) if line.queue is Queue.FAMILY)


def test_an_assigned_case_waits_in_its_queue() -> None:
    line = family(board_of(record()))
    assert (line.waiting, line.rows[0].county) == (1, "臺中市")


def test_the_highest_version_of_a_case_wins_whatever_the_order() -> None:
    newer = record(case_version=2, priority="urgent")
    assert family(board_of(newer, record())).rows[0].priority is Priority.URGENT


def test_a_withdrawn_case_no_longer_waits() -> None:
    assert family(board_of(record(), record(case_version=2, kind="withdrawn"))).waiting == 0


def test_a_case_that_moves_waits_only_where_it_went() -> None:
    gone = record(case_version=2, kind="withdrawn")
    come = record(case_version=2, queue="protective", centre="66000-protective")
    assert [line.waiting for line in board_of(record(), gone, come).lines(10)] == [1, 0]


def test_the_gravest_case_stands_first_and_of_two_alike_the_one_due_sooner() -> None:
    sooner = "2026-03-02T09:00:00+08:00"
    board = board_of(
        record(),
        record(case_id="c2", next_deadline=sooner),
        record(case_id="c3", priority="immediate"),
        record(case_id="c4", next_deadline=None),
    )
    rows = family(board).rows
    assert [row.priority for row in rows[:2]] == [Priority.IMMEDIATE, Priority.ROUTINE]
    assert rows[1].due_at is not None
    assert rows[1].due_at.isoformat() == sooner
    assert rows[-1].due_at is None


def test_only_the_first_record_of_an_event_counts_for_its_delay() -> None:
    board = board_of(record(), record(), record(event_id="e2", case_id="c2"), record(event_id="unsent"))
    delay = board.delay({"e1": 900, "e2": 902})
    assert (delay.count, delay.p50_ms, delay.p99_ms) == (2, 100.0, 100.0)


def test_without_any_record_there_is_no_delay() -> None:
    assert Board().delay({}).count == 0
