"""Road, lane, number, floor and room out of what follows county, town and village."""

import re
from typing import NamedTuple

from pipeline.domain.facts import NoAddress, Street
from pipeline.domain.normalise.numerals import arabic, arabic_numbers
from pipeline.domain.normalise.text import CHINESE_NUMERAL

_SUBNUMBER = re.compile(
    rf"(?<!\d)(\d+)號[之-]([\d一二三四五六七八九])(?![樓層fF])(?:(\d+|{CHINESE_NUMERAL})(?=樓|層|[fF](?![a-zA-Z])))?((?(3)|\d*))"
)
_OF = re.compile(r"(?<=\d)[之~](?=\d)")
_SYMBOLS = re.compile(r"[\s,、。.;:()\[\]!?*\"'「」『』<>]+")
_S = r"[,。.;:、]*+"
_NAME = r"[^\d\s,。.;:、()號樓巷弄段與及&/]"
_ROAD = re.compile(
    rf"{_NAME}{{1,12}}?(?:大道|路|街(?!友))(?:[一二三四五六七八九十東西南北中後前]{{0,3}}(?:[路街](?![口邊旁友]))){{0,2}}",
    re.ASCII,
)
_NO_ROAD = re.compile(r"(?:高速|快速)?公路|(?:^|.*[在的])?(?:[馬鐵網道走迷半這在]路|[逛上]街)")
_BEFORE_ROAD = re.compile(
    r".*(?:對面|附近|隔壁|旁邊|後面|前面|後方|前方|旁|的|位於|位在|住在|住|公園|國小|國中|高中|大學|學校|醫院|診所|市場|車站|派出所|商店|社區)"
)
_HAMLET = re.compile(r"[^\d\s,。.;:、()號樓弄段與及&/]{1,8}?(?=\d{1,5}(?:-\d{1,4}){0,3}[巷弄號棟])", re.ASCII)
_DOOR = re.compile(
    rf"{_S}(?:(?P<section>[東西南北]?\d{{1,2}}|{_NAME}{{1,3}})段)?{_S}(?:(?P<lane>\d{{1,5}}(?:-\d{{1,4}})?)巷)?"
    rf"{_S}(?:(?P<alley>\d{{1,5}}(?:-\d{{1,4}})?(?:弄\d{{1,4}}(?=衖))?)[弄衖])?{_S}"
    r"(?:(?P<number>(?:臨|附|特)?\d{1,5}(?:[-附臨]\d{1,4}){0,3})(?:[、.,/]\d{1,5}(?:-\d{1,4})?){0,3}號"
    r"(?P<more>[附臨]\d{1,4})?|(?P<bare>\d{1,5}(?:-\d{1,4})?)(?=$|[,;(。]))?",
    re.ASCII,
)
_INSIDE = re.compile(
    rf"{_S}(?:(?P<block>[A-Za-z]\d{{0,2}}|[甲乙丙丁戊]|\d{{1,3}})[棟座])?"
    r"(?:地下(?P<cellar>\d?)[樓室]?|[Bb](?P<below>\d)樓?|(?P<floor>\d{1,3})(?:-(?P<split>\d{1,3}))?樓|(?P<roof>頂樓)(?:加蓋)?)?"
    rf"(?:[之-](?P<unit>\d{{1,4}}))?{_S}(?:(?P<room>[A-Za-z]?\d{{1,4}}|[A-Za-z])室)?",
    re.ASCII,
)
_INSIDE_AHEAD = re.compile(
    r"地下|頂樓|(?<![\dA-Za-z])(?:[Bb]\d(?!\d)|[A-Za-z]\d{0,2}[棟座]|\d{1,3}(?:-\d{1,3})?樓)", re.ASCII
)
_INSIDE_WITHIN = 16
"""Characters between a number and its floor, for the name of a building or a bracket."""

_BESIDE = re.compile(
    r"附近|旁|對面|隔壁|後面|後方|前面|前方|一帶|周邊|周圍|路口|街口|巷口|交叉|交會|之間|[路街巷]口|前$|邊$"
)

_NO_ABODE = re.compile(r"居無定所|無固定(?:住|居|處)|無定所|流浪|遊民|街友|無家可歸|露宿|四處為家|住所不定|居所不定")
_WHOSE = r"(?:戶籍|現居|居住|通訊|聯絡|被害人|相對人|案主|案家|個案|父|母|雙親|家人|住|居|地)?"
_ELSEWHERE = re.compile(
    rf"{_WHOSE}(?:所|處|址|地|地址|住址)?(?:皆|均|亦)?[同如](?:於|前|上|左|右|住|居|戶籍|現居|居住|通訊|聯絡|被害人|相對人|案主|案家|個案|父|母|家人)"
    r"(?:述|開|列|揭|地址|住址|住所|居所|住處|處|所|址|地|籍)?"
)
_NOT_TOLD = re.compile(
    r"(?:詳細|確切|實際|目前|現)?(?:地址|住址|住所|居所|住處|地點|居住地)?(?:目前|暫時|仍)?"
    r"(?:不詳|不明|未知|不知道?|不清楚|待查|待補|查無|保密|未填寫?|未提供|無法提供|拒絕提供|不願提供|不願透露|不便透露|無資料|無|略)|-+|[xX]+|n/?a|unknown|none",
    re.IGNORECASE,
)


class ReadStreet(NamedTuple):
    """`remark` is what else was written, without symbols; `near` as in `Parts`."""

    street: Street
    remark: str
    near: bool


def digits(rest: str) -> str:
    """A text with its numbers in digits, and 134號之2 as 134-2號."""
    text = arabic(_SUBNUMBER.sub(_subnumber, arabic_numbers(rest)))
    return _OF.sub("-", _SUBNUMBER.sub(_subnumber, text))


def _subnumber(found: re.Match[str]) -> str:
    """Where a floor follows at once (134號之42樓), the first digit belongs to the number."""
    number, first, floor, more = found.groups()
    return f"{number}-{first}{more or ''}號{floor or ''}"


def read_street(rest: str) -> ReadStreet:
    """What `digits` has made of the end of an address."""
    begin, end, road = _road(rest)
    door = _DOOR.match(rest, end)
    end = door.end() if door else end
    inside, behind = _inside(rest[end:])
    street = _street(road, {**(door.groupdict() if door else {}), **inside})
    if street == Street():
        remark = digits(_SYMBOLS.sub("", rest))
        return ReadStreet(street, remark, bool(_BESIDE.search(remark))) if remark == rest else read_street(remark)
    remark = _SYMBOLS.sub("", rest[:begin] + behind)
    return ReadStreet(street, remark, bool(_BESIDE.search(remark)))


def _inside(behind: str) -> tuple[dict[str, str | None], str]:
    """Floor and room behind a number, or behind the name of its building; and what else stands there."""
    inside = _INSIDE.match(behind)
    begin = 0
    if not (inside and inside.end()):
        ahead = _INSIDE_AHEAD.search(behind, 0, _INSIDE_WITHIN)
        begin = ahead.start() if ahead else 0
        inside = _INSIDE.match(behind, begin)
    return (inside.groupdict(), behind[:begin] + behind[inside.end() :]) if inside else ({}, behind)


def _road(rest: str) -> tuple[int, int, str | None]:
    """Where the road's name, a hamlet's or an estate's begins and ends. Without any, the door's numbers may stand in
    front.
    """
    found = _ROAD.search(rest)
    if found and not _NO_ROAD.fullmatch(found[0]):
        before = _BEFORE_ROAD.match(found[0])
        cut = before.end() if before and len(found[0]) - before.end() > len("北路") else 0
        return found.start() + cut, found.end(), found[0][cut:]
    hamlet = _HAMLET.match(rest)
    return (0, hamlet.end(), hamlet[0]) if hamlet else (0, 0, None)


def _street(road: str | None, part: dict[str, str | None]) -> Street:
    number = part["number"] or (part["bare"] if road or part["lane"] else None)
    if not (road or number or part["lane"] or part["floor"]):
        return Street()
    return Street(
        road=road,
        section=part["section"],
        lane=part["lane"],
        alley=(part["alley"] or "").replace("弄", "-") or None,
        number=f"{number}{part['more'] or ''}" if number else None,
        block=(part["block"] or "").upper() or None,
        floor=_floor(part),
        unit=part["unit"] or part["split"],
        room=(part["room"] or "").upper() or None,
    )


def _floor(part: dict[str, str | None]) -> str | None:
    if part["roof"]:
        return "R"
    if part["below"] or part["cellar"] is not None:
        return f"B{part['below'] or part['cellar'] or 1}"
    return part["floor"]


def written(street: Street) -> str:
    """The one spelling of a door; reads as the same street again."""
    return "".join(
        (
            street.road or "",
            f"{street.section}段" if street.section else "",
            f"{street.lane}巷" if street.lane else "",
            f"{street.alley}弄" if street.alley else "",
            f"{street.number}號" if street.number else "",
            f"{street.block}棟" if street.block else "",
            _floor_written(street.floor) if street.floor else "",
            f"之{street.unit}" if street.unit else "",
            f"{street.room}室" if street.room else "",
        )
    )


def _floor_written(floor: str) -> str:
    if floor == "R":
        return "頂樓"
    return f"地下{floor[1:]}樓" if floor.startswith("B") else f"{floor}樓"


def no_address(remark: str) -> NoAddress | None:
    """Why a text without a street is no address."""
    if _NO_ABODE.search(remark):
        return NoAddress.NO_ABODE
    if _ELSEWHERE.fullmatch(remark):
        return NoAddress.TOLD_ELSEWHERE
    return NoAddress.NOT_TOLD if _NOT_TOLD.fullmatch(remark) else None
