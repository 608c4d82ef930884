"""JSON from strangers: bounded in depth, its oddities noted, safe to hash, to store and to write again."""

import json
import math
import re
from enum import StrEnum
from itertools import accumulate
from typing import NoReturn, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

DEPTH_MAX = 64
INTEGER_DIGITS_MAX = 18
"""More would not fit the 64-bit integers of those who read what we store."""

_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
"""One that never ends takes all the rest: no character is looked at twice."""
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""As signed bytes: one down at each opening bracket, one up at each that closes."""
_NO_BRACKETS = bytes(set(range(256)) - set(b"[{]}"))
_UNSAFE_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


class WireFault(StrEnum):
    """What was odd about the bytes, though they could be read."""

    BYTE_ORDER_MARK = "byte_order_mark"
    DUPLICATE_KEY = "duplicate_key"
    NUMBER_OUT_OF_RANGE = "number_out_of_range"
    NUL_CHARACTER = "nul_character"
    LONE_SURROGATE = "lone_surrogate"
    DATA_AS_TEXT = "data_as_text"
    DATA_TWICE = "data_twice"
    HEADER_UNREADABLE = "header_unreadable"


class NotJsonError(ValueError):
    """The text is not JSON. It carries nothing of the text."""


class TooDeepError(ValueError):
    """The text nests deeper than `DEPTH_MAX`."""


def read_json(text: str, seen: set[WireFault], depth_max: int = DEPTH_MAX) -> Json:
    """The value of a JSON text; adds to `seen` what was odd. Of a key that comes twice the last counts. A number that
    no 64-bit integer or double holds stays as its text. Lone surrogates become the text of their escape, NUL becomes
    ␀ (U+2400). Raises NotJsonError (also for NaN and Infinity) and TooDeepError, nothing else.
    """
    if text.count("[") + text.count("{") > depth_max and _is_deeper(text, depth_max):
        raise TooDeepError
    try:
        value: Json = _decoder(seen).decode(text)
    except (json.JSONDecodeError, RecursionError):
        raise NotJsonError from None
    return _clean(value, seen) if _UNSAFE_ESCAPE.search(text) else value


def clean_text(text: str, seen: set[WireFault]) -> str:
    """The text without what UTF-8 or a database cannot hold."""
    if "\x00" in text:
        seen.add(WireFault.NUL_CHARACTER)
        text = text.replace("\x00", "\u2400")
    if _LONE_SURROGATE.search(text):
        seen.add(WireFault.LONE_SURROGATE)
        text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text


def canonical(value: Json) -> bytes:
    """One spelling for one value: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def _is_deeper(text: str, depth_max: int) -> bool:
    steps = _STRING.sub("", text).encode("utf-8", "surrogatepass").translate(_STEPS, _NO_BRACKETS)
    return max(accumulate(memoryview(steps).cast("b")), default=0) > depth_max


def _decoder(seen: set[WireFault]) -> json.JSONDecoder:
    def pairs(items: list[tuple[str, Json]]) -> dict[str, Json]:
        found = dict(items)
        if len(found) != len(items):
            seen.add(WireFault.DUPLICATE_KEY)
        return found

    def integer(digits: str) -> int | str:
        if len(digits.lstrip("-")) <= INTEGER_DIGITS_MAX:
            return int(digits)
        seen.add(WireFault.NUMBER_OUT_OF_RANGE)
        return digits

    def fraction(digits: str) -> float | str:
        number = float(digits)
        if math.isfinite(number):
            return number
        seen.add(WireFault.NUMBER_OUT_OF_RANGE)
        return digits

    return json.JSONDecoder(object_pairs_hook=pairs, parse_int=integer, parse_float=fraction, parse_constant=_constant)


def _constant(_name: str) -> NoReturn:
    raise NotJsonError


def _clean(value: Json, seen: set[WireFault]) -> Json:
    if isinstance(value, str):
        return clean_text(value, seen)
    if isinstance(value, list):
        return [_clean(item, seen) for item in value]
    if isinstance(value, dict):
        return {clean_text(key, seen): _clean(item, seen) for key, item in value.items()}
    return value
