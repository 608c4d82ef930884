"""What a set of invented reports is made of: every rate in one place."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

Shares = Mapping[str, float]


def _shares(**weights: float) -> Shares:
    """By name of the kind, with - for _."""
    return MappingProxyType({name.replace("_", "-"): weight for name, weight in weights.items()})


@dataclass(frozen=True, slots=True)
class World:
    """Who lives where. Shares are of all households, if nothing else is said.

    `counties` names the counties, none is all of them by their number of villages. `towns` is how many towns at most.
    `families_in_a_tower` is a mean; in `floorless` of the towers nobody knows floors. `relatives_near` have a second
    household of theirs in the same town, `parted` a child that lives in two; a `common_perpetrator` has done it in two
    households. `moves` is the share of families that move between two incidents. `newcomers` and `indigenous` are
    shares of people, `without_id` the share who have no number at all, `uncommon` the share whose given name is any two
    characters, `twins` of the births.
    """

    counties: tuple[str, ...] = ()
    towns: int = 40
    in_towers: float = 0.45
    families_in_a_tower: float = 8
    floorless: float = 0.2
    roads_in_a_town: int = 14
    hamlets: float = 0.0
    relatives_near: float = 0.12
    parted: float = 0.05
    common_perpetrator: float = 0.03
    moves: float = 0.06
    newcomers: float = 0.05
    indigenous: float = 0.02
    without_id: float = 0.02
    uncommon: float = 0.0
    twins: float = 0.03


@dataclass(frozen=True, slots=True)
class Time:
    """When it happens, and how often it is told. `again` is the chance of another incident after each; `soon` the
    share of those that come within `soon_days`. `told` are the shares of one telling, two, three and so on. `slow` is
    the share of later tellings that take days and not hours. `amended` and `resent` are shares of reports, `quoting`
    of later tellings.
    """

    days: int = 280
    again: float = 0.21
    soon: float = 0.12
    soon_days: tuple[float, float] = (0.7, 7.0)
    told: tuple[float, ...] = (0.62, 0.23, 0.1, 0.04, 0.01)
    slow: float = 0.4
    slow_days: float = 5.0
    amended: float = 0.054
    resent: float = 0.038
    quoting: float = 0.0


@dataclass(frozen=True, slots=True)
class Kept:
    """The share of tellings in which a field is filled, before a source's habit (see `habits.py`)."""

    name: float = 0.88
    national_id: float = 0.2
    birth: float = 0.45
    sex: float = 0.93
    phone: float = 0.3
    address: float = 0.66
    school: float = 0.1
    occurred_at: float = 0.45
    occurred_place: float = 0.5
    perpetrator: float = 0.78
    others: float = 0.42


@dataclass(frozen=True, slots=True)
class Faults:
    """The share of filled fields, or of tellings, that have the fault, before a source's habit."""

    titled: float = 0.08
    masked: float = 0.07
    homophone: float = 0.06
    variant: float = 0.03
    wrong_character: float = 0.015
    roman: float = 0.3
    nickname: float = 0.01
    code_name: float = 0.01
    id_slip: float = 0.05
    id_default: float = 0.003
    birth_slip: float = 0.06
    birth_in_part: float = 0.03
    birth_default: float = 0.005
    phone_slip: float = 0.02
    phone_of_another: float = 0.08
    place_in_part: float = 0.12
    floor_lost: float = 0.25
    place_slip: float = 0.02
    old_county: float = 0.02
    landmark: float = 0.02
    registered_elsewhere: float = 0.05
    place_left: float = 0.25
    relative_instead: float = 0.06
    roles_mistaken: float = 0.02
    other_category: float = 0.22
    occurred_wrong: float = 0.06
    other_story: float = 0.15
    surname_lost: float = 0.1


@dataclass(frozen=True, slots=True)
class Mix:
    """`sources` weighs the kinds of source."""

    world: World = World()
    time: Time = Time()
    kept: Kept = Kept()
    faults: Faults = Faults()
    sources: Shares = field(
        default_factory=lambda: _shares(
            hotline=9, clinic=4, safety_site=2, school=2, village_office=2, police=1.2, national_form=0.6, pharmacy=0.4
        )
    )


_SAMPLE = Mix(
    world=World(
        counties=("新北市", "臺南市"),
        towns=46,
        in_towers=0.8,
        families_in_a_tower=9,
        floorless=0.35,
        parted=0.01,
        common_perpetrator=0.01,
        moves=0.02,
    ),
    time=Time(again=0.29, told=(0.6, 0.25, 0.105, 0.037, 0.008)),
    kept=Kept(name=0.92, national_id=0.21, birth=0.46, perpetrator=0.98, others=0.35),
    faults=Faults(occurred_wrong=0.02),
)
_POOR_KEPT = Kept(
    name=0.72, national_id=0.06, birth=0.24, sex=0.8, phone=0.22, address=0.55, occurred_at=0.3, occurred_place=0.4
)
_POOR_FAULTS = Faults(
    titled=0.18,
    masked=0.12,
    homophone=0.12,
    wrong_character=0.03,
    birth_slip=0.12,
    birth_in_part=0.1,
    phone_of_another=0.15,
    place_in_part=0.25,
    floor_lost=0.45,
    landmark=0.06,
    relative_instead=0.12,
    roles_mistaken=0.05,
    occurred_wrong=0.12,
)
_RICH_KEPT = Kept(
    name=0.97, national_id=0.6, birth=0.75, phone=0.55, address=0.85, occurred_at=0.75, occurred_place=0.7, others=0.6
)

MIXES: Mapping[str, Mix] = MappingProxyType(
    {
        "sample": _SAMPLE,
        "country": Mix(world=World(towns=120), time=Time(quoting=0.08)),
        "poor": Mix(kept=_POOR_KEPT, faults=_POOR_FAULTS),
        "rich": Mix(kept=_RICH_KEPT, time=Time(quoting=0.2)),
        "towers": replace(
            _SAMPLE,
            world=World(
                counties=("臺北市", "桃園市"), towns=12, in_towers=0.97, families_in_a_tower=25, relatives_near=0.2
            ),
            time=Time(again=0.3, soon=0.3),
        ),
        "rural": Mix(
            world=World(
                counties=("花蓮縣", "臺東縣", "屏東縣", "南投縣", "嘉義縣", "澎湖縣"),
                in_towers=0.08,
                hamlets=0.5,
                roads_in_a_town=5,
                relatives_near=0.3,
                newcomers=0.09,
                indigenous=0.3,
            ),
            sources=_shares(
                hotline=4,
                clinic=3,
                safety_site=1,
                school=3,
                village_office=5,
                police=3,
                kindergarten=1,
                national_form=1,
            ),
        ),
        "clinics": Mix(
            kept=Kept(national_id=0.35, birth=0.5, occurred_at=0.3, perpetrator=0.6, others=0.25),
            sources=_shares(clinic=12, pharmacy=2, hotline=1),
        ),
    }
)
"""`sample` has about the shares of the example data; the others are unlike it, each in its way."""
