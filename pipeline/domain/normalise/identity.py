"""National identity and resident numbers, the new and the old form."""

import re

from pipeline.domain.normalise.text import plain, unspaced

_FORM = re.compile(r"[A-Z](?:[1289]|[A-D])\d{8}", re.ASCII)
_JOINTS = str.maketrans("", "", "-.·()")
_LETTERS = "ABCDEFGHJKLMNPQRSTUVXYWZIO"
"""In the order of their values, from 10."""
_VALUE = {letter: 10 + position for position, letter in enumerate(_LETTERS)}
_WEIGHTS = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)


def read_national_id(text: str) -> str | None:
    """The number in capitals without spaces, or None if its form or its checksum is wrong."""
    number = unspaced(plain(text)).translate(_JOINTS).upper()
    return number if _FORM.fullmatch(number) and _checksum(number) == 0 else None


def _checksum(number: str) -> int:
    first, second = _VALUE[number[0]], number[1]
    digits = [first // 10, first % 10, _VALUE[second] % 10 if second.isalpha() else int(second), *map(int, number[2:])]
    return sum(digit * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 10
