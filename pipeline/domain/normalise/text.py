"""What all readers of written text share."""

import re
import unicodedata

LENGTH_MAX = 500
"""No name, number, date or address is longer; what is beyond is not looked at."""

_INVISIBLE = re.compile(
    r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\u2400\ufe00-\ufe0f\ufeff\x00-\x08\x0e-\x1f\x7f-\x9f]"
)
_SPACES = re.compile(r"\s+")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−─﹣﹘ー", "-"))

_DIGITS = {
    "〇": 0,
    "零": 0,
    "一": 1,
    "二": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "元": 1,
}
_UNITS = {"十": 10, "百": 100}
CHINESE_NUMERAL = r"[〇零一二三四五六七八九十百]+"


def plain(text: str) -> str:
    """The first characters in Unicode's compatible form, without what cannot be seen, trimmed."""
    short = text[:LENGTH_MAX]
    if short.isascii() and short.isprintable():
        return short.strip()
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", _INVISIBLE.sub("", short))).translate(_DASHES).strip()


def unspaced(text: str) -> str:
    return _SPACES.sub("", text)


def chinese_number(numeral: str) -> int:
    """The value of a `CHINESE_NUMERAL` (or 元, the first), by units (七十七, 一百零三) or by places (一〇三)."""
    if not any(c in _UNITS for c in numeral):
        return int("".join(str(_DIGITS[c]) for c in numeral[:9]))
    total, digit = 0, 0
    for c in numeral:
        if c in _UNITS:
            total += (digit or 1) * _UNITS[c]
            digit = 0
        else:
            digit = _DIGITS[c]
    return total + digit
