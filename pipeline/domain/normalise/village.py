"""The village behind county and town, and what it tells of them."""

import re
from collections.abc import Callable

from pipeline.domain.facts import Trust
from pipeline.domain.normalise.district import District
from pipeline.domain.normalise.gazetteer import Home, homes_of, village_in

_VILLAGE_FRONT = re.compile(r"[,、.()]*+")
_NO_BRACKETS = str.maketrans("", "", "[]")
_UNKNOWN_VILLAGE = re.compile(
    r"[,、.()]*+([一-鿿]{1,4}?[里村])(?=第?[\d一二三四五六七八九十]+鄰|[^路街道,、.;:()]{2,12}?(?:路|街|大道))"
)
_NO_VILLAGE_AFTER = re.compile(r"[路街巷弄段]|大道")
_WAY_AHEAD = re.compile(r"[\d一二三四五六七八九十]+鄰|[^路街道,、.;:()]{2,12}?(?:路|街|大道)")
_VILLAGE_LENGTH_MAX, _VILLAGE_WINDOW = 6, 16
_LONE_VILLAGE_MIN = 3


def lone_village(whole: str, start: int) -> Home | None:
    """The one village of this name, where a neighbourhood or a road follows it."""
    homes, end = _named_village(whole, start, homes_of)
    one = len(homes) == 1 and end - start >= _LONE_VILLAGE_MIN and _WAY_AHEAD.match(whole, end)
    return homes[0] if one else None


def with_village(behind: str, found: District) -> tuple[District, str | None, Trust, int]:
    """County and town as the village leaves them, the village, how far to trust it, and where it ends."""

    def inside(name: str) -> tuple[Home, ...]:
        if not found.town:
            return tuple(home for home in homes_of(name) if home.county in found.counties)
        known = ((county, found.town, village_in(county, found.town, name)) for county in found.counties)
        return tuple(Home(county, town, village) for county, town, village in known if village)

    homes, end = _named_village(behind, 0, inside)
    if not homes:
        return _with_stray_village(behind, found)
    if len(homes) > 1:
        return found, homes[0].village, Trust.AMBIGUOUS, end
    return _narrowed(found, homes[0]), homes[0].village, Trust.GIVEN, end


def _with_stray_village(behind: str, found: District) -> tuple[District, str | None, Trust, int]:
    """A village that this town does not have: another of the county does, or the register has none."""
    stray = _UNKNOWN_VILLAGE.match(behind)
    if not stray:
        return found, None, Trust.UNKNOWN, 0
    homes = [home for home in homes_of(stray[1]) if home.county in found.counties]
    if not homes:
        return found, stray[1], Trust.UNKNOWN, stray.end(1)
    return found._replace(town_trust=Trust.CONTRADICTED), homes[0].village, Trust.CONTRADICTED, stray.end(1)


def _narrowed(found: District, home: Home) -> District:
    if len(found.counties) > 1:
        found = found._replace(counties=(home.county,), county_trust=Trust.INFERRED)
    return found if found.town else found._replace(town=home.town, town_trust=Trust.INFERRED)


def _named_village(whole: str, start: int, find: Callable[[str], tuple[Home, ...]]) -> tuple[tuple[Home, ...], int]:
    """The register's villages that may be meant at this position, and where the name ends. 中里街 is no village."""
    text = whole[start : start + _VILLAGE_WINDOW]
    front = _VILLAGE_FRONT.match(text)
    begin = front.end() if front else 0
    name = text[begin:].translate(_NO_BRACKETS)
    for length in range(min(_VILLAGE_LENGTH_MAX, len(name)), 1, -1):
        if name[length - 1] in "里村":
            homes = find(name[:length])
            end = _end_of(text, begin, length)
            if homes and not _NO_VILLAGE_AFTER.match(text, end):
                return homes, start + end
    return (), start


def _end_of(text: str, begin: int, length: int) -> int:
    """Where so many characters, brackets not counted, end."""
    end = begin
    while length:
        length -= text[end] not in "[]"
        end += 1
    return end
