"""Official area codes as other systems write them, and the names of their places."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from pipeline import data
from pipeline.domain.counties import COUNTY_CODES

COUNTY_DIGITS, TOWN_DIGITS, VILLAGE_DIGITS, PADDED_DIGITS = 5, 8, 11, 10

OLD_COUNTIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "10001": "新北市",  # 臺北縣, as the protection system still has it
        "10003": "桃園市",  # 桃園縣; the national social-affairs guide writes it for the city
        "10006": "臺中市",  # 臺中縣
        "10019": "臺中市",  # the city before 2010
        "10011": "臺南市",  # 臺南縣
        "10021": "臺南市",  # the city before 2010
        "10012": "高雄市",  # 高雄縣
    }
)
"""Codes that live on in older systems. Of their towns only the county is told, since their numbers changed."""


def area_name(code: str) -> str | None:
    """County and town, or only the county, for a code of 5, 8, 10 (8 and two zeros, or 5 and five) or 11 digits (a
    village's, told as its town). None where no place has it.
    """
    if not (code.isascii() and code.isdigit()):
        return None
    if len(code) not in {COUNTY_DIGITS, TOWN_DIGITS, PADDED_DIGITS, VILLAGE_DIGITS}:
        return None
    if len(code) == PADDED_DIGITS and not code.endswith("00"):
        return None
    county, town = code[:COUNTY_DIGITS], code[COUNTY_DIGITS:TOWN_DIGITS]
    if county in OLD_COUNTIES:
        return OLD_COUNTIES[county]
    return _places().get(county if town in {"", "000"} else county + town)


@lru_cache(maxsize=1)
def _places() -> Mapping[str, str]:
    counties = {code: county for county, code in COUNTY_CODES.items()}
    return {**counties, **{t.town_code: t.county + t.town for t in data.towns()}}
