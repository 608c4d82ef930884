"""Counties, towns and villages as the register has them and as people have called them."""

from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from pipeline.data import table, towns

_CHARACTERS = str.maketrans(
    "台巿ㄧ舘峯号県县厰塩庄区乡镇楼邻湾东双恒",
    "臺市一館峰號縣縣廠鹽莊區鄉鎮樓鄰灣東雙恆",
)
_BRACKETS = str.maketrans("", "", "[]")
SUFFIXES = "鄉鎮市區"
ALWAYS_DISTRICTS = frozenset({"臺北市", "基隆市", "新竹市", "嘉義市"})
"""Their districts were never called 鄉, 鎮 or 市."""

POSTCODES = MappingProxyType(
    {
        ("臺北市", "中正區"): "100",
        ("臺北市", "中山區"): "104",
        ("臺北市", "大安區"): "106",
        ("臺北市", "信義區"): "110",
        ("基隆市", "信義區"): "201",
        ("基隆市", "中正區"): "202",
        ("基隆市", "中山區"): "203",
        ("新竹市", "東區"): "300",
        ("新竹市", "北區"): "300",
        ("臺中市", "東區"): "401",
        ("臺中市", "南區"): "402",
        ("臺中市", "西區"): "403",
        ("臺中市", "北區"): "404",
        ("臺中市", "大安區"): "439",
        ("嘉義市", "東區"): "600",
        ("嘉義市", "西區"): "600",
        ("臺南市", "東區"): "701",
        ("臺南市", "南區"): "702",
        ("臺南市", "北區"): "704",
    }
)
"""The first three digits, of the towns whose name several counties have: the post's public list."""


class Home(NamedTuple):
    """Where a village lies; `village` is its name in the register."""

    county: str
    town: str
    village: str


class Gazetteer(NamedTuple):
    """`stems`: county → comparable town without its last character → town. `named`: comparable town → counties.
    `formerly`: stem → counties where it may once have been 鄉, 鎮 or 市. `old_counties` and `old_towns` (by today's
    county and the former name) are renamed. `villages`: the comparable name → where it lies. `rare`: the same for those
    with a character that few machines can write, by town; it stands there as a question mark.
    """

    stems: dict[str, dict[str, str]]
    named: dict[str, tuple[str, ...]]
    formerly: dict[str, tuple[str, ...]]
    old_counties: dict[str, str]
    old_towns: dict[tuple[str, str], str | None]
    villages: dict[str, tuple[Home, ...]]
    rare: dict[tuple[str, str], tuple[tuple[str, str], ...]]


def comparable(text: str) -> str:
    """The characters of place names that are written in several ways, in one of them. Never changes the length."""
    return text.translate(_CHARACTERS)


@lru_cache(maxsize=1)
def gazetteer() -> Gazetteer:
    stems: dict[str, dict[str, str]] = {}
    named: dict[str, tuple[str, ...]] = {}
    formerly: dict[str, tuple[str, ...]] = {}
    for _, county, _, town in towns():
        name = comparable(town)
        stems.setdefault(county, {})[name[:-1]] = town
        named[name] = (*named.get(name, ()), county)
        if county not in ALWAYS_DISTRICTS and len(town) > len("東區"):
            formerly[name[:-1]] = (*formerly.get(name[:-1], ()), county)
    return Gazetteer(stems, named, formerly, *_renamed(), *_villages())


def _renamed() -> tuple[dict[str, str], dict[tuple[str, str], str | None]]:
    rows = [line.split(",") for line in table("renamed.csv").splitlines()[1:]]
    counties = {former: county for former, former_town, county, _, _ in rows if not former_town}
    return counties, {(county, former): town or None for _, former, county, town, _ in rows if former}


def _villages() -> tuple[dict[str, tuple[Home, ...]], dict[tuple[str, str], tuple[tuple[str, str], ...]]]:
    villages: dict[str, tuple[Home, ...]] = {}
    rare: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
    for line in table("villages.csv").splitlines()[1:]:
        _, county, _, town, _, village = line.split(",")
        written, bracket = village.translate(_BRACKETS), village.find("[")
        name = comparable(written)
        villages[name] = (*villages.get(name, ()), Home(county, town, written))
        if bracket >= 0:
            shape = f"{name[:bracket]}?{name[bracket + 1 :]}"
            rare[county, town] = (*rare.get((county, town), ()), (shape, written))
    return villages, rare


def homes_of(name: str) -> tuple[Home, ...]:
    """Every village of this comparable name."""
    return gazetteer().villages.get(name, ())


def village_in(county: str, town: str, name: str) -> str | None:
    """The register's spelling of a village of this town. One character that few machines can write may be another."""
    for home in homes_of(name):
        if home.county == county and home.town == town:
            return home.village
    return next((v for shape, v in gazetteer().rare.get((county, town), ()) if _fits(shape, name)), None)


def _fits(shape: str, name: str) -> bool:
    return len(shape) == len(name) and all(s in ("?", c) for s, c in zip(shape, name, strict=True))
