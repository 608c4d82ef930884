"""County and town in front of an address, or further on, as people write them: old, short and variant names."""

import re
from collections.abc import Iterator
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from pipeline.domain.facts import Trust
from pipeline.domain.normalise.gazetteer import ALWAYS_DISTRICTS, SUFFIXES, gazetteer

_SHORT = MappingProxyType(
    {
        **dict.fromkeys(("臺北", "北市"), ("臺北市",)),
        **dict.fromkeys(("新北", "北縣"), ("新北市",)),
        **dict.fromkeys(("桃園", "桃市", "桃縣"), ("桃園市",)),
        **dict.fromkeys(("臺中", "中市", "中縣"), ("臺中市",)),
        **dict.fromkeys(("臺南", "南市", "南縣"), ("臺南市",)),
        **dict.fromkeys(("高雄", "高市", "高縣"), ("高雄市",)),
        **dict.fromkeys(("基隆", "基市"), ("基隆市",)),
        **dict.fromkeys(("宜蘭", "宜縣"), ("宜蘭縣",)),
        **dict.fromkeys(("苗栗", "苗縣"), ("苗栗縣",)),
        **dict.fromkeys(("彰化", "彰縣"), ("彰化縣",)),
        **dict.fromkeys(("南投", "投縣"), ("南投縣",)),
        **dict.fromkeys(("雲林", "雲縣"), ("雲林縣",)),
        **dict.fromkeys(("屏東", "屏縣"), ("屏東縣",)),
        **dict.fromkeys(("花蓮", "花縣"), ("花蓮縣",)),
        **dict.fromkeys(("臺東", "東縣"), ("臺東縣",)),
        **dict.fromkeys(("澎湖", "澎縣"), ("澎湖縣",)),
        **dict.fromkeys(("金門", "金縣"), ("金門縣",)),
        **dict.fromkeys(("連江", "馬祖"), ("連江縣",)),
        "竹市": ("新竹市",),
        "竹縣": ("新竹縣",),
        "嘉市": ("嘉義市",),
        "嘉縣": ("嘉義縣",),
        "新竹": ("新竹市", "新竹縣"),
        "嘉義": ("嘉義市", "嘉義縣"),
    }
)
_SIBLING = MappingProxyType({"新竹市": "新竹縣", "新竹縣": "新竹市", "嘉義市": "嘉義縣", "嘉義縣": "嘉義市"})

_BETWEEN = re.compile(r"[,、.()\[\]-]*(?:\d{3,6})?[,、.()\[\]-]*")
_NO_COUNTY_AFTER = re.compile(
    r"[一二三四五六七八九十東西南北中新]{0,2}(?:路|街|大道|巷|弄|橋)|[里村投場]|新村|國小|國中|高中|大學|監獄|看守所"
)
_NO_TOWN_AFTER = re.compile(r"[東西南北中]?[一二三四五六七八九十]{0,2}(?:路|街|大道|巷|弄|橋)")
_ROAD_AHEAD = re.compile(r"[^\d路街巷弄號,、;]{2,6}\d{0,2}(?:路|街|大道|巷)|[^\d路街巷弄號,、;]路街")
_CUT_ROAD = re.compile(r"[^\d路街巷弄號,、;][路街](?!街)")
"""What is left of 市政路 or 鎮南路 where its first character was taken for a town's last."""
_FULL_LATER = re.compile(
    r"(?:[臺新]北|桃園|臺[中南東]|高雄|基隆|新竹|嘉義|宜蘭|苗栗|彰化|南投|雲林|屏東|花蓮|澎湖|金門|連江)[縣市](?![場民])"
)


class District(NamedTuple):
    """`counties` as in `Place`; the text from `begin` to `end` named it."""

    counties: tuple[str, ...]
    town: str | None
    begin: int
    end: int
    county_trust: Trust = Trust.GIVEN
    town_trust: Trust = Trust.UNKNOWN


def district_at(written: str, start: int) -> District | None:
    """What stands at `start`, in comparable characters without spaces."""
    return _full(written, start) or _lone_town(written, start) or _short(written, start)


def district_later(written: str, start: int) -> District | None:
    """A county or an unmistakable town that is written in full after `start`."""
    county = _FULL_LATER.search(written, start)
    if county:
        return district_at(written, county.start())
    town = _unmistakable().search(written, start)
    return _lone_town(written, town.start()) if town else None


@lru_cache(maxsize=1)
def _unmistakable() -> re.Pattern[str]:
    named = gazetteer().named.items()
    return re.compile("|".join(sorted((t for t, c in named if len(c) == 1 and len(t) > len("東區")), reverse=True)))


def _full(written: str, start: int) -> District | None:
    name = written[start : start + 3]
    county = gazetteer().old_counties.get(name, name)
    if county not in gazetteer().stems:
        return None
    inside = _town_in(county, written, start, start + 3)
    sibling = _SIBLING.get(county)
    if inside.town is None and sibling:
        beside = _town_in(sibling, written, start, start + 3)
        if beside.town_trust is Trust.GIVEN:
            return beside._replace(county_trust=Trust.INFERRED)
    return inside


def _town_in(county: str, written: str, start: int, end: int) -> District:
    """The town that stands at `end`, behind its county, whatever it was called at the time."""
    between = _BETWEEN.match(written, end)
    begin = between.end() if between else end
    for name, behind in _names(written, begin):
        known, town = _town_named(county, name)
        if known and not (town and town[-1] != name[-1] and _CUT_ROAD.match(written, behind)):
            trust = Trust.GIVEN if town else Trust.UNKNOWN
            return District((county,), town, start, behind, town_trust=trust)
    stem = _stem(county, written, begin)
    if stem and not _NO_TOWN_AFTER.match(written, stem[1]) and _ROAD_AHEAD.match(written, stem[1]):
        return District((county,), stem[0], start, stem[1], town_trust=Trust.INFERRED)
    return District((county,), None, start, end)


def _stem(county: str, written: str, begin: int) -> tuple[str, int] | None:
    """A town without its last character, and where it ends."""
    for length in (3, 2):
        town = gazetteer().stems[county].get(written[begin : begin + length])
        if town and len(town) > length:
            return town, begin + length
    return None


def _names(written: str, begin: int) -> Iterator[tuple[str, int]]:
    """What may be a town's name at this position, the longest first, and where it ends. 三民市場 is no town."""
    for length in (4, 3, 2):
        name, behind = written[begin : begin + length], begin + length
        if len(name) == length and name[-1] in SUFFIXES and written[behind : behind + 1] != "場":
            yield name, behind


def _town_named(county: str, name: str) -> tuple[bool, str | None]:
    """Whether a town of this county has or had this name, and today's; None where it was parted."""
    if (county, name) in gazetteer().old_towns:
        return True, gazetteer().old_towns[county, name]
    if name[-1] != "區" and (county in ALWAYS_DISTRICTS or len(name) == len("東區")):
        return False, None
    town = gazetteer().stems[county].get(name[:-1])
    return town is not None, town


def _lone_town(written: str, start: int) -> District | None:
    """A town without its county: by its present name, else by a former one."""
    for name, behind in _names(written, start):
        counties = gazetteer().named.get(name) or _former(name)
        if counties:
            sure = len(counties) == 1 or name in gazetteer().named
            town = _town_named(counties[0], name)[1] if sure else None
            trust = Trust.AMBIGUOUS if len(counties) > 1 else Trust.INFERRED
            return District(counties, town, start, behind, trust, Trust.GIVEN if town else Trust.UNKNOWN)
    return None


def _former(name: str) -> tuple[str, ...]:
    """The counties where a town of today, lower in rank then, may have borne this name."""
    renamed = tuple(county for county, former in gazetteer().old_towns if former == name)
    if renamed:
        return renamed
    rank, known = SUFFIXES.index(name[-1]), gazetteer()
    return tuple(c for c in known.formerly.get(name[:-1], ()) if rank < SUFFIXES.index(known.stems[c][name[:-1]][-1]))


def _short(written: str, start: int) -> District | None:
    counties = _SHORT.get(written[start : start + 2])
    if not counties:
        return None
    end = start + 2
    for county in counties:
        found = _town_in(county, written, start, end)
        if found.town:
            return found
    if len(counties) > 1:
        for county in counties:
            stem = _stem(county, written, end)
            if stem and not _NO_COUNTY_AFTER.match(written, stem[1]):
                return District((county,), stem[0], start, stem[1], town_trust=Trust.INFERRED)
    if _NO_COUNTY_AFTER.match(written, end):
        return None
    return District(counties, None, start, end, Trust.AMBIGUOUS if len(counties) > 1 else Trust.GIVEN)
