"""What goes into logs and metrics, and above all what does not."""

import asyncio
import json
import logging
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from prometheus_client import generate_latest

from pipeline.adapters.log_fields import FIELDS, Event, SourceText
from pipeline.adapters.logs import Log, _Libraries, _texts_in, told_of
from pipeline.adapters.metrics import CODES_MAX, OTHER, Codes, Metrics
from pipeline.adapters.telemetry import Telemetry
from pipeline.contracts.messages import Coordinate, Message, Stream
from pipeline.contracts.topics import CASE_EVENTS
from pipeline.contracts.vocabulary import Outcome
from pipeline.domain.batch import Claim, Unread
from pipeline.domain.ledger import LedgerState
from pipeline.errors import FencedError

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
PERSONAL = "王小明 A123456789 0912-345-678"
ID = UUID("3f5a7b52-6f1e-4f43-8a55-9d0a6a4f3c11")


class Lines:
    """A log whose lines and drops can be looked at."""

    def __init__(self, level: str = "debug") -> None:
        self._out = BytesIO()
        self.dropped = 0
        self.log = Log("assess", level, self._out, self._drop)

    def _drop(self) -> None:
        self.dropped += 1

    @property
    def text(self) -> str:
        return self._out.getvalue().decode()

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


def telemetry(lines: Lines) -> Telemetry:
    made = Telemetry("assess", "debug", lambda: NOW)
    made.log = lines.log
    return made


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def unread(offset: int = 4) -> Unread:
    at = Coordinate("intake.clinic.v1", 1, offset)
    message = Message(at, PERSONAL.encode(), (), NOW - timedelta(seconds=2))
    return Unread(message, Outcome.DEAD_LETTER, "not_json")


def test_a_declared_event_with_declared_fields_becomes_one_line() -> None:
    lines = Lines()
    lines.log.info(Event.CLAIMED, topic="intake.hotline.113.v1", partition=2, epoch=7, next_offset=12)
    (line,) = lines.told
    assert line.pop("at")
    assert line == {
        "level": "info",
        "process": "assess",
        "event": "claimed",
        "topic": "intake.hotline.113.v1",
        "partition": 2,
        "epoch": 7,
        "next_offset": 12,
    }


def test_an_undeclared_field_is_dropped_and_counted() -> None:
    lines = Lines()
    lines.log.info(Event.UNREAD, name=PERSONAL, code="not_json")
    assert "name" not in lines.told[0]
    assert lines.told[0]["code"] == "not_json"
    assert lines.dropped == 1


def test_an_undeclared_event_is_dropped_and_counted() -> None:
    lines = Lines()
    lines.log.info(cast("Event", PERSONAL), code="not_json")
    assert lines.text == ""
    assert lines.dropped == 1


@pytest.mark.parametrize("key", sorted(FIELDS))
@pytest.mark.parametrize("held", [PERSONAL, "王小明", "陳 小 明", ["x"], {"王小明": 1}, {"code": PERSONAL}, object()])
def test_no_field_lets_a_persons_data_pass(key: str, held: object) -> None:
    lines = Lines()
    lines.log.error(Event.ALARM, **cast("Any", {key: held}))
    assert lines.text.isascii()
    assert "A123456789" not in lines.text


@pytest.mark.parametrize(
    "subject",
    [
        "intake.clinic.v1/0",
        "intake.clinic.v1/0 offset 17",
        str(ID),
        f"{ID} version 3",
        "offsets 3 to 5",
        CASE_EVENTS,
    ],
)
def test_an_alarms_subject_is_made_of_coordinates_and_ids(subject: str) -> None:
    lines = Lines()
    lines.log.error(Event.ALARM, subject=subject)
    assert lines.told[0]["subject"] == subject


def test_an_id_may_be_a_uuid() -> None:
    lines = Lines()
    lines.log.info(Event.UNREAD, unread_id=ID)
    assert lines.told[0]["unread_id"] == str(ID)


def test_counts_are_kept_by_code_and_topic_only() -> None:
    lines = Lines()
    lines.log.info(Event.PUBLISHED, published={"queue.family.v1": 3, PERSONAL: 1}, settled={Outcome.CASE: 2})
    assert lines.told[0]["published"] == {"queue.family.v1": 3}
    assert lines.told[0]["settled"] == {"case": 2}


def test_lines_below_the_level_are_not_written() -> None:
    lines = Lines("warning")
    lines.log.info(Event.READY)
    lines.log.warning(Event.NOT_READY)
    assert [line["event"] for line in lines.told] == ["not_ready"]


def raised(error: BaseException) -> BaseException:
    try:
        raise error  # noqa: TRY301 - to give it a traceback
    except BaseException as caught:  # noqa: BLE001 - any error at all
        return caught


def test_of_anothers_error_only_class_and_places_are_told() -> None:
    lines = Lines()
    lines.log.failed(raised(ValueError(PERSONAL)))
    (error,) = lines.told[0]["errors"]
    assert error["class"] == "ValueError"
    assert error["places"][0].startswith("test_telemetry:")
    assert set(error) == {"class", "places"}
    assert "王" not in lines.text


def test_an_error_of_ours_is_told_in_its_words_and_its_causes_without_theirs() -> None:
    try:
        try:
            raise KeyError(PERSONAL)  # noqa: TRY301 - the chain is the point
        except KeyError as cause:
            raise FencedError("another worker holds intake.clinic.v1/0") from cause
    except FencedError as error:
        told = list(told_of(error))
    assert [(e["class"], e.get("text")) for e in told] == [
        ("FencedError", "another worker holds intake.clinic.v1/0"),
        ("KeyError", None),
    ]


def test_a_chain_of_causes_is_told_to_a_bound() -> None:
    error: BaseException = ValueError("0")
    for number in range(20):
        following = ValueError(str(number))
        following.__cause__ = error
        error = following
    assert len(list(told_of(error))) == 5


def library(lines: Lines) -> logging.Logger:
    logger = logging.Logger("somebodys.library")  # noqa: LOG001 - apart from the process's own tree
    logger.addHandler(_Libraries(lines.log))
    return logger


def test_what_a_library_says_is_told_without_its_arguments() -> None:
    lines = Lines()
    library(lines).warning("no answer for %s", PERSONAL)
    (line,) = lines.told
    assert line["text"] == "no answer for %s"
    assert line["logger"] == "somebodys.library"
    assert line["where"].startswith("test_telemetry:")
    assert "王" not in lines.text


def test_a_librarys_text_that_was_put_together_is_not_told() -> None:
    lines = Lines()
    library(lines).warning(f"no answer for {PERSONAL}")
    library(lines).warning("no answer for " + PERSONAL)
    assert all("text" not in line for line in lines.told)
    assert "王" not in lines.text


def test_a_librarys_error_is_told_by_class() -> None:
    lines = Lines()
    library(lines).error("it failed", exc_info=raised(OSError(PERSONAL)))
    assert lines.told[0]["errors"][0]["class"] == "OSError"
    assert "王" not in lines.text


def test_a_source_that_cannot_be_read_vouches_for_no_text(tmp_path: Path) -> None:
    odd = tmp_path / "odd.py"
    odd.write_text("def (")
    assert _texts_in(str(odd)) == frozenset()
    assert _texts_in(str(tmp_path / "gone.py")) == frozenset()


def test_only_text_of_a_source_counts_as_such() -> None:
    lines = Lines()
    lines.log.info(Event.LIBRARY, text="plain")
    lines.log.info(Event.LIBRARY, text=SourceText("vouched for"))
    assert [line.get("text") for line in lines.told] == [None, "vouched for"]


UNCAUGHT = f"""
import asyncio, gc, logging, sys, threading
from pipeline.adapters.logs import Log, take_over, take_over_loop
log = Log("assess", "info")
take_over(log)
thread = threading.Thread(target=lambda: int("{PERSONAL}")); thread.start(); thread.join()
class Dying:
    def __del__(self): raise ValueError("{PERSONAL}")
Dying(); gc.collect()
async def main():
    take_over_loop(log, asyncio.get_running_loop())
    async def fail(): raise ValueError("{PERSONAL}")
    task = asyncio.create_task(fail()); await asyncio.sleep(0); await asyncio.sleep(0); del task; gc.collect()
    asyncio.get_running_loop().call_exception_handler({{"message": "{PERSONAL}"}})
asyncio.run(main())
import warnings; warnings.warn("{PERSONAL}")
logging.getLogger("aiokafka").error("broken format %d", "{PERSONAL}")
raise KeyError("{PERSONAL}")
"""


def test_whatever_python_would_print_of_an_uncaught_error_goes_through_the_allow_list() -> None:
    ended = subprocess.run([sys.executable, "-c", UNCAUGHT], capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "王" not in ended.stderr
    assert "A123456789" not in ended.stderr
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    failed = [line for line in lines if line["event"] == "failed"]
    assert [(line.get("why"), [e["class"] for e in line.get("errors", [])]) for line in failed] == [
        ("thread", ["ValueError"]),
        ("unraisable", ["ValueError"]),
        ("event_loop", ["ValueError"]),
        ("event_loop", []),
        (None, ["KeyError"]),
    ]
    assert [line["logger"] for line in lines if line["event"] == "library"] == ["py.warnings", "aiokafka"]


def test_settled_messages_are_counted_by_outcome_and_unread_ones_logged_by_coordinate() -> None:
    lines = Lines()
    told = telemetry(lines)
    told.settled({Outcome.DEAD_LETTER: 1, Outcome.CASE: 2}, [unread()])
    assert value(told.metrics, "anwang_settled_total", outcome="case") == 2
    assert value(told.metrics, "anwang_arrival_to_settled_seconds_sum") == 2
    line = next(line for line in lines.told if line["event"] == "unread")
    assert (line["code"], line["topic"], line["partition"], line["offset"]) == ("not_json", "intake.clinic.v1", 1, 4)
    assert "王" not in lines.text


def test_claims_and_turns_are_measured() -> None:
    told = telemetry(Lines())
    told.claimed(Stream("intake.clinic.v1", 0), Claim(3, 17, 16, 0, 17))
    told.turned(0, 0.5)
    told.turned(120, 0.08)
    assert value(told.metrics, "anwang_claims_total") == 1
    assert value(told.metrics, "anwang_batch_messages_count") == 1
    assert value(told.metrics, "anwang_batch_seconds_sum") == 0.08


def test_published_messages_are_counted_by_topic_and_strange_topics_together() -> None:
    told = telemetry(Lines())
    told.published({"queue.family.v1": 2, "queue.of.王小明": 3})
    told.delivered([NOW - timedelta(milliseconds=20)])
    assert value(told.metrics, "anwang_published_total", topic="queue.family.v1") == 2
    assert value(told.metrics, "anwang_published_total", topic=OTHER) == 3
    assert value(told.metrics, "anwang_report_to_queue_seconds_sum") == pytest.approx(0.02)


LEDGER = LedgerState(
    received=5,
    settled={Outcome.CASE: 4},
    in_flight=1,
    lost=0,
    unpublished=2,
    oldest_unsettled_s=1.5,
    unread_open=3,
    unread_overdue=1,
    findings={},
)


def test_the_ledger_is_told_as_gauges_for_every_outcome() -> None:
    told = telemetry(Lines())
    told.audited(LEDGER)
    assert value(told.metrics, "anwang_ledger_received") == 5
    assert value(told.metrics, "anwang_ledger_settled", outcome="case") == 4
    assert value(told.metrics, "anwang_ledger_settled", outcome="quarantine") == 0
    assert value(told.metrics, "anwang_ledger_oldest_unsettled_seconds") == 1.5
    assert value(told.metrics, "anwang_ledger_balanced") == 1
    assert value(told.metrics, "anwang_ledger_audited_at_seconds") == NOW.timestamp()


def test_a_process_that_does_not_audit_says_nothing_of_the_ledger() -> None:
    told = telemetry(Lines())
    told.published({"queue.family.v1": 2})
    assert b"anwang_ledger" not in generate_latest(told.metrics.registry)


def test_a_finding_that_is_settled_leaves_the_gauges() -> None:
    told = telemetry(Lines())
    told.audited(replace(LEDGER, findings={"gap": 2}))
    assert value(told.metrics, "anwang_ledger_findings", code="gap") == 2
    assert value(told.metrics, "anwang_ledger_balanced") == 0
    told.audited(LEDGER)
    assert value(told.metrics, "anwang_ledger_findings", code="gap") is None


def test_the_ledger_is_logged_when_it_ceases_to_balance_and_otherwise_once_a_minute() -> None:
    lines = Lines()
    told = telemetry(lines)
    broken = LedgerState(5, {Outcome.CASE: 4}, 0, 1, 0, 0.0, 0, 0, {"missing": 1})
    for state in (LEDGER, LEDGER, broken, broken, LEDGER):
        told.audited(state)
    assert [line["balanced"] for line in lines.told] == [True, False, True]


def test_alarms_are_counted_by_code_and_told_at_once() -> None:
    lines = Lines()
    told = telemetry(lines)
    told.alarm("gap", "intake.clinic.v1/0 offset 17")
    assert value(told.metrics, "anwang_alarms_total", code="gap") == 1
    assert (lines.told[0]["code"], lines.told[0]["subject"]) == ("gap", "intake.clinic.v1/0 offset 17")


def test_a_label_takes_only_codes_and_only_so_many() -> None:
    codes = Codes()
    assert codes.bounded("gap") == "gap"
    assert codes.bounded(PERSONAL) == OTHER
    kept = [codes.bounded(f"code_{n}") for n in range(CODES_MAX)]
    assert kept[-1] == OTHER
    assert codes.bounded("gap") == "gap"


def test_every_metric_is_ours_or_pythons_own_and_an_undeclared_one_fails() -> None:
    metrics = Metrics("assess")
    names = {m.name for m in metrics.registry.collect()}
    assert all(name.startswith(("anwang_", "process_", "python_gc_")) for name in names)
    assert b"anwang_up" in generate_latest(metrics.registry)
    with pytest.raises(AttributeError):
        _ = metrics.reports_of_a_person  # type: ignore[attr-defined]


async def test_what_the_loop_cannot_hand_to_anyone_is_told_by_class() -> None:
    from pipeline.adapters.logs import take_over_loop  # noqa: PLC0415

    lines, loop = Lines(), asyncio.get_running_loop()
    take_over_loop(lines.log, loop)
    loop.call_exception_handler({"message": PERSONAL, "exception": ValueError(PERSONAL)})
    loop.set_exception_handler(None)
    assert lines.told[0]["errors"][0]["class"] == "ValueError"
    assert "王" not in lines.text
