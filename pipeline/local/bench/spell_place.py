"""Addresses, as they are written, cut short and mistaken."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from pipeline.local.bench.chance import Chance
from pipeline.local.bench.places import LANDMARKS, Door
from pipeline.local.bench.spell_name import Pen
from pipeline.local.bench.spell_numbers import FULL_WIDTH, slipped

NUMERALS = "〇一二三四五六七八九十"
DIGIT_OF = {"一": "1", "二": "2", "三": "3", "四": "4"}
_FORMER_CITIES = {
    "新北市": ("台北縣", "板橋三重中和永和新莊新店土城蘆洲汐止樹林", "鶯歌三峽淡水瑞芳", ""),
    "桃園市": ("桃園縣", "桃園中壢平鎮八德楊梅蘆竹", "大溪", ""),
    "臺中市": ("台中縣", "豐原大里太平", "東勢大甲清水沙鹿梧棲", "中區東區南區西區北區西屯區南屯區北屯區"),
    "臺南市": ("台南縣", "永康新營", "鹽水白河麻豆佳里新化善化學甲", "中西區東區南區北區安平區安南區"),
    "高雄市": ("高雄縣", "鳳山", "岡山旗山美濃", "鹽埕區鼓山區左營區楠梓區三民區新興區前金區苓雅區前鎮區旗津區小港區"),
}
FORMER: Mapping[str, tuple[str, str, str, str]] = MappingProxyType(_FORMER_CITIES)
"""The county of before 2010 (2014), its towns that were cities, those of a market, and what never belonged to it."""
SHORT = {"臺北市": "北市", "新北市": "新北", "桃園市": "桃園", "臺中市": "中市", "臺南市": "南市", "高雄市": "高市"}


def written_place(pen: Pen, door: Door) -> str:
    chance, faults = pen.chance, pen.faults
    if chance.happens(faults.landmark * pen.habit.landmark):
        return _landmark(chance, door)
    if chance.happens(faults.place_slip):
        door = _slipped(chance, door)
    if chance.happens(faults.floor_lost * pen.habit.floor_lost):
        door = replace(door, floor=None, unit="")
    if chance.happens(faults.place_in_part):
        return _in_part(chance, pen, door)
    return _finished(chance, _area(pen, door) + _village(chance, door) + _street(chance, door) + _floor(chance, door))


def _finished(chance: Chance, text: str) -> str:
    if chance.happens(0.08):
        text = text.translate(FULL_WIDTH)
    if chance.happens(0.02):
        text = text.replace("號", "号")
    return text


def _landmark(chance: Chance, door: Door) -> str:
    words = chance.choice(LANDMARKS).format(town=door.town.name[:-1], road=door.road, village=door.village)
    return words if chance.happens(0.6) else f"{_tai(chance, door.county)}{words}"


def _slipped(chance: Chance, door: Door) -> Door:
    if door.floor and chance.happens(0.3):
        return replace(door, floor=max(1, door.floor + chance.choice((-1, 1))))
    return replace(door, number=int(slipped(chance, f"{door.number}")) or 1)


def _in_part(chance: Chance, pen: Pen, door: Door) -> str:
    """Something of the middle or of the end is missing."""
    area, village, street = _area(pen, door), _village(chance, door, 0.5), _street(chance, door)
    road = street.split(str(door.number))[0] if str(door.number) in street else street
    ways = (f"{door.town.name}{street}", street, f"{area}{village or door.village}", area, f"{area}{road}")
    text = chance.choices(ways, (30, 18, 18, 14, 20))[0]
    return text + (_floor(chance, door) if text.endswith(street) else "")


def _tai(chance: Chance, text: str) -> str:
    return text.replace("臺", "台") if chance.happens(0.55) else text


def _area(pen: Pen, door: Door) -> str:
    chance, county, town = pen.chance, door.county, door.town.name
    if chance.happens(pen.faults.old_county) and county in FORMER and town not in FORMER[county][3]:
        return _former(county, town)
    if chance.happens(0.04) and county in SHORT:
        return SHORT[county] + town
    space = " " if chance.happens(0.06) else ""
    postcode = f"{chance.randrange(100, 983)}" if chance.happens(0.07) else ""
    if chance.happens(0.02):
        postcode = f"{chance.randrange(10000, 98399)}"
    return f"{postcode}{_tai(chance, county)}{space}{'' if chance.happens(0.02) else town}"


def _former(county: str, town: str) -> str:
    former, cities, markets, _ = FORMER[county]
    stem = town[:-1]
    return f"{former}{stem}{'市' if stem in cities else '鎮' if stem in markets else '鄉'}"


def _village(chance: Chance, door: Door, share: float = 0.4) -> str:
    if not (door.hamlet or chance.happens(share)):
        return ""
    village = door.village.replace("[", "").replace("]", "")
    near = f"{door.neighbourhood}鄰" if door.hamlet or chance.happens(0.3) else ""
    return village + near


def _street(chance: Chance, door: Door) -> str:
    section = ""
    if door.section:
        digit = DIGIT_OF[door.section]
        section = chance.choices((f"{door.section}段", f"{digit}段", f"第{door.section}段"), (60, 38, 2))[0]
    lane = f"{door.lane}巷" if door.lane else ""
    alley = f"{door.alley}弄" if door.alley else ""
    number = f"{door.number}號"
    if door.sub:
        n, s = door.number, door.sub
        number = chance.choice((f"{n}之{s}號", f"{n}-{s}號", f"{n}號之{s}", f"{n}号之{s}"))
    return f"{door.road}{section}{lane}{alley}{number}"


def _floor(chance: Chance, door: Door) -> str:
    if not door.floor:
        return ""
    ways = (f"{door.floor}樓", f"{_numeral(door.floor)}樓", f"{door.floor}F", f"{door.floor}f")
    floor = chance.choices(ways, (60, 15, 20, 5))[0]
    if not door.unit or chance.happens(0.15):
        return floor
    return floor + (door.unit if chance.happens(0.8) else door.unit.replace("之", "-"))


def _numeral(number: int) -> str:
    """Up to 99."""
    tens, ones = divmod(number, 10)
    said = ("" if tens == 1 else NUMERALS[tens]) + "十" if tens else ""
    return said + (NUMERALS[ones] if ones else "")
