"""The spreadsheet of a policy: there and back, and every cell that will not do."""

import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.adapters.policy_toml import changed
from pipeline.adapters.policy_workbook import WorkbookRefusedError, read_workbook, write_workbook
from pipeline.commands.policy_excel import Heads, from_excel
from pipeline.commands.policy_file import PolicyRefusedError, policy_of
from pipeline.domain.policy.reading import read_policy, shipped
from pipeline.domain.policy.sheet_edits import GivenCell, GivenSheet, edits_of
from pipeline.domain.policy.sheets import SHEETS, rows_of

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "deploy/policy/default-2026.1.toml", ROOT / "deploy/policy/examples/city-2027.1.toml"]
DEFAULT = FILES[0]
TABLES = shipped().tables
NO_HEADS = Heads(None, None)

Fill = Callable[[Any], None]


def filled() -> dict[str, GivenSheet]:
    """Every sheet, as it is written."""
    return {
        sheet.name: GivenSheet(
            [
                {c.key: GivenCell(f"{c.key}{number}", row.values[c.key]) for c in sheet.columns}
                for number, row in enumerate(rows_of(sheet, TABLES), 2)
            ]
        )
        for sheet in SHEETS
    }


def came_back(tmp_path: Path, fill: Fill, *, heads: Heads = NO_HEADS) -> tuple[int, Path]:
    book_path, out = tmp_path / "policy.xlsx", tmp_path / "new.toml"
    write_workbook(TABLES, book_path)
    book = openpyxl.load_workbook(book_path)
    fill(book)
    book.save(book_path)
    return from_excel(book_path, DEFAULT, out, heads), out


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_a_spreadsheet_that_nobody_touched_gives_the_same_file(file: Path, tmp_path: Path) -> None:
    write_workbook(policy_of(file).tables, tmp_path / "policy.xlsx")
    assert from_excel(tmp_path / "policy.xlsx", file, tmp_path / "new.toml", NO_HEADS) == 0
    assert (tmp_path / "new.toml").read_bytes() == file.read_bytes()


POINTED = [s for s in SHEETS if any(c.key == "points" for c in s.columns) and s.name != "item"]


@given(st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_points_that_were_changed_are_the_only_change(data: st.DataObject) -> None:
    given_sheets, wanted = filled(), TABLES
    text = DEFAULT.read_text("utf-8")
    for sheet in data.draw(st.lists(st.sampled_from(POINTED), unique_by=lambda s: s.name, min_size=1)):
        rows = [dict(row) for row in given_sheets[sheet.name].rows]
        place = data.draw(st.integers(0, len(rows) - 1))
        points = data.draw(st.integers(0, 100))
        rows[place]["points"] = GivenCell("x", data.draw(st.sampled_from([points, float(points), f" {points}"])))
        given_sheets[sheet.name] = GivenSheet(rows)
        table = [*getattr(wanted, sheet.name)]
        table[place] = table[place].model_copy(update={"points": points})
        wanted = wanted.model_copy(update={sheet.name: tuple(table)})
    found = edits_of(TABLES, given_sheets)
    assert found.faults == []
    new = changed(text, found.edits)
    assert type(TABLES).model_validate(_values(new)) == wanted
    assert _comments(new) == _comments(text)


def _values(text: str) -> Mapping[str, object]:
    return tomllib.loads(text)


def _comments(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("#") or not line.strip()]


def test_rows_may_be_added_and_taken_away_where_words_are_free(tmp_path: Path) -> None:
    def fill(book: Any) -> None:  # noqa: ANN401 - a workbook
        page = book["指標 indicator"]
        page.append(["public_danger", 8, "公共危險", "Public danger"])
        page.delete_rows(next(r[0].row for r in page.iter_rows() if r[0].value == "property_damage"))
        book["日曆 calendar"].append([datetime(2026, 7, 10, tzinfo=UTC).replace(tzinfo=None), "off"])
        book["人員狀況 person"].append(["dementia", "caregiver, victim", 2, "失智", "Dementia"])

    code, out = came_back(tmp_path, fill, heads=Heads("city-1", date(2027, 1, 1)))
    assert code == 0
    new = read_policy(out.read_text("utf-8")).tables
    assert (new.version, new.effective_from) == ("city-1", date(2027, 1, 1))
    assert [r.code for r in new.indicator] == [
        *(r.code for r in TABLES.indicator if r.code != "property_damage"),
        "public_danger",
    ]
    assert "07-10" in new.calendar.off[2026]
    assert new.person[-1].person == ("caregiver", "victim")


def test_a_clock_gets_another_length_and_unit(tmp_path: Path) -> None:
    def fill(book: Any) -> None:  # noqa: ANN401 - a workbook
        page = book["時限 clock"]
        row = next(r for r in page.iter_rows() if r[1].value == "disabled_person_report")
        row[2].value, row[3].value = 4, "working_days"

    code, out = came_back(tmp_path, fill)
    assert code == 0
    row = next(r for r in read_policy(out.read_text("utf-8")).tables.clock if r.name == "disabled_person_report")
    assert (row.due.working_days, row.due.calendar_days) == (4, None)


@pytest.mark.parametrize("text", ["=1+1", "+886", "-", "@SUM(A1)", "=cmd|' /C calc'!A0"])
def test_a_text_that_looks_like_a_formula_is_written_as_a_text(text: str, tmp_path: Path) -> None:
    row = TABLES.indicator[0].model_copy(update={"zh": text})
    write_workbook(TABLES.model_copy(update={"indicator": (row, *TABLES.indicator[1:])}), tmp_path / "p.xlsx")
    cell = openpyxl.load_workbook(tmp_path / "p.xlsx")["指標 indicator"]["C2"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == (text, "s", True)
    assert read_workbook(tmp_path / "p.xlsx")["indicator"].rows[0]["zh"].value == text


def test_all_cells_that_will_not_do_are_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def fill(book: Any) -> None:  # noqa: ANN401 - a workbook
        page = book["指標 indicator"]
        page["B2"], page["B3"], page["B4"], page["B5"] = "=1+1", "many", 3.5, -3
        page["C6"], page["A7"], page["D8"] = None, "Bad Code", "x" * 500
        book["案件類別 category"]["A3"] = "child_protecton"
        book["時限 clock"]["D2"] = "days"
        book["日曆 calendar"]["A3"] = "2026-02-30"
        book["量表題目 item"]["C4"] = 300
        del book["角色 role"]

    code, out = came_back(tmp_path, fill)
    assert code == 1
    assert not out.exists()
    assert [line.partition(": ")[0].rpartition("xlsx, ")[2] for line in capsys.readouterr().err.splitlines()] == [
        "案件類別 category, A3",
        "指標 indicator, B2",
        "指標 indicator, B3",
        "指標 indicator, B4",
        "指標 indicator, B5",
        "指標 indicator, C6",
        "指標 indicator, A7",
        "指標 indicator, D8",
        "角色 role, A1",
        "量表題目 item, C4",
        "時限 clock, D2",
        "日曆 calendar, A3",
    ]


def test_a_row_that_may_not_go_is_asked_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert came_back(tmp_path, lambda book: book["案件類別 category"].delete_rows(4))[0] == 1
    assert "the row elder_protection is gone: put it back" in capsys.readouterr().err


def test_an_indicator_that_conditions_name_cannot_go(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert came_back(tmp_path, lambda book: book["指標 indicator"].delete_rows(2))[0] == 1
    assert "there is no indicator injury_visible" in capsys.readouterr().err


def test_a_row_that_is_there_twice_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = came_back(tmp_path, lambda book: book["指標 indicator"].append(["neglect", 1, "甲", "A"]))
    assert code == 1
    assert "the row neglect is there twice" in capsys.readouterr().err


def test_a_column_that_is_missing_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert came_back(tmp_path, lambda book: book["指標 indicator"].delete_cols(2))[0] == 1
    assert "the column 分數 points is missing" in capsys.readouterr().err


def test_examples_that_come_out_otherwise_now_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def fill(book: Any) -> None:  # noqa: ANN401 - a workbook
        book["指標 indicator"]["B2"] = 9

    assert came_back(tmp_path, fill)[0] == 0
    told = capsys.readouterr().out
    assert "example 1 expect score: expected 39, but it is 40" in told
    assert "its version is still default-2026.1" in told


def test_a_file_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "there.xlsx").write_bytes(b"mine")
    with pytest.raises(WorkbookRefusedError):
        write_workbook(TABLES, tmp_path / "there.xlsx")
    write_workbook(TABLES, tmp_path / "policy.xlsx")
    with pytest.raises(PolicyRefusedError):
        from_excel(tmp_path / "policy.xlsx", DEFAULT, tmp_path / "there.xlsx", NO_HEADS)
    assert (tmp_path / "there.xlsx").read_bytes() == b"mine"


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04broken", b"version = 1"])
def test_what_is_no_workbook_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_bytes(data)
    with pytest.raises(WorkbookRefusedError):
        read_workbook(tmp_path / "x.xlsx")
