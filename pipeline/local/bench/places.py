"""Where invented people live: the real counties, towns and villages, with roads and doors that are made up."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from pipeline.data import table
from pipeline.local.bench.chance import Chance
from pipeline.local.bench.mix import World
from pipeline.local.bench.wordlist import listed

ROADS = listed(
    "中山路 中正路 民生路 民權路 中華路 復興路 和平路 光復路 文化路 自強路 忠孝路 仁愛路 信義路 成功路 建國路 民族路 "
    "大同路 三民路 永安街 福德路 四維路 五福街 學府路 國光路 公園路 新生路 長安街 博愛街 延平路 介壽路 安和路 育英街 "
    "金華街 水源路"
)
HAMLETS = listed("下厝 頂埔 崁腳 溪底 竹圍 舊庄 新厝 田寮 水尾 大埔 草店 內寮 石頭埔 番仔寮 牛埔 後壁厝 山腳 部落")
LANDMARKS = listed(
    "{town}火車站後站附近 {road}上的全聯對面 {village}活動中心旁 {road}菜市場 {town}國小後面 {village}土地公廟旁 "
    "{town}公所附近 {road}大潤發樓上 慈濟醫院急診室 夜市旁的套房 {town}某社區"
)
UNITS = ("", "", "", "之1", "之2", "之3")
SECTIONS = ("一", "二", "三", "四")


class Town(NamedTuple):
    county: str
    name: str
    code: str
    villages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Door:
    """An address with nothing left out. `section` is a Chinese numeral; `road` is a hamlet where there are no roads."""

    town: Town
    village: str
    neighbourhood: int
    road: str
    number: int
    sub: int | None = None
    section: str | None = None
    lane: int | None = None
    alley: int | None = None
    floor: int | None = None
    unit: str = ""
    hamlet: bool = False
    floors: int = 0

    @property
    def county(self) -> str:
        return self.town.county


@lru_cache(maxsize=1)
def towns() -> Sequence[Town]:
    """All 368, in the order of the file."""
    villages: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    for line in table("villages.csv").splitlines()[1:]:
        _, county, code, town, _, village = line.split(",")
        villages[county, town, code].append(village)
    return tuple(Town(county, town, code, tuple(there)) for (county, town, code), there in villages.items())


class Map:
    """The towns of one world, their roads and their towers. Doors are given out; a tower's several times."""

    def __init__(self, chance: Chance, world: World, families: int) -> None:
        self._chance, self._world = chance, world
        known = [t for t in towns() if not world.counties or t.county in world.counties]
        self.towns = tuple(chance.sample(known, min(world.towns, len(known))))
        self._weights = [len(t.villages) for t in self.towns]
        self._roads = {town.code: self._roads_of(town) for town in self.towns}
        count = max(1, round(families * world.in_towers / world.families_in_a_tower))
        self._towers = self._build(count)

    def door(self) -> Door:
        """A home: in a tower with others, or its own."""
        chance = self._chance
        if chance.happens(self._world.in_towers):
            return self._flat(chance.choice(chance.choice(tuple(self._towers.values()))))
        return self._house(self._town())

    def door_near(self, other: Door) -> Door:
        """In the same tower, if there is one, or in the same town."""
        towers = self._towers.get(other.town.code)
        if other.floors and self._chance.happens(0.4):
            return self._flat(replace(other, floor=None, unit=""))
        if towers and self._chance.happens(self._world.in_towers):
            return self._flat(self._chance.choice(towers))
        return self._house(other.town)

    def _town(self) -> Town:
        return self._chance.choices(self.towns, self._weights)[0]

    def _build(self, count: int) -> Mapping[str, list[Door]]:
        towers: defaultdict[str, list[Door]] = defaultdict(list)
        for _ in range(count):
            floors = 1 if self._chance.happens(self._world.floorless) else self._chance.randint(5, 26)
            house = self._house(self._town(), hamlets=0)
            towers[house.town.code].append(replace(house, floor=None, floors=floors))
        return towers

    def _flat(self, tower: Door) -> Door:
        if tower.floors <= 1:
            return tower
        return replace(tower, floor=self._chance.randint(2, tower.floors), unit=self._chance.choice(UNITS))

    def _roads_of(self, town: Town) -> tuple[str, ...]:
        own = [f"{v[:-1]}{self._chance.choice('路街')}" for v in town.villages if "[" not in v]
        several = self._world.roads_in_a_town
        common = self._chance.sample(ROADS, min(len(ROADS), max(2, several * 2 // 3)))
        return (*common, *self._chance.sample(own, min(len(own), several // 3)))

    def _house(self, town: Town, hamlets: float | None = None) -> Door:
        chance = self._chance
        village, neighbourhood = chance.choice(town.villages), chance.randint(1, 28)
        if chance.happens(self._world.hamlets if hamlets is None else hamlets):
            return Door(town, village, neighbourhood, chance.choice(HAMLETS), chance.randint(1, 99), hamlet=True)
        lane = chance.randint(2, 420) if chance.happens(0.35) else None
        return Door(
            town,
            village,
            neighbourhood,
            chance.choice(self._roads[town.code]),
            chance.randint(1, 480),
            sub=chance.randint(1, 9) if chance.happens(0.12) else None,
            section=chance.choice(SECTIONS) if chance.happens(0.4) else None,
            lane=lane,
            alley=chance.randint(1, 40) if lane and chance.happens(0.4) else None,
            floor=chance.randint(1, 4) if chance.happens(0.3) else None,
        )
