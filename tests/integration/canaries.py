"""Marked people, words and numbers that every reader of ours takes for real ones, and what they are planted in."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bad_input import BAD_INPUTS, BadInput
from import_rows import EXTRA, Planted, as_cp950, as_csv, planted, write_xlsx
from lab import event

from pipeline.domain.normalise.identity import read_national_id
from pipeline.domain.normalise.variants import fold

SURNAMES = "王李張陳林黃吳劉蔡楊許鄭謝洪郭邱"
LARGEST_PLANTED = 200_000


@dataclass(frozen=True, slots=True)
class Flock:
    """Canaries of one run. No other text holds `words`, which are rare and no other characters' variants, `roman`, nor
    the beginnings of the numbers.
    """

    words: str
    roman: str
    national_id: str
    phone: str
    born: str

    def __post_init__(self) -> None:
        assert fold(self.words) == self.words

    @property
    def sought(self) -> dict[str, str]:
        """What stands in every canary."""
        roman = {"roman": self.roman, "ROMAN": self.roman.upper(), "lower": self.roman.lower()}
        numbers = {"national id": self.national_id, "phone": self.phone, "born": self.born}
        return {"words": self.words[:2], "story": self.words, **roman, **numbers}

    def at(self, door: str) -> "Canary":
        return Canary(self, DOORS.index(door))


DOORS = (
    *(
        "kafka own",
        "kafka partner",
        "kafka bad",
        "http good",
        "http refused",
        "http batch",
        "form",
        "csv",
        "xlsx",
        "send",
    ),
    *("feed", "crash", "desk", "command", "spool", "health"),
)
"""By its surname and its last digits a canary tells through which door it came."""


@dataclass(frozen=True, slots=True)
class Canary:
    flock: Flock
    door: int

    @property
    def name(self) -> str:
        return f"{SURNAMES[self.door]}{self.flock.words[:2]}"

    @property
    def national_id(self) -> str:
        begun = f"{self.flock.national_id}{self.door % 10}"
        return next(text for check in range(10) if read_national_id(text := f"{begun}{check}"))

    @property
    def phone(self) -> str:
        return f"0{self.flock.phone}{self.door % 10}"

    @property
    def address(self) -> str:
        return f"臺北市文山區{self.flock.words}路一段{self.door + 1}號"

    @property
    def story(self) -> str:
        return f"{self.name}（{self.flock.roman}）說{self.flock.words}，{self.phone}，{self.national_id}"

    def person(self, role: str = "victim") -> dict[str, Any]:
        return {
            "role": role,
            "name": self.name,
            "code_name": f"{self.flock.roman}{self.door}",
            "national_id": self.national_id,
            "birth_date": self.flock.born,
            "phones": [self.phone],
            "address": self.address,
            "school": f"{self.flock.words}國小",
            "safe_contact": {"times": [self.story], "means": self.phone},
        }

    def event(self, number: int, *, source: str = "hotline-113", **data: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        """A report in which everything that is personal is a canary."""
        told = {
            "persons": [self.person(), self.person("alleged_perpetrator")],
            "narrative": self.story,
            "reporter": {"name": self.name, "phone": self.phone, "role": "neighbour", "unit": self.flock.words},
            "occurred_place": self.address,
            "instruments": {"tipvda": {"notes": self.story}},
        }
        return {**event(number, source=source, **{**told, **data}), "id": self.event_id(number)}

    def event_id(self, number: int) -> str:
        """One that is told as it is: it can hold nobody's name or number."""
        return f"event-{1000 * (self.door + 1) + number}"

    def twisted(self, first: int, source: str = "hotline-113") -> Iterator[dict[str, Any]]:
        """The report again and again, each time with a canary where something else belongs: as a text, in a list, as a
        key.
        """
        number = first
        for value in (self.story, [self.name, self.national_id], {self.name: self.phone}):
            whole = self.event(number, source=source)
            for place in (whole, whole["data"], whole["data"]["persons"][0], whole["data"]["reporter"]):
                for field in [*place, self.name]:
                    number += 1
                    kept, had = place.get(field), field in place
                    place[field] = value
                    if place is not whole or field != "id":
                        whole["id"] = f"twisted-{self.door}-{number}"
                    yield json.loads(json.dumps(whole))
                    if had:
                        place[field] = kept
                    else:
                        del place[field]

    def bad(self) -> Iterator[BadInput]:
        """Every kind of bad message, with canaries where it has a name, around it where it has none, and in headers."""
        name, story = self.name.encode(), self.story.encode()
        for bad in BAD_INPUTS:
            if len(bad.value) > LARGEST_PLANTED:
                continue
            value = bad.value.replace(b"bad-input", name)
            headers = tuple((key, told.replace(b"bad-input", name)) for key, told in bad.headers)
            yield bad._replace(
                value=value if name in value else story + value + story, headers=(*headers, (self.name, story))
            )

    def table(self, mapping: str, rows: int, faults: int) -> Planted:
        """A table of canaries; what is wrong with it holds canaries, too."""
        table = planted(mapping, rows, faults)
        kinds = KINDS[mapping]
        for at, row in enumerate(table.rows):
            for header in table.headers:
                if header in kinds and not (at in table.where and table.where[at][0] == header):
                    row[header] = getattr(self, kinds[header])
            if at in table.where:
                self._spoil(row, table.where[at][0])
        return table

    def _spoil(self, row: dict[str, Any], column: str | None) -> None:
        if EXTRA in row:
            row[EXTRA] = self.story
        elif column and isinstance(row.get(column), str) and row[column].strip() and "\udc80" not in row[column]:
            row[column] = f"{row[column]}{self.story}"


KINDS: Mapping[str, Mapping[str, str]] = {
    "clinic-spreadsheet": {
        "發生地點": "address",
        "被害人姓名": "name",
        "被害人身分證字號": "national_id",
        "被害人電話": "phone",
        "被害人住址": "address",
        "安全聯絡時間": "story",
        "安全聯絡方式": "phone",
        "相對人姓名": "name",
        "相對人身分證字號": "national_id",
        "相對人電話": "phone",
        "案情摘要": "story",
        "通報人姓名": "name",
        "通報人職稱": "name",
        "通報人電話": "phone",
    },
    "city-nightly": {"OCCURADDR": "address", "VNAME": "name", "VTEL": "phone", "OCCURNOTE": "story"},
}


def left_for_import(folder: Path, csv: Canary, xlsx: Canary) -> tuple[Path, Path]:
    """Two files as a clinic leaves them, with bad lines."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reports.csv").write_bytes(as_csv(csv.table("clinic-spreadsheet", 60, 26))[0])
    sheet = xlsx.table("clinic-spreadsheet", 30, 24)
    for row in sheet.rows:
        for header, cell in row.items():
            row[header] = cell.replace("\udc80", "").replace("\x00", "") if isinstance(cell, str) else cell
    write_xlsx(sheet, folder / "reports.xlsx")
    return folder / "reports.csv", folder / "reports.xlsx"


def left_for_a_feed(folder: Path, canary: Canary) -> None:
    """A city's files: one with bad lines, one of which a part is missing, one that is none."""
    whole, _ = as_cp950(canary.table("city-nightly", 40, 23), "T")
    (folder / "faulty.csv").write_bytes(whole)
    (folder / "partial.csv").write_bytes(as_cp950(canary.table("city-nightly", 20, 0), "T")[0][: len(whole) // 3])
    (folder / "none.csv").write_bytes(canary.story.encode("cp950"))
