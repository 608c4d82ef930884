import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from pipeline.contracts.vocabulary import Priority, Queue
from pipeline.local.demo.picture import Delay, Ledger, Line, Picture, Process, Row
from pipeline.local.demo.view import due_in, plain, render, rows_for

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
ROW = Row(
    priority=Priority.IMMEDIATE,
    due_at=NOW + timedelta(hours=3, minutes=5),
    categories=("child_protection",),
    county="臺中市",
    centre="66000-protective",
    reasons=("child_protection", "injury_visible", "age_under_6", "repeat_harm"),
    reports=3,
)
PICTURE = Picture(
    phase="reports go through",
    elapsed_s=12.3,
    now=NOW,
    reports=1_000,
    acknowledged=640,
    sent={"hotline": 300, "clinic": 200, "partner": 140},
    outcomes={"case": 500, "duplicate": 137},
    lines=(Line(Queue.PROTECTIVE, 300, (ROW,) * 10), Line(Queue.FAMILY, 100, (ROW,) * 10)),
    delay=Delay(600, 27.0, 40.0),
    per_s=50.0,
    processes=(Process("kafka", "up"), Process("assess-1", "restarting", 1)),
    ledger=Ledger(received=640, settled=637, unread=2),
)


def drawn(picture: Picture, width: int) -> list[str]:
    console = Console(width=width, file=io.StringIO())
    with console.capture() as capture:
        console.print(render(picture, width))
    return capture.get().splitlines()


@pytest.mark.parametrize("width", [80, 120])
def test_a_row_tells_priority_deadline_category_place_two_reasons_and_how_many_told(width: int) -> None:
    row = next(line for line in drawn(PICTURE, width) if line.startswith("immediate"))
    for word in ("3 h 05 m", "child", "臺中市", "injury visible, age under 6", "×3"):
        assert word in row


@pytest.mark.parametrize("width", [80, 120])
def test_the_ledger_line_is_the_last(width: int) -> None:
    assert "in 640 = settled 637 + in flight 3    lost 0" in drawn(PICTURE, width)[-1]


def test_a_process_that_is_not_up_says_what_it_does() -> None:
    assert any("assess-1 restarting" in line for line in drawn(PICTURE, 80))


@pytest.mark.parametrize("height", [24, 30, 40, 60])
def test_the_view_fits_the_height_of_the_terminal(height: int) -> None:
    rows = (ROW,) * rows_for(height)
    lines = (Line(Queue.PROTECTIVE, 300, rows), Line(Queue.FAMILY, 100, rows))
    picture = Picture(phase="x", elapsed_s=1.0, now=NOW, reports=10, lines=lines, processes=PICTURE.processes)
    assert len(drawn(picture, 80)) < height


def test_before_anything_was_sent_the_view_is_empty_but_whole() -> None:
    empty = Picture(phase="x", elapsed_s=0.0, now=NOW, reports=10)
    assert "in 0 = settled 0 + in flight 0    lost 0" in drawn(empty, 80)[-1]


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(seconds=40), "0 m 40 s"),
        (timedelta(minutes=12, seconds=4), "12 m 04 s"),
        (timedelta(hours=23, minutes=59), "23 h 59 m"),
        (timedelta(days=29, hours=5), "29 d 05 h"),
        (timedelta(minutes=-70), "late 1 h"),
    ],
)
def test_a_deadline_counts_down_in_its_two_largest_units(left: timedelta, said: str) -> None:
    assert due_in(NOW + left, NOW) == said


def test_a_case_without_a_deadline_shows_a_dash() -> None:
    assert due_in(None, NOW) == "–"


def test_the_plain_line_holds_the_ledger_and_no_control_characters() -> None:
    line = plain(PICTURE)
    assert "in 640 = settled 637 + in flight 3, lost 0" in line
    assert line.isprintable()
