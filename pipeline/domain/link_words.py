"""What aspects and levels are called, in Chinese and English."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple


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

_BEGINNINGS: Final[Mapping[str, Field]] = {
    "source": Field.TOLD,
    "report_no": Field.NUMBER,
    "story": Field.STORY,
    "category": Field.KIND,
    "time": Field.TIME,
    "told": Field.TIME,
    "occurred": Field.TIME,
    "home": Field.PLACE,
    "place": Field.PLACE,
    "scene": Field.PLACE,
    "first": Field.PEOPLE,
    "second": Field.PEOPLE,
    "third": Field.PEOPLE,
    "pos": Field.PEOPLE,
    "neg": Field.PEOPLE,
    "victims": Field.PEOPLE,
    "surnames": Field.PEOPLE,
    "size": Field.PEOPLE,
}


def field_of(aspect: str) -> Field:
    return next((field for word, field in _BEGINNINGS.items() if aspect.startswith(word)), Field.OTHER)


def aspect_words(aspect: str) -> Words:
    return Words(aspect, aspect)


def level_words(aspect: str, level: str) -> Words:
    del aspect
    return Words(level, level)
