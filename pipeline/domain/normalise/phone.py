"""Phone numbers: one spelling for one line, so that they can be compared."""

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from pipeline.domain.normalise.closeness import differ_by_one, mask_fits, neighbours_swapped
from pipeline.domain.normalise.text import LENGTH_MAX, plain, unspaced

HIDDEN_DIGIT = "*"

_EXTENSION = re.compile(r"(?:#|轉|分機|ext\.?|x|\*).*", re.IGNORECASE | re.DOTALL)
_LABEL = re.compile(r"^[^\d+(]{0,12}(?=[\d+(])")
_JOINTS = re.compile(r"[-.()/~_]")
_COUNTRY = re.compile(r"^(?:\+886|00\d?886|886)0?")
_MOBILE = re.compile(r"09\d{8}")
_LANDLINE = re.compile(r"02\d{8}|03\d{7}|04[23]\d{7}|04[78]\d{6}|049\d{7}|0[568]\d{7}|07\d{7,8}")
_FOREIGN = re.compile(r"\+[1-9]\d{7,14}")
_PLACEHOLDER = re.compile(r"09(\d)\1{7}")
_WITHOUT_ZERO = re.compile(r"9\d{8}")

_SERVICE = re.compile(r"1\d{2,3}|080[09]\d{6}")
"""113, 110, 1925, 0800…: whoever answers there is no member of a family."""
_FILLER = re.compile(r"0\d{0,3}?(\d)\1{5,8}|0912345678|0987654321")
_LOCAL = re.compile(r"[2-9]\d{5,7}")
_MASKED = re.compile(r"0[\d*]{8,9}")
_BROKEN = re.compile(r"0\d{7,10}")
_SHOWN_MIN = 5
_HIDDEN_RUN = re.compile(r"(?<=[\d-])[*○◯●□×Xx]{2,}")
_EXTENSION_NUMBER = re.compile(r"(?:#|轉|分機|ext\.?|x|\*)\D{0,3}(\d{1,6})", re.IGNORECASE)
_DESK = re.compile(r"轉|分機")
_BETWEEN = re.compile(r"[、;；:,，|\n&]+|[\u3400-\u9fff]+|[(][^\d)]*[)]|(?<=\d)/(?=\s*[+0(])")
_LINES_MAX = 8
_WORDS_MAX = 24
_WORDS_OF_A_LINE_MAX = 6


class LineKind(StrEnum):
    MOBILE = "mobile"
    LANDLINE = "landline"
    FOREIGN = "foreign"
    LOCAL = "local"  # a landline whose area code was left out
    MASKED = "masked"  # some digits are hidden
    BROKEN = "broken"  # a digit too few, or too many
    SERVICE = "service"  # 113, 110, 0800…


class Line(NamedTuple):
    """A telephone as it was told. `says_nothing`: a filler (0900000000) or a service's number, which many share."""

    number: str
    kind: LineKind
    extension: str | None = None
    says_nothing: bool = False


class PhoneAgreement(StrEnum):
    """From the closest to the least; the two last say nothing and the contrary."""

    EQUAL = "equal"
    EXTENSION_DIFFERS = "extension_differs"  # one switchboard, two desks
    LOCAL_FITS = "local_fits"  # one lacks the area code, the rest agrees
    MASK_FITS = "mask_fits"
    ONE_DIGIT_OFF = "one_digit_off"  # one digit mistyped, or two neighbours changed places
    DIFFERENT = "different"
    UNKNOWN = "unknown"


_CLOSEST_FIRST = {agreement: rank for rank, agreement in enumerate(PhoneAgreement)}


def read_phone(text: str) -> str | None:
    """Digits with the leading 0 (foreign numbers with +), without extension; None if it is no whole number of
    Taiwan's plan. A landline without its area code names no line, 0900000000 and its like are fillers.
    """
    number = _number(text)
    if _PLACEHOLDER.fullmatch(number):
        return None
    return number if any(form.fullmatch(number) for form in (_MOBILE, _LANDLINE, _FOREIGN)) else None


def read_lines(text: str) -> tuple[Line, ...]:
    """Every telephone of a text, in its order and each once: at most eight."""
    return _all_lines(text[:LENGTH_MAX])


@lru_cache(maxsize=16_384)
def _all_lines(text: str) -> tuple[Line, ...]:
    whole = _line(text)
    found = (
        (whole,) if whole else (line for part in _BETWEEN.split(_DESK.sub("#", plain(text))) for line in _lines(part))
    )
    return tuple(dict.fromkeys(found))[:_LINES_MAX]


def compare_phones(ours: tuple[Line, ...], theirs: tuple[Line, ...]) -> PhoneAgreement:
    """The closest agreement of any line here with any there; lines that say nothing are left out."""
    pairs = ((a, b) for a in ours if not a.says_nothing for b in theirs if not b.says_nothing)
    return min((_compare(a, b) for a, b in pairs), key=_CLOSEST_FIRST.__getitem__, default=PhoneAgreement.UNKNOWN)


def _compare(a: Line, b: Line) -> PhoneAgreement:
    if LineKind.MASKED in (a.kind, b.kind):
        fits = mask_fits(a.number, b.number, HIDDEN_DIGIT)
        return PhoneAgreement.MASK_FITS if fits else PhoneAgreement.DIFFERENT
    if a.number == b.number:
        differs = a.extension and b.extension and a.extension != b.extension
        return PhoneAgreement.EXTENSION_DIFFERS if differs else PhoneAgreement.EQUAL
    if LineKind.LOCAL in (a.kind, b.kind):
        local, other = (a, b) if a.kind is LineKind.LOCAL else (b, a)
        fits = other.kind is LineKind.LANDLINE and other.number.endswith(local.number)
        return PhoneAgreement.LOCAL_FITS if fits else PhoneAgreement.DIFFERENT
    slip = differ_by_one(a.number, b.number) or neighbours_swapped(a.number, b.number)
    return PhoneAgreement.ONE_DIGIT_OFF if slip else PhoneAgreement.DIFFERENT


def _number(text: str) -> str:
    compact = _JOINTS.sub("", _EXTENSION.sub("", _LABEL.sub("", unspaced(plain(text)))))
    number = _COUNTRY.sub("0", compact)
    return "0" + number if _WITHOUT_ZERO.fullmatch(number) else number


def _lines(part: str) -> Iterator[Line]:
    """The telephones between two separators: the longest runs of words that are one."""
    words = part.split()[:_WORDS_MAX]
    start = 0
    while start < len(words):
        ends = range(min(len(words), start + _WORDS_OF_A_LINE_MAX), start, -1)
        found = ((line, end) for end in ends if (line := _line(" ".join(words[start:end]))))
        line, start = next(found, (None, start + 1))
        if line:
            yield line


def _line(text: str) -> Line | None:
    number = _number(text)
    extension = _EXTENSION_NUMBER.search(plain(text))
    kind = _kind(number)
    if kind:
        is_filler = _FILLER.fullmatch(number) is not None
        told = extension[1] if extension else None
        return Line(number, kind, told, says_nothing=is_filler or kind is LineKind.SERVICE)
    return _masked_or_broken(text)


def _kind(number: str) -> LineKind | None:
    if _SERVICE.fullmatch(number):
        return LineKind.SERVICE
    forms = (
        (_MOBILE, LineKind.MOBILE),
        (_LANDLINE, LineKind.LANDLINE),
        (_FOREIGN, LineKind.FOREIGN),
        (_LOCAL, LineKind.LOCAL),
    )
    return next((kind for form, kind in forms if form.fullmatch(number)), None)


def _masked_or_broken(text: str) -> Line | None:
    """0912-***-678; 0912-345-67."""
    written = _LABEL.sub("", unspaced(plain(text)))
    number = _JOINTS.sub("", _HIDDEN_RUN.sub(lambda run: HIDDEN_DIGIT * len(run[0]), written))
    if _BROKEN.fullmatch(number):
        return Line(number, LineKind.BROKEN)
    shown = len(number) - number.count(HIDDEN_DIGIT)
    return Line(number, LineKind.MASKED) if _MASKED.fullmatch(number) and shown >= _SHOWN_MIN else None
