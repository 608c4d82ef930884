import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data import table, towns
from pipeline.domain.counties import COUNTY_CODES
from pipeline.domain.facts import Place
from pipeline.domain.normalise.place import read_place

TOWNS = st.sampled_from(towns())


def counties_of(town: str) -> tuple[str, ...]:
    return tuple(row.county for row in towns() if row.town == town)


def test_the_towns_are_those_of_the_villages_file() -> None:
    rows = csv.DictReader(table("villages.csv").splitlines())
    assert sorted(
        {(r["county_code"], r["county"], r["town_code"], r["town"]) for r in rows}, key=lambda r: r[2]
    ) == list(towns())


def test_the_counties_are_those_with_a_code() -> None:
    assert {row.county: row.county_code for row in towns()} == COUNTY_CODES


@given(TOWNS, st.sampled_from(["", "404", "(404)", "10617 ", "台灣省", "我家在", "地址："]))
def test_every_town_is_read_behind_its_county(row: tuple[str, str, str, str], front: str) -> None:
    _, county, _, town = row
    for written in (county, county.replace("臺", "台")):
        assert read_place(f"{front}{written}{town}中山路1號") == Place((county,), town, "中山路1號")


@given(TOWNS)
def test_every_town_without_its_county_gives_all_counties_that_have_it(row: tuple[str, str, str, str]) -> None:
    assert read_place(f"{row[3]}中山路1號") == Place(counties_of(row[3]), row[3], "中山路1號")


@given(TOWNS)
def test_every_town_is_read_behind_the_short_name_of_its_county(row: tuple[str, str, str, str]) -> None:
    _, county, _, town = row
    place = read_place(f"{county[:2]}{town}中山路1號")
    assert (place.counties, place.town) == ((county,), town)


@pytest.mark.parametrize(
    ("written", "county", "town"),
    [
        ("台北", "臺北市", None),
        ("台北車站", "臺北市", None),
        ("北市大安區", "臺北市", "大安區"),
        ("臺北巿中山區", "臺北市", "中山區"),
        ("１０６台北市大安區", "臺北市", "大安區"),
        ("台北信義區松仁路", "臺北市", "信義區"),
        ("新北", "新北市", None),
        ("台北縣", "新北市", None),
        ("台北縣三重市重新路", "新北市", "三重區"),
        ("北縣三重市", "新北市", "三重區"),
        ("三重市", "新北市", "三重區"),
        ("台中縣大里市", "臺中市", "大里區"),
        ("台中縣東勢鎮", "臺中市", "東勢區"),
        ("東勢鎮", "臺中市", "東勢區"),
        ("東勢鄉", "雲林縣", "東勢鄉"),
        ("台中縣大安鄉", "臺中市", "大安區"),
        ("大安鄉", "臺中市", "大安區"),
        ("中市西屯區", "臺中市", "西屯區"),
        ("台中市404北區", "臺中市", "北區"),
        ("台中市, 北區", "臺中市", "北區"),
        ("台中港路", "臺中市", None),
        ("台南縣永康市", "臺南市", "永康區"),
        ("台南市中區", "臺南市", "中西區"),
        ("台南市西區", "臺南市", "中西區"),
        ("新市區中正路", "臺南市", "新市區"),
        ("高雄縣鳳山市", "高雄市", "鳳山區"),
        ("高雄縣三民鄉", "高雄市", "那瑪夏區"),
        ("三民鄉", "高雄市", "那瑪夏區"),
        ("高雄市 三民區", "高雄市", "三民區"),
        ("高市左營區", "高雄市", "左營區"),
        ("桃園縣", "桃園市", None),
        ("桃園縣桃園市中正路", "桃園市", "桃園區"),
        ("桃園縣平鎮市", "桃園市", "平鎮區"),
        ("桃園市中壢區", "桃園市", "中壢區"),
        ("竹縣竹北市", "新竹縣", "竹北市"),
        ("竹北市光明六路", "新竹縣", "竹北市"),
        ("竹市東區", "新竹市", "東區"),
        ("新竹竹北", "新竹縣", "竹北市"),
        ("新竹東區光復路", "新竹市", "東區"),
        ("新竹市竹北市", "新竹縣", "竹北市"),
        ("新竹縣香山區", "新竹市", "香山區"),
        ("新竹市東大路", "新竹市", None),
        ("嘉義民雄", "嘉義縣", "民雄鄉"),
        ("嘉義西區", "嘉義市", "西區"),
        ("嘉義縣中埔鄉", "嘉義縣", "中埔鄉"),
        ("彰化市中正路", "彰化縣", "彰化市"),
        ("彰化鹿港鎮", "彰化縣", "鹿港鎮"),
        ("員林鎮", "彰化縣", "員林市"),
        ("苗栗縣頭份鎮", "苗栗縣", "頭份市"),
        ("台東市更生路", "臺東縣", "臺東市"),
        ("台東縣台東市更生路", "臺東縣", "臺東市"),
        ("屏東縣霧台鄉", "屏東縣", "霧臺鄉"),
        ("雲林縣台西鄉", "雲林縣", "臺西鄉"),
        ("花蓮", "花蓮縣", None),
        ("馬祖", "連江縣", None),
        ("金門金湖鎮", "金門縣", "金湖鎮"),
        ("臺北市板橋區", "臺北市", None),
        ("臺中市東市", "臺中市", None),
        ("臺北市中山鎮", "臺北市", None),
        ("臺中市東勢市場旁", "臺中市", None),
        ("我家在台中市西屯區福星路", "臺中市", "西屯區"),
        ("住在板橋區文化路", "新北市", "板橋區"),
        ("學校後面的公園（高雄市三民區）", "高雄市", "三民區"),
        ("便利商店旁，西屯區", "臺中市", "西屯區"),
    ],
)
def test_short_old_and_variant_names_are_read(written: str, county: str, town: str | None) -> None:
    place = read_place(written)
    assert (place.county, place.town) == (county, town)


@pytest.mark.parametrize(
    ("written", "counties"),
    [
        ("新竹", ("新竹市", "新竹縣")),
        ("新竹光復路", ("新竹市", "新竹縣")),
        ("嘉義中山路", ("嘉義市", "嘉義縣")),
        ("大安區", ("臺北市", "臺中市")),
        ("東區東門街", ("新竹市", "嘉義市", "臺中市", "臺南市")),
    ],
)
def test_a_name_that_several_counties_bear_gives_them_all_and_decides_none(
    written: str, counties: tuple[str, ...]
) -> None:
    place = read_place(written)
    assert sorted(place.counties) == sorted(counties)
    assert place.county is None


@pytest.mark.parametrize(
    "written",
    [
        "",
        "不詳",
        "台南路100號",
        "台東路",
        "高雄二路3號",
        "新北大道",
        "台北橋下",
        "台灣大道二段",
        "金門新村",
        "新北投捷運站",
        "中山路",
        "信義市",
        "三民市場",
        "台北大學",
        "三民路四段",
    ],
)
def test_a_road_or_quarter_named_after_a_city_is_not_in_it(written: str) -> None:
    assert read_place(written).counties == ()


@pytest.mark.parametrize(
    ("written", "detail"),
    [
        ("文山區木柵路一段12號3樓", "木柵路1段12號3樓"),
        ("文山區木柵路第一段１２號３Ｆ", "木柵路1段12號3樓"),
        ("文山區 木柵路1段12号三樓", "木柵路1段12號3樓"),
        ("文山區木柵里5鄰木柵路一段12號3樓", "木柵路1段12號3樓"),
        ("西區東昇里中港路二段355巷39弄32之3號", "中港路2段355巷39弄32-3號"),
        ("西區中港路2段355巷39弄32號之3", "中港路2段355巷39弄32-3號"),
        ("西區中港路2段355巷39弄32-3號", "中港路2段355巷39弄32-3號"),
        ("西區中港路2段355巷39弄32－3號", "中港路2段355巷39弄32-3號"),
        ("西區中正路10號之12樓", "中正路10-1號2樓"),
        ("西區中正路10號之1二十樓", "中正路10-1號20樓"),
        ("西區中正路一百二十號", "中正路120號"),
        ("八里區中里街3號", "中里街3號"),
        ("民雄鄉中樂村12號", "中樂村12號"),
        ("西區中正路10號(後門)", "中正路10號後門"),
    ],
)
def test_the_rest_of_two_spellings_of_one_address_is_equal(written: str, detail: str) -> None:
    assert read_place(written).detail == detail


@given(st.text() | st.text("台臺北中南東西市縣區鄉鎮里村路街段巷號之-F樓新竹嘉義一二十0123", max_size=30))
def test_any_text_is_a_place(written: str) -> None:
    place = read_place(written)
    assert set(place.counties) <= COUNTY_CODES.keys()
    assert len(set(place.counties)) == len(place.counties)
