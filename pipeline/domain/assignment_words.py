"""Why a centre takes a case, in Chinese and English, for a person to read."""

import csv
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from pipeline.contracts.decision import in_taipei
from pipeline.data import table
from pipeline.domain.assignment import Why
from pipeline.domain.centres import CentreBook
from pipeline.domain.link_words import Words

_ZH_DAYS = "一二三四五六日"
_EN_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def in_words(why: Why, book: CentreBook) -> Words:
    """What is not known, such as a centre of an earlier directory, is shown by its code."""
    template = _table()["why", why.code]
    named = {name: _named(name, value, book) for name, value in why.params}
    zh = template.zh.format_map({name: words.zh for name, words in named.items()})
    return Words(zh, template.en.format_map({name: words.en for name, words in named.items()}))


def kind_words(kind: str) -> Words:
    return _table().get(("kind", kind)) or Words(kind, kind)


def _named(name: str, value: str, book: CentreBook) -> Words:
    match name:
        case "centre" | "home":
            centre = book.find(value)
            return Words(centre.zh, centre.en) if centre else Words(value, value)
        case "county":
            county = book.counties.get(value)
            return Words(county.zh, county.en) if county else Words(value, value)
        case "area":
            return next((Words(a.zh, a.en) for a in book.areas if a.code == value), Words(value, value))
        case "kind":
            return kind_words(value)
        case "until":
            return _moment(value)
        case _:
            return Words(value, value)


def _moment(text: str) -> Words:
    if not text:
        return Words("另行通知", "further notice")
    at = in_taipei(datetime.fromisoformat(text))
    hour = at.strftime("%H:%M")
    zh = f"{at.month}月{at.day}日（週{_ZH_DAYS[at.weekday()]}）{hour}"
    return Words(zh, f"{_EN_DAYS[at.weekday()]} {at.date().isoformat()} {hour}")


@lru_cache(maxsize=1)
def _table() -> Mapping[tuple[str, str], Words]:
    rows = csv.DictReader(table("assignment_words.csv").splitlines(), strict=True)
    return {(row["group"], row["code"]): Words(row["zh"], row["en"]) for row in rows}
