"""An address in its parts, and how far each can be trusted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data import table, towns
from pipeline.domain.facts import NoAddress, Place, Street, Trust
from pipeline.domain.normalise.gazetteer import POSTCODES, comparable, gazetteer, homes_of
from pipeline.domain.normalise.place import read_place, said, spelled

VILLAGES = [tuple(line.split(",")) for line in table("villages.csv").splitlines()[1:]]
CHINESE = "〇一二三四五六七八九"


def chinese(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    head = f"{CHINESE[hundreds]}百" if hundreds else ""
    middle = (
        f"{CHINESE[tens]}十" if tens > 1 or (tens and hundreds) else "十" if tens else "零" if head and ones else ""
    )
    return head + middle + (CHINESE[ones] if ones else "")


def street(written: str) -> Street:
    return read_place(written).parts.street


def test_no_two_towns_of_one_county_are_alike_in_comparable_characters() -> None:
    assert len({comparable(row.county + row.town) for row in towns()}) == len(towns())
    assert all(comparable(row.county) == row.county for row in towns())


@pytest.mark.parametrize("written", ["苗栗縣南庄鄉", "苗栗縣南莊鄉", "南莊鄉"])
def test_a_town_is_named_as_the_register_has_it(written: str) -> None:
    assert read_place(written).town == "南庄鄉"


def test_no_two_villages_of_one_town_are_alike_in_comparable_characters() -> None:
    homes = [(home.county, home.town, name) for name, all_of in gazetteer().villages.items() for home in all_of]
    assert len(homes) == len(set(homes)) == len(VILLAGES)


def test_what_was_renamed_is_renamed_to_what_there_is() -> None:
    known = {row.county: {t.town for t in towns() if t.county == row.county} for row in towns()}
    assert set(gazetteer().old_counties.values()) <= known.keys()
    assert all(town is None or town in known[county] for (county, _), town in gazetteer().old_towns.items())


def test_every_town_whose_name_several_counties_have_has_its_postcode() -> None:
    shared = {name: counties for name, counties in gazetteer().named.items() if len(counties) > 1}
    assert {(county, town) for town, counties in shared.items() for county in counties} == POSTCODES.keys()


@given(st.sampled_from(VILLAGES), st.integers(1, 30))
def test_every_village_is_read_behind_its_town(row: tuple[str, ...], neighbourhood: int) -> None:
    _, county, _, town, _, village = row
    parts = read_place(f"{county}{town}{village}{neighbourhood}鄰中山路1號").parts
    assert (parts.village, parts.neighbourhood) == (village.replace("[", "").replace("]", ""), str(neighbourhood))
    assert parts.village_trust is Trust.GIVEN
    assert parts.street == Street(road="中山路", number="1")


@given(st.integers(1, 9), st.integers(1, 999), st.integers(1, 99), st.integers(1, 999), st.integers(1, 60))
def test_a_number_is_one_however_it_is_written(section: int, lane: int, alley: int, number: int, floor: int) -> None:
    expected = Street("中港路", str(section), str(lane), str(alley), str(number), floor=str(floor))
    numbers = (section, lane, alley, number, floor)
    full_width = [str(n).translate({ord("0") + d: 0xFF10 + d for d in range(10)}) for n in numbers]
    for spelling in (list(map(str, numbers)), list(map(chinese, numbers)), full_width, [f"第{n}" for n in numbers[:1]]):
        a, b, c, d, e = (*spelling, *map(str, numbers))[:5] if len(spelling) == 5 else (*spelling, *numbers[1:])
        assert street(f"臺中市西區中港路{a}段{b}巷{c}弄{d}號{e}樓") == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("景平路12之3號4樓之2", Street("景平路", number="12-3", floor="4", unit="2")),
        ("景平路12號之3 4樓-2", Street("景平路", number="12-3", floor="4", unit="2")),
        ("景平路12號之34樓", Street("景平路", number="12-3", floor="4")),
        ("景平路十二號之三四樓", Street("景平路", number="12-3", floor="4")),
        ("景平路12號之2十九樓", Street("景平路", number="12-2", floor="19")),
        ("景平路 12 號 3 F", Street("景平路", number="12", floor="3")),
        ("景平路12號12Ｆ-5", Street("景平路", number="12", floor="12", unit="5")),
        ("景平路12號5-2樓", Street("景平路", number="12", floor="5", unit="2")),
        ("景平路12號B1", Street("景平路", number="12", floor="B1")),
        ("景平路12號地下室", Street("景平路", number="12", floor="B1")),
        ("景平路12號地下二樓", Street("景平路", number="12", floor="B2")),
        ("景平路12號頂樓加蓋", Street("景平路", number="12", floor="R")),
        ("景平路12號A1棟5樓B室", Street("景平路", number="12", block="A1", floor="5", room="B")),
        ("景平路12號501室", Street("景平路", number="12", room="501")),
        ("景平路12號文心樓5樓", Street("景平路", number="12", floor="5")),
        ("景平路12號(2樓)", Street("景平路", number="12", floor="2")),
        ("景平路臨12號", Street("景平路", number="臨12")),
        ("景平路12號附3", Street("景平路", number="12附3")),
        ("景平路12、14號", Street("景平路", number="12")),
        ("景平路12", Street("景平路", number="12")),
        ("景平路012號", Street("景平路", number="12")),
        ("景平路一○三號", Street("景平路", number="103")),
        ("景平路1O3號", Street("景平路", number="103")),
        ("景平路廿二號", Street("景平路", number="22")),
        ("景平路百二十號", Street("景平路", number="120")),
        ("景平路壹佰號", Street("景平路", number="100")),
        ("景平路ㄧ段―號", Street("景平路", "1", number="1")),
        ("景平路㆒段5號", Street("景平路", "1", number="5")),
        ("祥和一路東段1號", Street("祥和一路", "東", number="1")),
        ("光明六路東一段1號", Street("光明六路", "東1", number="1")),
        ("四維3路2號", Street("四維三路", number="2")),
        ("大墩11街2號", Street("大墩十一街", number="2")),
        ("台灣大道三段99號", Street("臺灣大道", "3", number="99")),
        ("鐵路街5號", Street("鐵路街", number="5")),
        ("三榮路50巷28弄3衖9號", Street("三榮路", lane="50", alley="28-3", number="9")),
        ("和平巷3弄12號", Street("和平巷", alley="3", number="12")),
        ("定遠新村18號", Street("定遠新村", number="18")),
        ("果貿社區三棟12樓", Street("果貿社區", block="3", floor="12")),
        ("學校後面公園中山路5號", Street("中山路", number="5")),
        ("公園北路5號", Street("公園北路", number="5")),
        ("120號5樓", Street(number="120", floor="5")),
        ("大馬路上", Street("大馬路")),
        ("高速公路", Street()),
        ("0912345678", Street()),
        ("某醫院", Street()),
    ],
)
def test_a_door_is_read_in_every_spelling(written: str, expected: Street) -> None:
    assert street(written) == expected


@pytest.mark.parametrize(
    ("written", "county", "town", "trust"),
    [
        ("臺北市大安區", "臺北市", "大安區", (Trust.GIVEN, Trust.GIVEN)),
        ("板橋區文化路", "新北市", "板橋區", (Trust.INFERRED, Trust.GIVEN)),
        ("大安區", None, "大安區", (Trust.AMBIGUOUS, Trust.GIVEN)),
        ("大安區龍泉里", "臺北市", "大安區", (Trust.INFERRED, Trust.GIVEN)),
        ("大安區東西里", None, "大安區", (Trust.AMBIGUOUS, Trust.GIVEN)),
        ("600東區忠孝路5號", "嘉義市", "東區", (Trust.INFERRED, Trust.GIVEN)),
        ("40443北區學士路5號", "臺中市", "北區", (Trust.INFERRED, Trust.GIVEN)),
        ("999北區學士路5號", None, "北區", (Trust.AMBIGUOUS, Trust.GIVEN)),
        ("臺北市龍田里三民路5號", "臺北市", "松山區", (Trust.GIVEN, Trust.INFERRED)),
        ("瓦[磘]里中山路5號", "新北市", "中和區", (Trust.INFERRED, Trust.INFERRED)),
        ("桃園市中壢中大路5號", "桃園市", "中壢區", (Trust.GIVEN, Trust.INFERRED)),
        ("高雄市仁武市政路44巷", "高雄市", "仁武區", (Trust.GIVEN, Trust.INFERRED)),
        ("臺南市關廟鎮南路5號", "臺南市", "關廟區", (Trust.GIVEN, Trust.INFERRED)),
        ("臺中市北屯大墩11街5號", "臺中市", "北屯區", (Trust.GIVEN, Trust.INFERRED)),
        ("新竹縣香山區", "新竹市", "香山區", (Trust.INFERRED, Trust.GIVEN)),
        ("高雄市大寮區大田里和平路5號", "高雄市", "大寮區", (Trust.GIVEN, Trust.CONTRADICTED)),
        ("臺北市古亭區晉江街5號", "臺北市", None, (Trust.GIVEN, Trust.UNKNOWN)),
        ("嘉義縣吳鳳鄉", "嘉義縣", "阿里山鄉", (Trust.GIVEN, Trust.GIVEN)),
        ("木柵區", "臺北市", "文山區", (Trust.INFERRED, Trust.GIVEN)),
        ("6500001000文化路5號", "新北市", "板橋區", (Trust.GIVEN, Trust.GIVEN)),
        ("1000100000文化路5號", "新北市", None, (Trust.GIVEN, Trust.UNKNOWN)),
        ("明德里(臺南市左鎮區)", "臺南市", "左鎮區", (Trust.GIVEN, Trust.GIVEN)),
        ("福星路5號(西屯區)", "臺中市", "西屯區", (Trust.INFERRED, Trust.GIVEN)),
        ("中山路5號", None, None, (Trust.UNKNOWN, Trust.UNKNOWN)),
    ],
)
def test_county_and_town_tell_how_they_are_known(
    written: str, county: str | None, town: str | None, trust: tuple[Trust, Trust]
) -> None:
    place = read_place(written)
    assert (place.county, place.town) == (county, town)
    assert (place.parts.county_trust, place.parts.town_trust) == trust


@pytest.mark.parametrize("written", ["瓦磘里", "瓦[磘]里", "瓦窯里", "瓦?里", "瓦○里"])
def test_a_rare_character_in_a_village_may_be_any(written: str) -> None:
    parts = read_place(f"新北市中和區{written}景平路5號").parts
    assert (parts.village, parts.village_trust) == ("瓦磘里", Trust.GIVEN)


@pytest.mark.parametrize(
    ("written", "village", "trust"),
    [
        ("臺中市西區新名里中山路5號", "新名里", Trust.UNKNOWN),
        ("臺中市大安區東興里中山路5號", "東興里", Trust.CONTRADICTED),
        ("新北市福德里", "福德里", Trust.AMBIGUOUS),
        ("八里區中里街3號", None, Trust.UNKNOWN),
    ],
)
def test_a_village_tells_how_it_is_known(written: str, village: str | None, trust: Trust) -> None:
    parts = read_place(written).parts
    assert (parts.village, parts.village_trust) == (village, trust)


def test_the_villages_of_one_name_are_several() -> None:
    assert len({home.town for home in homes_of("福德里") if home.county == "新北市"}) == 7


@pytest.mark.parametrize(
    ("written", "said_instead"),
    [
        ("同上", NoAddress.TOLD_ELSEWHERE),
        ("住址同上", NoAddress.TOLD_ELSEWHERE),
        ("戶籍地同現居地", NoAddress.TOLD_ELSEWHERE),
        ("同案主", NoAddress.TOLD_ELSEWHERE),
        ("不詳", NoAddress.NOT_TOLD),
        ("臺中市北區(地址不詳)", NoAddress.NOT_TOLD),
        ("無", NoAddress.NOT_TOLD),
        ("-", NoAddress.NOT_TOLD),
        ("N/A", NoAddress.NOT_TOLD),
        ("居無定所", NoAddress.NO_ABODE),
        ("流浪無定所", NoAddress.NO_ABODE),
        ("臺北市萬華區艋舺公園(街友)", NoAddress.NO_ABODE),
        ("某醫院", None),
        ("中山路5號", None),
    ],
)
def test_what_stands_for_an_address_is_none(written: str, said_instead: NoAddress | None) -> None:
    assert read_place(written).parts.no_address is said_instead


@pytest.mark.parametrize(
    ("written", "remark", "near"),
    [
        ("西區中山路5號對面", "對面", True),
        ("西區中山路與民權路口", "與民權路口", True),
        ("西區中正國小附近", "中正國小附近", True),
        ("便利商店旁,西屯區", "便利商店旁", True),
        ("西區中山路5號(台中火車站)", "臺中火車站", False),
        ("西區中山路5號", "", False),
    ],
)
def test_what_lies_beside_an_address_is_not_at_it(written: str, remark: str, near: bool) -> None:  # noqa: FBT001
    parts = read_place(written).parts
    assert (parts.remark, parts.near) == (remark, near)


PIECES = st.one_of(
    st.sampled_from([row[column] for row in VILLAGES[::40] for column in (1, 3, 5)]),
    st.sampled_from(
        ["404", "10617", "地址", "中山路", "一段", "附近", "不詳", "同上", "地下", "頂樓", "公路", "新村", "號之"]
    ),
    st.sampled_from(list("台臺北中南東西市縣區鄉鎮里村路街段巷弄號之-F樓一二十0123B室附臨,() 棟鄰近旁口家５廿")),
)


@given(st.lists(PIECES, max_size=9).map("".join) | st.text(max_size=20))
def test_the_one_spelling_of_a_place_reads_as_that_place(written: str) -> None:
    place = read_place(written)
    again = read_place(spelled(place))
    assert said(again) == said(place)
    assert spelled(again) == spelled(place)


@pytest.mark.parametrize(
    "unit", ["路", "1", "一", "號之1", "中里", "臺中市", "[", "附近", "1樓", "公園中", "五之", "\u200b"]
)
def test_a_text_of_any_length_is_read_at_once(unit: str) -> None:
    place = read_place(f"臺中市北區{unit * 100_000}")
    assert isinstance(place, Place)
    assert len(place.detail) < 1000
