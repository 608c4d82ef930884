"""What aspects and levels are called, in Chinese and English."""

import csv
import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from pipeline.data import table

_JOINTS = re.compile(r"[+/]")


class Words(NamedTuple):
    zh: str
    en: str


class Field(StrEnum):
    """What a reader knows a report by. Of `TOLD`, how and by whom it was told, no level may be shown."""

    PEOPLE = "people"
    PLACE = "place"
    TIME = "time"
    KIND = "kind"
    STORY = "story"
    NUMBER = "number"
    TOLD = "told"
    OTHER = "other"


FIELDS: Final[Mapping[Field, Words]] = {
    Field.PEOPLE: Words("人", "people"),
    Field.PLACE: Words("地點", "place"),
    Field.TIME: Words("時間", "time"),
    Field.KIND: Words("案件類別", "kind of danger"),
    Field.STORY: Words("案情描述", "story"),
    Field.NUMBER: Words("通報編號", "report number"),
    Field.TOLD: Words("通報方式（不顯示）", "how it was told (not shown)"),
    Field.OTHER: Words("其他", "other"),
}


class _Aspect(NamedTuple):
    words: Words
    field: Field


def field_of(aspect: str) -> Field:
    """What an aspect belongs to; OTHER for one that is not known."""
    known = _aspects().get(aspect)
    return known.field if known else Field.OTHER


def aspect_words(aspect: str) -> Words:
    """The word itself where it is not known."""
    known = _aspects().get(aspect)
    return known.words if known else Words(aspect, aspect)


@lru_cache(maxsize=4096)
def level_words(_aspect: str, level: str) -> Words:
    """A level is made of words, ranges of hours or points (`3..6`), and counts (`2-1`), with + and / between them."""
    parts = [_levels().get(part) or _amount(part) for part in _JOINTS.split(level)]
    return Words("、".join(p.zh for p in parts), ", ".join(p.en for p in parts))


def _amount(part: str) -> Words:
    low, dots, high = part.partition("..")
    if not dots:
        return Words(part, part)
    if not low:
        return Words(f"低於 {high}", f"below {high}")
    return Words(f"{low} 至 {high}", f"{low} to {high}") if high else Words(f"{low} 以上", f"{low} and more")


@lru_cache(maxsize=1)
def _aspects() -> Mapping[str, _Aspect]:
    rows = (row for row in _rows() if row["kind"] == "aspect")
    return {row["word"]: _Aspect(Words(row["zh"], row["en"]), Field(row["field"])) for row in rows}


@lru_cache(maxsize=1)
def _levels() -> Mapping[str, Words]:
    return {row["word"]: Words(row["zh"], row["en"]) for row in _rows() if row["kind"] == "level"}


@lru_cache(maxsize=1)
def _rows() -> tuple[dict[str, str], ...]:
    return tuple(csv.DictReader(table("link_words.csv").splitlines()))
