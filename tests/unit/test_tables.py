"""Rows of files as people and systems write them: every line is found where an editor shows it."""

import csv
import io
import zipfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from import_rows import BROKEN, as_cp950, as_csv, planted, write_xlsx

from pipeline.adapters import tables
from pipeline.adapters.big5 import OWN_CHARACTERS
from pipeline.adapters.mappings import load_mapping
from pipeline.adapters.tables import QUOTED_LINES_MAX, TableRefusedError, open_table
from pipeline.contracts.mapping import ReportMapping, parse_mapping
from pipeline.domain.importing.faults import RowFault
from pipeline.domain.importing.row import Row

MORE = """
[persons.victim]
role = "victim"
[constants]
channel = "clinic"
categories = ["other"]
received_at = "2026-05-06T00:00:00+08:00"
[[column]]
header = "編號"
to = "report_no"
[[column]]
header = "姓名"
to = "victim.name"
[[column]]
header = "說明"
to = "narrative"
"""


def mapping(*lines: str) -> ReportMapping:
    return parse_mapping("\n".join(['title = "T"', "[file]", *lines, MORE]))


CSV = mapping('kinds = ["csv"]')
HEAD = "編號,姓名,說明\r\n"


def rows_of(path: Path, told: bytes | str, how: ReportMapping = CSV, name: str = "a.csv") -> list[Row]:
    file = path / name
    file.write_bytes(told if isinstance(told, bytes) else told.encode())
    with open_table(file, how) as table:
        return list(table)


def seen(rows: list[Row]) -> list[tuple[int, Any]]:
    return [(row.line, row.fault or row.cells) for row in rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp950"])
def test_chinese_is_read_in_each_of_its_encodings(tmp_path: Path, encoding: str) -> None:
    rows = rows_of(tmp_path, f"{HEAD}1,王小明,許功蓋\r\n".encode(encoding))
    assert seen(rows) == [(2, ("1", "王小明", "許功蓋"))]


def test_a_character_that_an_office_drew_for_itself_is_kept(tmp_path: Path) -> None:
    told = HEAD.encode("cp950") + b"1,\xfa\x40\x8e\x40\x81\x40\xc8\xfe,x\r\n"
    assert seen(rows_of(tmp_path, told)) == [(2, ("1", "\ue000\ue311\ueeb8\uf848", "x"))]


def test_a_byte_that_is_no_character_stays_in_its_cell(tmp_path: Path) -> None:
    cp950 = rows_of(tmp_path, HEAD.encode("cp950") + "1,王\ufffd,x\r\n2,李,y\r\n".replace("\ufffd", "").encode("cp950")
                    .replace(b",x", b"\xff,x"))  # fmt: skip
    assert seen(cp950) == [(2, ("1", "王\udcff", "x")), (3, ("2", "李", "y"))]
    utf8 = rows_of(tmp_path, HEAD.encode() + "1,王".encode() + b"\xe7,x\r\n")
    assert utf8[0].cells[1] == "王\udce7"


def test_an_error_of_writing_is_not_ours_to_handle() -> None:
    with pytest.raises(UnicodeEncodeError):
        "\u5803".encode("cp950", OWN_CHARACTERS)


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, f'{HEAD}1,a,"x\r\ny\r\nz"\r\n\r\n , ,\r\n2,b,"說 ""好"""\r\n')
    assert seen(rows) == [(2, ("1", "a", "x\r\ny\r\nz")), (7, ("2", "b", '說 "好"'))]


def test_a_quotation_mark_that_nobody_closed_costs_its_own_line_only(tmp_path: Path) -> None:
    good = "".join(f'{n},a,"說 ""{n}"""\n' for n in range(3, 200))
    rows = rows_of(tmp_path, f'{HEAD}1,a,"x\n2,b,c\n{good}')
    assert seen(rows)[:2] == [(2, RowFault.QUOTE_OPEN), (3, ("2", "b", "c"))]
    assert [row.cells[0] for row in rows[2:]] == [str(n) for n in range(3, 200)]


def test_a_cell_over_very_many_lines_is_taken_for_one_that_nobody_closed(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, f'{HEAD}1,a,"{"x" + chr(10) * (QUOTED_LINES_MAX + 1)}"\n2,b,c\n')
    assert (rows[0].fault, rows[-1].cells) == (RowFault.QUOTE_OPEN, ("2", "b", "c"))


def test_a_quotation_mark_inside_a_word_is_a_character(tmp_path: Path) -> None:
    assert seen(rows_of(tmp_path, f'{HEAD}1,a,12" 管\n2,b,c\n'))[0] == (2, ("1", "a", '12" 管'))


def test_empty_cells_behind_the_last_column_are_passed_over_and_others_are_not(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, "編號,姓名,說明,,\n1,a,b,,\n2,a,b,c,\n3,a\n")
    assert [len(row.cells) for row in rows] == [3, 4, 2]


def test_another_delimiter_and_a_header_further_down(tmp_path: Path) -> None:
    how = mapping('kinds = ["csv"]', 'delimiter = ";"', "header_row = 3")
    assert seen(rows_of(tmp_path, "某某診所\n製表日\n編號;姓名;說明\n1;a;b,c\n", how)) == [(4, ("1", "a", "b,c"))]


def test_a_header_may_go_on_over_several_lines(tmp_path: Path) -> None:
    told = '製表 12"\n編號,"姓\n名",說明\n1,a,b\n'
    assert seen(rows_of(tmp_path, told, mapping('kinds = ["csv"]', "header_row = 2"))) == [(4, ("1", "a", "b"))]
    with open_table(tmp_path / "a.csv", mapping('kinds = ["csv"]', "header_row = 2")) as table:
        assert table.headers == ("編號", "姓\n名", "說明")


@pytest.mark.parametrize(("kind", "name"), [("csv", "a.csv"), ("ndjson", "a.ndjson")])
def test_a_line_without_an_end_costs_itself_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, name: str
) -> None:
    monkeypatch.setattr(tables, "LINE_MAX", 80)
    good, head = ("2,b,c", HEAD) if kind == "csv" else ('{"編號": "2", "姓名": "b", "說明": "c"}', "\n")
    rows = rows_of(tmp_path, f"{head}{'x' * 1000}\n{good}\n", mapping(f'kinds = ["{kind}"]'), name)
    assert seen(rows) == [(2, RowFault.TOO_LARGE), (3, ("2", "b", "c"))]


def test_without_a_header_the_columns_come_in_the_mappings_order(tmp_path: Path) -> None:
    how = mapping('kinds = ["csv"]', "header_row = 0")
    assert seen(rows_of(tmp_path, "1,a,b\n2,c,d\n", how)) == [(1, ("1", "a", "b")), (2, ("2", "c", "d"))]
    mended = rows_of(tmp_path, "faults,編號,姓名,說明\nline 1,1,a,b\n", how)
    assert seen(mended) == [(2, ("line 1", "1", "a", "b"))]


TRAILED = mapping('kinds = ["csv"]', 'trailer = { mark = "T", count_cell = 2 }')


@pytest.mark.parametrize(
    ("told", "is_whole", "rows"),
    [
        ("1,a,b\n2,c,d\nT,2\n", True, 2),
        ("1,a,b\n2,c,d\nT,00000002,x,y", True, 2),
        ("1,a,b\nT,2\n", False, 1),
        ("1,a,b\n2,c,d\n", False, 2),
        ("T,1\n1,a,b\n", False, 1),
        ("1,a,b\nT\n", False, 1),
        ("1,a,b\nT,viele\n", False, 1),
    ],
)
def test_the_last_line_tells_whether_the_file_is_whole(tmp_path: Path, *, told: str, is_whole: bool, rows: int) -> None:
    (tmp_path / "a.csv").write_text(HEAD.replace("\r", "") + told)
    with open_table(tmp_path / "a.csv", TRAILED) as table:
        assert len(list(table)) == rows
        assert (table.is_whole, table.rows_seen) == (is_whole, rows)


def test_where_a_batch_breaks_off_its_last_line_is_not_believed(tmp_path: Path) -> None:
    assert seen(rows_of(tmp_path, f"{HEAD}1,a,b\n2,c,dd", TRAILED))[1] == (3, RowFault.LINE_NOT_WHOLE)
    assert seen(rows_of(tmp_path, f"{HEAD}1,a,b\n2,c,dd"))[1] == (3, ("2", "c", "dd"))


@pytest.mark.parametrize(
    ("told", "name", "said"),
    [
        (b"\xd0\xcf\x11\xe0rest", "a.xlsx", "old .xls or has a password"),
        (b"\xff\xfea\x00", "a.csv", "is UTF-16"),
        (b"PK\x03\x04rest", "a.xlsx", "no Excel workbook|is xlsx; the mapping is for csv"),
        (b"{}", "a.ndjson", "is ndjson; the mapping is for csv"),
        (b"", "a.csv", "has no header row"),
    ],
)
def test_a_file_of_another_kind_is_refused_in_plain_words(tmp_path: Path, told: bytes, name: str, said: str) -> None:
    with pytest.raises(TableRefusedError, match=said):
        rows_of(tmp_path, told, name=name)


def test_a_file_that_is_not_there_or_is_a_broken_workbook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableRefusedError, match="No such file"), open_table(tmp_path / "none.csv", CSV):
        pass
    how = mapping('kinds = ["xlsx"]', 'sheet = "通報"')
    with pytest.raises(TableRefusedError, match="no Excel workbook"):
        rows_of(tmp_path, b"PK\x03\x04rest", how, "a.xlsx")
    book = openpyxl.Workbook()
    book.save(tmp_path / "other.xlsx")
    with pytest.raises(TableRefusedError, match="has no sheet 通報"), open_table(tmp_path / "other.xlsx", how):
        pass


def test_excel_gives_days_numbers_and_no_empty_rows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    moment = datetime(2026, 5, 6, 14, 30)  # noqa: DTZ001 - Excel's
    for row in (
        ["編號", "姓名", "說明"],
        [1, "a", moment],
        [None, None],
        [912345678, 1.5],
        ["x", "y", "z", "more"],
        ["  "],
    ):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    with open_table(tmp_path / "a.xlsx", mapping('kinds = ["xlsx"]')) as table:
        rows = list(table)
    assert seen(rows) == [(2, (1, "a", moment)), (4, (912345678, 1.5, None)), (5, ("x", "y", "z", "more"))]


def test_ndjson_gives_the_same_rows(tmp_path: Path) -> None:
    how = mapping('kinds = ["ndjson"]')
    told = '{"編號": 7, "姓名": "a", "說明": ["x", 1]}\n\n{"編號": 8, "faults": "y"}\n[]\n{"x": 1}\n{"編號": {}}\n{\n'
    rows = rows_of(tmp_path, told, how, "a.ndjson")
    assert seen(rows) == [
        (1, (7, "a", "x\x1f1")),
        (3, (8, None, None)),
        (4, RowFault.NOT_JSON),
        (5, RowFault.COLUMN_UNKNOWN),
        (6, RowFault.NOT_JSON),
        (7, RowFault.NOT_JSON),
    ]
    assert seen(rows_of(tmp_path, b'{"\xff": 1}\n', how, "a.ndjson")) == [(1, RowFault.NOT_JSON)]
    deep = f'{{"編號": {"[" * 900}{"]" * 900}}}\n'
    assert seen(rows_of(tmp_path, deep, how, "a.ndjson")) == [(1, RowFault.NOT_JSON)]


def test_a_file_of_lines_that_were_set_aside_is_read_whatever_kind_they_came_from(tmp_path: Path) -> None:
    how = mapping('kinds = ["xlsx"]', "header_row = 3", 'trailer = { mark = "T", count_cell = 2 }')
    rows = rows_of(tmp_path, "\ufefffaults,編號,姓名,說明\nline 7: …,1,a,b", how)
    assert seen(rows) == [(2, ("line 7: …", "1", "a", "b"))]


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"])
@pytest.mark.parametrize("told", [None, b"", b"<a/>", b"<workbook><sheets></sheets></workbook>"])
def test_a_workbook_that_lacks_a_part_is_refused(tmp_path: Path, part: str, told: bytes | None) -> None:
    file, how = tmp_path / "a.xlsx", load_mapping("clinic-spreadsheet").mapping
    write_xlsx(planted("clinic-spreadsheet", 3, 0, as_text=False), file)
    with zipfile.ZipFile(file) as whole, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as spoilt:
        for name in whole.namelist():
            if name != part:
                spoilt.writestr(name, whole.read(name))
            elif told is not None:
                spoilt.writestr(name, told)
    with pytest.raises(TableRefusedError, match=r"b\.xlsx"):
        rows_of(tmp_path, (tmp_path / "b.xlsx").read_bytes(), how, "b.xlsx")


def test_whatever_is_done_to_a_workbook_it_is_read_or_refused(tmp_path: Path) -> None:
    file, how = tmp_path / "a.xlsx", load_mapping("clinic-spreadsheet").mapping
    write_xlsx(planted("clinic-spreadsheet", 3, 0, as_text=False), file)
    whole, rng, refused = file.read_bytes(), Random(7), 0  # noqa: S311 - no secret
    for _ in range(200):
        told = bytearray(whole[: rng.choice((len(whole), rng.randrange(10, len(whole))))])
        for _ in range(rng.randrange(1, 20)):
            told[rng.randrange(4, len(told))] = rng.randrange(256)
        try:
            rows_of(tmp_path, bytes(told), how, "b.xlsx")
        except TableRefusedError:
            refused += 1
    assert refused > 100


@given(st.binary(max_size=200))
def test_any_bytes_at_all_are_rows_or_a_refusal(tmp_path_factory: pytest.TempPathFactory, told: bytes) -> None:
    how = mapping('kinds = ["csv", "xlsx"]', "header_row = 0")
    folder = tmp_path_factory.mktemp("b")
    with suppress(TableRefusedError):
        assert all(row.line >= 1 for row in rows_of(folder, told, how))
    with suppress(TableRefusedError):
        rows_of(folder, told, mapping('kinds = ["ndjson"]'))


@given(st.lists(st.lists(st.text(alphabet='a"\n\r,是 ', max_size=6), min_size=3, max_size=3), min_size=1, max_size=8))
def test_whatever_a_careful_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, told: list[list[str]]
) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["編號", "姓名", "說明"], *told])
    rows = rows_of(tmp_path_factory.mktemp("t"), out.getvalue())
    assert [list(row.cells) for row in rows] == [row for row in told if any(cell.strip() for cell in row)]


def test_the_planted_tables_say_where_their_faults_stand(tmp_path: Path) -> None:
    table = planted("clinic-spreadsheet", 300, 30)
    how = load_mapping("clinic-spreadsheet").mapping
    for told, where in (as_csv(table), as_cp950(table)):
        found = {row.line: row for row in rows_of(tmp_path, told, how)}
        assert len(found) == 300
        assert set(where) <= set(found)
        broken = [line for line, (_, fault) in where.items() if fault is RowFault.NOT_DECODED]
        assert broken
        assert all(any("\udc80" <= c <= "\udcff" for c in "".join(map(str, found[n].cells))) for n in broken)
    assert BROKEN == "\udc80"
    assert set(write_xlsx(planted("city-nightly", 9, 3, as_text=False), tmp_path / "a.xlsx")) <= set(range(2, 11))
