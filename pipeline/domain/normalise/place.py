"""Places: an address as people write it, in its parts, and which of them can be trusted."""

import re
import unicodedata
from functools import lru_cache

from pipeline.domain.facts import Parts, Place, Street, Trust
from pipeline.domain.importing.area import area_name
from pipeline.domain.normalise.district import District, district_at, district_later
from pipeline.domain.normalise.gazetteer import POSTCODES, comparable
from pipeline.domain.normalise.street import digits, no_address, read_street, written
from pipeline.domain.normalise.text import plain, unspaced
from pipeline.domain.normalise.village import lone_village, with_village

_CACHED, _READINGS_MAX = 8192, 4
_GAP = re.compile(r"(?<=\d)\s+(?=\d)|(?<=之[一二三四五六七八九十])\s+(?=[一二三四五六七八九十])")
_FRONT_WORDS = (
    r"(?:我家|我|家|現居|現住|居住|戶籍|通訊|目前|暫住|租屋|案發|發生|地址|住址|住所|地點|位於|位在|中華民國"
    r"|(?:臺灣|福建)省|臺灣(?!大道|[東西南北中]?路)|福建(?![東西南北中]?[路街])|地(?!下)|[處住在於約:,、;()\[\]〒])*+"
)
_FRONT = re.compile(
    rf"{_FRONT_WORDS}(?:(?P<code>\d{{10}}|\d{{8}})(?!\d)"
    r"|(?P<postcode>\d{6}|\d{5}|\d{3}(?:-\d{2,3})?)(?=[)\],、-]*+[^\d號巷弄段樓鄰之衖室棟座FfBb#)\],、-]))?"
    rf"-?{_FRONT_WORDS}",
    re.ASCII,
)
_NEIGHBOURHOOD = re.compile(r"[,、.()\[\]]*+第?0*(\d{1,3})鄰[,、.]*+")


@lru_cache(maxsize=_CACHED)
def read_place(text: str) -> Place:
    """An address in its parts. Reads postcodes and old area codes in front, old, short and variant names; a town that
    several counties have, or a short name that two share, gives all of them, unless the village or the postcode leaves
    one. Only what stands in front counts as county and town, save a county or an unmistakable town that is written in
    full further on.
    """
    place = _read(text)
    return _settled(place) if place.parts.remark else place


def _settled(place: Place) -> Place:
    """What stands about an address may name another: read until one spelling stays."""
    for _ in range(_READINGS_MAX):
        again = _read(spelled(place))
        if said(again) == said(place):
            break
        place = again
    return place


def said(place: Place) -> tuple[object, ...]:
    """What a place says, without how far it can be trusted."""
    return place.counties, place.town, place.detail, *place.parts[: Parts._fields.index("county_trust")]


def _read(text: str) -> Place:
    whole = unicodedata.normalize("NFC", comparable(unspaced(_GAP.sub(",", plain(text)))))
    front = _FRONT.match(whole)
    start = front.end() if front else 0
    area = area_name(front["code"]) if front and front["code"] else None
    if area:
        whole, start = comparable(area) + whole[start:], 0
    found = district_at(whole, start) or district_later(whole, start)
    if found is None:
        return _without_district(whole, start)
    return _with_district(whole, start, found, front["postcode"] if front and not area else None)


def _without_district(whole: str, start: int) -> Place:
    home = lone_village(whole, start)
    if home:
        lone = District((home.county,), home.town, start, start, Trust.INFERRED, Trust.INFERRED)
        return _with_district(whole, start, lone, None)
    read = read_street(digits(whole[start:]))
    if read.street == Street():
        read = read_street(digits(whole))
    return _place((), None, Parts(street=read.street, remark=read.remark, near=read.near))


def _with_district(whole: str, start: int, found: District, postcode: str | None) -> Place:
    before, behind = whole[start : found.begin], whole[found.end :]
    if before and read_street(digits(behind)).street == Street():
        behind = before + behind
    found, village, trust, end = with_village(behind, found)
    found = _by_postcode(found, postcode)
    rest = digits(behind[end:])
    neighbour = _NEIGHBOURHOOD.match(rest)
    read = read_street(rest[neighbour.end() :] if neighbour else rest)
    parts = Parts(
        village,
        neighbour[1] if neighbour else None,
        *read,
        postcode=postcode,
        county_trust=found.county_trust,
        town_trust=found.town_trust,
        village_trust=trust,
    )
    return _place(found.counties, found.town, parts)


def _place(counties: tuple[str, ...], town: str | None, parts: Parts) -> Place:
    if parts.street == Street() and parts.remark:
        parts = parts._replace(no_address=no_address(parts.remark))
    counted_in = parts.village if parts.village and not parts.street.road else ""
    return Place(counties, town, f"{counted_in}{written(parts.street)}{parts.remark}", parts)


def _by_postcode(found: District, postcode: str | None) -> District:
    if not (postcode and found.town and len(found.counties) > 1):
        return found
    fitting = tuple(c for c in found.counties if POSTCODES.get((c, found.town)) == postcode[:3])
    return found._replace(counties=fitting, county_trust=Trust.INFERRED) if len(fitting) == 1 else found


def spelled(place: Place) -> str:
    """The one spelling of a place; reads as the same place again."""
    parts = place.parts
    area = place.county or (place.counties[0][:2] if place.counties and not place.town else "")
    door = written(parts.street)
    remark = f"({parts.remark})" if door and parts.remark else parts.remark
    neighbourhood = f"{parts.neighbourhood}鄰" if parts.neighbourhood else ""
    return f"{parts.postcode or ''}{area}{place.town or ''}{parts.village or ''}{neighbourhood}{door}{remark}"
