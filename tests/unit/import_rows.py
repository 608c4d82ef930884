"""Tables of invented reports, with faults planted in known places."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import openpyxl

from pipeline.adapters.mappings import load_mapping
from pipeline.domain.importing.faults import RowFault as F
from pipeline.local.demo.words import GIVEN_FEMALE, ROADS, SURNAMES

Cells = dict[str, Any]
Where = tuple[str | None, F]

BROKEN = "\udc80"
"""Becomes a byte that begins no character."""

EXTRA = "\x00extra"
OPEN = "\x00open"


@dataclass
class Planted:
    """`where` tells what stands on which line."""

    headers: tuple[str, ...]
    rows: list[Cells]
    where: dict[int, Where] = field(default_factory=dict)


def clinic_row(n: int, rng: Random) -> Cells:
    return {
        "通報編號": f"C113-{n:05d}",
        "通報類別": rng.choice(["1", "2", "2、8", "3"]),
        "受理日期": rng.choice(["113/5/6", "1130506", "2024-05-06", "民國113年5月6日"]),
        "受理時間": rng.choice(["14:30", "0915", "下午2:05"]),
        "發生日期": rng.choice(["113/5/5", ""]),
        "發生地點": f"臺中市西屯區{rng.choice(ROADS)}{n % 300 + 1}號",
        "被害人姓名": rng.choice(SURNAMES) + rng.choice(GIVEN_FEMALE),
        "被害人出生日期": rng.choice(["79/2/1", "0790201", "1990-02-01", "不詳", ""]),
        "被害人性別": rng.choice(["女", "男", ""]),
        "被害人電話": f"09{n:08d}",
        "觀察事項": rng.choice(["1、6", "4", ""]),
        "危機指標": rng.choice(["", "", "A"]),
        "TIPVDA項目": rng.choice(["1、4", ""]),
        "TIPVDA自評": rng.choice(["8", ""]),
        "案情摘要": f'就診時說："{n}"\n，分兩行寫' if n % 7 == 0 else f"第{n}件，測試內容",
        "需回覆": rng.choice(["是", "否", ""]),
    }


def city_row(n: int, rng: Random) -> Cells:
    return {
        "FORMID": f"N113{n:06d}",
        "REPORTTYPE": rng.choice("AB2"),
        "CASECATEGORY": rng.choice(["A", "D|G", "B"]),
        "RECEIVETIME": f"1130506 {n % 24:02d}{n % 60:02d}",
        "OCCURTIME": rng.choice(["1130505 2200", ""]),
        "OCCURAREA": rng.choice(["6600006000", "1000100000", "63000010"]),
        "OCCURADDR": f"{rng.choice(ROADS)}{n % 300 + 1}號",
        "INFOUNIT": "1",
        "VNAME": rng.choice(SURNAMES) + rng.choice(GIVEN_FEMALE),
        "VBIRTH": rng.choice(["0790201", "", "1090304"]),
        "VSEX": rng.choice("MFZ"),
        "VTEL": f"09{n:08d}",
        "MAIMED": rng.choice(["Y", "N"]),
        "NATTACKEDTYPE": rng.choice(["A|B", "C", ""]),
        "NINJURY": rng.choice(["Y", "N", ""]),
        "CRISISEVAL": rng.choice(["", "A|F"]),
        "TIPVDA": rng.choice(["", "1|4"]),
        "DADANGERLEVEL": rng.choice(["", "7"]),
        "ISTIPVDACASE": rng.choice(["Y", "N", ""]),
        "OCCURNOTE": f'說"{n}",如上' if n % 5 == 0 else f"第{n}件",
    }


CLINIC_FAULTS: Sequence[tuple[str | None, Any, F]] = (
    ("通報編號", "", F.EMPTY),
    ("通報類別", "", F.EMPTY),
    ("受理時間", "  ", F.EMPTY),
    ("通報類別", "77", F.CODE_UNKNOWN),
    ("通報類別", "1、家暴", F.CODE_UNKNOWN),
    ("受理日期", "113/13/6", F.DATE_UNREADABLE),
    ("受理日期", "昨天", F.DATE_UNREADABLE),
    ("受理日期", "13/5/6", F.DATE_TOO_OLD),
    ("受理日期", "213/5/6", F.DATE_IN_FUTURE),
    ("受理時間", "25:00", F.TIME_UNREADABLE),
    ("受理時間", "下午", F.TIME_UNREADABLE),
    ("發生日期", "113/2/30", F.DATE_UNREADABLE),
    ("被害人出生日期", "79/2/31", F.DATE_UNREADABLE),
    ("被害人出生日期", "約三十歲", F.DATE_UNREADABLE),
    ("被害人性別", "不男不女", F.CODE_UNKNOWN),
    ("TIPVDA項目", "1、16", F.NUMBER_OUT_OF_RANGE),
    ("TIPVDA項目", "一", F.NUMBER_UNREADABLE),
    ("TIPVDA自評", "11", F.NUMBER_OUT_OF_RANGE),
    ("TIPVDA自評", "高", F.NUMBER_UNREADABLE),
    ("需回覆", "也許", F.BOOLEAN_UNREADABLE),
    ("危機指標", "Q", F.CODE_UNKNOWN),
    ("觀察事項", "1、55", F.CODE_UNKNOWN),
    ("案情摘要", "#REF!", F.FORMULA_FAILED),
    (EXTRA, "再多一欄", F.COLUMNS_WRONG),
)
CITY_FAULTS: Sequence[tuple[str | None, Any, F]] = (
    ("FORMID", "NULL", F.EMPTY),
    ("RECEIVETIME", "", F.EMPTY),
    ("CASECATEGORY", "X", F.CODE_UNKNOWN),
    ("CASECATEGORY", "A|?", F.CODE_UNKNOWN),
    ("REPORTTYPE", "9", F.CODE_UNKNOWN),
    ("RECEIVETIME", "2024-05-06 10:00", F.DATE_UNREADABLE),
    ("RECEIVETIME", "1130506 2560", F.TIME_UNREADABLE),
    ("RECEIVETIME", "1131506 1000", F.DATE_UNREADABLE),
    ("OCCURTIME", "9999999", F.DATE_UNREADABLE),
    ("OCCURAREA", "6600099900", F.AREA_UNKNOWN),
    ("OCCURAREA", "台中市", F.AREA_UNKNOWN),
    ("VBIRTH", "1990/02/01", F.DATE_UNREADABLE),
    ("VBIRTH", "2120101", F.DATE_IN_FUTURE),
    ("VSEX", "2", F.CODE_UNKNOWN),
    ("NINJURY", "1", F.CODE_UNKNOWN),
    ("NATTACKEDTYPE", "A/B", F.CODE_UNKNOWN),
    ("CRISISEVAL", "AF", F.CODE_UNKNOWN),
    ("TIPVDA", "0", F.NUMBER_OUT_OF_RANGE),
    ("DADANGERLEVEL", "10.5", F.NUMBER_UNREADABLE),
    ("ISTIPVDACASE", "X", F.BOOLEAN_UNREADABLE),
    (EXTRA, "more", F.COLUMNS_WRONG),
)
TEXT_FAULTS = ((OPEN, "", F.QUOTE_OPEN), (BROKEN, "", F.NOT_DECODED))
"""Only a text file can have them."""

KINDS: Mapping[str, tuple[Callable[[int, Random], Cells], Sequence[tuple[str | None, Any, F]], str, str]] = {
    "clinic-spreadsheet": (clinic_row, CLINIC_FAULTS, "被害人姓名", "案情摘要"),
    "city-nightly": (city_row, CITY_FAULTS, "VNAME", "OCCURNOTE"),
}


def planted(mapping: str, rows: int, faults: int, *, as_text: bool = True, seed: int = 1) -> Planted:
    """So many rows, so many of them with one fault each, all sorts in turn."""
    make, sorts, name, note = KINDS[mapping]
    rng = Random(seed)  # noqa: S311 - no secret
    table = Planted(load_mapping(mapping).mapping.headers, [make(n, rng) for n in range(1, rows + 1)])
    sorts = [*sorts, *TEXT_FAULTS] if as_text else sorts
    for turn, at in enumerate(sorted(rng.sample(range(rows), faults))):
        column, value, fault = sorts[turn % len(sorts)]
        if column == BROKEN:
            table.rows[at][name] = "王" + BROKEN
            column = name
        elif column == OPEN:
            table.rows[at][note] = OPEN
            column = None
        else:
            table.rows[at][str(column)] = value
            column = None if column == EXTRA else column
        table.where[at] = (column, fault)
    return table


def as_csv(table: Planted, encoding: str = "utf-8", trailer: str | None = None) -> tuple[bytes, dict[int, Where]]:
    """The file, and what is wrong on which of its lines."""
    out, where, line = io.StringIO(newline=""), {}, 2
    csv.writer(out).writerow(table.headers)
    for at, row in enumerate(table.rows):
        one = io.StringIO(newline="")
        cells = [row.get(header, "") for header in table.headers]
        csv.writer(one).writerow([*cells, row[EXTRA]] if EXTRA in row else cells)
        text = one.getvalue().replace(OPEN, '"從這裡起沒有關上')
        if at in table.where:
            where[line] = table.where[at]
        line += text.count("\n")
        out.write(text)
    if trailer:
        out.write(f"{trailer},{len(table.rows):08d}\r\n")
    return out.getvalue().encode(encoding, "surrogateescape").replace(b"\x00", b""), where


def as_cp950(table: Planted, trailer: str | None = None) -> tuple[bytes, dict[int, Where]]:
    """CP950 cannot write an escaped byte by itself."""
    text, where = as_csv(table, "utf-8", trailer)
    return b"\xff".join(part.encode("cp950") for part in text.decode("utf-8", "surrogateescape").split(BROKEN)), where


def write_xlsx(table: Planted, path: Path) -> dict[int, Where]:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("通報")
    sheet.append(list(table.headers))
    for row in table.rows:
        cells = [row.get(header) or None for header in table.headers]
        sheet.append([*cells, row[EXTRA]] if EXTRA in row else cells)
    for _ in range(40):
        sheet.append([None] * len(table.headers))
    book.save(path)
    return {at + 2: where for at, where in table.where.items()}
