"""Places: county and town out of an address as people write it, and the rest in a comparable spelling."""

import re
from collections.abc import Iterator
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from pipeline.data import towns
from pipeline.domain.facts import Place
from pipeline.domain.normalise.text import CHINESE_NUMERAL, chinese_number, plain, unspaced

_CHARACTERS = str.maketrans("台巿ㄧ舘峯号県厰", "臺市一館峰號縣廠")
_SUFFIXES = "鄉鎮市區"
_OLD_COUNTIES = MappingProxyType(
    {"臺北縣": "新北市", "桃園縣": "桃園市", "臺中縣": "臺中市", "臺南縣": "臺南市", "高雄縣": "高雄市"}
)
"""Until 2010-12-25; 桃園縣 until 2014-12-25."""
_OLD_TOWNS = MappingProxyType(
    {("高雄市", "三民鄉"): "那瑪夏區", ("臺南市", "中區"): "中西區", ("臺南市", "西區"): "中西區"}
)
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
_ALWAYS_DISTRICTS = frozenset({"臺北市", "基隆市", "新竹市", "嘉義市"})
"""Their districts were never called 鄉, 鎮 or 市."""

_FRONT = re.compile(
    r"^(?:我家|我|家|現居|現住|居住|戶籍|通訊|目前|暫住|租屋|案發|發生|地址|住址|住所|地點|位於|位在|[地處住在於約:,、;(\[〒)\]])*+"
    r"(?:\d{3,6}[)\]]?[,-]?)?(?:中華民國)?(?:(?:臺灣|福建)省?(?!大道|[東西南北中]?路))?"
)
_BETWEEN = re.compile(r"[,、.()\[\]-]*(?:\d{3,6})?[,、.()\[\]-]*")
_NO_COUNTY_AFTER = re.compile(
    r"[一二三四五六七八九十東西南北中新]{0,2}(?:路|街|大道|巷|弄|橋)|[里村投場]|新村|國小|國中|高中|大學|監獄|看守所"
)
_FULL_LATER = re.compile(
    r"(?:[臺新]北|桃園|臺[中南東]|高雄|基隆|新竹|嘉義|宜蘭|苗栗|彰化|南投|雲林|屏東|花蓮|澎湖|金門|連江)[縣市](?![場民])"
)

_VILLAGE = re.compile(r"^[一-鿿]{1,4}?[里村](?:\d+鄰)?(?=[^路街道]+(?:路|街|大道))|^\d+鄰")
_SUBNUMBER = re.compile(r"(\d+)號[之-](\d)(?![樓fF])(?:(\d+)(?=樓|[fF](?![a-zA-Z])))?((?(3)|\d*))")
_OF = re.compile(r"(?<=\d)之(?=\d)")
_FLOOR = re.compile(r"(?<=\d)[fF](?![a-zA-Z])")
_NUMERAL = re.compile(rf"第?({CHINESE_NUMERAL})(?=[段巷弄鄰號樓衖])")
_SYMBOLS = re.compile(r"[\s,、。.;:()\[\]]+")


class _Gazetteer(NamedTuple):
    """`stems`: county → town without its last character → town. `named`: town as written today → counties.
    `formerly`: stem → counties where it may once have been 鄉, 鎮 or 市.
    """

    stems: dict[str, dict[str, str]]
    named: dict[str, tuple[str, ...]]
    formerly: dict[str, tuple[str, ...]]
    later: re.Pattern[str]


class _Found(NamedTuple):
    counties: tuple[str, ...]
    town: str | None
    end: int


def read_place(text: str) -> Place:
    """County and town of an address, and `detail`, which is equal for two spellings of one address. Reads postcodes,
    old, short and variant names; a town that several counties have, or a short name that two share, gives all of
    them. Only what stands in front counts, save a county or an unmistakable town that is written in full further on.
    """
    written = unspaced(plain(text)).translate(_CHARACTERS)
    front = _FRONT.match(written)
    start = front.end() if front else 0
    found = _at(written, start) or _later(written, start)
    return (
        Place(found.counties, found.town, _detail(written[found.end :])) if found else Place((), None, _detail(written))
    )


@lru_cache(maxsize=1)
def _gazetteer() -> _Gazetteer:
    stems: dict[str, dict[str, str]] = {}
    named: dict[str, tuple[str, ...]] = {}
    formerly: dict[str, tuple[str, ...]] = {}
    for _, county, _, town in towns():
        stems.setdefault(county, {})[town[:-1]] = town
        named[town] = (*named.get(town, ()), county)
        if county not in _ALWAYS_DISTRICTS and len(town) > len("東區"):
            formerly[town[:-1]] = (*formerly.get(town[:-1], ()), county)
    unmistakable = sorted(
        (t for t, counties in named.items() if len(counties) == 1 and len(t) > len("東區")), reverse=True
    )
    return _Gazetteer(stems, named, formerly, re.compile("|".join(unmistakable)))


def _at(written: str, start: int) -> _Found | None:
    return _full(written, start) or _lone_town(written, start) or _short(written, start)


def _full(written: str, start: int) -> _Found | None:
    name = written[start : start + 3]
    county = _OLD_COUNTIES.get(name, name)
    if county not in _gazetteer().stems:
        return None
    end = start + 3
    inside = _town_in(county, written, end)
    sibling = _SIBLING.get(county)
    if inside.town is None and sibling:
        beside = _town_in(sibling, written, end)
        return beside if beside.town else inside
    return inside


def _town_in(county: str, written: str, end: int) -> _Found:
    """The town that stands at `end`, behind its county, whatever it was called at the time."""
    between = _BETWEEN.match(written, end)
    for name, behind in _names(written, between.end() if between else end):
        town = _town_named(county, name)
        if town:
            return _Found((county,), town, behind)
    return _Found((county,), None, end)


def _names(written: str, begin: int) -> Iterator[tuple[str, int]]:
    """What may be a town's name at this position, the longest first, and where it ends. 三民市場 is no town."""
    for length in (4, 3, 2):
        name, behind = written[begin : begin + length], begin + length
        if len(name) == length and name[-1] in _SUFFIXES and written[behind : behind + 1] != "場":
            yield name, behind


def _town_named(county: str, name: str) -> str | None:
    former = _OLD_TOWNS.get((county, name))
    if former:
        return former
    if name[-1] != "區" and (county in _ALWAYS_DISTRICTS or len(name) == len("東區")):
        return None
    return _gazetteer().stems[county].get(name[:-1])


def _lone_town(written: str, start: int) -> _Found | None:
    """A town without its county: by its present name, else by a former one."""
    for name, behind in _names(written, start):
        counties = _gazetteer().named.get(name)
        if counties:
            return _Found(counties, name, behind)
        former = _former(name)
        if former:
            return _Found(former, _town_named(former[0], name) if len(former) == 1 else None, behind)
    return None


def _former(name: str) -> tuple[str, ...]:
    """The counties where a town of today, lower in rank then, may have borne this name."""
    if name == "三民鄉":
        return ("高雄市",)
    rank, known = _SUFFIXES.index(name[-1]), _gazetteer()
    return tuple(c for c in known.formerly.get(name[:-1], ()) if rank < _SUFFIXES.index(known.stems[c][name[:-1]][-1]))


def _short(written: str, start: int) -> _Found | None:
    counties = _SHORT.get(written[start : start + 2])
    if not counties:
        return None
    end = start + 2
    for county in counties:
        found = _town_in(county, written, end)
        if found.town:
            return found
    if len(counties) > 1:
        for county in counties:
            stem = next(
                (s for s in (written[end : end + 3], written[end : end + 2]) if s in _gazetteer().stems[county]), None
            )
            if stem and len(stem) > 1 and not _NO_COUNTY_AFTER.match(written, end + len(stem)):
                return _Found((county,), _gazetteer().stems[county][stem], end + len(stem))
    return None if _NO_COUNTY_AFTER.match(written, end) else _Found(counties, None, end)


def _later(written: str, start: int) -> _Found | None:
    county = _FULL_LATER.search(written, start)
    if county:
        return _at(written, county.start())
    town = _gazetteer().later.search(written, start)
    return _lone_town(written, town.start()) if town else None


def _detail(rest: str) -> str:
    text = _SUBNUMBER.sub(_subnumber, _SYMBOLS.sub("", rest))
    text = _OF.sub("-", _FLOOR.sub("樓", _NUMERAL.sub(_number, text)))
    return _VILLAGE.sub("", text)


def _subnumber(found: re.Match[str]) -> str:
    """134號之2 is 134-2號; where a floor follows at once (134號之42樓), the first digit belongs to the number."""
    number, first, floor, more = found.groups()
    return f"{number}-{first}{more or ''}號{floor or ''}"


def _number(numeral: re.Match[str]) -> str:
    return str(chinese_number(numeral[1]))
