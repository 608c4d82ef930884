"""Safe contact: what a report allows binds every word that goes out."""

import copy
import json
import pickle
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain import safe_contact
from pipeline.domain.contact_words import read_ways, read_windows
from pipeline.domain.safe_contact import (
    Allowed,
    Contact,
    Refused,
    Rule,
    Rules,
    Way,
    WayKind,
    WhyNot,
    may_reach,
    rules_of,
)

ROOT = Path(__file__).parents[2]
PHONE = Way(WayKind.CALL, "0912-345-678")
MONDAY_TEN = datetime(2026, 3, 2, 10, 0, tzinfo=UTC) - timedelta(hours=8)
"""Ten o'clock on Monday, 2 March 2026, in Taipei."""


def code(rules: Rules, way: Way = PHONE, at: datetime = MONDAY_TEN, *, is_workday: bool | None = True) -> str:
    answer = may_reach(rules, way, at, is_workday=is_workday)
    return answer.code if isinstance(answer, Refused) else "allowed"


def told(*rules: dict[str, Any]) -> Rules:
    return rules_of(rules)


@pytest.mark.parametrize(
    ("time", "at_hour", "expected"),
    [
        ("weekdays 9:00-11:00", 10, "allowed"),
        ("weekdays 9:00-11:00", 11, "not_now"),
        ("平日上午9-11點", 9, "allowed"),
        ("平日上午9-11點", 13, "not_now"),
        ("週一至週五 09:00~11:00", 10, "allowed"),
        ("週六、日 9:00-11:00", 10, "not_now"),
        ("每天下午2點到5點半", 17, "allowed"),
        ("９：００－１１：００", 10, "allowed"),
        ("週一、三、五 上午十點至十一點半", 11, "allowed"),
        ("mon-wed 9am-11am", 10, "allowed"),
        ("tuesdays 10:00-12:00", 10, "not_now"),
        ("9:00-9:30、13:00-14:00", 10, "not_now"),
        ("假日 9:00-11:00", 10, "not_now"),
        ("隨時", 23, "allowed"),
    ],
)
def test_a_time_that_can_be_read_binds(time: str, at_hour: int, expected: str) -> None:
    assert code(told({"time": time}), at=MONDAY_TEN + timedelta(hours=at_hour - 10)) == expected


@pytest.mark.parametrize(
    "time",
    [
        "下班後",
        "晚上7點後",
        "不要打電話",
        "平日9:00-11:00,但週三不行",
        "9-11點",
        "1:00-3:00",
        "22:00-06:00",
        "晚上12點到1點",
        "12am-1am",
        "平日或9:00-11:00",
        "先生不在時",
        "x" * 501,
        "隨時" + " " * 600 + "不可",
    ],
)
def test_a_time_that_cannot_be_read_whole_asks_for_a_person(time: str) -> None:
    assert code(told({"time": time})) == "ask_a_person"


@pytest.mark.parametrize(
    ("way", "kind", "expected"),
    [
        ("電話", WayKind.CALL, "allowed"),
        ("只能簡訊", WayKind.CALL, "not_this_way"),
        ("只能簡訊", WayKind.MESSAGE, "allowed"),
        ("電話或家訪", WayKind.LETTER, "not_this_way"),
        ("in person", WayKind.VISIT, "allowed"),
        ("LINE", WayKind.CALL, "ask_a_person"),
        ("電話,響兩聲就掛", WayKind.CALL, "ask_a_person"),
        ("打阿姨的電話", WayKind.CALL, "ask_a_person"),
    ],
)
def test_a_way_binds(way: str, kind: WayKind, expected: str) -> None:
    assert code(told({"way": way}), Way(kind, "x")) == expected


def test_who_is_reached_through_another_is_not_reached_by_themselves() -> None:
    assert code(told({"person": "阿姨 王美玉"})) == "through_another"
    assert code(told({"person": "本人"})) == "allowed"


def test_the_calendar_decides_over_workdays_and_where_it_is_not_known_a_person_is_asked() -> None:
    rules = told({"time": "平日 9:00-11:00"})
    assert code(rules, is_workday=True) == "allowed"
    assert code(rules, is_workday=False) == "not_now"
    assert code(rules, is_workday=None) == "ask_a_person"


def test_what_the_other_side_has_too_is_never_used() -> None:
    assert code(Rules(), Way(WayKind.CALL, "02-2345-6789", is_withheld=True)) == "withheld"


@pytest.mark.parametrize("written", ["不要打", ["電話"], 7, {"time": 9}, {"way": ["電話"]}, {"person": {}}])
def test_what_is_no_rule_asks_for_a_person(written: Any) -> None:  # noqa: ANN401 - any JSON
    assert code(rules_of([{"way": "電話"}, written])) == "ask_a_person"


def test_nothing_told_binds_nothing() -> None:
    assert rules_of([None, {}, {"time": " "}]) == Rules()
    assert code(Rules()) == "allowed"


TEXTS = st.sampled_from(
    ["平日 9:00-11:00", "隨時", "週六 13:00-15:00", "下班後", "10:00-12:00", "", "只能簡訊", "電話"]
)
RULES = st.builds(
    Rule,
    st.none() | TEXTS,
    st.none() | st.sampled_from(["電話", "簡訊", "電話或簡訊", "LINE"]),
    st.none() | st.sampled_from(["本人", "鄰居"]),
)
AT = st.integers(0, 14 * 24 * 4).map(lambda n: MONDAY_TEN + timedelta(minutes=15 * n))


@given(st.lists(RULES, max_size=4), RULES, st.sampled_from(list(WayKind)), AT, st.none() | st.booleans())
def test_one_rule_more_never_allows_more(
    rules: list[Rule],
    more: Rule,
    kind: WayKind,
    at: datetime,
    is_workday: bool | None,  # noqa: FBT001 - drawn
) -> None:
    way = Way(kind, "x")
    if code(Rules((*rules, more)), way, at, is_workday=is_workday) == "allowed":
        assert code(Rules(tuple(rules)), way, at, is_workday=is_workday) == "allowed"
        assert code(Rules((more,)), way, at, is_workday=is_workday) == "allowed"


@given(st.text(max_size=60))
def test_any_text_at_all_is_a_rule_or_asks_for_a_person(text: str) -> None:
    for window in read_windows(text) or ():
        assert 0 <= window.begin < window.end <= 24 * 60
    assert read_ways(text) is None or read_ways(text)
    assert code(told({"time": text, "way": text})) in {"allowed", *WhyNot}


def test_nobody_else_makes_a_contact() -> None:
    with pytest.raises(TypeError):
        Contact(PHONE, MONDAY_TEN, by=object())
    answer = may_reach(Rules(), PHONE, MONDAY_TEN)
    assert isinstance(answer, Allowed)
    contact = answer.contact
    assert (contact.kind, contact.to, contact.at) == (WayKind.CALL, "0912-345-678", MONDAY_TEN)
    assert "0912" not in repr(contact) + repr(PHONE)
    for stored in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            stored(contact)
    sources = [p.read_text("utf-8") for p in (ROOT / "pipeline").rglob("*.py") if p != Path(safe_contact.__file__)]
    assert not [text for text in sources if re.search(r"\bContact\(|safe_contact\._OURS|import _OURS", text)]


CONTACT_FIELDS = {"phones", "phone", "address", "registered_address", "current_place", "safe_contact", "national_id"}


@pytest.mark.parametrize("name", ["queue.record.v1", "case.event.v1", "decision.v1", "report.unread.v1"])
def test_nothing_that_goes_out_has_a_field_for_a_contact(name: str) -> None:
    schema = json.loads((ROOT / "schemas" / f"{name}.json").read_text("utf-8"))
    fields = set(_fields(schema))
    assert fields
    assert not fields & (CONTACT_FIELDS | {"name", "birth_date", "narrative", "reporter", "persons", "school"})


def _fields(schema: Any) -> list[str]:  # noqa: ANN401 - any JSON
    if isinstance(schema, list):
        return [field for one in schema for field in _fields(one)]
    if not isinstance(schema, dict):
        return []
    own = list(schema.get("properties", {}))
    return own + [field for key, one in schema.items() if key != "examples" for field in _fields(one)]
