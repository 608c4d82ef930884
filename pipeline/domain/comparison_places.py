"""The levels that tell how the places of two reports agree."""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final, NamedTuple

from pipeline.domain.comparison_levels import UNKNOWN, Level
from pipeline.domain.facts import Place
from pipeline.domain.normalise.place_agreement import PlaceAgreement, compare_places
from pipeline.domain.profile import Profile

HOUSE, FLOOR_MISSING = "house", "floor_missing"
"""One building: neither tells a floor; only one does."""

_IN_ORDER = (
    PlaceAgreement.SAME_ROOM.value,
    PlaceAgreement.SAME_FLOOR.value,
    HOUSE,
    FLOOR_MISSING,
    *(p.value for p in list(PlaceAgreement)[3:]),
)
_CLOSEST_FIRST: Final = {level: rank for rank, level in enumerate(_IN_ORDER)}

KIND: Final = {
    "same_room": "door",
    "same_floor": "door",
    HOUSE: HOUSE,
    FLOOR_MISSING: FLOOR_MISSING,
    "other_room": "other_room",
    "other_floor": "other_floor",
    "building_in_other_town": "building_in_other_town",
    "same_landmark": "part",
    "same_lane": "part",
    "same_road": "part",
    "other_number": "away",
    "other_lane": "away",
    "same_village": "part",
    "same_town": "town",
    "other_road": "away",
    "same_county": "county",
    "other_town": "far",
    "different": "far",
    UNKNOWN: UNKNOWN,
}


class Places(NamedTuple):
    """The closest of the homes, of the scenes, and of any two; `kind` says the last in short."""

    home: str
    scene: str
    any_two: str

    @property
    def kind(self) -> str:
        return KIND[self.any_two]

    @property
    def kind_of_scene(self) -> str:
        return KIND[self.scene]


def compare(one: Profile, other: Profile) -> Places:
    home = _closest(product(one.homes, other.homes))
    scene = compare_level(one.scene, other.scene) if one.scene and other.scene else UNKNOWN
    crossed = [(one.scene, h) for h in other.homes if one.scene] + [(h, other.scene) for h in one.homes if other.scene]
    mixed = _closest((a, b) for a, b in crossed if a and b)
    return Places(home, scene, min(home, scene, mixed, key=_CLOSEST_FIRST.__getitem__))


def _closest(pairs: Iterable[tuple[Place, Place]]) -> str:
    return min((compare_level(a, b) for a, b in pairs), key=_CLOSEST_FIRST.__getitem__, default=UNKNOWN)


def compare_level(a: Place, b: Place) -> str:
    agreement = compare_places(a, b)
    if agreement is not PlaceAgreement.SAME_BUILDING:
        return agreement.value
    return FLOOR_MISSING if _tells_a_floor(a) or _tells_a_floor(b) else HOUSE


def _tells_a_floor(place: Place) -> bool:
    street = place.parts.street
    return bool(street.block or street.floor or street.unit or street.room)


def levels(places: Places) -> Iterator[Level]:
    yield "home", places.home
    yield "scene", places.scene
    yield "place", places.any_two
