"""How far two places are one place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.normalise.place import read_place
from pipeline.domain.normalise.place_agreement import (
    PlaceAgreement,
    building_key,
    compare_places,
    door_key,
    road_key,
    street_key,
)

HOME = "臺中市西區中港路二段355巷39弄32之3號5樓之1"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (HOME, "403西區中港路2段355巷39弄32號之3 5F-1", PlaceAgreement.SAME_ROOM),
        (HOME, "台中市西區中港路2段355巷39弄32-3號五樓", PlaceAgreement.SAME_FLOOR),
        (HOME, "台中市西區中港路2段355巷39弄32-3號", PlaceAgreement.SAME_BUILDING),
        (HOME, "台中市中港路2段355巷39弄32-3號", PlaceAgreement.SAME_BUILDING),
        (HOME, "台中市西區中港路355巷39弄32-3號", PlaceAgreement.SAME_BUILDING),
        (HOME, "台中市西區中港路2段355巷39弄32-3號5樓之2", PlaceAgreement.OTHER_ROOM),
        (HOME, "台中市西區中港路2段355巷39弄32-3號6樓", PlaceAgreement.OTHER_FLOOR),
        (HOME, "台中市北區中港路2段355巷39弄32-3號5樓之1", PlaceAgreement.BUILDING_IN_OTHER_TOWN),
        (HOME, "台中市西區中港路2段355巷39弄", PlaceAgreement.SAME_LANE),
        (HOME, "台中市西區中港路2段", PlaceAgreement.SAME_ROAD),
        (HOME, "台中市西區中港路2段355巷39弄32-3號對面", PlaceAgreement.SAME_ROAD),
        (HOME, "中港路2段355巷39弄32-3號", PlaceAgreement.SAME_ROAD),
        (HOME, "台中市西區中港路2段355巷39弄32號", PlaceAgreement.OTHER_NUMBER),
        (HOME, "台中市西區中港路2段355巷40弄32-3號", PlaceAgreement.OTHER_LANE),
        (HOME, "台中市西區中港路2段32-3號", PlaceAgreement.OTHER_LANE),
        (HOME, "台中市西區中港路1段355巷39弄32-3號", PlaceAgreement.OTHER_ROAD),
        (HOME, "台中市西區公益路1號", PlaceAgreement.OTHER_ROAD),
        (HOME, "台中市西區", PlaceAgreement.SAME_TOWN),
        (HOME, "台中市", PlaceAgreement.SAME_COUNTY),
        (HOME, "西區", PlaceAgreement.SAME_TOWN),
        (HOME, "台中市北區公益路1號", PlaceAgreement.OTHER_TOWN),
        (HOME, "高雄市三民區", PlaceAgreement.DIFFERENT),
        (HOME, "同上", PlaceAgreement.UNKNOWN),
        (HOME, "不詳", PlaceAgreement.UNKNOWN),
        (HOME, "臺中市地址不詳", PlaceAgreement.UNKNOWN),
        ("同上", "同上", PlaceAgreement.UNKNOWN),
        ("民雄鄉中樂村12號", "嘉義縣民雄鄉中樂村5鄰12號", PlaceAgreement.SAME_BUILDING),
        ("民雄鄉中樂村下湖12號", "嘉義縣民雄鄉中樂村埤角3號", PlaceAgreement.SAME_VILLAGE),
        ("民雄鄉中樂村", "嘉義縣民雄鄉中樂村5鄰12號", PlaceAgreement.SAME_VILLAGE),
        ("臺中市北區一中公園", "臺中市北區一中公園", PlaceAgreement.SAME_LANDMARK),
        ("台北縣三重市重新路5號", "新北市三重區重新路5號", PlaceAgreement.SAME_BUILDING),
    ],
)
def test_two_places_agree_as_far_as_both_tell(one: str, other: str, expected: PlaceAgreement) -> None:
    a, b = read_place(one), read_place(other)
    assert compare_places(a, b) is expected
    assert compare_places(b, a) is expected


ADDRESSES = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "臺中市", "臺北市"]),
        st.sampled_from(["", "西區", "大安區"]),
        st.sampled_from(["", "東興里", "龍泉里"]),
        st.sampled_from(["", "中山路", "中港路一段"]),
        st.sampled_from(["", "5巷", "5巷3弄"]),
        st.sampled_from(["", "1號", "2號", "1號對面"]),
        st.sampled_from(["", "3樓", "4樓", "3樓之1", "3樓之2", "A室"]),
    ),
)


@given(ADDRESSES | st.text(max_size=12), ADDRESSES | st.text(max_size=12))
def test_an_agreement_is_symmetric(one: str, other: str) -> None:
    a, b = read_place(one), read_place(other)
    assert compare_places(a, b) is compare_places(b, a)


@given(ADDRESSES)
def test_a_place_never_differs_from_itself(written: str) -> None:
    place = read_place(written)
    agreement = compare_places(place, place).value
    assert not agreement.startswith("other")
    assert agreement not in {"different", "building_in_other_town"}


@given(ADDRESSES, ADDRESSES)
def test_places_of_one_door_have_the_building_and_the_road_in_common(one: str, other: str) -> None:
    a, b = read_place(one), read_place(other)
    if door_key(a) is not None and door_key(a) == door_key(b):
        assert building_key(a) == building_key(b) is not None
        assert street_key(a) == street_key(b) is not None
        assert road_key(a) == road_key(b)


def test_the_keys_of_one_address_are_equal_in_every_spelling() -> None:
    a, b = read_place("臺中市西區東昇里中港路二段355巷39弄32之3號5樓"), read_place("西區中港路2段355巷39弄32號之3五樓")
    for key in (building_key, door_key, road_key, street_key):
        assert key(a) == key(b) is not None


def test_a_tower_has_one_building_key_and_its_floors_have_their_own_door_keys() -> None:
    third, fourth, none = (read_place(f"臺中市西區公益路161號{floor}") for floor in ("3樓", "4樓", ""))
    assert building_key(third) == building_key(fourth) == building_key(none)
    assert door_key(third) != door_key(fourth)
    assert door_key(none) is None


@pytest.mark.parametrize(
    "written", ["", "不詳", "臺中市", "公益路", "臺中市西區公益路", "臺中市西區公益路5號附近", "公益路5號"]
)
def test_what_names_no_building_has_no_building_key(written: str) -> None:
    assert building_key(read_place(written)) is None
    assert door_key(read_place(written)) is None
