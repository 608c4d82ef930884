"""Shows the mappings: their names, their columns, and a file to begin with."""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import openpyxl

from pipeline.adapters.mappings import MappingRefusedError, load_mapping, shipped_names
from pipeline.contracts.mapping import EXAMPLES_MAX, Column, FileKind, ReportMapping

BOM = "\ufeff"


def list_mappings() -> None:
    for name in shipped_names():
        sys.stdout.write(f"{name}  {load_mapping(name).mapping.about}\n")


def show_mapping(name: str) -> None:
    """Columns in order: which must be filled, where they go, how they are spelt."""
    mapping = load_mapping(name).mapping
    sys.stdout.write(f"{mapping.title}\n{mapping.about}\n")
    kinds, encodings = ", ".join(mapping.file.kinds), " or ".join(mapping.file.encodings)
    sys.stdout.write(f"files: {kinds}; CSV in {encodings}, parted by {mapping.file.delimiter!r}\n")
    if mapping.file.trailer:
        mark, cell = mapping.file.trailer.mark, mapping.file.trailer.count_cell
        sys.stdout.write(f"the last line begins with {mark} and tells the count of rows in its cell {cell}\n")
    for column in mapping.column:
        sys.stdout.write(f"\n{column.header}{'  (must be filled)' if column.required else ''}\n")
        for line in _explained(column, mapping):
            sys.stdout.write(f"    {line}\n")


def _explained(column: Column, mapping: ReportMapping) -> Iterator[str]:
    yield f"goes to {column.to}" + (f", its {column.part}" if column.part != "whole" else "")
    if column.about:
        yield column.about
    if column.dates:
        yield f"dates spelt {', '.join(column.dates)}"
    if column.separators:
        yield f"several, parted by any of {' '.join(column.separators)}"
    if column.area_code:
        yield "an official area code of 5, 8, 10 or 11 digits"
    if column.codes:
        for code, words in mapping.codes[column.codes].items():
            told = words if isinstance(words, str) else ", ".join(words) or "nothing"
            yield f"{code} = {told}"


def write_template(name: str, out: Path) -> None:
    """The header and two invented rows, as CSV or Excel by the file's name. Raises MappingRefusedError."""
    mapping = load_mapping(name).mapping
    kind = FileKind.XLSX if out.suffix.lower() == ".xlsx" else FileKind.CSV
    if kind not in mapping.file.kinds:
        raise MappingRefusedError(f"the mapping {name} is for {', '.join(mapping.file.kinds)}, not {kind}")
    if out.exists():
        raise MappingRefusedError(f"{out} is there already")
    rows = [list(mapping.headers), *_examples(mapping)]
    try:
        _write_workbook(rows, mapping, out) if kind is FileKind.XLSX else _write_csv(rows, mapping, out)
    except OSError as error:
        raise MappingRefusedError(f"{out} cannot be written: {error.strerror}") from None
    sys.stdout.write(f"{out}: the columns and {EXAMPLES_MAX} invented rows\n")


def _examples(mapping: ReportMapping) -> Iterator[list[str]]:
    first: dict[str, Column] = {}
    for column in mapping.column:
        first.setdefault(column.header, column)
    for at in range(EXAMPLES_MAX):
        yield [(*column.examples, "", "")[at] for column in first.values()]


def _write_csv(rows: list[list[str]], mapping: ReportMapping, out: Path) -> None:
    with out.open("x", encoding="utf-8", newline="") as file:
        file.write(BOM)
        writer = csv.writer(file, delimiter=mapping.file.delimiter)
        writer.writerows(rows if mapping.file.header_row else rows[1:])
        if mapping.file.trailer:
            writer.writerow([mapping.file.trailer.mark, *[""] * (mapping.file.trailer.count_cell - 2), len(rows) - 1])


def _write_workbook(rows: list[list[str]], mapping: ReportMapping, out: Path) -> None:
    """Every cell is a text, so that Excel takes no 0 away."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(mapping.file.sheet or "通報")
    for row in rows:
        sheet.append(row)
    book.save(out)
