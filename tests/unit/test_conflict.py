"""Who works here is known in a report by the keys by which reports know each other."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.conflict import ADDRESSES_MAX, TELLING, AboutStaff, tie_keys
from pipeline.domain.directory import Directory
from pipeline.domain.link import Key, KeyKind, stored_keys
from pipeline.domain.normalise.reading import Reading, read_event

TODAY = date(2026, 3, 2)
ABOUT = AboutStaff("N175691933", "張志峰", "1988-01-09", ("0928713605",), ("臺北市大安區和平東路二段50號7樓",))


def keys_of(**person: object) -> frozenset[Key]:
    """By what a report that tells of this person can be found."""
    event = {
        "specversion": "1.0",
        "id": "e1",
        "source": "/sources/hotline-113",
        "type": "report.submitted.v1",
        "time": "2026-03-02T09:00:00+08:00",
        "data": {
            "report_no": "1",
            "channel": "hotline",
            "received_at": "2026-03-02T09:00:00+08:00",
            "categories": ["other"],
            "persons": [{"role": "alleged_perpetrator", **person}],
        },
    }
    reading = read_event(json.dumps(event).encode(), (), datetime(2026, 3, 2, 2, tzinfo=UTC), Directory({}))
    assert isinstance(reading, Reading)
    return stored_keys(reading.facts)


@pytest.mark.parametrize(
    ("person", "kind"),
    [
        ({"national_id": "ｎ１７５６９１９３３"}, KeyKind.IDENTITY),
        ({"phones": ["+886 928-713-605"]}, KeyKind.PHONE),
        ({"name": "張志峯", "birth_date": "民國七十七年一月九日"}, KeyKind.SURNAME_AND_BIRTH),
        ({"name": "張志峯", "birth_date": "77年"}, KeyKind.NAME_AND_YEAR),
        ({"name": "張 志 峯", "address": "台北市大安區信義路四段1號"}, KeyKind.NAME_AND_TOWN),
        ({"address": "台北市大安區和平東路2段５０號七樓"}, KeyKind.DOOR),
        ({"name": "張大明", "address": "大安區和平東路二段50號"}, KeyKind.SURNAME_AND_BUILDING),
    ],
)
def test_a_report_finds_them_however_it_is_spelled(person: dict[str, object], kind: KeyKind) -> None:
    assert kind in {key.kind for key in tie_keys(ABOUT, TODAY) & keys_of(**person)}


@pytest.mark.parametrize(
    "person",
    [
        {"name": "李大同", "address": "臺北市大安區和平東路二段50號2樓"},
        {"name": "張志峰", "address": "高雄市苓雅區四維三路2號"},
        {"name": "張志明", "birth_date": "1988-01-10"},
        {"national_id": "A123456789", "phones": ["113"]},
        {"name": "張先生"},
    ],
)
def test_a_neighbour_or_a_namesake_is_not_taken_for_them(person: dict[str, object]) -> None:
    assert not tie_keys(ABOUT, TODAY) & keys_of(**person)


def test_a_house_is_known_by_its_number_and_a_tower_by_the_door() -> None:
    house = AboutStaff(addresses=("臺北市大安區和平東路二段50號",))
    assert KeyKind.BUILDING in {key.kind for key in tie_keys(house, TODAY)}
    assert KeyKind.BUILDING not in {key.kind for key in tie_keys(ABOUT, TODAY)}


def test_only_keys_that_strangers_seldom_share_are_kept() -> None:
    assert {key.kind for key in tie_keys(ABOUT, TODAY)} == TELLING
    assert tie_keys(AboutStaff(), TODAY) == frozenset()
    assert "張" not in repr(ABOUT)
    more = AboutStaff(addresses=tuple(f"臺北市大安區和平東路二段{n}號" for n in range(1, 9)))
    assert len({k for k in tie_keys(more, TODAY) if k.kind is KeyKind.BUILDING}) == ADDRESSES_MAX


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_whatever_is_typed_gives_keys_of_these_kinds_alone(a: str, b: str, c: str, d: str, e: str) -> None:
    kinds = {key.kind for key in tie_keys(AboutStaff(a, b, c, (d,), (e,)), TODAY)}
    assert kinds <= TELLING | {KeyKind.BUILDING}
