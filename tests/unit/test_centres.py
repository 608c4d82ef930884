"""The directory of centres: what is shipped, and how a bureau's mistakes are told."""

import re
from collections import Counter
from dataclasses import replace

import pytest
from directories import changed, line_of, shipped, shipped_texts, with_cell

from pipeline.data import deployed, towns
from pipeline.domain.centre_files import CENTRES, COUNTIES, DISTRICTS, FILES, JURISDICTION, read_book
from pipeline.domain.centre_rows import EN_DEFAULT, HEAD, ZH_DEFAULT
from pipeline.domain.centres import CentreKind, CentresRefusedError
from pipeline.domain.counties import COUNTY_CODES

TAIPEI_CITY = "臺北市"
SONGSHAN = "63000010-family"


def faults(texts: dict[str, str]) -> list[str]:
    with pytest.raises(CentresRefusedError) as refused:
        read_book(texts)
    assert str(refused.value) == "; ".join(map(str, refused.value.faults))
    return [str(fault) for fault in refused.value.faults]


def test_each_of_the_368_towns_has_a_family_service_centre_of_its_own_county() -> None:
    book = shipped()
    assert len(towns()) == len(book.districts) == 368
    for town in towns():
        centre = book.family(town.county, town.town)
        assert centre
        assert (centre.county, centre.kind) == (town.county, CentreKind.FAMILY)


def test_each_county_has_a_protective_centre_that_never_closes_and_a_family_window() -> None:
    book = shipped()
    assert len(book.counties) == 22
    for name, code in COUNTY_CODES.items():
        assert (book.duty(name).code, book.family_window(name).code) == (f"{code}-protective", f"{code}-family")
        assert book.duty(name).hours.week is None
    assert book.national.code == "national"


def test_taipei_has_its_twelve_family_centres_and_the_specialised_ones_behind_them() -> None:
    book = shipped()
    there = [c for c in book.centres.values() if c.county == TAIPEI_CITY]
    kinds = Counter(c.kind for c in there)
    assert (kinds["elder"], kinds["women_family"], kinds["disability"]) == (14, 14, 6)
    assert (kinds["child"], kinds["youth"], kinds["early_intervention"]) == (2, 6, 6)
    families = {book.districts[t.county, t.town].centre for t in towns() if t.county == TAIPEI_CITY}
    assert len(families) == 12
    assert all(book.centres[code].is_known for code in families)
    for kind in ("elder", "women_family", "disability", "child", "youth", "early_intervention", "indigenous"):
        for town in (t.town for t in towns() if t.county == TAIPEI_CITY):
            assert book.working_along(CentreKind(kind), TAIPEI_CITY, town), f"{kind} of {town}"


def test_a_name_that_is_not_known_says_so() -> None:
    for centre in shipped().centres.values():
        assert centre.zh.endswith(ZH_DEFAULT) is centre.en.endswith(EN_DEFAULT) is not centre.is_known


def test_no_address_and_no_telephone_stands_in_the_directory() -> None:
    names = "".join(f"{c.zh}{c.en}" for c in shipped().centres.values())
    assert not re.search(r"\d[\d-]{3}|\d號|路\d|巷|樓", names)


def test_the_readme_tells_every_column() -> None:
    readme = deployed("directory").joinpath("README.md").read_text("utf-8")
    for file in (CENTRES, COUNTIES, DISTRICTS):
        for column in shipped_texts()[file].splitlines()[0].split(","):
            assert f"`{column}`" in readme
    assert all(f"`{name}`" in readme for name in FILES)
    assert all(f"`{kind}`" in readme for kind in CentreKind)


def test_all_mistakes_of_a_directory_are_told_at_once_each_by_file_and_line() -> None:
    texts = with_cell(SONGSHAN, hours="Mon-Fri 8-17", capacity="many")
    texts[COUNTIES] = texts[COUNTIES].replace("63000,臺北市", "63001,臺北市")
    texts[DISTRICTS] = texts[DISTRICTS].replace("臺北市,信義區,63000020-family", "臺北市,信義區,63000030-famly")
    texts[HEAD] += "colour = 'red'\n"
    line = line_of(SONGSHAN)
    assert faults(texts) == [
        "directory.toml, line 7: colour is no key of this file",
        "counties.csv, line 18: 63001 臺北市 is no county with its official code",
        f"centres.csv, line {line}: '8-17' is no span of hours such as 08:30-17:30",
        f"centres.csv, line {line}: capacity is a number of open cases from 1, or empty for no limit",
        "districts.csv, line 213: 63000030-famly is no centre of centres.csv",
    ]


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        ({"kind": "familly"}, "'familly' is no kind"),
        ({"kind": "national"}, "the national window, and it alone, has no county"),
        ({"county": ""}, "the national window, and it alone, has no county"),
        ({"county": "台北市"}, "'台北市' is no county"),
        ({"zh": ""}, "needs a Chinese and an English name"),
        ({"known": "perhaps"}, "known is yes or no"),
        ({"known": "no"}, "a name that is not known ends in (預設) and (default)"),
        ({"zh": "松山(預設)"}, "a name that is known does not end in"),
        ({"capacity": "0"}, "capacity is a number"),
        ({"capacity": "四十"}, "capacity is a number"),
        ({"overflow_to": SONGSHAN}, "overflow_to names the centre itself"),
        ({"overflow_to": "nowhere"}, "overflow_to names nowhere, which is no centre"),
        ({"overflow_to": "65000010-family"}, "in another county: that is a transfer"),
        ({"overflow_to": "63000-protective"}, "overflow_to names 63000-protective, which is no family centre"),
        ({"serves": "板橋區"}, "板橋區 is no town of 臺北市"),
    ],
)
def test_a_wrong_cell_of_a_centre_is_told_with_its_line(cells: dict[str, str], what: str) -> None:
    told = faults(with_cell(SONGSHAN, **cells))
    assert any(t.startswith(f"centres.csv, line {line_of(SONGSHAN)}: ") and what in t for t in told)


@pytest.mark.parametrize(
    ("file", "old", "new", "what"),
    [
        (CENTRES, "code,kind", "kind,code", "line 1: the columns must be code,kind"),
        (CENTRES, "\n63000010-family,", "\nSongshan,", "small letters, digits and hyphens"),
        (CENTRES, "\n63000010-family,", "\n63000020-family,", "the code 63000020-family stands in line"),
        (CENTRES, "63000-protective,protective", "63000-guard,protective", "the protective centre 63000-protective is"),
        (CENTRES, "09007-family,family,連江縣", "09007-family,family,金門縣", "must be of the county whose code it"),
        (CENTRES, "63000-family,family", "63000-family,elder", "63000-family must be of the kind family"),
        (CENTRES, "Center,24h,", "Center,Mon 08:00-09:00,", "must be open 24h: urgent cases go there"),
        (CENTRES, "\nnational,", '\n"national,', "this is not CSV"),
        (CENTRES, "24h,,,,,no", "24h,,,,no", "10 cells where 11 belong"),
        (COUNTIES, "63000,臺北市,Taipei City\n", "", "臺北市 is missing"),
        (COUNTIES, "63000,臺北市,Taipei City", "63000,臺北市,", "needs an English name"),
        (COUNTIES, "64000,高雄市,Kaohsiung City", "63000,臺北市,Taipei City", "臺北市 is there twice"),
        (DISTRICTS, "臺北市,松山區", "臺北市,松山鎮", "臺北市松山鎮 is no town"),
        (DISTRICTS, "臺北市,松山區", "臺北市,信義區", "臺北市信義區 is there twice"),
        (DISTRICTS, "63000010-family,no", "63000010-family,n", "default is yes or no"),
        (DISTRICTS, "63000010-family", "63000-protective", "63000-protective is no family service centre"),
        (DISTRICTS, "63000010-family", "65000010-family", "65000010-family is in another county than 臺北市松山區"),
        (DISTRICTS, "臺北市,松山區,63000010-family,no\n", "", "臺北市松山區 is missing"),
        (HEAD, 'version = "2026.1"', "version = ", "line 2: this is not TOML"),
        (HEAD, 'version = "2026.1"', "", "version must be there"),
        (HEAD, "2026-01-01", '"soon"', "line 3: effective_from must be there"),
        (HEAD, "closed_days = []", "closed_days = [1]", "line 6: closed_days is a list of dates"),
        (JURISDICTION, 'code = "child"', 'code = "child"\ncolour = 1', "line 9: colour"),
        (JURISDICTION, '"intimate_partner_violence"', '"partner"', "categories.0"),
        (JURISDICTION, 'code = "elder"', 'code = "child"', "child is there twice"),
        (JURISDICTION, "[[area]]", "[[area]", "this is not TOML"),
    ],
)
def test_whatever_is_wrong_in_a_file_is_told(file: str, old: str, new: str, what: str) -> None:
    told = faults(changed(file, old, new))
    assert any(t.startswith(f"{file}, line ") and what in t for t in told), told


def test_one_mistake_is_told_once() -> None:
    assert len(faults(changed(CENTRES, "code,kind", "kind,code"))) == len(shipped().districts) + 1
    for file, old, new in (
        (COUNTIES, "63000,臺北市,Taipei City", "63001,臺北市,Taipei City"),
        (DISTRICTS, "63000010-family,no", "63000010-family,n"),
        (CENTRES, "63000-protective,protective", "63000-protective,protect"),
    ):
        assert len(faults(changed(file, old, new))) == 1


def test_a_file_that_is_not_there_is_told() -> None:
    assert faults({HEAD: ""})[0] == "counties.csv, line 1: this file is not there"


def test_a_family_centre_that_serves_other_towns_takes_none_beside_them() -> None:
    texts = with_cell(SONGSHAN, serves="松山區")
    texts[DISTRICTS] = texts[DISTRICTS].replace("63000020-family", SONGSHAN)
    assert faults(texts) == [f"districts.csv, line 213: {SONGSHAN} serves other towns by centres.csv, not 信義區"]


def test_a_table_that_was_saved_by_excel_can_be_read() -> None:
    texts = {name: text.replace("\n", "\r\n") for name, text in shipped_texts().items()}
    texts[CENTRES] = "\ufeff" + texts[CENTRES]
    read = read_book(texts)
    assert replace(read, digest=shipped().digest) == shipped()


def test_what_was_changed_under_an_old_version_is_another_edition() -> None:
    renamed = read_book(changed(CENTRES, "臺北市松山社會福利服務中心", "臺北市松山測試中心"))
    assert renamed.version == shipped().version
    assert renamed.edition != shipped().edition
    assert shipped().edition.startswith("2026.1+")
