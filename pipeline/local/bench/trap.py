"""Look-alikes: scenes in which a program that links too eagerly joins what nobody may join."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.ids import derived
from pipeline.local.bench.chance import Chance
from pipeline.local.bench.people import numbered
from pipeline.local.bench.truth import Groups
from pipeline.local.bench.wordlist import listed

DAY = datetime(2025, 3, 3, 9, 0, tzinfo=TAIPEI)
SOURCES = ("hotline-113", "clinic-0003", "national-form-1", "clinic-0005", "hotline-1957")
Json = dict[str, Any]


class Telling(NamedTuple):
    """One report of a scene: of which household and which of its incidents, how long after the first morning it comes,
    and what is in it beside a story.
    """

    household: str
    persons: list[Json]
    incident: str = ""
    after: timedelta = timedelta()
    more: Json = {}  # noqa: RUF012 - a NamedTuple's default, never written


class Scene(NamedTuple):
    name: str
    lines: tuple[bytes, ...]
    truth: Mapping[str, Groups]


def scenes() -> tuple[Scene, ...]:
    """Every scene, always the same. Each may be told alone, or all of them in the order of `in_order`."""
    return tuple(_scene(name, make) for name, make in _SCENES.items())


def in_order(told: tuple[Scene, ...]) -> tuple[bytes, ...]:
    """All lines by time of arrival."""
    return tuple(sorted((line for scene in told for line in scene.lines), key=lambda line: json.loads(line)["time"]))


def _scene(name: str, make: Callable[[], Iterator[Telling]]) -> Scene:
    lines, truth = [], {}
    for number, telling in enumerate(make()):
        event_id = str(derived("trap", name, str(number)))
        at = DAY + telling.after + timedelta(minutes=7 * number)
        source = SOURCES[number % len(SOURCES)]
        lines.append(_line(event_id, source, at, f"{name}-{number:03d}", telling))
        truth[event_id] = Groups(f"{name} {telling.household} {telling.incident}", f"{name} {telling.household}")
    return Scene(name, tuple(lines), MappingProxyType(truth))


def _line(event_id: str, source: str, at: datetime, report_no: str, telling: Telling) -> bytes:
    time = at.isoformat(timespec="seconds")
    data = {
        "report_no": report_no,
        "channel": "partner" if source.startswith("national") else source.partition("-")[0],
        "received_at": time,
        "known_at": time,
        "categories": ["child_protection" if "school" in report_no else "intimate_partner_violence"],
        "persons": telling.persons,
        "narrative": "遭家人毆打",
        **telling.more,
    }
    head = {"specversion": "1.0", "id": event_id, "source": f"/sources/{source}", "type": "report.submitted.v1"}
    return json.dumps({**head, "time": time, "data": data}, ensure_ascii=False).encode()


def _victim(name: str | None = None, **fields: object) -> Json:
    return {"role": "victim", **({"name": name} if name else {}), **fields}


def _him(name: str | None = None, **fields: object) -> Json:
    return {"role": "alleged_perpetrator", "sex": "male", **({"name": name} if name else {}), **fields}


def _same_name_and_town() -> Iterator[Telling]:
    streets = ("中山路一段12號", "文化路二段355號3樓", "民生路88巷4號", "府中路9號", None, None)
    births = ("1990-02-03", "1976-11-30", "2003-07-08", "1988-05-05", "1969-01-17", "1996-09-21")
    for number, (street, birth) in enumerate(zip(streets, births, strict=True)):
        address = {"address": f"新北市板橋區{street}"} if street else {"address": "新北市板橋區"}
        yield Telling(str(number), [_victim("林雅婷", sex="female", birth_date=birth, **address)])


def _same_tower() -> Iterator[Telling]:
    tower = "臺中市西屯區臺灣大道三段660號"
    named = (("沈佩珊", "6樓之1"), ("羅冠霖", "6樓之2"), ("高秀琴", "17樓"))
    families = (*named, ("魏心怡", ""), ("潘志偉", ""), (None, "11樓"))
    for number, (name, floor) in enumerate(families):
        yield Telling(str(number), [_victim(name, address=tower + floor)])
        yield Telling(f"{number} next door", [_victim(address=tower), _him(f"{'邱方杜丁傅侯'[number]}先生")])


def _twins() -> Iterator[Telling]:
    home = {"birth_date": "2016-08-19", "address": "臺南市永康區中華路571號9樓", "phones": ["0928-551-370"]}
    for number, name in enumerate(("簡承恩", "簡承睿")):
        after = timedelta(days=24 * number)
        when = {"occurred_at": (DAY + after - timedelta(hours=5)).isoformat()}
        for _ in range(2):
            yield Telling("one", [_victim(name, sex="male", **home)], name, after, when)


def _twins_of_others() -> Iterator[Telling]:
    """Born on one day in one town, each in another family."""
    for number, name in enumerate(("游子晴", "游子芯", "尤子晴")):
        address = f"桃園市中壢區環北路{30 + 50 * number}號"
        yield Telling(str(number), [_victim(name, sex="female", birth_date="2015-04-11", address=address)])


def _new_family_at_an_old_address() -> Iterator[Telling]:
    address = "高雄市三民區建工路415巷22號2樓"
    families = (("蕭淑美", "1971-10-09", "盧永昌"), ("康芷涵", "1999-03-28", "白柏宇"), (None, None, "湯聖文"))
    for number, (name, birth, partner) in enumerate(families):
        born = {"birth_date": birth} if birth else {}
        after = timedelta(days=75 * number)
        yield Telling(str(number), [_victim(name, address=address, **born), _him(partner, address=address)], "", after)


def _landlords_phone() -> Iterator[Telling]:
    names = listed("鄧羽彤 杜文彬 曹寶玉 薛家榮 丁佩蓉 卓宗憲 馬秋香 董彥宏 溫婉瑜 唐火旺")
    for number, name in enumerate(names):
        birth = "1984-06-15" if number < 2 else f"{1950 + 5 * number}-0{1 + number % 9}-11"  # noqa: PLR2004
        address = f"新北市新莊區中正路510號{3 + number}樓"
        yield Telling(str(number), [_victim(name, birth_date=birth, phones=["0933 207 118"], address=address)])


def _schools_phone() -> Iterator[Telling]:
    """A hundred children of three years of birth: some were born on one day."""
    chance = Chance(100)
    surnames, given = "陳林黃張李王吳劉蔡楊許鄭謝洪郭", listed("承恩 品睿 語彤 子晴 宥廷 昕妍 柏睿")
    for number in range(100):
        name = surnames[number // 7] + given[number % 7]
        birth = f"{2012 + number % 3}-{1 + number % 12:02d}-{1 + chance.randrange(9):02d}"
        persons = [_victim(name, birth_date=birth, phones=["(02)2966-4321"], school="某國小")]
        yield Telling(str(number), persons, "", timedelta(days=number % 30))


def _code_names() -> Iterator[Telling]:
    for at, name in enumerate(("A女", "甲童", "代號3345-108001", "小花（化名）")):
        for number in (2 * at, 2 * at + 1):
            yield Telling(str(number), [_victim(name, sex="female", address="彰化縣員林市")])


def _two_of_one_year() -> Iterator[Telling]:
    born = ({"birth_date": "1988-03-12"}, {"birth_date": "77年11月2日"})
    doors = ({"address": "嘉義縣民雄鄉建國路二段101號"}, {"address": "嘉義縣民雄鄉文化路7之2號"})
    for number in range(2):
        yield Telling(str(number), [_victim("陳怡君", sex="female", **born[number], **doors[number])])
        yield Telling(str(number), [_victim("陳怡君", sex="female", **born[number])])
        yield Telling(str(number), [_victim("陳怡君", sex="female", **doors[number])])


def _father_and_son() -> Iterator[Telling]:
    """One name sound; they live apart."""
    father = {"birth_date": "1957-12-01", "address": "宜蘭縣羅東鎮純精路三段88號"}
    son = {"birth_date": "1985-09-14", "address": "宜蘭縣羅東鎮公正路240號5樓"}
    for number, (name, known) in enumerate((("葉志明", father), ("葉智銘", son), ("葉志銘", father), ("葉智明", son))):
        yield Telling(str(number % 2), [_victim(name, sex="male", **known)])


def _helpline_number() -> Iterator[Telling]:
    names = listed("呂淑惠 羅文祥 高郁婷 江進財 何佳穎 莊俊宏")
    for number, name in enumerate(names):
        phone = ("113", "1925", "0800-013-999")[number % 3]
        yield Telling(str(number), [_victim(name, birth_date="1979-05-20", phones=[phone])])


def _default_id() -> Iterator[Telling]:
    names = listed("翁美惠 魏志成 孫筱雯 戴清標 范宜芳 方哲瑋 宋雪娥 傅冠廷 侯雅玲 石萬來")
    for number, name in enumerate(names):
        born = {"birth_date": f"{1940 + 6 * number}-0{1 + number % 9}-17"} if number % 2 else {}
        yield Telling(str(number), [_victim(name, national_id="A123456789", **born)])


def _default_birth() -> Iterator[Telling]:
    """With the telephone of the ward that filled it in."""
    names = listed("彭玉英 詹信義 胡心怡 施武雄 沈靜宜 余仁傑 趙碧珠 梁智凱")
    for number, name in enumerate(names):
        birth = ("1911-01-01", "1900/1/1", "民國1年1月1日", "1970-01-01")[number // 2]
        yield Telling(str(number), [_victim(name, birth_date=birth, phones=["07-3121101"])])


def _one_perpetrator_of_two() -> Iterator[Telling]:
    him = _him("蔣政憲", birth_date="1982-02-27", national_id=numbered("E", "18845107"))
    doors = ("屏東縣屏東市廣東路120號", "屏東縣潮州鎮延平路66號3樓")
    for number, (name, door) in enumerate(zip(("涂欣儀", "巫佳慧"), doors, strict=True)):
        yield Telling(str(number), [_victim(name, sex="female", address=door), him], "", timedelta(days=3 * number))


def _patients_of_one_ward() -> Iterator[Telling]:
    ward = {"current_place": "台中市北區育德路2號", "phones": ["04-22052121"], "address": "台中市北區育德路2號"}
    for number, name in enumerate(listed("古秀蘭 紀偉倫 姚采潔 連天助 馮月雲 歐宇軒")):
        yield Telling(str(number), [_victim(name, birth_date=f"19{50 + 7 * number}-12-0{number + 1}", **ward)])


def _village_head_in_all() -> Iterator[Telling]:
    head = {"role": "other", "name": "曾國榮", "phones": ["0910-883-221"], "birth_date": "1961-07-07"}
    for number, name in enumerate(listed("賴素蘭 徐文傑 周晏如 蘇榮輝 邱詠晴")):
        yield Telling(str(number), [_victim(name, address=f"南投縣埔里鎮中山路二段{40 + 31 * number}號"), head])


def _surname_and_title() -> Iterator[Telling]:
    for number in range(4):
        address = ("基隆市七堵區", "基隆市七堵區明德一路", "基隆市七堵區長安里", "基隆市七堵區福一街")[number]
        yield Telling(str(number), [_victim("陳小姐", sex="female", address=address), _him("林先生")])


def _masked_in_one_school() -> Iterator[Telling]:
    for number, birth in enumerate(("2013-02-09", "2013-10-30", "2014-06-18")):
        school = {"school": "中興國小", "address": "新竹縣竹東鎮"}
        yield Telling(str(number), [_victim("王○恩", sex="male", birth_date=birth, **school)])


def _again_within_days() -> Iterator[Telling]:
    home = "臺北市萬華區西園路二段140巷8號4樓"
    persons = [_victim("許月娥", birth_date="1968-08-08", address=home, phones=["0952-410-367"]), _him("許文雄")]
    for number in range(3):
        after = timedelta(days=2 * number)
        when = {"occurred_at": (DAY + after - timedelta(hours=3)).isoformat()}
        yield Telling("one", persons, str(number), after, when)


def _grandmother_next_door() -> Iterator[Telling]:
    """Of one surname, in one house, each with a household of her own."""
    young = [_victim("洪品妍", birth_date="2017-05-03", address="雲林縣斗六市大同路57號2樓"), _him("洪建志")]
    old = [_victim("洪招治", birth_date="1943-01-25", address="雲林縣斗六市大同路57號1樓"), _him("洪建國")]
    for number, persons in enumerate((young, old)):
        yield Telling(str(number), persons, "", timedelta(hours=9 * number))


_SCENES: Mapping[str, Callable[[], Iterator[Telling]]] = MappingProxyType(
    {
        "same name and town": _same_name_and_town,
        "same tower": _same_tower,
        "twins": _twins,
        "born on one day": _twins_of_others,
        "new family at an old address": _new_family_at_an_old_address,
        "landlord's phone": _landlords_phone,
        "school's phone": _schools_phone,
        "code names": _code_names,
        "two of one name and year": _two_of_one_year,
        "father and son": _father_and_son,
        "helpline's number": _helpline_number,
        "default ID": _default_id,
        "default birth date": _default_birth,
        "one perpetrator of two": _one_perpetrator_of_two,
        "patients of one ward": _patients_of_one_ward,
        "village head in all": _village_head_in_all,
        "surname and title": _surname_and_title,
        "masked in one school": _masked_in_one_school,
        "again within days": _again_within_days,
        "grandmother next door": _grandmother_next_door,
    }
)
