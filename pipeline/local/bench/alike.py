"""Look-alikes in any number, to learn from: strangers who share what strangers share, told within minutes or days, and
families to whom the same happens again. The trap is not made of them, and has other people.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.vocabulary import Sex
from pipeline.local.bench.chance import Chance
from pipeline.local.bench.mess import Line
from pipeline.local.bench.mix import World
from pipeline.local.bench.people import Human, adult, child, landline
from pipeline.local.bench.places import Door, Map
from pipeline.local.bench.stories import PLOTS, called
from pipeline.local.bench.truth import TruthRow

BEGIN = datetime(2025, 1, 6, 9, tzinfo=TAIPEI)
SCENE_DAYS = 300
STRANGERS = (2, 9)
TOLD_AGAIN = 0.6
DROPPED = 0.3
SOURCES = ("hotline-113", "clinic-0003", "clinic-0005", "clinic-0007", "hotline-1957", "national-form-1")
SHORT_STORIES = ("遭家人毆打", "家庭衝突", "需要協助", "疑似家暴", "")
GAPS_H = (0.2, 3, 20, 60)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Party:
    """One household of a scene: the victim's fields and the other people's, as they would be told in full."""

    victim: Json
    others: tuple[Json, ...] = ()
    more: Json = field(default_factory=dict)


Scene = Callable[["Alike"], list[Party]]


class Alike:
    """Invents one scene after the other; the same seed gives the same lines."""

    def __init__(self, seed: int) -> None:
        self.chance = Chance(seed)
        self.world = World(towns=60, in_towers=0.5)
        self.map = Map(self.chance, self.world, 400)
        self._count = 0

    def lines(self, scenes: int) -> Iterator[Line]:
        """Lines of so many scenes, by time."""
        told: list[Line] = []
        for number in range(scenes):
            scene = SCENES[number % len(SCENES)]
            told += self._told(scene(self))
        yield from sorted(told, key=lambda line: (line.at, line.value))

    # people and places

    def human(self, sex: Sex | None = None, ages: tuple[int, int] = (19, 70)) -> Human:
        return adult(self.chance, self.world, BEGIN.date(), sex or self.chance.choice((Sex.FEMALE, Sex.MALE)), ages)

    def kid(self, born: date, parent: Human) -> Human:
        return child(self.chance, self.world, born, (parent,))

    def person(self, role: str, human: Human, address: str | None = None, **more: object) -> Json:
        told: Json = {"role": role, "sex": human.sex.value, "name": human.name.whole}
        if self.chance.happens(0.5):
            told["birth_date"] = human.birth.isoformat()
        if human.national_id and self.chance.happens(0.15):
            told["national_id"] = human.national_id
        if self.chance.happens(0.25):
            told["phones"] = [human.phones[0]]
        if address:
            told["address"] = address
        return {**told, **more}

    def address(self, door: Door, *, floor: float = 0.6, part: float = 0.15) -> str:
        town = f"{door.county}{door.town.name}"
        if self.chance.happens(part):
            return town + self.chance.choice(("", door.road, door.village))
        section = f"{door.section}段" if door.section else ""
        lane = (f"{door.lane}巷" if door.lane else "") + (f"{door.alley}弄" if door.alley else "")
        number = f"{door.number}號" + (f"之{door.sub}" if door.sub else "")
        shown = f"{door.floor}樓{door.unit}" if door.floor and self.chance.happens(floor) else ""
        return f"{town}{door.road}{section}{lane}{number}{shown}"

    def strangers(self) -> range:
        return range(self.chance.randint(*STRANGERS))

    def perpetrator(self, human: Human | None = None) -> tuple[Json, ...]:
        if self.chance.happens(0.5):
            return ()
        return (self.person("alleged_perpetrator", human or self.human(Sex.MALE)),)

    # telling

    def _told(self, parties: list[Party]) -> Iterator[Line]:
        chance = self.chance
        begin = BEGIN + timedelta(days=chance.uniform(0, SCENE_DAYS))
        plot = chance.choice(PLOTS)
        scene = chance.choice(plot.scenes)
        telling, detail = chance.choice(scene.tellings), chance.choice(scene.details)
        short = chance.choice(SHORT_STORIES) if chance.happens(0.5) else None
        spread = chance.choice(GAPS_H)
        for party in parties:
            household = party.more.get("household") or f"{chance.getrandbits(128):032x}"
            incident = f"{chance.getrandbits(128):032x}"
            at = begin + chance.lag(spread) + timedelta(hours=party.more.get("after_h", 0))
            happened = at - chance.lag(5)
            for n in range(2 if chance.happens(TOLD_AGAIN) or party.more else 1):
                if n:
                    telling = chance.choice(scene.tellings) if chance.happens(0.5) else telling
                    at += chance.lag(chance.choice(GAPS_H))
                v, o, people = party.victim, (*party.others, {})[0], (party.victim, *party.others)
                story = short if short is not None else telling.format(v=_called(v), o=_called(o), d=detail)
                data: Json = {
                    "report_no": f"alike-{self._next():05d}",
                    "channel": "partner",
                    "received_at": at.isoformat(timespec="seconds"),
                    "categories": [plot.category.value],
                    "persons": self._barely(v)
                    if n and party.more.get("bare")
                    else [self._partly(p, n) for p in people],
                    "narrative": story,
                }
                if "scene" in party.more:
                    data["occurred_place"] = party.more["scene"]
                if party.more.get("dated") or chance.happens(0.4):
                    when = (
                        happened if n == 0 or chance.happens(0.5) else happened + timedelta(hours=chance.gauss(0, 1.3))
                    )
                    data["occurred_at"] = min(when, at).isoformat(timespec="seconds")
                yield self._line(data, at, TruthRow("", data["report_no"], incident, household, "new"))

    def _partly(self, person: Json, telling: int) -> Json:
        if not telling:
            return person
        return {k: v for k, v in person.items() if k in ("role", "sex") or not self.chance.happens(DROPPED)}

    def _barely(self, person: Json) -> list[Json]:
        kept = self.chance.choice(
            (("national_id",), ("national_id", "sex"), ("national_id", "name"), ("phones", "birth_date"))
        )
        return [{"role": person["role"], **{k: person[k] for k in kept}}]

    def _next(self) -> int:
        self._count += 1
        return self._count

    def _line(self, data: Json, at: datetime, truth: TruthRow) -> Line:
        event_id = str(UUID(int=self.chance.getrandbits(128), version=4))
        head = {
            "specversion": "1.0",
            "id": event_id,
            "source": f"/sources/{self.chance.choice(SOURCES)}",
            "type": "report.submitted.v1",
            "time": at.isoformat(timespec="seconds"),
        }
        value = json.dumps({**head, "data": data}, ensure_ascii=False).encode()
        return Line(at, value, truth._replace(event_id=event_id))


def _called(person: Json) -> str:
    name = person.get("name")
    if not name:
        return "對方"
    return called(name[:1], Sex(person["sex"]) if person.get("sex") else None, child=False)


def _namesakes(it: Alike) -> list[Party]:
    first, town = it.human(), it.map.door()
    both = it.person("victim", first)["name"]
    return [
        Party(it.person("victim", it.human(first.sex), it.address(it.map.door_near(town), part=0.35)) | {"name": both})
        for _ in it.strangers()
    ]


def _tower(it: Alike) -> list[Party]:
    tower = replace(it.map.door(), floor=None, unit="", floors=20)

    def flat() -> str:
        return it.address(replace(tower, floor=it.chance.randint(2, 20)), floor=0.5, part=0)

    parties = []
    for _ in it.strangers():
        victim = it.person("victim", it.human(), flat())
        if it.chance.happens(0.4):
            victim = {"role": "victim", "address": victim["address"]}
        parties.append(Party(victim, it.perpetrator()))
    return parties


def _desk(it: Alike) -> list[Party]:
    """One telephone, and often one address, of a ward, a school, a landlord."""
    door = it.map.door()
    phone = landline(it.chance, door.county) if it.chance.happens(0.7) else it.human().phones[0]
    born, ward = it.human(ages=(4, 80)).birth, it.address(door) if it.chance.happens(0.5) else None
    same_year = it.chance.happens(0.5)
    parties = []
    for _ in range(it.chance.randint(3, 14)):
        human = it.human(ages=(5, 85))
        if same_year:
            human = it.kid(born + timedelta(days=it.chance.randrange(-400, 400) * it.chance.randint(0, 1)), human)
        address = ward or (it.address(it.map.door_near(door)) if it.chance.happens(0.5) else None)
        victim = it.person("victim", human, address, phones=[phone])
        parties.append(Party(victim if it.chance.happens(0.4) else victim | {"birth_date": human.birth.isoformat()}))
    return parties


def _titles(it: Alike) -> list[Party]:
    town = it.map.door()
    one, other = it.human(Sex.FEMALE).name.surname, it.human(Sex.MALE).name.surname
    parties = []
    for _ in it.strangers():
        place = it.address(it.map.door_near(town), part=0.8) if it.chance.happens(0.7) else None
        victim = {"role": "victim", "sex": "female", "name": f"{one}小姐", **({"address": place} if place else {})}
        parties.append(Party(victim, ({"role": "alleged_perpetrator", "sex": "male", "name": f"{other}先生"},)))
    return parties


def _born_on_one_day(it: Alike) -> list[Party]:
    parent, door = it.human(), it.map.door()
    born = it.human(ages=(2, 40)).birth
    one = it.kid(born, parent)
    parties = []
    for _ in range(it.chance.randint(2, 4)):
        human = it.kid(born, parent if it.chance.happens(0.6) else it.human())
        if it.chance.happens(0.5) and len(one.name.given) > 1:
            given = one.name.given[0] + it.chance.choice("恩晴睿安宇芯彤妤涵翰")
            human = replace(human, name=replace(human.name, given=given), sex=one.sex)
        near = (
            replace(door, number=door.number + it.chance.randint(2, 90))
            if it.chance.happens(0.5)
            else it.map.door_near(door)
        )
        address = it.address(near) if it.chance.happens(0.8) else None
        parties.append(Party(it.person("victim", human, address, birth_date=born.isoformat())))
    return parties


def _one_perpetrator(it: Alike) -> list[Party]:
    him = it.person("alleged_perpetrator", it.human(Sex.MALE))
    return [
        Party(it.person("victim", it.human(Sex.FEMALE), it.address(it.map.door())), (him,))
        for _ in range(it.chance.randint(2, 3))
    ]


def _next_tenants(it: Alike) -> list[Party]:
    address = it.address(it.map.door(), floor=1, part=0)
    return [
        Party(
            it.person("victim", it.human(), address)
            if it.chance.happens(0.8)
            else {"role": "victim", "address": address},
            it.perpetrator(),
            {"after_h": 24 * it.chance.randint(20, 90) * n},
        )
        for n in range(it.chance.randint(2, 3))
    ]


def _bystander(it: Alike) -> list[Party]:
    head, town = it.person("other", it.human()), it.map.door()
    return [
        Party(it.person("victim", it.human(), it.address(it.map.door_near(town))), (*it.perpetrator(), head))
        for _ in it.strangers()
    ]


def _defaults(it: Alike) -> list[Party]:
    what = it.chance.choice(({"birth_date": "1911-01-01"}, {"national_id": "A123456789"}, {"phones": ["113"]}))
    return [Party(it.person("victim", it.human()) | what) for _ in it.strangers()]


def _kin_next_door(it: Alike) -> list[Party]:
    """Relatives of one surname in one house, or in one road, each with a household."""
    door, head = it.map.door(), it.human()
    parties = []
    for floor in range(1, it.chance.randint(3, 4)):
        human = it.human()
        human = replace(human, name=replace(human.name, surname=head.name.surname))
        near = replace(door, floor=floor) if it.chance.happens(0.6) else replace(door, number=door.number + 2 * floor)
        parties.append(Party(it.person("victim", human, it.address(near, floor=0.9, part=0)), it.perpetrator()))
    return parties


def _number_alone(it: Alike) -> list[Party]:
    """Told again with nothing but a number, or a telephone and a day of birth."""
    parties = []
    for _ in range(it.chance.randint(2, 4)):
        human = it.human()
        if human.national_id:
            whole = {
                "national_id": human.national_id,
                "phones": [human.phones[0]],
                "birth_date": human.birth.isoformat(),
            }
            parties.append(Party(it.person("victim", human) | whole, it.perpetrator(), {"bare": True}))
    return parties


def _two_places(it: Alike) -> list[Party]:
    """One family, to whom it happens in two counties within a day."""
    household = f"{it.chance.getrandbits(128):032x}"
    victim = it.person("victim", it.human(), it.address(it.map.door(), part=0))
    return [
        Party(victim, (), {"household": household, "dated": True, "scene": it.address(it.map.door(), part=0)})
        for _ in range(2)
    ]


def _again(it: Alike) -> list[Party]:
    """One family, to whom it happens every few days."""
    household, door = f"{it.chance.getrandbits(128):032x}", it.map.door()
    victim = it.person("victim", it.human(), it.address(door, part=0))
    others, after = it.perpetrator(), 0.0
    parties = []
    for _ in range(it.chance.randint(2, 4)):
        dated = it.chance.happens(0.6)
        parties.append(Party(victim, others, {"household": household, "after_h": after, "dated": dated}))
        after += it.chance.uniform(30, 130)
    return parties


SCENES: tuple[Scene, ...] = (
    _namesakes,
    _tower,
    _desk,
    _titles,
    _born_on_one_day,
    _one_perpetrator,
    _next_tenants,
    _bystander,
    _defaults,
    _kin_next_door,
    _number_alone,
    _number_alone,
    _two_places,
    _again,
)
