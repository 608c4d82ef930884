"""Phone numbers: one spelling for one line, so that they can be compared."""

import re

from pipeline.domain.normalise.text import plain, unspaced

_EXTENSION = re.compile(r"(?:#|轉|分機|ext\.?|x|\*).*", re.IGNORECASE | re.DOTALL)
_LABEL = re.compile(r"^[^\d+(]{0,12}(?=[\d+(])")
_JOINTS = re.compile(r"[-.()/~_]")
_COUNTRY = re.compile(r"^(?:\+886|00\d?886|886)0?")
_MOBILE = re.compile(r"09\d{8}")
_LANDLINE = re.compile(r"02\d{8}|03\d{7}|04[23]\d{7}|04[78]\d{6}|049\d{7}|0[568]\d{7}|07\d{7,8}")
_FOREIGN = re.compile(r"\+[1-9]\d{7,14}")
_PLACEHOLDER = re.compile(r"09(\d)\1{7}")
_WITHOUT_ZERO = re.compile(r"9\d{8}")


def read_phone(text: str) -> str | None:
    """Digits with the leading 0 (foreign numbers with +), without extension; None if it is no whole number of
    Taiwan's plan. A landline without its area code names no line, 0900000000 and its like are fillers.
    """
    compact = _JOINTS.sub("", _EXTENSION.sub("", _LABEL.sub("", unspaced(plain(text)))))
    number = _COUNTRY.sub("0", compact)
    if _WITHOUT_ZERO.fullmatch(number):
        number = "0" + number
    if _PLACEHOLDER.fullmatch(number):
        return None
    return number if any(form.fullmatch(number) for form in (_MOBILE, _LANDLINE, _FOREIGN)) else None
