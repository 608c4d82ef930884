"""Bytes of CP950 that the standard table leaves out: characters that an office has drawn for itself keep the private
code point that Windows gives them, so that nothing of a rare name is lost; a byte that is none is held as a surrogate.
"""

import codecs
from typing import Final

OWN_CHARACTERS: Final = "anwang-own-characters"
"""The name of this error handler, for `open`."""

_TRAILS = (*range(0x40, 0x7F), *range(0xA1, 0xFF))
_LOWER_HALF = 63
_PLANES = (
    (0xFA, 0xFE, 0xE000, 0),
    (0x8E, 0xA0, 0xE311, 0),
    (0x81, 0x8D, 0xEEB8, 0),
    (0xC6, 0xC8, 0xF6B1 - _LOWER_HALF, _LOWER_HALF),
)
"""First and last lead byte of each plane, the code point of its first trail byte, and how many of the first ones are
not its own.
"""

_SURROGATES = 0xDC00


def _held(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    own = _own(error.object[error.start : error.start + 2])
    if own:
        return own, error.start + 2
    return chr(_SURROGATES + error.object[error.start]), error.start + 1


def _own(pair: bytes) -> str | None:
    if len(pair) < len(b"??"):
        return None
    lead, trail = pair
    for first, last, begins, skipped in _PLANES:
        if first <= lead <= last and trail in _TRAILS:
            code = begins + (lead - first) * len(_TRAILS) + _TRAILS.index(trail)
            return chr(code) if code >= begins + skipped else None
    return None


codecs.register_error(OWN_CHARACTERS, _held)
