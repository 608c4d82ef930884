from datetime import UTC, datetime
from pathlib import Path

from pipeline.local.demo.traffic import Ack, Errand, errand, finish_torn_line, read_acks


def ack(number: int) -> Ack:
    return Ack(
        number=number,
        event_id=f"e{number}",
        source="clinic-0001",
        kind="clinic",
        what="told",
        topic="intake.clinic.v1",
        partition=0,
        offset=number,
        sha256="ab" * 32,
        sent_ms=1_000 + number,
    )


def an_errand(acked: Path, reports: int = 20) -> Errand:
    return Errand("127.0.0.1:1", acked, reports, 50.0, 1, datetime(2026, 3, 2, 10, tzinfo=UTC))


def test_a_written_line_is_read_as_it_was() -> None:
    assert list(read_acks([ack(7).line()])) == [ack(7)]


def test_a_line_that_a_kill_cut_short_is_no_acknowledgement() -> None:
    assert list(read_acks([ack(1).line(), ack(2).line()[:40], b"\n", b"[1]\n"])) == [ack(1)]


def test_a_torn_line_is_ended_so_that_the_next_stands_alone(tmp_path: Path) -> None:
    acked = tmp_path / "acked.ndjson"
    acked.write_bytes(ack(1).line() + ack(2).line()[:40])
    finish_torn_line(acked)
    finish_torn_line(acked)
    with acked.open("ab") as file:
        file.write(ack(3).line())
    assert list(read_acks(acked.read_bytes().splitlines())) == [ack(1), ack(3)]


def test_a_new_list_stays_empty(tmp_path: Path) -> None:
    finish_torn_line(tmp_path / "acked.ndjson")
    assert (tmp_path / "acked.ndjson").read_bytes() == b""


def test_a_sender_that_is_started_again_goes_on_where_the_acknowledgements_stopped(tmp_path: Path) -> None:
    acked = tmp_path / "acked.ndjson"
    acked.write_bytes(b"".join(ack(number).line() for number in (0, 1, 3)))
    left = list(an_errand(acked).messages())
    assert [m.number for m in left] == [2, *range(4, 20)]
    acked.write_bytes(b"")
    whole = {m.number: m.value for m in an_errand(acked).messages()}
    assert all(whole[m.number] == m.value for m in left)


def test_an_errand_survives_the_command_line(tmp_path: Path) -> None:
    given = an_errand(tmp_path / "a folder" / "acked.ndjson")
    assert errand(list(given.argv())) == given
