"""A file of reports read as histories of cases, whatever order its lines stand in."""

import json
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.report_file import Block, CaseLines, Filing, Index, ReportFileError, read_filing
from pipeline.domain.directory import Directory

LATER = datetime(2027, 3, 1, tzinfo=UTC)


def report(event_id: str, *, source: str = "clinic-1", number: str | None = None, **data: Any) -> bytes:  # noqa: ANN401 - any field of data
    at = "2026-03-02T12:00:00+08:00"
    given = {"report_no": number or event_id, "received_at": at, "channel": "clinic", "categories": ["other"]}
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/sources/{source}",
        "type": "report.submitted.v1",
        "time": at,
        "data": {**given, "persons": [{"role": "victim"}], **data},
    }
    return json.dumps(event, ensure_ascii=False).encode()


def decision(event_id: str, case: str, incident: str, outcome: str = "case") -> str:
    return json.dumps({"event_id": event_id, "outcome": outcome, "case_id": case, "incident_id": incident})


def indexed(folder: Path, *lines: bytes, decisions: list[str] | None = None) -> tuple[Index, Block]:
    file, decided = folder / "reports.ndjson", folder / "decisions.ndjson"
    file.write_bytes(b"\n".join(lines) + b"\n")
    filing: Filing | None = None
    if decisions is not None:
        decided.write_text("\n".join(decisions), "utf-8")
        filing = read_filing(decided)
    index = Index.of(file, filing, lambda _: None)
    reader = CaseLines(file, Directory({}), LATER)
    blocks = [reader.read(block) for block in index.blocks(2)]
    histories = [history for block in blocks for history in block.histories]
    return index, Block(histories, sum(b.unread for b in blocks), sum(b.repeated for b in blocks))


def named(block: Block) -> list[list[str]]:
    return [[told.name for told in history.told] for history in block.histories]


def test_without_decisions_each_report_stands_alone_with_its_versions(tmp_path: Path) -> None:
    lines = report("e-1", number="a"), report("e-2", number="b"), report("e-3", number="a"), report("e-4", source="x")
    _, block = indexed(tmp_path, *lines)
    assert named(block) == [["e-1", "e-3"], ["e-2"], ["e-4"]]
    (first, *_) = block.histories
    assert len({told.report_id for told in first.told}) == 1


def test_one_number_of_two_sources_is_two_reports(tmp_path: Path) -> None:
    _, block = indexed(tmp_path, report("e-1", number="a"), report("e-2", number="a", source="clinic-2"))
    assert named(block) == [["e-1"], ["e-2"]]


def test_decisions_put_reports_into_cases_and_incidents(tmp_path: Path) -> None:
    lines = [report(f"e-{n}", number=f"n-{n}") for n in range(1, 5)]
    decisions = [
        decision("e-1", "A", "i"),
        decision("e-2", "B", "k"),
        decision("e-3", "A", "i"),
        decision("e-4", "A", "j"),
    ]
    index, block = indexed(tmp_path, *lines, decisions=decisions)
    assert named(block) == [["e-1", "e-3", "e-4"], ["e-2"]]
    one, other, third = block.histories[0].told
    assert one.incident_id == other.incident_id != third.incident_id
    assert one.report_id != other.report_id
    assert index.unfiled == 0


def test_the_last_decision_of_an_event_counts_but_no_redelivery(tmp_path: Path) -> None:
    decisions = [
        decision("e-1", "A", "i"),
        decision("e-2", "B", "j"),
        decision("e-1", "B", "j"),
        decision("e-1", "A", "i", "redelivery"),
    ]
    _, block = indexed(tmp_path, report("e-1"), report("e-2"), decisions=decisions)
    assert named(block) == [["e-1", "e-2"]]


def test_a_report_without_a_decision_stands_alone_and_is_counted(tmp_path: Path) -> None:
    unread = json.dumps({"event_id": None, "outcome": "dead_letter", "case_id": None, "incident_id": None})
    index, block = indexed(tmp_path, report("e-1"), report("e-2"), decisions=[decision("e-1", "A", "i"), unread, ""])
    assert named(block) == [["e-1"], ["e-2"]]
    assert index.unfiled == 1


def test_an_id_that_two_sources_use_joins_nobody(tmp_path: Path) -> None:
    lines = report("e-1"), report("e-1", source="clinic-2"), report("e-2")
    index, block = indexed(tmp_path, *lines, decisions=[decision("e-1", "A", "i"), decision("e-2", "A", "i")])
    assert named(block) == [["e-1"], ["e-1"], ["e-2"]]
    assert index.unfiled == 2


def test_links_as_assess_writes_them_are_read_too(tmp_path: Path) -> None:
    file = tmp_path / "links.csv"
    file.write_text("event_id,incident_id,case_id,household_id\ne-1,i,A,h\ne-2,j,A,h\n", "utf-8")
    places = list(read_filing(file).values())
    assert places[0].case == places[1].case
    assert places[0].incident != places[1].incident


def test_what_comes_again_counts_once_and_what_is_no_report_not_at_all(tmp_path: Path) -> None:
    lines = report("e-1"), b"", b"{", b"[]", b'{"id": 1}', report("e-1"), b'"\xff"', report("e-2", persons=[])
    index, block = indexed(tmp_path, *lines)
    assert (named(block), block.unread, block.repeated) == ([["e-1"]], 5, 1)
    assert len(index) == 7


def test_an_id_that_may_be_personal_is_not_shown(tmp_path: Path) -> None:
    _, block = indexed(tmp_path, report("e-1"), report("王小明"))
    assert named(block) == [["e-1"], ["line 2"]]


@given(st.lists(st.integers(0, 6), max_size=40), st.integers(1, 10))
def test_a_block_never_parts_a_case_and_no_line_is_lost(
    tmp_path_factory: pytest.TempPathFactory, cases: list[int], size: int
) -> None:
    file = tmp_path_factory.mktemp("index") / "reports.ndjson"
    file.write_bytes(b"".join(report(f"e-{n}", number=f"case-{case}") + b"\n" for n, case in enumerate(cases)))
    index = Index.of(file, None, lambda _: None)
    blocks = list(index.blocks(size))
    lines = [line for block in blocks for line in block]
    assert sorted(line.number for line in lines) == list(range(1, len(cases) + 1))
    assert len({line.case for line in lines}) == len(set(cases))
    assert sum(len({line.case for line in block}) for block in blocks) == len(set(cases))
    assert all(line.number < later.number for line, later in pairwise(lines) if line.case == later.case)


@pytest.mark.parametrize("text", ["{", "[1]", '{"event_id": "e"}', "\udcff"])
def test_decisions_that_are_none_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "decisions.ndjson"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ReportFileError, match=r"decisions\.ndjson holds no decisions"):
        read_filing(file)


def test_links_without_their_columns_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "links.csv"
    file.write_text("event,case\n1,2\n", "utf-8")
    with pytest.raises(ReportFileError, match="case_id and incident_id are wanted"):
        read_filing(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportFileError, match="cannot be read: No such file"):
        Index.of(tmp_path / "none", None, lambda _: None)
