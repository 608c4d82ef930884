"""How far two places are one place."""

from enum import StrEnum

from pipeline.domain.facts import Parts, Place, Street


class PlaceAgreement(StrEnum):
    """From the most to the least. What one side does not tell is no difference: where only one tells a floor, they
    agree by building. `OTHER_…`: both tell that part, differently, and agree in all before it.
    """

    SAME_ROOM = "same_room"
    SAME_FLOOR = "same_floor"
    SAME_BUILDING = "same_building"
    OTHER_ROOM = "other_room"
    OTHER_FLOOR = "other_floor"
    BUILDING_IN_OTHER_TOWN = "building_in_other_town"
    SAME_LANDMARK = "same_landmark"
    SAME_LANE = "same_lane"
    SAME_ROAD = "same_road"
    OTHER_NUMBER = "other_number"
    OTHER_LANE = "other_lane"
    SAME_VILLAGE = "same_village"
    SAME_TOWN = "same_town"
    OTHER_ROAD = "other_road"
    SAME_COUNTY = "same_county"
    OTHER_TOWN = "other_town"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


_LANDMARK_MIN = 3
_TO_NUMBER = Street._fields.index("block")


def compare_places(a: Place, b: Place) -> PlaceAgreement:
    """Symmetric. `DIFFERENT`: they lie in other counties. `UNKNOWN`: one of them names no place, or they have no part
    in common that both tell.
    """
    if not (_is_told(a) and _is_told(b)):
        return PlaceAgreement.UNKNOWN
    if a.counties and b.counties and set(a.counties).isdisjoint(b.counties):
        return PlaceAgreement.DIFFERENT
    if a.town and b.town and a.town != b.town:
        same = _counts_in(a.parts) == _counts_in(b.parts) and _same_number(a.parts.street, b.parts.street)
        return PlaceAgreement.BUILDING_IN_OTHER_TOWN if same else PlaceAgreement.OTHER_TOWN
    return _by_street(a, b) or _by_area(a, b)


def _is_told(place: Place) -> bool:
    return place.parts.no_address is None and bool(place.counties or place.town or place.parts.street.road)


def _differ(a: str | None, b: str | None) -> bool:
    return a is not None and b is not None and a != b


def _counts_in(parts: Parts) -> str | None:
    """What the number counts in: a road, else a village."""
    return parts.street.road or parts.village


def _same_number(a: Street, b: Street) -> bool:
    return a.number is not None and a[:_TO_NUMBER] == b[:_TO_NUMBER]


def _by_street(a: Place, b: Place) -> PlaceAgreement | None:
    """None where one of them tells no street."""
    ours, theirs = _counts_in(a.parts), _counts_in(b.parts)
    if not (ours and theirs and _has_door(a.parts) and _has_door(b.parts)):
        return _by_landmark(a, b)
    one, other = a.parts.street, b.parts.street
    if ours != theirs or _differ(one.section, other.section):
        same_village = a.parts.village is not None and a.parts.village == b.parts.village
        return PlaceAgreement.SAME_VILLAGE if same_village else PlaceAgreement.OTHER_ROAD
    vague = a.parts.near or b.parts.near or not (a.counties and b.counties)
    return PlaceAgreement.SAME_ROAD if vague else _by_number(one, other)


def _has_door(parts: Parts) -> bool:
    return bool(parts.street.road or parts.street.number)


def _by_number(a: Street, b: Street) -> PlaceAgreement:
    if (a.lane, a.alley) != (b.lane, b.alley):
        lanes_differ = _differ(a.lane, b.lane) or _differ(a.alley, b.alley)
        # A number counts inside its lane: without the lane told it cannot be another's.
        return PlaceAgreement.OTHER_LANE if lanes_differ or (a.number and b.number) else PlaceAgreement.SAME_ROAD
    if a.number is None or b.number is None:
        return PlaceAgreement.SAME_LANE if a.lane else PlaceAgreement.SAME_ROAD
    return _by_door(a, b) if a.number == b.number else PlaceAgreement.OTHER_NUMBER


def _by_door(a: Street, b: Street) -> PlaceAgreement:
    if _differ(a.block, b.block) or _differ(a.floor, b.floor):
        return PlaceAgreement.OTHER_FLOOR
    if _differ(a.unit, b.unit) or _differ(a.room, b.room):
        return PlaceAgreement.OTHER_ROOM
    if (a.unit and b.unit) or (a.room and b.room):
        return PlaceAgreement.SAME_ROOM
    return PlaceAgreement.SAME_FLOOR if a.floor and b.floor else PlaceAgreement.SAME_BUILDING


def _by_landmark(a: Place, b: Place) -> PlaceAgreement | None:
    remark = a.parts.remark
    same = len(remark) >= _LANDMARK_MIN and remark == b.parts.remark and bool(a.counties and b.counties)
    return PlaceAgreement.SAME_LANDMARK if same else None


def _by_area(a: Place, b: Place) -> PlaceAgreement:
    if a.parts.village and a.parts.village == b.parts.village:
        return PlaceAgreement.SAME_VILLAGE
    if a.town and b.town:
        return PlaceAgreement.SAME_TOWN
    return PlaceAgreement.SAME_COUNTY if a.counties and b.counties else PlaceAgreement.UNKNOWN


def road_key(place: Place) -> str | None:
    """Town (else county) and road, or the village in which a number counts; the section is left out, since it is often
    not told. The county is left out where a town is told, since an address without it shall have the same key.
    """
    area, street = place.town or place.county, place.parts.street
    road = _counts_in(place.parts) if street.number else street.road
    return f"{area} {road}" if area and road else None


def street_key(place: Place) -> str | None:
    """Road to number without a town, for an address whose town is missing or wrong."""
    counts_in, street = _counts_in(place.parts), place.parts.street
    if not (counts_in and street.number) or place.parts.near:
        return None
    return " ".join((counts_in, street.section or "", street.lane or "", street.alley or "", street.number))


def building_key(place: Place) -> str | None:
    """A number in its town (else county), without floor: one key for all families of a tower. None where the place lies
    beside the address.
    """
    area, street = place.town or place.county, street_key(place)
    return f"{area} {street}" if area and street else None


def door_key(place: Place) -> str | None:
    """The building's key with floor, unit and room. None where none of them is told."""
    building, street = building_key(place), place.parts.street
    inside = (street.block, street.floor, street.unit, street.room)
    return " ".join((building, *(part or "-" for part in inside))) if building and any(inside) else None
