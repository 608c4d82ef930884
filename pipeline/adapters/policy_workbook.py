"""Writes the point tables of a policy as an Excel workbook, and reads one. Formulas are never evaluated."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import openpyxl
from openpyxl.cell.cell import Cell as ExcelCell
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import IllegalCharacterError
from openpyxl.worksheet.worksheet import Worksheet

from pipeline.adapters.tables import WORKBOOK_ERRORS
from pipeline.contracts.policy import PolicyFile
from pipeline.domain.policy.sheet_edits import GivenCell, GivenRow, GivenSheet
from pipeline.domain.policy.sheets import SHEETS, Column, Holding, Sheet, rows_of
from pipeline.errors import AnwangError

BYTES_MAX: Final = 10_000_000
ROWS_MAX: Final = 5_000
_ABOUT = "說明 about"
_WIDTHS = {Holding.TEXT: 44, Holding.WORD: 28}
_READ_ONLY = PatternFill("solid", fgColor="E7E6E6")
_LINES = (
    (
        "改分數、時限、日曆與文字；灰色欄為代碼，不可改。",
        "Change points, times, days and texts; grey columns name the row and stay.",
    ),
    (
        "指標、人員狀況、年齡與日曆可加列或刪列。",
        "Rows may be added and deleted in indicator, person, age and calendar.",
    ),
    ("請勿使用公式。", "Use no formulas."),
    (
        "存檔後：anwang policy from-excel 本檔 --into 原檔 --out 新檔",
        "Then: anwang policy from-excel THIS.xlsx --into FILE --out NEW.toml",
    ),
)


class WorkbookRefusedError(AnwangError):
    """A workbook that cannot be read or written; the text names it and why."""


def write_workbook(tables: PolicyFile, out: Path) -> None:
    """Raises WorkbookRefusedError, also where the file is there already."""
    book = openpyxl.Workbook()
    about = book.active
    if about is None:
        raise WorkbookRefusedError("no sheet can be made")
    _fill_about(about, tables)
    try:
        for sheet in SHEETS:
            _fill(book.create_sheet(sheet.title), sheet, tables)
        with out.open("xb") as file:
            book.save(file)
    except IllegalCharacterError:
        raise WorkbookRefusedError("a text holds a control character, which Excel cannot hold") from None
    except OSError as error:
        raise WorkbookRefusedError(f"{out} cannot be written: {error.strerror}") from None


def _fill_about(about: Any, tables: PolicyFile) -> None:  # noqa: ANN401 - a sheet
    about.title = _ABOUT
    for number, words in enumerate(
        (f"{tables.version}　{tables.zh} / {tables.en}", *(w for two in _LINES for w in two)), 1
    ):
        _write(about.cell(number, 1), words)
    about.column_dimensions["A"].width = 100


def _fill(page: Worksheet, sheet: Sheet, tables: PolicyFile) -> None:
    for place, column in enumerate(sheet.columns, 1):
        head = page.cell(1, place, column.header)
        head.font = Font(bold=True)
        page.column_dimensions[get_column_letter(place)].width = _WIDTHS.get(column.holds, 16)
    for number, row in enumerate(rows_of(sheet, tables), 2):
        for place, column in enumerate(sheet.columns, 1):
            cell = page.cell(number, place)
            _write(cell, row.values[column.key])
            if column.is_key:
                cell.fill = _READ_ONLY
    page.freeze_panes = "A2"


def _write(cell: Any, value: str | int | None) -> None:  # noqa: ANN401 - a cell
    """A text stays a text, whatever sign it begins with."""
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
        cell.number_format = "@"
        cell.quotePrefix = value[:1] in set("=+-@")


def read_workbook(path: Path) -> Mapping[str, GivenSheet]:
    """What was filled in, by the names of sheets. Raises WorkbookRefusedError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WorkbookRefusedError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > BYTES_MAX:
        raise WorkbookRefusedError(f"{path} is larger than {BYTES_MAX // 1_000_000} MB")
    try:
        book = openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=False)
        return {sheet.name: _read(book[sheet.title], sheet) for sheet in SHEETS if sheet.title in book.sheetnames}
    except WORKBOOK_ERRORS:
        raise WorkbookRefusedError(f"{path} is no Excel workbook (.xlsx) that can be read") from None


def _read(page: Any, sheet: Sheet) -> GivenSheet:  # noqa: ANN401 - a sheet that is read as a stream
    page.reset_dimensions()
    rows = page.iter_rows(max_row=ROWS_MAX + 1)
    heads = [str(cell.value or "").strip() for cell in next(rows, ())]
    faults = list(_head_faults(heads, sheet))
    if faults:
        return GivenSheet((), faults)
    places = [(column, heads.index(column.header)) for column in sheet.columns]
    read = [
        _row(number, cells, places) for number, cells in enumerate(rows, 2) if any(c.value is not None for c in cells)
    ]
    if len(read) >= ROWS_MAX:
        return GivenSheet((), [(f"A{ROWS_MAX}", f"more than {ROWS_MAX} rows")])
    return GivenSheet(read)


def _head_faults(heads: Sequence[str], sheet: Sheet) -> Iterator[tuple[str, str]]:
    wanted = [column.header for column in sheet.columns]
    for header in wanted:
        if heads.count(header) != 1:
            yield "A1", f"the column {header} is {'missing' if header not in heads else 'there twice'}"
    for place, head in enumerate(heads, 1):
        if head and head not in wanted:
            yield f"{get_column_letter(place)}1", f"the column {head} is not known"


def _row(number: int, cells: Sequence[Any], places: Sequence[tuple[Column, int]]) -> GivenRow:
    row: dict[str, GivenCell] = {}
    for column, place in places:
        at = f"{get_column_letter(place + 1)}{number}"
        row[column.key] = _cell(at, cells[place] if place < len(cells) else None)
    return row


def _cell(at: str, cell: ExcelCell | None) -> GivenCell:
    if cell is None or cell.value is None:
        return GivenCell(at, None)
    match cell.data_type:
        case "f":
            return GivenCell(at, None, "a formula stands here: type what comes of it")
        case "e":
            return GivenCell(at, None, f"{cell.value} is an error of the spreadsheet")
    value = cell.value
    return GivenCell(at, value if isinstance(value, str | int | float | date) else str(value))
