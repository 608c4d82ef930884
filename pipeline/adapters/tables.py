"""Rows of CSV, Excel and NDJSON files, each with the line on which a person finds it."""

import csv
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any, AnyStr, Final

import orjson

from pipeline.adapters.big5 import OWN_CHARACTERS
from pipeline.contracts.mapping import FAULTS_COLUMN, Encoding, FileForm, FileKind, ReportMapping, Trailer
from pipeline.domain.importing.days import Cell, text_of
from pipeline.domain.importing.faults import RowFault
from pipeline.domain.importing.fields import LIST_ITEM
from pipeline.domain.importing.plan import header_key
from pipeline.domain.importing.row import UNDECODED, Row
from pipeline.domain.normalise.text import plain
from pipeline.errors import AnwangError

QUOTED_LINES_MAX: Final = 60
"""A cell that goes on over more lines is taken for one whose quotation mark nobody closed."""

CELL_CHARACTERS_MAX: Final = 1_000_000
LINE_MAX: Final = 6_000_000
"""Characters of CSV, bytes of NDJSON: more than a report may have. A file without line breaks takes no more memory."""

SAMPLE_BYTES: Final = 64 * 1024

_XLSX, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BOM = b"\xef\xbb\xbf"
_ENDS: Final = frozenset({"\n", "\r", b"\n"})

WORKBOOK_ERRORS: Final = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What the library may raise over a workbook that is damaged: it checks little by itself."""

csv.field_size_limit(CELL_CHARACTERS_MAX)


class TableRefusedError(AnwangError):
    """A whole file cannot be read as the mapping says; the text names the file and why."""


class Table:
    """The rows of one file, once. `rows_seen`, `rows_said` and `is_whole` hold when the last row has been taken."""

    def __init__(self, headers: tuple[str, ...], rows: Iterator[Row], trailer: Trailer | None) -> None:
        self.headers = headers
        self.rows_seen = 0
        self.rows_said: int | None = None
        self._trailer = trailer
        self._trailer_is_last = False
        self._rows = rows

    @property
    def is_whole(self) -> bool:
        """False where the file should end with a count of its rows, and does not, or with another."""
        return self._trailer is None or (self._trailer_is_last and self.rows_said == self.rows_seen)

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            if row.is_blank:
                continue
            if self._trailer and plain(text_of(row.cells[0] if row.cells else None)) == self._trailer.mark:
                self._trailer_is_last = True
                self.rows_said = _count(row, self._trailer.count_cell)
                continue
            self.rows_seen += 1
            self._trailer_is_last = False
            yield row


def _count(row: Row, cell: int) -> int | None:
    digits = plain(text_of(row.cells[cell - 1])) if len(row.cells) >= cell else ""
    return int(digits) if digits.isascii() and digits.isdigit() else None


@contextmanager
def open_table(path: Path, mapping: ReportMapping) -> Iterator[Table]:
    """Raises TableRefusedError, also while rows are taken. A file of lines that were set aside is read, whatever kind
    of file they came from.
    """
    try:
        with path.open("rb") as file:
            form = _form_of(file, mapping)
            match _kind(file, path, form):
                case FileKind.XLSX:
                    headers, rows = _workbook(file, path, mapping)
                case FileKind.NDJSON:
                    headers, rows = mapping.headers, _objects(file, mapping)
                case FileKind.CSV:
                    headers, rows = _separated(file, path, mapping, form)
            yield Table(headers, rows, form.trailer)
    except OSError as error:
        raise TableRefusedError(f"{path} cannot be read: {error.strerror}") from None


def _form_of(file: IO[bytes], mapping: ReportMapping) -> FileForm:
    begins = file.read(len(_BOM) + len(FAULTS_COLUMN))
    file.seek(0)
    if not begins.removeprefix(_BOM).startswith(FAULTS_COLUMN.encode()):
        return mapping.file
    return mapping.file.model_copy(update={"kinds": (FileKind.CSV,), "header_row": 1, "trailer": None})


def _kind(file: IO[bytes], path: Path, form: FileForm) -> FileKind:
    begins = file.read(4)
    file.seek(0)
    if begins.startswith(_OLD_EXCEL):
        raise TableRefusedError(f"{path} is an old .xls or has a password: save it as .xlsx without one")
    if begins.startswith(_UTF16):
        raise TableRefusedError(f"{path} is UTF-16: save it as CSV UTF-8")
    if begins == _XLSX:
        kind = FileKind.XLSX
    elif path.suffix.lower() in {".ndjson", ".jsonl"} or form.kinds == (FileKind.NDJSON,):
        kind = FileKind.NDJSON
    else:
        kind = FileKind.CSV
    if kind not in form.kinds:
        raise TableRefusedError(f"{path} is {kind}; the mapping is for {', '.join(form.kinds)}")
    return kind


# --- CSV


def _separated(
    file: IO[bytes], path: Path, mapping: ReportMapping, form: FileForm
) -> tuple[tuple[str, ...], Iterator[Row]]:
    text = path.open("r", encoding=_encoding(file, mapping, form), errors=OWN_CHARACTERS, newline="")
    lines = enumerate(_closing(text), 1)
    headers = mapping.headers
    if form.header_row:
        named = next(islice(lines, form.header_row - 1, None), None)
        if named is None:
            raise TableRefusedError(f"{path} has no header row")
        headers = tuple(cell.strip() for cell in _named(named[1], lines, form))
    while headers and not headers[-1]:
        headers = headers[:-1]
    return headers, _records(lines, len(headers), form)


def _named(line: str, lines: Iterator[tuple[int, str]], form: FileForm) -> tuple[str, ...]:
    """The headers of the row that begins with this line: one may go on over several."""
    cells = _cells(line, form)
    for _, more in islice(lines, 0 if cells else QUOTED_LINES_MAX):
        line += more
        if cells := _cells(line, form):
            break
    return cells or ()


def _closing(text: IO[str]) -> Iterator[str]:
    with text:
        yield from _lines(text)


def _lines(file: IO[AnyStr]) -> Iterator[AnyStr]:
    """All lines; of one that is too long the beginning."""
    while line := file.readline(LINE_MAX):
        yield line
        while len(line) == LINE_MAX and line[-1:] not in _ENDS:
            line = file.readline(LINE_MAX)


def _encoding(file: IO[bytes], mapping: ReportMapping, form: FileForm) -> str:
    sample = file.read(SAMPLE_BYTES)
    file.seek(0)
    if sample.startswith(_BOM):
        return "utf-8-sig"
    if len(sample) == SAMPLE_BYTES:
        sample = sample[: sample.rfind(b"\n") + 1]
    return min(form.encodings, key=lambda encoding: _oddness(sample, encoding, mapping, form))


def _oddness(sample: bytes, encoding: Encoding, mapping: ReportMapping, form: FileForm) -> tuple[int, int]:
    """How many of the mapping's columns cannot be found, and how many bytes are no characters."""
    text = sample.decode(encoding, OWN_CHARACTERS)
    row = form.header_row
    lines = text.splitlines()[row - 1 : row] if row else []
    there = {header_key(cell) for line in lines for cell in _cells(line, form) or ()}
    lacking = [header for header in mapping.headers if row and header_key(header) not in there]
    return len(lacking), len(UNDECODED.findall(text)) + sum("\ue000" <= c <= "\uf8ff" for c in text)


def _records(lines: Iterator[tuple[int, str]], width: int, form: FileForm) -> Iterator[Row]:
    """A quotation mark that is not closed costs its own line, not those that follow."""
    waiting: list[tuple[int, str]] = []
    while taken := waiting.pop(0) if waiting else next(lines, None):
        number, line = taken
        further = 0
        goes_on = _is_open(line) and not _fits(line, width, form)
        while goes_on and _is_open(line) and further < QUOTED_LINES_MAX and len(line) < LINE_MAX:
            if further == len(waiting):
                if (more := next(lines, None)) is None:
                    break
                waiting.append(more)
            line += waiting[further][1]
            further += 1
        if goes_on and not _is_open(line) and _fits(line, width, form):
            del waiting[:further]
        else:
            line = taken[1]
        yield _record(number, line, width, form)


def _is_open(line: str) -> bool:
    return line.count('"') % 2 == 1


def _fits(line: str, width: int, form: FileForm) -> bool:
    cells = _cells(line, form)
    return cells is not None and len(_trimmed(cells, width)) == width


def _cells(line: str, form: FileForm) -> tuple[str, ...] | None:
    try:
        return tuple(next(csv.reader([line], delimiter=form.delimiter, strict=True), ()))
    except csv.Error:
        return None


def _record(number: int, line: str, width: int, form: FileForm) -> Row:
    if len(line) >= LINE_MAX:
        return Row(number, (line,), RowFault.TOO_LARGE)
    cells = _cells(line, form)
    if cells is None:
        return Row(number, (line.rstrip("\r\n"),), RowFault.QUOTE_OPEN)
    cells = _trimmed(cells, width)
    trailer = form.trailer
    if trailer and not line.endswith(("\n", "\r")) and plain(cells[0]) != trailer.mark:
        return Row(number, cells, RowFault.LINE_NOT_WHOLE)
    return Row(number, cells)


def _trimmed(cells: tuple[str, ...], width: int) -> tuple[str, ...]:
    """Without the empty cells that a spreadsheet leaves behind the last column."""
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    return cells


# --- Excel


def _workbook(file: IO[bytes], path: Path, mapping: ReportMapping) -> tuple[tuple[str, ...], Iterator[Row]]:
    import openpyxl  # noqa: PLC0415 - large, and few files need it

    warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")  # of ornaments that it passes over
    headers = mapping.headers
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        name = mapping.file.sheet or book.sheetnames[0]
        if name not in book.sheetnames:
            raise TableRefusedError(f"{path} has no sheet {name}")
        sheet = book[name]
        sheet.reset_dimensions()
        rows = enumerate(sheet.iter_rows(values_only=True), 1)
        for _ in range(mapping.file.header_row):
            named = next(rows, None)
            if named is None:
                raise TableRefusedError(f"{path} has no header row")
            headers = tuple(text_of(_cell(value)).strip() for value in named[1])
    except WORKBOOK_ERRORS:
        raise TableRefusedError(f"{path} is no Excel workbook that can be read") from None
    while headers and not headers[-1]:
        headers = headers[:-1]
    return headers, _sheet_rows(rows, len(headers), path)


def _sheet_rows(rows: Iterator[tuple[int, tuple[Any, ...]]], width: int, path: Path) -> Iterator[Row]:
    try:
        for number, values in rows:
            yield _sheet_row(number, values, width)
    except WORKBOOK_ERRORS:
        raise TableRefusedError(f"{path} is damaged: its rows cannot all be read") from None


def _sheet_row(number: int, values: tuple[Any, ...], width: int) -> Row:
    cells = tuple(map(_cell, values))
    while len(cells) > width and (cells[-1] is None or not text_of(cells[-1]).strip()):
        cells = cells[:-1]
    return Row(number, cells + (None,) * (width - len(cells)))


def _cell(value: Any) -> Cell:  # noqa: ANN401 - what openpyxl found
    return value if isinstance(value, Cell) else str(value)


# --- NDJSON


def _objects(file: IO[bytes], mapping: ReportMapping) -> Iterator[Row]:
    place = {header_key(header): at for at, header in enumerate(mapping.headers)}
    passed = {FAULTS_COLUMN, *map(header_key, mapping.ignore)}
    for number, line in enumerate(_lines(file), 1):
        if line.strip():
            yield _object(number, line.removeprefix(_BOM) if number == 1 else line, place, passed, mapping)


def _object(number: int, line: bytes, place: dict[str, int], passed: set[str], mapping: ReportMapping) -> Row:
    written = (line.decode("utf-8", "surrogateescape").rstrip("\r\n"),)
    if len(line) >= LINE_MAX:
        return Row(number, written, RowFault.TOO_LARGE)
    try:
        told = orjson.loads(line)
        cells: list[Cell] = [None] * len(place)
        for key, value in told.items():
            at = place.get(header_key(key))
            if at is not None:
                cells[at] = _scalar(value)
            elif header_key(key) not in passed:
                return Row(number, written, RowFault.COLUMN_UNKNOWN)
    except (orjson.JSONDecodeError, AttributeError, TypeError):
        broken_off = mapping.file.trailer and not line.endswith(b"\n")
        return Row(number, written, RowFault.LINE_NOT_WHOLE if broken_off else RowFault.NOT_JSON)
    return Row(number, tuple(cells))


def _scalar(value: object) -> Cell:
    """Raises TypeError for an object or a list of anything but plain values."""
    if isinstance(value, list):
        return LIST_ITEM.join(text_of(_plain(item)) for item in value)
    return _plain(value)


def _plain(value: object) -> Cell:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError
