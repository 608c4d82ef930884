"""National identity and resident numbers, the new and the old form."""

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from pipeline.domain.normalise.closeness import differ_by_one, mask_fits, neighbours_swapped
from pipeline.domain.normalise.text import LENGTH_MAX, plain, unspaced

HIDDEN_DIGIT = "*"

_FORM = re.compile(r"[A-Z](?:[1289]|[A-D])\d{8}", re.ASCII)
_NEARLY = re.compile(rf"[A-Z{HIDDEN_DIGIT}][1289A-D{HIDDEN_DIGIT}][\d{HIDDEN_DIGIT}]{{7,9}}", re.ASCII)
_SHOWN_MIN = 4
_JOINTS = str.maketrans("", "", "-.·()/_'\":：,、")
_SLIPS = str.maketrans("OILQ", "0110")
"""Letters that are read, or typed, for digits."""
_HIDDEN_BY_O = re.compile(r"O{2,}")
_MASK = str.maketrans(dict.fromkeys("○◯◎●□■×*X#?", HIDDEN_DIGIT))
_LETTERS = "ABCDEFGHJKLMNPQRSTUVXYWZIO"
"""In the order of their values, from 10."""
_VALUE = {letter: 10 + position for position, letter in enumerate(_LETTERS)}
_WEIGHTS = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)
_SPECIMENS = frozenset(
    {"A123456789", "A223456781", "A234567893", "A100000001", "A200000003", "A111111111", "A222222222"}
)


class Identity(NamedTuple):
    """A number as it was written, in capitals; what is hidden is `*`. `valid`: nothing is hidden and form and checksum
    hold. `repaired`: it holds after letters in place of digits (O for 0) were read as such.
    """

    text: str
    valid: bool
    repaired: bool = False

    @property
    def masked(self) -> bool:
        return HIDDEN_DIGIT in self.text

    @property
    def is_specimen(self) -> bool:
        """Whether it is the number that examples and careless fillers use (A123456789): it says little."""
        return self.text in _SPECIMENS


class IdentityAgreement(StrEnum):
    """From the closest to the least; the two last say nothing and the contrary."""

    EQUAL = "equal"
    SWAPPED = "swapped"  # two neighbours changed places, and one of the two fails its checksum
    ONE_OFF = "one_off"  # one character mistyped, missing or added, and one of the two fails its checksum
    MASK_FITS = "mask_fits"
    NEIGHBOUR = "neighbour"  # one slip apart, yet both hold: a slip that the checksum cannot see, or a brother's number
    DIFFERENT = "different"
    UNKNOWN = "unknown"


def read_national_id(text: str) -> str | None:
    """The number in capitals without spaces, or None if its form or its checksum is wrong."""
    number = _compact(text)
    return number if _holds(number) else None


def read_identity(text: str) -> Identity | None:
    """The number even where it is hidden in part, misses a digit or fails its checksum; None where it has another form
    altogether or shows fewer than four characters.
    """
    return _identity(text[:LENGTH_MAX])


@lru_cache(maxsize=16_384)
def _identity(text: str) -> Identity | None:
    number = _compact(text)
    if _holds(number):
        return Identity(number, valid=True)
    mended = _mended(number)
    if _holds(mended):
        return Identity(mended, valid=True, repaired=True)
    shown = len(mended) - mended.count(HIDDEN_DIGIT)
    return Identity(mended, valid=False) if _NEARLY.fullmatch(mended) and shown >= _SHOWN_MIN else None


def _mended(number: str) -> str:
    """Masks as one sign, and letters among the digits as the digits that they look like."""
    rest = _HIDDEN_BY_O.sub(lambda run: HIDDEN_DIGIT * len(run.group()), number[2:])
    return number[:1].replace("○", HIDDEN_DIGIT) + (number[1:2] + rest).translate(_MASK).translate(_SLIPS)


def compare_identities(one: Identity | None, other: Identity | None) -> IdentityAgreement:
    """How far two numbers agree, whichever comes first."""
    if one is None or other is None:
        return IdentityAgreement.UNKNOWN
    if one.masked or other.masked:
        fits = mask_fits(one.text, other.text, HIDDEN_DIGIT)
        return IdentityAgreement.MASK_FITS if fits else IdentityAgreement.DIFFERENT
    if one.text == other.text:
        return IdentityAgreement.EQUAL
    swapped = neighbours_swapped(one.text, other.text)
    if not (swapped or differ_by_one(one.text, other.text)):
        return IdentityAgreement.DIFFERENT
    if one.valid and other.valid:
        return IdentityAgreement.NEIGHBOUR
    return IdentityAgreement.SWAPPED if swapped else IdentityAgreement.ONE_OFF


def _compact(text: str) -> str:
    return unspaced(plain(text)).translate(_JOINTS).upper()


def _holds(number: str) -> bool:
    return _FORM.fullmatch(number) is not None and _checksum(number) == 0


def _checksum(number: str) -> int:
    first, second = _VALUE[number[0]], number[1]
    digits = [first // 10, first % 10, _VALUE[second] % 10 if second.isalpha() else int(second), *map(int, number[2:])]
    return sum(digit * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 10
